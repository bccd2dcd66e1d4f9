"""What a run's comparisons came to, in sentences: win rates, judges' habits, agreement with people,
strengths of three or more arms; and accuracies corrected by a judge's error rates.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from claimbench.claims.preference.pairs import Comparisons, PairRows
from claimbench.claims.preference.questions import MOST_FLIPS
from claimbench.claims.types import ClaimContext
from claimbench.evaluation.preference.tables import (
    compared_arms,
    rate_at_equal_length,
    strengths_of,
    win_rate,
)
from claimbench.stats import Interval
from claimbench.stats.preference import (
    corrected_by_error_rates,
    error_rates,
    krippendorff_alpha,
)
from claimbench.tables.types import FloatArray, ItemTable


def preference_lines(
    items: ItemTable, ctx: ClaimContext, arms: Sequence[str], alpha: float, seed: int
) -> list[str]:
    """Say what the comparisons of each task came to; empty where none was made."""
    pairs = ctx.pairs
    if pairs is None or not pairs.rows:
        return []
    lines: list[str] = []
    for task in sorted(pairs.tasks):
        judged: list[PairRows] = []
        for one, two, rows in compared_arms(pairs, items, arms, task):
            judged.append(rows)
            lines.append(f"{task}: {_pair_line(one, two, rows, items, alpha)}")
        lines += [f"{task}: {line}" for line in _judge_lines(judged)]
        lines += [f"{task}: {line}" for line in _agreement_lines(judged)]
        lines += [f"{task}: {line}" for line in _strength_lines(pairs, items, task, alpha, seed)]
    return lines


def _pair_line(one: str, two: str, rows: PairRows, items: ItemTable, alpha: float) -> str:
    cluster = items.cluster[rows.item]
    said: list[str] = []
    known = ~np.isnan(rows.share)
    if known.any():
        rate = win_rate(rows.share, known, cluster, alpha)
        ties = f"{rows.ties:,} ties counted half" if rows.ties else "no ties"
        said.append(f"by the judges {_shown(rate)} of {int(known.sum()):,} pairs, {ties}")
        at_equal = rate_at_equal_length(rows, cluster, alpha)
        if at_equal is not None:
            said.append(f"at equal length {_shown(at_equal)}")
        alike = known & rows.similar
        if alike.any():
            near = win_rate(rows.share, alike, cluster, alpha)
            said.append(f"among {int(alike.sum()):,} pairs of similar length {_shown(near)}")
    labelled = ~np.isnan(rows.people)
    if labelled.any():
        human = win_rate(rows.people, labelled, cluster, alpha)
        said.append(f"by people {_shown(human)} of {int(labelled.sum()):,} pairs")
    return f"{one} won against {two}: {'; '.join(said) or 'no pair is complete'}."


def _shown(found: Interval) -> str:
    if found.est is None:
        return "unknown"
    return f"{found.est:.1%} [{found.lo:.1%}, {found.hi:.1%}]"


def _judge_lines(judged: Sequence[PairRows]) -> Iterator[str]:
    """Say of each judge how often the order decided, and which place it likes."""
    totals: dict[str, list[int]] = {}
    for rows in judged:
        for judge, seen in rows.words.items():
            mine = totals.setdefault(judge, [0, 0, 0])
            mine[0] += seen
            mine[1] += rows.flips.get(judge, 0)
            mine[2] += rows.firsts.get(judge, 0)
    for judge, (seen, flips, firsts) in totals.items():
        text = (
            f"the judge {judge} saw {seen:,} pairs in both orders: its word changed with the order"
            f" on {flips / seen:.0%}, and it chose the first place in {firsts / (2 * seen):.0%} of"
            " its answers"
        )
        if flips / seen > MOST_FLIPS:
            text += f"; above {MOST_FLIPS:.0%} the judges decide nothing"
        yield f"{text}."


def _agreement_lines(judged: Sequence[PairRows]) -> Iterator[str]:
    """Say how far judges agree with each other and with people."""
    judges = sorted({name for rows in judged for name in rows.shares})
    raters = sorted({name for rows in judged for name in rows.raters})
    columns = {name: _column(judged, name, "shares") for name in judges}
    people = {name: _column(judged, name, "raters") for name in raters}
    human = _means(list(people.values()), judged)
    told: list[str] = []
    if len(judges) > 1:
        told.append(f"judges among themselves {_alpha(list(columns.values()))}")
    if judges and raters:
        told.append(f"judges and people {_alpha([*columns.values(), human])}")
    if len(raters) > 1:
        told.append(f"people among themselves {_alpha(list(people.values()))}")
    if told:
        yield f"Krippendorff's alpha (ordinal; 1 is full agreement): {', '.join(told)}."
    for name, column in columns.items() if raters else ():
        both = ~np.isnan(column) & ~np.isnan(human)
        clear = both & (column != 0.5) & (human != 0.5)
        if both.any():
            same = float(np.isclose(column[both], human[both]).mean())
            text = f"the judge {name} says what people say on {same:.0%} of {int(both.sum()):,}"
            if clear.any():
                agree = float(((column > 0.5) == (human > 0.5))[clear].mean())
                text += f", and on {agree:.0%} of the {int(clear.sum()):,} without a tie"
            yield f"{text}."


def _column(judged: Sequence[PairRows], name: str, kind: str) -> FloatArray:
    parts = []
    for rows in judged:
        of_kind: Mapping[str, FloatArray] = getattr(rows, kind)
        parts.append(of_kind.get(name, np.full(len(rows.item), math.nan)))
    return np.concatenate(parts) if parts else np.zeros(0)


def _means(columns: Sequence[FloatArray], judged: Sequence[PairRows]) -> FloatArray:
    return np.concatenate([rows.people for rows in judged]) if columns else np.zeros(0)


def _alpha(columns: Sequence[FloatArray]) -> str:
    found = krippendorff_alpha(columns)
    return "unknown" if found is None else f"{found:.2f}"


def _strength_lines(
    pairs: Comparisons, items: ItemTable, task: str, alpha: float, seed: int
) -> Iterator[str]:
    """Say the Bradley-Terry strengths of three or more arms, by the judges or else by people."""
    found, by_judges = strengths_of(pairs, items, task, alpha, seed)
    if found is None:
        return
    told = []
    for name, chance in sorted(found.chance.items(), key=lambda one: -one[1]):
        low, high = found.low[name], found.high[name]
        ends = "" if low is None or high is None else f" [{low:.1%}, {high:.1%}]"
        told.append(f"{name} {chance:.1%}{ends}")
    who = "judges" if by_judges else "people"
    yield (
        f"Bradley-Terry by the {who}, chance to win against an arm of average strength:"
        f" {', '.join(told)} ({found.n:,} comparisons, {found.n_clusters:,} clusters)."
    )


def error_rate_lines(items: ItemTable, ctx: ClaimContext, alpha: float) -> list[str]:
    """Say, for tasks that a judge grades right or wrong and people labelled, what sensitivity and
    specificity the labels give the judge, and each arm's accuracy corrected by them.

    Beside the correction that verdicts use (PPI): both must not be far apart.
    """
    lines: list[str] = []
    for task in sorted(ctx.judged_tasks):
        mine = items.task == task
        for arm, people in ctx.human_scores.items():
            rows = items.arms[arm]
            known = mine & ~np.isnan(people) & ~np.isnan(rows.score)
            rest = mine & np.isnan(people) & ~np.isnan(rows.score)
            independent = len(np.unique(items.cluster[mine])) == int(mine.sum())
            if not known.any() or not rest.any() or not independent:
                continue
            if not set(np.unique(rows.score[rest]).tolist()) <= {0.0, 1.0}:
                continue
            rates = error_rates(people[known], rows.score[known])
            found = (
                None if rates is None else corrected_by_error_rates(rows.score[rest], rates, alpha)
            )
            if rates is None or found is None:
                continue
            lines.append(
                f"{task}, {arm}: against people's labels the judge's sensitivity is"
                f" {rates.sensitivity:.0%} (of {rates.right:,} right answers) and its specificity"
                f" {rates.specificity:.0%} (of {rates.wrong:,} wrong ones); the accuracy corrected"
                f" by both is {_shown(found)} over {found.n:,} answers that nobody labelled."
            )
    return lines
