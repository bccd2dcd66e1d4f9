"""Readings of a claim about preference: the win rate, the same at equal length, and among answers
of similar length.

Ties count half. A judge's word that changed with the order of the answers is a tie, and counted;
where more than a quarter of a judge's words did, the judges decide nothing. Judges alone decide
only what judges prefer: "people prefer" needs people's labels of a random sample.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from claimbench import stats
from claimbench.claims.people import LABELS_FOR_PPI
from claimbench.claims.preference import labels
from claimbench.claims.preference.pairs import Comparisons, PairRows
from claimbench.claims.readings.limits import Limit, limits
from claimbench.claims.readings.size import size_block, too_few_wrong
from claimbench.claims.types import ClaimContext, IntervalAt, Leaf, Question
from claimbench.stats import Interval
from claimbench.stats.preference import at_equal_length, length_ci, one_sided
from claimbench.tables.types import BoolArray, FloatArray, ItemTable
from claimbench.types import Reason

MOST_FLIPS = 0.25
"""Largest share of a judge's words that may change with the order of the answers."""
MOST_MISSING = 0.05
"""Largest share of the pairs on which a judge may have left no word."""
PEOPLE_METRIC = "win_rate_people"
LABELS = {
    "win_rate": "share of head-to-heads won",
    "length_controlled": "share won at equal length",
    "similar_length": "share won among answers of similar length",
}


@dataclass(frozen=True)
class _Rate:
    """A win rate ready to be asked: its interval, what decides it, and what forbids a decision."""

    at: IntervalAt | None
    flags: tuple[Reason, ...]
    blocked: tuple[Reason, ...]
    sensitivity: Mapping[str, IntervalAt]
    by_judges: bool
    unformed: str = "the answers of one arm are nearly always the longer ones"


def scoped(leaf: Leaf, items: ItemTable, ctx: ClaimContext) -> tuple[BoolArray, tuple[Reason, ...]]:
    """Return the items that a claim may speak of, and why not all of the leaf's: preference is
    judged on the tasks compared in pairs, accuracy on the others.
    """
    paired = np.isin(items.task, sorted(paired_tasks(ctx)))
    if leaf.claim.kind == "preference":
        return leaf.mask & paired, ()
    if leaf.claim.kind != "accuracy" or not (leaf.mask & paired).any():
        return leaf.mask, ()
    left_out = sorted(set(items.task[leaf.mask & paired].tolist()))
    return leaf.mask & ~paired, (Reason("preference_is_not_accuracy", ", ".join(left_out)),)


def paired_tasks(ctx: ClaimContext) -> frozenset[str]:
    """Return the tasks whose headline is a comparison in pairs."""
    return frozenset() if ctx.pairs is None else ctx.pairs.tasks & ctx.headline_pairs


def cannot_compare(leaf: Leaf, ctx: ClaimContext) -> Reason | None:
    """Return why no preference between the leaf's arms can be known, or None."""
    if ctx.pairs is None:
        return Reason("no_pairs")
    made = [arm for arm in leaf.arms if arm in ctx.routes]
    if made:
        return Reason("route_not_compared", " and ".join(made))
    if ctx.pairs.withheld:
        return Reason("pairs_withheld")
    return None


def questions(items: ItemTable, leaf: Leaf, ctx: ClaimContext) -> list[Question]:
    """List the readings of a claim about preference on one pair of arms; empty where no pair was
    compared.
    """
    if ctx.pairs is None or leaf.theirs is None:
        return []
    rows = ctx.pairs.between(items, leaf.ours, leaf.theirs, leaf.mask)
    if len(rows.item) == 0:
        return []
    made: list[Question] = []
    for limit in limits(leaf.claim):
        found = _rate(limit.name, items, leaf, rows, ctx, limit)
        if found is not None:
            made.append(_question(limit, found, rows))
    return made


def _rate(
    name: str, items: ItemTable, leaf: Leaf, rows: PairRows, ctx: ClaimContext, limit: Limit
) -> _Rate | None:
    by_judges = bool(rows.shares) or rows.by_rule > 0
    labelled = ~np.isnan(rows.people)
    if name == "win_rate" and labelled.any():
        return _by_people(items, rows, by_judges, limit)
    if name != "win_rate" and (labelled.any() or leaf.claim.metric == PEOPLE_METRIC):
        return None  # people may prefer what is long: that is their judgement, not a judge's habit
    asked = _asked(name, rows)
    found = _judged(name, items, leaf, rows, ctx, limit, asked)
    if found is None or name != "win_rate":
        return found
    flags: tuple[Reason, ...] = (Reason("judges_only", ", ".join(rows.judges) or "rules alone"),)
    if ctx.trust_judge and voices(rows.judges, ctx) < 2:
        flags += (Reason("allowed_judge_uncorrected", "no human labels correct the judge's words"),)
    return replace(found, flags=flags)


def _asked(name: str, rows: PairRows) -> BoolArray:
    """Return the pairs that a reading speaks of, whether or not every judge left its word."""
    every = np.ones(len(rows.item), dtype=np.bool_)
    if name == "similar_length":
        return rows.similar
    return ~np.isnan(rows.difference) if name == "length_controlled" else every


def _judged(
    name: str,
    items: ItemTable,
    leaf: Leaf,
    rows: PairRows,
    ctx: ClaimContext,
    limit: Limit,
    asked: BoolArray,
) -> _Rate | None:
    """A rate that the panel gives, by the guards of every such rate; none where it left no word.

    Pairs without a judge's word are missing: filled for and against, and above the limit nothing
    is decided.
    """
    known = asked & ~np.isnan(rows.share)
    judges = _judges_blocked(rows, ctx, leaf)
    cluster = items.cluster[rows.item]
    share, groups = rows.share[known], cluster[known]
    at = _interval_of(name, share, rows.difference[known], groups) if known.any() else None
    if at is None:
        return _unformed(name, rows, judges, leaf)
    plain = stats.proportion(share, stats.cluster_codes(groups), effective_df=True)
    blocked = size_block(items, _as_mask(items, rows, known))
    for edge in limit.window or (limit.threshold,):
        blocked = blocked or too_few_wrong(plain, edge)
    blocked += judges
    filled: dict[str, IntervalAt] = {}
    lost = 1 - float(known.sum()) / float(asked.sum())
    if lost:
        for end, value in (("worst", 0.0), ("best", 1.0)):
            every = np.where(np.isnan(rows.share), value, rows.share)[asked]
            made = _interval_of(name, every, rows.difference[asked], cluster[asked])
            if made is not None:
                filled[end] = made
    if lost > MOST_MISSING:
        blocked += (Reason("pairs_missing", f"{lost:.1%} of {int(asked.sum()):,}"),)
    return _Rate(at, (), blocked, filled, True)


def _unformed(name: str, rows: PairRows, blocked: tuple[Reason, ...], leaf: Leaf) -> _Rate | None:
    """Return a rate without an interval that says why there is none, where the claim asks for this
    reading alone; else nothing.
    """
    if leaf.claim.reading != name:
        return None
    if any(reason.code == "lengths_apart" for reason in blocked):
        return _Rate(None, (), blocked, {}, True)
    asked = _asked(name, rows)
    if not rows.shares and not rows.by_rule:
        why = "no judge left a word"
    elif name != "win_rate" and np.isnan(rows.difference).all():
        why = "the lengths of the answers are not known"
    elif not asked.any():
        why = f"in none of {len(rows.item):,} pairs are both answers of similar length"
    elif np.isnan(rows.share[asked]).all():
        why = f"no judge left a word on any of {int(asked.sum()):,} such pairs"
    else:
        why = f"the lengths of {int(asked.sum()):,} pairs are too few or too alike for a line"
    return _Rate(None, (), blocked, {}, True, why)


def _interval_of(
    name: str, share: FloatArray, difference: FloatArray, cluster: np.ndarray
) -> IntervalAt | None:
    """Return the interval of a rate over pairs; None where no line can be fitted."""
    codes = stats.cluster_codes(cluster)
    plain = _interval(share, codes)
    if name != "length_controlled":
        return plain
    fit = at_equal_length(share, difference, codes)
    if fit is None:
        return None

    def at(alpha: float) -> Interval:
        return no_narrower(length_ci(fit, alpha), plain(alpha))

    return at


def no_narrower(found: Interval, plain: Interval) -> Interval:
    """Widen the interval of a fitted rate to at least the exact one's distances on both sides.

    Where nearly every pair ends alike the residuals are all but 0, and the line knows nothing of
    the pairs that were not seen.
    """
    rate, centre = found.est, plain.est
    if rate is None or centre is None:
        return found
    return replace(
        found,
        lo=max(min(found.lo, rate - (centre - plain.lo)), 0.0),
        hi=min(max(found.hi, rate + (plain.hi - centre)), 1.0),
    )


def voices(judges: Sequence[str], ctx: ClaimContext) -> int:
    """Return how many judges of different models and labs there are: those that share one, also by
    way of a third, count once. A judge of whom nothing is known counts as its name.
    """
    groups: list[set[str]] = []
    for judge in judges:
        mine = set(ctx.judge_kinds.get(judge) or {f"name {judge}"})
        apart = [group for group in groups if not group & mine]
        joined = mine.union(*(group for group in groups if group & mine))
        groups = [*apart, joined]
    return len(groups)


def _judges_blocked(rows: PairRows, ctx: ClaimContext, leaf: Leaf) -> tuple[Reason, ...]:
    """Return why the judges' words alone decide nothing."""
    found: list[Reason] = []
    for judge in rows.judges:
        rate = rows.flip_rate(judge)
        if rate is not None and rate > MOST_FLIPS:
            found.append(Reason("unstable_judges", f"{judge}: {rate:.0%} of {rows.words[judge]:,}"))
    known = rows.difference[~np.isnan(rows.difference)]
    if len(known) and one_sided(known):
        who = leaf.ours if float((known > 0).mean()) > 0.5 else f"{leaf.theirs}"
        found.append(Reason("lengths_apart", who))
    if leaf.claim.metric == PEOPLE_METRIC:
        found.append(Reason("people_needed"))
    elif rows.judges and voices(rows.judges, ctx) < 2 and not ctx.trust_judge:
        found.append(Reason("one_judge", ", ".join(rows.judges)))
    return tuple(found)


def _by_people(items: ItemTable, rows: PairRows, by_judges: bool, limit: Limit) -> _Rate:
    """The win rate as people see it: the panel's, corrected by their labels (PPI), or the labels
    alone where they are too few, dependent, or all there is.
    """
    labelled = ~np.isnan(rows.people)
    known = ~np.isnan(rows.share)
    cluster = items.cluster[rows.item]
    rest = known & ~labelled
    n = int(labelled.sum())
    independent = len(np.unique(cluster)) == len(cluster)
    varies = bool(np.ptp(rows.people[labelled]) > 0) if n else False
    if n >= LABELS_FOR_PPI and independent and varies and rest.any() and known[labelled].all():
        flag = Reason(
            "judge_corrected", f"people labelled {n} pairs, {int(rest.sum())} more judged"
        )
        truth, judged, others = rows.people[labelled], rows.share[labelled], rows.share[rest]

        def at(alpha: float) -> Interval:
            return _cut(stats.ppi_mean(truth, judged, others, alpha))

        found = _Rate(at, (flag,), size_block(items, _as_mask(items, rows, labelled)), {}, False)
        return _with_blank(found, rows)
    values, codes = rows.people[labelled], stats.cluster_codes(cluster[labelled])
    summary = stats.proportion(values, codes, effective_df=True)
    blocked = size_block(items, _as_mask(items, rows, labelled))
    for edge in limit.window or (limit.threshold,):
        blocked = blocked or too_few_wrong(summary, edge)
    flags: tuple[Reason, ...] = (Reason("people_only", f"{n:,} pairs"),)
    if by_judges:
        flags = (Reason("human_labels_only", f"{n} pairs"),)
    return _with_blank(_Rate(_interval(values, codes), flags, blocked, {}, False), rows)


def _with_blank(found: _Rate, rows: PairRows) -> _Rate:
    """Bound what people said by the drawn pairs that have no label: a few are filled for and
    against, too many leave nothing decided; their number is told either way.
    """
    n = 0 if rows.blank is None else int(rows.blank.sum())
    if not n or found.at is None:
        return found
    drawn = n + int((~np.isnan(rows.people)).sum())
    reason = labels.blank(n, drawn, "pairs")
    ends = {"worst": 0.0, "best": 1.0}
    return replace(
        found,
        flags=(*found.flags, reason),
        blocked=(*found.blocked, reason) if labels.too_many(n, drawn) else found.blocked,
        sensitivity={name: labels.mixed(found.at, n / drawn, end) for name, end in ends.items()},
    )


def _interval(values: FloatArray, codes: np.ndarray) -> IntervalAt:
    summary = stats.proportion(values, codes, effective_df=True)
    return lambda alpha: stats.proportion_ci(summary, alpha, exact=True)


def _cut(found: Interval) -> Interval:
    return replace(found, lo=min(max(found.lo, 0.0), 1.0), hi=max(min(found.hi, 1.0), 0.0))


def _as_mask(items: ItemTable, rows: PairRows, chosen: BoolArray) -> BoolArray:
    mask = np.zeros(len(items.items), dtype=np.bool_)
    mask[rows.item[chosen]] = True
    return mask


def _question(limit: Limit, found: _Rate, rows: PairRows) -> Question:
    needed = limit.needed
    return Question(
        limit.name,
        LABELS[limit.name],
        needed.side,
        needed.threshold,
        needed.strict,
        found.at,
        not_formed=None if found.at is not None else found.unformed,
        window=needed.window,
        scale="share",
        sensitivity=found.sensitivity,
        blocked=found.blocked,
        flags=found.flags,
        counts_for_headline=limit.headline,
        more_is_better=True,
        beside=beside(rows) if limit.name == "win_rate" and found.by_judges else "",
    )


def beside(rows: PairRows) -> str:
    """Say what has to be read with a win rate: ties, pairs decided without a judge, and how often
    each judge's word changed with the order.
    """
    said = [f"{rows.ties:,} of {_pairs(rows)} are ties" if rows.ties else "no ties"]
    if rows.by_rule:
        said.append(f"{rows.by_rule:,} decided without a judge (no answer, or the same one)")
    for judge in rows.judges:
        rate = rows.flip_rate(judge)
        if rate is not None and not math.isnan(rate) and rows.firsts:
            said.append(f"{judge} changed its word with the order on {rate:.0%}")
    return ", ".join(said)


def _pairs(rows: PairRows) -> str:
    n = int((~np.isnan(rows.share)).sum())
    return f"{n:,} pairs"


def rows_of(
    pairs: Comparisons, items: ItemTable, ours: str, theirs: str, task: str | None = None
) -> PairRows:
    """Return the pairs of two arms, over all items or those of one task."""
    mask = np.ones(len(items.items), dtype=np.bool_) if task is None else items.task == task
    return pairs.between(items, ours, theirs, mask)
