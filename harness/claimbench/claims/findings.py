"""From readings to the finding of a claim: gate, headline, missing data, and the logic of several
arms and parts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from claimbench import stats
from claimbench.claims import gate
from claimbench.claims.beside.both_runs import of_both_runs
from claimbench.claims.beside.composed import (
    composed_flags,
    unfair_routes,
    unfair_tasks,
    with_fit_noise,
)
from claimbench.claims.bills import bill_questions, is_bill, without_bill
from claimbench.claims.combine import distinct_reasons, versus
from claimbench.claims.decide import Effort, decide
from claimbench.claims.facts.charges import charge_flags, held, with_sums
from claimbench.claims.facts.held import held as held_in_both
from claimbench.claims.facts.parts import asked_arms
from claimbench.claims.facts.silence import silence_flags, silence_rule
from claimbench.claims.facts.timings import timing_flags, ways_to_time
from claimbench.claims.facts.uncarried import CODE as CALLS_IN_TEXT
from claimbench.claims.facts.uncarried import calls_in_text
from claimbench.claims.fields import ABSOLUTE, MIRRORED
from claimbench.claims.people import human_pairs, labelled_tasks
from claimbench.claims.preference import labels
from claimbench.claims.preference import questions as preference
from claimbench.claims.readings import (
    accuracy as readings_accuracy,
)
from claimbench.claims.readings import (
    cost as readings_cost,
)
from claimbench.claims.readings import (
    latency as readings_latency,
)
from claimbench.claims.readings.failures import (
    absent_flags,
    answer_flags,
    none_asked,
    whole_text,
    with_absent,
)
from claimbench.claims.readings.missing import missing_rule, too_many_lost
from claimbench.claims.readings.second_opinion import with_second_opinion
from claimbench.claims.readings.size import equal_inputs
from claimbench.claims.turns.views import whole_conversations
from claimbench.claims.types import ClaimContext, Finding, Leaf, Question
from claimbench.claims.wordings.tables import with_wordings
from claimbench.tables.priced import at_prices
from claimbench.tables.types import BoolArray, CallTable, ItemTable
from claimbench.types import Claim, Reading, Reason, VerdictStatus

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
        "per_1k_correct",
    }
)
"""Readings that rest on scores, and so on a judge where one gives them."""
WARNINGS = frozenset({"tail_guard", "tail_dominated", "denominator_near_zero", "infeasible"})
"""Reasons of a reading that warn without forbidding a decision."""


def leaf_finding(
    leaf: Leaf, items: ItemTable, calls: CallTable, ctx: ClaimContext, alpha: float
) -> Finding:
    """Decide one simple claim about one pair of arms (or one arm) on the leaf's items: gate first,
    then each reading.
    """
    title = leaf.where or versus(leaf)
    leaf, items, calls, rules = of_both_runs(leaf, items, calls, ctx)
    mask, elsewhere = preference.scoped(leaf, items, ctx)
    if elsewhere and not mask.any():
        return Finding("not_comparable", None, reasons=elsewhere, title=title)
    leaf = replace(leaf, mask=mask)
    refused, flags = _not_comparable(leaf, items, calls, ctx)
    flags = (*rules, *elsewhere, *flags)
    if refused:
        return Finding("not_comparable", None, flags=flags, reasons=refused, title=title)
    claim = leaf.claim
    flags += composed_flags(leaf, ctx)
    if claim.kind != "preference":  # there a pair is what may be missing, not an item
        flags += absent_flags(items, leaf)
        items = with_absent(items, leaf)
    found = _questions(leaf, items, calls, ctx)
    if claim.kind == "cost":
        found = with_sums(found, leaf, ctx)
    if not found:
        why = _nothing_found(leaf, items)
        return Finding("inconclusive", None, flags=flags, reasons=(why,), title=title)
    readings = _decided(found, leaf, items, calls, ctx, alpha)
    if claim.kind == "cost":
        readings = _held_at_prices(readings, leaf, items, calls, ctx, alpha)
        flags += charge_flags(leaf, found, ctx)
    if claim.kind == "latency":
        readings = _held_in_other_ways(readings, leaf, items, calls, ctx, alpha)
        flags += timing_flags(leaf, calls)
    flags += (
        answer_flags(items, leaf)
        + silence_flags(leaf, ctx)
        + _size_flags(found, readings, leaf, items)
    )
    flags += _judge_flags(found, leaf, items, ctx)
    flags += _quality_flags(found, leaf, items, calls, ctx)
    return _headline(claim, found, readings, flags, title)


def _questions(leaf: Leaf, items: ItemTable, calls: CallTable, ctx: ClaimContext) -> list[Question]:
    """List the readings of a simple claim."""
    claim = leaf.claim
    if claim.kind == "accuracy":
        return with_wordings(readings_accuracy.questions(items, leaf, ctx), items, leaf, ctx)
    if claim.kind == "preference":
        return preference.questions(items, leaf, ctx)
    if is_bill(claim):
        return bill_questions(items, calls, leaf, ctx)
    if claim.kind == "cost":
        found = readings_cost.questions(items, calls, leaf, ctx)
        if np.isin(items.task[leaf.mask], sorted(preference.paired_tasks(ctx))).any():
            # a share of comparisons won is no correct answer that dollars could be set against
            found = [question for question in found if "correct" not in question.name]
        return found
    return readings_latency.questions(items, calls, leaf, ctx)


def _decided(
    found: Sequence[Question],
    leaf: Leaf,
    items: ItemTable,
    calls: CallTable,
    ctx: ClaimContext,
    alpha: float,
) -> list[Reading]:
    """Decide each reading, and withdraw what rests on calls that have no result."""
    cost = effort(leaf, items, calls, ctx)
    readings: list[Reading] = []
    for question in found:
        forbidden = _judge_cap(question, leaf, items, ctx)
        forbidden += labels.blocked(question, leaf, items, ctx)
        readings.append(decide(question, leaf, alpha, cost, forbidden))
    readings = [with_fit_noise(reading, leaf, ctx) for reading in readings]
    readings = with_second_opinion(readings, found, leaf, items)
    # A scorer that fails loses no dollars: each reading misses what it needs itself.
    without_scores = too_many_lost(leaf, items, scores=False)
    with_scores = too_many_lost(leaf, items, scores=True)
    kept: list[Reading] = []
    for question, reading in zip(found, readings, strict=True):
        on_scores = leaf.claim.kind == "accuracy" or question.name in ON_SCORES
        lost = with_scores if on_scores else without_scores
        lost = None if leaf.claim.kind == "preference" else lost
        kept.append(silence_rule(missing_rule(question, reading, lost), leaf, ctx))
    return kept


def _held_at_prices(
    readings: list[Reading],
    leaf: Leaf,
    items: ItemTable,
    calls: CallTable,
    ctx: ClaimContext,
    alpha: float,
) -> list[Reading]:
    """Withdraw decisions about dollars that only a vendor's word on its own charges bears out."""
    priced = at_prices(items, calls, leaf.arms)
    if priced is None:
        return readings
    ctx = replace(ctx, bills=ctx.bills_at_prices)
    known = not is_bill(leaf.claim) or all(arm in ctx.bills for arm in leaf.arms)
    found = _questions(leaf, *priced, ctx) if known else []
    return held(readings, _decided(found, leaf, *priced, ctx, alpha), leaf, ctx)


def _held_in_other_ways(
    readings: list[Reading],
    leaf: Leaf,
    items: ItemTable,
    calls: CallTable,
    ctx: ClaimContext,
    alpha: float,
) -> list[Reading]:
    """Withdraw decisions about times that another way of counting the same calls does not bear
    out.
    """
    for way in ways_to_time(leaf, calls):
        found = _questions(leaf, items, way.calls, ctx)
        others = _decided(found, leaf, items, way.calls, ctx, alpha)
        readings = held_in_both(readings, others, way.code, way.words, way.told)
    return readings


def _nothing_found(leaf: Leaf, items: ItemTable) -> Reason:
    """Return the reason why no reading could be formed."""
    if leaf.theirs is not None:
        answered = [items.arms[arm].n_finished > 0 for arm in leaf.arms]
        ours, theirs = (int((one & leaf.mask).sum()) for one in answered)
        if ours and theirs and not (answered[0] & answered[1] & leaf.mask).any():
            detail = f"{ours:,} items of {leaf.ours}, {theirs:,} others of {leaf.theirs}"
            return Reason("no_common_items", detail)
    if whole_conversations(leaf.arms):
        told = [whole_text(arm, items.arms[arm], leaf.mask) for arm in leaf.arms]
        return Reason("no_whole_conversation", ", ".join(told))
    silent = [arm for arm in leaf.arms if none_asked(items.arms[arm], leaf.mask)]
    if silent:
        return Reason("none_asked", " and ".join(silent))
    return Reason("no_valid_data")


def _not_comparable(
    leaf: Leaf, items: ItemTable, calls: CallTable, ctx: ClaimContext
) -> tuple[tuple[Reason, ...], tuple[Reason, ...]]:
    """Return (reasons why not comparable, flags of accepted differences).

    The first kind of reason found ends the search.
    """
    arms = leaf.arms
    absent = unfair_tasks(leaf, items, ctx)
    absent = absent or _given(gate.not_measured(arm, items, ctx) for arm in arms)
    if absent:
        return absent, ()
    unfair = unfair_routes(leaf, ctx)
    if not unfair and leaf.claim.kind == "preference":
        unfair = _given([preference.cannot_compare(leaf, ctx)])
    if unfair:
        return unfair, ()
    measured = asked_arms(arms, ctx)
    halted = _given(gate.stopped(arm, calls) for arm in measured)
    if halted:
        return halted, ()
    if not leaf.mask.any():
        return (Reason("no_items", "no item belongs to the claim's task or slice"),), ()
    claim = leaf.claim
    if claim.relation in ABSOLUTE and claim.threshold is None and claim.kind != "latency":
        example = (
            "at least 80% accurate"
            if claim.kind == "accuracy"
            else "under $0.50 per 1,000 requests"
        )
        return (Reason("not_testable_as_stated", f'state a limit, such as "{example}"'),), ()
    on_list = claim.reading == "list_price" or claim.metric.startswith("usd_per_mtok")
    flags = () if on_list else _given(calls_in_text(arm, leaf, items, ctx) for arm in measured)
    if flags and CALLS_IN_TEXT not in ctx.allow:
        return flags, ()
    flags = tuple(Reason(f"allowed_{CALLS_IN_TEXT}", one.detail) for one in flags)
    refused, differing = gate.all_breaches(
        _gate_kind(claim), arms, measured, items, calls, leaf.mask, ctx
    )
    flags += differing
    if refused:
        return refused, flags
    if is_bill(claim):
        return without_bill(leaf, ctx), flags
    if claim.kind == "cost" and not on_list:
        priceless = _given(readings_cost.unpriced(items, arm, leaf.mask) for arm in arms)
        if leaf.theirs is not None:
            priceless += _given([readings_cost.currencies(items, leaf.ours, leaf.theirs)])
        if priceless:
            return priceless, flags
    return (), flags


def _gate_kind(claim: Claim) -> str:
    """Return what decides which differences between two arms count."""
    if claim.kind == "preference":
        return "accuracy"
    return claim.metric if claim.metric in MIRRORED else claim.kind


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
    if human_pairs(leaf, items, ctx) is not None:
        return ()
    tasks = set(items.task[leaf.mask].tolist())
    labelled = tasks & labelled_tasks(items, ctx)
    if labelled and not tasks <= ctx.judged_tasks:
        return (Reason("judge_with_others", ", ".join(sorted(labelled))),)
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
    flags = tuple(
        Reason("allowed_self_judging", ctx.judges_like[arm])
        for arm in asked_arms(leaf.arms, ctx)
        if arm in ctx.judges_like
    )
    left, drawn = labels.answers_blank(items, leaf.arms, leaf.mask, ctx)
    if left and human_pairs(leaf, items, ctx) is not None:
        flags += (labels.blank(left, drawn, "answers"),)
    if ctx.trust_judge and human_pairs(leaf, items, ctx) is None:
        detail = "no human labels correct the judge's scores"
        flags += (Reason("allowed_judge_uncorrected", detail),)
    return flags


def _quality_flags(
    found: Sequence[Question], leaf: Leaf, items: ItemTable, calls: CallTable, ctx: ClaimContext
) -> tuple[Reason, ...]:
    """Flag a score that is no share of right answers with its own name; one whose answers all
    score 0 or 1 is such a share, whatever it is called.
    """
    if leaf.claim.metric in MIRRORED or not any(q.name in ON_SCORES for q in found):
        return ()
    names: list[str] = []
    for task, name in ctx.qualities.items():
        mine = leaf.mask & (items.task == task)
        if mine.any() and ("@" in name or any(_is_graded(calls, arm, mine) for arm in leaf.arms)):
            names.append(name)
    return tuple(Reason("quality_is", name) for name in dict.fromkeys(names))


def _is_graded(calls: CallTable, arm: str, items: BoolArray) -> bool:
    rows = calls.arms[arm]
    scores = rows.score[items[rows.item] & ~np.isnan(rows.score)]
    return bool(((scores > 0) & (scores < 1)).any())


def _size_flags(
    found: Sequence[Question], readings: Sequence[Reading], leaf: Leaf, items: ItemTable
) -> tuple[Reason, ...]:
    """Flag guarded tails, unknown caps, and few groups (by what unequal ones are worth)."""
    flags = [f for q in found for f in q.flags]
    for reading in readings:
        flags += [r for r in reading.reasons if r.code in {"tail_guard", "tail_dominated"}]
    for question, reading in zip(found, readings, strict=True):
        if question.runaways is not None and reading.status != "n/a":
            unknown = question.runaways.unknown
            flags += [Reason("cap_unknown", ", ".join(unknown))] if unknown else []
    groups = [r.estimate.n_clusters for r in readings if r.estimate and r.estimate.n_clusters]
    if groups and min(groups) >= 6:
        _, counts = np.unique(items.cluster[leaf.mask], return_counts=True)
        worth = min(min(groups), stats.effective_clusters(counts))
        if worth < 12:
            flags.append(Reason("few_clusters", equal_inputs(items, leaf.mask)))
        elif equal_inputs(items, leaf.mask):
            flags.append(Reason("equal_inputs", equal_inputs(items, leaf.mask)))
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
        told = [q for q in found if q.not_formed and q.blocked and claim.reading == q.name]
        if told:
            blocked = tuple(dict.fromkeys(reason for q in told for reason in q.blocked))
            return Finding(status, None, kept, flags=flags, reasons=blocked, title=title)
        for question in found:
            if question.not_formed and claim.kind == "preference":
                why = Reason("not_formed", question.not_formed)
        return Finding(status, None, kept, flags=flags, reasons=(why,), title=title)
    p = max((r.p for r in counted if r.p is not None), default=None)
    reasons = _reasons(found, counted)
    if len({r.status for r in counted}) > 1:
        reasons = (Reason("depends_on_reading"), *reasons)
        return Finding("inconclusive", p, kept, flags=flags, reasons=reasons, title=title)
    if claim.modifier == "vague" and counted[0].status == "supported":
        why = Reason("no_amount_stated", "a fraction of the cost: which?")
        return Finding("inconclusive", p, kept, flags=flags, reasons=(why,), title=title)
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


def _reasons(found: Sequence[Question], counted: Sequence[Reading]) -> tuple[Reason, ...]:
    """Return the reasons of the readings that count, each once; where not all of them share one,
    it says which reading it is about.
    """
    labels = {question.name: question.label for question in found}
    reasons: list[Reason] = []
    for reason in distinct_reasons(counted):
        if reason.code in WARNINGS:
            continue
        having = [r for r in counted if reason in r.reasons]
        if len(having) < len(counted) and len({r.status for r in counted}) == 1:
            about = ", ".join(labels[r.name] for r in having)
            detail = f"{reason.detail}; of {about}" if reason.detail else f"of {about}"
            reason = Reason(reason.code, detail)
        reasons.append(reason)
    return tuple(reasons)


def _pinned(claim: Claim, question: Question) -> bool:
    return claim.reading == question.name or claim.reading in question.name.split(".")


def _qualifier(claim: Claim, head: Reading) -> str:
    """Say "surpassed" or its opposite: both follow from the same interval (closed testing, no
    adjustment).
    """
    if (
        claim.metric in MIRRORED
        or claim.relation not in {"as", "caught_up"}
        or claim.negated
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
    for arm in leaf.arms:
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
