"""What a page needs to reckon bills anew: the arms' terms and what was measured, not rounded."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WhatIfVolume:
    """The declared volume. ``usd_per_unit``: dollars of one unit of ``currency``."""

    requests: float
    peak_factor: float
    growth: float
    months: int
    hours: float
    currency: str
    usd_per_unit: float


@dataclass(frozen=True, slots=True)
class WhatIfTier:
    """Requests of a month beyond ``above_requests`` cost a share of ``discount`` less."""

    above_requests: float
    discount: float


@dataclass(frozen=True, slots=True)
class WhatIfOnce:
    """Dollars that come once, in a month counted from 1."""

    month: int
    usd: float


@dataclass(frozen=True, slots=True)
class WhatIfCommitment:
    """What is paid for in any case, and the share off for it."""

    discount: float
    usd_per_month: float
    machines: int


@dataclass(frozen=True, slots=True)
class WhatIfTerms:
    """One arm's terms; ``once`` holds training too."""

    once: tuple[WhatIfOnce, ...]
    fixed_usd: float
    free_requests: float
    free_usd: float
    tiers: tuple[WhatIfTier, ...]
    commitment: WhatIfCommitment | None
    discount: float
    price_change: float
    scales_to_zero: bool


@dataclass(frozen=True, slots=True)
class WhatIfRequest:
    """The mean request of an endpoint: tokens as measured, dollars per million."""

    input_tokens: float
    output_tokens: float
    cache_share: float
    input_rate: float
    output_rate: float
    cache_rate: float | None
    other_usd: float


@dataclass(frozen=True, slots=True)
class WhatIfMachine:
    """A machine: rented (``usd_per_hour``) or owned, and what each hour costs beside that."""

    usd_per_hour: float | None
    purchase_usd: float | None
    residual_usd: float
    life_years: float | None
    life_months: int | None
    running_usd_per_hour: float


@dataclass(frozen=True, slots=True)
class WhatIfArm:
    """One arm: ``value`` is dollars per request of an endpoint, requests an hour of a machine;
    ``ends`` its interval, ``level`` that interval's level in words, where it is not the page's.
    """

    arm: str
    value: float
    ends: tuple[float, float] | None
    request: WhatIfRequest | None
    machine: WhatIfMachine | None
    spare_machines: int
    terms: WhatIfTerms
    level: str = ""


@dataclass(frozen=True, slots=True)
class WhatIfView:
    """The declared case and what it takes to reckon another; ``left_out``: arms without a bill."""

    volume: WhatIfVolume
    horizons: tuple[int, ...]
    incumbent: str | None
    arms: tuple[WhatIfArm, ...]
    left_out: str
