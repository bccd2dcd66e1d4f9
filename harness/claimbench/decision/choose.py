"""The rule: whom to choose, or why nobody can be named.

1. Candidates meet every requirement. None: no recommendation. One of several that were measured:
   it is recommended.
2. Of several the one with the highest weighted total is recommended if the difference of its total
   to each other candidate's excludes 0 (Holm over the candidates, at the suite's level).
   Otherwise the weights do not separate them on these data.
3. It has to be so in every other way to count the same run (:mod:`claimbench.decision.ways`).

An open requirement is never taken for a met one. What the suite declared before the run is decided
by; a decision that was written afterwards is marked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from claimbench import stats
from claimbench.claims.bills import saved_in_a_year
from claimbench.claims.types import ArmBill
from claimbench.decision.facts import Known
from claimbench.decision.gates import Cell, gates, why_apart
from claimbench.decision.spread import Difference
from claimbench.decision.values import Doubt, Monthly, Totals
from claimbench.decision.ways import ways_of
from claimbench.decision.weights import Move, acceptability, smallest_move
from claimbench.evaluation.evaluate import Evaluation
from claimbench.tables.per_request import with_request
from claimbench.types import DecisionSpec

Outcome = Literal["recommended", "tied", "alone", "open", "none"]


@dataclass(frozen=True)
class Dominance:
    """One arm is at least as good as another on every criterion. ``decided``: and the data exclude
    that it is worse on any by more than nothing, each at the suite's level.
    """

    arm: str
    rival: str
    decided: bool


@dataclass(frozen=True)
class Month:
    """Dollars a month at the stated volume, with their interval (None: none is known) and the level
    that it really has.
    """

    usd: float
    low: float | None
    high: float | None
    rests_on: str
    level: float = 0.95


@dataclass(frozen=True)
class Against:
    """An arm against the incumbent: differences with intervals, where they are known.

    ``accuracy``: in shares. ``dollars``: the ratio of dollars per request. ``month`` and ``was``:
    the arm's and the incumbent's bill of a month, where a volume is stated. ``year``: the dollars
    that the arm saves in the first twelve months, with what comes once.
    """

    arm: str
    accuracy: stats.Interval | None = None
    dollars: stats.Interval | None = None
    month: Month | None = None
    was: Month | None = None
    year: stats.Interval | None = None


@dataclass(frozen=True)
class Otherwise:
    """Another way to count the same run in which another choice comes out.

    ``words``: the usual way and the other one. ``arm``: chosen in the usual way; ``other``: in the
    other, None: nobody. ``told``: what of the run makes it another, in words.
    """

    words: tuple[str, str]
    arm: str
    other: str | None
    told: str = ""


@dataclass(frozen=True)
class Decision:
    """What the data say of the choice that a suite declares.

    ``outcome``: "recommended" (``arm``), "tied" (``candidates`` that the weights do not separate,
    or not in every way to count), "alone" (one arm was measured: there is no choice), "open" (an
    arm misses nothing and leaves something open), "none" (each misses something).
    ``leads``: the recommended or leading arm's total less each other candidate's.
    ``changed_after``: what of it was stated after the run ("decision", "volume").
    """

    spec: DecisionSpec
    outcome: Outcome
    arm: str | None
    candidates: tuple[str, ...]
    cells: tuple[Cell, ...]
    arms: tuple[str, ...]
    not_run: Mapping[str, str]
    totals: Totals | None
    intervals: Mapping[str, Difference | None]
    leads: Mapping[str, Difference] = field(default_factory=dict)
    wins: Mapping[str, float] = field(default_factory=dict)
    move: Move | None = None
    dominance: tuple[Dominance, ...] = ()
    against: Mapping[str, Against] = field(default_factory=dict)
    why_no_total: Mapping[str, str] = field(default_factory=dict)
    changed_after: tuple[str, ...] = ()
    alpha: float = 0.05
    otherwise: Otherwise | None = None

    @property
    def declared(self) -> bool:
        """Whether all that it rests on was stated before the run."""
        return not self.changed_after

    def state(self, arm: str) -> Literal["met", "missed", "open"]:
        """Return what becomes of an arm over all requirements."""
        states = {cell.state for cell in self.cells if cell.arm == arm}
        return "missed" if "missed" in states else "open" if "open" in states else "met"

    def of(self, arm: str, *states: str) -> list[Cell]:
        """Return the requirements of an arm that are in one of ``states``."""
        return [cell for cell in self.cells if cell.arm == arm and cell.state in states]


def decide(
    evaluation: Evaluation,
    spec: DecisionSpec | None = None,
    *,
    known: Known | None = None,
    today: str | None = None,
) -> Decision | None:
    """Decide whom to choose; None where the suite declares no decision and none is given.

    Args:
        evaluation: of the run.
        spec: a decision that was written after the run; default: the suite's own.
        known: facts of the arms from the catalogue of models.
        today: the day on which attestations have to hold, ISO 8601; default: that of the run. The
            later of both counts.
    """
    declared = evaluation.stored.suite.decision
    chosen = declared if spec is None else spec
    if chosen is None:
        return None
    case = _Case(chosen, known, today)
    found = case.decided(evaluation)
    if found.outcome == "recommended" and found.arm is not None:
        found = _in_every_way(found, evaluation, case)
    after = ["decision"] if chosen != declared or _imported(evaluation) else []
    after += ["volume"] if evaluation.stored.volume_after else []
    against = _against(evaluation, chosen.incumbent, found.arms)
    return replace(found, changed_after=tuple(after), against=against)


def _imported(evaluation: Evaluation) -> bool:
    return bool(evaluation.stored.manifest.options.get("imported"))


@dataclass(frozen=True)
class _Case:
    """A choice with what is known of its arms, as :func:`decide` is given both."""

    spec: DecisionSpec
    known: Known | None
    today: str | None

    def decided(
        self,
        evaluation: Evaluation,
        cells: tuple[Cell, ...] | None = None,
        doubt: Doubt | None = None,
    ) -> Decision:
        """Apply the rule to one way to count a run; ``cells``: requirements that are decided."""
        suite = evaluation.stored.suite
        if cells is None:
            cells = gates(evaluation, self.spec, known=self.known, today=self.today)
        names = [arm.name for arm in suite.arms]
        not_run = {name: why for name in names if (why := why_apart(name, evaluation))}
        run = tuple(name for name in names if name not in not_run)
        missed = {cell.arm for cell in cells if cell.state == "missed"}
        unmet = {cell.arm for cell in cells if cell.state != "met"}
        met = [arm for arm in run if arm not in unmet]
        over = met or [arm for arm in run if arm not in missed]
        totals = None
        if self.spec.criteria and run:
            monthly = monthly_of(evaluation)
            criteria = self.spec.criteria
            totals = Totals(evaluation, criteria, run, monthly, over=over, doubt=doubt)
        found = Decision(
            spec=self.spec,
            outcome="none",
            arm=None,
            candidates=(),
            cells=cells,
            arms=run,
            not_run=not_run,
            totals=totals,
            intervals={
                arm: None if totals is None else totals.interval(arm, suite.alpha) for arm in run
            },
            why_no_total=_why_no_total(totals, run),
            alpha=suite.alpha,
        )
        return _ruled(found)


def _in_every_way(found: Decision, evaluation: Evaluation, case: _Case) -> Decision:
    """Take a recommendation back that another way to count the same run does not bear out."""
    leader = found.arm or ""
    for way in ways_of(evaluation, found.totals, leader, found.candidates):
        cells = None if way.regated else found.cells
        other = case.decided(way.evaluation, cells, way.doubt)
        if (other.outcome, other.arm) == (found.outcome, leader):
            continue
        return replace(
            found,
            outcome="tied",
            arm=None,
            otherwise=Otherwise(way.words, leader, other.arm, way.told),
            candidates=tuple(dict.fromkeys((*found.candidates, *other.candidates))),
        )
    return found


def _why_no_total(totals: Totals | None, arms: Sequence[str]) -> dict[str, str]:
    if totals is None:
        return {}
    found: dict[str, str] = {}
    for arm in arms:
        unknown = [one.why for one in totals.measured[arm] if one.value is None]
        if unknown:
            found[arm] = "; ".join(dict.fromkeys(unknown))
    return found


def _ruled(found: Decision) -> Decision:
    """Apply the rule to what was decided of each arm."""
    candidates = tuple(arm for arm in found.arms if found.state(arm) == "met")
    could = [arm for arm in (*found.arms, *found.not_run) if found.state(arm) == "open"]
    found = replace(found, candidates=candidates)
    if not candidates:
        return replace(found, outcome="open" if could else "none")
    if len(found.arms) == 1:
        return replace(found, outcome="alone")
    if len(candidates) == 1:
        found = replace(found, outcome="recommended", arm=candidates[0])
        return _weighed(found, candidates[0], candidates)
    totals = found.totals
    if totals is None or any(totals.total(arm) is None for arm in candidates):
        return replace(found, outcome="tied")
    leader = max(candidates, key=lambda arm: totals.total(arm) or 0.0)
    found = _weighed(found, leader, candidates)
    rivals = list(found.leads)
    adjusted = stats.holm([found.leads[rival].p for rival in rivals])[0]
    ahead = all(
        float(p) <= found.alpha and found.leads[rival].est > 0
        for rival, p in zip(rivals, adjusted, strict=True)
    )
    return replace(found, outcome="recommended" if ahead else "tied", arm=leader if ahead else None)


def _weighed(found: Decision, leader: str, candidates: Sequence[str]) -> Decision:
    """Add how far the weights decide, among the candidates."""
    totals = found.totals
    if totals is None:
        return found
    rivals = [arm for arm in candidates if arm != leader]
    leads: dict[str, Difference] = {}
    for rival in rivals:
        lead = totals.difference(leader, rival, found.alpha)
        if lead is not None:
            leads[rival] = lead
    known = {arm: totals.values(arm) for arm in candidates}
    values = {arm: value for arm, value in known.items() if value is not None}
    if len(values) < 2:
        return replace(found, leads=leads)
    names = [criterion.name for criterion in totals.criteria]
    move = smallest_move(values, totals.weights.tolist(), names, leader)
    return replace(
        found,
        leads=leads,
        wins=acceptability(values),
        move=move,
        dominance=tuple(_dominance(totals, list(values), found.alpha)),
    )


def _dominance(totals: Totals, arms: Sequence[str], alpha: float) -> list[Dominance]:
    found = []
    for arm in arms:
        for rival in arms:
            mine, theirs = totals.values(arm), totals.values(rival)
            if arm == rival or mine is None or theirs is None:
                continue
            gains = [a - b for a, b in zip(mine, theirs, strict=True)]
            if min(gains) < 0 or max(gains) <= 0:
                continue
            sure = True
            for i in range(len(totals.criteria)):
                # One-sided at alpha / 2; all criteria must exclude a loss, so none is corrected
                gap = totals.on(i, arm, rival, alpha)
                sure = sure and gap is not None and bool(gap.lo >= 0)
            found.append(Dominance(arm, rival, sure))
    return found


def _against(
    evaluation: Evaluation, incumbent: str | None, arms: Sequence[str]
) -> dict[str, Against]:
    """Hold every arm against the incumbent, on the items of both."""
    if incumbent is None or incumbent not in arms:
        return {}
    items = evaluation.items
    alpha = evaluation.stored.suite.alpha
    base = items.arms[incumbent]
    was = _month(evaluation, incumbent)
    found = {}
    for arm in arms:
        if arm == incumbent:
            continue
        rows = items.arms[arm]
        scored = ~np.isnan(rows.score) & ~np.isnan(base.score)
        bounded = bool(scored.any()) and _in_unit(rows.score[scored], base.score[scored])
        accuracy = None
        if bounded and not evaluation.context.judged_tasks:
            pm = stats.paired_means(
                rows.score[scored],
                base.score[scored],
                items.cluster[scored],
                bounded=True,
                effective_df=True,
            )
            accuracy = stats.paired_ci(pm, alpha=alpha)
        asked = with_request(rows) & with_request(base)
        dollars = None
        known = not (np.isnan(rows.usd[asked]).any() or np.isnan(base.usd[asked]).any())
        if asked.any() and known and base.usd[asked].sum() > 0:
            pm = stats.paired_means(
                rows.usd[asked], base.usd[asked], items.cluster[asked], effective_df=True
            )
            dollars = stats.ratio_ci(pm, alpha)
        found[arm] = Against(
            arm,
            accuracy,
            dollars,
            _month(evaluation, arm),
            was,
            _year(evaluation, arm, incumbent),
        )
    return found


def _year(evaluation: Evaluation, arm: str, incumbent: str) -> stats.Interval | None:
    """Return what an arm saves in a year; None where one of both bills is not known."""
    if _bill(evaluation, arm) is None or _bill(evaluation, incumbent) is None:
        return None
    arms = arm, incumbent
    at = saved_in_a_year(evaluation.items, evaluation.calls, arms, evaluation.context)
    return at(evaluation.stored.suite.alpha)


def _bill(evaluation: Evaluation, arm: str) -> ArmBill | None:
    """Return the arm's bill at the stated volume; None without one, or where it has a range
    alone.
    """
    bill = evaluation.context.bills.get(arm)
    return None if bill is None or bill.open is not None else bill


def _month(evaluation: Evaluation, arm: str) -> Month | None:
    """Return the arm's bill of a month; None where no volume is stated, or it is not known."""
    bill = _bill(evaluation, arm)
    if bill is None:
        return None
    alpha = evaluation.stored.suite.alpha
    ends = bill.interval_at(alpha)
    dollars = sorted(bill.month(end) for end in ends) if ends is not None else [None, None]
    level = bill.level_at(alpha)
    return Month(bill.month(bill.value), dollars[0], dollars[1], bill.rests_on, level)


def monthly_of(evaluation: Evaluation) -> Monthly:
    """Return what gives an arm's dollars a month for a mean of dollars per request, less the share
    of a training, which comes once; the bill of a machine does not depend on it.
    """

    def monthly(arm: str, mean: float) -> float | None:
        bill = _bill(evaluation, arm)
        if bill is None:
            return None
        return bill.month(mean - bill.once_per_request if bill.rises else bill.value)

    return monthly


def _in_unit(*scores: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> bool:
    return all(float(one.min()) >= 0 and float(one.max()) <= 1 for one in scores)
