"""One arm's calls -> one row per item: the calls of an item averaged, whatever their number
(epochs).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from claimbench.stats.epochs import reduced_items
from claimbench.tables.rows import CallRow, cost_bounds, distinct, service_s
from claimbench.tables.types import (
    ArmItems,
    BoolArray,
    CallRows,
    CallTable,
    FloatArray,
    IntArray,
    ItemTable,
)
from claimbench.types import ANSWERED, Cost, Outcome

_ANSWERED = [outcome.value for outcome in ANSWERED]


def arm_items(
    n: int,
    rows: Sequence[CallRow],
    calls: CallRows,
    planned: IntArray,
    rules: Sequence[str] = (),
) -> ArmItems:
    """Aggregate one arm's calls per item.

    Args:
        n: items of the table.
        rows: the arm's finished calls.
        calls: the same as arrays, in the same order.
        planned: calls planned per item, shape (n,).
        rules: by item, how its epochs come to one score; empty: their mean everywhere.
    """
    scored = ~np.isnan(calls.score)
    valid = _valid_epochs(n, calls, scored)
    answered = valid & (
        calls.outcome == Outcome.OK.value
    )  # the most lenient cut that still is about the model
    mean = means(n, calls, calls.score, valid)
    finished = _count(n, calls, np.ones(len(rows), dtype=np.bool_))
    right = np.nan_to_num(mean) * _count(n, calls, valid)
    wrong = np.maximum(planned, finished) - _count(n, calls, scored)
    out_of = _count(n, calls, valid) + np.maximum(wrong, 0)
    timed = np.asarray([r.timed for r in rows], dtype=np.bool_)
    kinds = {kind: _count(n, calls, calls.outcome == kind.value) for kind in Outcome}
    found = ArmItems(
        score=mean,
        score_var=_variance(n, calls, valid, mean),
        # a planned call that never finished is a failure of the harness or the provider, wrong at
        # worst
        score_errors_wrong=np.divide(
            right, out_of, out=np.where(planned > 0, 0.0, math.nan), where=out_of > 0
        ),
        score_without_refusals=means(n, calls, calls.score, answered),
        mean_e2e_s=means(n, calls, service_s(rows), timed),
        n_epochs=_count(n, calls, valid),
        n_calls=planned,
        n_finished=finished,
        n_missing=_count(n, calls, ~scored) + np.maximum(planned - finished, 0),
        n_errors=sum(
            (kinds[kind] for kind in Outcome if kind.missing), np.zeros(n, dtype=np.int64)
        ),
        n_refused=kinds[Outcome.REFUSED],
        n_truncated=kinds[Outcome.TRUNCATED],
        n_empty=kinds[Outcome.EMPTY],
        n_timeout=kinds[Outcome.MODEL_TIMEOUT],
        n_unparsable=_count(
            n, calls, np.asarray([r.status == "unparsable" for r in rows], dtype=np.bool_)
        ),
        n_cached=_count(n, calls, calls.cached),
        **money(n, calls, [row.cost for row in rows]),
    )
    if all(rule == "mean" for rule in rules):
        return found
    return _reduced(found, calls, valid, answered, rules)


def _reduced(
    arm: ArmItems, calls: CallRows, valid: BoolArray, answered: BoolArray, rules: Sequence[str]
) -> ArmItems:
    """Return an arm whose items of other rules than the mean have one draw: what their epochs come
    to.
    """
    other = np.asarray([rule != "mean" for rule in rules], dtype=np.bool_)
    nothing = np.zeros(len(rules), dtype=np.int64)
    score = reduced_items(rules, calls.item, calls.score, valid, arm.n_missing)
    strict = reduced_items(rules, calls.item, calls.score, valid, nothing)
    of_answers = reduced_items(rules, calls.item, calls.score, answered, nothing)
    wrong = np.where(np.isnan(strict) & (arm.n_calls > 0), 0.0, strict)
    return replace(
        arm,
        score=np.where(other, score, arm.score),
        score_var=np.where(other, math.nan, arm.score_var),
        n_epochs=np.where(other, np.minimum(arm.n_epochs, 1), arm.n_epochs),
        score_errors_wrong=np.where(other, wrong, arm.score_errors_wrong),
        score_without_refusals=np.where(other, of_answers, arm.score_without_refusals),
    )


def money(n: int, calls: CallRows, costs: Sequence[Cost | None]) -> Mapping[str, Any]:
    """Return the fields of :class:`ArmItems` that a price can change.

    ``costs`` in the order of ``calls``.

    A call counts as a request if it was answered, or failed but was (perhaps) charged for.
    """
    served = np.isin(calls.outcome, _ANSWERED) | (calls.usd_high > 0)
    known = [cost for cost in costs if cost is not None]
    return {
        "usd": means(n, calls, calls.usd, served),
        "usd_low": means(n, calls, calls.usd_low, served),
        "usd_high": means(n, calls, calls.usd_high, served),
        "busy_s": means(n, calls, calls.busy_s, served),
        "price_ids": distinct(c.price_id for c in known),
        "cost_bases": distinct(c.basis for c in known),
        "cost_why_unknown": distinct(c.why_unknown for c in known),
        "currencies": distinct(c.currency for c in known),
    }


def means(n: int, calls: CallRows, values: FloatArray, chosen: BoolArray) -> FloatArray:
    """Return the mean per item over the chosen calls.

    nan where there are none, or one of them is unknown.
    """
    at = calls.item[chosen]
    sums = np.bincount(at, weights=values[chosen], minlength=n)
    counts = np.bincount(at, minlength=n)
    found: FloatArray = np.divide(sums, counts, out=np.full(n, math.nan), where=counts > 0)
    return found


def _variance(n: int, calls: CallRows, chosen: BoolArray, mean: FloatArray) -> FloatArray:
    """Sample variance of the score per item over the chosen calls; nan below two."""
    at = calls.item[chosen]
    squares = np.bincount(at, weights=(calls.score[chosen] - mean[at]) ** 2, minlength=n)
    counts = np.bincount(at, minlength=n)
    found: FloatArray = np.divide(squares, counts - 1, out=np.full(n, math.nan), where=counts > 1)
    return found


def _count(n: int, calls: CallRows, chosen: BoolArray) -> IntArray:
    return np.bincount(calls.item[chosen], minlength=n).astype(np.int64)


def _valid_epochs(n: int, calls: CallRows, scored: BoolArray) -> BoolArray:
    """Drop cached answers, which are copies and not draws; without a measured one, the first copy
    stands for all.
    """
    measured: BoolArray = scored & ~calls.cached
    lacks = _count(n, calls, measured)[calls.item] == 0
    copies = np.flatnonzero(scored & lacks)
    first = copies[np.unique(calls.item[copies], return_index=True)[1]]
    valid = measured.copy()
    valid[first] = True
    return valid


def with_costs(
    items: ItemTable, calls: CallTable, costs: Mapping[str, Cost]
) -> tuple[ItemTable, CallTable]:
    """Put ``costs`` (call id -> dollars over all its attempts) in place of those that the tables
    were built with.

    Equal to :func:`claimbench.tables.build.build_tables` with ``costs``; the tables must be whole,
    not those of a look.
    """
    priced: dict[str, CallRows] = {}
    arms: dict[str, ArmItems] = {}
    for arm, rows in calls.arms.items():
        found = [costs.get(call_id) for call_id in rows.call_id.tolist()]
        priced[arm] = _calls(rows, found)
        of_arm = items.arms[arm]
        arms[arm] = replace(of_arm, **money(len(of_arm.score), priced[arm], found))
    return replace(items, arms=arms), CallTable(priced)


def _calls(rows: CallRows, costs: Sequence[Cost | None]) -> CallRows:
    found = np.asarray([cost_bounds(cost) for cost in costs], dtype=np.float64).reshape(-1, 3)
    return replace(rows, usd=found[:, 0], usd_low=found[:, 1], usd_high=found[:, 2])
