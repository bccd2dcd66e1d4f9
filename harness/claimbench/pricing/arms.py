"""What an arm's requests cost: its ``cost`` mapping read and its price resolved.

``cost:`` holds one of ``list`` (the price book; the default for endpoints), ``price`` (a contract)
or ``host`` (own or rented hardware), and optionally ``training`` (a fine-tune, amortised) and
``fx`` (dated exchange rates).
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from claimbench.errors import BenchError
from claimbench.pricing.asked import NOTHING_ASKED, Asked, asked_by, says_only_counts
from claimbench.pricing.bill import (
    as_billed,
    billed_tier,
    dearer,
    in_doubt,
    place_factor,
    time_stamp,
    with_place,
)
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
    CONTRACT,
    TIERS,
    ZERO,
    FxRate,
    Price,
    Terms,
    UnknownPrice,
    scaled,
)
from claimbench.pricing.price_lists.book import PriceBook
from claimbench.pricing.price_lists.codec import fx_from_json
from claimbench.pricing.price_lists.regions import asked_elsewhere
from claimbench.pricing.stated.contract import contract_price, contract_tier, prices_apart
from claimbench.pricing.stated.values import (
    check_keys,
    factor_of,
    rows_of,
    section_of,
)
from claimbench.types import Arm, Attempt, Cost, CostBasis, Json, Request, Usage

COST_KEYS = ("list", "price", "host", "training", "fx")
LIST_KEYS = ("provider", "model", "tier", "context", "discount", "surcharge", "source", "dated")
IN_PROCESS = ("llama_cpp",)
"""Providers that run a model on this machine: no seller lists a price for them."""

LEAST = TokenBound(1, 1)
"""Of any request: whether a price can be said at all."""

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
    charges: bool = True
    """A vendor's word on what it charged is taken; else only where no price can be held against it,
    and on a tier that nobody asked for only where that is no cheaper.
    """
    _bills: Bills | None = field(init=False, repr=False, compare=False)
    _is_contract: bool = field(init=False, repr=False, compare=False)
    _one_tier: str | None = field(init=False, repr=False, compare=False)
    """The only tier that a request may be billed at; None: there are several."""
    _plain: bool = field(init=False, repr=False, compare=False)
    """The arm asks for no tier and no place of its own: its tier holds unless the usage says
    another.
    """

    def __post_init__(self) -> None:
        # remembers bills under exactly these terms: ``replace`` makes a new one
        bills = None if self.price is None else Bills(Terms(self.price, self.context, self.fx))
        object.__setattr__(self, "_bills", bills)
        contract = self.price is not None and self.price.id.startswith(CONTRACT)
        object.__setattr__(self, "_is_contract", contract)
        tiers = self._tiers()
        usual = len(tiers) == 1 and (contract or tiers[0] in ("standard", "batch"))
        object.__setattr__(self, "_one_tier", tiers[0] if usual else None)
        plain = self.asked.tier is None and self.asked.place is None
        object.__setattr__(self, "_plain", plain)

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
        said = attempt.billed_usd or ZERO
        if said > 0 and self.charges:
            return as_billed(computed, said)
        if computed.amount and attempt.billable == "unknown" and attempt.usage is None:
            return in_doubt(computed)  # a fee per request, which needs no tokens
        if computed.amount is not None or computed.high is not None:
            return computed
        high = self._highest(attempt, at_utc, bound)
        if said > 0 and high is None:
            return as_billed(computed, said)
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
            if len(usage.fees) > len(usage.doubted) or self.price is None or self.price.needs:
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
        if self._plain and says_only_counts(usage_raw):  # as nearly all do
            return self.list_cost(usage, at_utc)
        tier = self._served_tier(usage_raw)
        cost = self.list_cost(usage, at_utc, tier)
        if not self.charges and self.unasked(tier):
            cost = dearer(cost, self.list_cost(usage, at_utc))
        return with_place(cost, usage_raw, self.asked.place)

    def unasked(self, tier: str) -> bool:
        """Return whether the arm names no tier, in its requests or its price, and this is another
        than the usual one, which then holds.
        """
        return self.asked.tier is None and self.tier == "standard" and tier != "standard"

    def _served_tier(self, usage_raw: Json) -> str:
        """Return the tier whose rates hold; a contract's are those of what the arm asks for."""
        if not self._is_contract:
            return billed_tier(usage_raw, self.tier)
        wanted = self.asked.tier or self.tier
        served = billed_tier(usage_raw, wanted)
        if self.tier != "standard" or (self.price and prices_apart(self.price, served)):
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
            with contextlib.suppress(UnknownPrice):  # they may be served at the usual tier
                found.append(self._bills.at_most(bound, at_utc, "standard"))
        most = max(found)
        return most if self.asked.place is None else most * place_factor(self.asked.place)

    def _machine_cost(
        self, host: HostCost, attempt: Attempt, at_utc: datetime, busy_s: float | None
    ) -> Cost:
        timing = attempt.timing
        seconds = (timing.ended_ns - timing.sent_ns) / 1e9 if busy_s is None else busy_s
        place = attempt.place
        parts = host.at(None if place is None else place.node_type).parts(seconds)
        return Cost(
            sum(parts.values(), ZERO),
            basis="host_time",
            price_id=f"host:{self.arm}",
            priced_at=at_utc.isoformat(timespec="seconds"),
            components=parts,
        )


def without_charges(prices: Mapping[str, ArmPrice]) -> dict[str, ArmPrice]:
    """Return prices under which a vendor's word, on its charge or on a tier that nobody asked for,
    counts only where no price can be held against it.
    """
    return {name: replace(price, charges=False) for name, price in prices.items()}


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
    fx = (*book.fx, *(fx_from_json(r) for r in rows_of(model.get("fx"), f"{where}.fx")))
    training = (
        None
        if model.get("training") is None
        else parse_training(model["training"], f"{where}.training")
    )
    base = ArmPrice(arm.name, None, fx=fx, training=training, asked=asked_by(arm))
    settings = section_of(model, kind, where)
    if kind == "none":
        return replace(
            base, why_unknown="no cost stated for a local arm: add cost.host with usd_per_hour"
        )
    if kind == "host":
        return _hosted(base, settings, f"{where}.host")
    if kind == "price":
        price = contract_price(arm, settings, f"{where}.price")
        why = "a contract price of $0 is not a price to compare with" if price.free else None
        tier = contract_tier(price, settings, base.asked, f"{where}.price")
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
    seller = _seller(arm, data)
    if seller is not None and not data.get("provider") and not book.knows(seller):
        # an import, whose arms are named by the tool that asked, or somebody's own provider
        through = "" if seller == "unknown" else f", only that it was asked through {seller}"
        return replace(base, tier=tier, why_unknown=f"who sold {name} is not known{through}")
    found = book.resolve(name, provider=seller, base_url=arm.base_url)
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
    return replace(base, basis="list_price", price=scaled(found.price, factor_of(data, where)))


def _seller(arm: Arm, data: Mapping[str, Any]) -> str | None:
    """Return the seller as far as the arm names one; the model's prefix or the base URL may name it
    otherwise.
    """
    if data.get("provider"):
        return str(data["provider"])
    if arm.base_url is not None or arm.provider in ("litellm", "compatible", "scripted", REPLAY):
        return None
    return arm.provider
