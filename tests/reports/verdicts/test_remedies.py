"""Every open verdict says what to do, in a line that can be copied."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from claimbench.types import Claim, Estimate, Reading, Reason, Verdict
from claimbench_reports.view.verdicts.remedies import RunFacts, remedies_of

RUN = RunFacts("20261129T1-ab", "suites/desk.yaml", 100, (("route", 606), ("answer", 400)))


def verdict(status: str = "inconclusive", reasons: tuple[Reason, ...] = (), **more: Any) -> Verdict:
    claim = Claim(
        "c",
        "x",
        None,
        "cost",
        "usd",
        ("mini",),
        ("big",),
        "less",
        None,
        task=more.pop("task", None),
    )
    readings = more.pop("readings", ())
    headline = more.pop("headline", readings[0].name if readings else None)
    return Verdict(claim, status, headline, "", readings, (), reasons, **more)  # type: ignore[arg-type]


def reading(name: str = "per_request", n: int = 100, **more: Any) -> Reading:
    more.setdefault("status", "inconclusive")
    return Reading(name, Estimate(0.5, 0.4, 1.2, 0.95, "m", n, n), 1.0, 0.0, "<", **more)


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        (Reason("answer_constraint", "a and b"), "allow: [answer_constraint]"),
        (Reason("sampling.temperature", "0 and 1"), "allow: [sampling.temperature]"),
        (Reason("concurrency", "4 and 8"), "allow: [load]"),
        (Reason("truncation", "10% and 0%"), "allow: [truncation]"),
        (
            Reason("arm_not_measured", "gpt (OPENAI_API_KEY is not set)"),
            "export OPENAI_API_KEY=...",
        ),
        (
            Reason(
                "arm_not_measured",
                "qwen (llama-cpp-python is not installed (pip install"
                " 'claimbench[local]'; it compiles))",
            ),
            "pip install 'claimbench[local]'",
        ),
        (Reason("arm_not_measured", "small"), "--arm small"),
        (Reason("judge_uncorrected", ""), "bench labels export 20261129T1-ab --output labels.csv"),
        (Reason("judge_with_others", "free, long"), "task: free"),
        (Reason("price_unknown", ""), "cost: {price: {input: 0.00, output: 0.00}}"),
        (Reason("too_many_missing", ""), "bench run --resume 20261129T1-ab --retry-missing"),
        (Reason("not_interleaved", ""), "bench run suites/desk.yaml"),
    ],
)
def test_a_reason_has_its_remedy(reason: Reason, code: str) -> None:
    (found,) = remedies_of(verdict("not_comparable", (reason,)), RUN)
    assert found.code == code


def test_several_differences_are_one_line() -> None:
    reasons = (Reason("sampling", "x"), Reason("load", "y"), Reason("measured_sha256", "z"))
    (found,) = remedies_of(verdict("not_comparable", reasons), RUN)
    assert found.code == "allow: [sampling, load]"  # never the suite itself


@pytest.mark.parametrize(
    ("task", "more", "code"),
    [
        ("route", 203.0, "--limit 303"),
        (None, 203.0, "--limit 202"),
        ("route", 2000.0, ""),
        ("answer", 301.0, ""),
    ],
)
def test_more_samples_are_a_limit_where_the_suite_holds_them(
    task: str | None, more: float, code: str
) -> None:
    open_one = verdict(task=task, readings=(reading(n_more=(more, 9 * more)),))
    (found,) = remedies_of(open_one, RUN)
    assert found.code == code
    assert f"{more:,.0f} more samples" in found.text
    assert ("add more to its data set" in found.text) == (not code)


def test_too_few_items_ask_for_the_least_number() -> None:
    few = reading(n=15, reasons=(Reason("n_too_small"),))
    (found,) = remedies_of(verdict(task="route", readings=(few,)), RUN)
    assert found.code == "--limit 105"


@pytest.mark.parametrize("more", [(203.0, 900.0), (2000.0, 9000.0), (5.0, 9.0)])
def test_calls_that_were_not_made_come_before_more_data(more: tuple[float, float]) -> None:
    unfinished = replace(RUN, unmade=40)
    (found,) = remedies_of(verdict(task="route", readings=(reading(n_more=more),)), unfinished)
    assert found.code == "bench run --resume 20261129T1-ab"
    assert "40 planned calls" in found.text


def test_an_estimate_without_bounds_promises_no_number() -> None:
    few = reading(n=15, reasons=(Reason("n_too_small"),))
    assert few.estimate is not None
    bare = replace(few, estimate=replace(few.estimate, low=None, high=None))
    assert remedies_of(verdict(task="route", readings=(bare,)), RUN) == ()


def test_meanings_that_disagree_ask_for_one() -> None:
    readings = (
        reading("relative", status="refuted"),
        reading("error_reduction", status="supported"),
    )
    (found,) = remedies_of(verdict(headline=None, readings=readings), RUN)
    assert found.code == "reading: error_reduction"


@pytest.mark.parametrize("status", ["supported", "refuted"])
def test_a_decided_claim_needs_nothing(status: str) -> None:
    assert remedies_of(verdict(status, (Reason("sampling", "x"),)), RUN) == ()


def test_a_compound_has_the_remedies_of_its_open_parts() -> None:
    open_part = verdict("not_comparable", (Reason("load", "x"),))
    whole = verdict("inconclusive", parts=(verdict("supported"), open_part))
    assert [m.code for m in remedies_of(whole, RUN)] == ["allow: [load]"]


LOST_CALLS = (Reason("too_many_missing", "50%"),)


@pytest.mark.parametrize(
    ("place", "command"),
    [
        ("", "bench run --resume 20261129T1-ab --retry-missing"),
        ("results/bench.db", "bench run --resume 20261129T1-ab --retry-missing"),
        (
            "sres8/bench.db",
            "bench run --resume 20261129T1-ab --results sres8/bench.db --retry-missing",
        ),
        ("my res", "bench run --resume 20261129T1-ab --results 'my res' --retry-missing"),
    ],
)
def test_a_command_names_the_place_of_the_results(place: str, command: str) -> None:
    found = remedies_of(verdict(reasons=LOST_CALLS), replace(RUN, place=place))
    assert [one.code for one in found] == [command]


def test_calls_that_were_never_made_have_not_failed() -> None:
    run = replace(RUN, place="r", unmade=12, failed=0)
    (found,) = remedies_of(verdict(reasons=LOST_CALLS), run)
    assert found.code == "bench run --resume 20261129T1-ab --results r"
    assert "--max-cost" in found.text


@pytest.mark.parametrize("code", ["too_many_ended", "turns_not_asked", "missing_sensitive"])
def test_what_an_arm_itself_ended_is_not_to_be_asked_again(code: str) -> None:
    ended = replace(RUN, failed=0, ended=12)
    assert remedies_of(verdict(reasons=(Reason(code, ""),)), ended) == ()
    faults = replace(ended, failed=3)
    if code != "too_many_ended":
        assert remedies_of(verdict(reasons=(Reason(code, ""),)), faults)


@pytest.mark.parametrize("code", ["too_many_missing", "price_unknown", "single_session"])
def test_an_import_gets_no_command_that_it_cannot_follow(code: str) -> None:
    found = remedies_of(verdict(reasons=(Reason(code, ""),)), replace(RUN, imported=True))
    assert found
    assert all(not one.code and "import" in one.text for one in found)


@pytest.mark.parametrize(
    ("details", "code"),
    [
        (["a (A_KEY is not set)", "b (B_KEY is not set)"], "export A_KEY=... B_KEY=..."),
        (["a (A_KEY is not set)", "b (A_KEY is not set)"], "export A_KEY=..."),
        (
            ["r (its arm was not run (a: A_KEY is not set; b: my_key is not set))"],
            "export A_KEY=... my_key=...",
        ),
        (["s (X_1, Y_2 are not set (serve: env))"], "export X_1=... Y_2=..."),
        (["a (pip install 'x[a]')", "b (pip install y)"], "pip install 'x[a]' y"),
    ],
)
def test_all_that_is_missing_is_asked_for_in_one_step(details: list[str], code: str) -> None:
    reasons = tuple(Reason("arm_not_measured", detail) for detail in details)
    (found,) = remedies_of(verdict("not_comparable", reasons), RUN)
    assert found.code == code


def test_parts_of_a_claim_ask_for_their_keys_together() -> None:
    parts = tuple(
        verdict(
            "not_comparable", (Reason("arm_not_measured", f"{x} ({x.upper()}_KEY is not set)"),)
        )
        for x in ("a", "b")
    )
    whole = replace(verdict("not_comparable"), parts=parts)
    assert [one.code for one in remedies_of(whole, RUN)] == ["export A_KEY=... B_KEY=..."]
