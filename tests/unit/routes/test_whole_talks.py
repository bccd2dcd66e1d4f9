"""A route over conversations: whole ones have taken place, those of several arms have not."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.routes.world import CASCADE, HALVES, N, run_of

from claimbench.routes.beside import all_beside
from claimbench.routes.paths import Path
from claimbench.routes.whole_talks import split_tasks
from claimbench.types import reason_codes
from claimbench.types.routes import Decided, RouteSpec

PAIRS = [(f"t{i // 2}", i % 2 + 1) for i in range(N)]
"""Conversations of two turns each."""
SINGLE = [(f"t{i}", 1) for i in range(N)]
CLAIMS = (
    "cascade is as accurate as big",
    "cascade is 20% cheaper than big",
    "cascade costs under $50 per 1,000 requests",
    "cascade is at least 10% accurate",
)
BY_TURN = RouteSpec("cascade", "slice", slice="turn", arms={"1": "small"}, otherwise="big")
TURNS = {"turn": [str(turn) for _, turn in PAIRS]}
DECIDED = {("task", str(i)): Decided(("small", "big")[i % 2], 0.0, 0.0) for i in range(N)}
WHOLE = {("task", str(i)): Decided(("small", "big")[i // 2 % 2], 0.0, 0.0) for i in range(N)}


@pytest.mark.parametrize("text", CLAIMS)
@pytest.mark.parametrize(
    "spec", [CASCADE, BY_TURN, RouteSpec("cascade", "decisions", decided=DECIDED)]
)
def test_no_claim_rests_on_conversations_of_several_arms(spec: RouteSpec, text: str) -> None:
    found = run_of(spec, talk=PAIRS, slices=TURNS)
    verdict = found.judge(text)
    assert verdict.status == "not_comparable"
    assert reason_codes(verdict.reasons) == {"route_splits_conversation"}
    assert "of 60 conversations of task went more than one way" in verdict.sentence
    rows = found.routed.items.arms["cascade"]
    assert not rows.n_finished.any(), "no figure is shown of them"
    assert (rows.n_missing == rows.n_calls).all()
    facts = found.routed.facts
    said = {name: one.said for name, one in facts.items()}
    ((_, why),) = all_beside([spec], said, found.routed.found, found.routed.items, 0.05)
    assert "went more than one way" in str(why)


@pytest.mark.parametrize("text", CLAIMS)
@pytest.mark.parametrize(
    ("spec", "talk"),
    [
        (HALVES, PAIRS),
        (RouteSpec("cascade", "decisions", decided=WHOLE), PAIRS),
        (CASCADE, SINGLE),
        (BY_TURN, SINGLE),
        (CASCADE, None),
    ],
)
def test_whole_conversations_and_single_turns_are_judged(
    spec: RouteSpec, talk: list[tuple[str, int]] | None, text: str
) -> None:
    verdict = run_of(spec, talk=talk, slices=TURNS).judge(text)
    assert "route_splits_conversation" not in reason_codes(verdict.reasons)
    assert verdict.status in {"supported", "refuted", "inconclusive"}


def test_a_conversation_that_the_first_arm_ended_is_not_gone_on_with_by_another() -> None:
    """Its turn that was never asked would be answered after the other arm's own first turn."""
    sure = ['{"sure": 0.9}'] * N
    kept = run_of(CASCADE, talk=PAIRS, said={"small": sure})
    assert kept.routed.found["cascade"].split == {}
    ended = ["ended" if i in (1, 7) else "ok" for i in range(N)]
    found = run_of(CASCADE, talk=PAIRS, said={"small": sure}, outcome={"small": ended})
    assert found.routed.found["cascade"].split == {
        "task": "2 of 60 conversations of task went more than one way"
    }


def test_claims_on_other_tasks_are_judged() -> None:
    task = ["chat"] * (N // 2) + ["plain"] * (N // 2)
    talk = [(f"t{i // 2}", i % 2 + 1) if i < N // 2 else ("", 0) for i in range(N)]
    found = run_of(CASCADE, talk=talk, task=task)
    split = found.judge("cascade is as accurate as big", task="chat")
    whole = found.judge("cascade is as accurate as big", task="plain")
    both = found.judge("cascade is as accurate as big")
    assert (
        reason_codes(split.reasons) == reason_codes(both.reasons) == {"route_splits_conversation"}
    )
    assert whole.status != "not_comparable"


@pytest.mark.parametrize(("epochs", "went"), [((1, 1), 0), ((2, 2), 0), ((1, 2), 60)])
def test_repeats_of_several_epochs_make_no_conversation(epochs: tuple[int, int], went: int) -> None:
    """The most frequent answer to a turn may follow another epoch's answer to the one before."""
    epoch = np.asarray([epochs[i % 2] for i in range(N)])
    routed = run_of(HALVES, talk=PAIRS, calls={"small": {"epoch": epoch}}).routed
    paths = [Path(i, 1, (("small", i),), ("small", i)) for i in range(N)]
    split = split_tasks(paths, routed.items, routed.calls)
    assert bool(split) is bool(went)
    assert not went or f"{went} of 60 conversations" in split["task"]


def test_a_claim_by_turn_says_why_it_is_not_judged() -> None:
    verdict = run_of(HALVES, talk=PAIRS).judge("cascade is as accurate at turn 2 as at turn 1")
    assert reason_codes(verdict.reasons) == {"route_by_turn"}
    split = run_of(CASCADE, talk=PAIRS).judge("cascade is as accurate at turn 2 as at turn 1")
    assert reason_codes(split.reasons) == {"route_splits_conversation"}
    own = run_of(HALVES, talk=PAIRS).judge("big is as accurate at turn 2 as at turn 1")
    assert own.status != "not_comparable"
    assert np.isfinite(run_of(HALVES, talk=PAIRS).routed.items.arms["cascade"].score).all()
