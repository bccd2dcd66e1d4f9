"""Single rates set by hand, as ``bench reprice --price ARM.RATE=AMOUNT`` states them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from claimbench.error_words import did_you_mean, one_of
from claimbench.errors import BenchError
from claimbench.pricing.arms import ArmPrice, contract_price
from claimbench.pricing.hosts import HostCost, host_to_json, parse_host
from claimbench.pricing.model import (
    TOKEN_CLASSES,
    UNIT_CLASSES,
    Era,
    Price,
    Rate,
    Variant,
    Window,
)
from claimbench.pricing.stated import read_amount
from claimbench.types import Arm

HOST_FIGURES = (
    "usd_per_hour",
    "utilisation",
    "watts",
    "usd_per_kwh",
    "purchase_usd",
    "staff_usd_per_hour",
)


@dataclass(frozen=True, slots=True)
class RateChange:
    """``ARM.RATE=AMOUNT`` from the command line."""

    arm: str
    rate: str
    amount: Decimal


def parse_change(text: str, arms: Sequence[str]) -> RateChange:
    """Read ``ARM.RATE=AMOUNT``. An arm's name may hold dots; the rate is what follows the last one.

    Raises:
        BenchError: not of that form, no such arm, no such rate, or no amount.
    """
    left, equals, amount = text.partition("=")
    arm, dot, rate = left.rpartition(".")
    if not equals or not dot:
        raise BenchError(
            f"--price {text}: not of the form ARM.RATE=AMOUNT",
            hint="for example --price gpt.output=8",
        )
    if arm not in arms:
        raise BenchError(f"--price {text}: no arm {arm!r} in this run{did_you_mean(arm, arms)}")
    known = (*TOKEN_CLASSES, *UNIT_CLASSES, *HOST_FIGURES)
    if rate not in known:
        raise BenchError(
            f"--price {text}: no such rate: {rate!r}{did_you_mean(rate, known)}",
            hint=one_of(known, 99),
        )
    return RateChange(arm, rate, read_amount(amount, f"--price {text}"))


def change_rates(
    prices: Mapping[str, ArmPrice], changes: Sequence[RateChange], arms: Mapping[str, Arm]
) -> dict[str, ArmPrice]:
    """Return prices with single rates set: flat, at every hour, tier and date.

    An arm whose price is unknown gets one if both input and output are given.

    Raises:
        BenchError: a rate that the arm's kind of cost does not have.
    """
    changed = dict(prices)
    for arm in dict.fromkeys(c.arm for c in changes):
        mine = {c.rate: c.amount for c in changes if c.arm == arm}
        old = prices[arm]
        if old.host is not None:
            changed[arm] = replace(old, host=_host_with(old.host, mine, f"--price {arm}"))
        elif any(rate in HOST_FIGURES for rate in mine):
            raise BenchError(
                f"--price {arm}: an API arm has no"
                f" {', '.join(r for r in mine if r in HOST_FIGURES)}"
            )
        elif old.price is None or old.basis is None:
            price = contract_price(arms[arm], dict(mine), f"--price {arm}")
            changed[arm] = replace(
                old,
                price=replace(price, id=f"override:{arm}"),
                basis="list_price",
                why_unknown=None,
            )
        else:
            changed[arm] = replace(old, price=_price_with(old.price, mine))
    return changed


def _price_with(price: Price, rates: Mapping[str, Decimal]) -> Price:
    new = {name: Rate(amount) for name, amount in rates.items()}

    def without(old: Mapping[str, Rate]) -> dict[str, Rate]:
        return {k: r for k, r in old.items() if k not in new}

    def window(w: Window) -> Window:
        return replace(w, rates=without(w.rates))

    def era(e: Era) -> Era:
        return replace(e, rates={**e.rates, **new}, windows=tuple(window(w) for w in e.windows))

    variants = tuple(Variant(v.when, without(v.rates), v.start) for v in price.variants)
    label = ",".join(f"{k}={v}" for k, v in rates.items())
    return replace(
        price,
        id=f"{price.id}+{label}",
        eras=tuple(era(e) for e in price.eras),
        variants=variants,
        source=f"{price.source}; {label} set by hand",
    )


def _host_with(host: HostCost, figures: Mapping[str, Decimal], where: str) -> HostCost:
    alien = [name for name in figures if name not in HOST_FIGURES]
    if alien:
        raise BenchError(
            f"{where}: a local arm has no {alien[0]} rate", hint=f"It has: {one_of(HOST_FIGURES)}."
        )
    return parse_host({**host_to_json(host), **{k: str(v) for k, v in figures.items()}}, where)
