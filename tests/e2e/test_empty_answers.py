"""Empty answers and turns that nobody asked, in every place that counts how calls ended."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Said, Vendor

Bench = Callable[..., Said]
EMPTY = 18


@pytest.fixture
def silent(desk: Path, rival: Vendor, bench: Bench) -> Path:
    """A run in which one arm says nothing to 18 of its 120 requests; the folder of its suite."""
    plain = rival.reply
    rival.reply = lambda number, text: "" if number < EMPTY else plain(number, text)  # type: ignore[method-assign]
    said = bench("run", str(desk))
    assert said.code in (0, 1, 2), said.err
    return desk.parent


def figures(bench: Bench, arm: str) -> dict[str, float]:
    view = json.loads(bench("export", "--format", "json").out)
    (found,) = [a for a in view["arms"] if a["arm"] == arm and a["scope"] == "all tasks"]
    return {name: figure["value"] for name, figure in found["figures"]}


def test_empty_answers_have_a_column_and_are_never_said_to_be_answers_alone(
    silent: Path, bench: Bench
) -> None:
    counted = figures(bench, "cheap")
    assert (counted["n_empty"], counted["n_missing"], counted["n_not_asked"]) == (EMPTY, 0, 0)
    assert figures(bench, "good")["n_empty"] == 0
    shown = bench("show").out.splitlines()
    head = next(line for line in shown if line.startswith("arm "))
    row = next(line for line in shown if line.startswith("cheap "))
    assert head.split()[-1] == "Empty"
    assert row.split()[-1] == str(EMPTY)
    assert "| Empty |" in bench("export", "--format", "md").out
    (page,) = silent.glob("results/*/report.html")
    assert ">Empty</button>" in page.read_text()
    assert f"cheap: {EMPTY} empty" in page.read_text(), "on paper too, where not all columns are"
    view = json.loads(bench("export", "--format", "json").out)
    for verdict in view["verdicts"]:
        assert f"empty: {EMPTY} of cheap's 120 answers" in str(verdict), verdict["claim"]
        assert "some calls failed" not in str(verdict)
    rows = [json.loads(line) for line in bench("export").out.splitlines()]
    assert sum(row["outcome"] == "empty" for row in rows) == EMPTY


def test_where_nothing_is_empty_there_is_no_column_on_the_terminal(
    desk: Path, bench: Bench
) -> None:
    bench("run", str(desk), "--no-report")
    assert "Empty" not in bench("show").out
