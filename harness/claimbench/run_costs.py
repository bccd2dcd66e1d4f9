"""Dollars of a run: every attempt at the price of its moment, every call as the sum of its attempts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from claimbench.arm_price import ArmPrice, freeze_suite, thaw
from claimbench.clock import Clock
from claimbench.hostcost import busy_shares
from claimbench.pricebook import PriceBook
from claimbench.pricing import sum_costs
from claimbench.runner import Money
from claimbench.session import Pricing
from claimbench.types import Arm, Attempt, Call, Cost, Json, Manifest, Request, Session, Suite


@dataclass(frozen=True)
class RunCosts:
    """``attempts`` in the order given; ``calls`` by call id."""

    attempts: tuple[Cost, ...]
    calls: Mapping[str, Cost]


def pricing_for(suite: Suite, book: PriceBook, clock: Clock) -> Pricing:
    """Freeze the prices of ``suite`` as of now and answer the loop's questions from them."""
    frozen = freeze_suite(suite, book, clock.utc())
    return pricing_from(frozen.text, frozen.sha256, clock)


def pricing_from(text: str, sha256: str | None, clock: Clock) -> Pricing:
    """The same from a book that was frozen earlier (resume)."""
    prices = thaw(text, sha256)

    def reserve(arm: Arm, request: Request) -> Decimal | None:
        return prices[arm.name].reserve(request, clock.utc())

    def cost(arm: Arm, attempt: Attempt) -> Decimal | None:
        return prices[arm.name].cost(attempt, clock.utc()).amount

    def bills(arm: Arm) -> bool:
        return prices[arm.name].host is None

    unknown = {name: price.why_unknown or "price unknown" for name, price in prices.items() if _unpriced(price)}
    return Pricing(text, sha256 or "", Money(reserve, cost, bills), unknown)


def _unpriced(price: ArmPrice) -> bool:
    """Whether a send could cost dollars that nobody can bound; a local arm without a stated cost sends no bill."""
    return not price.known and not (price.why_unknown or "").startswith("no cost stated for a local arm")


def book_of(manifest: Manifest) -> tuple[str, str | None]:
    """The frozen price book of a run and its hash."""
    text: Json = manifest.options.get("price_book")
    return str(text), manifest.price_book_sha256


def cost_run(
    prices: Mapping[str, ArmPrice],
    sessions: Sequence[Session],
    calls: Iterable[Call],
    attempts: Sequence[Attempt],
    *,
    as_of: datetime | None = None,
) -> RunCosts:
    """Price a run's attempts.

    Args:
        prices: arm -> price, thawed from the run's book or given for a re-pricing.
        sessions: their origins turn stamps into moments.
        calls: the plan, for the arm of each attempt.
        attempts: as recorded.
        as_of: price everything as of this moment instead of when it was sent.
    """
    arm_of = {call.id: call.arm for call in calls}
    origins = {s.n: (datetime.fromisoformat(s.started_utc), s.monotonic_origin_ns) for s in sessions}
    busy = _busy(prices, arm_of, attempts)
    costs: list[Cost] = []
    by_call: dict[str, list[Cost]] = defaultdict(list)
    for index, attempt in enumerate(attempts):
        started, origin_ns = origins[attempt.session]
        at = as_of or started + timedelta(microseconds=(attempt.timing.sent_ns - origin_ns) / 1000)
        price = prices.get(arm_of[attempt.call_id])
        if price is None:
            cost = Cost(None, why_unknown="the arm is not in the price book")
        else:
            cost = price.cost(attempt, at, busy_s=busy.get(index))
        costs.append(cost)
        by_call[attempt.call_id].append(cost)
    return RunCosts(tuple(costs), {call_id: sum_costs(parts) for call_id, parts in by_call.items()})


def _busy(prices: Mapping[str, ArmPrice], arm_of: Mapping[str, str], attempts: Sequence[Attempt]) -> dict[int, float]:
    """Machine seconds per attempt of host arms: overlapping calls share each moment, per arm and session."""
    groups: dict[tuple[str, int], list[int]] = defaultdict(list)
    for index, attempt in enumerate(attempts):
        arm = arm_of[attempt.call_id]
        if arm in prices and prices[arm].host is not None:
            groups[arm, attempt.session].append(index)
    busy: dict[int, float] = {}
    for members in groups.values():
        spans = [(attempts[i].timing.sent_ns, attempts[i].timing.ended_ns) for i in members]
        busy.update(zip(members, busy_shares(spans), strict=True))
    return busy
