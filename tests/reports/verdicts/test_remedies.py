"""Every open verdict says what to do, in a line that can be copied."""

from __future__ import annotations

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
        (Reason("judge_uncorrected", ""), "bench labels 20261129T1-ab"),
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
