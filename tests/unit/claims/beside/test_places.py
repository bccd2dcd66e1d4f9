"""The first rows of a list: what can be among them, and how many are whose."""

from __future__ import annotations

import random

import pytest

from claimbench.claims.beside.counting import Place
from claimbench.claims.beside.places import count_first, within_reach
from claimbench.types.adoption import HubModel


def places(rng: random.Random, rows: int, *, values: str) -> list[Place]:
    """Make a falling list with ties, missing values and doubtful rows."""
    found: list[Place] = []
    value = float(rows)
    for at in range(rows):
        value -= rng.choice([0, 0, 1])
        known = values == "all" or (values == "some" and rng.random() < 0.7)
        found.append(Place(HubModel(f"o/{at}"), value if known else None, rng.random() < 0.3))
    return found


@pytest.mark.parametrize("values", ["all", "some", "none"])
@pytest.mark.parametrize("seed", range(40))
def test_rows_out_of_reach_turn_nothing(values: str, seed: int) -> None:
    rng = random.Random(seed)
    listed = places(rng, 14, values=values)
    whose = {place.model.id: rng.choice([True, False, None]) for place in listed}
    sure = sum(not place.doubtful for place in listed)
    for n in range(1, sure + 1):
        reach = within_reach(listed, n)
        assert reach == listed[: len(reach)]
        whole = count_first(listed, n, lambda model: whose[model.id])
        assert count_first(reach, n, lambda model: whose[model.id]) == whole


def test_a_long_list_is_cut_at_the_tie_with_its_last_row() -> None:
    values = [9, 8, 7, 7, 7, *range(6, -1000, -1)]
    listed = [Place(HubModel(f"o/{at}"), float(value), at == 1) for at, value in enumerate(values)]
    assert [len(within_reach(listed, n)) for n in (1, 2, 3, 4, 5)] == [1, 5, 5, 5, 6]
