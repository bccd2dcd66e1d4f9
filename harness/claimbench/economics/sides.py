"""The cost of a mean request as a function of its assumptions, for the tornado and the flip points.

Two kinds of arm: an API (tokens x prices) and a machine (hours / throughput). Either may stand on
either side.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from claimbench.economics.what_if import Assumption
from claimbench.pricing.hosts import HostCost
from claimbench.stats import log_ratio_ci
from claimbench.types import Estimate

MIN_BLOCKS = 10
BLOCK_S = 60.0
MAX_CACHE_SHARE = 0.9


@dataclass(frozen=True, slots=True)
class ApiSide:
    """A mean request of an API arm: tokens as measured, prices per million.

    ``input_tokens`` counts cached ones too; ``cache_share`` is their measured share.
    ``batch_factor``: what a batch request would cost relative to now, None if there is no such
    offer. ``other_usd``: fees and everything else.
    """

    input_tokens: float
    output_tokens: float
    cache_share: float
    input_rate: float
    output_rate: float
    cache_rate: float | None = None
    batch_factor: float | None = None
    other_usd: float = 0.0

    def usd(self, values: Mapping[str, float], prefix: str) -> float:
        """Return the dollars per request under ``values`` (absent keys: as measured)."""
        share = values.get(f"{prefix}.cache_share", self.cache_share)
        cached = self.input_rate if self.cache_rate is None else self.cache_rate
        tokens_in = self.input_tokens * ((1 - share) * self.input_rate + share * cached)
        tokens_out = (
            self.output_tokens * values.get(f"{prefix}.output_length", 1.0) * self.output_rate
        )
        batch = 1.0
        if self.batch_factor is not None:
            batch += values.get(f"{prefix}.batch", 0.0) * (self.batch_factor - 1)
        return ((tokens_in + tokens_out) / 1e6 * batch + self.other_usd) * values.get(
            f"{prefix}.list_price", 1.0
        )

    def assumptions(self, prefix: str, name: str) -> list[Assumption]:
        """List what may be off: prices and output length by 20 %, the cache share, batch."""
        found = [
            Assumption(f"{prefix}.list_price", f"{name}: list price or discount", 0.8, 1.0, 1.2),
            Assumption(f"{prefix}.output_length", f"{name}: output length", 0.8, 1.0, 1.2),
        ]
        if self.cache_rate is not None:
            high = max(MAX_CACHE_SHARE, self.cache_share)
            found.append(
                Assumption(
                    f"{prefix}.cache_share", f"{name}: cached share", 0.0, self.cache_share, high
                )
            )
        if self.batch_factor is not None:
            found.append(Assumption(f"{prefix}.batch", f"{name}: batch", 0.0, 0.0, 1.0))
        return found


@dataclass(frozen=True, slots=True)
class HostSide:
    """A machine: hourly cost and requests/h as measured in this run, with the interval of the
    latter.
    """

    host: HostCost
    requests_per_hour: float
    requests_low: float | None = None
    requests_high: float | None = None
    other_usd: float = 0.0

    def usd(self, values: Mapping[str, float], prefix: str) -> float:
        """Return the dollars per request under ``values`` (absent keys: as stated or measured)."""
        h = self.host
        hourly = float(h.staff_usd_per_hour)
        if h.usd_per_hour is not None:
            hourly += float(h.usd_per_hour) * values.get(f"{prefix}.hourly_price", 1.0)
        elif h.purchase_usd is not None and h.lifetime_years is not None:
            years = values.get(f"{prefix}.lifetime_years", float(h.lifetime_years))
            hourly += float(h.purchase_usd - h.residual_usd) / (years * 8760)
        if h.watts is not None and h.usd_per_kwh is not None:
            watts = float(h.watts) * values.get(f"{prefix}.watts", 1.0)
            hourly += (
                watts
                / 1000
                * float(h.pue)
                * float(h.usd_per_kwh)
                * values.get(f"{prefix}.kwh_price", 1.0)
            )
        u = values.get(f"{prefix}.utilisation", float(h.load_factor))
        rate = values.get(f"{prefix}.throughput", self.requests_per_hour)
        return hourly / (rate * u) + self.other_usd

    def assumptions(self, prefix: str, name: str) -> list[Assumption]:
        """List what may be off: utilisation (0.1-0.8 as stated, half to twice as derived from a
        volume, down to 0.01 where nobody stated it), hourly price 20 %, kWh 50 %, watts 15 %, life
        2-5 years, throughput.
        """
        h = self.host
        found = []
        if h.include_idle:
            u = float(h.utilisation)
            least, most = {
                "stated": (min(0.1, u), max(0.8, u)),
                "derived": (u / 2, min(1.0, 2 * u)),
                "no": (min(0.01, u), u),
            }[h.known_use]
            key = f"{prefix}.utilisation"
            found.append(Assumption(key, f"{name}: utilisation", least, u, most))
        if h.usd_per_hour is not None:
            found.append(
                Assumption(f"{prefix}.hourly_price", f"{name}: price per hour", 0.8, 1.0, 1.2)
            )
        elif h.lifetime_years is not None:
            years = float(h.lifetime_years)
            key = f"{prefix}.lifetime_years"
            found.append(
                Assumption(key, f"{name}: lifetime, years", min(2.0, years), years, max(5.0, years))
            )
        if h.watts is not None:
            found.append(Assumption(f"{prefix}.kwh_price", f"{name}: price per kWh", 0.5, 1.0, 1.5))
            found.append(Assumption(f"{prefix}.watts", f"{name}: watts", 0.85, 1.0, 1.15))
        low, high = self.requests_low, self.requests_high
        if low is not None and high is not None and 0 < low <= high < math.inf:
            base = self.requests_per_hour
            found.append(
                Assumption(
                    f"{prefix}.throughput", f"{name}: requests per hour (interval)", low, base, high
                )
            )
        return found


CostSide = ApiSide | HostSide


def ratio_model(a: CostSide, b: CostSide) -> Callable[[Mapping[str, float]], float]:
    """Return values -> cost ratio a/b; keys begin with ``a.`` or ``b.``."""

    def ratio(values: Mapping[str, float]) -> float:
        below = b.usd(values, "b")
        return a.usd(values, "a") / below if below > 0 else math.inf

    return ratio


def ratio_assumptions(a: CostSide, b: CostSide, name_a: str, name_b: str) -> list[Assumption]:
    """List the assumptions of both sides."""
    return a.assumptions("a", name_a) + b.assumptions("b", name_b)


def throughput(busy_s: Sequence[float], alpha: float = 0.05) -> tuple[Estimate, tuple[str, ...]]:
    """Return the requests per hour of busy machine time, with its log-jackknife interval over time
    blocks.

    Args:
        busy_s: machine seconds of each finished request, in the order in which they were served.
        alpha: 1 - level.

    Returns:
        The estimate, and flags: ``short_blocks`` where blocks are shorter than a minute. Blocks are
            runs of whole
        requests of min(60 s, total/12); with fewer than 10 there is no interval.
    """
    total = math.fsum(busy_s)
    if total <= 0:
        return Estimate(
            None, None, None, 1 - alpha, "log-jackknife-t", 0, 0, why_no_interval="no busy time"
        ), ()
    length = min(BLOCK_S, total / 12)
    counts, seconds, n, spent = [], [], 0, 0.0
    for s in busy_s:
        n, spent = n + 1, spent + s
        if spent >= length:
            counts.append(float(n))
            seconds.append(spent)
            n, spent = 0, 0.0
    if n and counts:  # the rest is no block of its own
        counts[-1] += n
        seconds[-1] += spent
    flags = ("short_blocks",) if length < BLOCK_S else ()
    rate, blocks = len(busy_s) / total * 3600, len(counts)
    if blocks < MIN_BLOCKS:
        why = f"{blocks} time blocks, {MIN_BLOCKS} needed"
        return Estimate(
            rate, None, None, 1 - alpha, "log-jackknife-t", len(busy_s), blocks, why_no_interval=why
        ), flags
    ci = log_ratio_ci((counts, seconds), (1, -1), None, alpha)
    return Estimate(
        rate, ci.lo * 3600, ci.hi * 3600, ci.level, ci.method, len(busy_s), blocks, df=ci.df
    ), flags
