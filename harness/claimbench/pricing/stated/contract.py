"""A contract's price: ``cost.price`` of an arm, or of a what-if, read into rates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from claimbench.errors import BenchError
from claimbench.pricing.asked import Asked
from claimbench.pricing.model import (
    CONTRACT,
    TIERS,
    TOKEN_CLASSES,
    UNIT_CLASSES,
    Era,
    Price,
    Rate,
    Variant,
    scaled,
    tier_contexts,
)
from claimbench.pricing.stated.values import (
    bills_requests,
    check_keys,
    factor_of,
    read_amount,
    read_day,
)
from claimbench.types import Arm, Json

CONTRACT_RATES = (*TOKEN_CLASSES, *UNIT_CLASSES)
CONTRACT_TIERS = tuple(tier for tier in TIERS if tier != "standard")
PRICE_KEYS = (
    *CONTRACT_RATES,
    *CONTRACT_TIERS,
    "tier",
    "long_context",
    "currency",
    "discount",
    "surcharge",
    "source",
    "dated",
)


def contract_price(arm: Arm, data: Mapping[str, Any], where: str) -> Price:
    """Read ``cost.price``: rates per million tokens, in ``currency``, from ``source`` as ``dated``.

    ``per_request`` alone is a price too: of a system that bills requests, whatever their tokens.

    Raises:
        BenchError: an unknown key, no input or output rate, or an amount that is none.
    """
    check_keys(data, PRICE_KEYS, where)
    missing = [k for k in ("input", "output") if data.get(k) is None]
    if missing and not bills_requests(data, (*CONTRACT_RATES, *CONTRACT_TIERS, "long_context")):
        raise BenchError(
            f"{where} lacks {' and '.join(missing)} (dollars per million tokens)",
            hint="a system that bills requests, not tokens: per_request alone",
        )
    long = _long_context(data.get("long_context"), where)
    rates = _rates(data, long, where)
    variants: list[Variant] = []
    for tier in CONTRACT_TIERS:
        if data.get(tier) is None:
            continue
        place = f"{where}.{tier}"
        section = data[tier]
        if not isinstance(section, Mapping):
            raise BenchError(f"{place} must be a mapping of rates, not {section!r}")
        check_keys(section, (*CONTRACT_RATES, "long_context"), place)
        steps = _long_context(section.get("long_context"), place)
        own = _rates(section, steps, place)
        variants += [Variant(dict(when), own) for when in tier_contexts(tier)[:1]]
    free = not any(r.base for r in rates.values())
    price = Price(
        id=f"{CONTRACT}{arm.name}",
        model=arm.model,
        provider=arm.provider,
        eras=(Era(None, rates),),
        variants=tuple(variants),
        currency=str(data.get("currency", "USD")).upper(),
        source=str(data.get("source") or "stated in the suite"),
        dated=read_day(data.get("dated"), f"{where}.dated"),
        free=free,
    )
    return scaled(price, factor_of(data, where))


def _long_context(value: Json, where: str) -> list[Mapping[str, Any]]:
    """Read ``long_context``: one step, or a list of them, by the input tokens they begin above."""
    steps = value if isinstance(value, Sequence) and not isinstance(value, str) else [value or {}]
    found: list[Mapping[str, Any]] = []
    for step in steps:
        if not isinstance(step, Mapping):
            raise BenchError(f"{where}.long_context must be a mapping of rates, not {step!r}")
        if not step:
            continue
        check_keys(step, ("above", *CONTRACT_RATES), f"{where}.long_context")
        above = step.get("above")
        if not isinstance(above, int) or isinstance(above, bool) or above <= 0:
            raise BenchError(
                f"{where}.long_context.above: from how many input tokens? Seen: {above!r}"
            )
        found.append(step)
    return sorted(found, key=lambda step: int(step["above"]))


def _rates(
    data: Mapping[str, Any], steps: Sequence[Mapping[str, Any]], where: str
) -> dict[str, Rate]:
    rates: dict[str, Rate] = {}
    for key in CONTRACT_RATES:
        if data.get(key) is None:
            continue
        above: list[tuple[int, Decimal]] = []
        for step in steps:
            if step.get(key) is not None:
                usd = read_amount(step[key], f"{where}.long_context.{key}")
                above.append((int(step["above"]), usd))
        rates[key] = Rate(read_amount(data[key], f"{where}.{key}"), tuple(above))
    return rates


def contract_tier(price: Price, settings: Mapping[str, Any], asked: Asked, where: str) -> str:
    """Return the tier that a contract's requests are billed at: as it states, else as the arm asks
    for, where the contract prices that apart.
    """
    stated = settings.get("tier")
    if stated is not None and stated not in TIERS:
        raise BenchError(
            f"{where}.tier: no such price tier: {stated!r}", hint=f"Tiers: {', '.join(TIERS)}."
        )
    tier = str(stated or asked.tier or "standard")
    if prices_apart(price, tier):
        return tier
    if stated not in (None, "standard"):
        raise BenchError(
            f"{where}.tier is {stated}, and the contract states no {stated} rates",
            hint=f"Add {stated}: {{input: ..., output: ...}}.",
        )
    return "standard"


def prices_apart(price: Price, tier: str) -> bool:
    """Return whether a price holds rates of its own for a tier."""
    return any(dict(v.when) in [dict(c) for c in tier_contexts(tier)] for v in price.variants)
