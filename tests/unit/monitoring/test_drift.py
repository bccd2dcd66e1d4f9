"""A hosted model that changed, told from one that varies, where no run repeats a question."""

from __future__ import annotations

import math

import numpy as np
import pytest

from claimbench.monitoring.drift import Answer, Answers, Sides, drifts_of
from claimbench.monitoring.types import Drift
from claimbench.monitoring.words import drift_words

N = 240
NOISE = 0.05
ALPHA = 0.002


class Endpoint:
    """Answers every sample once a night; from ``other`` on with another text in half of them."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def night(self, changed: bool, named: str | None = None, epochs: int = 1) -> Answers:
        found: dict[str, list[Answer]] = {}
        for i in range(N):
            found[f"t/{i}"] = [self.answer(changed and i % 2 == 0, named) for _ in range(epochs)]
        return found

    def answer(self, other: bool, named: str | None) -> Answer:
        varied = self.rng.random() < NOISE
        text = "varied" if varied else ("no" if other else "yes")
        return Answer(text, float(text == "yes"), math.log1p(len(text)), named)


def told(nights: list[Answers]) -> Drift:
    """Judge the last night against the first, the others between."""
    (found,) = drifts_of({"arm": Sides(nights[0], nights[-1], nights[1:-1])}, ALPHA)
    return found


def states(pattern: str, seed: int) -> list[str]:
    """Judge each night after BASE: "b" is BASE's model, "n" the new one."""
    endpoint = Endpoint(seed)
    nights = [endpoint.night(who == "n") for who in pattern]
    return [told(nights[: at + 1]).state for at in range(1, len(pattern))]


@pytest.mark.parametrize("first", [1, 2, 3, 5])
def test_a_changed_model_stays_changed_in_every_night_that_follows(first: int) -> None:
    nights = 9
    found = states("b" * first + "n" * (nights - first), seed=first)
    expected = ["varies"] * (first - 1) + ["changed"] * (nights - first)
    assert found[0] == "cannot_tell"
    assert found[1:] == expected[1:]


@pytest.mark.parametrize("pattern", ["bnb", "bbnnb", "bnnnb", "bnbnnb"])
def test_a_model_that_came_back_varies(pattern: str) -> None:
    assert states(pattern, seed=7)[-1] == "varies"


def test_a_model_that_only_varies_is_never_called_changed() -> None:
    found = {state for seed in range(5) for state in states("b" * 8, seed)[1:]}
    assert found == {"varies"}


@pytest.mark.parametrize("pattern", ["bb", "bbb", "bnb", "bbnnb"])
def test_a_model_that_answers_as_in_base_is_the_same_whatever_came_between(pattern: str) -> None:
    settled = {
        who: {f"t/{i}": [Answer(text, 1.0, 1.0, None)] for i in range(N)}
        for who, text in (("b", "yes"), ("n", "no"))
    }
    found = told([settled[who] for who in pattern])
    assert found.state == ("same" if len(pattern) > 2 else "cannot_tell")
    if len(pattern) > 2:
        assert drift_words(found) == "arm is the same: no answer differs between BASE and NEW"


@pytest.mark.parametrize("nights", ["bnn", "bnnn", "bbnn"])
def test_the_evidence_says_what_it_was_held_against(nights: str) -> None:
    endpoint = Endpoint(3)
    found = told([endpoint.night(who == "n") for who in nights])
    said = drift_words(found)
    assert "between any two of the runs in" in said
    assert "repeats alone" not in said
    assert found.between == len(nights) - 2
    assert found.repeats in said


def test_repeats_within_the_runs_need_no_run_between() -> None:
    endpoint = Endpoint(4)
    base = endpoint.night(False, epochs=3)
    for changed, state in ((False, "varies"), (True, "changed")):
        found = told([base, endpoint.night(changed, epochs=3)])
        assert (found.state, found.between) == (state, 0)
        assert "repeats alone" in drift_words(found)


@pytest.mark.parametrize(
    ("names", "moved"),
    [
        (["x", "y"], True),
        (["x", "y", "y"], True),
        (["x", "x", "y", "y", "y"], True),
        (["x", "y", "x"], False),
        (["x", "y", "y", "x"], False),
        ([None, "y", "y"], False),
    ],
)
def test_a_name_is_held_against_what_the_endpoint_named_in_base(
    names: list[str | None], moved: bool
) -> None:
    endpoint = Endpoint(5)
    found = told([endpoint.night(False, f"{name} fp" if name else None) for name in names])
    assert bool(found.moved) == moved
    if moved:
        assert found.moved == ("the endpoint named x, and now y",)
        assert found.state == "changed"


def test_a_sample_without_an_answer_in_base_or_new_tells_nothing() -> None:
    endpoint = Endpoint(6)
    nights = [endpoint.night(False) for _ in range(4)]
    nights[0] = {item: found for item, found in nights[0].items() if item != "t/0"}
    nights[1] = {item: found for item, found in nights[1].items() if item != "t/1"}
    nights[3] = {item: found for item, found in nights[3].items() if item != "t/2"}
    assert {lens.n for lens in told(nights).lenses} == {N - 2}
