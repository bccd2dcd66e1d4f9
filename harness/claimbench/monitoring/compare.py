"""A baseline and the runs after it: paired, told apart, judged at what is left of alpha."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from claimbench.errors import BenchError
from claimbench.evaluation.evaluate import Evaluation
from claimbench.evaluation.stored import counted, why_incomplete
from claimbench.monitoring.bills import bill_moves
from claimbench.monitoring.differences import differences
from claimbench.monitoring.drift import RunAnswers, drifts, scores_by_night
from claimbench.monitoring.flips import all_flips
from claimbench.monitoring.groups import GROUPED_OTHERWISE, with_both_groupings
from claimbench.monitoring.judging import ACCURACY, DOLLARS, Tables, judge
from claimbench.monitoring.pairing import merged, pair_runs
from claimbench.monitoring.settings import known_names, loosened
from claimbench.monitoring.types import (
    Comparison,
    Judged,
    Pairing,
    RunRef,
    Settings,
    Step,
)
from claimbench.stats import sequential
from claimbench.types import Reason


@dataclass(frozen=True)
class Look:
    """Which look of how many a run is, and the alpha that it may spend; ``period``: from 1."""

    number: int
    planned: int
    alpha: float
    period: int = 1


def look_at(number: int, planned: int, alpha: float) -> Look:
    """Return look ``number`` (from 1) of a series of ``planned``; after the last a new series
    begins, with an alpha of its own.

    Each look judges the data of its own run, so that levels are parted, not bounds shared
    (:func:`claimbench.stats.sequential.separate_levels`).
    """
    if number < 1 or planned < 1:
        raise ValueError(f"look {number} of {planned} does not exist")
    period, place = divmod(number - 1, planned)
    levels = sequential.separate_levels(planned, alpha)
    return Look(place + 1, planned, float(levels[place]), period + 1)


def run_ref(run: Evaluation) -> RunRef:
    """Name a run, with how much of it there is."""
    stored = run.stored
    missing, n = why_incomplete(stored), counted(stored)
    return RunRef(
        stored.manifest.run_id,
        stored.manifest.created_utc,
        f"{stored.suite.name} {stored.suite.version}",
        missing is None,
        n.finished,
        n.planned,
        missing or "",
    )


def compare_runs(
    base: Evaluation,
    runs: Sequence[Evaluation],
    settings: Settings,
    looks: Sequence[int] | None = None,
    skipped: Mapping[str, str] | None = None,
) -> Comparison:
    """Compare every run with the baseline, in the order given.

    Args:
        base: the baseline.
        runs: the runs after it, the newest last.
        settings: margins, names of arms, and over how many runs alpha is spent; where it does not
            say, over those given.
        looks: which look of the series each run is, from 1; default: as given.
        skipped: run -> why it is left out, told beside.

    Raises:
        BenchError: a run is compared with itself, comes twice, or shares no arm with the baseline.
    """
    if not runs:
        raise BenchError("nothing to compare the baseline with", hint="name a run after it")
    seen = {base.stored.manifest.run_id}
    for run in runs:
        run_id = run.stored.manifest.run_id
        if run_id in seen:
            first = run_id == base.stored.manifest.run_id
            what = "is the baseline itself" if first else "comes twice"
            raise BenchError(f"run {run_id} {what}", hint="name two runs: bench list shows them")
        seen.add(run_id)
    numbers = list(looks) if looks is not None else list(range(1, len(runs) + 1))
    planned = settings.runs or len(runs)
    steps: list[Step] = []
    earlier: list[RunAnswers] = []
    for run, number in zip(runs, numbers, strict=True):
        look = look_at(number, planned, settings.alpha)
        steps.append(_step(base, run, settings, look, earlier))
        names = {pair.old: pair.new for pair in steps[-1].pairing.arms}
        earlier.append(RunAnswers(run, names))
    return Comparison(run_ref(base), settings, tuple(steps), dict(skipped or {}))


def _step(
    base: Evaluation,
    new: Evaluation,
    settings: Settings,
    look: Look,
    earlier: Sequence[RunAnswers],
) -> Step:
    names = known_names(settings.arms, base.stored.suite, new.stored.suite)
    pairing = pair_runs(base, new, names)
    if not pairing.arms and not _why_not_run(pairing):
        raise BenchError(
            f"runs {base.stored.manifest.run_id} and {new.stored.manifest.run_id} have no arm in"
            " common",
            hint="say which is which: --arm NEW=OLD",
        )
    arms = tuple(pair.new for pair in pairing.arms)
    differing = differences(base, new, pairing.arms)
    items, calls, context = merged(
        base, new, {pair.new: pair.old for pair in pairing.arms}, pairing.items
    )
    said: list[str] = []
    if (regrouped := with_both_groupings(base, items, calls, pairing.items)) is not None:
        said.append(GROUPED_OTHERWISE)
        items, calls = regrouped
    common = np.isin(np.asarray(items.items, dtype=np.str_), np.asarray(pairing.items, np.str_))
    tables = Tables(items, calls, context, common)
    alpha = look.alpha / 2 if settings.change_alarms else look.alpha
    judged = _not_run(pairing, settings)
    too_few = pairing.share < settings.common
    if too_few:
        judged += _uncompared(arms, pairing, settings)
    else:
        both = {base.stored.suite.population, new.stored.suite.population}
        population = "fixed" if both == {"fixed"} else "super"
        judged += judge(tables, pairing.arms, settings.margins, population, alpha)
    nights = {pair.new: scores_by_night(base, new, pair, earlier) for pair in pairing.arms}
    refs = run_ref(base), run_ref(new)
    return Step(
        refs[1],
        look.number,
        look.planned,
        look.alpha,
        pairing,
        differing,
        judged,
        () if too_few else bill_moves(base, new, pairing.arms, tables),
        () if too_few else all_flips(arms, tables, nights),
        () if too_few else drifts(base, new, pairing.arms, pairing.items, alpha, earlier),
        (*loosened(base.stored.suite, new.stored.suite, settings), *said, *_notes(*refs, look)),
        settings.change_alarms,
    )


def _why_not_run(pairing: Pairing) -> dict[str, str]:
    return {arm: why for arm, why in pairing.apart.items() if why.startswith("not run")}


def _not_run(pairing: Pairing, settings: Settings) -> tuple[Judged, ...]:
    """Return what cannot be judged of arms that one of the runs lacks although its suite has
    them.
    """
    found: list[Judged] = []
    for arm, why in _why_not_run(pairing).items():
        found += _unjudged(arm, Reason("arm_not_measured", f"{arm}, {why}"), settings)
    return tuple(found)


def _uncompared(arms: Sequence[str], pairing: Pairing, settings: Settings) -> tuple[Judged, ...]:
    detail = (
        f"{len(pairing.items)} samples, {100 * pairing.share:.0f}% of all, needed"
        f" {100 * settings.common:.0f}%"
    )
    if pairing.tasks:
        told = "; ".join(f"{task}: {why}" for task, why in pairing.tasks.items())
        detail += f"; {told}"
    found: list[Judged] = []
    for arm in arms:
        found += _unjudged(arm, Reason("few_common_samples", detail), settings)
    return tuple(found)


def _unjudged(arm: str, reason: Reason, settings: Settings) -> list[Judged]:
    margins = settings.margins
    wanted = {
        ACCURACY: margins.accuracy,
        DOLLARS: margins.dollars,
        margins.time or "latency": margins.latency,
    }
    return [
        Judged(
            arm,
            metric,
            margin,
            "not_comparable",
            *(None, None, None),
            1 - settings.alpha,
            *(None, None),
            0,
            reasons=(reason,),
        )
        for metric, margin in wanted.items()
        if margin is not None
    ]


def _notes(base: RunRef, new: RunRef, look: Look) -> tuple[str, ...]:
    notes: list[str] = []
    for which, ref in (("BASE", base), ("NEW", new)):
        if not ref.complete:
            notes.append(f"{which} is not complete: {ref.missing}; what both have is compared")
    if base.created_utc > new.created_utc:
        notes.append("BASE was measured after NEW")
    if look.period > 1:
        notes.append(
            f"alpha was spent over {look.planned} runs and is spent anew: series {look.period};"
            " take a new baseline"
        )
    return tuple(notes)
