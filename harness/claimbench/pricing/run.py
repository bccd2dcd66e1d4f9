"""Dollars of a run: the book frozen at its start answers the loop now (what to reserve) and all
reports later.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from claimbench.errors import IntegrityError
from claimbench.pricing.arms import LEAST, REPLAY, ArmPrice, without_charges
from claimbench.pricing.asked import tier_said
from claimbench.pricing.bounds.request_bound import TokenBound, token_bound
from claimbench.pricing.calls import RunCosts, cost_run
from claimbench.pricing.doubted import doubt
from claimbench.pricing.energy import Energy, with_energy
from claimbench.pricing.frozen import FrozenBook, freeze_suite, thaw
from claimbench.pricing.money import Money
from claimbench.types import Arm, Attempt, Manifest, Request, SamplingParams, Suite

if TYPE_CHECKING:  # a report asks for dollars without the machinery of a run
    from claimbench.clock import Clock
    from claimbench.pricing.price_lists.book import PriceBook

__all__ = ["RunCosts", "book_of", "cost_run", "prices_of", "pricing_for", "pricing_from"]


def pricing_for(suite: Suite, book: PriceBook, clock: Clock) -> Pricing:
    """Freeze the prices of ``suite`` as of now and answer the loop's questions from them."""
    return pricing_from(freeze_suite(suite, book, clock.utc()), clock, replayed(suite))


def pricing_from(book: FrozenBook, clock: Clock, free: Collection[str] = ()) -> Pricing:
    """Answer the loop's questions from a book that was frozen earlier (resume). ``free``: arms that
    send no bill whatever their price.
    """
    prices = thaw(book.text, book.sha256)
    plain = without_charges(prices)

    def reserve(arm: Arm, request: Request) -> Decimal | None:
        if arm.provider == REPLAY:
            return Decimal(0)
        return prices[arm.name].reserve(request, clock.utc(), arm)

    def cost(arm: Arm, attempt: Attempt) -> Decimal | None:
        return prices[arm.name].cost(attempt, clock.utc()).amount

    def cost_then(arm: Arm, attempt: Attempt, at_utc: datetime) -> Decimal | None:
        return prices[arm.name].cost(attempt, at_utc).amount

    def at_prices(arm: Arm, attempt: Attempt, at_utc: datetime | None) -> Decimal | None:
        return _beside_charge(plain[arm.name], attempt, at_utc or clock.utc())

    def why_beyond(arm: Arm, attempt: Attempt) -> str | None:
        price = prices[arm.name]
        if arm.provider == REPLAY or _bills_nobody(price):
            return None
        found = price.cost(attempt, clock.utc())
        return found.why_unknown if found.amount is None and found.high is None else None

    def bills(arm: Arm) -> bool:
        return prices[arm.name].host is None and arm.provider != REPLAY

    def why_open(arm: Arm, limited: bool) -> str | None:
        price = prices[arm.name]
        if arm.provider == REPLAY or _bills_nobody(price):
            return None
        return price.why_unbounded(clock.utc(), fixed_bound(arm) if limited else LEAST)

    unknown: dict[str, str] = {}
    for name, price in prices.items():
        why = None if name in free or _bills_nobody(price) else price.why_unbounded(clock.utc())
        if why is not None:
            unknown[name] = price.why_unknown or why
    metered = any(unmetered(price) for price in prices.values())
    money = Money(reserve, cost, bills, cost_then, at_prices=at_prices, doubt=doubt)
    return Pricing(book, money, unknown, metered, why_open, why_beyond)


def fixed_bound(arm: Arm) -> TokenBound:
    """Return the bound of what the arm adds to every request, whatever else is in it."""
    least = Request("", (), SamplingParams(), max_tokens=1)
    return token_bound(least, arm)


def _beside_charge(price: ArmPrice, attempt: Attempt, at_utc: datetime) -> Decimal | None:
    """Return what ``at_prices`` of :class:`~claimbench.pricing.money.Money` says; where the price
    cannot tell, what was reserved. ``price``: of :func:`~claimbench.pricing.arms.without_charges`.
    """
    if price.host is not None:
        return None
    if not attempt.billed_usd and not price.unasked(tier_said(attempt.usage_raw)):
        return None
    found = price.cost(attempt, at_utc)
    if found.basis == "billed":  # no price can be held against the charge
        return attempt.reserved_usd
    return found.amount if found.amount is not None else found.high


def _bills_nobody(price: ArmPrice) -> bool:
    """Return whether the arm's requests are on no bill: a machine, or a local model whose cost
    nobody stated.
    """
    if price.host is not None:
        return True
    return (price.why_unknown or "").startswith("no cost stated for a local arm")


def replayed(suite: Suite) -> list[str]:
    """List the arms whose answers come from a stored run."""
    return [arm.name for arm in suite.arms if arm.provider == REPLAY]


def unmetered(price: ArmPrice) -> bool:
    """Return whether a host's electricity has a price and nobody stated its watts: then the run's
    own meter says them.
    """
    return (
        price.host is not None and price.host.usd_per_kwh is not None and price.host.watts is None
    )


def with_meter(prices: Mapping[str, ArmPrice], energy: Energy | None) -> dict[str, ArmPrice]:
    """Return prices with the watts that the run's meter saw, where the suite states a price per kWh
    and no watts.
    """
    found = dict(prices)
    for name, price in prices.items():
        if energy is not None and price.host is not None and unmetered(price):
            found[name] = replace(price, host=with_energy(price.host, energy))
    return found


def book_of(manifest: Manifest) -> FrozenBook:
    """Return the frozen price book of a run.

    Raises:
        IntegrityError: the manifest holds none.
    """
    text = manifest.options.get("price_book")
    if not isinstance(text, str) or manifest.price_book_sha256 is None:
        raise IntegrityError(
            f"run {manifest.run_id} holds no price book", hint="its database was tampered with"
        )
    return FrozenBook(text, manifest.price_book_sha256)


def prices_of(manifest: Manifest) -> dict[str, ArmPrice]:
    """Return how each arm of a run is priced, from its frozen book."""
    book = book_of(manifest)
    return thaw(book.text, book.sha256)


@dataclass(frozen=True, slots=True)
class Pricing:
    """The frozen price book of a run, and what the loop asks of it.

    ``unpriced``: arms that could cost dollars nobody can bound, with the reason.
    """

    book: FrozenBook
    money: Money
    unpriced: Mapping[str, str]
    metered: bool = False
    """Whether a host's electricity is priced by watts that nobody stated, so that a meter is asked.
    """
    why_open: Callable[[Arm, bool], str | None] = lambda _arm, _limited: None
    """Say why nothing bounds what an arm's requests could cost if they were sent now, for want of a
    price or, with a limit to keep, by what they hold; None where something does.
    """
    why_beyond: Callable[[Arm, Attempt], str | None] = lambda _arm, _attempt: None
    """See :class:`~claimbench.pricing.money.Money`; asked where a limit is to be kept."""
