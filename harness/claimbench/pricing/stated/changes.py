"""Single rates set by hand, as ``bench reprice --price ARM.RATE=AMOUNT`` states them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from claimbench.error_words import did_you_mean, one_of
from claimbench.errors import BenchError
from claimbench.pricing.arms import ArmPrice
from claimbench.pricing.hosts import (
    HOST_KEYS,
    NODE_KEYS,
    HostCost,
    host_to_json,
    parse_host,
    parse_training,
    training_to_json,
)
from claimbench.pricing.model import (
    MAX_RATE_AGE,
    TOKEN_CLASSES,
    UNIT_CLASSES,
    Era,
    FxRate,
    Price,
    Rate,
    Variant,
    Window,
    scaled,
)
from claimbench.pricing.stated.contract import contract_price
from claimbench.pricing.stated.values import read_amount
from claimbench.types import Arm

_NO_FIGURES = (
    "watts_source",
    "include_idle",
    "include_load",
    "source",
    "dated",
    "currency",
    "nodes",
)
HOST_FIGURES = tuple(key for key in HOST_KEYS if key not in _NO_FIGURES)
"""Figures of a machine."""
TRAINING_FIGURES = {"training_usd": "usd", "training_requests": "requests"}
API_FIGURES = ("discount", "surcharge", "usd_per_unit")
"""What scales a whole price: shares off and on, and dollars per unit of its currency."""


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
    known = (*TOKEN_CLASSES, *UNIT_CLASSES, *HOST_FIGURES, *TRAINING_FIGURES, *API_FIGURES)
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
        old = _trained(prices[arm], mine, f"--price {arm}")
        mine = {rate: usd for rate, usd in mine.items() if rate not in TRAINING_FIGURES}
        if not mine:
            changed[arm] = old
        elif old.host is not None:
            changed[arm] = replace(old, host=_host_with(old.host, mine, f"--price {arm}"))
        elif any(rate in HOST_FIGURES for rate in mine):
            raise BenchError(
                f"--price {arm}: an API arm has no"
                f" {', '.join(r for r in mine if r in HOST_FIGURES)}"
            )
        elif old.price is None or old.basis is None:
            stated = {k: usd for k, usd in mine.items() if k != "usd_per_unit"}
            price = contract_price(arms[arm], stated, f"--price {arm}")
            changed[arm] = replace(
                old,
                price=replace(price, id=f"override:{arm}"),
                basis="list_price",
                why_unknown=None,
            )
        else:
            changed[arm] = _repriced(old, old.price, mine, f"--price {arm}")
    return changed


def _trained(old: ArmPrice, figures: Mapping[str, Decimal], where: str) -> ArmPrice:
    """Return the arm's price with other figures of its fine-tune."""
    mine = {key: figures[name] for name, key in TRAINING_FIGURES.items() if name in figures}
    if not mine:
        return old
    data = {} if old.training is None else training_to_json(old.training)
    if "usd" in mine:
        data["usd"] = str(mine["usd"])
    if "requests" in mine:
        data["requests"] = int(mine["requests"])
    if "usd" not in data or "requests" not in data:
        raise BenchError(
            f"{where}: the arm states no training",
            hint="give both: --price ARM.training_usd=3000 --price ARM.training_requests=2000000",
        )
    return replace(old, training=parse_training(data, f"{where}.training"))


def _repriced(old: ArmPrice, price: Price, figures: Mapping[str, Decimal], where: str) -> ArmPrice:
    """Return an arm with other rates, another factor and another exchange rate."""
    rates = {name: usd for name, usd in figures.items() if name not in API_FIGURES}
    new = price if not rates else _price_with(price, rates)
    discount = figures.get("discount", Decimal(0))
    if discount >= 1:
        raise BenchError(f"{where}.discount is a share below 1, not {discount}")
    factor = (1 - discount) * (1 + figures.get("surcharge", Decimal(0)))
    if factor != 1:
        label = ",".join(f"{k}={figures[k]}" for k in ("discount", "surcharge") if k in figures)
        new = replace(
            scaled(new, factor), id=f"{new.id}+{label}", source=f"{new.source}; {label} set by hand"
        )
    if "usd_per_unit" not in figures:
        return replace(old, price=new)
    if price.currency == "USD":
        raise BenchError(f"{where}: the price is in USD, and has no usd_per_unit")
    rate = figures["usd_per_unit"]
    dates = [fx.dated for fx in old.fx if fx.currency == price.currency] or [date(2020, 1, 1)]
    by_hand = tuple(
        FxRate(price.currency, rate, min(dates) + n * MAX_RATE_AGE, "set by hand")
        for n in range(STEPS)
    )
    others = tuple(fx for fx in old.fx if fx.currency != price.currency)
    return replace(old, price=new, fx=(*others, *by_hand))


STEPS = 100
"""Quarters for which an exchange rate set by hand holds."""


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
    per_hour = [name for name in figures if name in NODE_KEYS]
    if host.nodes and per_hour:
        raise BenchError(
            f"{where}.{per_hour[0]}: the arm's machines are priced by node type (cost.host.nodes)",
            hint="one figure for all of them would not be theirs; change the suite's and run again",
        )
    return parse_host({**host_to_json(host), **{k: str(v) for k, v in figures.items()}}, where)
