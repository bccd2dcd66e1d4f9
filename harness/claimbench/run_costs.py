"""Dollars of a run: the book frozen at its start answers the loop now (what to reserve) and all reports later."""

from __future__ import annotations

from decimal import Decimal

from claimbench.arm_price import ArmPrice, freeze_suite, thaw
from claimbench.call_costs import RunCosts, cost_run
from claimbench.clock import Clock
from claimbench.pricebook import PriceBook
from claimbench.runner import Money
from claimbench.session import Pricing
from claimbench.types import Arm, Attempt, Json, Manifest, Request, Suite

__all__ = ["RunCosts", "book_of", "cost_run", "pricing_for", "pricing_from"]


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
