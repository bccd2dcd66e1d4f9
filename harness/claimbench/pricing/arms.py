"""What an arm's requests cost: its ``cost`` mapping read, its price resolved, and the book frozen
with the run.

``cost:`` holds one of ``list`` (the price book; the default for endpoints), ``price`` (a contract)
or ``host`` (own or rented hardware), and optionally ``training`` (a fine-tune, amortised) and
``fx`` (dated exchange rates).
"""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from claimbench.errors import BenchError, IntegrityError
from claimbench.pricing.bill import billed_tier, cost_of_attempt
from claimbench.pricing.bills import Bills
from claimbench.pricing.book import PriceBook
from claimbench.pricing.ceiling import TokenBound, reserve
from claimbench.pricing.codec import fx_from_json, fx_to_json, price_from_json, price_to_json
from claimbench.pricing.hosts import (
    HostCost,
    Training,
    host_to_json,
    parse_host,
    parse_training,
    training_to_json,
)
from claimbench.pricing.model import TIERS, Era, FxRate, Price, Rate, money, scaled
from claimbench.types import Arm, Attempt, Cost, CostBasis, Json, Request, Suite

SCHEMA = 1
"""Version of the frozen book. History: 1 = first."""

COST_KEYS = ("list", "price", "host", "training", "fx")
LIST_KEYS = ("provider", "model", "tier", "context", "discount", "surcharge", "source", "dated")
CONTRACT_RATES = (
    "input",
    "output",
    "cache_read",
    "cache_write_5m",
    "cache_write_1h",
    "output_reasoning",
    "per_request",
)
PRICE_KEYS = (
    *CONTRACT_RATES,
    "long_context",
    "currency",
    "discount",
    "surcharge",
    "source",
    "dated",
)
IN_PROCESS = ("llama_cpp",)
"""Providers that run a model on this machine: no seller lists a price for them."""


REPLAY = "replay"
"""The provider of stored answers: priced at what they would have cost, and billed by nobody."""


@dataclass(frozen=True, slots=True)
class ArmPrice:
    """How an arm's attempts are priced; the unit that is frozen with a run.

    ``basis`` is ``list_price`` or ``host_time``; None with ``why_unknown`` and, where there are
    any, ``candidates``.
    """

    arm: str
    basis: CostBasis | None
    price: Price | None = None
    host: HostCost | None = None
    tier: str = "standard"
    context: Mapping[str, str] | None = None
    training: Training | None = None
    fx: tuple[FxRate, ...] = ()
    why_unknown: str | None = None
    candidates: tuple[str, ...] = ()

    @property
    def known(self) -> bool:
        """Whether dollars can be said of the arm at all."""
        return self.basis is not None

    def reserve(
        self, request: Request, at_utc: datetime, bills: Bills | None = None
    ) -> Decimal | None:
        """Return the most that one attempt can add to a bill; None if unknown. ``bills``: as in
        :meth:`cost`.

        A machine of one's own bills nothing per request: its reservation is 0, and its hours are
        reported as cost.
        """
        if self.host is not None:
            return Decimal(0)
        return reserve(
            request,
            self.price,
            at_utc,
            tier=self.tier,
            context=self.context,
            fx=self.fx,
            bills=bills,
        )

    def cost(
        self,
        attempt: Attempt,
        at_utc: datetime,
        *,
        busy_s: float | None = None,
        bound: TokenBound | None = None,
        bills: Bills | None = None,
    ) -> Cost:
        """Price one attempt sent at ``at_utc``.

        Args:
            attempt: as recorded.
            at_utc: when it was sent, or the moment whose prices are asked for.
            busy_s: host arms: its share of machine seconds (default: sent to ended; see
                ``hostcost.busy_shares``).
            bound: the most the request could have been billed for, if its usage is unknown.
            bills: those of the arm's attempts priced so far, for whoever prices many.
        """
        if self.host is not None:
            timing = attempt.timing
            seconds = (timing.ended_ns - timing.sent_ns) / 1e9 if busy_s is None else busy_s
            stamp = at_utc.isoformat(timespec="seconds")
            parts = self.host.parts(seconds)
            return Cost(
                sum(parts.values(), Decimal(0)),
                basis="host_time",
                price_id=f"host:{self.arm}",
                priced_at=stamp,
                components=parts,
            )
        return cost_of_attempt(
            attempt.usage,
            self.price,
            at_utc,
            tier=billed_tier(attempt.usage_raw, self.tier),
            context=self.context,
            fx=self.fx,
            billed_usd=attempt.billed_usd,
            billable=attempt.billable,
            bound=bound,
            reserved_usd=attempt.reserved_usd,
            why_unknown=self.why_unknown,
            bills=bills,
        )


@dataclass(frozen=True, slots=True)
class FrozenBook:
    """The prices used in a run, as text, with its hash. Costs after the run come from here and
    nowhere else.
    """

    text: str
    sha256: str


def resolve_arm(arm: Arm, book: PriceBook) -> ArmPrice:
    """Find how ``arm`` is priced. A price that cannot be found is not an error here:
    ``why_unknown`` says why.

    Raises:
        BenchError: the ``cost`` mapping itself is wrong.
    """
    where = f"arms.{arm.name}.cost"
    model: Mapping[str, Any] = arm.cost_model
    _known(model, COST_KEYS, where)
    kinds = [k for k in ("list", "price", "host") if k in model]
    if len(kinds) > 1:
        raise BenchError(f"{where}: state one of list, price and host, not {' and '.join(kinds)}")
    kind = kinds[0] if kinds else ("none" if arm.provider in IN_PROCESS else "list")
    fx = (*book.fx, *(fx_from_json(r) for r in _rows(model.get("fx"), f"{where}.fx")))
    training = (
        None
        if model.get("training") is None
        else parse_training(model["training"], f"{where}.training")
    )
    base = ArmPrice(arm.name, None, fx=fx, training=training)
    settings = _section(model, kind, where)
    if kind == "none":
        return replace(
            base, why_unknown="no cost stated for a local arm: add cost.host with usd_per_hour"
        )
    if kind == "host":
        return replace(base, basis="host_time", host=parse_host(settings, f"{where}.host"))
    if kind == "price":
        price = contract_price(arm, settings, f"{where}.price")
        why = "a contract price of $0 is not a price to compare with" if price.free else None
        return replace(
            base, basis=None if price.free else "list_price", price=price, why_unknown=why
        )
    return _listed(arm, book, settings, base, f"{where}.list")


def contract_price(arm: Arm, data: Mapping[str, Any], where: str) -> Price:
    """Read ``cost.price``: rates per million tokens, in ``currency``, from ``source`` as ``dated``.

    Raises:
        BenchError: an unknown key, no input or output rate, or an amount that is none.
    """
    _known(data, PRICE_KEYS, where)
    missing = [k for k in ("input", "output") if data.get(k) is None]
    if missing:
        raise BenchError(f"{where} lacks {' and '.join(missing)} (dollars per million tokens)")
    long = data.get("long_context") or {}
    _known(long, ("above", *CONTRACT_RATES), f"{where}.long_context")
    if long and not (isinstance(long.get("above"), int) and long["above"] > 0):
        raise BenchError(
            f"{where}.long_context.above: from how many input tokens? Seen: {long.get('above')!r}"
        )
    rates = {}
    for key in CONTRACT_RATES:
        if data.get(key) is not None:
            above = (
                ((long["above"], money(long[key], f"{where}.long_context.{key}")),)
                if key in long
                else ()
            )
            rates[key] = Rate(money(data[key], f"{where}.{key}"), above)
    free = not any(r.base for r in rates.values())
    price = Price(
        id=f"suite:{arm.name}",
        model=arm.model,
        provider=arm.provider,
        eras=(Era(None, rates),),
        currency=str(data.get("currency", "USD")).upper(),
        source=str(data.get("source") or "stated in the suite"),
        dated=None if data.get("dated") is None else str(data["dated"]),
        free=free,
    )
    return scaled(price, _factor(data, where))


def _listed(
    arm: Arm, book: PriceBook, data: Mapping[str, Any], base: ArmPrice, where: str
) -> ArmPrice:
    _known(data, LIST_KEYS, where)
    tier = str(data.get("tier", "standard"))
    if tier not in TIERS:
        raise BenchError(
            f"{where}.tier: no such price tier: {tier!r}", hint=f"Tiers: {', '.join(TIERS)}."
        )
    context = data.get("context")
    if context is not None and not isinstance(context, Mapping):
        raise BenchError(f"{where}.context must be a mapping, not {context!r}")
    found = book.resolve(
        str(data.get("model") or arm.model), provider=_seller(arm, data), base_url=arm.base_url
    )
    base = replace(
        base,
        tier=tier,
        context=None if context is None else {str(k): str(v) for k, v in context.items()},
    )
    if found.price is None:
        return replace(base, why_unknown=found.why_unknown, candidates=found.candidates)
    if found.price.free:
        why = f"{found.price.id} is a free offer ($0), which is not a price to compare with"
        return replace(base, price=found.price, why_unknown=why)
    return replace(base, basis="list_price", price=scaled(found.price, _factor(data, where)))


def _seller(arm: Arm, data: Mapping[str, Any]) -> str | None:
    """Return the seller as far as the arm names one; the model's prefix or the base URL may name it
    otherwise.
    """
    if data.get("provider"):
        return str(data["provider"])
    if arm.base_url is not None or arm.provider in ("litellm", "compatible", "scripted", REPLAY):
        return None
    return arm.provider


def _factor(data: Mapping[str, Any], where: str) -> Decimal:
    discount = money(data.get("discount", 0), f"{where}.discount")
    if discount >= 1:
        raise BenchError(
            f"{where}.discount is a share below 1, not {discount}",
            hint="15 % off is discount: 0.15.",
        )
    surcharge = money(data.get("surcharge", 0), f"{where}.surcharge")
    return (1 - discount) * (1 + surcharge)


def _section(model: Mapping[str, Any], kind: str, where: str) -> Mapping[str, Any]:
    section = model.get(kind) or {}
    if not isinstance(section, Mapping):
        raise BenchError(f"{where}.{kind} must be a mapping, not {section!r}")
    return section


def _rows(value: Json, where: str) -> Sequence[Mapping[str, Any]]:
    rows = value or []
    if not isinstance(rows, Sequence) or not all(isinstance(r, Mapping) for r in rows):
        raise BenchError(
            f"{where} must be a list of {{currency, usd_per_unit, dated, source}}, not {value!r}"
        )
    return rows


def _known(data: Mapping[str, Any], keys: Sequence[str], where: str) -> None:
    for key in data:
        if key not in keys:
            near = difflib.get_close_matches(str(key), keys, 1)
            raise BenchError(
                f"{where}: no such key: {key!r}" + (f"; did you mean {near[0]!r}?" if near else ""),
                hint=f"Keys: {', '.join(keys)}.",
            )


# --- the book of a run ----------------------------------------------------------------------------


def freeze_suite(suite: Suite, book: PriceBook, at_utc: datetime) -> FrozenBook:
    """Resolve every arm and judge of ``suite`` and freeze the entries used, with their whole
    history.
    """
    sources = ["suite"]
    prices = [resolve_arm(arm, book) for arm in suite.asked]
    if (
        any(p.price is not None and p.price.id.startswith("genai-prices") for p in prices)
        and book.genai is not None
    ):
        sources.append(book.genai.label)
    return freeze(prices, at_utc, sources)


def freeze(prices: Sequence[ArmPrice], at_utc: datetime, sources: Sequence[str] = ()) -> FrozenBook:
    """Freeze arm prices: JSON text and its SHA-256."""
    content = {
        "schema": SCHEMA,
        "frozen_utc": at_utc.astimezone(UTC).isoformat(timespec="seconds"),
        "sources": list(sources),
        "arms": {p.arm: _arm_to_json(p) for p in prices},
    }
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, indent=1)
    return FrozenBook(text, hashlib.sha256(text.encode()).hexdigest())


def thaw(text: str, sha256: str | None = None) -> dict[str, ArmPrice]:
    """Read a frozen book: arm -> price.

    Raises:
        IntegrityError: the text is not what its hash says.
        BenchError: written by a newer version.
    """
    if sha256 is not None and hashlib.sha256(text.encode()).hexdigest() != sha256:
        raise IntegrityError(
            "the frozen price book does not match its hash",
            hint="Restore it from the run's bundle.",
        )
    content = json.loads(text)
    if content.get("schema") != SCHEMA:
        raise BenchError(
            f"price book of schema {content.get('schema')!r}; this version reads {SCHEMA}"
        )
    return {name: _arm_from_json(name, data) for name, data in content["arms"].items()}


def _arm_to_json(price: ArmPrice) -> dict[str, Json]:
    return {
        "basis": price.basis,
        "price": None if price.price is None else price_to_json(price.price),
        "host": None if price.host is None else host_to_json(price.host),
        "tier": price.tier,
        "context": None if price.context is None else dict(price.context),
        "training": None if price.training is None else training_to_json(price.training),
        "fx": [fx_to_json(r) for r in price.fx],
        "why_unknown": price.why_unknown,
        "candidates": list(price.candidates),
    }


def _arm_from_json(name: str, data: Mapping[str, Any]) -> ArmPrice:
    where = f"price book: {name}"
    return ArmPrice(
        arm=name,
        basis=data["basis"],
        price=None if data["price"] is None else price_from_json(data["price"]),
        host=None if data["host"] is None else parse_host(data["host"], where),
        tier=data["tier"],
        context=data["context"],
        training=None if data["training"] is None else parse_training(data["training"], where),
        fx=tuple(fx_from_json(r) for r in data["fx"]),
        why_unknown=data["why_unknown"],
        candidates=tuple(data["candidates"]),
    )


def day_of(text: str | date) -> date:
    """Read a date as written on the command line or in YAML.

    Raises:
        BenchError: not a date.
    """
    if isinstance(text, date):
        return text
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BenchError(f"not a date: {text!r}", hint="Dates are written 2026-05-01.") from None
