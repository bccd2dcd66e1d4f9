"""Costs of a run's calls from its attempts: what :func:`claimbench.tables.build.build_tables` takes
as ``costs``.

Pure: prices, attempts and sessions in; costs out. Nothing here resolves a model id or reads a
clock.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

import numpy as np

from claimbench.packed import BLOCK, Packed, PackedMapping, columns
from claimbench.packing.factors import Codes
from claimbench.packing.ids import Ids
from claimbench.packing.whole import whole_codes
from claimbench.pricing.arms import ArmPrice
from claimbench.pricing.bill import sum_costs
from claimbench.pricing.bounds.ceiling import TokenBound
from claimbench.pricing.by_columns.attempts import BillsAtOnce
from claimbench.pricing.by_columns.coded import Coded, CostPacker, Known
from claimbench.pricing.hosts import QUANTUM, REPLAYED_BUSY, busy_shares
from claimbench.pricing.model import Price, as_utc
from claimbench.pricing.traffic import Profile, blended, groups
from claimbench.types import Attempt, Call, Cost, Session


@dataclass(frozen=True)
class RunCosts:
    """``attempts`` in the order given; ``calls`` by call id, all attempts of a call together, in
    the order of their first attempts.
    """

    attempts: Sequence[Cost]
    calls: Mapping[str, Cost]

    def total(self, call_ids: Iterable[str]) -> Cost:
        """Add up calls, component by component."""
        return sum_costs(self.calls[i] for i in call_ids if i in self.calls)

    def by_arm(self, calls: Iterable[Call]) -> dict[str, Cost]:
        """Return arm -> the cost of its calls together, in the order in which the arms come."""
        ids: dict[str, list[str]] = {}
        for call in calls:
            ids.setdefault(call.arm, []).append(call.id)
        return {arm: self.total(mine) for arm, mine in ids.items()}


def sent_utc(attempt: Attempt, session: Session) -> datetime:
    """Return when an attempt was sent: the session's UTC origin plus monotonic time since."""
    since = timedelta(microseconds=(attempt.timing.sent_ns - session.monotonic_origin_ns) / 1000)
    return _session_start(session.started_utc) + since


@lru_cache(maxsize=64)
def _session_start(text: str) -> datetime:
    return as_utc(datetime.fromisoformat(text))


def priced_at(sent: datetime, as_of: date | datetime | None) -> datetime:
    """Return the moment whose prices apply.

    When it was sent; or ``as_of``, if that is a moment; or, if it is a day, that day at the
    attempt's own time of day, since prices may depend on the hour.
    """
    if as_of is None:
        return sent
    return (
        as_of if isinstance(as_of, datetime) else datetime.combine(as_of, sent.time(), tzinfo=UTC)
    )


@dataclass(frozen=True, slots=True)
class MachineFacts:
    """What is known of the machines that arms run on.

    ``load_s``: arm -> seconds spent loading its model, over all sessions. ``shared``: arm -> its
    machine, of arms that share one: a moment in which it served several is charged once.
    """

    load_s: Mapping[str, float] = field(default_factory=dict)
    shared: Mapping[str, str] = field(default_factory=dict)


def cost_run(
    prices: Mapping[str, ArmPrice],
    sessions: Sequence[Session],
    calls: Iterable[Call],
    attempts: Sequence[Attempt],
    *,
    as_of: date | datetime | None = None,
    bounds: Callable[[Call], TokenBound | None] | None = None,
    machines: MachineFacts | None = None,
    traffic: Profile | None = None,
) -> RunCosts:
    """Price a run's attempts, and its calls as the sums of theirs.

    Retries and billed failures count. Replayed answers are priced at what they would have cost. A
    fine-tune's share is added once per call, and so is the model's loading where the suite includes
    it.

    Args:
        prices: arm -> price, thawed from the run's book or given for a re-pricing.
        sessions: their origins turn stamps into moments.
        calls: the plan, for the arm of each attempt.
        attempts: as recorded.
        as_of: price as of this day or moment instead of when it was sent (see :func:`priced_at`).
        bounds: token bounds of calls with an unknown bill; only asked for those, as it means
            rendering the request again. Without it the dollars reserved before sending bound the
            bill.
        machines: what is known of the machines that arms run on.
        traffic: price each attempt at the blend of a week's hours, from ``as_of`` (else from when
            it was sent) on, instead of at one hour.
    """
    rows = Packed.of_any(Attempt, attempts)
    planned = Packed.of_any(Call, calls)
    origins = {s.n: s for s in sessions}
    known = machines or MachineFacts()
    hosted = any(price.host is not None for price in prices.values())
    busy = machine_shares(prices, arms_of(planned) if hosted else {}, rows, known.shared)
    ids = Ids(rows.columns_at("call_id"))
    names, arm = _arms_of_attempts(planned, ids)
    by_id = _Planned(planned)
    hours_of: dict[tuple[str, date], list[tuple[datetime, Decimal]]] = {}

    def blend(name: str, price: Price, day: date) -> list[tuple[datetime, Decimal]]:
        if (name, day) not in hours_of:
            assert traffic is not None  # noqa: S101 - asked only then
            hours_of[name, day] = groups(price, traffic.moments(day))
        return hours_of[name, day]

    def cost_of(index: int, attempt: Attempt) -> Cost:
        name = names[arm[index]]
        price = prices.get(name)
        if price is None:
            return Cost(None, why_unknown=f"the price book has no arm {name!r}")
        moment = priced_at(sent_utc(attempt, origins[attempt.session]), as_of)
        bound = None
        if bounds is not None and _open(attempt, price):
            bound = bounds(by_id[attempt.call_id])
        if traffic is None or price.price is None:
            return price.cost(attempt, moment, busy_s=busy.get(index), bound=bound)
        hours = blend(name, price.price, moment.date())
        return blended([(price.cost(attempt, at, bound=bound), n) for at, n in hours])

    bills = BillsAtOnce(
        rows,
        (names, arm),
        prices,
        origins,
        lambda sent: priced_at(sent, as_of),
        cost_of,
        one_by_one=traffic is not None,
    )
    firsts = ids.firsts()
    once = firsts == np.arange(len(firsts))
    counts = np.bincount(arm[once], minlength=len(names))
    extra = _extras(prices, dict(zip(names, counts.tolist(), strict=True)), known.load_s)
    sums = _sums(rows, firsts, cost_of)
    of_attempts, of_calls = CostPacker(), CostPacker()
    begin = 0
    for number in range(rows.n_blocks):
        part = bills.block(number, begin)
        of_attempts.add(part)
        end = begin + len(part.code)
        mine = np.flatnonzero(once[begin:end])
        totals = _with_sums(part.rows(mine), mine + begin, sums)
        of_calls.add(_with_extra(totals, (names, arm[mine + begin]), extra) if extra else totals)
        begin = end
    keys = ids.taken(firsts[once]).columns(BLOCK)
    return RunCosts(of_attempts.done(), PackedMapping(keys, of_calls.done()))


def _arms_of_attempts(planned: Packed[Call], ids: Ids) -> tuple[list[str], Codes]:
    """Return the arms of the plan, and which of them each attempt's call is of."""
    names, arm = whole_codes(planned.columns_at("arm"))
    places = Ids(planned.columns_at("id")).places_of(ids)
    unknown = np.flatnonzero(places < 0)
    if len(unknown):
        raise KeyError(ids.taken(unknown[:1]).texts()[0])
    return names, arm[places]


def _sums(
    rows: Packed[Attempt], firsts: Codes, cost_of: Callable[[int, Attempt], Cost]
) -> dict[int, Cost]:
    """Return the costs of the calls with several attempts, by the number of their first."""
    tries = np.bincount(firsts, minlength=len(firsts))
    again = np.flatnonzero(tries[firsts] > 1).tolist()
    parts: dict[int, list[Cost]] = {}
    for index, attempt in zip(again, rows.some(again), strict=True):
        parts.setdefault(int(firsts[index]), []).append(cost_of(index, attempt))
    return {first: sum_costs(costs) for first, costs in parts.items()}


def _with_sums(rows: Coded, indices: Codes, sums: Mapping[int, Cost]) -> Coded:
    """Put the sums of calls with several attempts in place of their first; ``indices``: numbers of
    the rows' attempts.
    """
    several = [k for k, index in enumerate(indices.tolist()) if index in sums] if sums else []
    totals = [sums[int(indices[k])] for k in several]
    rows.code[several] = np.arange(len(totals)) + len(rows.costs)
    rows.at[several] = np.arange(len(totals)) + len(rows.stamps)
    stamps = [*rows.stamps, *(cost.priced_at for cost in totals)]
    return replace(rows, costs=[*rows.costs, *map(Known, totals)], stamps=stamps)


def _with_extra(
    rows: Coded, arms: tuple[list[str], Codes], extra: Mapping[str, Mapping[str, Decimal]]
) -> Coded:
    """Add to each cost what a call of its arm carries beyond its attempts."""
    names, arm = arms
    pairs, code = np.unique(rows.code * len(names) + arm, return_inverse=True)
    costs: list[Known] = []
    for pair in pairs.tolist():
        cost = rows.costs[pair // len(names)].cost
        costs.append(Known(_plus(cost, extra.get(names[pair % len(names)], {}))))
    return replace(rows, costs=costs, code=code)


def arms_of(calls: Iterable[Call]) -> dict[str, str]:
    """Return call id -> its arm."""
    return dict(columns(calls, "id", "arm"))


class _Planned:
    """The calls by id, made when the first is asked for: few runs have bills to be bounded."""

    def __init__(self, calls: Packed[Call]) -> None:
        self._calls = calls
        self._by_id: PackedMapping[Call] | None = None

    def __getitem__(self, call_id: str) -> Call:
        if self._by_id is None:
            self._by_id = PackedMapping(self._calls.columns_at("id"), self._calls)
        return self._by_id[call_id]


def _open(attempt: Attempt, price: ArmPrice) -> bool:
    """Return whether the bill of an attempt may be unknown, so that its bound matters."""
    usage = attempt.usage
    if usage is not None and usage.input_fresh is not None and usage.output_visible is not None:
        return False
    return attempt.billable != "no" and not (attempt.billed_usd and price.charges)


def machine_shares(
    prices: Mapping[str, ArmPrice],
    calls: Mapping[str, Call] | Mapping[str, str],
    attempts: Iterable[Attempt],
    machines: Mapping[str, str] | None = None,
) -> dict[int, float]:
    """Return the machine seconds of each attempt of a host arm, by the attempt's index: overlapping
    calls share each moment, per machine and session. The machine is the one that a cluster says
    (several of its nodes may be one machine), else that of ``machines``; else each arm has its own.
    ``calls``: by id the call, or its arm.
    """
    hosts = {arm for arm, price in prices.items() if price.host is not None}
    groups: dict[tuple[str, int], tuple[list[int], list[tuple[int, int]]]] = {}
    replayed: dict[int, float] = {}
    read = columns(
        attempts,
        "call_id",
        "session",
        "timing.sent_ns",
        "timing.ended_ns",
        "timing.engine",
        "place",
    )
    for index, (call_id, session, sent_ns, ended_ns, engine, place) in enumerate(read):
        if REPLAYED_BUSY in engine:
            replayed[index] = engine[REPLAYED_BUSY]
        if not hosts:
            continue
        call = calls[call_id]
        arm = call if isinstance(call, str) else call.arm
        if arm in hosts:
            own = (machines or {}).get(arm, arm)
            machine = own if place is None else f"node {place.machine}"
            members, spans = groups.setdefault((machine, session), ([], []))
            members.append(index)
            spans.append((sent_ns, ended_ns))
    busy: dict[int, float] = {}
    for members, spans in groups.values():
        busy.update(zip(members, busy_shares(spans), strict=True))
    return busy | replayed


def _extras(
    prices: Mapping[str, ArmPrice], counts: Mapping[str, int], load_s: Mapping[str, float]
) -> dict[str, dict[str, Decimal]]:
    """Return, by arm, what each call carries beyond its attempts: the fine-tune's share, and the
    model's loading. ``counts``: arm -> its calls that were tried.
    """
    extra: dict[str, dict[str, Decimal]] = defaultdict(dict)
    for arm, n in counts.items():
        price = prices.get(arm) if n else None
        if price is not None and price.training is not None:
            extra[arm]["training"] = price.training.usd_per_request
        if (
            price is not None
            and price.host is not None
            and price.host.include_load
            and load_s.get(arm)
        ):
            extra[arm]["model_load"] = (price.host.usd(load_s[arm]) / n).quantize(QUANTUM)
    return extra


def _plus(cost: Cost, parts: Mapping[str, Decimal]) -> Cost:
    if not parts:
        return cost
    add = sum(parts.values(), Decimal(0))

    def more(value: Decimal | None) -> Decimal | None:
        return None if value is None else value + add

    return replace(
        cost,
        amount=more(cost.amount),
        low=more(cost.low),
        high=more(cost.high),
        components={**cost.components, **parts},
    )
