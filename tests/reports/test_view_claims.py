"""Verdicts in words: nothing said twice, nothing rounded away, arm names as they are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from claimbench.privacy.redact import Redactor
from claimbench.types import Claim, Estimate, Reading, Verdict
from claimbench_reports.view.claims import reading_name, settle_sentence, unit_of, verdict_views
from claimbench_reports.view.inputs import ReportData

INF = float("inf")


def reading(name: str = "per_request", **more: Any) -> Reading:
    base = Reading(
        name, Estimate(0.5, 0.4, 0.6, 0.95, "m", 50, 25), 0.105, 0.005, "<=", "inconclusive"
    )
    return replace(base, **more)


def claim(kind: str, relation: str, metric: str = "x", **more: Any) -> Claim:
    base = Claim("c", "text", "source", kind, metric, ("arm-a",), ("arm-b",), relation, 0.9)
    return replace(base, **more)


@pytest.mark.parametrize(
    ("text", "of"),
    [
        ("less accurate than arm-a", "arm-b"),
        ("slower than Arm-A", "arm-b"),
        ("behind arm-a in accuracy", "arm-b"),
        ("more accurate than arm-b", "arm-a"),
        ("more accurate than arm-ab", "arm-a"),
        ("arm-a is more accurate", "arm-a"),
    ],
)
def test_a_claim_stands_under_the_arm_that_it_is_said_of(text: str, of: str) -> None:
    said = claim("accuracy", "more", text=text)
    (view,) = verdict_views([Verdict(said, "supported", None, "", (), (), ())], Redactor())
    assert view.arm == of
    assert {view.arm, view.against} == {"arm-a", "arm-b"}


@pytest.mark.parametrize(
    ("kind", "relation", "name", "unit"),
    [
        ("cost", "less_by", "per_request", "of_baseline"),
        ("cost", "at_most", "per_request", "usd"),
        ("latency", "less", "ttft", "of_baseline"),
        ("latency", "at_most", "ttft.server", "seconds"),
        ("accuracy", "more_by", "relative", "of_baseline"),
        ("accuracy", "more_by", "error_reduction", "of_baseline"),
        ("accuracy", "more_by", "points", "points"),
        ("accuracy", "as", "non_inferior", "points"),
        ("accuracy", "at_least", "accuracy", "percent"),
        ("accuracy", "times_more", "ratio", "of_baseline"),
    ],
)
def test_units_follow_the_claim(kind: str, relation: str, name: str, unit: str) -> None:
    assert unit_of(claim(kind, relation), reading(name)) == unit


def test_a_class_takes_the_unit_of_its_member() -> None:
    member = claim("accuracy", "more_by")
    assert (
        unit_of(claim("class_level", "some_of_class", parts=(member,)), reading("arm-a: relative"))
        == "of_baseline"
    )


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"n_more": (220.0, 1400.0), "dollars_more": (0.8, 5.1), "hours_more": (0.6, 3.9)},
         "To settle it: about 220 more samples per arm if the estimate is right, 1,400 in the bad case"
         " ($0.80 to $5.10, 36 min to 3.9 h)."),
        ({"n_more": (230.0, 230.0)}, "To settle it: about 230 more samples per arm."),
        ({"n_more": (7.0, INF), "dollars_more": (0.01, INF)},
         "To settle it: about 7 more samples per arm if the estimate is right; in the bad case it never"
         " resolves (from $0.01)."),
        ({"n_more": (INF, INF)}, "It may never resolve: the estimate sits on the threshold."),
        ({"n_more": (0.0, 3.0)}, ""),
        ({"n_more": None}, ""),
        ({"n_more": (5.0, 9.0), "status": "supported"}, ""),
    ],
)  # fmt: skip
def test_what_would_settle_it(more: dict[str, Any], words: str) -> None:
    fitting = Estimate(0.1, 0.08, 0.12, 0.95, "m", 50, 25)
    assert settle_sentence(reading(estimate=fitting, **more)) == words


def test_reading_names() -> None:
    assert reading_name("per_request") == "dollars per request"
    assert (
        reading_name("qwen: route: non_inferior")
        == "qwen: route: not worse by more than the margin"
    )
    assert reading_name("something_new") == "something new"


def test_sentence_keeps_arm_names_and_drops_the_status() -> None:
    said = 'Inconclusive: arm-a costs 50% of arm-b; that does not settle "text": too few items.'
    (view,) = verdict_views(
        [Verdict(claim("cost", "less_by"), "inconclusive", None, "", (reading(),), (), (), said)],
        Redactor(),
    )
    assert view.sentence.startswith("arm-a costs 50%")


def test_a_window_shows_both_ends() -> None:
    text = (
        "Inconclusive: arm-a is 1 points more accurate than arm-b; needed: -3 to 3 points: too few."
    )
    (view,) = verdict_views(
        [
            Verdict(
                claim("accuracy", "as"),
                "inconclusive",
                None,
                "",
                (reading("equivalent", direction="within", threshold=0.0, sentence=text),),
                (),
                (),
            )
        ],
        Redactor(),
    )
    assert view.readings[0].threshold is None
    assert view.readings[0].needs.startswith("-3 to 3 points")


def test_compound_readings_stand_at_the_parts(data: ReportData) -> None:
    part = data.verdicts[0]
    whole = Verdict(
        claim("compound", "all", parts=(part.claim,)),
        "supported",
        None,
        "",
        tuple(replace(r, name=f"p: {r.name}") for r in part.readings),
        (),
        (),
        parts=(part,),
    )
    (view,) = verdict_views([whole], Redactor())
    assert view.readings == ()
    assert [r.name for r in view.parts[0].readings] == [
        "dollars per request",
        "list price per token",
    ]


def test_impossible_readings_say_so() -> None:
    (view,) = verdict_views(
        [
            Verdict(
                claim("accuracy", "more_by"),
                "refuted",
                None,
                "",
                (reading("relative", status="refuted", infeasible=True),),
                (),
                (),
            )
        ],
        Redactor(),
    )
    assert view.readings[0].status_text == "Refuted (impossible)"


def test_projection_without_a_ratio_is_left_out() -> None:
    (view,) = verdict_views(
        [
            Verdict(
                claim("cost", "less"),
                "not_comparable",
                None,
                "",
                (),
                (),
                (),
                projected={"why": "no price"},
            )
        ],
        Redactor(),
    )
    assert view.projected == ()
