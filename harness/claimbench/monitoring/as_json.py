"""A comparison as JSON values, and with its texts made harmless."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from claimbench.claims.as_json import reason_texts
from claimbench.monitoring import words
from claimbench.monitoring.types import Comparison, Difference, Judged, Step
from claimbench.types import Json

SCHEMA = 1
"""Version of the JSON form. History: 1 = first."""
T = TypeVar("T")


def comparison_json(comparison: Comparison, exit_code: int) -> dict[str, Json]:
    """Return everything of a comparison; unknown numbers are None."""
    margins = comparison.settings.margins
    return {
        "schema": SCHEMA,
        "state": comparison.last.state,
        "exit_code": exit_code,
        "headline": words.headline(comparison),
        "base": _plain(comparison.base),
        "run": comparison.last.run.run_id,
        "margins": {
            "accuracy": margins.accuracy,
            "dollars": margins.dollars,
            margins.time or "latency": margins.latency,
        },
        "runs": [_step(step) for step in comparison.steps],
        "skipped": dict(comparison.skipped),
    }


def _step(step: Step) -> dict[str, Json]:
    pairing = step.pairing
    return {
        **_plain(step.run),
        "state": step.state,
        "look": step.look,
        "looks": step.looks,
        "alpha": step.alpha,
        "parted": step.parted,
        "changed": list(step.changed),
        "sentences": list(words.arm_sentences(step)),
        "notes": list(step.notes),
        "samples": {
            "common": len(pairing.items),
            "share": pairing.share,
            "only_base": pairing.only_base,
            "only_new": pairing.only_new,
            "changed": pairing.changed,
            "tasks_not_compared": dict(pairing.tasks),
        },
        "arms": [_plain(pair) for pair in pairing.arms],
        "arms_apart": dict(pairing.apart),
        "differences": [_plain(one) for one in step.differences],
        "judged": [_judged(one) for one in step.judged],
        "dollars": [
            {**_plain(move), "prices": move.prices, "tokens": move.tokens} for move in step.bills
        ],
        "flips": [{**_plain(one), "flipped": one.flipped} for one in step.flips],
        "drift": [{**_plain(one), "sentence": words.drift_words(one)} for one in step.drifts],
    }


def _judged(one: Judged) -> dict[str, Json]:
    return {
        **_plain(one),
        "unit": "points / 100" if one.is_points else "NEW / BASE",
        "reasons": reason_texts(one.reasons),
        "flags": reason_texts(one.flags),
    }


def _plain(value: Any) -> Any:
    """Return dataclasses as mappings, tuples as lists."""
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    return value


def cleaned(value: T, show: Callable[[str], str]) -> T:
    """Return a comparison, or a part of one, with ``show`` applied to each of its texts: names and
    fingerprints are a server's words.
    """
    made: Any = value
    if isinstance(value, str):
        made = show(value)
    elif is_dataclass(value) and not isinstance(value, type):
        parts = {one.name: cleaned(getattr(value, one.name), show) for one in fields(value)}
        made = replace(value, **parts)
    elif isinstance(value, Mapping):
        made = {cleaned(key, show): cleaned(one, show) for key, one in value.items()}
    elif isinstance(value, tuple):
        made = tuple(cleaned(one, show) for one in value)
    return made  # type: ignore[no-any-return]


def by_arm(found: tuple[Difference, ...]) -> dict[str, list[Difference]]:
    """Group differences: those of the whole run first, under an empty name."""
    groups: dict[str, list[Difference]] = {}
    for one in found:
        groups.setdefault(one.arm or "", []).append(one)
    return groups
