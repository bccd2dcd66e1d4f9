"""Prices as data: rates with long-context tiers, eras by date, daily windows, request tiers,
exchange rates.

All rates are Decimals in the price's own currency: per million tokens for token classes, per unit
for ``per_request`` and fees. Everything serialises to JSON and back without loss, because the
prices used are frozen with each run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, localcontext

from claimbench.errors import BenchError

TOKEN_CLASSES = (
    "input",
    "output",
    "cache_read",
    "cache_write_5m",
    "cache_write_1h",
    "output_reasoning",
    "image",
    "audio",
    "tool_use_input",
    "output_audio",
    "output_image",
    "output_citation",
)
"""Rates per million tokens. A class without its own rate is billed as :data:`PARENTS` says, or is
unknown.
"""

PARENTS = {
    "output_reasoning": "output",
    "cache_read": "input",
    "image": "input",
    "tool_use_input": "input",
}
"""A class whose missing rate means "like that one" on every vendor's page. Cache *writes* and audio
are not here: they cost more than plain input, so a missing rate is unknown, never the cheaper one
(BerriAI/litellm #37631, #15055)."""

UNIT_CLASSES = (
    "per_request",
    "web_search",
    "storage_search",
    "social_search",
    "code_execution",
    "web_fetch",
)
"""Rates per unit, not per token."""

ZERO = Decimal(0)
MILLION = Decimal(1_000_000)
DIGITS = 60
"""Working precision; far beyond tokens x rate x exchange rate, so that no product is ever rounded.
"""

CONTRACT = "suite:"
"""Begins the id of a price that the suite states."""

TIERS = ("standard", "batch", "flex", "priority", "fast")

MAX_RATE_AGE = timedelta(days=92)
"""An exchange rate older than a quarter is not the rate of that day."""


class UnknownPrice(Exception):
    """Why an amount cannot be known. Becomes ``Cost.why_unknown``; never leaves the pricing
    modules.
    """


class UnsureHour(UnknownPrice):
    """A price between two known ones: the hour's rates depend on a calendar that has ended."""


@dataclass(frozen=True, slots=True)
class Rate:
    """One rate; ``tiers`` are (input tokens, rate): above that many, the rate holds for the *whole*
    request.
    """

    base: Decimal
    tiers: tuple[tuple[int, Decimal], ...] = ()

    def at(self, input_total: int) -> Decimal:
        """Return the rate of a request with ``input_total`` input tokens of every class (at a
        bound: below).
        """
        rate = self.base
        for above, tier_rate in self.tiers:
            if input_total > above:
                rate = tier_rate
        return rate

    def highest(self, input_total: int) -> Decimal:
        """Return the dearest rate that a request of at most ``input_total`` input tokens can
        meet.
        """
        return max([self.base, *(rate for above, rate in self.tiers if input_total > above)])


TokenRates = Mapping[str, Rate]


@dataclass(frozen=True, slots=True)
class Window:
    """A daily window (UTC, may wrap midnight) with its own rates, on ``weekdays`` (0 = Monday) but
    ``holidays``.

    Weekday and holiday are read off the local calendar at ``utc_offset_h``. ``holidays_until``: the
    last day that the list covers; later the holiday question, and with it the price inside the
    window, is unknown.
    """

    start: time
    end: time
    rates: TokenRates
    weekdays: tuple[int, ...] = ()
    holidays: tuple[date, ...] = ()
    holidays_until: date | None = None
    utc_offset_h: int = 0

    def active(self, at_utc: datetime) -> bool:
        """Return whether the window's rates hold at that moment.

        Raises:
            UnsureHour: the day may be a holiday beyond the calendar's end.
        """
        clock = at_utc.time()
        inside = (
            self.start <= clock < self.end
            if self.start <= self.end
            else clock >= self.start or clock < self.end
        )
        day = (at_utc + timedelta(hours=self.utc_offset_h)).date()
        if (
            not inside
            or (self.weekdays and day.weekday() not in self.weekdays)
            or day in self.holidays
        ):
            return False
        if self.holidays_until is not None and day > self.holidays_until:
            raise UnsureHour(
                f"peak or holiday price: the holiday calendar ends on {self.holidays_until}"
            )
        return True

    def may_be_active(self, at_utc: datetime) -> bool:
        """Return whether the window's rates may hold at that moment, the calendar's end or not."""
        try:
            return self.active(at_utc)
        except UnsureHour:
            return True


@dataclass(frozen=True, slots=True)
class Era:
    """The rates from ``start`` (inclusive; None: as far back as is known) until the next era or
    ``end`` (exclusive).
    """

    start: datetime | None
    rates: TokenRates
    windows: tuple[Window, ...] = ()
    end: datetime | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Variant:
    """Rates that replace the standard ones when the request's context holds every pair of
    ``when``.
    """

    when: Mapping[str, str]
    rates: TokenRates
    start: datetime | None = None


@dataclass(frozen=True, slots=True)
class Price:
    """The price of one model at one seller over time.

    ``id`` names source and model; ``source`` and ``dated`` say where it was read and when.
    ``factor`` carries a contract discount or a regional surcharge. ``free`` marks a $0 offer, which
    is not a price to compare with.
    """

    id: str
    model: str
    provider: str
    eras: tuple[Era, ...]
    currency: str = "USD"
    variants: tuple[Variant, ...] = ()
    factor: Decimal = Decimal(1)
    source: str = ""
    dated: str | None = None
    free: bool = False
    needs: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    since: datetime | None = None
    """When the model came, or from when on a source without history is believed; before it there is
    no price.
    """
    asked: str = ""
    """The name by which it was looked up, where that is another than ``model``."""

    @property
    def asked_name(self) -> str:
        """Return the name that a request asks for."""
        return self.asked or self.model

    def era_at(self, at_utc: datetime) -> Era:
        """Return the era in force.

        Raises:
            UnknownPrice: the book has no price for that moment.
        """
        at_utc = as_utc(at_utc)
        if self.since is not None and at_utc < self.since:
            raise UnknownPrice(f"{self.id}: no price is known before {self.since:%Y-%m-%d}")
        live = [e for e in self.eras if e.start is None or e.start <= at_utc]
        if not live:
            first = self.eras[0].start if self.eras else None
            raise UnknownPrice(
                f"{self.id}: no price before {first:%Y-%m-%d %H:%M} UTC"
                if first
                else f"{self.id}: empty"
            )
        if live[-1].end is not None and at_utc >= live[-1].end:
            raise UnknownPrice(f"{self.id}: no price after {live[-1].end:%Y-%m-%d %H:%M} UTC")
        return live[-1]

    def rates_at(
        self,
        at_utc: datetime,
        tier: str = "standard",
        context: Mapping[str, str] | None = None,
        *,
        unsure_hours: bool = False,
    ) -> TokenRates:
        """Return the rates of a request sent at ``at_utc`` under ``tier`` and any further
        ``context``; ``unsure_hours``: without the windows of which nobody knows whether they hold.

        Raises:
            UnknownPrice: no era, no such tier in the book, or a $0 offer.
            UnsureHour: a window's calendar has ended, so that its rates may hold or not.
        """
        at_utc = as_utc(at_utc)
        if self.free:
            raise UnknownPrice(
                f"{self.id} is a free offer ($0), which is not a price to compare with"
            )
        era = self.era_at(at_utc)
        held = []
        for window in era.windows:
            try:
                if window.active(at_utc):
                    held.append(window.rates)
            except UnsureHour:
                if not unsure_hours:
                    raise
        return self._with_variants(dict(era.rates), held, at_utc, tier, context)

    def rates_possible(
        self, at_utc: datetime, tier: str = "standard", context: Mapping[str, str] | None = None
    ) -> list[TokenRates]:
        """Return the rates that may hold at ``at_utc``: one set, or one for each answer to what a
        calendar that has ended would say.

        Raises:
            UnknownPrice: as :meth:`rates_at`.
        """
        at_utc = as_utc(at_utc)
        found = [self.rates_at(at_utc, tier, context, unsure_hours=True)]
        era = self.era_at(at_utc)
        for window in era.windows:
            if window.may_be_active(at_utc):
                rates = dict(era.rates)
                found.append(self._with_variants(rates, [window.rates], at_utc, tier, context))
        return found

    def _with_variants(
        self,
        rates: dict[str, Rate],
        windows: Sequence[TokenRates],
        at_utc: datetime,
        tier: str,
        context: Mapping[str, str] | None,
    ) -> TokenRates:
        for window in windows:
            rates.update(window)
        wanted = [*tier_contexts(tier), *([dict(context)] if context else [])]
        if wanted:
            rates.update(self._variant_rates(at_utc, tier, wanted))
        if "input" not in rates and "output" not in rates and not self.per_request_only:
            raise UnknownPrice(f"{self.id} is not priced by tokens")
        return rates

    def _variant_rates(
        self, at_utc: datetime, tier: str, wanted: Sequence[Mapping[str, str]]
    ) -> dict[str, Rate]:
        found: dict[str, Rate] = {}
        matched = False
        for variant in self.variants:
            if variant.start is not None and variant.start > at_utc:
                continue
            if any(all(have.get(k) == v for k, v in variant.when.items()) for have in wanted):
                matched = True
                for key, rate in variant.rates.items():
                    found.setdefault(key, rate)
        if not matched:
            what = (
                tier if tier != "standard" else " ".join(f"{k}={v}" for k, v in wanted[-1].items())
            )
            raise UnknownPrice(f"{self.id}: the book has no {what!r} price at {at_utc:%Y-%m-%d}")
        return found

    @property
    def per_request_only(self) -> bool:
        """Whether a contract bills requests and no tokens, so that their number does not matter."""
        if not self.id.startswith(CONTRACT) or self.variants:
            return False
        return all(set(era.rates) == {"per_request"} and not era.windows for era in self.eras)

    def id_at(self, at_utc: datetime, tier: str = "standard") -> str:
        """Name the price as used: id, tier if not standard, and the era's start where the source
        dates it.
        """
        start = self.era_at(at_utc).start
        return (
            self.id
            + (f"[{tier}]" if tier != "standard" else "")
            + (f"@{start:%Y-%m-%d}" if start else "")
        )

    def changes_on_the_minute(self) -> bool:
        """Return whether every moment at which a rate may change is a whole minute: eras, windows,
        variants (days are).
        """
        changes: list[datetime | time | None] = [variant.start for variant in self.variants]
        for era in self.eras:
            changes += [era.start, era.end]
            for window in era.windows:
                changes += [window.start, window.end]
        return all(m is None or m.second == m.microsecond == 0 for m in changes)

    def has_variant(self, key: str, value: str) -> bool:
        """Return whether any variant depends on ``key=value``."""
        return any(v.when.get(key) == value for v in self.variants)


@dataclass(frozen=True, slots=True)
class Tariff:
    """The rates of one request, every condition resolved.

    ``rates`` are in the currency of the price named ``price_id``; ``scale`` is dollars per unit of
    that currency, the price's factor included.
    """

    price_id: str
    rates: TokenRates
    scale: Decimal

    def rate(self, name: str) -> Rate:
        """Return the rate of a class, or of the class that stands in for it (:data:`PARENTS`).

        Raises:
            UnknownPrice: neither has one.
        """
        found = self.rates.get(name) or self.rates.get(PARENTS.get(name, ""))
        if found is None:
            raise UnknownPrice(f"{self.price_id}: no {name} price")
        return found


@dataclass(frozen=True, slots=True)
class FxRate:
    """US dollars per unit of ``currency`` on ``dated``, as ``source`` states it."""

    currency: str
    usd_per_unit: Decimal
    dated: date
    source: str


@dataclass(frozen=True, slots=True)
class Terms:
    """A price and what else decides an arm's bills: conditions that the source prices by, such as
    ``{"search_type": "fast"}``, and the exchange rates.
    """

    price: Price
    context: Mapping[str, str] | None = None
    fx: Sequence[FxRate] = ()

    def scale(self, at_utc: datetime) -> Decimal:
        """Return dollars per unit of the price's currency on that day, times the price's factor.

        Raises:
            UnknownPrice: the book has no exchange rate for that day.
        """
        rate = usd_rate(self.fx, self.price.currency, at_utc)
        if rate is None:
            return self.price.factor
        with localcontext(prec=DIGITS):
            return self.price.factor * rate.usd_per_unit


def usd_rate(rates: Sequence[FxRate], currency: str, at_utc: datetime) -> FxRate | None:
    """Return the latest stated rate on or before that day, not older than :data:`MAX_RATE_AGE`;
    None for USD.

    Raises:
        UnknownPrice: the book has no such rate.
    """
    if currency == "USD":
        return None
    day = as_utc(at_utc).date()
    usable = [
        r
        for r in rates
        if r.currency == currency and r.dated <= day and day - r.dated <= MAX_RATE_AGE
    ]
    if not usable:
        raise UnknownPrice(
            f"no dated, sourced rate for {currency} on {day} in the book (state fx: in the suite's"
            " cost)"
        )
    return max(usable, key=lambda r: r.dated)


def tier_contexts(tier: str) -> list[Mapping[str, str]]:
    """Return the ways sources spell a request tier; empty for the standard one.

    Raises:
        BenchError: no such tier.
    """
    spelled: dict[str, list[Mapping[str, str]]] = {
        "standard": [],
        "batch": [{"processing": "batch"}],
        "flex": [{"service_tier": "flex"}],
        "priority": [{"service_tier": "priority"}],
        "fast": [{"service_tier": "fast"}, {"speed": "fast"}],
    }
    if tier not in spelled:
        raise BenchError(f"no such price tier: {tier!r}", hint=f"Tiers: {', '.join(TIERS)}.")
    return spelled[tier]


def as_utc(moment: datetime) -> datetime:
    """Return an aware UTC datetime; naive ones are UTC already."""
    if moment.tzinfo is UTC:
        return moment
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def scaled(price: Price, factor: Decimal) -> Price:
    """Return the price times ``factor`` (on top of the factor it has)."""
    return replace(price, factor=price.factor * factor)
