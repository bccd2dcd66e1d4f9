"""The identity of a call: the same on every resume, different as soon as what is measured
differs.
"""

from __future__ import annotations

import hashlib
import json

_COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def call_id(measured_sha256: str, task: str, sample_id: str, epoch: int, arm: str) -> str:
    """Make the id of an arm's call."""
    return _identity(measured_sha256, task, sample_id, epoch, arm)


def judge_call_id(subject_id: str, judge: str) -> str:
    """Make the id of the call in which ``judge`` judges the call ``subject_id``."""
    return _identity("judge", subject_id, judge)


def _identity(*parts: str | int) -> str:
    return hashlib.sha256(_COMPACT.encode(parts).encode()).hexdigest()[:24]
