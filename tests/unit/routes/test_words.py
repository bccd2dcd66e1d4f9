"""A route in one line, however many slices it tells apart."""

from __future__ import annotations

from claimbench.routes.words import MOST_NAMED, said_of_route
from claimbench.types.routes import RouteSpec


def route(n: int) -> RouteSpec:
    arms = {f"team {i}": "big" if i % 4 == 0 else "small" for i in range(n)}
    return RouteSpec("by-team", "slice", slice="team", arms=arms, otherwise="big")


def test_a_few_slices_are_named_one_by_one() -> None:
    said = said_of_route(route(3))
    assert said == "by team (team 0: big, team 1: small, team 2: small, else big)"
    assert f"team {MOST_NAMED - 1}: small" in said_of_route(route(MOST_NAMED))


def test_many_slices_are_counted_by_arm() -> None:
    assert said_of_route(route(240)) == "by team (240 values: 60 to big, 180 to small, else big)"
