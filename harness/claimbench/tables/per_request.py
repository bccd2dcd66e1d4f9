"""Dollars of a request: which calls are requests, and what an arm's requests cost on average.

A call is a request if it was answered, or failed and was (perhaps) charged for. A call that failed
at $0 is none: it is in no mean, and makes no dollars unknown. Every page, command and criterion
takes an arm's dollars per 1,000 requests from :func:`per_request`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from claimbench.tables.types import ArmItems, BoolArray, FloatArray, StrArray
from claimbench.types import ANSWERED

_ANSWERED = [outcome.value for outcome in ANSWERED]


@dataclass(frozen=True, slots=True)
class PerRequest:
    """Mean dollars of an arm's requests: each item's first, then over the items with a request.

    ``usd``: None where nothing was answered or some bill is not known; ``low`` and ``high`` are
    then the least and the most that it can be, None where that has no bound. ``of_known``: the mean
    over the items whose dollars are known, be they few. ``answered`` and ``priced``: items with an
    answer, and those of them whose dollars are known.
    """

    usd: float | None
    low: float | None
    high: float | None
    of_known: float | None
    answered: int
    priced: int


def are_requests(outcome: StrArray, usd_high: FloatArray) -> BoolArray:
    """Mark the calls that are requests.

    Args:
        outcome: of each call.
        usd_high: the most that each can have cost, dollars.
    """
    found: BoolArray = np.isin(outcome, _ANSWERED) | (usd_high > 0)
    return found


def with_answer(arm: ArmItems) -> BoolArray:
    """Mark the items of which at least one call was answered."""
    found: BoolArray = arm.n_finished > arm.n_errors
    return found


def with_request(arm: ArmItems) -> BoolArray:
    """Mark the items of which at least one call was a request."""
    charged = np.isfinite(arm.usd) | np.isfinite(arm.usd_low) | np.isfinite(arm.usd_high)
    return with_answer(arm) | charged


def per_request(arm: ArmItems, mask: BoolArray | None = None) -> PerRequest:
    """Return what an arm's requests cost on average, on the items of ``mask`` (None: on all).

    The dollars are unknown as soon as one bill is, and where fewer than half of the answered items
    have any: they say nothing of the rest.
    """
    chosen = np.ones(len(arm.usd), dtype=np.bool_) if mask is None else mask
    answers = chosen & with_answer(arm)
    known = chosen & np.isfinite(arm.usd)
    answered, priced = int(answers.sum()), int((answers & known).sum())
    of_known = float(arm.usd[known].mean()) if known.any() else None
    asked = chosen & with_request(arm)
    least, most = (_mean(end[asked]) for end in (arm.usd_low, arm.usd_high))
    unknown = bool(arm.cost_why_unknown) or not answered or 2 * priced < answered
    return PerRequest(None if unknown else of_known, least, most, of_known, answered, priced)


def _mean(values: FloatArray) -> float | None:
    return float(values.mean()) if len(values) and np.isfinite(values).all() else None
