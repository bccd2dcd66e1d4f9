"""What a month looks like, as pydantic models of the suite file: requests, peaks, growth, and each
arm's terms at that volume.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from claimbench.suite.schema.base import Strict
from claimbench.suite.schema.run import DollarAmount
from claimbench.types import Json

Count = Annotated[float, Field(ge=1, le=1e13)]
Share = Annotated[float, Field(ge=0, le=1)]
Discount = Annotated[float, Field(ge=0, lt=1)]
Change = Annotated[float, Field(gt=-1, le=10)]


class SpanModel(Strict):
    """Requests a month that are not known better than within a span."""

    low: Count
    """The fewest that are likely."""
    base: Count
    """What is reckoned with."""
    high: Count
    """The most that are likely."""

    @model_validator(mode="after")
    def _rising(self) -> SpanModel:
        if not self.low <= self.base <= self.high:
            raise ValueError(
                f"write low <= base <= high, not {self.low:g}, {self.base:g}, {self.high:g}"
            )
        return self


class OneOffModel(Strict):
    """A cost that comes once."""

    usd: DollarAmount
    """How much."""
    month: int = Field(default=1, ge=1, le=120)
    """In which month, counted from 1."""


class TierModel(Strict):
    """A step of a volume discount."""

    above_requests: Count
    """Requests of a month beyond this number cost less."""
    discount: Discount
    """By this share, against the price of the first request: 0.1 is 10% off."""


class CommitmentModel(Strict):
    """What is paid for whether it is used or not, for a discount."""

    discount: Discount
    """Share off: of the arm's price, or of the committed machines' rent."""
    usd_per_month: DollarAmount | None = None
    """The least that a month's usage costs (endpoints)."""
    machines: int | None = Field(default=None, ge=1, le=100_000)
    """Machines that are paid for at all times (hosts)."""


class CacheModel(Strict):
    """A beginning of the prompt that all requests share, as a what-if of the vendor's cache."""

    prefix_tokens: int = Field(ge=1, le=10_000_000)
    """Its length."""
    ttl_s: float = Field(default=300.0, gt=0, le=31_536_000)
    """Seconds for which the vendor keeps it after its last use."""


class PricePathModel(Strict):
    """An assumption of how the arm's price moves. Left out: it stays."""

    change_per_year: Change
    """-0.3: 30% less each year."""
    dated: str | None = None
    """When this was assumed."""
    source: str | None = None
    """By whom, or from what."""

    @field_validator("dated")
    @classmethod
    def _a_day(cls, value: str | None) -> str | None:
        try:
            return value if value is None else date.fromisoformat(value).isoformat()
        except ValueError:
            raise ValueError(f"dates are written 2026-05-01, not {value!r}") from None


class VolumeArmModel(Strict):
    """One arm's terms at that volume."""

    capacity_per_hour: float | None = Field(default=None, gt=0, le=1e12)
    """Requests an hour that one machine serves within the slo, as `bench sweep` shows. Left out: as
    measured in the run."""
    spare_machines: int | None = Field(default=None, ge=0, le=100_000)
    """Machines beyond those that the peak needs; replaces the volume's."""
    scales_to_zero: bool = False
    """Machines are paid by the hour of use, not around the clock."""
    one_off_usd: dict[str, DollarAmount | OneOffModel] = Field(default_factory=dict)
    """Costs that come once, by name: integration, migration."""
    fixed_usd_per_month: DollarAmount | None = None
    """What every month costs beside the requests: support, egress, licences."""
    free_requests_per_month: Annotated[float, Field(ge=0, le=1e13)] = 0
    """Requests of a month that cost nothing."""
    free_usd_per_month: DollarAmount | None = None
    """Dollars of usage a month that cost nothing."""
    tiers: list[TierModel] = Field(default_factory=list, max_length=20)
    """Volume discounts, by rising volume."""
    commitment: CommitmentModel | None = None
    """What is paid for in any case."""
    discount: Discount = 0
    """Share off everything that the arm's price does not say yet."""
    batch_share: Share | None = None
    """What-if: this share of the requests is sent as a batch."""
    cache: CacheModel | None = None
    """What-if: all requests begin with the same text."""
    price_path: PricePathModel | None = None
    """How the arm's price moves."""

    @model_validator(mode="after")
    def _rising(self) -> VolumeArmModel:
        steps = [tier.above_requests for tier in self.tiers]
        if steps != sorted(set(steps)):
            raise ValueError("tiers: state each volume once, the smaller first")
        return self


def _number_or_span(value: Any) -> str:
    return "span" if isinstance(value, Mapping | SpanModel) else "number"


Requests = Annotated[
    Annotated[Count, Tag("number")] | Annotated[SpanModel, Tag("span")],
    Discriminator(_number_or_span),
]


class VolumeModel(Strict):
    """How much is asked in a month: what makes dollars a request a bill."""

    requests_per_month: Requests
    """Requests of the first month; a number, or {low, base, high}."""
    peak_factor: float = Field(default=4.0, ge=1, le=1000)
    """Requests of the busiest hour over those of a mean hour: how many machines are needed."""
    growth_per_year: Change = 0
    """0.2: 20% more requests each year."""
    months: int = Field(default=36, ge=1, le=120)
    """How far the totals reach."""
    hours_per_month: float = Field(default=730.0, gt=0, le=744)
    """Hours of a month in which requests come and machines run."""
    spare_machines: int = Field(default=0, ge=0, le=100_000)
    """Machines beyond those that the peak needs (1: one may fail)."""
    discount_rate: float = Field(default=0, ge=0, le=1)
    """Cost of capital a year, for the present value."""
    currency: str = "USD"
    """What the bill is shown in, by its three letters."""
    fx: list[dict[str, Json]] = Field(default_factory=list)
    """Dated exchange rates, {currency, usd_per_unit, dated, source}, for that currency."""
    arms: dict[str, VolumeArmModel] = Field(default_factory=dict)
    """By arm: terms, one-off costs, assumptions."""

    @field_validator("currency")
    @classmethod
    def _three_letters(cls, value: str) -> str:
        if re.fullmatch(r"[A-Z]{3}", value) is None:
            raise ValueError(f"a currency is written as three capitals, such as EUR, not {value!r}")
        return value


def volume_json(model: VolumeModel) -> dict[str, Any]:
    """Return what a suite keeps of its volume: plain values, money as text, only what is stated."""
    return model.model_dump(mode="json", exclude_none=True, exclude_unset=True)
