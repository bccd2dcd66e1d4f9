"""Routes that know the answers: by a column that is the target, or decisions that follow it."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from claimbench.routes.paths import Found, chosen_arm
from claimbench.routes.signals import Answers
from claimbench.suite.purpose.leaks import told_by
from claimbench.tables.types import ArmItems, BoolArray, ItemTable
from claimbench.types import Reason
from claimbench.types.routes import RouteSpec

FEWEST_ITEMS = 20
"""Below, right and wrong answers may be parted by chance."""
FEWEST_OF_A_KIND = 3
"""Right and wrong answers each, below which no association is looked for."""
MOST_J = 0.8
MOST_SAME = 0.88
MOST_KAPPA = 0.6
"""How far decisions may follow the right answers: an oracle with a tenth of its rows turned reaches
a share of 0.9 and kappa .6 to .8, routers that know no answer 0.6 to 0.85 of the rows.
"""
FEWEST_OF_ONE_RIGHT = 20
MOST_J_OF_ONE_RIGHT = 0.85
"""The same where just one of two arms is right. Items that only the small arm gets right are easy
ones, so a router by difficulty follows them far.
"""
_MADE_ELSEWHERE = frozenset({"file", "scorer"})
"""Signals that the first arm's own answers do not hold."""


def column_of_answers(spec: RouteSpec, items: ItemTable, answers: Answers) -> Reason | None:
    """Return that a route's column is, or determines, the target; None where it does not."""
    column = items.slices.get(spec.slice) if spec.kind == "slice" else None
    if column is None:
        return None
    targets: dict[str, dict[str, str]] = {
        name: {sample.id: repr(sample.target) for sample in task.samples if sample.scored}
        for name, task in answers.tasks.items()
    }
    rows: list[tuple[str, str, str]] = []
    for name, task, value in zip(items.items, items.task.tolist(), column.tolist(), strict=True):
        target = targets.get(task, {}).get(name[len(task) + 1 :])
        if target is not None:
            rows.append((task, str(value), target))
    told = told_by(rows)
    if told is None:
        return None
    return Reason(
        "route_checker_sees_target",
        f"{spec.name} goes by the column {spec.slice}, which tells the target of every one of"
        f" {told[1]} rows of {told[0]}",
    )


def knows_answers(spec: RouteSpec, items: ItemTable, found: Found) -> Reason | None:
    """Return that a route's decisions follow which answers are right as no router without them is
    known to; None where they do not, or too few were decided.
    """
    of_arm: dict[str, dict[int, bool]] = {}
    if spec.kind == "cascade":
        asked = (spec.first, *(stage.then for stage in spec.stages))
        for arm, stage in zip(asked, spec.stages, strict=False):
            if stage.signal not in _MADE_ELSEWHERE:
                continue
            kept_here: dict[int, bool] = {}
            for path in found.paths:
                if any(step[0] == arm for step in path.steps):
                    kept_here[path.item] = kept_here.get(path.item, True) and path.answer[0] == arm
            of_arm[arm] = kept_here
    else:
        chosen = chosen_arm(spec, items, found.chosen)
        for arm in spec.parts:
            of_arm[arm] = {at: one == arm for at, one in enumerate(chosen) if one is not None}
    for arm, kept in of_arm.items():
        n = _parted(kept, items.arms[arm])
        if n:
            detail = f"{spec.name} keeps {arm} where it is right and nowhere else, on {n} items"
            return Reason("route_knows_answers", detail)
    told = [(arm, _followed(kept, items.arms[arm])) for arm, kept in of_arm.items()]
    if spec.kind == "decisions":
        told += _between_arms(spec, items)
    for arm, (agreeing, n) in told:
        if n:
            detail = (
                f"{spec.name}'s choice of {arm} follows which answers are right on {agreeing:,} of"
                f" {n:,} items"
            )
            return Reason("route_knows_answers", detail)
    return None


def _followed(kept: dict[int, bool], arm: ArmItems) -> tuple[int, int]:
    """Return on how many items of how many a choice of an arm agrees with its being right, where
    that is more than a router without the answers is known to reach; else (0, 0).
    """
    known = [at for at in kept if np.isfinite(arm.score[at])]
    scores = np.array([float(arm.score[at]) for at in known])
    if not known or scores.min() == scores.max():
        return 0, 0
    right = scores > (scores.min() + scores.max()) / 2
    return _association(np.array([kept[at] for at in known]), right)


def _between_arms(spec: RouteSpec, items: ItemTable) -> list[tuple[str, tuple[int, int]]]:
    """Return, by pair of arms, the same where just one of the two is right: who knows the answers
    may choose freely where both are.
    """
    chosen = chosen_arm(spec, items)
    found: list[tuple[str, tuple[int, int]]] = []
    for one, two in combinations(spec.parts, 2):
        scores = items.arms[one].score, items.arms[two].score
        at = [
            place
            for place, arm in enumerate(chosen)
            if arm in (one, two)
            and np.isfinite(scores[0][place])
            and np.isfinite(scores[1][place])
            and scores[0][place] != scores[1][place]
        ]
        keeps = np.array([chosen[place] == one for place in at], dtype=np.bool_)
        better = np.array([scores[0][place] > scores[1][place] for place in at], dtype=np.bool_)
        few = min(int(better.sum()), int((~better).sum())) < FEWEST_OF_ONE_RIGHT
        if not few and _youden(keeps, better) >= MOST_J_OF_ONE_RIGHT:
            same = int((keeps == better).sum())
            found.append((f"{one} or {two}", (same, len(at))))
    return found


def _association(kept: BoolArray, right: BoolArray) -> tuple[int, int]:
    """Return (agreeing, all) where a choice follows the right answers too well, else (0, 0).

    Too well is Youden's J of at least :data:`MOST_J`, or :data:`MOST_SAME` of the items alike with
    Cohen's kappa of at least :data:`MOST_KAPPA`, so that one side's items weigh neither nothing nor
    all.
    """
    n = len(kept)
    if n < FEWEST_ITEMS or min(int(right.sum()), int((~right).sum())) < FEWEST_OF_A_KIND:
        return 0, 0
    same = float((kept == right).mean())
    by_chance = float(kept.mean() * right.mean() + (~kept).mean() * (~right).mean())
    kappa = (same - by_chance) / (1 - by_chance) if by_chance < 1 else 0.0
    if _youden(kept, right) >= MOST_J or (same >= MOST_SAME and kappa >= MOST_KAPPA):
        return int((kept == right).sum()), n
    return 0, 0


def _youden(kept: BoolArray, right: BoolArray) -> float:
    """Return the share kept of the right less that of the wrong."""
    return float(kept[right].mean()) - float(kept[~right].mean())


def _parted(kept: dict[int, bool], arm: ArmItems) -> int:
    """Return how many items were decided where all that are kept score above all others; else 0."""
    known = [at for at in kept if np.isfinite(arm.score[at])]
    above = [float(arm.score[at]) for at in known if kept[at]]
    below = [float(arm.score[at]) for at in known if not kept[at]]
    if len(known) < FEWEST_ITEMS or not above or not below:
        return 0
    return len(known) if min(above) > max(below) else 0
