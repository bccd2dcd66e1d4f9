"""What vendors say they charged in a run, beside what the same calls cost at the prices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import chain

from claimbench.packed import columns
from claimbench.pricing.arms import ArmPrice
from claimbench.pricing.asked import tier_said
from claimbench.pricing.bill import most
from claimbench.pricing.calls import arms_of
from claimbench.pricing.model import TIERS
from claimbench.pricing.run import RunCosts
from claimbench.pricing.stated.contract import prices_apart
from claimbench.tables.priced import FAR, Charges
from claimbench.types import Attempt, Call, Cost, Outcome

BILLED = "billed"


def any_charged(*attempts: Iterable[Attempt]) -> bool:
    """Return whether any attempt, of any of these rows, came with what its vendor says it charged,
    be it $0.
    """
    return any(usd is not None for rows in attempts for usd in columns(rows, "billed_usd"))


def any_unasked(prices: Mapping[str, ArmPrice], *attempts: Iterable[Attempt]) -> bool:
    """Return whether any attempt says that it was served at a tier which an arm may not have asked
    for.
    """
    if not any(_has_others(price) for price in prices.values()):
        return False
    raws = chain.from_iterable(columns(rows, "usage_raw") for rows in attempts)
    return any(tier_said(raw) != "standard" for raw in raws)


def _has_others(price: ArmPrice) -> bool:
    """Return whether an arm may be billed at a tier that it did not ask for."""
    of = price.price
    return of is not None and any(
        price.unasked(tier) and prices_apart(of, tier) for tier in TIERS if tier != "batch"
    )


class _Sums:
    """One arm's charges as they are counted."""

    def __init__(self) -> None:
        self.tiers: dict[str, None] = {}
        self.served, self.asked = Decimal(0), Decimal(0)
        self.n_tiers = 0
        self.stated, self.priced, self.apart = Decimal(0), Decimal(0), Decimal(0)
        self.calls = self.far = self.bounded = self.unchecked = self.silent = 0
        self.any_stated = False

    def add(self, billed: Decimal | None, at_prices: Cost) -> None:
        """Take one answered attempt."""
        self.any_stated = self.any_stated or billed is not None
        if not billed:
            if at_prices.amount is not None or at_prices.high is not None:
                self.silent += 1
        elif at_prices.basis == BILLED:
            self.unchecked += 1
        elif at_prices.amount is None:
            self.bounded += 1
        else:
            self.calls += 1
            self.stated += billed
            self.priced += at_prices.amount
            low, high = sorted((billed, at_prices.amount))
            if high >= low * Decimal(FAR):
                self.far += 1
                self.apart += high - low

    def add_tier(self, tier: str, as_served: Cost, at_prices: Cost) -> None:
        """Take one answered attempt without a charge, whose vendor names a tier nobody asked
        for.
        """
        served, asked = most(as_served), most(at_prices)
        if served is None or asked is None or served >= asked:
            return
        self.tiers[tier] = None
        self.n_tiers += 1
        self.served += served
        self.asked += asked

    def done(self) -> Charges:
        """Return the sums."""
        return Charges(
            float(self.stated),
            float(self.priced),
            self.calls,
            self.far,
            float(self.apart),
            self.bounded,
            self.unchecked,
            self.silent if self.any_stated else 0,
            tuple(self.tiers),
            self.n_tiers,
            float(self.served),
            float(self.asked),
        )


def charges_of(
    prices: Mapping[str, ArmPrice],
    calls: Iterable[Call],
    attempts: Sequence[Attempt],
    costs: RunCosts,
    at_prices: RunCosts,
) -> dict[str, Charges]:
    """Return arm -> its charges, of the arms (or judges) whose vendors state any, or a cheaper tier
    than was asked for.

    Args:
        prices: of all of them; a machine of one's own is charged by nobody.
        calls: whose attempts they are.
        attempts: as recorded.
        costs: the dollars of the same attempts as they are stated.
        at_prices: the dollars of the same attempts under
            :func:`~claimbench.pricing.arms.without_charges`.
    """
    arm_of = arms_of(calls)
    found: dict[str, _Sums] = {}
    read = columns(attempts, "call_id", "billed_usd", "billable", "outcome", "usage_raw")
    priced = zip(read, costs.attempts, at_prices.attempts, strict=True)
    for (call_id, billed, billable, outcome, raw), as_stated, cost in priced:
        arm = arm_of[call_id]
        price = prices.get(arm)
        if price is None or price.host is not None or billable == "no":
            continue
        if billed or Outcome(outcome).answered:
            found.setdefault(arm, _Sums()).add(billed, cost)
        tier = tier_said(raw)
        if not billed and price.unasked(tier):
            found.setdefault(arm, _Sums()).add_tier(tier, as_stated, cost)
    return {arm: sums.done() for arm, sums in found.items() if sums.any_stated or sums.tiers}
