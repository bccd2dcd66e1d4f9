"""``checks`` asks its checks about every row, as they would be asked alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from claimbench.scorers import SampleChecker, load
from claimbench.types import Json, Sample, ScorerSpec

STEERING: dict[str, Any] = {"scorer": "steering", "attacker": "wants", "reads": "label"}


@pytest.mark.parametrize(
    ("row", "word"),
    [
        ({"wants": "b"}, None),
        ({}, "says nothing in 'wants'"),
        ({"wants": " "}, "says nothing in 'wants'"),
        ({"wants": "a"}, "wants what is right"),
    ],
)
@pytest.mark.parametrize("nested", [False, True])
def test_a_row_that_a_check_refuses_is_refused(
    row: Mapping[str, Json], word: str | None, nested: bool
) -> None:
    inner: dict[str, Any] = {"of": ["label", STEERING]}
    options = {"of": [{"scorer": "checks", **inner}]} if nested else inner
    (scorer,) = load((ScorerSpec("checks", options),))
    assert isinstance(scorer, SampleChecker)
    said = scorer.check_sample(Sample("1", row, "a", ""))
    assert (said is None) == (word is None)
    assert (word or "") in (said or "")
    assert said is None or said.startswith("checks: ")


def test_checks_that_need_nothing_refuse_no_row() -> None:
    (scorer,) = load((ScorerSpec("checks", {"of": ["label", "exact"]}),))
    assert isinstance(scorer, SampleChecker)
    assert scorer.check_sample(Sample("1", {}, "a", "")) is None
