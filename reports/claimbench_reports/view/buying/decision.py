"""A decision as shown: the sentence, requirements by arm, criteria and totals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from claimbench.claims.verdicts import question_of
from claimbench.decision.choose import Decision
from claimbench.decision.gates import Cell
from claimbench.decision.spread import Difference
from claimbench.decision.values import Measured
from claimbench.decision.words import (
    against_lines,
    headline,
    items_line,
    lead_lines,
    move_line,
    settle_line,
    unsettled,
    wins_line,
)
from claimbench.types import Claim, Criterion, Verdict
from claimbench_reports.view.about import short_date
from claimbench_reports.view.buying.types import CriterionRow, DecisionView, GateCell, GateRow
from claimbench_reports.view.format import FORMATS, Figure, figure
from claimbench_reports.view.verdicts.remedies import RunFacts, remedies_of

UNITS = {
    "accuracy": "percent",
    "success_rate": "percent",
    "usd_per_1k": "usd",
    "usd_per_month": "usd",
}
"""Unit of each criterion's metric; of the others, seconds."""
METRIC_WORDS = {
    "accuracy": "accuracy",
    "success_rate": "share of requests answered",
    "usd_per_1k": "dollars per 1,000 requests",
    "usd_per_month": "dollars a month",
    "e2e_p50_s": "time of an answer, median",
    "e2e_p95_s": "time of an answer, 95th percentile",
    "ttft_p50_s": "time to the first word, median",
    "ttft_p95_s": "time to the first word, 95th percentile",
}
MOST_OPEN = 3
"""Open requirements that the folded line names."""
AFTER = {
    "decision": (
        "This decision was written after the run: it could be fitted to the results, and is no"
        " pre-declared choice."
    ),
    "volume": (
        "The volume was stated after the run: what rests on dollars a month could be fitted to the"
        " results."
    ),
}
"""What is said of each thing that was stated after the run."""


def decision_view(
    decision: Decision | None,
    n_items: int,
    created_utc: str,
    clean: Callable[[str], str],
    verdicts: Sequence[Verdict] = (),
    run: RunFacts | None = None,
) -> DecisionView | None:
    """Return what a report shows of a decision; None where the suite declares none.

    Args:
        decision: to show.
        n_items: of the run.
        created_utc: when the run was made, ISO 8601.
        clean: takes keys out of foreign text and makes it visible.
        verdicts: of the report's claims, that requirements which ask the same are linked with.
        run: what remedies need to know; None: none is said.
    """
    if decision is None:
        return None
    arms = (*decision.arms, *decision.not_run)
    chosen = decision.arm
    lines = against_lines(decision, chosen) if chosen is not None else []
    robust = [wins_line(decision), move_line(decision), settle_line(decision)]
    return DecisionView(
        outcome=decision.outcome,
        sentence=clean(headline(decision)),
        lines=tuple(clean(line) for line in (*lines, *robust) if line),
        open_lines=tuple(clean(line) for line in _open_lines(decision, run)),
        open_short=clean(_open_short(decision)),
        rests_on=clean(_rests_on(decision, n_items, created_utc)),
        arms=tuple(clean(arm) for arm in decision.arms),
        incumbent=None if decision.spec.incumbent is None else clean(decision.spec.incumbent),
        chosen=None if chosen is None else clean(chosen),
        gates=tuple(_gate_rows(decision, clean, verdicts, run)),
        criteria=tuple(_criterion_rows(decision, clean)),
        totals=tuple(_total(arm, decision) for arm in decision.arms) if decision.totals else (),
        wins=tuple(
            figure(f"decision.wins.{arm}", share, "percent") for arm, share in decision.wins.items()
        ),
        not_run=clean(_not_run(decision)) if len(arms) > len(decision.arms) else "",
        leads=tuple(clean(line) for line in lead_lines(decision)),
        note=" ".join(AFTER[one] for one in decision.changed_after),
    )


def _open_lines(decision: Decision, run: RunFacts | None) -> list[str]:
    lines = []
    for cell in unsettled(decision):
        todo = _todo(cell, run)
        settled = f" To settle it: {todo}" if todo else ""
        lines.append(f"{cell.arm}, {cell.requirement}: {cell.why}{settled}")
    return lines


def _todo(cell: Cell, run: RunFacts | None) -> str:
    """Return the most direct thing that would settle an open requirement and can be copied; empty
    where there is none: how many more samples it takes stands in the sentence.
    """
    if run is None or cell.verdict is None or cell.state != "open":
        return ""
    found = [one for one in remedies_of(cell.verdict, run) if one.code]
    return f"{found[0].text} {found[0].code}" if found else ""


def _claim(cell: Cell, verdicts: Sequence[Verdict]) -> str:
    """Return the id of the claim that asks what a requirement asks of an arm."""
    if cell.verdict is None:
        return ""
    asked = _asked(cell.verdict.claim)
    return next((one.claim.id for one in verdicts if _asked(one.claim) == asked), "")


def _asked(claim: Claim) -> Claim:
    return replace(question_of(claim), alpha=0.0, declared="before")


def _open_short(decision: Decision) -> str:
    """Name what is not settled in a few words: which arm on which requirement."""
    named = [f"{cell.arm} on {cell.requirement}" for cell in unsettled(decision)]
    return ", ".join(named[:MOST_OPEN]) + (" and others" if len(named) > MOST_OPEN else "")


def _rests_on(decision: Decision, n_items: int, created_utc: str) -> str:
    arms = len(decision.arms)
    parts = [
        f"{n_items:,} sample{'s' if n_items != 1 else ''}",
        f"{arms} arm{'s' if arms != 1 else ''}",
        short_date(created_utc),
        "the prices of that day",
    ]
    if decision.spec.criteria:
        parts.append(
            "weights written after the run"
            if "decision" in decision.changed_after
            else "the weights of the suite"
        )
    over = items_line(decision, n_items)
    return "Rests on: " + ", ".join(parts) + (f". {over[0].upper()}{over[1:]}" if over else "")


def _not_run(decision: Decision) -> str:
    parts = [f"{arm} ({why})" for arm, why in decision.not_run.items()]
    return f"Not judged: {'; '.join(parts)}"


def _gate_rows(
    decision: Decision,
    clean: Callable[[str], str],
    verdicts: Sequence[Verdict],
    run: RunFacts | None,
) -> list[GateRow]:
    rows = []
    for requirement in decision.spec.requirements:
        cells = []
        for arm in decision.arms:
            for cell in decision.cells:
                if (cell.requirement, cell.arm) == (requirement.name, arm):
                    claim, todo = clean(_claim(cell, verdicts)), clean(_todo(cell, run))
                    why = clean(cell.why)
                    cells.append(GateCell(clean(arm), cell.state, why, claim, todo))
        rows.append(GateRow(clean(requirement.name), tuple(cells)))
    return rows


def _criterion_rows(decision: Decision, clean: Callable[[str], str]) -> list[CriterionRow]:
    totals = decision.totals
    if totals is None:
        return []
    rows = []
    for i, criterion in enumerate(totals.criteria):
        show = FORMATS[UNITS.get(criterion.metric, "seconds")]
        cells = [_figure(arm, criterion, totals.measured[arm][i]) for arm in decision.arms]
        where = f" of {criterion.task}" if criterion.task is not None else ""
        words = f"{METRIC_WORDS[criterion.metric]}{where}"
        scale = f"{words}: {show(criterion.worst)} counts 0, {show(criterion.best)} counts 100"
        weight = FORMATS["percent"](float(totals.weights[i]))
        rows.append(CriterionRow(clean(criterion.name), weight, clean(scale), tuple(cells)))
    return rows


def _figure(arm: str, criterion: Criterion, one: Measured) -> Figure:
    note = one.why if one.value is None else f"{100 * one.value:.0f} of 100"
    unit = UNITS.get(criterion.metric, "seconds")
    return figure(f"decision.{criterion.name}.{arm}", one.figure, unit, note=note)


def _total(arm: str, decision: Decision) -> Figure:
    found: Difference | None = decision.intervals.get(arm)
    id_ = f"decision.total.{arm}"
    if found is None:
        return figure(id_, None, "score", note=decision.why_no_total.get(arm, ""))
    low, high = max(found.lo, 0.0), min(found.hi, 100.0)
    return figure(id_, found.est, "plain", low=low, high=high)
