"""What a machine of one's own, or a rented one, costs per hour, per call and per million tokens.

Formulas (docs/method.md, "Dollars"): H = rental per hour, or (purchase - residual)/(years x 8,760)
+ watts/1000 x PUE x $/kWh + staff; a call costs H x busy seconds/(3600 x u), a thousand requests
1000 H/(R u), with R requests/h measured in this run and u the stated utilisation: an assumption,
never estimated from a benchmark that keeps the machine busy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal, localcontext
from typing import Any, Literal

from claimbench.errors import BenchError
from claimbench.pricing.model import FxRate, usd_rate
from claimbench.pricing.stated.values import check_keys, read_amount, read_day
from claimbench.types import Json

HOURS_PER_YEAR = Decimal(8760)
QUANTUM = Decimal("1e-12")
"""Host costs are quotients; they are rounded here, far below a micro-dollar, so that sums of parts
stay exact.
"""

UTILISATIONS = (Decimal("0.1"), Decimal("0.3"), Decimal("0.5"), Decimal("0.8"))
"""The utilisations at which a report prints the price of a thousand requests."""

REPLAYED_BUSY = "replayed_busy_s"
"""Engine figure of a replayed attempt: the machine seconds that the stored one took."""

HOST_KEYS = (
    "usd_per_hour",
    "purchase_usd",
    "residual_usd",
    "lifetime_years",
    "watts",
    "watts_source",
    "pue",
    "usd_per_kwh",
    "staff_usd_per_hour",
    "utilisation",
    "include_idle",
    "include_load",
    "source",
    "dated",
    "nodes",
)
_OF_THE_ARM = frozenset({"utilisation", "include_idle", "include_load", "nodes"})
NODE_KEYS = tuple(key for key in HOST_KEYS if key not in _OF_THE_ARM)
"""What ``nodes`` may say of a type of node; how much of an hour works is the arm's own."""
MONEY_KEYS = {
    "per_hour": "usd_per_hour",
    "purchase": "purchase_usd",
    "residual": "residual_usd",
    "per_kwh": "usd_per_kwh",
    "staff_per_hour": "staff_usd_per_hour",
}
"""Amounts in the currency that ``currency`` names -> the keys of the same amounts in dollars."""
TRAINING_KEYS = ("usd", "requests", "source", "dated")


@dataclass(frozen=True, slots=True)
class Training:
    """The price of a fine-tune, spread over the requests it will serve; added to every request of
    the arm.
    """

    usd: Decimal
    requests: int
    source: str | None = None
    dated: str | None = None

    @property
    def usd_per_request(self) -> Decimal:
        """Dollars that each request carries."""
        return (self.usd / self.requests).quantize(QUANTUM)


@dataclass(frozen=True, slots=True)
class HostCost:
    """A machine's hourly cost and the assumptions that turn seconds into dollars.

    Either ``usd_per_hour`` (rented; power included) or ``purchase_usd`` with ``lifetime_years``
    (owned). ``watts_source`` is ``stated``, ``measured`` or ``modelled``. ``include_idle``: whether
    the idle share is paid for, i.e. whether seconds are divided by ``utilisation``.
    ``include_load``: whether loading the model is.
    """

    utilisation: Decimal
    usd_per_hour: Decimal | None = None
    purchase_usd: Decimal | None = None
    residual_usd: Decimal = Decimal(0)
    lifetime_years: Decimal | None = None
    watts: Decimal | None = None
    watts_source: Literal["stated", "measured", "modelled"] = "stated"
    pue: Decimal = Decimal(1)
    usd_per_kwh: Decimal | None = None
    staff_usd_per_hour: Decimal = Decimal(0)
    include_idle: bool = True
    include_load: bool = False
    source: str | None = None
    dated: str | None = None
    notes: tuple[str, ...] = field(default=())
    known_use: Literal["stated", "derived", "no"] = "stated"
    """Where ``utilisation`` comes from: the suite, a stated volume, or nowhere (then it is 1)."""
    nodes: Mapping[str, HostCost] = field(default_factory=dict)
    """Node type -> what such a node costs, where a cluster runs the arm; a type that is not here
    costs what the rest says.
    """

    @property
    def parts_per_hour(self) -> dict[str, Decimal]:
        """Dollars per hour by cause: rental or depreciation, energy, staff."""
        parts: dict[str, Decimal] = {}
        if self.usd_per_hour is not None:
            parts["rental"] = self.usd_per_hour
        with localcontext(prec=40):
            if (
                self.usd_per_hour is None
                and self.purchase_usd is not None
                and self.lifetime_years is not None
            ):
                hours = self.lifetime_years * HOURS_PER_YEAR
                parts["depreciation"] = ((self.purchase_usd - self.residual_usd) / hours).quantize(
                    QUANTUM
                )
            if self.watts is not None and self.usd_per_kwh is not None:
                parts["energy"] = (self.watts / 1000 * self.pue * self.usd_per_kwh).quantize(
                    QUANTUM
                )
            if self.staff_usd_per_hour:
                parts["staff"] = self.staff_usd_per_hour
        return parts

    @property
    def per_hour(self) -> Decimal:
        """H, dollars per hour."""
        return sum(self.parts_per_hour.values(), Decimal(0))

    def at(self, node_type: str | None) -> HostCost:
        """Return what a node of this type costs, at the arm's own use; None: the arm's machine."""
        node = None if node_type is None else self.nodes.get(node_type)
        if node is None:
            return self
        return replace(
            node,
            utilisation=self.utilisation,
            include_idle=self.include_idle,
            include_load=self.include_load,
            known_use=self.known_use,
        )

    @property
    def load_factor(self) -> Decimal:
        """The share of paid time that works: ``utilisation``, or 1 where idle time is left out."""
        return self.utilisation if self.include_idle else Decimal(1)

    def usd(self, busy_s: float | Decimal) -> Decimal:
        """Return the dollars of ``busy_s`` seconds of the machine: H x busy/(3600 x u)."""
        with localcontext(prec=40):
            return self._usd(self.per_hour, _exactly(busy_s))

    def _usd(self, per_hour: Decimal, seconds: Decimal) -> Decimal:
        return (per_hour * seconds / (3600 * self.load_factor)).quantize(QUANTUM)

    def parts(self, busy_s: float | Decimal) -> dict[str, Decimal]:
        """Return the same dollars by cause, idle apart; they add up to :meth:`usd` exactly."""
        with localcontext(prec=40):
            seconds, rates = _exactly(busy_s), self.parts_per_hour
            working = {k: (rate * seconds / 3600).quantize(QUANTUM) for k, rate in rates.items()}
            rest = self._usd(sum(rates.values(), Decimal(0)), seconds) - sum(
                working.values(), Decimal(0)
            )
        if self.load_factor == 1 and working:  # nothing is idle; what is left is rounding
            first = next(iter(working))
            return working | {first: working[first] + rest}
        return working | ({"idle": rest} if rest else {})

    def usd_per_1000(
        self, requests_per_hour: float | Decimal, utilisation: Decimal | None = None
    ) -> Decimal:
        """Return 1000 H/(R u), at the stated utilisation or another one.

        Raises:
            ValueError: no throughput.
        """
        rate = _exactly(requests_per_hour)
        if rate <= 0:
            raise ValueError("requests per hour must be positive")
        with localcontext(prec=40):
            return (1000 * self.per_hour / (rate * (utilisation or self.load_factor))).quantize(
                QUANTUM
            )


@dataclass(frozen=True, slots=True)
class TokenPrices:
    """Host dollars per million tokens, input (prefill) and output (decode) apart; None where
    nothing was measured.
    """

    input_usd: Decimal | None
    output_usd: Decimal | None


def per_million_tokens(
    host: HostCost, prefill_s: float, input_tokens: int, decode_s: float, output_tokens: int
) -> TokenPrices:
    """Return dollars per million input and output tokens from measured prefill and decode seconds.

    ``input_tokens`` counts tokens that were processed: those read from a prefix cache cost no
    prefill.
    """

    def price(seconds: float, tokens: int) -> Decimal | None:
        if tokens <= 0 or seconds <= 0:
            return None
        with localcontext(prec=40):
            return (host.usd(seconds) * 1_000_000 / tokens).quantize(QUANTUM)

    return TokenPrices(price(prefill_s, input_tokens), price(decode_s, output_tokens))


def busy_shares(intervals: Sequence[tuple[int, int]]) -> list[float]:
    """Return the seconds of machine time that each call is charged, where several are served at
    once.

    Each moment is split evenly over the calls in flight, so that the shares add up to the time in
    which the machine served anything: charging every call its whole duration would bill a
    concurrent server several times over.

    Args:
        intervals: (sent, ended) in ns on one clock, in any order.
    """
    edges = sorted(
        [(start, 1, i) for i, (start, _) in enumerate(intervals)]
        + [(max(start, end), 0, i) for i, (start, end) in enumerate(intervals)]
    )
    shares = [0.0] * len(intervals)
    active: set[int] = set()
    credit = 0.0  # seconds accrued so far by any call that was in flight all along
    entered: dict[int, float] = {}
    previous = edges[0][0] if edges else 0
    for moment, starts, i in edges:
        if active:
            credit += (moment - previous) / 1e9 / len(active)
        previous = moment
        if starts:
            start, end = intervals[i]
            if end > start:
                active.add(i)
                entered[i] = credit
        elif i in active:
            active.discard(i)
            shares[i] = credit - entered[i]
    return shares


def parse_host(data: Mapping[str, Any], where: str) -> HostCost:
    """Read ``cost.host`` of a suite.

    Raises:
        BenchError: an unknown key, a missing or impossible figure, with what to do.
    """
    check_keys(data, HOST_KEYS, where)
    rented, owned = data.get("usd_per_hour"), data.get("purchase_usd")
    if (rented is None) == (owned is None):
        raise BenchError(
            f"{where}: state either usd_per_hour (rented) or purchase_usd with lifetime_years"
            " (owned)",
            hint=(
                "A free machine is not a price: without an hourly cost, cost claims on the arm are"
                " not comparable."
            ),
        )
    if owned is not None and not data.get("lifetime_years"):
        raise BenchError(f"{where}: purchase_usd needs lifetime_years")
    if data.get("watts") is not None and data.get("usd_per_kwh") is None:
        raise BenchError(f"{where}: watts needs usd_per_kwh")
    utilisation = read_amount(data.get("utilisation", 1), f"{where}.utilisation")
    if not 0 < utilisation <= 1:
        raise BenchError(f"{where}.utilisation must lie in (0, 1], not {utilisation}")
    watts_source = str(data.get("watts_source", "stated"))
    if watts_source not in ("stated", "measured", "modelled"):
        raise BenchError(
            f"{where}.watts_source must be stated, measured or modelled, not {watts_source!r}"
        )
    notes = () if "utilisation" in data else ("no utilisation stated: 1 (always busy) assumed",)
    host = HostCost(
        utilisation=utilisation,
        usd_per_hour=_optional(data, "usd_per_hour", where),
        purchase_usd=_optional(data, "purchase_usd", where),
        residual_usd=_optional(data, "residual_usd", where) or Decimal(0),
        lifetime_years=_optional(data, "lifetime_years", where),
        watts=_optional(data, "watts", where),
        watts_source=watts_source,  # type: ignore[arg-type]  # checked above
        pue=_optional(data, "pue", where) or Decimal(1),
        usd_per_kwh=_optional(data, "usd_per_kwh", where),
        staff_usd_per_hour=_optional(data, "staff_usd_per_hour", where) or Decimal(0),
        include_idle=bool(data.get("include_idle", True)),
        include_load=bool(data.get("include_load", False)),
        source=None if data.get("source") is None else str(data["source"]),
        dated=read_day(data.get("dated"), f"{where}.dated"),
        notes=notes,
        known_use="stated" if "utilisation" in data else "no",
        nodes=_parse_nodes(data.get("nodes"), f"{where}.nodes"),
    )
    if host.purchase_usd is not None and host.residual_usd > host.purchase_usd:
        raise BenchError(f"{where}: residual_usd is larger than purchase_usd")
    if host.per_hour <= 0:
        raise BenchError(
            f"{where}: the machine costs $0 per hour, which is not a cost to compare with"
        )
    return host


def _parse_nodes(data: Any, where: str) -> dict[str, HostCost]:
    """Read the prices of node types: an amount per hour, or a machine's figures."""
    if data is None:
        return {}
    if not isinstance(data, Mapping) or not data:
        raise BenchError(
            f"{where} is not a mapping of node types: {data!r:.100}",
            hint="for example nodes: {h100: 2.99, a10: {usd_per_hour: 0.75, source: ...}}",
        )
    found: dict[str, HostCost] = {}
    for name, stated in data.items():
        row = stated if isinstance(stated, Mapping) else {"usd_per_hour": stated}
        check_keys(row, NODE_KEYS, f"{where}.{name}")
        found[str(name)] = parse_host({**row, "utilisation": 1}, f"{where}.{name}")
    return found


def host_in_dollars(
    data: Mapping[str, Any], fx: Sequence[FxRate], where: str, at_utc: datetime
) -> dict[str, Any]:
    """Return ``cost.host`` with its amounts in dollars: those of ``currency`` at its dated rate,
    which the source then names.

    Raises:
        BenchError: an amount in dollars beside another currency, or stated twice.
        UnknownPrice: no rate is stated, or none that is fresh enough.
    """
    known = [*HOST_KEYS, *MONEY_KEYS, "currency"]
    check_keys(data, known, where)
    currency = str(data.get("currency", "USD")).upper()
    found = {key: value for key, value in data.items() if key in HOST_KEYS}
    for plain, in_usd in MONEY_KEYS.items():
        stated = in_usd in data
        if stated and currency != "USD":
            raise BenchError(
                f"{where}.{in_usd} is in dollars, and {where}.currency is {currency}",
                hint=f"write {plain}: for amounts in {currency}",
            )
        if stated and plain in data:
            raise BenchError(f"{where} states both {plain} and {in_usd}", hint="state one of them")
    nodes = found.get("nodes")
    if isinstance(nodes, Mapping):
        found["nodes"] = {
            name: host_in_dollars(
                {"currency": currency, **_plain_row(row, currency)},
                fx,
                f"{where}.nodes.{name}",
                at_utc,
            )
            for name, row in nodes.items()
        }
    amounts = {
        in_usd: read_amount(data[plain], f"{where}.{plain}")
        for plain, in_usd in MONEY_KEYS.items()
        if data.get(plain) is not None
    }
    rate = usd_rate(fx, currency, at_utc)
    if rate is not None:
        with localcontext(prec=40):
            amounts = {key: amount * rate.usd_per_unit for key, amount in amounts.items()}
        said = f"1 {currency} = ${rate.usd_per_unit} on {rate.dated} ({rate.source})"
        found["source"] = "; ".join([*([str(data["source"])] if data.get("source") else []), said])
    return found | {key: str(amount) for key, amount in amounts.items()}


def _plain_row(row: Any, currency: str) -> Mapping[str, Any]:
    """Return a node type's figures; a bare amount is its price per hour in the host's currency."""
    if isinstance(row, Mapping):
        return row
    return {"usd_per_hour" if currency == "USD" else "per_hour": row}


def parse_training(data: Mapping[str, Any], where: str) -> Training:
    """Read ``cost.training``: what a fine-tune cost and over how many requests it is spread.

    Raises:
        BenchError: an unknown key or an impossible figure.
    """
    check_keys(data, TRAINING_KEYS, where)
    requests = data.get("requests")
    if not isinstance(requests, int) or isinstance(requests, bool) or requests < 1:
        raise BenchError(
            f"{where}.requests: over how many requests is the training spread? Seen: {requests!r}"
        )
    source = data.get("source")
    return Training(
        read_amount(data.get("usd"), f"{where}.usd"),
        requests,
        None if source is None else str(source),
        read_day(data.get("dated"), f"{where}.dated"),
    )


def host_to_json(host: HostCost) -> dict[str, Json]:
    """Write what :func:`parse_host` reads."""
    out: dict[str, Json] = {}
    for key in HOST_KEYS:
        value = getattr(host, key)
        if key == "utilisation" and host.known_use == "no":
            continue
        if key == "nodes":
            if value:
                out[key] = {name: _node_to_json(node) for name, node in value.items()}
            continue
        if value is not None:
            out[key] = str(value) if isinstance(value, Decimal) else value
    return out


def _node_to_json(node: HostCost) -> dict[str, Json]:
    return {key: value for key, value in host_to_json(node).items() if key in NODE_KEYS}


def training_to_json(training: Training) -> dict[str, Json]:
    """Write what :func:`parse_training` reads."""
    out: dict[str, Json] = {"usd": str(training.usd), "requests": training.requests}
    return out | {
        k: v for k, v in (("source", training.source), ("dated", training.dated)) if v is not None
    }


def _optional(data: Mapping[str, Any], key: str, where: str) -> Decimal | None:
    return None if data.get(key) is None else read_amount(data[key], f"{where}.{key}")


def _exactly(value: float | Decimal) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(repr(float(value)))
