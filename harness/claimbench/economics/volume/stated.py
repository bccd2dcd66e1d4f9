"""What a suite or ``--volume`` states of a month, as figures to reckon with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from claimbench.pricing.model import FxRate, usd_rate
from claimbench.pricing.price_lists.codec import fx_from_json
from claimbench.types import Json, Suite


@dataclass(frozen=True, slots=True)
class OneOff:
    """A cost that comes once, in a month counted from 1."""

    name: str
    usd: float
    month: int = 1


@dataclass(frozen=True, slots=True)
class Commitment:
    """What is paid for in any case: dollars a month of an endpoint, or machines; ``discount`` is
    the share off.
    """

    discount: float
    usd_per_month: float = 0.0
    machines: int = 0


@dataclass(frozen=True, slots=True)
class SharedPrefix:
    """A what-if: every request begins with the same ``tokens``, kept ``ttl_s`` seconds."""

    tokens: int
    ttl_s: float


@dataclass(frozen=True, slots=True)
class Terms:
    """One arm's terms at a volume. ``tiers``: (requests beyond which, share off); ``price_change``
    is that of a year, an assumption as ``assumed`` says.
    """

    capacity_per_hour: float | None = None
    spare_machines: int | None = None
    scales_to_zero: bool = False
    one_off: tuple[OneOff, ...] = ()
    fixed_usd: float = 0.0
    free_requests: float = 0.0
    free_usd: float = 0.0
    tiers: tuple[tuple[float, float], ...] = ()
    commitment: Commitment | None = None
    discount: float = 0.0
    batch_share: float | None = None
    cache: SharedPrefix | None = None
    price_change: float = 0.0
    assumed: str = ""


@dataclass(frozen=True, slots=True)
class Volume:
    """Requests of the first month and how they come; ``low`` and ``high`` where a span is stated.

    ``hours``: hours of a month in which requests come and machines run. Rates (growth, capital) are
    those of a year.
    """

    requests: float
    low: float | None = None
    high: float | None = None
    peak_factor: float = 4.0
    growth: float = 0.0
    months: int = 36
    hours: float = 730.0
    spare_machines: int = 0
    discount_rate: float = 0.0
    currency: str = "USD"
    fx: tuple[FxRate, ...] = ()
    arms: Mapping[str, Terms] = field(default_factory=dict)
    assumed_peak: bool = False

    def terms(self, arm: str) -> Terms:
        """Return the terms of an arm; those of nobody in particular where none are stated."""
        return self.arms.get(arm, Terms())

    def requests_in(self, month: int) -> float:
        """Return the requests of a month, counted from 1: N (1 + g)^((month - 1)/12)."""
        return float(self.requests * (1 + self.growth) ** ((month - 1) / 12))

    def at(self, requests: float) -> Volume:
        """Return the same with other requests a month."""
        return replace(self, requests=requests)

    def usd_per_unit(self, moment: datetime) -> float:
        """Return the dollars of one unit of the currency that is shown.

        Raises:
            UnknownPrice: no rate is stated, or none that is fresh enough at ``moment``.
        """
        rate = usd_rate(self.fx, self.currency, moment)
        return 1.0 if rate is None else float(rate.usd_per_unit)


def volume_of(suite: Suite) -> Volume | None:
    """Return the volume that a suite states; None where it states none."""
    data = suite.options.get("volume")
    return read_volume(data) if isinstance(data, Mapping) else None


def read_volume(data: Mapping[str, Any]) -> Volume:
    """Read a volume as :mod:`claimbench.suite.schema.volume` has checked it."""
    requests = data["requests_per_month"]
    span = requests if isinstance(requests, Mapping) else {"base": requests}
    base = Volume(float(span["base"]))
    return Volume(
        requests=float(span["base"]),
        low=_or_none(span.get("low")),
        high=_or_none(span.get("high")),
        peak_factor=float(data.get("peak_factor", base.peak_factor)),
        growth=float(data.get("growth_per_year", 0)),
        months=int(data.get("months", base.months)),
        hours=float(data.get("hours_per_month", base.hours)),
        spare_machines=int(data.get("spare_machines", 0)),
        discount_rate=float(data.get("discount_rate", 0)),
        currency=str(data.get("currency", "USD")),
        fx=tuple(fx_from_json(row) for row in data.get("fx", ())),
        arms={name: _terms(row) for name, row in data.get("arms", {}).items()},
        assumed_peak="peak_factor" not in data,
    )


def _terms(data: Mapping[str, Any]) -> Terms:
    path = data.get("price_path") or {}
    commitment, cache = data.get("commitment"), data.get("cache")
    said = [str(path[key]) for key in ("dated", "source") if path.get(key)]
    return Terms(
        capacity_per_hour=_or_none(data.get("capacity_per_hour")),
        spare_machines=data.get("spare_machines"),
        scales_to_zero=bool(data.get("scales_to_zero", False)),
        one_off=tuple(_one_off(name, row) for name, row in data.get("one_off_usd", {}).items()),
        fixed_usd=float(data.get("fixed_usd_per_month", 0)),
        free_requests=float(data.get("free_requests_per_month", 0)),
        free_usd=float(data.get("free_usd_per_month", 0)),
        tiers=_tiers(data.get("tiers", ())),
        commitment=None if commitment is None else _commitment(commitment),
        discount=float(data.get("discount", 0)),
        batch_share=_or_none(data.get("batch_share")),
        cache=(
            None
            if cache is None
            else SharedPrefix(int(cache["prefix_tokens"]), float(cache.get("ttl_s", 300)))
        ),
        price_change=float(path.get("change_per_year", 0)),
        assumed=", ".join(said),
    )


def _one_off(name: str, row: Json) -> OneOff:
    if isinstance(row, Mapping):
        return OneOff(name, float(row["usd"]), int(row.get("month", 1)))
    return OneOff(name, float(row))


def _tiers(rows: Sequence[Mapping[str, Any]]) -> tuple[tuple[float, float], ...]:
    return tuple((float(row["above_requests"]), float(row["discount"])) for row in rows)


def _commitment(row: Mapping[str, Any]) -> Commitment:
    return Commitment(
        float(row["discount"]), float(row.get("usd_per_month", 0)), int(row.get("machines", 0))
    )


def _or_none(value: Any) -> float | None:
    return None if value is None else float(value)
