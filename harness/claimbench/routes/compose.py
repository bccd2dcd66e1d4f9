"""Paths -> rows of the two tables: dollars, tokens and seconds of all that was asked on each."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np

from claimbench.routes.paths import Checks, Path, Step
from claimbench.tables.dollars import costs_in_order
from claimbench.tables.items import arm_items, means
from claimbench.tables.joined import flags
from claimbench.tables.rows import Beside, arm_rows, never_sent
from claimbench.tables.types import (
    ArmItems,
    CallRows,
    CallTable,
    FloatArray,
    IntArray,
    ItemTable,
    StrArray,
)
from claimbench.tables.waits import opened_s
from claimbench.types import Cost, Outcome
from claimbench.types.routes import RouteSpec

COMPOSED = "composed"
"""Where the stamps of a route's rows come from: they are sums of other calls' durations."""
_SUMMED = ("n_in", "n_out", "n_reasoning", "cache_read", "busy_s")


def compose(
    spec: RouteSpec,
    paths: Sequence[Path],
    items: ItemTable,
    calls: CallTable,
    costs: Mapping[str, Cost],
    checks: Checks,
    unreadable: frozenset[str],
    planned: IntArray,
) -> tuple[ArmItems, CallRows]:
    """Return a route's rows of both tables.

    Latency along a path is the sum of its steps one after the other; time per token has none.
    A dollar that is unknown anywhere on a path leaves the path's dollars unknown.

    Args:
        spec: the route.
        paths: its requests.
        items: the item table of the measured arms.
        calls: the call table of the measured arms.
        costs: dollars by call.
        checks: what a judge between the steps took.
        unreadable: calls whose answers could not be read.
        planned: requests planned by item.
    """
    of_path = [_cost(path, calls, costs, checks) for path in paths]
    made, beside = _rows(spec, paths, calls, of_path, unreadable, items.cluster)
    columns: dict[str, Any] = {name: _sums(paths, calls, name) for name in _SUMMED}
    columns |= _seconds(paths, calls, checks)
    columns["tpot_s"] = np.full(len(paths), math.nan)
    queued = [_of(calls, path.steps[0], "queue_s") for path in paths]
    columns["queue_s"] = np.asarray(queued, dtype=float)
    if any(calls.arms[arm].opened_s is not None for path in paths for arm, _ in path.steps):
        columns["opened_s"] = _openings(paths, calls)
    retried = _sums(paths, calls, "e2e_with_retries_s")
    columns["e2e_with_retries_s"] = _with_checks(paths, retried, checks)
    made = replace(made, **columns)
    found = arm_items(len(items.items), made, beside, planned)
    timed = ~np.isnan(made.e2e_s)
    parts = [items.arms[arm] for arm in spec.parts if arm in items.arms]
    found = replace(
        found,
        mean_e2e_s=means(len(items.items), made, made.e2e_s, timed),
        price_ids=_union(parts, "price_ids"),
        cost_bases=_union(parts, "cost_bases"),
    )
    return found, made


def _union(parts: Sequence[ArmItems], name: str) -> tuple[str, ...]:
    return tuple(sorted({value for part in parts for value in getattr(part, name)}))


def id_of(step: Step, calls: CallTable) -> str:
    """Return the id of a step's call."""
    arm, number = step
    return calls.arms[arm].text("call_id", number)


def call_of(spec: RouteSpec, path: Path, calls: CallTable) -> str:
    """Return the id that a request along a route has: the route's name and its first call's."""
    return f"{spec.name}:{id_of(path.steps[0], calls)}"


def _of(calls: CallTable, step: Step, name: str) -> float:
    return float(getattr(calls.arms[step[0]], name)[step[1]])


def _rows(
    spec: RouteSpec,
    paths: Sequence[Path],
    calls: CallTable,
    costs: Sequence[Cost],
    unreadable: frozenset[str],
    clusters: StrArray,
) -> tuple[CallRows, Beside]:
    """Return each request as one call whose answer is the path's; durations are put in later."""
    n = len(paths)
    answers = [(calls.arms[arm], number) for arm, number in (path.answer for path in paths)]
    firsts = [(calls.arms[arm], number) for arm, number in (path.steps[0] for path in paths)]
    outcomes = [rows.text("outcome", number) for rows, number in answers]
    unparsable = [
        outcome == Outcome.OK.value and rows.text("call_id", number) in unreadable
        for outcome, (rows, number) in zip(outcomes, answers, strict=True)
    ]
    steps = [[(calls.arms[arm], number) for arm, number in path.steps] for path in paths]
    tried = [sum(int(rows.n_attempts[k]) for rows, k in taken) for taken in steps]
    usd, rest_on = costs_in_order(costs)
    known: dict[str, Any] = {
        "item": np.asarray([path.item for path in paths], dtype=np.int64),
        "call_id": [call_of(spec, path, calls) for path in paths],
        "epoch": np.asarray([path.epoch for path in paths], dtype=np.int64),
        "session": np.asarray([rows.session[number] for rows, number in answers], dtype=np.int64),
        "outcome": (outcomes, np.arange(n)),
        "cached": flags(any(bool(rows.cached[k]) for rows, k in taken) for taken in steps),
        "score": np.asarray([rows.score[number] for rows, number in answers], dtype=float),
        "unparsable": flags(unparsable),
        "usd": usd,
        "sent_utc_s": np.asarray([rows.sent_utc_s[k] for rows, k in firsts], dtype=float),
        "n_attempts": np.asarray(tried, dtype=np.int64),
        "stamp_source": ([COMPOSED], np.zeros(n, dtype=np.int64)),
    }
    return arm_rows(never_sent(n) | known, clusters, rest_on)


def _sums(paths: Sequence[Path], calls: CallTable, name: str) -> FloatArray:
    """Sum a column over the steps of each path; nan where one is unknown."""
    return np.asarray(
        [sum(_of(calls, step, name) for step in path.steps) for path in paths], dtype=float
    )


def _openings(paths: Sequence[Path], calls: CallTable) -> FloatArray:
    """Sum the known waits for connections along each path; those of some arms may not be known."""
    used = {arm for path in paths for arm, _ in path.steps}
    known = {arm: opened_s(calls.arms[arm]) for arm in used}
    sums = [sum(float(known[arm][number]) for arm, number in path.steps) for path in paths]
    return np.asarray(sums, dtype=float)


def _checked_s(path: Path, checks: Checks) -> float:
    """Return the seconds between the steps: judges' calls and the router's own; nan: unknown."""
    seconds = sum(checks.seconds.get(call_id, math.nan) for call_id in path.checks)
    if path.router is not None:
        seconds += math.nan if path.router.seconds is None else path.router.seconds
    return seconds


def _with_checks(paths: Sequence[Path], values: FloatArray, checks: Checks) -> FloatArray:
    found: FloatArray = values + np.asarray([_checked_s(p, checks) for p in paths], dtype=float)
    return found


def _seconds(paths: Sequence[Path], calls: CallTable, checks: Checks) -> dict[str, FloatArray]:
    """Return the durations of each path.

    An answer that may be passed on shows nothing before that is known: its first token comes when
    its last one, and the check, are over.
    """
    found: dict[str, list[float]] = {
        name: [] for name in ("e2e_s", "ttft_s", "first_answer_s", "felt_s")
    }
    for path in paths:
        between = _checked_s(path, checks)
        whole = sum(_of(calls, step, "e2e_s") for step in path.steps) + between
        last = path.steps[-1]
        before = whole - _of(calls, last, "e2e_s") if len(path.steps) > 1 else between
        found["e2e_s"].append(whole)
        felt = sum(_of(calls, step, "felt_s") for step in path.steps) + between
        found["felt_s"].append(felt)
        for name in ("ttft_s", "first_answer_s"):
            found[name].append(whole if path.waits else before + _of(calls, last, name))
    return {name: np.asarray(values, dtype=float) for name, values in found.items()}


def _cost(path: Path, calls: CallTable, costs: Mapping[str, Cost], checks: Checks) -> Cost:
    """Return the dollars of everything asked on a path."""
    parts = [costs.get(calls.arms[arm].text("call_id", number)) for arm, number in path.steps]
    parts += [checks.costs.get(call_id) for call_id in path.checks]
    if path.router is not None:
        usd = path.router.usd
        stated = None if usd is None else Decimal(str(usd))
        why = "the router's own dollars are not stated" if usd is None else None
        parts.append(Cost(stated, why_unknown=why))
    known = [part for part in parts if part is not None]
    whys = tuple(dict.fromkeys(part.why_unknown for part in known if part.why_unknown))
    if len(known) < len(parts):
        return Cost(None, why_unknown="a call on the path has no known dollars")
    priced = [part for part in known if part.basis is not None] or known
    currencies = sorted({part.currency for part in priced})
    if len(currencies) > 1:
        why = f"the path is billed in {' and '.join(currencies)}"
        return Cost(None, currency=currencies[0], why_unknown=why)
    amounts = [part.amount for part in known]
    first = priced[0]
    if all(amount is not None for amount in amounts):
        total = sum((amount for amount in amounts if amount is not None), Decimal(0))
        return Cost(total, currency=currencies[0], basis=first.basis)
    ends: list[Decimal | None] = []
    for end in ("low", "high"):
        values = [one.amount if one.amount is not None else getattr(one, end) for one in known]
        whole = all(value is not None for value in values)
        ends.append(sum((v for v in values if v is not None), Decimal(0)) if whole else None)
    return Cost(
        None,
        currency=currencies[0],
        basis=first.basis,
        low=ends[0],
        high=ends[1],
        why_unknown="; ".join(whys) or None,
    )
