"""What holds on another day than the run's, and what was stated after it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from claimbench.cli.runs import at_volume
from claimbench.decision.as_json import decision_json
from claimbench.decision.choose import decide
from claimbench.evaluation.stored import StoredRun
from claimbench.suite.purpose.volume import with_volume
from claimbench.types import (
    Arm,
    Attestation,
    BudgetSpec,
    DecisionSpec,
    ErrorPolicy,
    LoadSpec,
    Requirement,
    SamplingParams,
    Suite,
)

RUN = "2026-11-29"


@pytest.mark.parametrize(
    ("until", "today", "state"),
    [
        ("2026-11-29", None, "met"),
        ("2026-11-28", None, "open"),
        ("2027-03-01", "2027-03-01", "met"),
        ("2027-03-01", "2027-03-02", "open"),
        ("2027-03-01", "2026-01-01", "met"),
        (None, "2030-01-01", "met"),
    ],
)
def test_an_attestation_has_to_hold_today(
    made: Any, until: str | None, today: str | None, state: str
) -> None:
    run = made.evaluation({"new": [1.0] * 30, "old": [1.0] * 30})
    paper = Attestation("ISO 27001", "2026-03-01", until=until)
    attested = {"new": paper, "old": paper}
    spec = DecisionSpec(requirements=(Requirement("paper", attested=attested),))
    found = decide(run, spec, today=today)
    assert found is not None
    (cell, _) = found.cells
    assert cell.state == state
    assert until is None or until in cell.why


@pytest.mark.parametrize("volume_after", [False, True])
@pytest.mark.parametrize("own", [False, True])
def test_what_was_stated_after_the_run_is_marked(made: Any, own: bool, volume_after: bool) -> None:
    spec = DecisionSpec(criteria=(made.criterion("accuracy", 1, 0.0, 1.0),))
    run = made.evaluation({"new": [1.0] * 30, "old": [1.0] * 30}, decision=spec)
    run.stored.volume_after = volume_after
    other = DecisionSpec(criteria=(made.criterion("accuracy", 2, 0.0, 1.0),))
    found = decide(run, None if own else other)
    assert found is not None
    after = (*([] if own else ["decision"]), *(["volume"] if volume_after else []))
    assert found.changed_after == after
    said = decision_json(found)
    assert said["declared"] == ("after" if after else "before")
    assert said["changed_after"] == list(after)


@pytest.mark.parametrize(
    ("own", "given", "after"),
    [
        (None, "2M", True),
        ("2M", "2M", False),
        ("2M", "2000000", False),
        ("2M", "10M", True),
        ("2M", None, False),
    ],
)
def test_a_volume_of_the_command_line_is_one_that_came_after(
    own: str | None, given: str | None, after: bool
) -> None:
    suite = Suite(
        "s",
        "1-0",
        "",
        "",
        (),
        (Arm("a", "compatible", "m"),),
        SamplingParams(),
        1,
        1,
        LoadSpec(),
        BudgetSpec(),
        (),
        ErrorPolicy(),
        0.03,
        0.05,
        "super",
        "never",
        (),
        {},
        "",
        "",
    )
    manifest: Any = SimpleNamespace()
    stored = StoredRun(manifest, with_volume(suite, own), (), (), (), (), (), ())
    assert at_volume(stored, given).volume_after == after
