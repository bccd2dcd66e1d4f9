"""The harness's own clock error, as last measured here: kept beside the results, stored with every
session, looked up for every arm. Measured by :mod:`claimbench.run.calibrate`.

Shape::

    {"schema": 1, "measured_utc": "...", "tool_version": "...", "host": "...", "load": {...},
     "errors": {"kernel": {"32": {"n": 96, "provider": "compatible", "ttft_mean_ms": 0.05,
     "ttft_p99_ms": 0.1,
                                  "e2e_mean_ms": 0.06, "e2e_p99_ms": 0.1}, ...}, "sdk": {...},
                                  "in_process": {...}}}

Errors are reported time minus true time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from claimbench.packed import columns
from claimbench.plan.arrivals import loaded
from claimbench.types import Arm, Attempt, Call, Json, LoadSpec, Session, StampSource

SCHEMA = 1
FILE = "calibration.json"


def read_last(folder: Path, host: str | None = None) -> dict[str, Json]:
    """Read the last calibration of a results folder; empty if there is none that can be read, or it
    is another ``host``'s.

    ``host``: as :func:`claimbench.machine.provenance.host_facts` tells machines apart; None takes
    any.
    """
    try:
        found = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(found, dict) or found.get("schema") != SCHEMA:
        return {}
    return found if host is None or found.get("host") == host else {}


def write_last(folder: Path, calibration: Mapping[str, Json]) -> Path:
    """Write a calibration as the folder's last one; return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE
    path.write_text(json.dumps(calibration, indent=1) + "\n", encoding="utf-8")
    return path


def error_s(calibration: Mapping[str, Json], source: StampSource, concurrency: int) -> float | None:
    """Return the 99th percentile of the TTFT error, seconds, at the least calibrated concurrency
    not below ``concurrency``.

    Beyond the highest calibrated concurrency that one's error is a lower bound and stands in. None:
    never measured.
    """
    rows = (calibration.get("errors") or {}).get(source) or {}
    if not rows:
        return None
    levels = sorted(int(level) for level in rows)
    level = next((level for level in levels if level >= concurrency), levels[-1])
    return abs(float(rows[str(level)]["ttft_p99_ms"])) / 1e3


def errors_by_arm(
    sessions: Sequence[Session],
    arms: Iterable[Arm],
    load: LoadSpec,
    calls: Sequence[Call],
    attempts: Sequence[Attempt],
) -> dict[str, float]:
    """Return, by arm, the largest error, seconds, of the stamp sources its attempts used, at its
    concurrency.

    The newest session with a calibration counts; arms whose sources were never calibrated are left
    out.
    """
    calibration = next((s.calibration for s in reversed(sessions) if s.calibration), None)
    if calibration is None:
        return {}
    owner: dict[str, str] = dict(columns(calls, "id", "arm"))
    sources: dict[str, set[StampSource]] = {}
    for call_id, source in columns(attempts, "call_id", "timing.stamp_source"):
        sources.setdefault(owner.get(call_id, ""), set()).add(source)
    found: dict[str, float] = {}
    for arm in arms:
        concurrency = (
            loaded(arm, load).concurrency
            if load.mode == "closed"
            else _peak(attempts, owner, arm.name)
        )
        known = [error_s(calibration, source, concurrency) for source in sources.get(arm.name, ())]
        if errors := [error for error in known if error is not None]:
            found[arm.name] = max(errors)
    return found


def _peak(attempts: Sequence[Attempt], owner: Mapping[str, str], arm: str) -> int:
    """Return the most attempts of ``arm`` that were in flight at once."""
    edges: list[tuple[int, int, int]] = []
    read = columns(attempts, "call_id", "session", "timing.sent_ns", "timing.ended_ns")
    for call_id, session, sent_ns, ended_ns in read:
        if owner.get(call_id) == arm:
            edges += ((session, sent_ns, 1), (session, ended_ns, -1))
    edges.sort()
    running = most = 0
    for _, _, step in edges:
        running += step
        most = max(most, running)
    return max(most, 1)
