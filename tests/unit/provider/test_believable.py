"""Counts that what was sent and received cannot have."""

from __future__ import annotations

import hashlib
import time
import uuid
from dataclasses import replace

import pytest

from claimbench.provider.believable import believable, parted
from claimbench.types import Usage
from claimbench_providers.endpoints.reading.usages import UsageReports


@pytest.mark.parametrize(
    ("tokens", "answer", "kept"),
    [
        (20, "delivery " * 61, False),
        (30, "delivery " * 61, False),
        (100, "delivery " * 300, False),
        (13, "delivery " * 39, True),
        (12, "delivery " * 39, False),
        (31, "delivery " * 61, True),
        (61, "delivery " * 61, True),
        (30, "\u914d\u9001" * 40, True),
        (1, "\u914d\u9001", True),
        (2, "a b c d", True),
    ],
)
def test_an_answer_has_a_token_for_three_words_at_least_and_a_long_one_for_two(
    tokens: int, answer: str, *, kept: bool
) -> None:
    usage, said = believable(Usage(input_fresh=9, output_visible=tokens), "word " * 9, answer)
    assert (said is None, usage.output_visible is not None) == (kept, kept)


def test_a_prompt_may_have_as_few() -> None:
    usage, said = believable(Usage(input_fresh=31, output_visible=1), "word " * 61, "yes")
    assert (usage.input_fresh, said) == (31, None)


ZH = "".join(chr(0x4E00 + i * 37 % 4000) for i in range(400))
JA = "".join(chr(0x3042 + i * 7 % 80) for i in range(200))
TH = "".join(chr(0x0E01 + i * 5 % 46) for i in range(300))
HASHES = "\n".join(f"/srv/{hashlib.sha1(b'%d' % i).hexdigest()}" for i in range(12))
UUIDS = " ".join(
    str(uuid.UUID(int=i * 0x9E3779B97F4A7C15F39CC0605CEDC834 % 2**128)) for i in range(20)
)
DIGITS = "".join(str(i * i % 99991) for i in range(150))


@pytest.mark.parametrize(
    ("text", "least", "honest"),
    [
        (ZH, 134, 275),
        (f"{ZH} and the words of a question", 136, 282),
        (JA, 50, 112),
        (TH, 50, 102),
        (HASHES, 151, 283),
        (UUIDS, 208, 430),
        (DIGITS, 81, 236),
        ("delivery is late, " * 20, 30, 80),
    ],
)
@pytest.mark.parametrize("side", ["input_fresh", "output_visible"])
def test_long_texts_without_blanks_have_tokens_by_their_script(
    text: str, least: int, honest: int, side: str
) -> None:
    sent, received = (text, "yes") if side == "input_fresh" else ("Say it.", text)
    for tokens, kept in ((least - 1, False), (least, True), (honest, True)):
        counts = {"input_fresh": 5, "output_visible": 1} | {side: tokens}
        usage, said = believable(Usage(**counts), sent, received)
        assert (said is None) == kept, (tokens, said)
        assert (getattr(usage, side) == tokens) == kept


def test_a_long_text_of_one_script_is_told_by_its_characters() -> None:
    _, said = believable(Usage(input_fresh=40, output_visible=1), ZH, "yes")
    assert said == "usage that cannot be: 40 input tokens for a prompt of 400 characters"


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        (ZH[:110], 25),  # short
        ("\u54c8" * 400, 25),  # a pattern
        ("\u914d\u9001" * 200, 25),
        ("0" * 400, 25),
        ("user2024 covid19 python3 sha256 authentication2024 " * 12, 150),
        ("2024-01-31 12:30 " * 20, 160),
        ("print(x1)\n" * 20, 80),
    ],
)
def test_what_a_tokenizer_may_join_is_believed(text: str, tokens: int) -> None:
    assert believable(Usage(input_fresh=tokens, output_visible=1), text, "yes")[1] is None


def test_tokens_of_a_rate_of_their_own_count_in_the_total() -> None:
    fees = (("explicit_cache_read_tokens", 275), ("output_audio_tokens", 100))
    usage = Usage(input_fresh=5, output_visible=1, fees=fees)
    assert believable(usage, ZH, ZH[:200]) == (usage, None)


def test_long_english_texts_are_counted_without_a_walk() -> None:
    text = "The parcel is late again and nobody answers the phone. " * 2000
    started = time.process_time()
    for _ in range(20):
        assert believable(Usage(input_fresh=22_000, output_visible=1), text, "yes")[1] is None
    assert time.process_time() - started < 0.5


@pytest.mark.parametrize(
    ("visible", "reasoning", "answer", "thought", "kept"),
    [
        (0, 12, "word " * 12, "", False),
        (4, 8, "word " * 12, "", False),
        (12, 8, "word " * 12, "", True),
        (0, 12, "", "", True),
        (0, 12, "calls(x)", "", False),
        (40, 300, ZH, "", False),
        (275, 300, ZH, "", True),
        (12, 0, "word " * 12, "", True),
        (2, 0, "word " * 12, "", True),  # no reasoning takes any of it away
        (80, 0, "word " * 12, "thought " * 60, False),
        (80, 5, "word " * 12, "thought " * 60, False),
        (20, 60, "word " * 12, "thought " * 60, True),
        (None, 60, "word " * 12, "", True),
        (12, None, "word " * 12, "thought " * 60, True),
    ],
)
def test_output_is_parted_as_its_texts_are(
    visible: int | None, reasoning: int | None, answer: str, thought: str, *, kept: bool
) -> None:
    stated = Usage(input_fresh=9, output_visible=visible, output_reasoning=reasoning)
    usage, said = parted(stated, answer, thought)
    assert (said is None) == kept
    assert usage.doubted == (() if kept else ("output",))
    assert replace(usage, fees=()) == stated


@pytest.mark.parametrize("raw", [[], "", "x"])
def test_usage_that_is_no_object_is_said(raw: object) -> None:
    from claimbench.provider.usage import normalise_openai

    reports = UsageReports()
    reports.take(raw, 1)
    _, said = reports.report(normalise_openai, whole=True)
    assert said is not None
    assert "not an object" in said
    reports.take(None, 1)
    assert UsageReports().report(normalise_openai, whole=True) == (None, None)
