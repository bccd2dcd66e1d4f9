"""The most that a request can cost, from its bytes and the dearest rates that could apply: what a
budget sets aside.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, localcontext

from claimbench.pricing.bounds.request_bound import TokenBound, token_bound
from claimbench.pricing.model import (
    DIGITS,
    MILLION,
    PARENTS,
    ZERO,
    Rate,
    Terms,
    TokenRates,
    UnknownPrice,
)

__all__ = ["Dearest", "TokenBound", "dearest", "token_bound", "upper_bound"]


@dataclass(frozen=True, slots=True)
class Dearest:
    """The most that a price may ask at one moment: for input, for output and per request."""

    input: tuple[Rate, ...]
    output: tuple[Rate, ...]
    per_request: Decimal
    scale: Decimal

    def bill(self, bound: TokenBound) -> Decimal:
        """Return the dollars for all of ``bound``; each rate at the longest tier it can reach."""
        n = bound.input_tokens
        with localcontext(prec=DIGITS):
            usd = n * _highest(self.input, n)
            usd += bound.output_tokens * _highest(self.output, n)
            return (usd / MILLION + self.per_request) * self.scale


def _highest(rates: Sequence[Rate], n: int) -> Decimal:
    """Return the dearest of the rates for a prompt of ``n`` tokens."""
    if len(rates) == 1:  # as most prices have
        return rates[0].highest(n)
    return max((rate.highest(n) for rate in rates), default=ZERO)


def upper_bound(
    bound: TokenBound, terms: Terms, at_utc: datetime, tier: str = "standard"
) -> Decimal:
    """Return the dearest bill within ``bound``: the dearest input class, the dearest hour of the
    day, the longest tier.

    Raises:
        UnknownPrice: the price cannot be known.
    """
    return dearest(terms, at_utc, tier, bound.classes).bill(bound)


def dearest(
    terms: Terms, at_utc: datetime, tier: str = "standard", classes: Sequence[str] = ()
) -> Dearest:
    """Look up what may be asked at most at that moment, at ``classes`` of tokens besides the usual
    ones; raises :class:`UnknownPrice` as :func:`upper_bound`.
    """
    price = terms.price
    context = terms.context
    if price.has_variant("mode", "thinking"):
        # its price is among the sets below, whatever the arm states
        context = {k: v for k, v in (context or {}).items() if k != "mode"} or None
    live = price.rates_at(at_utc, tier, context, unsure_hours=True)
    era = price.era_at(at_utc)
    sets: list[TokenRates] = [live, *(w.rates for w in era.windows)]
    if era.windows and tier == "standard" and not context:
        sets.append(era.rates)  # a cheap window may end before the request is taken
    sets += [v.rates for v in price.variants if v.when.get("mode") == "thinking"]

    def named(*classes: str) -> tuple[Rate, ...]:
        found: list[Rate] = []
        for rates in sets:
            found.extend(rates[name] for name in classes if name in rates)
        if not found:
            raise UnknownPrice(f"{price.id}: no {classes[0]} price")
        return tuple(found)

    scale = terms.scale(at_utc)
    if price.per_request_only:
        most = max(rates["per_request"].base for rates in sets)
        return Dearest((), (), most, scale)
    inputs = [named("input", "cache_write_5m")]
    outputs = [named("output", "output_reasoning")]
    for name in classes:
        # a class without a rate of its own is billed as its parent, or nobody knows at what
        parent = (PARENTS[name],) if name in PARENTS else ()
        (outputs if name.startswith("output") else inputs).append(named(name, *parent))
    return Dearest(
        input=tuple(rate for rates in inputs for rate in rates),
        output=tuple(rate for rates in outputs for rate in rates),
        per_request=max((s["per_request"].base for s in sets if "per_request" in s), default=ZERO),
        scale=scale,
    )
