"""A run's what-ifs: break-even of every local arm against every API arm, and a tornado per cost
claim.

Measured arms only enter tornados; an API arm that was not run enters break-even as projected, and
is marked so.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np

from claimbench.claims.fields import ABSOLUTE, BILLS
from claimbench.claims.readings.cost import needed_ratio
from claimbench.economics.projection import Projection
from claimbench.economics.sides import (
    ApiSide,
    CostSide,
    HostSide,
    ratio_assumptions,
    ratio_model,
    throughput,
)
from claimbench.economics.what_if import Tornado, tornado
from claimbench.pricing.arms import ArmPrice
from claimbench.pricing.hosts import busy_shares
from claimbench.pricing.model import TokenRates, UnknownPrice
from claimbench.tables.types import CallRows
from claimbench.types import Claim, Verdict


@dataclass(frozen=True, slots=True)
class HostAndApi:
    """Hold what :func:`~claimbench.economics.what_if.break_even` needs of two arms."""

    local_arm: str
    api_arm: str
    usd_per_hour: float
    api_usd_per_request: float
    capacity_per_hour: float
    basis: Literal["measured", "projected"]
    local_marginal_usd: float = 0.0


@dataclass(frozen=True, slots=True)
class ClaimTornado:
    """Hold what moves the cost ratio of one claim's pair of arms. ``threshold``: the ratio that the
    claim asks for.
    """

    claim: Claim
    treatment: str
    baseline: str
    threshold: float
    tornado: Tornado


def side_of(price: ArmPrice, rows: CallRows, moment: datetime) -> CostSide | None:
    """Describe a measured arm's mean request; None where its price is unknown or nothing was
    measured.
    """
    if price.host is not None:
        estimate, _ = throughput(machine_seconds(rows))
        if estimate.value is None:
            return None
        extra = 0.0 if price.training is None else float(price.training.usd_per_request)
        return HostSide(price.host, estimate.value, estimate.low, estimate.high, extra)
    if price.price is None or not price.known:
        return None
    tokens_in, tokens_out = _mean(rows.n_in), _mean(rows.n_out)
    if tokens_in is None or tokens_out is None:
        return None
    try:
        rates = price.price.rates_at(moment, price.tier, price.context)
        batch = (
            price.price.rates_at(moment, "batch")
            if price.price.has_variant("processing", "batch")
            else None
        )
    except UnknownPrice:
        return None
    if "input" not in rates or "output" not in rates or price.price.currency != "USD":
        return None
    total = round(tokens_in)
    factor = float(price.price.factor)
    counted = ~np.isnan(rows.cache_read)  # what nobody told is no share of 0
    cached = _mean(rows.cache_read[counted])
    cached_of = _mean(rows.n_in[counted])
    share = 0.0 if not cached or not cached_of else min(1.0, cached / cached_of)
    return ApiSide(
        tokens_in,
        tokens_out,
        share,
        float(rates["input"].at(total)) * factor,
        float(rates["output"].at(total)) * factor,
        float(rates["cache_read"].at(total)) * factor if "cache_read" in rates else None,
        _batch_factor(rates, batch, tokens_in, tokens_out) if price.tier == "standard" else None,
        float(rates["per_request"].base) * factor if "per_request" in rates else 0.0,
    )


def pairs(
    prices: Mapping[str, ArmPrice],
    calls: Mapping[str, CallRows],
    measured_usd: Mapping[str, float],
    projected: Mapping[str, Projection],
) -> list[HostAndApi]:
    """List local arms against API arms, measured and projected.

    Args:
        prices: every arm's price.
        calls: measured arms' calls.
        measured_usd: arm -> measured mean dollars per request.
        projected: projections of arms that were not run.
    """
    capacity = {}
    for name, rows in calls.items():
        if name in prices and prices[name].host is not None:
            estimate, _ = throughput(machine_seconds(rows))
            if estimate.value:
                capacity[name] = estimate.value
    apis: list[tuple[str, float, Literal["measured", "projected"]]] = []
    for name, price in prices.items():
        if price.host is None and name in measured_usd:
            apis.append((name, measured_usd[name], "measured"))
        elif price.host is None and name in projected and projected[name].usd is not None:
            apis.append((name, float(projected[name].usd or 0), "projected"))
    found = []
    for local, rate in capacity.items():
        host = prices[local].host
        if host is not None:
            found += [
                HostAndApi(
                    local, api, float(host.per_hour), usd, rate, basis, _on_top(prices[local])
                )
                for api, usd, basis in apis
            ]
    return found


def _on_top(price: ArmPrice) -> float:
    """Return what one more request costs on a machine beside its hours: its share of a training."""
    return 0.0 if price.training is None else float(price.training.usd_per_request)


def claim_tornados(
    verdicts: Sequence[Verdict],
    prices: Mapping[str, ArmPrice],
    calls: Mapping[str, CallRows],
    moment: datetime,
) -> list[ClaimTornado]:
    """Vary the assumptions behind every cost claim whose two arms were measured; parts of compound
    claims included.
    """
    sides = {
        name: side_of(prices[name], rows, moment) for name, rows in calls.items() if name in prices
    }
    found = []
    for verdict in _leaves(verdicts):
        claim = verdict.claim
        if claim.kind != "cost" or claim.relation in ABSOLUTE | BILLS:
            continue
        threshold = needed_ratio(claim).threshold
        for treatment in claim.treatments:
            for baseline in claim.baselines:
                a, b = sides.get(treatment), sides.get(baseline)
                if a is None or b is None:
                    continue
                rows = ratio_assumptions(a, b, treatment, baseline)
                result = tornado(ratio_model(a, b), rows, threshold, interval=_interval(verdict))
                found.append(ClaimTornado(claim, treatment, baseline, threshold, result))
    return found


def _leaves(verdicts: Sequence[Verdict]) -> list[Verdict]:
    found: list[Verdict] = []
    for verdict in verdicts:
        found += _leaves(verdict.parts) if verdict.parts else [verdict]
    return found


def _interval(verdict: Verdict) -> tuple[float, float] | None:
    """The statistical interval of dollars per request, where the verdict has a bounded one."""
    for reading in verdict.readings:
        e = reading.estimate
        if (
            reading.name == "per_request"
            and e is not None
            and e.low is not None
            and e.high is not None
        ):
            return (e.low, e.high) if math.isfinite(e.low) and math.isfinite(e.high) else None
    return None


def machine_seconds(rows: CallRows) -> list[float]:
    """Machine seconds of each call in sending order; calls served at once share each moment."""
    keep = ~(np.isnan(rows.sent_utc_s) | np.isnan(rows.busy_s) | rows.cached)
    sent, busy = rows.sent_utc_s[keep], rows.busy_s[keep]
    if not len(sent):
        return []
    order = np.argsort(sent, kind="stable")
    start = sent[order] - sent.min()
    spans = [
        (round(s * 1e9), round((s + d) * 1e9)) for s, d in zip(start, busy[order], strict=True)
    ]
    return busy_shares(spans)


def _batch_factor(
    now: TokenRates, batch: TokenRates | None, n_in: float, n_out: float
) -> float | None:
    if batch is None:
        return None
    usd, less = (
        n_in * float(r["input"].base) + n_out * float(r["output"].base) for r in (now, batch)
    )
    return less / usd if usd > 0 else None


def _mean(values: np.typing.NDArray[np.float64]) -> float | None:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else None
