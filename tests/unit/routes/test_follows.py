"""How far a column goes with who was right."""

from __future__ import annotations

import numpy as np
import pytest

from claimbench.routes.follows import agreement, question_of_column
from claimbench.testing import tables_from_arrays
from claimbench.types.routes import RouteSpec


@pytest.mark.parametrize(
    ("values", "right", "agrees"),
    [
        ([0, 0, 1, 1], [True, True, False, False], 4),
        ([0, 1, 0, 1], [True, True, False, False], 2),
        ([0, 0, 0, 0], [True, True, True, False], 3),
        ([0, 0, 1, 1], [False, False, True, True], 4),
    ],
)
def test_agreement_counts_the_more_frequent_outcome_of_each_value(
    values: list[int], right: list[bool], agrees: int
) -> None:
    assert agreement(np.array(values), np.array(right)) == agrees


N = 60
RIGHT = [float(i % 5 < 3) for i in range(N)]
ROUTE = RouteSpec("cheap", "slice", slice="kind", arms={"easy": "small", "hard": "big"})


@pytest.mark.parametrize(
    ("turned", "agrees"), [(0, "60 of 60"), (6, "54 of 60"), (20, ""), (30, "")]
)
def test_a_column_that_follows_the_right_answers_is_asked_about(turned: int, agrees: str) -> None:
    hard = [(right < 1) != (i < turned) for i, right in enumerate(RIGHT)]
    column = ["hard" if one else "easy" for one in hard]
    items = tables_from_arrays(
        {"small": RIGHT, "big": [1.0] * N},
        usd={"small": [1.0] * N, "big": [9.0] * N},
        slices={"kind": column},
    )[0]
    asked = question_of_column(ROUTE, items)
    assert bool(asked) == bool(agrees)
    assert agrees in asked


def test_a_column_of_its_own_making_and_another_kind_of_route_are_not_asked_about() -> None:
    items = tables_from_arrays(
        {"small": RIGHT, "big": [1.0] * N},
        usd={"small": [1.0] * N, "big": [9.0] * N},
        slices={"kind": ["easy", "hard"] * (N // 2)},
    )[0]
    assert question_of_column(ROUTE, items) == ""
    assert question_of_column(RouteSpec("cheap", "cascade", "small", "big"), items) == ""
