"""A cascade by a signal that no answer has passes everything on: no claim rests on it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.unit.routes.world import CASCADE, N, run_of

from claimbench.types import Score, reason_codes
from claimbench.types.routes import FitSpec

PLAIN = ["plain"] * N
KEYS = [("task", str(i)) for i in range(N)]
SIGNALS = {
    "probability": {"signal": "probability", "of": "", "below": 0.7},
    "field": {"signal": "field", "of": "confidence", "below": 0.7},
    "repeats": {"signal": "repeats", "of": "", "below": 1},
    "scorer": {"signal": "scorer", "of": "checks", "below": 0.5},
    "file": {"signal": "file", "of": "s.csv", "below": 0.5, "values": dict.fromkeys(KEYS)},
    "length": {"signal": "length", "of": "", "above": 5, "below": None},
    "fitted": {"signal": "probability", "of": "", "below": "fit", "fit": FitSpec(share=0.5)},
}
CLAIMS = ("cascade is 60% cheaper than big", "cascade is at least 10% accurate")


@pytest.mark.parametrize("signal", SIGNALS)
@pytest.mark.parametrize("text", CLAIMS)
def test_no_claim_rests_on_a_signal_of_no_answer(signal: str, text: str) -> None:
    found = run_of(
        replace(CASCADE, **SIGNALS[signal]),
        said={"small": PLAIN},
        calls={"small": {"n_out": np.full(N, np.nan)}},
    )
    verdict = found.judge(text)
    assert verdict.status == "not_comparable"
    assert reason_codes(verdict.reasons) == {"route_no_signal"}
    assert f"is known of none of {N} answers of small to task" in verdict.sentence


@pytest.mark.parametrize("text", CLAIMS)
@pytest.mark.parametrize("known", [0, 17, N - 1])
def test_one_answer_that_has_it_is_enough(known: int, text: str) -> None:
    said = ['{"confidence": 0.9}' if i == known else "plain" for i in range(N)]
    spec = replace(CASCADE, **SIGNALS["field"])
    assert run_of(spec, said={"small": said}).judge(text).status != "not_comparable"


def test_answers_that_are_passed_on_anyway_need_no_signal() -> None:
    """An arm that refuses everything is a cascade all the same."""
    spec = replace(CASCADE, **SIGNALS["field"])
    found = run_of(spec, said={"small": PLAIN}, outcome={"small": ["refused"] * N})
    assert found.routed.facts["cascade"].by_task == {}
    scores = [Score(f"small-{i}", "exact", "1", "unparsable", 0.0) for i in range(N)]
    found = run_of(spec, said={"small": PLAIN}, scores=scores)
    assert found.routed.facts["cascade"].by_task == {}


def test_only_the_tasks_without_it_are_refused() -> None:
    task = ["one"] * (N // 2) + ["two"] * (N // 2)
    said = ['{"confidence": 0.9}'] * (N // 2) + ["plain"] * (N // 2)
    found = run_of(replace(CASCADE, **SIGNALS["field"]), said={"small": said}, task=task)
    assert found.judge(CLAIMS[0], task="one").status != "not_comparable"
    assert found.judge(CLAIMS[0], task="two").status == "not_comparable"
    assert found.judge(CLAIMS[0]).status == "not_comparable"


def test_a_later_step_needs_its_signal_too() -> None:
    """The first step tells how sure it is, the second nothing: what comes to it is all passed on."""
    first = replace(CASCADE, first="small", then="middle")
    chain = replace(first, later=(replace(first.stages[0], then="big", of="confidence"),))
    said = {"middle": PLAIN}
    right = {"middle": [1.0] * N}
    verdict = run_of(chain, said=said, right=right).judge(CLAIMS[1])
    assert reason_codes(verdict.reasons) == {"route_no_signal"}
    assert "answers of middle to task" in verdict.sentence


@pytest.mark.parametrize(
    ("signal", "made"),
    [
        ("field", False),
        ("repeats", False),
        ("probability", False),
        ("fitted", False),
        ("length", True),
        ("file", True),
        ("scorer", True),
    ],
)
def test_what_goes_by_texts_is_not_made_without_them(signal: str, made: bool) -> None:
    spec = replace(CASCADE, **SIGNALS[signal])
    found = run_of(spec, said={"small": [""] * N}, withheld=True)
    verdict = found.judge(CLAIMS[1])
    assert bool(found.routed.found["cascade"].paths) is made
    assert ("route_texts_withheld" in reason_codes(verdict.reasons)) is not made
    if not made:
        assert not found.routed.items.arms["cascade"].n_finished.any()
