"""A decision as shown."""

from __future__ import annotations

from dataclasses import dataclass

from claimbench_reports.view.format import Figure


@dataclass(frozen=True, slots=True)
class GateCell:
    """One requirement of one arm: its state in a word, and why. ``claim``: the id of the report's
    claim that asks the same, empty where there is none; ``todo``: what would settle it.
    """

    arm: str
    state: str
    why: str
    claim: str = ""
    todo: str = ""


@dataclass(frozen=True, slots=True)
class GateRow:
    """One requirement over all arms."""

    name: str
    cells: tuple[GateCell, ...]


@dataclass(frozen=True, slots=True)
class CriterionRow:
    """One criterion over all arms: its weight, its scale, and the arms' figures."""

    name: str
    weight: str
    scale: str
    cells: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class DecisionView:
    """Whom to choose, as shown: the sentence first."""

    outcome: str
    sentence: str
    lines: tuple[str, ...]
    open_lines: tuple[str, ...]
    rests_on: str
    arms: tuple[str, ...]
    incumbent: str | None
    chosen: str | None
    gates: tuple[GateRow, ...]
    criteria: tuple[CriterionRow, ...]
    totals: tuple[Figure, ...]
    wins: tuple[Figure, ...]
    not_run: str
    note: str
    open_short: str = ""
    leads: tuple[str, ...] = ()
