"""What an arm's requests cost: its ``cost`` mapping read and its price resolved.

``cost:`` holds one of ``list`` (the price book; the default for endpoints), ``price`` (a contract)
or ``host`` (own or rented hardware), and optionally ``training`` (a fine-tune, amortised) and
``fx`` (dated exchange rates).
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from claimbench.errors import BenchError
from claimbench.pricing.asked import NOTHING_ASKED, Asked, asked_by
from claimbench.pricing.bill import as_billed, billed_tier, place_factor, time_stamp, with_place
from claimbench.pricing.bills import Bills
from claimbench.pricing.bounds.ceiling import TokenBound, token_bound
from claimbench.pricing.hosts import (
    HostCost,
    Training,
    host_in_dollars,
    parse_host,
    parse_training,
)
from claimbench.pricing.model import (
    TIERS,
    TOKEN_CLASSES,
    UNIT_CLASSES,
    ZERO,
    Era,
    FxRate,
    Price,
    Rate,
    Terms,
    UnknownPrice,
    Variant,
    scaled,
    tier_contexts,
)
from claimbench.pricing.price_lists.book import PriceBook
from claimbench.pricing.price_lists.codec import fx_from_json
from claimbench.pricing.price_lists.regions import asked_elsewhere
from claimbench.pricing.stated import check_keys, read_amount, read_day
from claimbench.types import Arm, Attempt, Cost, CostBasis, Json, Request, Usage

COST_KEYS = ("list", "price", "host", "training", "fx")
LIST_KEYS = ("provider", "model", "tier", "context", "discount", "surcharge", "source", "dated")
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
IN_PROCESS = ("llama_cpp",)
"""Providers that run a model on this machine: no seller lists a price for them."""


LEAST = TokenBound(1, 1)
"""Of any request: whether a price can be said at all."""

CONTRACT = "suite:"
"""Begins the id of a price that the suite states."""

REPLAY = "replay"
"""The provider of stored answers: priced at what they would have cost, and billed by nobody."""


@dataclass(frozen=True, slots=True)
class ArmPrice:
    """The price of an arm's attempts; the unit that is frozen with a run.

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
    asked: Asked = NOTHING_ASKED
    """What the arm's own requests ask for that changes the bill."""
    _bills: Bills | None = field(init=False, repr=False, compare=False)
    _is_contract: bool = field(init=False, repr=False, compare=False)
    _one_tier: str | None = field(init=False, repr=False, compare=False)
    """The only tier that a request may be billed at; None: there are several."""

    def __post_init__(self) -> None:
        # remembers bills under exactly these terms: ``replace`` makes a new one
        bills = None if self.price is None else Bills(Terms(self.price, self.context, self.fx))
        object.__setattr__(self, "_bills", bills)
        contract = self.price is not None and self.price.id.startswith(CONTRACT)
        object.__setattr__(self, "_is_contract", contract)
        tiers = self._tiers()
        usual = len(tiers) == 1 and (contract or tiers[0] in ("standard", "batch"))
        object.__setattr__(self, "_one_tier", tiers[0] if usual else None)

    @property
    def known(self) -> bool:
        """Whether dollars can be said of the arm at all."""
        return self.basis is not None

    def reserve(self, request: Request, at_utc: datetime, arm: Arm | None = None) -> Decimal | None:
        """Return the most that one attempt can add to a bill; None if unknown. ``arm``: whose
        further fields go out with the request.

        A machine of one's own bills nothing per request: its reservation is 0, and its hours are
        reported as cost.
        """
        if self.host is not None:
            return ZERO
        if self.price is None:
            return None
        return self._at_most(token_bound(request, arm), at_utc)

    def why_unbounded(self, at_utc: datetime, bound: TokenBound = LEAST) -> str | None:
        """Return why a request sent now, within ``bound``, could cost dollars that nobody can
        bound; None where they can be.
        """
        if self.host is not None:
            return None
        if self._bills is None:
            return self.why_unknown or "price unknown"
        try:
            for tier in self._tiers():
                self._bills.at_most(bound, at_utc, tier)
        except UnknownPrice as why:
            return str(why)
        return None

    def cost(
        self,
        attempt: Attempt,
        at_utc: datetime,
        *,
        busy_s: float | None = None,
        bound: TokenBound | None = None,
    ) -> Cost:
        """Price one attempt sent at ``at_utc``.

        Args:
            attempt: as recorded. What its provider says it charged is preferred; a $0 charge is an
                allowance, not a price: the list price stands in for it. Where the provider
                documents that it does not charge (a 429, a refused connection), it costs nothing.
            at_utc: when it was sent, or the moment whose prices are asked for.
            busy_s: host arms: its share of machine seconds (default: sent to ended; see
                :func:`claimbench.pricing.hosts.busy_shares`).
            bound: the most the request could have been billed for, if its usage is unknown; without
                it the dollars reserved before sending bound the bill.

        Returns:
            A cost in dollars. Unknown: ``amount`` None with ``why_unknown``, and ``low``/``high``
            where they are known.
        """
        if self.host is not None:
            return self._machine_cost(self.host, attempt, at_utc, busy_s)
        if attempt.billable == "no":
            return Cost(ZERO, basis="list_price", priced_at=time_stamp(at_utc))
        computed = self.served_cost(attempt.usage, attempt.usage_raw, at_utc)
        if attempt.billed_usd is not None and attempt.billed_usd > 0:
            return as_billed(computed, attempt.billed_usd)
        if computed.amount is not None or computed.high is not None:
            return computed
        high = self._highest(attempt, at_utc, bound)
        return replace(computed, low=None if high is None else ZERO, high=high)

    def _highest(
        self, attempt: Attempt, at_utc: datetime, bound: TokenBound | None
    ) -> Decimal | None:
        """Return the most that an attempt of unknown cost can have cost; None where no figure would
        surely hold the truth.
        """
        usage = attempt.usage
        tier = self._served_tier(attempt.usage_raw)
        if usage is not None and usage.input_fresh is not None and usage.output_visible is not None:
            # The tokens are known and their price is not: what was set aside says nothing of it.
            if usage.fees or self.price is None or self.price.needs:
                return None
            named = ("image", "audio", "cache_write_1h")
            classes = tuple(name for name in named if getattr(usage, name))
            spent = TokenBound(usage.input_total or 0, usage.output_total or 0, classes)
            return self._at_most(spent, at_utc, tier)
        if bound is None or self.price is None:
            return attempt.reserved_usd
        return self._at_most(bound, at_utc, tier)

    def served_cost(self, usage: Usage | None, usage_raw: Json, at_utc: datetime) -> Cost:
        """Price tokens as of a moment, by the tier and the place that the usage object states."""
        cost = self.list_cost(usage, at_utc, self._served_tier(usage_raw))
        return with_place(cost, usage_raw, self.asked.place)

    def _served_tier(self, usage_raw: Json) -> str:
        """Return the tier whose rates hold; a contract's are those of what the arm asks for."""
        if not self._is_contract:
            return billed_tier(usage_raw, self.tier)
        wanted = self.asked.tier or self.tier
        served = billed_tier(usage_raw, wanted)
        if self.tier != "standard" or (self.price and _prices_apart(self.price, served)):
            return served
        return self.tier if served in (wanted, "standard") else served

    def _tiers(self) -> tuple[str, ...]:
        """Return the tiers that a request may be billed at: as stated and as asked for."""
        if self._is_contract:
            # a flex or priority request may be served, and billed, at the usual rates
            usual = () if self.tier in ("standard", "batch") else ("standard",)
            return (self.tier, *usual)
        if self.asked.tier is None:
            return (self.tier,)
        return tuple(dict.fromkeys((self.tier, self.asked.tier)))

    def list_cost(self, usage: Usage | None, at_utc: datetime, tier: str | None = None) -> Cost:
        """Price tokens as of a moment by the arm's price alone; ``tier``: as billed, if it is not
        the arm's own.
        """
        if self._bills is None:
            return Cost(
                None,
                basis="list_price",
                priced_at=time_stamp(at_utc),
                why_unknown=self.why_unknown or "price unknown",
            )
        return self._bills.cost(usage, at_utc, tier or self.tier)

    def _at_most(self, bound: TokenBound, at_utc: datetime, *served: str) -> Decimal | None:
        """Return the dearest bill of all tiers that may be served; None where one has no price."""
        if self._bills is None:
            return None
        if not served and self._one_tier is not None:  # as nearly all arms are
            try:
                most = self._bills.at_most(bound, at_utc, self._one_tier)
            except UnknownPrice:
                return None
            return most if self.asked.place is None else most * place_factor(self.asked.place)
        tiers = {*self._tiers(), *served}
        try:
            found = [self._bills.at_most(bound, at_utc, tier) for tier in tiers]
        except UnknownPrice:
            return None
        if not tiers <= {"standard", "batch"} and not self._is_contract:
            # Flex and priority requests may be served, and billed, at the usual tier.
            with contextlib.suppress(UnknownPrice):
                found.append(self._bills.at_most(bound, at_utc, "standard"))
        most = max(found)
        return most if self.asked.place is None else most * place_factor(self.asked.place)

    def _machine_cost(
        self, host: HostCost, attempt: Attempt, at_utc: datetime, busy_s: float | None
    ) -> Cost:
        timing = attempt.timing
        seconds = (timing.ended_ns - timing.sent_ns) / 1e9 if busy_s is None else busy_s
        parts = host.parts(seconds)
        return Cost(
            sum(parts.values(), ZERO),
            basis="host_time",
            price_id=f"host:{self.arm}",
            priced_at=at_utc.isoformat(timespec="seconds"),
            components=parts,
        )


def resolve_arm(arm: Arm, book: PriceBook) -> ArmPrice:
    """Find how ``arm`` is priced. A price that cannot be found is not an error here:
    ``why_unknown`` says why.

    Raises:
        BenchError: the ``cost`` mapping itself is wrong.
    """
    where = f"arms.{arm.name}.cost"
    model: Mapping[str, Any] = arm.cost_model
    check_keys(model, COST_KEYS, where)
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
    base = ArmPrice(arm.name, None, fx=fx, training=training, asked=asked_by(arm))
    settings = _section(model, kind, where)
    if kind == "none":
        return replace(
            base, why_unknown="no cost stated for a local arm: add cost.host with usd_per_hour"
        )
    if kind == "host":
        return _hosted(base, settings, f"{where}.host")
    if kind == "price":
        price = contract_price(arm, settings, f"{where}.price")
        why = "a contract price of $0 is not a price to compare with" if price.free else None
        tier = _contract_tier(price, settings, base.asked, f"{where}.price")
        basis: CostBasis | None = None if price.free else "list_price"
        return replace(base, basis=basis, price=price, tier=tier, why_unknown=why)
    return _listed(arm, book, settings, base, f"{where}.list")


def _hosted(base: ArmPrice, data: Mapping[str, Any], where: str) -> ArmPrice:
    """Read a host, its amounts in dollars at today's rate; what is stored with a run is in
    dollars.
    """
    try:
        dollars = host_in_dollars(data, base.fx, where, datetime.now(UTC))
    except UnknownPrice as why:
        return replace(base, why_unknown=str(why))
    return replace(base, basis="host_time", host=parse_host(dollars, where))


def contract_price(arm: Arm, data: Mapping[str, Any], where: str) -> Price:
    """Read ``cost.price``: rates per million tokens, in ``currency``, from ``source`` as ``dated``.

    Raises:
        BenchError: an unknown key, no input or output rate, or an amount that is none.
    """
    check_keys(data, PRICE_KEYS, where)
    missing = [k for k in ("input", "output") if data.get(k) is None]
    if missing:
        raise BenchError(f"{where} lacks {' and '.join(missing)} (dollars per million tokens)")
    long = _long_context(data.get("long_context"), where)
    rates = _contract_rates(data, long, where)
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
        own = _contract_rates(section, steps, place)
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
    return scaled(price, _factor(data, where))


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


def _contract_rates(
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


def _contract_tier(price: Price, settings: Mapping[str, Any], asked: Asked, where: str) -> str:
    """Return the tier that a contract's requests are billed at: as it states, else as the arm asks
    for, where the contract prices that apart.
    """
    stated = settings.get("tier")
    if stated is not None and stated not in TIERS:
        raise BenchError(
            f"{where}.tier: no such price tier: {stated!r}", hint=f"Tiers: {', '.join(TIERS)}."
        )
    tier = str(stated or asked.tier or "standard")
    if _prices_apart(price, tier):
        return tier
    if stated not in (None, "standard"):
        raise BenchError(
            f"{where}.tier is {stated}, and the contract states no {stated} rates",
            hint=f"Add {stated}: {{input: ..., output: ...}}.",
        )
    return "standard"


def _prices_apart(price: Price, tier: str) -> bool:
    return any(dict(v.when) in [dict(c) for c in tier_contexts(tier)] for v in price.variants)


def _listed(
    arm: Arm, book: PriceBook, data: Mapping[str, Any], base: ArmPrice, where: str
) -> ArmPrice:
    check_keys(data, LIST_KEYS, where)
    tier = str(data.get("tier", base.asked.tier or "standard"))
    if tier not in TIERS:
        raise BenchError(
            f"{where}.tier: no such price tier: {tier!r}", hint=f"Tiers: {', '.join(TIERS)}."
        )
    context = data.get("context")
    if context is not None and not isinstance(context, Mapping):
        raise BenchError(f"{where}.context must be a mapping, not {context!r}")
    name = str(data.get("model") or arm.model)
    elsewhere = None if data.get("provider") else asked_elsewhere(arm.options, name)
    if elsewhere is not None:
        return replace(base, tier=tier, why_unknown=elsewhere)
    found = book.resolve(name, provider=_seller(arm, data), base_url=arm.base_url)
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
    discount = read_amount(data.get("discount", 0), f"{where}.discount")
    if discount >= 1:
        raise BenchError(
            f"{where}.discount is a share below 1, not {discount}",
            hint="15 % off is discount: 0.15.",
        )
    surcharge = read_amount(data.get("surcharge", 0), f"{where}.surcharge")
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
