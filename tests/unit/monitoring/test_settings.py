"""Margins as a suite and the command line state them."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from claimbench.errors import BenchError
from claimbench.monitoring.compare import look_at
from claimbench.monitoring.settings import (
    SERIES,
    as_series,
    loosened,
    loosened_for_claims,
    settings_between,
    settings_of,
    with_arms,
)
from claimbench.monitoring.stored import Nights
from claimbench.types import BudgetSpec, ErrorPolicy, LoadSpec, SamplingParams, Suite

SUITE = Suite(
    name="s",
    version="1-0",
    description="",
    path="s.yaml",
    tasks=(),
    arms=(),
    sampling=SamplingParams(),
    epochs=1,
    order_seed=0,
    load=LoadSpec(),
    budget=BudgetSpec(),
    claims=(),
    errors=ErrorPolicy(),
    margin=0.03,
    alpha=0.05,
    population="super",
    stop="never",
    allow=(),
    thresholds={},
    file_sha256="",
    measured_sha256="",
)


def suite(**compare: Any) -> Suite:
    return replace(SUITE, options={"compare": compare})


def test_nothing_stated_takes_the_suite_s_margin_and_the_defaults() -> None:
    found = settings_of(SUITE)
    assert found.margins.accuracy == 0.03
    assert found.margins.dollars == pytest.approx(0.1)
    assert (found.margins.latency, found.margins.time, found.runs) == (0.2, "", None)


def test_the_command_line_lies_over_the_suite() -> None:
    stated = suite(margins={"accuracy": 0.02, "e2e_p95": 0.5}, runs=10)
    found = settings_of(stated, ["ttft_p50=30%", "dollars=off"], 20)
    assert (found.margins.accuracy, found.margins.dollars) == (0.02, None)
    assert (found.margins.time, found.margins.latency) == ("ttft_p50", pytest.approx(0.3))
    assert found.runs == 20
    assert settings_of(stated, ["latency=off"]).margins.latency is None


@pytest.mark.parametrize(
    "text",
    ["accuracy", "accuracy=", "=2%", "acc=2%", "accuracy=x", "accuracy=-1%", "accuracy=0", "dollars=inf",
     "accuracy=100%", "latency=20%", "dollars=nan", "e2e_p95=2000%", "accuracy=1"],
)  # fmt: skip
def test_a_margin_that_is_none_is_an_error(text: str) -> None:
    with pytest.raises(BenchError, match="--margin"):
        settings_of(SUITE, [text])


@pytest.mark.parametrize("text", ["a", "=b", "a=", " = "])
def test_an_arm_is_renamed_by_two_names(text: str) -> None:
    with pytest.raises(BenchError, match="not NEW=OLD"):
        with_arms(settings_of(SUITE), [text])


def test_two_arms_cannot_be_one_of_the_baseline() -> None:
    with pytest.raises(BenchError, match="another arm"):
        with_arms(settings_of(SUITE), ["a=x", "b=x"])


def test_alpha_is_spent_once_over_the_runs_of_a_series() -> None:
    for planned in (1, 5, 30, 365):
        levels = [look_at(k, planned, 0.05).alpha for k in range(1, planned + 1)]
        assert sum(levels) == pytest.approx(0.05)
        assert min(levels) > 0
        assert levels == sorted(levels, reverse=True)
    assert look_at(31, 30, 0.05).period == 2
    assert look_at(31, 30, 0.05).alpha == look_at(1, 30, 0.05).alpha


def made(minute: int, name: str) -> tuple[str, str]:
    return f"2026-11-29T02:{minute:02}:00+00:00", name


@pytest.mark.parametrize(
    ("minute", "name", "number"),
    [(1, "a", 1), (2, "b", 2), (4, "d", 3), (9, "z", 4), (2, "a", 2), (2, "c", 3), (0, "x", 1)],
)
def test_a_run_s_look_is_its_place_among_those_that_count(
    minute: int, name: str, number: int
) -> None:
    """Also of one that does not count itself, for it is not complete."""
    nights = Nights((made(1, "a"), made(2, "b"), made(4, "d")))
    utc, run_id = made(minute, name)
    manifest = SimpleNamespace(created_utc=utc, run_id=run_id)
    assert nights.number(SimpleNamespace(manifest=manifest)) == number  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("base", "new", "planned", "runs"),
    [
        (None, None, None, SERIES),
        (1, None, None, 1),
        (7, 90, None, 7),
        (None, 1, None, SERIES),
        (None, 90, None, 90),
        (7, 7, 3, 3),
        (None, None, 3, 3),
    ],
)
def test_what_is_repeated_spends_alpha_over_a_series(
    base: int | None, new: int | None, planned: int | None, runs: int
) -> None:
    suites = [suite(runs=stated) if stated else SUITE for stated in (base, new)]
    found = as_series(settings_between(*suites, (), planned), suites[0], planned)
    assert found.runs == runs
    told = [note for note in loosened(*suites, found) if "alpha is spent over" in note]
    assert bool(told) == ((base is not None and new != base) or (new is not None and new < runs))


def test_claims_about_the_baseline_have_its_suite_s_margin() -> None:
    loose = replace(SUITE, margin=0.3, population="fixed")
    said = loosened_for_claims(SUITE, loose, settings_between(SUITE, loose))
    assert said[0] == "NEW's suite has margin 30%, BASE's 3%: 3% is used where a claim states none"
    assert "population: fixed" in said[1]
    assert loosened_for_claims(loose, SUITE, settings_between(loose, SUITE)) == ()


STRICT = {"margins": {"accuracy": 0.05, "dollars": 0.1, "e2e_p95": 0.2}, "runs": 30, "common": 0.9}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"margins": {**STRICT["margins"], "accuracy": 0.5}}, "margin of accuracy 50%, BASE's 5%"),
        ({"margins": {**STRICT["margins"], "accuracy": "off"}}, "margin of accuracy off"),
        ({"margins": {**STRICT["margins"], "dollars": 3.0}}, "margin of dollars 300%"),
        ({"margins": {**STRICT["margins"], "e2e_p95": 0.9}}, "margin of latency 90%"),
        ({"margins": {"accuracy": 0.05, "latency": "off"}}, "margin of latency off"),
        ({"margins": {"accuracy": 0.05, "ttft_p50": 0.2}}, "judges ttft_p50, BASE's e2e_p95"),
        ({"common": 0.01}, "1% common samples"),
        ({"runs": 1}, "plans 1 runs, BASE's 30"),
        ({"runs": None}, "plans no number of runs"),
    ],
)  # fmt: skip
def test_a_later_suite_does_not_loosen_what_it_is_judged_by(
    change: dict[str, Any], said: str
) -> None:
    base, new = suite(**STRICT), suite(**{**STRICT, **change})
    found = settings_between(base, new)
    assert replace(found, baseline=None) == settings_of(base)
    assert any(said in note for note in loosened(base, new, found))
    assert settings_between(new, base).margins == found.margins or "ttft_p50" in said


@pytest.mark.parametrize(
    ("base", "new", "said"),
    [
        (SUITE, replace(SUITE, alpha=0.4), "alpha 0.4, BASE's 0.05"),
        (SUITE, replace(SUITE, margin=0.3), "margin of accuracy 30%, BASE's 3%"),
        (SUITE, replace(SUITE, population="fixed"), "population: fixed"),
        (SUITE, replace(SUITE, allow=("sampling",)), "allow sampling"),
    ],
)
def test_rules_beside_the_compare_block_are_held_or_named(
    base: Suite, new: Suite, said: str
) -> None:
    found = settings_between(base, new)
    assert (found.alpha, found.margins.accuracy) == (0.05, 0.03)
    assert any(said in note for note in loosened(base, new, found))


def test_a_stricter_later_suite_holds_and_nothing_is_said() -> None:
    new = suite(margins={"accuracy": 0.01, "dollars": 0.05, "e2e_p95": 0.1}, runs=30, common=0.95)
    base = suite(**STRICT)
    assert settings_between(base, new) == settings_of(new)
    assert loosened(base, new, settings_of(new)) == ()
    assert loosened(base, base, settings_of(base)) == ()


def test_the_command_line_lies_over_both_suites() -> None:
    found = settings_between(suite(**STRICT), SUITE, ["accuracy=30%", "latency=off"], 7)
    assert (found.margins.accuracy, found.margins.latency, found.runs) == (0.3, None, 7)
