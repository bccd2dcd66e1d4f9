"""What-ifs of a month's bill: a share in batches, a prefix that the vendor keeps, other volumes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from claimbench.economics.sides import ApiSide
from claimbench.economics.volume.months import Measured, ledger
from claimbench.economics.volume.stated import SharedPrefix, Volume
from claimbench.errors import BenchError


@dataclass(frozen=True, slots=True)
class Scenario:
    """The first month's dollars of one arm if something were so; None with ``note`` saying why
    not.
    """

    arm: str
    what: str
    usd: float | None
    note: str = ""


def scenarios(
    measured: Measured,
    volume: Volume,
    side: ApiSide | None = None,
    rates: Mapping[str, float] | None = None,
) -> list[Scenario]:
    """Return the what-ifs that are stated of an arm.

    Args:
        measured: the arm.
        volume: with its span and the arm's terms.
        side: an endpoint's mean request; None where its tokens or prices are unknown.
        rates: its dollars per million tokens by class.
    """
    found: list[Scenario] = []
    for name, requests in (("fewest", volume.low), ("most", volume.high)):
        if requests is not None:
            what = f"{name} requests: {requests:,.0f} a month"
            found.append(_month(measured, volume.at(requests), what))
    terms = volume.terms(measured.arm)
    if terms.batch_share is not None:
        found.append(_batch(measured, volume, side, terms.batch_share))
    if terms.cache is not None:
        found.append(_cache(measured, volume, side, rates or {}, terms.cache))
    return found


def hit_rate(volume: Volume, prefix: SharedPrefix) -> float:
    """Return the share of requests that find a shared prefix cached, in steady state: 1 - exp(-rate
    x TTL).
    """
    per_s = volume.requests / (volume.hours * 3600)
    return 1 - math.exp(-per_s * prefix.ttl_s)


def _month(measured: Measured, volume: Volume, what: str, note: str = "") -> Scenario:
    one = replace(volume, months=1)
    try:
        usd = ledger(measured, one, volume.terms(measured.arm))[0].usd
    except BenchError as error:
        return Scenario(measured.arm, what, None, error.message)
    return Scenario(measured.arm, what, usd, note)


def _batch(measured: Measured, volume: Volume, side: ApiSide | None, share: float) -> Scenario:
    what = f"{100 * share:.4g}% of the requests in batches"
    if side is None or side.batch_factor is None:
        return Scenario(measured.arm, what, None, "no batch price is known")
    usual = side.usd({}, "x")
    factor = side.usd({"x.batch": share}, "x") / usual if usual > 0 else 1.0
    usd = (measured.usd_per_request or 0.0) * factor
    note = f"a batch costs {100 * side.batch_factor:.4g}% of now, and answers within a day"
    return _month(replace(measured, usd_per_request=usd), volume, what, note)


def _cache(
    measured: Measured,
    volume: Volume,
    side: ApiSide | None,
    rates: Mapping[str, float],
    prefix: SharedPrefix,
) -> Scenario:
    """Reckon a shared prefix: hits at the price of a cached token, others at that of writing it."""
    what = f"a prefix of {prefix.tokens:,} tokens that all share"
    if side is None or side.cache_rate is None:
        return Scenario(measured.arm, what, None, "no price of cached tokens is known")
    if prefix.tokens > side.input_tokens:
        note = f"a mean request has {side.input_tokens:,.0f} input tokens, fewer than the prefix"
        return Scenario(measured.arm, what, None, note)
    usual = side.usd({}, "x")
    hits = hit_rate(volume, prefix)
    written = rates.get("cache_write_5m", side.input_rate)
    if prefix.ttl_s > 300 and "cache_write_1h" in rates:
        written = rates["cache_write_1h"]
    each = hits * side.cache_rate + (1 - hits) * written - side.input_rate
    cold = side.usd({"x.cache_share": 0.0}, "x")
    factor = (cold + each * prefix.tokens / 1e6) / usual if usual > 0 else 1.0
    usd = (measured.usd_per_request or 0.0) * factor
    note = f"{100 * hits:.4g}% hit it at an even rate, kept {prefix.ttl_s:,.0f} s"
    return _month(replace(measured, usd_per_request=max(0.0, usd)), volume, what, note)
