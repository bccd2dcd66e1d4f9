"""Verdicts as JSON, for ``--json``: every reason and flag is its text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

from claimbench.types import Json, Reading, Reason, Verdict


def verdict_json(verdict: Verdict) -> dict[str, Json]:
    """Return a verdict with its readings and parts as JSON, field by field."""
    found = asdict(verdict)
    found["readings"] = tuple(_reading_json(reading) for reading in verdict.readings)
    found["flags"] = reason_texts(verdict.flags)
    found["reasons"] = reason_texts(verdict.reasons)
    found["parts"] = tuple(verdict_json(part) for part in verdict.parts)
    return found


def _reading_json(reading: Reading) -> dict[str, Json]:
    found = asdict(reading)
    found["reasons"] = reason_texts(reading.reasons)
    return found


def reason_texts(reasons: Iterable[Reason]) -> tuple[str, ...]:
    """Return reasons or flags as the texts that files and tables show."""
    return tuple(str(reason) for reason in reasons)
