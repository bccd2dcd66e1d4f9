"""The most that a request can cost, from its bytes and the dearest rates that could apply: what a
budget sets aside.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, localcontext

import orjson

from claimbench.pricing.model import DIGITS, MILLION, Rate, Terms, TokenRates, UnknownPrice
from claimbench.types import Request


@dataclass(frozen=True, slots=True)
class TokenBound:
    """The most that a request can be billed: input tokens (its UTF-8 bytes bound them) and
    ``max_tokens``.
    """

    input_tokens: int
    output_tokens: int


def token_bound(request: Request) -> TokenBound:
    """Bound a request's tokens without a tokenizer.

    No tokenizer in use makes more tokens than bytes, and the bytes counted are those of the whole
    JSON body - roles, punctuation, schema - which outweigh the few tokens a chat template adds per
    message.
    """
    body = {
        "messages": [{"role": m.role, "content": m.content} for m in request.messages],
        "prompt": request.prompt,
        "stop": list(request.stop),
        "labels": list(request.labels),
        "schema": None if request.answer_schema is None else dict(request.answer_schema),
    }
    try:
        size = len(orjson.dumps(body))
    except TypeError:  # half a surrogate pair, which goes out as an escape
        size = len(json.dumps(body))
    return TokenBound(size, request.max_tokens)


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
            usd = n * max(rate.highest(n) for rate in self.input)
            usd += bound.output_tokens * max(rate.highest(n) for rate in self.output)
            return (usd / MILLION + self.per_request) * self.scale


def upper_bound(
    bound: TokenBound, terms: Terms, at_utc: datetime, tier: str = "standard"
) -> Decimal:
    """Return the dearest bill within ``bound``: the dearest input class, the dearest hour of the
    day, the longest tier.

    Raises:
        UnknownPrice: the price cannot be known.
    """
    return dearest(terms, at_utc, tier).bill(bound)


def dearest(terms: Terms, at_utc: datetime, tier: str = "standard") -> Dearest:
    """Look up what may be asked at most at that moment; raises :class:`UnknownPrice` as
    :func:`upper_bound`.
    """
    price = terms.price
    context = terms.context
    if price.has_variant("mode", "thinking"):
        # its price is among the sets below, whatever the arm states
        context = {k: v for k, v in (context or {}).items() if k != "mode"} or None
    live = price.rates_at(at_utc, tier, context)
    sets: list[TokenRates] = [live, *(w.rates for w in price.era_at(at_utc).windows)]
    sets += [v.rates for v in price.variants if v.when.get("mode") == "thinking"]

    def named(*classes: str) -> tuple[Rate, ...]:
        found: list[Rate] = []
        for rates in sets:
            found.extend(rates[name] for name in classes if name in rates)
        if not found:
            raise UnknownPrice(f"{price.id}: no {classes[0]} price")
        return tuple(found)

    scale = terms.scale(at_utc)
    return Dearest(
        input=named("input", "cache_write_5m"),
        output=named("output", "output_reasoning"),
        per_request=live["per_request"].base if "per_request" in live else Decimal(0),
        scale=scale,
    )
