"""The compare table, the differences against each baseline, and quality by slice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from claimbench import stats
from claimbench.claims.facts.receivers import HERE, receiver_of
from claimbench.claims.people import people_table
from claimbench.privacy.redact import Redactor
from claimbench.privacy.visible import visible
from claimbench.stats.intervals import Interval
from claimbench.tables.types import ArmItems, BoolArray, CallRows, FloatArray, IntArray
from claimbench.tables.waits import retried
from claimbench.types import Arm
from claimbench_reports.view import judged, measure
from claimbench_reports.view.format import Figure, count, figure
from claimbench_reports.view.inputs import ArmInfo, BreakEvenLine, ReportData
from claimbench_reports.view.types import ArmView, DifferenceView, SliceView

ALL = "all tasks"
MAX_SLICE_VALUES = 12
NOT_STATED = "not stated"
COMPOSED = "composed"
"""What stands for the model and provider of an arm that was made from other arms' calls."""
BASES = {
    "billed": "billed by the provider",
    "list_price": "list price",
    "host_time": "host time",
    "projected": "projected, not measured",
}


def scopes(data: ReportData) -> dict[str, BoolArray]:
    """Map each scope's name to the mask of its items; all tasks first, single tasks only where
    there are several.
    """
    every = np.ones(len(data.items.items), dtype=np.bool_)
    names = [t.name for t in data.suite.tasks]
    if len(names) < 2:
        return {ALL: every}
    return {ALL: every, **{name: data.items.task == name for name in names}}


def arm_views(data: ReportData, redact: Redactor) -> tuple[ArmView, ...]:
    """Return every arm of the suite in every scope: measured ones first, then those not run, with
    the reason.
    """
    codes = stats.cluster_codes(data.items.cluster).astype(np.int64)
    views: list[ArmView] = []
    for scope, mask in scopes(data).items():
        for arm in data.suite.arms:
            if is_measured(data, arm.name):
                figures = _figures(
                    data, arm, scope, measure.ItemScope(mask, codes, data.suite.alpha)
                )
                views.append(_arm_view(data, redact, arm, scope, figures))
        if scope == ALL:
            views += [
                _arm_view(data, redact, a, scope, ())
                for a in data.suite.arms
                if not is_measured(data, a.name)
            ]
    return tuple(views)


def base_notes(arms: Sequence[ArmView]) -> list[str]:
    """Return a line for each arm whose dollars are of fewer turns than planned, or whose dollars
    per correct answer rest on fewer items than its dollars per request.
    """
    found = []
    for arm in arms:
        dollars = arm.get("usd_1k")
        if arm.scope == ALL and dollars is not None and measure.UNASKED in dollars.note:
            found.append(f"{arm.arm}: $ per 1k requests: {dollars.note}.")
        shown = arm.get("usd_1k_correct")
        if arm.scope == ALL and shown is not None and measure.LEFT_OUT in shown.note:
            found.append(f"{arm.arm}: $ per 1k correct: {shown.note}; $ per 1k requests holds all.")
    return found


def is_measured(data: ReportData, arm: str) -> bool:
    """Return True if the arm left at least one finished call."""
    rows = data.calls.arms.get(arm)
    return rows is not None and len(rows.item) > 0


def _arm_view(
    data: ReportData,
    redact: Redactor,
    arm: Arm,
    scope: str,
    figures: tuple[tuple[str, Figure], ...],
) -> ArmView:
    info = data.arm_info.get(arm.name, ArmInfo())
    facts = data.manifest.arm_facts.get(arm.name) or {}
    returned = facts.get("model_returned") if isinstance(facts, Mapping) else None
    items = data.items.arms.get(arm.name)
    notes = []
    if returned and returned != arm.model and arm.device is None:
        notes.append(f"the endpoint answered as {returned}")
    composed = data.context.routes.get(arm.name)
    if composed is not None:
        notes.append(f"composed of stored calls, no request took this path: {composed.said}")
    bases = [BASES.get(b, b) for b in items.cost_bases] if items and figures else []
    why = "" if figures else data.manifest.arms_not_run.get(arm.name, "no call finished")

    def clean(text: str) -> str:
        return visible(redact.mask(text))

    return ArmView(
        arm=clean(arm.name),
        scope=scope,
        measured=bool(figures),
        why_not=clean(why),
        model=clean(arm.model if composed is None else COMPOSED),
        provider=clean(arm.provider if composed is None else COMPOSED),
        weights={"open": "open", "proprietary": "proprietary"}.get(arm.weights, NOT_STATED),
        lab=clean(
            " \u00b7 ".join(x for x in (info.lab or arm.lab, info.country) if x) or NOT_STATED
        ),
        licence=clean(info.licence or NOT_STATED),
        destination=clean(
            info.destination or (destination(data, arm) if composed is None else "see its arms")
        ),
        provider_tested=clean(info.tested or NOT_STATED),
        cost_basis=", ".join(bases) or "unknown",
        figures=figures,
        notes=tuple(clean(n) for n in notes),
    )


def destination(data: ReportData, arm: Arm) -> str:
    """Say whom prompts went to, as far as the run knows."""
    receiver = receiver_of(data.suite, arm, data.manifest.arm_facts.get(arm.name))
    if receiver.kind != "unknown":
        return receiver.told
    rows = data.calls.arms.get(arm.name)
    inside = rows is not None and "in_process" in rows.stamp_source
    return HERE if inside else f"the provider's default endpoint ({arm.provider})"


def _figures(
    data: ReportData, arm: Arm, scope: str, items: measure.ItemScope
) -> tuple[tuple[str, Figure], ...]:
    table, rows = data.items.arms[arm.name], data.calls.arms[arm.name]
    calls = measure.call_scope(rows, items.codes, items.mask, items.alpha)
    name = f"compare.{scope}.{arm.name}"

    def fid(column: str) -> str:
        return f"{name}.{column}"

    found: list[tuple[str, Figure]] = [
        ("quality", judged.quality(fid("quality"), data, arm.name, items)),
        ("usd_1k", measure.usd_1k(fid("usd_1k"), table, items)),
        ("usd_1k_correct", judged.usd_1k_correct(fid("usd_1k_correct"), data, arm.name, items)),
    ]
    for metric, values, ps in (
        ("ttft", rows.ttft_s, (0.5, 0.95)),
        ("e2e", rows.e2e_s, (0.5, 0.95, 0.99)),
        ("tpot", rows.tpot_s, (0.5,)),
    ):
        for p in ps:
            column = f"{metric}_p{round(100 * p)}"
            found.append((column, measure.quantile(fid(column), values, p, calls)))
    # An arm with a device of its own runs one call at a time, whatever its concurrency says.
    concurrency = 1 if arm.device else max(data.suite.load.concurrency or arm.concurrency, 1)
    found += [
        ("output_speed", measure.output_speed(fid("output_speed"), calls)),
        (
            "throughput",
            measure.throughput(
                fid("throughput"), calls, concurrency, data.suite.load.mode == "closed"
            )
            if data.manifest.options.get("imported") is None
            else figure(fid("throughput"), None, "per_hour", unknown="\u2014"),
        ),
        ("break_even", _break_even(fid("break_even"), data, arm.name if scope == ALL else "")),
        *_arm_counts(fid, table, rows, items.mask, calls),
    ]
    return tuple(found)


def _arm_counts(
    fid: Callable[[str], str],
    table: ArmItems,
    rows: CallRows,
    mask: BoolArray,
    calls: measure.CallScope,
) -> list[tuple[str, Figure]]:
    def total(values: IntArray) -> float:
        return float(values[mask].sum())

    retried_calls = float((retried(rows) & mask[rows.item]).sum())
    return [
        (
            "n_items",
            figure(fid("n_items"), float((mask & np.isfinite(table.score)).sum()), "count"),
        ),
        ("tokens_in", measure.mean_or_unknown(fid("tokens_in"), rows.n_in, calls.keep)),
        ("tokens_out", measure.mean_or_unknown(fid("tokens_out"), rows.n_out, calls.keep)),
        ("cache_share", measure.cache_share(fid("cache_share"), calls)),
        ("n_missing", _missing(fid("n_missing"), table, mask)),
        ("n_retried", figure(fid("n_retried"), retried_calls, "count")),
        ("n_refused", figure(fid("n_refused"), total(table.n_refused), "count")),
        ("n_truncated", figure(fid("n_truncated"), total(table.n_truncated), "count")),
        ("n_unparsable", figure(fid("n_unparsable"), total(table.n_unparsable), "count")),
        ("n_empty", figure(fid("n_empty"), total(table.n_empty), "count")),
        ("n_not_asked", figure(fid("n_not_asked"), total(table.n_ended), "count")),
        ("n_timeout", figure(fid("n_timeout"), total(table.n_timeout), "count")),
    ]


def _missing(id_: str, table: ArmItems, mask: BoolArray) -> Figure:
    """Return the calls without a score, and say how many of them a fault before them kept from
    being asked: no other column counts those.
    """
    found = measure.missing(id_, table, mask)
    behind = int((table.n_not_asked - table.n_ended)[mask].sum())
    if not behind:
        return found
    told = f"{count(behind)} of them turns that a fault before them kept from being asked"
    return replace(found, note="; ".join(filter(None, [found.note, told])))


def _break_even(id_: str, data: ReportData, arm: str) -> Figure:
    """The lowest measured break-even volume of a local arm; a dash where the question does not
    arise.
    """
    rows = [b for b in (data.economics.break_even if data.economics else ()) if b.local_arm == arm]
    known = [b for b in rows if b.requests_per_hour is not None and b.basis == "measured"]
    if not known:
        return figure(
            id_,
            None,
            "per_hour",
            unknown="\u2014",
            note="no measured endpoint to set it against" if rows else "",
        )
    best: BreakEvenLine = min(known, key=lambda b: b.requests_per_hour or 0.0)
    note = f"against {best.api_arm}" + ("" if best.feasible else "; above the measured throughput")
    return figure(id_, best.requests_per_hour, "per_hour", note=visible(note))


def difference_views(data: ReportData) -> tuple[DifferenceView, ...]:
    """Return every ordered pair of measured arms over all items."""
    arms = [a.name for a in data.suite.arms if is_measured(data, a.name)]
    codes = stats.cluster_codes(data.items.cluster).astype(np.int64)
    times = {arm: _times(data, arm, codes) for arm in arms}
    views = []
    for baseline in arms:
        for arm in arms:
            if arm != baseline:
                found = difference(data, arm, baseline, codes, data.suite.alpha)
                name = f"difference.{baseline}.{arm}"
                latency = _latency((times[arm], times[baseline]), data.suite.alpha, name)
                views.append(replace(found, figures=(*found.figures, *latency)))
    return tuple(views)


def difference(data: ReportData, a: str, b: str, codes: IntArray, alpha: float) -> DifferenceView:
    """Return one arm against another on the items both answered, with intervals at ``alpha``;
    quality and dollars alone.
    """
    every = np.ones(len(data.items.items), dtype=np.bool_)
    name = f"difference.{b}.{a}"
    seen = people_table(data.items, data.context)
    one, two = seen.arms[a], seen.arms[b]
    people = judged.difference(data, a, b, every)
    mixed = judged.is_labelled(data, every) and people is None
    both = np.isfinite(one.score) & np.isfinite(two.score)
    figures: list[tuple[str, Figure]] = []
    bounded = (
        not mixed
        and bool(both.any())
        and all(s[both].min() >= 0 and s[both].max() <= 1 for s in (one.score, two.score))
    )
    if bounded:
        draws = np.minimum(one.n_epochs[both], two.n_epochs[both])
        iv = stats.difference_ci(one.score[both], two.score[both], codes[both], alpha, draws)
        iv = iv if people is None else people.at(alpha)
        figures.append(("quality", measure.from_interval(f"{name}.quality", iv, "points")))
    if not (one.cost_why_unknown or two.cost_why_unknown):
        priced = np.isfinite(one.usd) & np.isfinite(two.usd)
        if priced.any():
            pm = stats.paired_means(one.usd[priced], two.usd[priced], codes[priced])
            figures.append(
                (
                    "usd",
                    measure.from_interval(f"{name}.usd", stats.ratio_ci_hull(pm, alpha), "ratio"),
                )
            )
        right = (seen.right(a), seen.right(b))
        whole = priced & np.isfinite(right[0]) & np.isfinite(right[1])
        if whole.any() and bounded:
            columns = (one.usd[whole], right[0][whole], two.usd[whole], right[1][whole])
            iv = stats.log_ratio_ci(columns, (1, -1, -1, 1), codes[whole], alpha)
            figures.append(
                ("usd_correct", measure.from_interval(f"{name}.usd_correct", iv, "ratio"))
            )
    n = figure(f"{name}.n_items", float(both.sum()), "count")
    return DifferenceView(visible(a), visible(b), n, tuple(figures))


_TIMES = (("ttft_p50", "ttft_s", 0.5), ("e2e_p50", "e2e_s", 0.5), ("e2e_p95", "e2e_s", 0.95))
"""Columns of time: name, durations, quantile."""


def _times(data: ReportData, arm: str, codes: IntArray) -> dict[str, stats.QuantileData]:
    """Return an arm's durations, ready to be set against any other's; none that has no ratio."""
    every = np.ones(len(data.items.items), dtype=np.bool_)
    scope = measure.call_scope(data.calls.arms[arm], codes, every, data.suite.alpha)
    found: dict[str, stats.QuantileData] = {}
    for column, name, p in _TIMES:
        values: FloatArray = getattr(scope.rows, name)
        ok = scope.keep & ~np.isnan(values)
        if ok.any() and values[ok].min() > 0:
            found[column] = stats.quantile_data(values[ok], p, scope.codes[ok])
    return found


def _latency(
    pair: tuple[Mapping[str, stats.QuantileData], Mapping[str, stats.QuantileData]],
    alpha: float,
    name: str,
) -> list[tuple[str, Figure]]:
    ours, theirs = pair
    figures: list[tuple[str, Figure]] = []
    for column, _, _ in _TIMES:
        if column in ours and column in theirs:
            iv: Interval = stats.quantile_ratio_interval(ours[column], theirs[column], alpha)
            short = "" if iv.bounded else measure.TOO_FEW
            figures.append(
                (column, measure.from_interval(f"{name}.{column}", iv, "ratio", extra=short))
            )
    return figures


def slice_views(data: ReportData) -> tuple[tuple[SliceView, ...], str]:
    """Return quality by slice value and arm; the largest values of each slice, and a note where
    some are left out.
    """
    codes = stats.cluster_codes(data.items.cluster).astype(np.int64)
    arms = [a.name for a in data.suite.arms if is_measured(data, a.name)]
    found: list[SliceView] = []
    dropped: list[str] = []
    for name, column in data.items.slices.items():
        values, sizes = np.unique(column[column != ""], return_counts=True)
        order = np.argsort(-sizes, kind="stable")
        if len(values) > MAX_SLICE_VALUES:
            dropped.append(
                f"{visible(name)}: the {MAX_SLICE_VALUES} largest of {len(values)} values"
            )
        for value in values[order[:MAX_SLICE_VALUES]]:
            mask = column == value
            for arm in arms:
                id_ = f"slice.{name}.{value}.{arm}"
                shown = judged.quality(
                    id_, data, arm, measure.ItemScope(mask, codes, data.suite.alpha)
                )
                n = figure(
                    f"{id_}.n",
                    float((mask & np.isfinite(data.items.arms[arm].score)).sum()),
                    "count",
                )
                found.append(SliceView(visible(name), visible(str(value)), visible(arm), n, shown))
    return tuple(found), "; ".join(dropped)
