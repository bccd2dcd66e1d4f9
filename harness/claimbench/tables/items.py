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
from claimbench.tables.dollars import CostColumns, CostFacts
from claimbench.tables.per_request import are_requests
from claimbench.tables.rows import Beside, bounds_of
from claimbench.tables.texts import shared, slim
from claimbench.tables.types import (
    ArmItems,
    BoolArray,
    CallRows,
    CallTable,
    FloatArray,
    IntArray,
    ItemTable,
)
from claimbench.types import NOT_ASKED, Cost, Outcome


def arm_items(
    n: int,
    calls: CallRows,
    beside: Beside,
    planned: IntArray,
    rules: Sequence[str] = (),
) -> ArmItems:
    """Aggregate one arm's calls per item.

    Args:
        n: items of the table.
        calls: the arm's finished calls.
        beside: what else is known of them, in the same order.
        planned: calls planned per item, shape (n,).
        rules: by item, how its epochs come to one score; empty: their mean everywhere.
    """
    scored = ~np.isnan(calls.score)
    valid = _valid_epochs(n, calls, scored)
    outcome = calls.outcome
    # the most lenient cut that still is about the model
    answered = valid & (outcome == Outcome.OK.value)
    mean = means(n, calls, calls.score, valid)
    finished = _count(n, calls, np.ones(len(calls.item), dtype=np.bool_))
    right = np.nan_to_num(mean) * _count(n, calls, valid)
    wrong = np.maximum(planned, finished) - _count(n, calls, scored)
    out_of = _count(n, calls, valid) + np.maximum(wrong, 0)
    kinds = {kind: _count(n, calls, outcome == kind.value) for kind in Outcome}
    found = ArmItems(
        score=mean,
        score_var=_variance(n, calls, valid, mean),
        # a planned call that never finished is a failure of the harness or the provider, wrong at
        # worst
        score_errors_wrong=np.divide(
            right, out_of, out=np.where(planned > 0, 0.0, math.nan), where=out_of > 0
        ),
        score_without_refusals=means(n, calls, calls.score, answered),
        mean_e2e_s=means(n, calls, beside.service_s, beside.timed),
        n_epochs=_count(n, calls, valid),
        n_calls=planned,
        n_finished=finished,
        n_missing=_count(n, calls, ~scored) + np.maximum(planned - finished, 0),
        n_errors=sum(
            (kinds[kind] for kind in Outcome if not kind.answered), np.zeros(n, dtype=np.int64)
        ),
        n_refused=kinds[Outcome.REFUSED],
        n_truncated=kinds[Outcome.TRUNCATED],
        n_empty=kinds[Outcome.EMPTY],
        n_not_asked=sum((kinds[kind] for kind in NOT_ASKED), np.zeros(n, dtype=np.int64)),
        n_ended=kinds[Outcome.ENDED],
        n_timeout=kinds[Outcome.MODEL_TIMEOUT],
        n_unparsable=_count(n, calls, beside.unparsable),
        n_cached=_count(n, calls, calls.cached),
        **money(n, calls, beside.costs),
    )
    if not all(rule == "mean" for rule in rules):
        found = _reduced(found, calls, valid, answered, rules)
    return _slim(found)


def _slim(arm: ArmItems) -> ArmItems:
    """Return the same numbers, those that repeat kept once."""
    arrays = {name: value for name, value in vars(arm).items() if isinstance(value, np.ndarray)}
    made: dict[str, Any] = {name: slim(value) for name, value in arrays.items()}
    for name, like in _OFTEN_ALIKE.items():
        made[name] = shared(made[like], made[name])
    return replace(arm, **made)


_OFTEN_ALIKE = {"usd_low": "usd", "usd_high": "usd", "score_without_refusals": "score"}
"""Fields that nearly always hold the same numbers as another."""


def meant_only(arm: ArmItems, unscored: BoolArray | None) -> ArmItems:
    """Return an arm whose items that nobody meant to score miss no score."""
    if unscored is None:
        return arm
    return replace(
        arm,
        score_errors_wrong=np.where(unscored, math.nan, arm.score_errors_wrong),
        n_missing=np.where(unscored, 0, arm.n_missing),
        n_unparsable=np.where(unscored, 0, arm.n_unparsable),
    )


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


def money(n: int, calls: CallRows, rest_on: CostFacts) -> Mapping[str, Any]:
    """Return the fields of :class:`ArmItems` that a price can change.

    ``rest_on``: what the dollars of ``calls`` rest on.
    """
    served = are_requests(calls.outcome, calls.usd_high)
    # what only a call that is no request leaves unknown makes no dollars of the requests unknown
    known = served.any() and not np.isnan(calls.usd[served]).any()
    return {
        "usd": means(n, calls, calls.usd, served),
        "usd_low": means(n, calls, calls.usd_low, served),
        "usd_high": means(n, calls, calls.usd_high, served),
        "busy_s": means(n, calls, calls.busy_s, served),
        "price_ids": rest_on.price_ids,
        "cost_bases": rest_on.cost_bases,
        "cost_why_unknown": () if known else rest_on.cost_why_unknown,
        "currencies": rest_on.currencies,
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
    columns = CostColumns(costs)
    for arm, rows in calls.arms.items():
        usd, rest_on = columns.of(rows.ids())
        priced[arm] = rows.but(**bounds_of(usd))
        of_arm = items.arms[arm]
        arms[arm] = replace(of_arm, **money(len(of_arm.score), priced[arm], rest_on))
    return replace(items, arms=arms), CallTable(priced)
