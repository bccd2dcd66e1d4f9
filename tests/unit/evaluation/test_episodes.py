"""Steps of episodes, counted over those that were begun, and the tokens of all of them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from claimbench.evaluation.episodes import _usage, steps_taken
from claimbench.packed import Packed
from claimbench.types import Call, CallRecord, Outcome, Sample, Turn, Usage


def samples_of(rows: str) -> list[Sample]:
    return [
        Sample(f"{row}{n}", {}, None, row, turn=Turn(row, n, 3)) for row in rows for n in (1, 2, 3)
    ]


def test_steps_are_counted_of_episodes_that_were_begun_and_of_no_conversation() -> None:
    episodes, turns = samples_of("abc"), samples_of("t")
    suite: Any = SimpleNamespace(
        tasks=(
            SimpleNamespace(name="desk", samples=episodes, steps=3),
            SimpleNamespace(name="chat", samples=turns, steps=0),
        )
    )
    sent = {"a1", "a2", "b1", "t1", "t2"}
    records = [
        CallRecord(
            Call("run", f"{task} {sample.id} {arm}", task, sample.id, 0, arm, 0, 0),
            "",
            Outcome.OK,
            None,
            int(sample.id in sent or (arm == "small" and sample.id == "a3")),
        )
        for task, samples in (("desk", episodes), ("chat", turns))
        for sample in samples
        for arm in ("small", "big")
    ]
    assert steps_taken(suite, Packed.of(CallRecord, records)) == {
        ("desk", "a", 0, "small"): 3,
        ("desk", "a", 0, "big"): 2,
        ("desk", "b", 0, "small"): 1,
        ("desk", "b", 0, "big"): 1,
    }


def test_the_tokens_of_an_episode_hold_every_kind_that_its_steps_tell() -> None:
    seen = Usage(input_fresh=80, image=1_000, audio=40, tool_use_input=7, output_visible=9)
    plain = Usage(input_fresh=100, cache_read=50, output_visible=3)
    summed = _usage([seen, plain])
    assert summed is not None
    assert seen.input_total is not None
    assert summed.input_total == seen.input_total + 150
    assert (summed.image, summed.audio, summed.cache_read, summed.cache_write_5m) == (
        1_000,
        40,
        50,
        None,
    )
    assert _usage([seen, None]) is None
    unknown = _usage([seen, Usage(output_visible=3)])
    assert unknown is not None
    assert unknown.input_total is None
