"""A decision as plain JSON, for pipelines and for report.json."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from claimbench import stats
from claimbench.decision.choose import Decision
from claimbench.decision.gates import Cell
from claimbench.decision.spread import Difference
from claimbench.decision.words import (
    against_lines,
    headline,
    move_line,
    settle_line,
    wins_line,
)
from claimbench.types import Json


def decision_json(decision: Decision) -> dict[str, Json]:
    """Return everything a decision says; figures unrounded, what is unknown as null."""
    move = decision.move
    made: dict[str, Json] = plain(
        {
            "outcome": decision.outcome,
            "sentence": headline(decision),
            "choose": decision.arm,
            "candidates": list(decision.candidates),
            "incumbent": decision.spec.incumbent,
            "declared": "before" if decision.declared else "after",
            "changed_after": list[Json](decision.changed_after),
            "level": 1 - decision.alpha,
            "requirements": [_cell(cell) for cell in decision.cells],
            "criteria": _criteria(decision),
            "totals": {arm: _points(found) for arm, found in decision.intervals.items()},
            "no_total": dict(decision.why_no_total),
            "leads": {arm: _points(found) for arm, found in decision.leads.items()},
            "wins": dict(decision.wins),
            "smallest_change": None
            if move is None
            else {
                "rival": move.rival,
                "moved": move.moved,
                "from": dict(move.taken),
                "to": move.given_to,
            },
            "otherwise": None
            if decision.otherwise is None
            else {
                "way": decision.otherwise.words[1],
                "usual_way": decision.otherwise.words[0],
                "choose": decision.otherwise.other,
                "usual_choose": decision.otherwise.arm,
                "why": decision.otherwise.told,
            },
            "dominance": [
                {"arm": one.arm, "over": one.rival, "decided": one.decided}
                for one in decision.dominance
            ],
            "against_incumbent": {
                arm: {
                    "accuracy_difference": _interval(one.accuracy),
                    "dollars_ratio": _interval(one.dollars),
                    "usd_per_month": None if one.month is None else one.month.usd,
                    "incumbent_usd_per_month": None if one.was is None else one.was.usd,
                    "saved_usd_per_year": _interval(one.year),
                    "saved_usd_per_year_level": None if one.year is None else one.year.level,
                    "words": list[Json](against_lines(decision, arm)),
                }
                for arm, one in decision.against.items()
            },
            "settled_by": settle_line(decision),
            "robustness": [line for line in (wins_line(decision), move_line(decision)) if line],
            "not_run": dict(decision.not_run),
        }
    )
    return made


def plain(value: Any) -> Any:
    """Return JSON in the types of Python alone: numpy's numbers and booleans as what they hold, a
    number that is none or infinite as null.
    """
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _cell(cell: Cell) -> dict[str, Json]:
    verdict = cell.verdict
    return {
        "requirement": cell.requirement,
        "arm": cell.arm,
        "state": cell.state,
        "why": cell.why,
        "status": None if verdict is None else verdict.status,
        "level": cell.level,
    }


def _criteria(decision: Decision) -> list[Json]:
    totals = decision.totals
    rows: list[Json] = []
    for i, criterion in enumerate(decision.spec.criteria):
        arms: dict[str, Json] = {}
        for arm in decision.arms if totals is not None else ():
            one = totals.measured[arm][i] if totals is not None else None
            if one is not None:
                arms[arm] = {
                    "figure": _finite(one.figure),
                    "value": one.value,
                    "why_unknown": one.why or None,
                }
        rows.append(
            {
                "name": criterion.name,
                "metric": criterion.metric,
                "task": criterion.task,
                "weight": criterion.weight,
                "worst": criterion.worst,
                "best": criterion.best,
                "items": None if totals is None else totals.items_of(i),
                "arms": arms,
            }
        )
    return rows


def _points(found: Difference | None) -> Json:
    if found is None:
        return None
    return {"points": found.est, "low": found.lo, "high": found.hi}


def _interval(found: stats.Interval | None) -> Json:
    if found is None or found.est is None:
        return None
    return {"estimate": found.est, "low": _finite(found.lo), "high": _finite(found.hi)}


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
