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

from claimbench.pricing.arms import ArmPrice
from claimbench.pricing.bill import sum_costs
from claimbench.pricing.bounds.ceiling import TokenBound
from claimbench.pricing.hosts import QUANTUM, REPLAYED_BUSY, busy_shares
from claimbench.pricing.model import Price, as_utc
from claimbench.pricing.traffic import Profile, blended, groups
from claimbench.types import Attempt, Call, Cost, Session


@dataclass(frozen=True)
class RunCosts:
    """``attempts`` in the order given; ``calls`` by call id, all attempts of a call together."""

    attempts: tuple[Cost, ...]
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
    by_id = {call.id: call for call in calls}
    origins = {s.n: s for s in sessions}
    known = machines or MachineFacts()
    busy = machine_shares(prices, by_id, attempts, known.shared)
    hours_of: dict[tuple[str, date], list[tuple[datetime, Decimal]]] = {}

    def blend(arm: str, price: Price, day: date) -> list[tuple[datetime, Decimal]]:
        if (arm, day) not in hours_of:
            assert traffic is not None  # noqa: S101 - asked only then
            hours_of[arm, day] = groups(price, traffic.moments(day))
        return hours_of[arm, day]

    costs: list[Cost] = []
    mine: dict[str, list[Cost]] = defaultdict(list)
    for index, attempt in enumerate(attempts):
        call = by_id[attempt.call_id]
        price = prices.get(call.arm)
        if price is None:
            cost = Cost(None, why_unknown=f"the price book has no arm {call.arm!r}")
        else:
            moment = priced_at(sent_utc(attempt, origins[attempt.session]), as_of)
            bound = bounds(call) if bounds is not None and _open(attempt) else None
            if traffic is None or price.price is None:
                cost = price.cost(attempt, moment, busy_s=busy.get(index), bound=bound)
            else:
                hours = blend(call.arm, price.price, moment.date())
                cost = blended([(price.cost(attempt, at, bound=bound), n) for at, n in hours])
        costs.append(cost)
        mine[call.id].append(cost)
    extra = _extras(prices, by_id, mine, known.load_s)
    totals: dict[str, Cost] = {}
    for call_id, parts in mine.items():
        total = parts[0] if len(parts) == 1 else sum_costs(parts)
        totals[call_id] = _plus(total, extra.get(by_id[call_id].arm, {}))
    return RunCosts(tuple(costs), totals)


def _open(attempt: Attempt) -> bool:
    """Return whether the bill of an attempt may be unknown, so that its bound matters."""
    usage = attempt.usage
    if usage is not None and usage.input_fresh is not None and usage.output_visible is not None:
        return False
    return attempt.billable != "no" and attempt.billed_usd is None


def machine_shares(
    prices: Mapping[str, ArmPrice],
    calls: Mapping[str, Call],
    attempts: Sequence[Attempt],
    machines: Mapping[str, str] | None = None,
) -> dict[int, float]:
    """Return the machine seconds of each attempt of a host arm, by the attempt's index: overlapping
    calls share each moment, per machine (``machines``; else each arm has its own) and session.
    """
    hosts = {arm for arm, price in prices.items() if price.host is not None}
    groups: dict[tuple[str, int], list[int]] = defaultdict(list)
    for index, attempt in enumerate(attempts):
        arm = calls[attempt.call_id].arm
        if arm in hosts:
            groups[(machines or {}).get(arm, arm), attempt.session].append(index)
    busy: dict[int, float] = {}
    for members in groups.values():
        spans = [(attempts[i].timing.sent_ns, attempts[i].timing.ended_ns) for i in members]
        busy.update(zip(members, busy_shares(spans), strict=True))
    replayed = {
        i: a.timing.engine[REPLAYED_BUSY]
        for i, a in enumerate(attempts)
        if REPLAYED_BUSY in a.timing.engine
    }
    return busy | replayed


def _extras(
    prices: Mapping[str, ArmPrice],
    calls: Mapping[str, Call],
    costed: Iterable[str],
    load_s: Mapping[str, float],
) -> dict[str, dict[str, Decimal]]:
    """Return, by arm, what each call carries beyond its attempts: the fine-tune's share, and the
    model's loading.
    """
    counts: dict[str, int] = defaultdict(int)
    for call_id in costed:
        counts[calls[call_id].arm] += 1
    extra: dict[str, dict[str, Decimal]] = defaultdict(dict)
    for arm, n in counts.items():
        price = prices.get(arm)
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
