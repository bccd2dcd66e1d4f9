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


def pair_call_id(first_id: str, second_id: str, judge: str) -> str:
    """Make the id of the call in which ``judge`` compares two calls' answers, in this order."""
    return _identity("pair", first_id, second_id, judge)


def pair_id(one_id: str, two_id: str) -> str:
    """Make the id of a pair of calls itself, the arms in the suite's order: people label these."""
    return _identity("pair", one_id, two_id)


def helper_call_id(role: str, subject_id: str) -> str:
    """Make the id of what comes before a step of an episode: its simulated user's turn (``user``),
    or what the tools of the step before gave (``tool``).
    """
    return _identity(role, subject_id)


def _identity(*parts: str | int) -> str:
    return hashlib.sha256(_COMPACT.encode(parts).encode()).hexdigest()[:24]
