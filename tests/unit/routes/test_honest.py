"""Routes that know the answers are told from routes that do not."""

from __future__ import annotations

import numpy as np
import pytest

from claimbench.claims.beside.composed import composed_flags, unfair_routes
from claimbench.claims.types import ClaimContext, Leaf, RouteFacts
from claimbench.routes.honest import column_of_answers, knows_answers
from claimbench.routes.paths import Found, Path
from claimbench.routes.signals import Answers
from claimbench.testing import tables_from_arrays
from claimbench.types import AnswerSpec, Reason, Sample, Task
from claimbench.types.routes import Decided, RouteSpec

N = 24
TARGETS = ["a", "b", "c"] * 8
RIGHT = [float(i % 3 == 0) for i in range(N)]


def tables(column: list[str], small: list[float] | None = None):
    arms = {"small": small or RIGHT, "big": [1.0] * N}
    return tables_from_arrays(
        arms, usd={"small": [1.0] * N, "big": [9.0] * N}, slices={"kind": column}
    )[0]


def answers() -> Answers:
    samples = tuple(Sample(str(i), {}, TARGETS[i], str(i)) for i in range(N))
    task = Task("task", samples, (), (), AnswerSpec("label", ("a", "b", "c")), (), 8)
    return Answers.of([], [], [task])


def by_slice(arms: dict[str, str]) -> RouteSpec:
    return RouteSpec("r", "slice", slice="kind", arms=arms, otherwise="big")


@pytest.mark.parametrize(
    ("column", "sees"),
    [
        (TARGETS, True),
        ([{"a": "x", "b": "y", "c": "y"}[t] for t in TARGETS], False),
        ([f"{t}{i % 2}" for i, t in enumerate(TARGETS)], True),
        ([f"topic {t}" for t in TARGETS], True),
        (["x", "y"] * 12, False),
        ([str(i) for i in range(N)], False),
        ([*TARGETS[:-1], "a"], False),
    ],
)
def test_a_column_that_tells_the_target_is_found(column: list[str], sees: bool) -> None:
    found = column_of_answers(by_slice({"a": "small"}), tables(column), answers())
    assert (found is not None) == sees
    assert found is None or found.code == "route_checker_sees_target"


@pytest.mark.parametrize("slips", [0, 1, 2, 8])
def test_decisions_that_part_right_from_wrong_are_found(slips: int) -> None:
    small = list(RIGHT)
    small[:slips] = [1 - right for right in small[:slips]]
    items = tables(TARGETS, small)
    keep = [i % 3 == 0 for i in range(N)]
    decided = {("task", str(i)): Decided("small" if keep[i] else "big", 0, 0) for i in range(N)}
    paths = tuple(Path(i, 0, (("small", i),), ("small" if keep[i] else "big", i)) for i in range(N))
    cascade = {"first": "small", "then": "big", "below": 0.5}
    specs = [
        by_slice({"a": "small"}),
        RouteSpec("r", "decisions", decided=decided),
        RouteSpec("r", "cascade", signal="file", of="f", **cascade),
    ]
    for spec in specs:
        found = knows_answers(spec, items, Found(paths))
        assert (found is None) == (slips > 2), spec.kind
    own = RouteSpec("r", "cascade", signal="probability", **cascade)
    assert knows_answers(own, items, Found(paths)) is None


def test_the_suite_may_accept_it_and_the_verdict_says_so() -> None:
    knows = Reason("route_knows_answers", "r keeps small where it is right")
    routes = {"r": RouteFacts(("small", "big"), "said", knows=knows)}
    leaf = Leaf.__new__(Leaf)
    object.__setattr__(leaf, "ours", "r")
    object.__setattr__(leaf, "theirs", "big")
    refused = ClaimContext(routes=routes)
    accepted = ClaimContext(routes=routes, allow=frozenset({"route_knows_answers"}))
    assert unfair_routes(leaf, refused) == (knows,)
    assert unfair_routes(leaf, accepted) == ()
    assert "allowed_route_knows_answers" in {f.code for f in composed_flags(leaf, accepted)}


def turned(rng: np.random.Generator, rows: np.ndarray, share: float) -> np.ndarray:
    """Turn a share of the rows, the same number in every world."""
    chosen = rng.permutation(len(rows))[: round(share * len(rows))]
    made = rows.copy()
    made[chosen] = ~made[chosen]
    return made


def found_of(keeps: np.ndarray, small: np.ndarray, big: np.ndarray) -> Reason | None:
    n = len(keeps)
    items = tables_from_arrays(
        {"small": small.astype(float), "big": big.astype(float)},
        usd={"small": np.full(n, 1.0), "big": np.full(n, 9.0)},
    )[0]
    decided = {
        ("task", str(i)): Decided("small" if keep else "big", 0, 0) for i, keep in enumerate(keeps)
    }
    return knows_answers(RouteSpec("r", "decisions", decided=decided), items, Found(()))


@pytest.mark.parametrize("n", [80, 200, 500])
@pytest.mark.parametrize("share", [0.0, 1 / 80, 5 / 80, 0.1])
def test_an_oracle_with_a_few_rows_turned_is_found(n: int, share: float) -> None:
    rng = np.random.default_rng(n)
    for right in (0.5, 0.7, 0.8):
        small = rng.random(n) < right
        assert found_of(turned(rng, small, share), small, np.ones(n, dtype=bool)) is not None


@pytest.mark.parametrize("both", [0.3, 0.6, 0.9])
def test_an_oracle_that_chooses_freely_where_both_are_right_is_found(both: float) -> None:
    rng = np.random.default_rng(7)
    small, big = rng.random(300) < 0.7, rng.random(300) < 0.7
    keeps = np.where(small & big, rng.random(300) < both, small)
    assert found_of(keeps, small, big) is not None
    assert found_of(turned(rng, keeps, 0.05), small, big) is not None


@pytest.mark.parametrize("quality", [0.6, 0.7, 0.75, 0.8])
def test_a_router_that_is_often_right_is_none(quality: float) -> None:
    alarms = 0
    for world in range(100):
        rng = np.random.default_rng(world)
        small, big = rng.random(200) < 0.7, rng.random(200) < 0.9
        keeps = np.where(rng.random(200) < quality, small, ~small)
        alarms += found_of(keeps, small, big) is not None
    assert alarms <= 2


@pytest.mark.parametrize(("easy", "hard"), [(0.9, 0.4), (0.95, 0.5), (0.8, 0.2), (0.99, 0.6)])
def test_a_router_by_difficulty_or_language_is_none(easy: float, hard: float) -> None:
    alarms = 0
    for world in range(100):
        rng = np.random.default_rng(world)
        simple = rng.random(200) < 0.6
        small = rng.random(200) < np.where(simple, easy, hard)
        big = rng.random(200) < 0.95
        alarms += found_of(simple, small, big) is not None
    assert alarms <= 3
