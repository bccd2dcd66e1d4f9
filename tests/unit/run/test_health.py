"""Whether an arm is given up: a fault of one prompt is that prompt's."""

from __future__ import annotations

from typing import Any

import pytest

from claimbench.run.health import NEVER_ANSWERED, judge_health
from claimbench.run.progress import ArmProgress
from claimbench.types import Attempt, Call, ErrorPolicy, Outcome, Timing


def call(sample: str, task: str = "t") -> Call:
    return Call("r", f"{task}-{sample}", task, sample, 0, "api", 0, 0)


def ended(
    outcome: Outcome, status: int | None = 400, source: Any = "transport", error: str = "no"
) -> Attempt:
    timing = Timing(None, 0, 0, None, None, (), 1, source)
    return Attempt("c", 1, 1, timing, outcome, status, None, None, None, "no", error=error)


def judged(*rows: tuple[str, Attempt]) -> list[tuple[str | None, str | None]]:
    state = ArmProgress(100)
    return [judge_health(state, ErrorPolicy(), call(sample), final) for sample, final in rows]


OVER = ended(Outcome.CONTEXT_OVERFLOW)
OK = ended(Outcome.OK, 200)


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_prompt_that_is_refused_stops_no_arm(status: int) -> None:
    refused = ended(Outcome.BAD_REQUEST, status)
    found = judged(("a", OK), *((f"s{i}", refused) for i in range(50)))
    assert [why for why, _ in found] == [None] * 51
    assert found[1][1] == "a sample that it does not take: s0: no"


def test_over_long_rows_stop_no_arm_that_answers_others() -> None:
    found = judged(("a", OVER), ("b", OVER), ("c", OK), *((f"s{i}", OVER) for i in range(30)))
    assert all(why is None for why, _ in found)


@pytest.mark.parametrize("outcome", [Outcome.CONTEXT_OVERFLOW, Outcome.BAD_REQUEST])
def test_the_first_different_prompts_that_fail_alike_stop_it(outcome: Outcome) -> None:
    found = judged(*((f"s{i}", ended(outcome)) for i in range(NEVER_ANSWERED)))
    assert [why is None for why, _ in found] == [True] * (NEVER_ANSWERED - 1) + [False]
    assert "the first 3 prompts alike" in (found[-1][0] or "")


def test_the_same_prompt_again_is_not_another_one() -> None:
    found = judged(*(("same", OVER) for _ in range(10)))
    assert all(why is None for why, _ in found)


def test_faults_of_other_kinds_in_between_are_not_alike() -> None:
    bad = ended(Outcome.BAD_REQUEST, 422)
    found = judged(("a", OVER), ("b", bad), ("c", OVER), ("d", bad))
    assert all(why is None for why, _ in found)


def test_what_this_process_refuses_leaves_the_other_tasks() -> None:
    local = ended(Outcome.BAD_REQUEST, None, "in_process")
    assert all(why is None for why, _ in judged(*((f"s{i}", local) for i in range(9))))


@pytest.mark.parametrize(("outcome", "status"), [(Outcome.AUTH, 401), (Outcome.BAD_REQUEST, 404)])
def test_what_every_call_would_meet_stops_it_at_once(outcome: Outcome, status: int) -> None:
    assert "as every further call would" in (judged(("a", ended(outcome, status)))[0][0] or "")


def test_a_dead_endpoint_is_given_up() -> None:
    down = ended(Outcome.NETWORK, None)
    assert judged(("a", down), ("b", down), ("c", down))[-1][0] is not None


@pytest.mark.parametrize(
    ("outcome", "status"),
    [(Outcome.AUTH, 401), (Outcome.AUTH, 403), (Outcome.BAD_REQUEST, 404), (Outcome.AUTH, 402)],
)
def test_a_refusal_among_answers_is_that_calls_and_three_in_a_row_are_the_arms(
    outcome: Outcome, status: int
) -> None:
    no = ended(outcome, status)
    found = judged(("a", OK), ("b", no), ("c", OK), ("d", no), ("e", no), ("f", OK), ("g", no))
    assert all(why is None for why, _ in found)
    assert found[1][1] == "a call that failed, as others did not: b: no"
    found = judged(("a", OK), ("b", no), ("c", no), ("d", no))
    assert [why is None for why, _ in found] == [True, True, True, False]
    assert "as every further call would" in (found[-1][0] or "")
