"""What a vendor says or sends first makes it no faster: verdicts about time stand in two ways."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from .conftest import LABELS, Said
from .money_vendor import Biller, serve

Bench = Callable[..., Said]
N = 120
SUITE = """\
name: desk
version: 1-0
sampling: {{temperature: 0, seed: 1}}
errors: {{max_retries: 0, timeout_s: 20, connect_timeout_s: 2}}
tasks:
  - name: route
    dataset: {{path: tickets.jsonl, id: id, target: team}}
    prompt: [{{user: "{{{{ text }}}}"}}]
    answer: {{type: text}}
    scorers: [contains]
    max_tokens: 400
arms:
  - {{name: odd, provider: {provider}, model: small-1, base_url: "{odd}", concurrency: 6,
     cost: {{price: {{input: 1, output: 4, source: test, dated: 2026-01-01}}}}}}
  - {{name: plain, provider: {provider}, model: big-1, base_url: "{plain}", concurrency: 6,
     cost: {{price: {{input: 1, output: 4, source: test, dated: 2026-01-01}}}}}}
claims:
"""
WORDS = 12


@dataclass
class Talker(Biller):
    """Streams an answer of some words, ``gap_s`` apart, after ``delay_s``; ``thought``: reasoning
    that it sends at once. Its usage states ``tokens`` of output.
    """

    thought: str = ""
    gap_s: float = 0.0
    tokens: int = WORDS

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Think aloud, wait, and talk."""
        body = await request.json()
        text = body["messages"][-1]["content"]
        number = int(text.split("#")[1].split()[0])
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        head = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": body["model"]}

        async def say(delta: dict[str, Any], finish: str | None = None) -> None:
            choice = {"index": 0, "delta": delta, "finish_reason": finish}
            await self._send(response, {**head, "choices": [choice]})

        if self.thought:
            await asyncio.sleep(0.05)
            await say({"reasoning_content": self.thought})
        await asyncio.sleep(self.delay_s + number * 37 % 50 / 1000)
        for k in range(WORDS):
            if k:
                await asyncio.sleep(self.gap_s)
            await say({"content": "please " if k else f"{LABELS[number % 3]} "})
        await say({}, "stop")
        prompt = len(text.split()) + 20
        counts = {"prompt_tokens": prompt, "completion_tokens": self.tokens}
        usage = counts | {"total_tokens": prompt + self.tokens}
        await self._send(response, {**head, "choices": [], "usage": usage})
        await response.write(b"data: [DONE]\n\n")
        return response


@contextmanager
def serving(*talkers: Talker) -> Iterator[tuple[Biller, ...]]:
    """Both vendors, on threads of their own."""
    with ExitStack() as stack:
        yield tuple(stack.enter_context(contextmanager(serve)(one)) for one in talkers)


def verdicts_of(
    folder: Path, bench: Bench, odd: Talker, plain: Talker, *claims: str, provider: str
) -> list[dict[str, Any]]:
    """Run both arms and return the verdicts on claims."""
    rows = [
        {"id": f"t{i}", "text": f"ticket #{i} please help", "team": LABELS[i % 3]} for i in range(N)
    ]
    (folder / "tickets.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with serving(odd, plain) as (one, two):
        suite = SUITE.format(odd=one.url, plain=two.url, provider=provider)
        suite += "".join(f"  - {json.dumps({'claim': claim, 'arm': 'odd'})}\n" for claim in claims)
        (folder / "desk.yaml").write_text(suite)
        ran = bench("run", "desk.yaml", "--json", "--no-report")
    assert ran.out, ran.err
    found: list[dict[str, Any]] = bench("check", ran.json["run"], "--json").json["verdicts"]
    return found


BUSY = ("not_interleaved", "autocorrelated", "client_limited", "instrument_error")
"""Why a busy machine withholds a verdict before anything else does."""


def not_decided(verdict: dict[str, Any], code: str) -> bool:
    """Tell whether a verdict is inconclusive, and for this reason unless the machine was busy."""
    reasons = verdict["reasons"]
    known = any(one.startswith((code, *BUSY)) for one in reasons)
    return verdict["status"] == "inconclusive" and known


def test_a_dot_of_reasoning_is_no_first_token(tmp_path: Path, bench: Bench) -> None:
    claims = ("ttft twice as fast as plain", "median ttft under 200 ms")
    found = verdicts_of(
        tmp_path,
        bench,
        Talker(thought=".", delay_s=0.4),
        Talker(delay_s=0.3, gap_s=0.013),
        *claims,
        provider="compatible",
    )
    for verdict in found:
        assert not_decided(verdict, "first_answer_decides"), verdict["sentence"]


@pytest.mark.parametrize(
    ("tokens", "claim", "code"),
    [
        (5 * WORDS, "twice the throughput of plain", "tokens_decide"),
        (300, "median time per output token under 5 ms", "tokens_impossible"),
    ],
)
def test_more_tokens_for_the_same_text_are_no_speed(
    tmp_path: Path, bench: Bench, tokens: int, claim: str, code: str
) -> None:
    odd = Talker(delay_s=0.2, gap_s=0.015, tokens=tokens)
    plain = Talker(delay_s=0.2, gap_s=0.015)
    (found,) = verdicts_of(tmp_path, bench, odd, plain, claim, provider="compatible")
    assert not_decided(found, code), found["sentence"]
