"""Accuracy, dollars and latency of NEW as non-inferiority against BASE, Holm over all of them.

The statistics are those of the claims: NEW is "not worse than BASE by more than the margin", a
claim between an arm and the same arm of another run, through the same gate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from claimbench import stats
from claimbench.claims.combine import P_SLACK, holm_steps
from claimbench.claims.other_runs import baseline_arm
from claimbench.claims.types import ClaimContext, Finding
from claimbench.claims.verdicts import claim_findings
from claimbench.monitoring.types import Judged, Margins, PairedArm, State
from claimbench.tables.types import BoolArray, CallTable, FloatArray, ItemTable
from claimbench.types import Claim, Reading, Reason

NAMED_ONLY = frozenset({"truncation", "refusal", "cache_share"})
"""Keys of the gate that are told and forbid nothing here: that an arm refuses more than it did is
what a comparison with itself is to find.
"""
STATES: Mapping[str, State] = {
    "supported": "held",
    "refuted": "regressed",
    "inconclusive": "undecided",
    "not_comparable": "not_comparable",
}
ACCURACY = "accuracy"
DOLLARS = "dollars"
LEAST_TAIL = stats.min_n_quantile(0.95)
"""Times that a 95th percentile takes."""


@dataclass(frozen=True)
class Tables:
    """Both runs in one table; ``common``: the items that are compared."""

    items: ItemTable
    calls: CallTable
    context: ClaimContext
    common: BoolArray


@dataclass(frozen=True)
class _Question:
    """One measure of one arm, as a claim."""

    arm: str
    metric: str
    margin: float
    claim: Claim


def judge(
    tables: Tables,
    arms: Sequence[PairedArm],
    margins: Margins,
    population: str,
    alpha: float,
) -> tuple[Judged, ...]:
    """Judge every measure that has a margin, of every arm, at ``alpha`` together.

    Each is decided at the level where Holm's procedure decides it, and shown at that level.
    """
    items, calls = tables.items, tables.calls
    ctx = replace(tables.context, allow=tables.context.allow | NAMED_ONLY, look=None)
    asked: list[_Question] = []
    for pair in arms:
        asked += _questions(pair.new, margins, population, alpha, calls)
    claims = [one.claim for one in asked]
    findings = claim_findings(claims, items, calls, ctx, alpha)
    places = _places([finding.p for finding in findings], alpha)
    judged: list[Judged] = []
    for i, (question, finding) in enumerate(zip(asked, findings, strict=True)):
        adjusted, divisor = places.get(i, (None, 1.0))
        if divisor > 1 and finding.status in ("supported", "refuted"):
            shown = claim_findings([question.claim], items, calls, ctx, alpha / divisor)[0]
            if shown.status == "inconclusive":
                shown = _among_many(shown, len(places))
            finding = shown
        if finding.status in ("supported", "refuted") and (adjusted or 0.0) > alpha + P_SLACK:
            finding = _among_many(replace(finding, status="inconclusive"), len(places))
        judged.append(_judged(question, finding, adjusted, tables))
    return tuple(judged)


def _among_many(finding: Finding, questions: int) -> Finding:
    why = Reason("multiplicity_measures", f"decided alone, not among {questions}")
    return replace(finding, reasons=(*finding.reasons, why))


def _places(ps: Sequence[float | None], alpha: float) -> dict[int, tuple[float, float]]:
    """Return by place: Holm's adjusted p, and what alpha is divided by where it is decided."""
    known = [i for i, p in enumerate(ps) if p is not None]
    if not known:
        return {}
    steps = holm_steps([ps[i] or 0.0 for i in known], [alpha] * len(known))
    return dict(zip(known, steps, strict=True))


def _questions(
    arm: str, margins: Margins, population: str, alpha: float, calls: CallTable
) -> list[_Question]:
    made: list[_Question] = []
    base = Claim(
        id="",
        text="",
        source=None,
        kind="",
        metric="",
        treatments=(arm,),
        baselines=(baseline_arm(arm),),
        relation="",
        threshold=None,
        population="fixed" if population == "fixed" else "super",
        alpha=alpha,
        quoted_precision=0.0,
    )
    if margins.accuracy is not None:
        claim = replace(
            base, kind="accuracy", metric="accuracy", relation="as", margin=margins.accuracy
        )
        made.append(_Question(arm, ACCURACY, margins.accuracy, claim))
    rises = replace(base, relation="more_by", bound="max")
    if margins.dollars is not None:
        claim = replace(
            rises, kind="cost", metric="usd", threshold=margins.dollars, reading="per_request"
        )
        made.append(_Question(arm, DOLLARS, margins.dollars, claim))
    time = margins.time or _time_of(arm, calls)
    if margins.latency is not None and time:
        metric, _, percentile = time.partition("_p")
        claim = replace(
            rises,
            kind="latency",
            metric=metric,
            threshold=margins.latency,
            quantile=int(percentile) / 100,
            reading="time_up",
        )
        made.append(_Question(arm, time, margins.latency, claim))
    return made


def _time_of(arm: str, calls: CallTable) -> str:
    """Return the latency to judge where none is stated, by the number of times alone; empty where
    no run has any.
    """
    least = min(
        int(np.isfinite(calls.arms[name].e2e_s).sum()) if name in calls.arms else 0
        for name in (arm, baseline_arm(arm))
    )
    if least == 0:
        return ""
    return "e2e_p95" if least >= LEAST_TAIL else "e2e_p50"


def _judged(
    question: _Question, finding: Finding, adjusted: float | None, tables: Tables
) -> Judged:
    reading = _reading(finding)
    estimate = None if reading is None else reading.estimate
    base, new, n = _values(question, tables)
    return Judged(
        question.arm,
        question.metric,
        question.margin,
        STATES[finding.status],
        None if estimate is None else estimate.value,
        None if estimate is None else estimate.low,
        None if estimate is None else estimate.high,
        1 - question.claim.alpha if estimate is None else estimate.level,
        base,
        new,
        n if estimate is None else estimate.n,
        None if reading is None else reading.p,
        adjusted,
        finding.reasons,
        finding.flags,
        finding.window,
    )


def _reading(finding: Finding) -> Reading | None:
    """Return the reading that decides; of an undecided finding the one that would have."""
    wanted = ("non_inferior", "per_request", "time_up")
    for reading in finding.readings:
        if reading.name.split(".")[-1] in wanted:
            return reading
    return None


def _values(question: _Question, tables: Tables) -> tuple[float | None, float | None, int]:
    """Return what was measured in BASE and in NEW, on what both have: score, dollars or seconds."""
    arm, base = question.arm, baseline_arm(question.arm)
    one, two = tables.items.arms[base], tables.items.arms[arm]
    if question.metric == ACCURACY:
        return _means(one.score, two.score, tables.common)
    if question.metric == DOLLARS:
        return _means(one.usd, two.usd, tables.common)
    metric, _, percentile = question.metric.partition("_p")
    found: list[float | None] = []
    least: list[int] = []
    for name in (base, arm):
        rows = tables.calls.arms[name]
        times = getattr(rows, f"{metric}_s")[tables.common[rows.item]]
        times = times[~np.isnan(times)]
        least.append(len(times))
        data = stats.quantile_data(times, int(percentile) / 100) if len(times) else None
        found.append(None if data is None or not np.isfinite(data.est) else data.est)
    return found[0], found[1], min(least)


def _means(
    base: FloatArray, new: FloatArray, common: BoolArray
) -> tuple[float | None, float | None, int]:
    both = common & ~np.isnan(base) & ~np.isnan(new)
    n = int(both.sum())
    return (float(base[both].mean()), float(new[both].mean()), n) if n else (None, None, 0)
