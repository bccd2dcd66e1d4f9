"""Usage of the usual keys alone is read as any other is."""

from __future__ import annotations

import random
from typing import Any

import pytest

from claimbench.errors import MalformedStream
from claimbench.provider import usage
from claimbench.provider.plain_usage import plain_openai

COUNTS = [0, 1, 2, 3, 5, 7, 10]
ODD = [*COUNTS, None, -1, True, 2.0, "3", "x"]


def _value(draw: random.Random) -> Any:
    return draw.choice(ODD if draw.random() < 0.3 else COUNTS)


def _details(draw: random.Random, name: str) -> Any:
    return draw.choice(
        [
            None,
            {},
            {name: _value(draw)},
            {name: _value(draw)},
            {"audio_tokens": _value(draw), name: _value(draw)},
            [],
            "x",
        ]
    )


def _usage(draw: random.Random) -> dict[str, Any]:
    raw: dict[str, Any] = {"prompt_tokens": _value(draw), "completion_tokens": _value(draw)}
    both = [raw["prompt_tokens"], raw["completion_tokens"]]
    sums = all(type(count) is int for count in both) and draw.random() < 0.8
    if draw.random() < 0.9:
        raw["total_tokens"] = sum(both) if sums else _value(draw)
    if draw.random() < 0.6:
        raw["prompt_tokens_details"] = _details(draw, "cached_tokens")
    if draw.random() < 0.6:
        raw["completion_tokens_details"] = _details(draw, "reasoning_tokens")
    if draw.random() < 0.1:
        raw["cached_tokens"] = _value(draw)
    return raw


def _read(raw: dict[str, Any]) -> usage.Usage | str:
    try:
        return usage.normalise_openai(raw)
    except MalformedStream as error:
        return error.message


def test_the_short_way_gives_what_the_long_way_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = random.Random(20261129)
    cases = [_usage(draw) for _ in range(10_000)]
    assert sum(plain_openai(raw) is not None for raw in cases) > 1_000
    short = [_read(raw) for raw in cases]
    monkeypatch.setattr(usage, "plain_openai", lambda raw: None)
    assert short == [_read(raw) for raw in cases]
