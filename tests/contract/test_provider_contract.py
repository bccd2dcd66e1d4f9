"""The contract that every provider keeps, checked with a real model behind each."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import pytest

from claimbench.errors import ContextOverflow
from claimbench.types import Delta, Done, Event, Request, Usage, UsageReport

if TYPE_CHECKING:
    Subject = Any

Ask = Callable[..., Request]
Text = Callable[[list[Event]], str]


async def test_events_come_in_order_and_end_with_done(
    subject: Subject, request_for: Ask, answer: Text
) -> None:
    events = await subject.ask(request_for())
    assert isinstance(events[-1], Done)
    assert sum(isinstance(e, Done) for e in events) == 1
    reports = [i for i, e in enumerate(events) if isinstance(e, UsageReport)]
    deltas = [i for i, e in enumerate(events) if isinstance(e, Delta)]
    assert len(reports) == 1
    assert deltas
    assert max(deltas) < reports[0] < len(events) - 1
    assert len(deltas) >= 5, "an answer of 12 tokens must stream, not come in one piece"
    assert answer(events).strip()
    stamped = {e.received_ns is not None for e in events}
    assert stamped == {subject.name == "compatible"}, (
        "providers make no stamps; the core's transport does"
    )


async def test_usage_is_there_and_its_buckets_are_disjoint(
    subject: Subject, request_for: Ask
) -> None:
    request = request_for()
    await subject.ask(request_for("Another question first."))  # so that something can be reused
    events = await subject.ask(request)
    usage = next(e.usage for e in events if isinstance(e, UsageReport))
    assert isinstance(usage, Usage)
    assert usage.input_total is not None
    assert usage.output_total is not None
    assert usage.input_total > 10, "the prompt has more than ten tokens, reused ones included"
    assert 5 <= usage.output_total <= request.max_tokens
    known = [usage.input_fresh, usage.cache_read, usage.output_visible, usage.output_reasoning]
    assert all(n >= 0 for n in known if n is not None)


async def test_max_tokens_ends_with_length(subject: Subject, request_for: Ask) -> None:
    events = await subject.ask(request_for(max_tokens=3))
    done, usage = events[-1], next(e.usage for e in events if isinstance(e, UsageReport))
    assert isinstance(done, Done)
    assert done.finish_reason == "length"
    assert not done.refusal
    assert usage.output_total is not None
    assert usage.output_total <= 3


async def test_a_regular_end_is_stop(subject: Subject, request_for: Ask) -> None:
    events = await subject.ask(request_for("Say yes.", max_tokens=80, stop=("\n", ".", "!")))
    assert isinstance(events[-1], Done)
    assert events[-1].finish_reason == "stop"


async def test_stop_strings_cut_the_answer_and_are_not_part_of_it(
    subject: Subject, request_for: Ask, answer: Text
) -> None:
    whole = answer(await subject.ask(request_for()))
    stop = whole[9:14]  # any piece of the answer, rarely a token of its own
    events = await subject.ask(request_for(stop=(stop,)))
    assert answer(events) == whole[: whole.index(stop)]
    assert isinstance(events[-1], Done)
    assert events[-1].finish_reason == "stop"


async def test_closing_the_stream_cancels_and_leaves_the_provider_usable(
    subject: Subject, request_for: Ask, answer: Text
) -> None:
    before = answer(await subject.ask(request_for()))
    async with aclosing(subject.stream(request_for(max_tokens=200))) as stream:
        async for event in stream:
            if isinstance(event, Delta):
                break
    assert answer(await subject.ask(request_for())) == before


async def test_greedy_is_greedy_whatever_the_seed(
    subject: Subject, request_for: Ask, answer: Text
) -> None:
    await subject.ask(request_for())
    texts = {answer(await subject.ask(request_for(seed=seed))) for seed in (1, 2)}
    assert len(texts) == 1


async def test_the_seed_decides_the_draw(subject: Subject, request_for: Ask, answer: Text) -> None:
    async def draw(seed: int) -> str:
        return answer(await subject.ask(request_for("Invent a word.", seed=seed, temperature=1.3)))

    await draw(1)  # afterwards the same prefix is reused in every call
    assert await draw(5) == await draw(5)
    assert len({await draw(seed) for seed in (1, 2, 3)}) > 1


async def test_too_long_a_prompt_is_a_context_overflow(subject: Subject, request_for: Ask) -> None:
    with pytest.raises(ContextOverflow, match=r"\d{3}") as caught:
        await subject.ask(request_for("word " * 2000))
    assert caught.value.billable == "no"
    assert caught.value.hint
