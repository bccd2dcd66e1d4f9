"""From readings to the finding of a claim: gate, headline, missing data, and the logic of several
arms and parts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np

from claimbench import stats
from claimbench.claims import gate
from claimbench.claims.decide import Effort, decide
from claimbench.claims.readings import (
    accuracy as readings_accuracy,
)
from claimbench.claims.readings import (
    cost as readings_cost,
)
from claimbench.claims.readings import (
    latency as readings_latency,
)
from claimbench.claims.second_opinion import with_second_opinion
from claimbench.claims.types import ClaimContext, Finding, Leaf, Question
from claimbench.claims.words import without_status
from claimbench.tables.types import CallTable, ItemTable
from claimbench.types import Claim, Reading, Reason, VerdictStatus

P_SLACK = 1e-9
"""p by inversion is bisected; a verdict on the edge must not flip over its last digit."""
ON_SCORES = frozenset(
    {
        "more",
        "relative",
        "points",
        "error_reduction",
        "non_inferior",
        "equivalent",
        "accuracy",
        "per_correct",
    }
)
"""Readings that rest on scores, and so on a judge where one gives them."""
LABEL_CORRECTED = frozenset({"more", "points", "non_inferior", "equivalent"})
"""Readings that people's labels correct."""
WARNINGS = frozenset({"tail_guard", "tail_dominated", "denominator_near_zero", "infeasible"})
"""Reasons of a reading that warn without forbidding a decision."""


def leaf_finding(
    leaf: Leaf, items: ItemTable, calls: CallTable, ctx: ClaimContext, alpha: float
) -> Finding:
    """Decide one simple claim about one pair of arms (or one arm) on the leaf's items: gate first,
    then each reading.
    """
    title = leaf.where or _versus(leaf)
    refused, flags = _not_comparable(leaf, items, calls, ctx)
    if refused:
        return Finding("not_comparable", None, flags=flags, reasons=refused, title=title)
    claim = leaf.claim
    if claim.kind == "accuracy":
        found = readings_accuracy.questions(items, leaf, ctx)
    elif claim.kind == "cost":
        found = readings_cost.questions(items, calls, leaf, ctx)
    else:
        found = readings_latency.questions(items, calls, leaf, ctx)
    if not found:
        return Finding(
            "inconclusive", None, flags=flags, reasons=(Reason("no_valid_data"),), title=title
        )
    cost = effort(leaf, items, calls, ctx)
    readings = [decide(q, leaf, alpha, cost, _judge_cap(q, leaf, items, ctx)) for q in found]
    readings = with_second_opinion(readings, found, leaf, items)
    if claim.kind == "accuracy" and claim.relation != "at_least":
        readings, flags = _missing_rule(readings, leaf, items, flags)
    flags += _size_flags(found, readings) + _judge_flags(found, leaf, items, ctx)
    return _headline(claim, found, readings, flags, title)


def _versus(leaf: Leaf) -> str:
    return f"{leaf.ours} against {leaf.theirs}" if leaf.theirs else leaf.ours


def _not_comparable(
    leaf: Leaf, items: ItemTable, calls: CallTable, ctx: ClaimContext
) -> tuple[tuple[Reason, ...], tuple[Reason, ...]]:
    """Return (reasons why not comparable, flags of accepted differences).

    The first kind of reason found ends the search.
    """
    arms = [leaf.ours] + ([leaf.theirs] if leaf.theirs else [])
    absent = _given(gate.not_measured(arm, items, ctx) for arm in arms)
    if absent:
        return absent, ()
    halted = _given(gate.stopped(arm, calls) for arm in arms)
    if halted:
        return halted, ()
    if not leaf.mask.any():
        return (Reason("no_items", "no item belongs to the claim's task or slice"),), ()
    claim = leaf.claim
    if (
        claim.relation in {"at_most", "at_least"}
        and claim.threshold is None
        and claim.kind != "latency"
    ):
        example = (
            "at least 80% accurate"
            if claim.kind == "accuracy"
            else "under $0.50 per 1,000 requests"
        )
        return (Reason("not_testable_as_stated", f'state a limit, such as "{example}"'),), ()
    flags: tuple[Reason, ...] = ()
    if leaf.theirs is not None:
        refused, flags = gate.breaches(
            claim.kind, leaf.ours, leaf.theirs, items, calls, leaf.mask, ctx
        )
        if refused:
            return refused, flags
    if claim.kind == "cost" and claim.reading != "list_price":
        priceless = _given(readings_cost.unpriced(items, arm, leaf.mask) for arm in arms)
        if leaf.theirs is not None:
            priceless += _given([readings_cost.currencies(items, leaf.ours, leaf.theirs)])
        if priceless:
            return priceless, flags
    return (), flags


def _given(reasons: Iterable[Reason | None]) -> tuple[Reason, ...]:
    return tuple(reason for reason in reasons if reason is not None)


def _judge_cap(
    question: Question, leaf: Leaf, items: ItemTable, ctx: ClaimContext
) -> tuple[Reason, ...]:
    """Forbid a judge without human labels to decide a claim about quality.

    A suite that vouches for the judge lifts it.
    """
    if ctx.trust_judge or not _rests_on_judge(question, leaf, items, ctx):
        return ()
    if (
        question.name in LABEL_CORRECTED
        and readings_accuracy.human_pairs(leaf, items, ctx) is not None
    ):
        return ()
    return (Reason("judge_uncorrected"),)


def _rests_on_judge(question: Question, leaf: Leaf, items: ItemTable, ctx: ClaimContext) -> bool:
    return question.name in ON_SCORES and bool(
        set(items.task[leaf.mask].tolist()) & ctx.judged_tasks
    )


def _judge_flags(
    found: Sequence[Question], leaf: Leaf, items: ItemTable, ctx: ClaimContext
) -> tuple[Reason, ...]:
    """Flag what the suite accepts of the judge behind a verdict."""
    if not any(_rests_on_judge(question, leaf, items, ctx) for question in found):
        return ()
    arms = [arm for arm in (leaf.ours, leaf.theirs) if arm in ctx.judges_like]
    flags = tuple(
        Reason("allowed_self_judging", ctx.judges_like[arm]) for arm in arms if arm is not None
    )
    if ctx.trust_judge and readings_accuracy.human_pairs(leaf, items, ctx) is None:
        detail = "no human labels correct the judge's scores"
        flags += (Reason("allowed_judge_uncorrected", detail),)
    return flags


def _missing_rule(
    readings: Sequence[Reading], leaf: Leaf, items: ItemTable, flags: tuple[Reason, ...]
) -> tuple[list[Reading], tuple[Reason, ...]]:
    """Missing items filled against the verdict: flag it where it changes, withdraw it where many or
    unequal.
    """
    unequal = readings_accuracy.missing_is_unequal(readings_accuracy.paired_scores(items, leaf))
    out = []
    for reading in readings:
        worst = reading.sensitivity.get("worst_case_missing", reading.status)
        if (
            reading.status in {"supported", "refuted"}
            and worst != reading.status
            and not reading.infeasible
        ):
            flags = (*flags, Reason("missing_sensitive"))
            if unequal:
                said = without_status(reading.sentence).rstrip(".")
                reading = replace(
                    reading,
                    status="inconclusive",
                    reasons=(*reading.reasons, Reason("missing_sensitive")),
                    sentence=f"Inconclusive: {said}, but missing calls could overturn it.",
                )
        out.append(reading)
    return out, tuple(dict.fromkeys(flags))


def _size_flags(found: Sequence[Question], readings: Sequence[Reading]) -> tuple[Reason, ...]:
    """Flag guarded tails and few groups."""
    flags = [f for q in found for f in q.flags]
    for reading in readings:
        flags += [r for r in reading.reasons if r.code in {"tail_guard", "tail_dominated"}]
    groups = [r.estimate.n_clusters for r in readings if r.estimate and r.estimate.n_clusters]
    if groups and 6 <= min(groups) < 12:
        flags.append(Reason("few_clusters"))
    return tuple(dict.fromkeys(flags))


def _headline(
    claim: Claim,
    found: Sequence[Question],
    readings: Sequence[Reading],
    flags: tuple[Reason, ...],
    title: str,
) -> Finding:
    """Decide by all readings that count, or by the pinned one: they agree, or it depends."""
    counted: list[Reading] = []
    pinned = False
    for question, reading in zip(found, readings, strict=True):
        pinned_here = claim.reading is not None and _pinned(claim, question)
        pinned = pinned or pinned_here
        counts = pinned_here if claim.reading else question.counts_for_headline
        if counts and reading.status != "n/a":
            counted.append(reading)
    kept = tuple(readings)
    if not counted:
        status: VerdictStatus = "inconclusive"
        why = Reason("no_valid_data")
        if pinned and claim.reading == "list_price":
            status = "not_comparable"
            why = Reason("price_unknown", "list price")
        return Finding(status, None, kept, flags=flags, reasons=(why,), title=title)
    p = max((r.p for r in counted if r.p is not None), default=None)
    reasons = tuple(r for r in _distinct_reasons(counted) if r.code not in WARNINGS)
    if len({r.status for r in counted}) > 1:
        reasons = (Reason("depends_on_reading"), *reasons)
        return Finding("inconclusive", p, kept, flags=flags, reasons=reasons, title=title)
    head = counted[0]  # the first is what most readers mean; p is that of the weakest
    assert head.status != "n/a"  # noqa: S101  left out above
    return Finding(
        head.status,
        p,
        kept,
        headline=head.name,
        qualifier=_qualifier(claim, head),
        flags=flags,
        reasons=reasons if head.status != "supported" else (),
        title=title,
        window=next(q.window_of_time for q in found if q.name == head.name),
    )


def _distinct_reasons(found: Iterable[Reading | Finding]) -> tuple[Reason, ...]:
    """Return all reasons once, in the order in which they were first given."""
    distinct: dict[Reason, None] = {}
    for one in found:
        distinct.update(dict.fromkeys(one.reasons))
    return tuple(distinct)


def _pinned(claim: Claim, question: Question) -> bool:
    return claim.reading == question.name or claim.reading in question.name.split(".")


def _qualifier(claim: Claim, head: Reading) -> str:
    """Say "surpassed" or its opposite: both follow from the same interval (closed testing, no
    adjustment).
    """
    if (
        claim.relation not in {"as", "caught_up"}
        or claim.kind != "accuracy"
        or head.status != "supported"
    ):
        return ""
    estimate = head.estimate
    if estimate is None or estimate.low is None or estimate.high is None:
        return ""
    if estimate.low > 0:
        return "surpassed"
    return "measurably behind, within margin" if estimate.high < 0 else ""


def effort(leaf: Leaf, items: ItemTable, calls: CallTable, ctx: ClaimContext) -> Effort:
    """Return the dollars (judges included) and hours of one more item over the leaf's arms.

    Arms on one device take turns.
    """
    usd: float | None = 0.0
    hours: dict[str, float] = {}
    known_hours = True
    per_item = 1.0
    for arm in (leaf.ours,) if leaf.theirs is None else (leaf.ours, leaf.theirs):
        rows, timed = items.arms[arm], calls.arms[arm]
        planned = leaf.mask & (rows.n_calls > 0)
        epochs = float(rows.n_calls[planned].mean()) if planned.any() else 1.0
        per_item = max(per_item, epochs)
        known = rows.usd[planned][~np.isnan(rows.usd[planned])]
        judging = [0.0]
        if ctx.judge_usd:
            judging = [ctx.judge_usd.get(task, 0.0) for task in items.task[planned].tolist()]
        each = float(known.mean()) + float(np.mean(judging)) if len(known) else None
        usd = None if usd is None or each is None else usd + epochs * each
        mine = np.isin(timed.item, np.flatnonzero(planned)) & np.isfinite(timed.busy_s)
        if not mine.any():
            known_hours = False
            continue
        seconds = float(timed.busy_s[mine].mean()) * epochs / max(ctx.concurrency.get(arm, 1), 1)
        device = ctx.devices.get(arm) or arm
        hours[device] = hours.get(device, 0.0) + seconds / 3600
    return Effort(usd, max(hours.values()) if known_hours and hours else None, per_item)


def all_of(findings: Sequence[Finding], alpha: float) -> Finding:
    """Combine parts that must all hold: supported if all are, refuted if one is.

    Support needs no adjustment; a refutation pays for the parts by Holm.
    """
    if len(findings) == 1:
        return findings[0]
    merged = _merged(findings)
    refuted = _decided(findings, "refuted", alpha)
    if refuted:
        p_first, first = min(refuted, key=_first)
        return replace(
            merged,
            status="refuted",
            p=p_first,
            headline=_name(first, first.headline),
            window=first.window,
            reasons=first.reasons,
        )
    unlike = [f for f in findings if f.status == "not_comparable"]
    if unlike:
        return replace(merged, status="not_comparable", p=None, reasons=_distinct_reasons(unlike))
    p = max((f.p for f in findings if f.p is not None), default=None)
    if all(f.status == "supported" for f in findings):
        weakest = max(findings, key=_known_p)
        return replace(
            merged,
            status="supported",
            p=p,
            headline=_name(weakest, weakest.headline),
            qualifier=_common([f.qualifier for f in findings]),
            reasons=(),
            window=_windows(findings),
        )
    undecided = [f for f in findings if f.status == "inconclusive"]
    reasons = _distinct_reasons(undecided)
    if any(f.status == "refuted" for f in findings):
        reasons = (*reasons, Reason("multiplicity"))
    shown = undecided[0] if undecided else findings[0]
    return replace(
        merged, status="inconclusive", p=p, headline=_name(shown, shown.headline), reasons=reasons
    )


def any_of(findings: Sequence[Finding], alpha: float, *, share: bool = False) -> Finding:
    """Combine parts of which one is enough: supported if one is, refuted if all are.

    Support pays for all parts by Holm. ``share``: say in how many of them it holds ("sometimes",
    "up to").
    """
    merged = _merged(findings)
    compared = [f for f in findings if f.status != "not_comparable"]
    if not compared:
        reasons = _distinct_reasons(findings)
        return replace(merged, status="not_comparable", p=None, reasons=reasons)
    holds = _decided(compared, "supported", alpha)
    qualifier = f"holds in {len(holds)} of {len(findings)}" if share else ""
    if holds:
        p, best = min(holds, key=_first)
        winners = ", ".join(finding.title for _, finding in holds)
        return replace(
            merged,
            status="supported",
            p=p,
            headline=_name(best, best.headline),
            qualifier=f"{qualifier}: {winners}" if share else best.qualifier,
            reasons=(),
            window=_windows([finding for _, finding in holds]),
        )
    if all(f.status == "refuted" for f in findings):
        worst = max(findings, key=_known_p)
        return replace(
            merged,
            status="refuted",
            p=worst.p,
            headline=_name(worst, worst.headline),
            qualifier=qualifier,
            reasons=worst.reasons,
            window=_windows(findings),
        )
    undecided = [f for f in compared if f.status == "inconclusive"]
    reasons = _distinct_reasons(undecided)
    if any(f.status == "supported" for f in compared):
        reasons = (*reasons, Reason("multiplicity"))
    if len(compared) < len(findings):
        reasons = (*reasons, Reason("some_not_comparable"))
    return replace(
        merged,
        status="inconclusive",
        p=max((f.p for f in compared if f.p is not None), default=None),
        headline=_name(undecided[0], undecided[0].headline) if undecided else None,
        qualifier=qualifier,
        reasons=reasons,
    )


def _decided(
    findings: Sequence[Finding], status: VerdictStatus, alpha: float
) -> list[tuple[float, Finding]]:
    """Return (Holm's p, finding) of those with ``status`` that stay so after Holm over all."""
    values = [1.0 if f.p is None else f.p for f in findings]
    decided: list[tuple[float, Finding]] = []
    for finding, p in zip(findings, stats.holm(values)[0], strict=True):
        if finding.status == status and p <= alpha + P_SLACK:
            decided.append((float(p), finding))
    return decided


def _first(pair: tuple[float, Finding]) -> float:
    return pair[0]


def _known_p(finding: Finding) -> float:
    return finding.p if finding.p is not None else 0.0


def _name(finding: Finding, name: str | None) -> str | None:
    return None if name is None else f"{finding.title}: {name}"


def _common(qualifiers: Sequence[str]) -> str:
    return qualifiers[0] if len(set(qualifiers)) == 1 else ""


def _windows(findings: Sequence[Finding]) -> str:
    """Return the times that the findings speak of, each once; empty where all speak of all."""
    return "; ".join(dict.fromkeys(f.window for f in findings if f.window))


def _merged(findings: Sequence[Finding]) -> Finding:
    """Return all readings, each under the title of its part, and the flags of all."""
    readings: list[Reading] = []
    flags: dict[Reason, None] = {}
    for finding in findings:
        readings += [replace(r, name=f"{finding.title}: {r.name}") for r in finding.readings]
        flags.update(dict.fromkeys(finding.flags))
    return Finding("inconclusive", None, tuple(readings), flags=tuple(flags))


def combine(
    claim: Claim,
    where: Callable[[], Sequence[tuple[str, np.ndarray]]],
    mask: np.ndarray,
    decide_one: Callable[[Leaf], Finding],
    alpha: float,
) -> Finding:
    """Decide a simple claim over its arms and slices.

    Several treatments must all satisfy it, against every baseline; "up to" and "sometimes" need one
    slice that does.
    """
    rivals: Sequence[str | None] = claim.baselines or (None,)

    def everywhere(chosen: np.ndarray, name: str) -> Finding:
        leaves = [
            Leaf(claim, ours, theirs, chosen, name)
            for ours in claim.treatments
            for theirs in rivals
        ]
        parts = [decide_one(leaf) for leaf in leaves]
        if len(parts) > 1:
            parts = [
                replace(part, title=_versus(leaf)) for leaf, part in zip(leaves, parts, strict=True)
            ]
        return replace(all_of(parts, alpha), title=name or parts[0].title)

    if claim.modifier in {"up_to", "sometimes"}:
        slices = [(name, chosen & mask) for name, chosen in where()]
        found = [everywhere(chosen, f"for {name}") for name, chosen in slices]
        if not found:
            return Finding(
                "not_comparable",
                None,
                reasons=(Reason("no_slices", "the suite declares no tasks or slices"),),
            )
        return any_of(found, alpha, share=True)
    return everywhere(mask, "")
