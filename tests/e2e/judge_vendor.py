"""A loopback vendor that judges: it names a choice by what stands between the marks, and errs on
some tickets.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from .conftest import LABELS, Vendor

FENCED = re.compile(r"\[begin answer ([0-9a-f]+)\]\n(.*)\n\[end answer \1\]", re.DOTALL)

INSTRUCTIONS = 200
"""Tokens of what a judge is told before each question."""
JUDGED = """
judges:
  - {{name: arbiter, provider: openai, model: arbiter-9, base_url: "{url}", concurrency: 4,
     cost: {{price: {{input: 10, output: 30, source: test, dated: 2026-01-01}}}}}}
"""
SCORER = """scorers: [{name: judge, by: arbiter, rubric: "Is it the right team?", choices: {good: 1, bad: 0}}]"""


def judged(suite: str, url: str) -> str:
    """The suite with its answers as free text, scored by a judge at ``url``."""
    text = suite.replace(
        "{type: label, labels: [billing, delivery, tech], constrain: false}", "{type: text}"
    )
    return text.replace("scorers: [label]", SCORER) + JUDGED.format(url=url)


@dataclass
class JudgeVendor(Vendor):
    """``errs``: tickets on which it says the opposite. ``says``: other words than good and bad.

    ``silent_after``: so many questions are answered, and further ones not before this is None
    again.
    """

    more_tokens: Callable[[int], int] = lambda _number: INSTRUCTIONS
    errs: Callable[[int], bool] = lambda _number: False
    says: Callable[[int, str], str] = lambda _number, choice: choice
    silent_after: int | None = None

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Wait while silent, then answer."""
        while self.silent_after is not None and len(self.asked) >= self.silent_after:  # noqa: ASYNC110 - set by the test
            await asyncio.sleep(0.02)
        if request.transport is None:  # whoever asked was killed meanwhile
            return web.Response()
        return await super().handle(request)

    def reply(self, number: int, text: str) -> str:
        """A choice, by the answer that stands between the marks."""
        found = FENCED.search(text)
        assert found is not None, text
        right = found.group(2) == LABELS[number % 3]
        return self.says(number, "good" if right != self.errs(number) else "bad")
