"""An open requirement links the claim that asks the same, and says what would settle it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from claimbench.decision.choose import Decision
from claimbench.decision.gates import Cell
from claimbench.types import Claim, DecisionSpec, Reason, Requirement, Verdict
from claimbench_reports.formats.html import render_html
from claimbench_reports.view.buying.decision import decision_view
from claimbench_reports.view.types import View
from claimbench_reports.view.verdicts.remedies import RunFacts

RUN = RunFacts("r1", "s.yaml", None, (("t", 100),))
CLAIM = Claim("fast", "faster than b", None, "latency", "e2e", ("a",), ("b",), "less", None)


def verdict(claim: Claim, *reasons: str) -> Verdict:
    told = tuple(Reason(code) for code in reasons)
    return Verdict(claim, "not_comparable" if reasons else "supported", None, "", (), (), told)


def shown(cell: Cell, verdicts: tuple[Verdict, ...] = (), run: RunFacts | None = RUN) -> Any:
    spec = DecisionSpec(requirements=(Requirement("speed", claim="faster than b"),))
    made = Decision(spec, "open", None, (), (cell,), ("a",), {}, None, {})
    view = decision_view(made, 10, "2026-11-29T00:00:00+00:00", str, verdicts, run)
    assert view is not None
    return view


def gate(*reasons: str) -> Cell:
    asked = replace(CLAIM, id="speed (a)", alpha=0.01, declared="after")
    decided = verdict(asked, *reasons)
    return Cell("speed", "a", "open" if reasons else "met", "why it is so", decided)


@pytest.mark.parametrize(
    ("reasons", "todo"),
    [
        (("load",), "allow: [load]"),
        (("node_type",), "allow: [node_type]"),
        (("judge_uncorrected",), "bench labels export r1"),
        (("not_interleaved",), "bench run s.yaml"),
        (("autocorrelated",), "bench run s.yaml"),
        ((), ""),
    ],
)
def test_what_settles_it_stands_in_the_cell_and_the_list(
    reasons: tuple[str, ...], todo: str
) -> None:
    view = shown(gate(*reasons))
    (cell,) = view.gates[0].cells
    assert bool(cell.todo) == bool(todo)
    assert todo in cell.todo
    for line in view.open_lines:
        assert line.endswith(f"To settle it: {cell.todo}")
    assert bool(view.open_lines) == bool(reasons)


@pytest.mark.parametrize(
    ("claims", "found"),
    [
        ((CLAIM,), "fast"),
        ((replace(CLAIM, treatments=("c",)), CLAIM), "fast"),
        ((replace(CLAIM, metric="ttft"),), ""),
        ((replace(CLAIM, baselines=("c",)),), ""),
        ((), ""),
    ],
)
def test_the_claim_that_asks_the_same_is_linked(claims: tuple[Claim, ...], found: str) -> None:
    view = shown(gate("load"), tuple(verdict(claim) for claim in claims))
    assert view.gates[0].cells[0].claim == found


def test_the_page_has_the_link_and_the_line(view: View) -> None:
    made = shown(gate("load"), (verdict(CLAIM),))
    page = render_html(replace(view, decision=made))
    assert '<a href="#claim-fast">' in page
    assert "To settle it: " in page
