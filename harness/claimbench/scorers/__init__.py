"""Scorers: one small module per family; :mod:`claimbench.scorers.base` says what a scorer is.

``load(specs)`` makes them through the entry points ``claimbench.scorers``; ``score_record`` judges
one finished call.
"""

from __future__ import annotations

from claimbench.scorers.base import (
    AnswerChecker,
    PartsScorer,
    SampleChecker,
    Scorer,
    ScorerFactory,
    ScorerOptionError,
)
from claimbench.scorers.loading import load, names
from claimbench.scorers.score_record import score_record

__all__ = [
    "AnswerChecker",
    "PartsScorer",
    "SampleChecker",
    "Scorer",
    "ScorerFactory",
    "ScorerOptionError",
    "load",
    "names",
    "score_record",
]
