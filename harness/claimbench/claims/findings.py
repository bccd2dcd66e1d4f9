"""From readings to the finding of a claim: gate, headline, missing data, and the logic of several
arms and parts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
from claimbench.claims.types import ClaimContext, Finding, Leaf, Question
from claimbench.tables.types import CallTable, ItemTable
from claimbench.types import Claim, Reading, Reason

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
    title = leaf.where or (f"{leaf.ours} against {leaf.theirs}" if leaf.theirs else leaf.ours)
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
    if claim.kind == "accuracy" and claim.relation != "at_least":
        readings, flags = _missing_rule(readings, leaf, items, flags)
    flags += _size_flags(found, readings) + _judge_flags(found, leaf, items, ctx)
    return _headline(claim, found, readings, flags, title)


def _not_comparable(
    leaf: Leaf, items: ItemTable, calls: CallTable, ctx: ClaimContext
) -> tuple[tuple[Reason, ...], tuple[Reason, ...]]:
    """Return (reasons why not comparable, flags of accepted differences).

    The first kind of reason found ends the search.
    """
    arms = [leaf.ours] + ([leaf.theirs] if leaf.theirs else [])
    absent = [r for a in arms if (r := gate.not_measured(a, items, ctx))]
    if absent:
        return tuple(absent), ()
    halted = [r for a in arms if (r := gate.stopped(a, calls))]
    if halted:
        return tuple(halted), ()
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
        priceless = [r for a in arms if (r := readings_cost.unpriced(items, a, leaf.mask))]
        if leaf.theirs is not None and (
            mixed := readings_cost.currencies(items, leaf.ours, leaf.theirs)
        ):
            priceless.append(mixed)
        if priceless:
            return tuple(priceless), flags
    return (), flags


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
                status = reading.sentence.split(": ", 1)[-1].rstrip(".")
                reading = replace(
                    reading,
                    status="inconclusive",
                    reasons=(*reading.reasons, Reason("missing_sensitive")),
                    sentence=f"Inconclusive: {status}, but missing calls could overturn it.",
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
    """Agree or depend: the headline needs every reading that counts, unless one is pinned."""
    counted = [
        r
        for q, r in zip(found, readings, strict=True)
        if r.status != "n/a" and (_pinned(claim, q) if claim.reading else q.counts_for_headline)
    ]
    kept = tuple(readings)
    if not counted:
        wanted = (
            [r for q, r in zip(found, readings, strict=True) if _pinned(claim, q)]
            if claim.reading
            else []
        )
        if claim.reading == "list_price" and wanted:
            return Finding(
                "not_comparable",
                None,
                kept,
                None,
                "",
                flags,
                (Reason("price_unknown", "list price"),),
                title,
            )
        return Finding(
            "inconclusive", None, kept, None, "", flags, (Reason("no_valid_data"),), title
        )
    statuses = {r.status for r in counted}
    p = max((r.p for r in counted if r.p is not None), default=None)
    reasons = tuple(dict.fromkeys(x for r in counted for x in r.reasons if x.code not in WARNINGS))
    if len(statuses) == 1:
        head = counted[0]  # the first is what most readers mean; p is that of the weakest
        status = counted[0].status
        assert status != "n/a"  # noqa: S101  filtered above
        keep_reasons = reasons if status != "supported" else ()
        return Finding(
            status, p, kept, head.name, _qualifier(claim, head), flags, keep_reasons, title
        )
    return Finding(
        "inconclusive", p, kept, None, "", flags, (Reason("depends_on_reading"), *reasons), title
    )


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
        judging = (
            [ctx.judge_usd.get(task, 0.0) for task in items.task[planned].tolist()]
            if ctx.judge_usd
            else [0.0]
        )
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
    adjusted = _holm(findings)
    refuted = [
        p
        for o, p in zip(findings, adjusted, strict=True)
        if o.status == "refuted" and p <= alpha + P_SLACK
    ]
    if refuted:
        first = next(
            o
            for o, p in zip(findings, adjusted, strict=True)
            if o.status == "refuted" and p == min(refuted)
        )
        return replace(
            merged,
            status="refuted",
            p=min(refuted),
            headline=_name(first, first.headline),
            reasons=first.reasons,
        )
    if any(o.status == "not_comparable" for o in findings):
        reasons = tuple(
            dict.fromkeys(r for o in findings if o.status == "not_comparable" for r in o.reasons)
        )
        return replace(merged, status="not_comparable", p=None, reasons=reasons)
    known = [o.p for o in findings if o.p is not None]
    p = max(known) if known else None
    if all(o.status == "supported" for o in findings):
        weakest = max(findings, key=lambda o: o.p if o.p is not None else 0.0)
        return replace(
            merged,
            status="supported",
            p=p,
            headline=_name(weakest, weakest.headline),
            qualifier=_common([o.qualifier for o in findings]),
            reasons=(),
        )
    reasons = tuple(
        dict.fromkeys(r for o in findings if o.status == "inconclusive" for r in o.reasons)
    )
    if any(o.status == "refuted" for o in findings):
        reasons = (*reasons, Reason("multiplicity"))
    open_ = next((o for o in findings if o.status == "inconclusive"), findings[0])
    return replace(
        merged, status="inconclusive", p=p, headline=_name(open_, open_.headline), reasons=reasons
    )


def any_of(findings: Sequence[Finding], alpha: float, *, share: bool = False) -> Finding:
    """Combine parts of which one is enough: supported if one is, refuted if all are.

    Support pays for all parts by Holm.

    ``share``: say in how many of them it holds ("sometimes", "up to").
    """
    merged = _merged(findings)
    compared = [o for o in findings if o.status != "not_comparable"]
    if not compared:
        reasons = tuple(dict.fromkeys(r for o in findings for r in o.reasons))
        return replace(merged, status="not_comparable", p=None, reasons=reasons)
    adjusted = _holm(compared)
    holds = [
        (p, o)
        for o, p in zip(compared, adjusted, strict=True)
        if o.status == "supported" and p <= alpha + P_SLACK
    ]
    qualifier = f"holds in {len(holds)} of {len(findings)}" if share else ""
    if holds:
        p, best = min(holds, key=lambda x: x[0])
        winners = ", ".join(o.title for _, o in holds)
        return replace(
            merged,
            status="supported",
            p=p,
            headline=_name(best, best.headline),
            qualifier=f"{qualifier}: {winners}" if share else best.qualifier,
            reasons=(),
        )
    if len(compared) == len(findings) and all(o.status == "refuted" for o in findings):
        worst = max(findings, key=lambda o: o.p if o.p is not None else 0.0)
        return replace(
            merged,
            status="refuted",
            p=worst.p,
            headline=_name(worst, worst.headline),
            qualifier=qualifier,
            reasons=worst.reasons,
        )
    reasons = tuple(
        dict.fromkeys(r for o in compared if o.status == "inconclusive" for r in o.reasons)
    )
    if any(o.status == "supported" for o in compared):
        reasons = (*reasons, Reason("multiplicity"))
    if len(compared) < len(findings):
        reasons = (*reasons, Reason("some_not_comparable"))
    p_all = max((o.p for o in compared if o.p is not None), default=None)
    open_ = next((o for o in compared if o.status == "inconclusive"), None)
    head = _name(open_, open_.headline) if open_ else None
    return replace(
        merged, status="inconclusive", p=p_all, headline=head, qualifier=qualifier, reasons=reasons
    )


def _holm(findings: Sequence[Finding]) -> list[float]:
    return [float(p) for p in stats.holm([1.0 if o.p is None else o.p for o in findings])[0]]


def _name(finding: Finding, name: str | None) -> str | None:
    return None if name is None else f"{finding.title}: {name}"


def _common(qualifiers: Sequence[str]) -> str:
    return qualifiers[0] if len(set(qualifiers)) == 1 else ""


def _merged(findings: Sequence[Finding]) -> Finding:
    """All readings, each under the title of its part; flags of all."""
    readings = tuple(replace(r, name=f"{o.title}: {r.name}") for o in findings for r in o.readings)
    flags = tuple(dict.fromkeys(f for o in findings for f in o.flags))
    return Finding("inconclusive", None, readings, None, "", flags, ())


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
                replace(o, title=f"{leaf.ours} against {leaf.theirs}" if leaf.theirs else leaf.ours)
                for leaf, o in zip(leaves, parts, strict=True)
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
