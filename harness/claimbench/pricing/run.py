"""Dollars of a run: the book frozen at its start answers the loop now (what to reserve) and all
reports later.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from claimbench.errors import IntegrityError
from claimbench.pricing.arms import REPLAY, ArmPrice
from claimbench.pricing.calls import RunCosts, cost_run
from claimbench.pricing.energy import Energy, with_energy
from claimbench.pricing.frozen import FrozenBook, freeze_suite, thaw
from claimbench.pricing.money import Money
from claimbench.types import Arm, Attempt, Manifest, Request, Suite

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

    def reserve(arm: Arm, request: Request) -> Decimal | None:
        if arm.provider == REPLAY:
            return Decimal(0)
        return prices[arm.name].reserve(request, clock.utc())

    def cost(arm: Arm, attempt: Attempt) -> Decimal | None:
        return prices[arm.name].cost(attempt, clock.utc()).amount

    def bills(arm: Arm) -> bool:
        return prices[arm.name].host is None and arm.provider != REPLAY

    unknown: dict[str, str] = {}
    for name, price in prices.items():
        unbounded = price.why_unbounded(clock.utc())
        if name not in free and (_unpriced(price) or unbounded is not None):
            unknown[name] = price.why_unknown or unbounded or "price unknown"
    metered = any(unmetered(price) for price in prices.values())
    return Pricing(book, Money(reserve, cost, bills), unknown, metered)


def _unpriced(price: ArmPrice) -> bool:
    """Return whether a send could cost dollars that nobody can bound; a local arm without a stated
    cost sends no bill.
    """
    return not price.known and not (price.why_unknown or "").startswith(
        "no cost stated for a local arm"
    )


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
