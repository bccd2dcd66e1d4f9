"""Attempts -> their costs. Most of a run's have equal bills: of the same arm, tokens and minute one
is worked out, and only its moment differs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from claimbench.packed import Packed
from claimbench.packing import values_of
from claimbench.packing.factors import (
    Codes,
    combined,
    factored,
    first_places,
    ints_of,
)
from claimbench.pricing.arms import ArmPrice
from claimbench.pricing.asked import SAYING, says_only_counts
from claimbench.pricing.bill import time_stamp
from claimbench.pricing.by_columns.coded import Coded, Known
from claimbench.types import Attempt, Cost, Session

_START = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND, _US = 1_000_000, timedelta(microseconds=1)
_EXACT = 2**53
"""Below this, a difference of stamps is the same as a float."""

MOST_KNOWN = 8_192
"""Bills remembered from one block to the next, 2 KB each; most are of a minute that is over."""

CostOf = Callable[[int, Attempt], Cost]
"""Prices one attempt, whose number in the run comes first."""


class BillsAtOnce:
    """Prices the attempts of a run, a block of them at a time.

    Args:
        attempts: all of the run.
        arms: the run's arms, and the place of each attempt's among them.
        prices: arm -> its price.
        sessions: session -> its start in UTC and on its own clock.
        priced_at: moment of sending -> the moment whose prices apply.
        cost_of: prices one attempt.
        one_by_one: price every attempt by itself, whatever it is.
    """

    def __init__(
        self,
        attempts: Packed[Attempt],
        arms: tuple[list[str], Codes],
        prices: Mapping[str, ArmPrice],
        sessions: Mapping[int, Session],
        priced_at: Callable[[datetime], datetime],
        cost_of: CostOf,
        *,
        one_by_one: bool,
    ) -> None:
        self._attempts = attempts
        self._arm = arms[1]
        plain = [not one_by_one and _by_minute(prices.get(name)) for name in arms[0]]
        self._plain = np.asarray(plain, dtype=np.bool_)
        self._n_arms = max(1, len(plain))
        self._sessions = sessions
        self._priced_at = priced_at
        self._cost_of = cost_of
        self._known: dict[tuple[Any, ...], Known] = {}
        names = ("session", "timing.sent_ns", "usage", "usage_raw", "billable", "billed_usd")
        self._columns = {name: attempts.columns_at(name) for name in names}

    def block(self, number: int, begin: int) -> Coded:
        """Return the costs of a block; ``begin``: number of its first attempt in the run."""
        at = {name: columns[number] for name, columns in self._columns.items()}
        seconds, known = self._seconds(at["session"], at["timing.sent_ns"])
        arm = self._arm[begin : begin + len(seconds)]
        billables, billable = factored(at["billable"])
        usages, usage = factored(at["usage"])
        whole = [
            one is not None and one.input_fresh is not None and one.output_visible is not None
            for one in usages
        ]
        free = np.asarray([one == "no" for one in billables])[billable]
        alike = known & self._plain[arm] & (free | np.asarray(whole)[usage])
        stamps, stamp, moments, minute = self._moments(seconds)
        billed, bill = factored(at["billed_usd"])
        words, word = _said(at["usage_raw"])
        values: tuple[Sequence[Any], ...] = (
            range(self._n_arms),
            moments,
            usages,
            billables,
            list(map(str, billed)),
            words,
        )
        places = (arm, minute, usage, billable, bill, word)
        parts = [(place, len(v)) for place, v in zip(places, values, strict=True)]
        codes, _ = combined(parts, len(seconds))
        fast, slow = np.flatnonzero(alike), np.flatnonzero(~alike)
        firsts, place = first_places(codes[fast])
        found = fast[firsts]
        each = [[v[k] for k in p[found].tolist()] for v, p in zip(values, places, strict=True)]
        keys = list(zip(*each, strict=True))
        new = [k for k, key in enumerate(keys) if key not in self._known]
        asked = np.concatenate([found[new], slow]).astype(np.int64)
        priced = list(map(Known, self._costs(begin, asked)))
        if len(self._known) > MOST_KNOWN:
            self._known = {key: self._known[key] for key in keys if key in self._known}
        self._known.update(zip((keys[k] for k in new), priced, strict=False))
        own = priced[len(new) :]
        code = np.empty(len(seconds), dtype=np.int64)
        code[fast] = place
        code[slow] = np.arange(len(own)) + len(keys)
        stamp[slow] = np.arange(len(own)) + len(stamps)
        costs = [*map(self._known.__getitem__, keys), *own]
        return Coded(costs, code, [*stamps, *(one.cost.priced_at for one in own)], stamp)

    def _costs(self, begin: int, places: Codes) -> list[Cost]:
        """Price the attempts at some places of a block."""
        order = np.argsort(places, kind="stable")
        sought = (places[order] + begin).tolist()
        found: list[Any] = [None] * len(sought)
        if not sought:
            return found
        rows = self._attempts.some(sought)
        for at, index, row in zip(order.tolist(), sought, rows, strict=True):
            found[at] = self._cost_of(index, row)
        return found

    def _seconds(self, session: Any, sent_ns: Any) -> tuple[Codes, Any]:
        """Return the second in UTC in which each attempt was sent, and of which it is known."""
        sessions, place = factored(session)
        sent, known = ints_of(sent_ns)
        since = np.zeros(len(sent), dtype=np.int64)
        if sent.dtype != np.int64:  # no stamp of ours
            return since, np.zeros(len(sent), dtype=np.bool_)
        for k, one in enumerate(sessions):
            mine = place == k
            start = self._sessions[one]
            begun = datetime.fromisoformat(start.started_utc)
            begun = begun if begun.tzinfo else begun.replace(tzinfo=UTC)
            past = sent[mine] - start.monotonic_origin_ns
            near = np.abs(past) < _EXACT
            known[mine] &= near
            # rint rounds as timedelta does: halves to the even microsecond
            us = np.rint(np.where(near, past, 0) / 1000).astype(np.int64)
            since[mine] = us + (begun - _START) // _US
        return since // _SECOND, known

    def _moments(self, seconds: Codes) -> tuple[list[str | None], Codes, list[datetime], Codes]:
        """Return the stamps of costs and the minutes of prices, each with the place of a row's."""
        distinct, place = np.unique(seconds, return_inverse=True)
        stamps: list[str | None] = []
        minutes: dict[datetime, int] = {}
        of_second: list[int] = []
        for second in distinct.tolist():
            moment = self._priced_at(_START + timedelta(seconds=second))
            stamps.append(time_stamp(moment))
            minute = moment.replace(second=0, microsecond=0)
            of_second.append(minutes.setdefault(minute, len(minutes)))
        return stamps, place, list(minutes), np.asarray(of_second, dtype=np.int64)[place]


def _by_minute(price: ArmPrice | None) -> bool:
    """Say whether equal tokens have an equal bill within a minute, whatever else an attempt was."""
    if price is None or price.host is not None:
        return False
    return price.price is None or price.price.changes_on_the_minute()


def _said(usage_raw: Any) -> tuple[list[str], Codes]:
    """Return what usage objects say beside their counts, and which of it each says."""
    values = values_of(usage_raw)
    if all(map(says_only_counts, values)):
        return [""], np.zeros(len(values), dtype=np.int64)
    number: dict[str, int] = {}
    codes = []
    for raw in values:
        key = ""
        if not says_only_counts(raw):
            said = {k: raw[k] for k in SAYING if k in raw} if isinstance(raw, Mapping) else raw
            key = json.dumps(said, sort_keys=True, default=repr)
        codes.append(number.setdefault(key, len(number)))
    return list(number), np.asarray(codes, dtype=np.int64)
