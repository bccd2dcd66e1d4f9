"""Data behind the charts: distributions, cost components, break-even, tornado."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from claimbench.economics.what_if import HOURS_PER_MONTH
from claimbench.packed import columns
from claimbench.privacy.visible import visible
from claimbench.tables.per_request import per_request
from claimbench_reports.view.arms import is_measured
from claimbench_reports.view.format import count, figure, percent
from claimbench_reports.view.inputs import BreakEvenLine, ReportData
from claimbench_reports.view.types import BreakEvenView, CostPart, Series, TornadoBar, TornadoView

CURVE_POINTS = 120


def series(data: ReportData) -> tuple[Series, ...]:
    """Return empirical distributions of TTFT and E2E per arm, thinned to :data:`CURVE_POINTS`
    steps.
    """
    found: list[Series] = []
    for metric in ("ttft", "e2e"):
        for arm in data.suite.arms:
            if not is_measured(data, arm.name):
                continue
            rows = data.calls.arms[arm.name]
            values = (rows.ttft_s if metric == "ttft" else rows.e2e_s)[~rows.cached]
            values = np.sort(values[~np.isnan(values)])
            n = len(values)
            finite = values[np.isfinite(values)]
            if n < 2 or not len(finite):
                continue
            ranks = np.unique(
                np.linspace(0, len(finite) - 1, min(CURVE_POINTS, len(finite))).round().astype(int)
            )
            x = tuple(float(f"{v:.4g}") for v in finite[ranks])
            y = tuple(round(float(r + 1) / n, 4) for r in ranks)
            found.append(Series(visible(arm.name), metric, x, y, n, n - len(finite)))
    return tuple(found)


def cost_parts(data: ReportData) -> tuple[CostPart, ...]:
    """Return mean dollars per 1,000 requests by component (input, output, cache, fees, host time);
    known costs only. The components of an arm come to its mean over all.
    """
    sums: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for call_id, arm_name, role in columns(data.records, "call.id", "call.arm", "call.role"):
        cost = data.costs.get(call_id)
        if role != "subject" or cost is None or cost.amount is None:
            continue
        parts = cost.components or {(cost.basis or "total").replace("_", " "): cost.amount}
        for name, amount in parts.items():
            sums[arm_name][name] += float(amount)
    found: list[CostPart] = []
    for arm in data.suite.arms:
        mine = sums.get(arm.name)
        mean = per_request(data.items.arms[arm.name]).of_known if mine else None
        if not mine or mean is None:
            continue
        whole = sum(mine.values())
        for name, dollars in sorted(mine.items(), key=lambda kv: -kv[1]):
            share = dollars / whole if whole > 0 else 0.0
            shown = figure(f"cost.{arm.name}.{name}", 1000 * mean * share, "usd")
            found.append(CostPart(visible(arm.name), visible(name.replace("_", " ")), shown))
    return tuple(found)


def break_even_views(data: ReportData) -> tuple[BreakEvenView, ...]:
    """Return every break-even pair with a plain sentence."""
    return tuple(_break_even(b) for b in (data.economics.break_even if data.economics else ()))


def _break_even(b: BreakEvenLine) -> BreakEvenView:
    id_ = f"break_even.{b.local_arm}.{b.api_arm}"

    at = f" Its capacity was measured {b.load}." if b.load else ""
    volume = figure(f"{id_}.volume", b.requests_per_hour, "per_hour")
    if b.requests_per_hour is None:
        sentence = f"No break-even volume: {b.why or 'a price or a rate is unknown'}."
    elif b.feasible is False:
        sentence = (
            f"{b.local_arm} cannot pay off against {b.api_arm} on this host: it would need"
            f" {volume.text}, more than it can serve."
        )
    else:
        share = (
            f" ({percent(b.utilisation)} of what it can serve)" if b.utilisation is not None else ""
        )
        month = f", {count(b.requests_per_hour * HOURS_PER_MONTH)} a month"
        sentence = (
            f"From {volume.text}{month}{share} on, {b.local_arm} is cheaper than {b.api_arm}."
        )
    return BreakEvenView(
        visible(b.local_arm),
        visible(b.api_arm),
        b.basis != "measured",
        volume,
        figure(f"{id_}.utilisation", b.utilisation, "percent"),
        figure(f"{id_}.capacity", b.capacity_per_hour, "per_hour"),
        figure(f"{id_}.usd_per_hour", b.usd_per_hour, "usd"),
        figure(
            f"{id_}.api_usd_1k",
            None if b.api_usd_per_request is None else 1000 * b.api_usd_per_request,
            "usd",
        ),
        figure(f"{id_}.local_marginal_usd_1k", 1000 * b.local_marginal_usd, "usd"),
        visible(sentence + at),
    )


def tornado_views(data: ReportData) -> tuple[TornadoView, ...]:
    """Return sensitivity tables, the widest bar first."""
    views = []
    for i, t in enumerate(data.economics.tornado if data.economics else ()):
        id_ = f"tornado.{t.claim_id or i}"
        rows = sorted(t.rows, key=lambda r: -abs(r.ratio_high - r.ratio_low))
        bars = tuple(
            TornadoBar(
                visible(r.assumption),
                visible(r.low_label),
                visible(r.high_label),
                figure(f"{id_}.{r.assumption}.low", r.ratio_low, "ratio"),
                figure(f"{id_}.{r.assumption}.high", r.ratio_high, "ratio"),
                r.flips,
            )
            for r in rows
        )
        threshold = (
            None if t.threshold is None else figure(f"{id_}.threshold", t.threshold, "ratio")
        )
        views.append(
            TornadoView(
                visible(t.title),
                visible(t.label),
                figure(f"{id_}.base", t.ratio, "ratio"),
                threshold,
                bars,
            )
        )
    return tuple(views)
