"""Routes beside what else their arms could do, and claims about adoption, in words and rounded
numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

from claimbench.claims.beside.adoption import by_result
from claimbench.claims.beside.asked import KIND as ADOPTION
from claimbench.routes.beside import Beside
from claimbench.types import Estimate, Verdict
from claimbench_reports.view.beside.pairs import pairs_views
from claimbench_reports.view.beside.quantisations import quantisations_views
from claimbench_reports.view.beside.turns import turns_views
from claimbench_reports.view.beside.types import (
    AdoptionView,
    BesideView,
    CurveView,
    RouteView,
    WayView,
)
from claimbench_reports.view.format import Figure, figure
from claimbench_reports.view.inputs import ReportData
from claimbench_reports.view.words import STATUS

NOT_DEFINED = "not defined: the route costs less than its cheapest arm"


def beside_view(data: ReportData, clean: Callable[[str], str]) -> BesideView:
    """Return what stands beside the measured arms as shown; ``clean`` masks foreign text."""
    views: list[RouteView] = []
    for one in data.routes:
        if isinstance(one, Beside):
            facts = data.context.routes.get(one.name)
            asks = "" if facts is None else clean(facts.asks)
            views.append(replace(route_view(one, clean), asks=asks))
        else:
            name, why = one
            said = data.context.routes[name].said if name in data.context.routes else ""
            views.append(
                RouteView(clean(name), clean(said), "", (), (), None, None, (), clean(why))
            )
    counted = [verdict for verdict in data.verdicts if verdict.claim.kind == ADOPTION]
    as_of = [flag.detail for verdict in counted for flag in verdict.flags if flag.code == "as_of"]
    sources = dict.fromkeys(source for said in as_of for source in said.split("; "))
    adoption = tuple(_adoption(verdict, clean) for verdict in counted)
    return BesideView(
        tuple(views),
        adoption,
        tuple(clean(source) for source in sources),
        pairs_views(data.pairs, clean),
        quantisations_views(data, clean),
        turns_views(data, clean),
    )


def _adoption(verdict: Verdict, clean: Callable[[str], str]) -> AdoptionView:
    ways = [
        WayView(status, clean(found), tuple(names))
        for status, found, names in by_result(verdict.readings)
    ]
    claim, read_as = clean(verdict.claim.text), clean(verdict.read_as)
    return AdoptionView(claim, STATUS[verdict.status], read_as, tuple(ways))


def route_view(one: Beside, clean: Callable[[str], str]) -> RouteView:
    """Return one route as shown."""
    name = f"route.{one.name}"
    oracle = f"{name}.oracle"
    rows = (
        ("the route", _score(f"{name}.quality", one.score), _usd(f"{name}.usd_1k", one.usd)),
        (
            f"best single arm: {clean(one.best)}",
            figure(f"{name}.best.quality", one.best_score, "share"),
            figure(f"{name}.best.usd_1k", 1000 * one.best_usd, "usd"),
        ),
        (
            "best random mixture of its arms at these dollars",
            figure(f"{name}.mixture.quality", one.mixture, "share", unknown=NOT_DEFINED),
            figure(f"{name}.mixture.usd_1k", 1000 * (one.usd.value or 0.0), "usd"),
        ),
        (
            "oracle: the cheapest right arm on each item",
            figure(f"{oracle}.quality", one.oracle_score, "share"),
            figure(f"{oracle}.usd_1k", 1000 * one.oracle_usd, "usd"),
        ),
    )
    curve = []
    for k, point in enumerate(one.curve):
        at = f"{name}.curve.{k}"
        curve.append(
            CurveView(
                figure(f"{at}.passed", point.passed, "share"),
                _score(f"{at}.quality", point.score),
                _usd(f"{at}.usd_1k", point.usd),
            )
        )
    return RouteView(
        name=clean(one.name),
        said=clean(one.said),
        threshold=clean(_threshold(one)),
        answered=tuple(
            (clean(arm), figure(f"{name}.answered.{arm}", share, "share"))
            for arm, share in one.shares.items()
        ),
        rows=rows,
        gain=None if one.gain is None else _shown(f"{name}.gain", one.gain, "points"),
        n_items=figure(f"{name}.n_items", float(one.n), "count"),
        curve=tuple(curve),
        chosen=tuple(
            (clean(value) or "no value", clean(_choice(shares)))
            for value, shares in one.choices.items()
        ),
    )


def _threshold(one: Beside) -> str:
    if one.choices:
        n = len(one.choices)
        return (
            f"arms fitted by the folds, for {n:,} {'value' if n == 1 else 'values'} of the column"
        )
    if one.threshold is None:
        return ""
    first = f"thresholds of the folds: {_span(*one.threshold)}"
    later = [f"; to {then}: {_span(low, high)}" for then, low, high in one.later_thresholds]
    return first + "".join(later)


def _choice(shares: Mapping[str, float]) -> str:
    ranked = sorted(shares.items(), key=lambda each: -each[1])
    told = [f"{arm}" if share == 1 else f"{arm} ({share:.0%})" for arm, share in ranked]
    return ", ".join(told) or "nothing learnt"


def _span(low: float, high: float) -> str:
    first, last = _bound(low), _bound(high)
    return first if first == last else f"{first} to {last}"


def _bound(value: float) -> str:
    return f"{value:.4g}" if math.isfinite(value) else "all or none"


def _score(id_: str, estimate: Estimate) -> Figure:
    return _shown(id_, estimate, "share")


def _usd(id_: str, estimate: Estimate) -> Figure:
    return _shown(id_, estimate, "usd", 1000.0)


def _shown(id_: str, estimate: Estimate, unit: str, times: float = 1.0) -> Figure:
    low, high = estimate.low, estimate.high
    if estimate.value is None or low is None or high is None:
        value = None if estimate.value is None else times * estimate.value
        return figure(id_, value, unit, note=estimate.why_no_interval or "")
    return figure(id_, times * estimate.value, unit, low=times * low, high=times * high)
