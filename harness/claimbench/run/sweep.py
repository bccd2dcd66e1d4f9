"""A closed loop at rising concurrencies: throughput, percentiles, goodput, the knee, and when to
stop. Pure functions.

============  ======================================================================================
figure        formula
============  ======================================================================================
throughput    answered calls / (last end - first send)
goodput       the calls that keep every limit of the suite's ``slo`` / (last end - first send); its share of all
              finished calls with a Wilson interval. A failed or timed-out call keeps none
percentiles   order statistics, given from the number of calls on that bounds their 95% interval (p50 6, p95 72)
knee          the concurrency of the greatest power = throughput / median end-to-end time (Kleinrock)
dollars       mean dollars of the level's requests (calls answered or charged) with known dollars, per 1,000 and
              per million tokens in and out; unknown where 5% of the requests have none
keeps the slo at least 95% of the calls keep every limit
saturated     throughput grew by less than 5% over the level before while the median end-to-end time grew by over 20%
============  ======================================================================================
"""  # noqa: E501 - a table

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from claimbench import stats
from claimbench.run.interim_looks import Segments
from claimbench.run.progress import Runs
from claimbench.store.results import RunWriter
from claimbench.tables.per_request import are_requests
from claimbench.tables.types import BoolArray, CallRows, FloatArray
from claimbench.tables.waits import whole_rows
from claimbench.types import ANSWERED, Call

QUANTILES = (0.5, 0.95, 0.99)
LEAST_GAIN = 1.05
KEPT = 0.95
"""Share of calls that keep every limit from which a level keeps the slo."""
UNPRICED = 0.05
"""Share of requests without known dollars from which a level has none."""
MOST_SLOWER = 1.2
_NAMES = [outcome.value for outcome in ANSWERED]


@dataclass(frozen=True, slots=True)
class Level:
    """Hold the figures of one arm at one concurrency. Percentiles by quantile, None where there are
    too few calls.
    """

    concurrency: int
    n: int
    failed: int
    span_s: float
    per_s: float
    tokens_per_s: float | None
    ttft_s: Mapping[float, float | None]
    e2e_s: Mapping[float, float | None]
    good_per_s: float | None = None
    good_share: float | None = None
    good_low: float | None = None
    good_high: float | None = None
    usd_per_1k: float | None = None
    usd_per_mtok: float | None = None

    @property
    def keeps_slo(self) -> bool:
        """Return whether the level keeps the suite's limits; True where it states none."""
        return self.good_share is None or self.good_share >= KEPT


def level_of(rows: CallRows, concurrency: int, slo: Mapping[str, float]) -> Level | None:
    """Compute the figures of one arm's calls, warm-up left out; None if nothing was measured.

    ``slo``: limits in seconds for ttft_s, tpot_s, e2e_s; empty: no goodput.
    """
    answered = np.isin(rows.outcome, _NAMES)
    warm_up = answered & np.isnan(rows.e2e_s)
    kept, timed = ~warm_up, answered & np.isfinite(rows.e2e_s)
    if not timed.any():
        return None
    span = float(
        np.max(rows.sent_utc_s[timed] + rows.e2e_s[timed]) - np.min(rows.sent_utc_s[timed])
    )
    if span <= 0:
        return None
    tokens = rows.n_out[timed]
    level = Level(
        concurrency=concurrency,
        n=int(kept.sum()),
        failed=int((kept & ~answered).sum()),
        span_s=span,
        per_s=float(timed.sum()) / span,
        tokens_per_s=float(tokens.sum()) / span if np.isfinite(tokens).all() else None,
        ttft_s=_quantiles(rows.ttft_s[kept]),
        e2e_s=_quantiles(rows.e2e_s[kept & answered]),
        **_dollars(rows, kept),
    )
    return _with_goodput(level, _good(rows, slo)[kept]) if slo else level


def _dollars(rows: CallRows, kept: BoolArray) -> dict[str, float | None]:
    """Return the level's dollars per 1,000 requests and per million tokens, in and out together."""
    requests = kept & are_requests(rows.outcome, rows.usd_high)
    known = requests & np.isfinite(rows.usd)
    if not known.any() or known.sum() < (1 - UNPRICED) * requests.sum():
        return {"usd_per_1k": None, "usd_per_mtok": None}
    usd = float(rows.usd[known].sum())
    tokens = float((rows.n_in + rows.n_out)[known].sum())
    return {
        "usd_per_1k": 1000 * usd / int(known.sum()),
        "usd_per_mtok": 1e6 * usd / tokens if np.isfinite(tokens) and tokens > 0 else None,
    }


def cheapest(levels: Sequence[Level]) -> Level | None:
    """Return the level with the fewest dollars per request of those that keep the slo; None if none
    does, or no dollars are known.
    """
    kept = [level for level in levels if level.keeps_slo and level.usd_per_1k is not None]
    return min(kept, key=lambda level: level.usd_per_1k or 0.0, default=None)


def _good(rows: CallRows, slo: Mapping[str, float]) -> BoolArray:
    """Mark the calls that keep every limit. TPOT does not exist below two tokens, and then keeps
    its limit, and waits count from the first send of a call.
    """
    rows = whole_rows(rows)
    good: BoolArray = np.isfinite(rows.e2e_s)
    for name, limit in slo.items():
        values: FloatArray = getattr(rows, name)
        keeps = values <= limit
        good &= keeps | (np.isnan(values) & (rows.n_out < 2)) if name == "tpot_s" else keeps
    return good


def _with_goodput(level: Level, good: BoolArray) -> Level:
    from dataclasses import replace

    share = stats.accuracy_ci(good.astype(float))
    per_s = float(good.sum()) / level.span_s
    return replace(
        level, good_per_s=per_s, good_share=share.est, good_low=share.lo, good_high=share.hi
    )


def _quantiles(values: FloatArray) -> dict[float, float | None]:
    known = values[~np.isnan(values)]
    return {
        q: (
            float(np.quantile(known, q, method="inverted_cdf"))
            if len(known) >= stats.min_n_quantile(q)
            else None
        )
        for q in QUANTILES
    }


def knee(levels: Sequence[Level]) -> Level | None:
    """Return the level of the greatest power; None if no level has enough calls for a median."""
    measured = [(level.per_s / median, level) for level in levels if (median := level.e2e_s[0.5])]
    return max(measured, key=lambda pair: pair[0])[1] if measured else None


def saturated(before: Level, now: Level) -> bool:
    """Return True if more calls in flight only wait longer."""
    old, new = before.e2e_s[0.5], now.e2e_s[0.5]
    if old is None or new is None:
        return False
    return now.per_s < LEAST_GAIN * before.per_s and new > MOST_SLOWER * old


class ForSeconds(Segments):
    """Run a plan for at most so long; calls in flight at its end may end."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    async def run(
        self,
        runner: Runs,
        remaining: Sequence[Call],
        writer: RunWriter,  # noqa: ARG002 - the protocol's
    ) -> None:
        """Run ``remaining`` until the time is up."""
        timer = asyncio.get_running_loop().call_later(
            self._seconds, runner.stop, "the level's time is up"
        )
        try:
            await runner.run(remaining)
        finally:
            timer.cancel()
