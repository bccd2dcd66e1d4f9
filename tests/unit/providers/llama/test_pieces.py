"""The parts of the llama.cpp provider that need no model."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimbench.errors import ModelError
from claimbench.types import Delta
from claimbench_providers.endpoints.faults import rate_limits, retry_after
from claimbench_providers.endpoints.reading.labels import LabelText
from claimbench_providers.llama import gguf, host_memory
from claimbench_providers.llama import grammar as llama_grammar
from claimbench_providers.llama.prefix import PrefixSlots, common_length, common_prefix
from claimbench_providers.stop_text import THINK_TAGS, TextStream

WORDS = st.text(alphabet="abäé😀\n<>/think ", max_size=30)


def feed(stream: TextStream, data: bytes, cuts: list[int]) -> list[Delta]:
    events, last = [], 0
    for cut in [*sorted({c % (len(data) + 1) for c in cuts}), len(data)]:
        if not stream.stopped:
            events += stream.push(data[last:cut])
        last = cut
    return events + stream.finish()


@given(
    text=WORDS,
    stop=st.lists(st.text(alphabet="ab\nä", min_size=1, max_size=3), max_size=3),
    cuts=st.lists(st.integers(0, 99)),
)
def test_stop_strings_work_however_the_bytes_are_cut(
    text: str, stop: list[str], cuts: list[int]
) -> None:
    stream = TextStream(stop)
    seen = "".join(e.text for e in feed(stream, text.encode(), cuts))
    places = [text.index(s) for s in stop if s in text]
    # Cut into pieces, a longer stop string may complete after a shorter one that begins later: the
    # first one wins.
    assert text.startswith(seen)
    assert stream.stopped == bool(places)
    if not places:
        assert seen == text == stream.answer
    else:
        assert any(text.startswith(seen + s) for s in stop)
        assert not any(s in seen for s in stop)


@given(thought=WORDS, answer=WORDS, cuts=st.lists(st.integers(0, 99)), opened=st.booleans())
def test_thinking_is_kept_apart(thought: str, answer: str, cuts: list[int], opened: bool) -> None:
    thought, answer = thought.replace("<", ""), answer.replace("<", "").strip()
    whole = ("" if opened else THINK_TAGS[0] + "\n") + thought + THINK_TAGS[1] + "\n\n" + answer
    events = feed(TextStream((), THINK_TAGS, thinking=opened), whole.encode(), cuts)
    by_kind = {
        kind: "".join(e.text for e in events if e.kind == kind) for kind in ("reasoning", "answer")
    }
    assert by_kind["answer"] == answer
    assert by_kind["reasoning"].strip() == thought.strip()


def test_text_without_tags_is_answer() -> None:
    events = feed(TextStream((), THINK_TAGS), b"  <b>bold</b>", [1, 2, 3, 4, 5])
    assert "".join(e.text for e in events if e.kind == "answer") == "  <b>bold</b>"


@given(st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=6), min_size=1, max_size=5))
def test_the_common_prefix_leaves_each_prompt_a_token(prompts: list[list[int]]) -> None:
    prefix = common_prefix(prompts)
    for prompt in prompts:
        assert prompt[: len(prefix)] == prefix
        assert len(prompt) > len(prefix)
    longer = len(prefix) + 1
    assert any(len(p) == longer for p in prompts) or len({tuple(p[:longer]) for p in prompts}) > 1


def run(slots: PrefixSlots, key: str, prompt: list[int]) -> tuple[int, int, int]:
    """Plan a prompt and do what the engine would; (slot, kept, border)."""
    plan = slots.plan(key, prompt)
    assert plan.slot.tokens[: plan.keep] == prompt[: plan.keep], "only what is the same may be kept"
    assert plan.keep <= plan.border < len(prompt) or plan.keep == plan.border == 0
    plan.slot.tokens = [*prompt, 99]
    return plan.slot.index, plan.keep, plan.border


def test_a_declared_prefix_is_evaluated_alone_once_and_then_kept() -> None:
    slots = PrefixSlots(2)
    slots.declare("a", [1, 2, 3])
    assert run(slots, "a", [1, 2, 3, 4]) == (0, 0, 3)
    assert run(slots, "a", [1, 2, 3, 4, 5]) == (0, 3, 3), (
        "not 4: the border must not depend on the last prompt"
    )
    assert run(slots, "b", [1, 2, 3, 4]) == (1, 0, 0)
    assert run(slots, "a", [7]) == (0, 0, 0), "a prompt that does not fit is evaluated whole"
    assert run(slots, "a", [1, 2, 3, 4]) == (0, 0, 3)
    assert run(slots, "c", [5, 6])[0] == 1, "the slot that rested longest goes"


def test_a_learned_border_only_moves_to_the_front() -> None:
    slots = PrefixSlots(1)
    assert run(slots, "a", [1, 2, 3, 4, 5]) == (0, 0, 0)
    assert run(slots, "a", [1, 2, 3, 4, 6]) == (0, 4, 4)
    assert run(slots, "a", [1, 2, 3, 7]) == (0, 3, 3)
    assert run(slots, "a", [1, 2, 3, 7, 8]) == (0, 3, 3)
    assert run(slots, "a", [9, 9]) == (0, 0, 0), "another kind of prompt: learn anew"
    assert run(slots, "a", [9, 9]) == (0, 1, 1), "at least one token is evaluated"


def say(slots: PrefixSlots, prompt: list[int], conversation: str, answer: list[int]) -> int:
    """Plan a turn, evaluate it and generate; the tokens kept."""
    plan = slots.plan("a", prompt, conversation)
    assert plan.slot.tokens[: plan.keep] == prompt[: plan.keep]
    assert plan.keep < len(prompt)
    plan.slot.tokens = [*prompt, *answer]
    return plan.keep


def test_later_turns_of_a_conversation_keep_the_earlier_ones_and_their_answers() -> None:
    slots = PrefixSlots(1)
    slots.declare("a", [1, 2, 3])
    assert say(slots, [1, 2, 3, 10], "x", [20, 21]) == 0
    assert say(slots, [1, 2, 3, 10, 20, 21, 11], "x", [22]) == 6
    assert say(slots, [1, 2, 3, 10, 20, 21, 11, 22, 12], "x", []) == 8
    assert say(slots, [1, 2, 3, 10, 20, 21, 11], "y", [23]) == 3, "another keeps the prefix alone"
    assert say(slots, [1, 2, 3, 10, 20, 99, 11], "y", []) == 5, "tokens read otherwise are anew"
    assert say(slots, [1, 2, 3, 10], "", []) == 3
    assert say(slots, [1, 2, 3, 10, 20], "", []) == 3, "prompts that stand alone do not go on"


def test_a_conversation_without_a_declared_prefix_goes_on_too() -> None:
    slots = PrefixSlots(1)
    assert say(slots, [1, 10], "x", [20]) == 0
    assert say(slots, [1, 10, 20, 11], "x", [21]) == 3
    assert say(slots, [1, 12], "y", []) <= 1


def test_common_length() -> None:
    assert [common_length([1, 2], [1, 2, 3]), common_length([1], [2]), common_length([], [1])] == [
        2,
        0,
        0,
    ]


def test_labels_become_literals() -> None:
    grammar = llama_grammar.labels_grammar(("a", 'say "no"', "b\\c\n", "a"))
    assert grammar == r'root ::= "a" | "say \"no\"" | "b\\c\x0A"'


def test_an_answer_is_complete_when_nothing_can_follow() -> None:
    complete = llama_grammar.label_complete(("refund", "refund_status", "cancel"))
    assert [complete(t) for t in ("refund", "refund_status", "cancel", "can")] == [
        False,
        True,
        True,
        False,
    ]
    assert [
        llama_grammar.json_complete(t)
        for t in ('{"a": {}}', '{"a": {}', '{"a": "}', "[1]", "12", "")
    ] == [
        True,
        False,
        False,
        True,
        False,
        False,
    ]


# Files


def header(*pairs: tuple[str, int, bytes], version: int = 3) -> bytes:
    body = b"GGUF" + struct.pack("<IQQ", version, 0, len(pairs))
    for key, kind, value in pairs:
        body += struct.pack("<Q", len(key)) + key.encode() + struct.pack("<I", kind) + value
    return body


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value)) + value.encode()


FACTS = (
    ("general.architecture", 8, text("demo")),
    ("demo.block_count", 4, struct.pack("<I", 4)),
    ("demo.embedding_length", 4, struct.pack("<I", 64)),
    ("demo.attention.head_count", 4, struct.pack("<I", 8)),
    ("demo.tags", 9, struct.pack("<IQ", 8, 2) + text("x") + text("yz")),
    ("demo.attention.head_count_kv", 4, struct.pack("<I", 2)),
    ("tokenizer.ggml.model", 8, text("gpt2")),
)


def test_a_header_is_read_without_the_vocabulary(tmp_path: Path) -> None:
    file = tmp_path / "a.gguf"
    file.write_bytes(header(*FACTS))
    found = gguf.read_header(file)
    assert found.architecture == "demo"
    assert found.metadata["demo.tags.length"] == 2
    assert "tokenizer.ggml.model" not in found.metadata
    assert found.kv_bytes_per_token() == 2 * 4 * 2 * (8 + 8)
    assert gguf.read_header(file, vocabulary=True).metadata["tokenizer.ggml.model"] == "gpt2"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "an empty file"),
        (b"PK\x03\x04", "not a GGUF"),
        (header(*FACTS)[:60], "truncated"),
        (header(version=1), "version 1"),
        (header(("general.x", 77, b"")), "unknown value type 77"),
        (b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 1 << 40), "broken"),
    ],
)
def test_a_broken_header_is_a_clear_error(tmp_path: Path, data: bytes, says: str) -> None:
    file = tmp_path / "b.gguf"
    file.write_bytes(data)
    with pytest.raises(ModelError, match=re.escape(says)):
        gguf.read_header(file)


def test_available_memory_is_the_lesser_of_machine_and_container(tmp_path: Path) -> None:
    assert host_memory.available_bytes(tmp_path) is None
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_text("MemTotal: 9 kB\nMemAvailable:    2000 kB\n")
    assert host_memory.available_bytes(tmp_path) == 2_048_000
    group = tmp_path / "sys/fs/cgroup"
    group.mkdir(parents=True)
    (group / "memory.max").write_text("max\n")
    (group / "memory.current").write_text("500000\n")
    assert host_memory.available_bytes(tmp_path) == 2_048_000
    (group / "memory.max").write_text("1000000\n")
    (group / "memory.stat").write_text("anon 1\nfile 100000\n")
    assert host_memory.available_bytes(tmp_path) == 600_000


# The wire


@given(label=st.text(max_size=12), cuts=st.lists(st.integers(0, 60)), spaced=st.booleans())
def test_a_streamed_label_is_taken_out_of_its_json(
    label: str, cuts: list[int], spaced: bool
) -> None:
    import json

    whole = (
        json.dumps({"label": label}, ensure_ascii=False)
        if spaced
        else '{"label":' + json.dumps(label) + "}"
    )
    taker, seen, last = LabelText(), "", 0
    for cut in [*sorted({c % (len(whole) + 1) for c in cuts}), len(whole)]:
        seen += taker.push(whole[last:cut])
        last = cut
    assert seen + taker.finish() == label


@pytest.mark.parametrize("whole", ["refund", '{"other": 1}', "", '{"label"'])
def test_text_of_another_shape_passes_unchanged(whole: str) -> None:
    taker = LabelText()
    assert "".join([*(taker.push(c) for c in whole), taker.finish()]) == whole


def test_retry_after_in_each_of_its_forms() -> None:
    date = {"Date": "Wed, 01 Jul 2026 10:00:00 GMT"}
    assert retry_after({"Retry-After": "2.5"}) == 2.5
    assert retry_after({"retry-after": "9", "Retry-After-Ms": "250"}) == 0.25
    assert retry_after({"Retry-After": "Wed, 01 Jul 2026 10:00:30 GMT", **date}) == 30
    assert retry_after({"Retry-After": "Wed, 01 Jul 2026 10:00:30 GMT"}) is None
    assert retry_after({"Retry-After": "soon"}) is None
    assert retry_after({}) is None
    assert rate_limits({"X-RateLimit-Limit": "5", "Content-Type": "x"}) == {
        "x-ratelimit-limit": "5"
    }
