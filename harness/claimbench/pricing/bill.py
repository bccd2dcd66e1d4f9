"""Dollars of one attempt: token counts times a price at a moment, exactly.

usd = sum over disjoint buckets of tokens x rate / 10^6, plus fees, times the factor
(docs/method.md, "Dollars"). The tier of a long request is chosen by its whole input and holds for
all of its tokens. Amounts are exact Decimals, never rounded: parts add up to totals to the last
digit, and reports round once, at the end (:func:`micro`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal, localcontext

from claimbench.pricing.asked import SPEED_FIELD, place_in, tier_in
from claimbench.pricing.doubted import cost_of_doubted
from claimbench.pricing.model import (
    DIGITS,
    MILLION,
    ZERO,
    Price,
    Tariff,
    Terms,
    TokenRates,
    UnknownPrice,
    UnsureHour,
    as_utc,
)
from claimbench.types import Cost, CostBasis, Json, Usage

MICRO = Decimal("0.000001")

CLASSES = {
    "input_fresh": "input",
    "cache_read": "cache_read",
    "cache_write_5m": "cache_write_5m",
    "cache_write_1h": "cache_write_1h",
    "image": "image",
    "audio": "audio",
    "tool_use_input": "tool_use_input",
    "output_visible": "output",
    "output_reasoning": "output_reasoning",
}
"""Bucket of :class:`~claimbench.types.Usage` -> price class."""

FEE_CLASSES = {
    "web_search_requests": "web_search",
    "web_fetch_requests": "web_fetch",
    "file_search_requests": "storage_search",
    "code_execution_requests": "code_execution",
    "x_search_requests": "social_search",
}
TOKEN_FEES = {
    "output_audio_tokens": "output_audio",
    "output_image_tokens": "output_image",
    "explicit_cache_read_tokens": "cache_read_explicit",
}
NO_TOKENS = Usage(input_fresh=0, output_visible=0)
"""What a bill of requests looks at: no tokens, whether or not they are known."""
US_ONLY = Decimal("0.1")
"""What Anthropic adds to every token of a request whose inference stayed in the US
(``inference_geo``): https://platform.claude.com/docs/en/about-claude/pricing, data residency.
"""


def cost_of_usage(
    usage: Usage | None, terms: Terms, at_utc: datetime, tier: str = "standard"
) -> Cost:
    """Price the tokens of one attempt as of the moment it was sent.

    Args:
        usage: its tokens; None or unknown buckets make the amount unknown.
        terms: the arm's price, context and exchange rates.
        at_utc: when it was sent; chooses era, hour and exchange rate.
        tier: batch, flex, ... as billed.

    Returns:
        A cost in dollars; unknown: ``amount`` None with ``why_unknown``, and ``low`` and ``high``
        where only the hour's rates are in doubt (:class:`UnsureHour`).
    """
    if usage is not None and usage.doubted and not terms.price.per_request_only:
        return cost_of_doubted(usage, lambda one: cost_of_usage(one, terms, at_utc, tier))
    stamp = time_stamp(at_utc)
    price_id: str | None = terms.price.id
    try:
        price_id = terms.price.id_at(at_utc, tier)
        if terms.price.per_request_only:
            usage = NO_TOKENS
        if usage is None or usage.input_fresh is None or usage.output_visible is None:
            raise UnknownPrice(
                "the provider reported no usage"
                if usage is None or usage.source == "unknown"
                else "the provider's usage leaves a token class open"
            )
        parts = bill(usage, tariff_of(usage, terms, at_utc, tier))
    except UnsureHour as why:
        low, high = _between(usage, terms, at_utc, tier)
        return Cost(
            None,
            basis="list_price",
            price_id=price_id,
            priced_at=stamp,
            low=low,
            high=high,
            why_unknown=str(why),
        )
    except UnknownPrice as why:
        return Cost(
            None, basis="list_price", price_id=price_id, priced_at=stamp, why_unknown=str(why)
        )
    with localcontext(prec=DIGITS):
        amount = sum(parts.values(), ZERO)
    return Cost(amount, basis="list_price", price_id=price_id, priced_at=stamp, components=parts)


def _between(
    usage: Usage | None, terms: Terms, at_utc: datetime, tier: str
) -> tuple[Decimal | None, Decimal | None]:
    """Return the lowest and the highest bill of ``usage`` at the rates that may hold."""
    if usage is None:
        return None, None
    try:
        context = terms.context
        if terms.price.has_variant("mode", "thinking"):
            context = _thinking(usage, terms)
        scale = terms.scale(at_utc)
        bills: list[Decimal] = []
        for rates in terms.price.rates_possible(at_utc, tier, context):
            _check_rates(terms.price, rates, usage)
            parts = bill(usage, Tariff(terms.price.id, rates, scale))
            bills.append(sum(parts.values(), ZERO))
    except UnknownPrice:
        return None, None
    return min(bills), max(bills)


def as_billed(computed: Cost, billed_usd: Decimal) -> Cost:
    """Return the cost of an attempt whose provider says what it charged.

    That figure is preferred; its difference to the computed bill is a component of its own.
    """
    parts = dict(computed.components) if computed.amount is not None else {}
    with localcontext(prec=DIGITS):
        rest = billed_usd - sum(parts.values(), ZERO)
    name = "billed_minus_computed" if parts else "billed"
    return replace(
        computed,
        amount=billed_usd,
        basis="billed",
        why_unknown=None,
        components=parts | {name: rest},
    )


def tariff_of(usage: Usage, terms: Terms, at_utc: datetime, tier: str = "standard") -> Tariff:
    """Resolve what a request with that usage, sent at that moment, is billed at.

    Raises:
        UnknownPrice: the price cannot be known, or bills something that the usage does not show.
    """
    price = terms.price
    context = terms.context
    if price.has_variant("mode", "thinking"):
        context = _thinking(usage, terms)
    rates = price.rates_at(at_utc, tier, context)
    _check_rates(price, rates, usage)
    return Tariff(price.id, rates, terms.scale(at_utc))


def _check_rates(price: Price, rates: TokenRates, usage: Usage) -> None:
    """Refuse rates that bill something which the usage does not show."""
    if price.needs:
        raise UnknownPrice(
            f"{price.id} also bills {', '.join(price.needs)}, which the usage does not show"
        )
    if "output_reasoning" in rates and usage.output_reasoning is None:
        raise UnknownPrice(
            f"{price.id}: reasoning has its own price and the usage does not show it apart"
        )


def bill(usage: Usage, tariff: Tariff) -> dict[str, Decimal]:
    """Return dollars by bucket; buckets with no tokens are left out. Their sum is the bill,
    exactly.

    Raises:
        UnknownPrice: a class that was used has no price.
    """
    total = usage.input_total or 0
    parts: dict[str, Decimal] = {}
    with localcontext(prec=DIGITS):
        for bucket, name in CLASSES.items():
            count: int | None = getattr(usage, bucket)
            if count:
                parts[bucket] = count * tariff.rate(name).at(total) * tariff.scale / MILLION
        for fee, count in usage.fees:
            if count and fee in TOKEN_FEES:
                rate = tariff.rate(TOKEN_FEES[fee])
                parts[fee] = count * rate.at(total) * tariff.scale / MILLION
            elif count:
                parts[fee] = count * tariff.rate(FEE_CLASSES.get(fee, fee)).base * tariff.scale
        if "per_request" in tariff.rates:
            parts["per_request"] = tariff.rates["per_request"].base * tariff.scale
    return parts


def _thinking(usage: Usage, terms: Terms) -> Mapping[str, str] | None:
    """Decide whether the thinking price applies: as the arm states, else by whether reasoning
    tokens were reported.
    """
    context = terms.context or {}
    others = {k: v for k, v in context.items() if k != "mode"}
    mode = context.get("mode")
    if mode is None and usage.output_reasoning is None:
        raise UnknownPrice(
            f"{terms.price.id}: the output price depends on thinking, which the usage does not show"
            " (state cost.list.context: {mode: plain} or {mode: thinking})"
        )
    thought = mode == "thinking" if mode is not None else bool(usage.output_reasoning)
    return others | {"mode": "thinking"} if thought else others or None


def time_stamp(at_utc: datetime) -> str:
    """Return the moment as a cost carries it, in UTC and to the second."""
    return as_utc(at_utc).isoformat(timespec="seconds")


def billed_tier(usage_raw: Json, requested: str) -> str:
    """Return the tier that the provider says it served (``service_tier`` or ``trafficType`` in its
    usage), else the one asked for.

    An endpoint may serve a flex or priority request at the standard tier; it bills what it served.
    No call that is answered as it waits is part of a batch, whatever is said of it.
    """
    if not usage_raw or not isinstance(usage_raw, Mapping):
        return requested
    if usage_raw.get(SPEED_FIELD) == "fast" and requested != "batch":
        return "fast"
    served = tier_in(usage_raw)
    if served == "batch" and requested != "batch":
        return requested
    if served is None:
        slow = isinstance(usage_raw.get(SPEED_FIELD), str)
        return "standard" if slow and requested == "fast" else requested
    if served == "standard":
        # Anthropic reports "standard" for batch requests' tokens too; only a real-time tier can be
        # downgraded
        return requested if requested == "batch" else "standard"
    if {served, requested} == {"fast", "priority"}:
        return requested  # one tier of OpenAI's, by its old and its new name
    return served


def with_place(cost: Cost, usage_raw: Json, asked: str | None = None) -> Cost:
    """Return the cost with what the place of inference adds, where the usage states one that is
    billed apart, or states none and such a one was asked for.
    """
    stated = place_in(usage_raw) if isinstance(usage_raw, Mapping) else None
    factor = place_factor(stated or asked)
    if factor == 1:
        return cost
    if cost.amount is None:
        low = None if cost.low is None else cost.low * factor
        high = None if cost.high is None else cost.high * factor
        return replace(cost, low=low, high=high)
    more = cost.amount * US_ONLY
    return replace(
        cost, amount=cost.amount + more, components={**cost.components, "inference_geo": more}
    )


def place_factor(place: str | None) -> Decimal:
    """Return what a place of inference multiplies the bill by."""
    return 1 + US_ONLY if place == "us" else Decimal(1)


def as_cold(usage: Usage) -> Usage:
    """Return the same usage as a first request would have met it: every cached or cache-written
    token is fresh.
    """
    if usage.input_fresh is None:
        return usage
    fresh = usage.input_fresh + sum(
        n or 0 for n in (usage.cache_read, usage.cache_write_5m, usage.cache_write_1h)
    )
    return replace(
        usage, input_fresh=fresh, cache_read=None, cache_write_5m=None, cache_write_1h=None
    )


def sum_costs(costs: Iterable[Cost]) -> Cost:
    """Add up costs of one currency, component by component.

    Unknown amounts make the sum unknown; its range then adds known amounts and the ranges of the
    unknown ones, and an end that any of them lacks is unknown too.
    """
    amount, low, high = Decimal(0), Decimal(0), Decimal(0)
    bounded = [True, True]
    parts: dict[str, Decimal] = {}
    bases: dict[CostBasis, None] = {}  # in the order met, each once
    ids: dict[str, None] = {}
    why: dict[str, None] = {}
    stamp: str | None = None
    with localcontext(prec=DIGITS):
        for cost in costs:
            if cost.amount is not None:
                amount += cost.amount
            else:
                why[cost.why_unknown or "unknown"] = None
                bounded = [
                    bounded[0] and cost.low is not None,
                    bounded[1] and cost.high is not None,
                ]
                low += cost.low or 0
                high += cost.high or 0
            for name, part in cost.components.items():
                parts[name] = parts.get(name, ZERO) + part
            # a free retry has no price of its own to name
            if cost.basis and (cost.amount is None or cost.components or cost.amount > 0):
                bases[cost.basis] = None
            if cost.price_id:
                ids[cost.price_id] = None
            stamp = cost.priced_at or stamp
        low, high = amount + low, amount + high
    basis: CostBasis | None = (
        next(iter(bases)) if len(bases) == 1 else ("list_price" if bases or stamp else None)
    )
    return Cost(
        None if why else amount,
        basis=basis,
        price_id=" + ".join(ids) or None,
        priced_at=stamp,
        low=low if why and bounded[0] else None,
        high=high if why and bounded[1] else None,
        components=parts,
        why_unknown="; ".join(why) or None,
    )


def micro(amount: Decimal) -> Decimal:
    """Round to the micro-dollar, half to even; for display only."""
    with localcontext(prec=DIGITS):
        return amount.quantize(MICRO, rounding=ROUND_HALF_EVEN)


def in_doubt(cost: Cost) -> Cost:
    """Return the cost of a request of which nobody knows whether it was billed: nothing, or all."""
    why = "whether the request was billed is not known"
    return replace(cost, amount=None, low=ZERO, high=cost.amount, components={}, why_unknown=why)


def dearer(one: Cost, other: Cost) -> Cost:
    """Return the cost that may be higher; the first where the other is not known at all."""
    ends = most(one), most(other)
    if ends[1] is None:
        return one
    return other if ends[0] is None or ends[1] > ends[0] else one


def most(cost: Cost) -> Decimal | None:
    """Return what may be billed at most: the amount, else the high end; None where that is open."""
    return cost.high if cost.amount is None else cost.amount


def least(cost: Cost) -> Decimal:
    """Return what is surely billed: the amount, else the low end, else the parts that are known."""
    if cost.amount is not None:
        return cost.amount
    return sum(cost.components.values(), ZERO) if cost.low is None else cost.low


@dataclass(frozen=True, slots=True)
class Spent:
    """Dollars of many calls: ``known`` is surely billed, parts of open bills too.

    ``open``: calls whose bill is not known whole; ``more_at_most``: what they may add to ``known``,
    None where nothing bounds it. ``n``: all calls.
    """

    known: Decimal = ZERO
    n: int = 0
    open: int = 0
    more_at_most: Decimal | None = ZERO

    @property
    def usd(self) -> Decimal | None:
        """Return what is known of the sum; None where nothing is."""
        return self.known if self.known > 0 or self.n > self.open else None

    @property
    def note(self) -> str:
        """Say what may come on top; empty where nothing may."""
        if not self.open:
            return ""
        calls = f"{self.open:,} call{'s' if self.open > 1 else ''} of unknown cost"
        if self.more_at_most is None:
            return calls
        digits = max(2, 2 - self.more_at_most.adjusted()) if self.more_at_most else 2
        return f"{calls}: at most ${self.more_at_most:,.{digits}f} more"


def spent(costs: Iterable[Cost | None]) -> Spent:
    """Add up calls; None: nothing is known of it."""
    known, more, n, unsaid, bounded = ZERO, ZERO, 0, 0, True
    with localcontext(prec=DIGITS):
        for cost in costs:
            n += 1
            floor = ZERO if cost is None else least(cost)
            known += floor
            if cost is None or cost.amount is None:
                unsaid += 1
                bounded = bounded and cost is not None and cost.high is not None
                if cost is not None and cost.high is not None:
                    more += cost.high - floor
    return Spent(known, n, unsaid, more if bounded else None)
