"""A loopback vendor that bills: usage with cached tokens as real prefix caches count them, tiers,
silence about usage.

It also stands in for the other sources that the product may find installed: litellm's price map and
codecarbon.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from .conftest import LABELS, Vendor, _serve


@dataclass
class Biller(Vendor):
    """``silent``: share of tickets, in percent, whose usage is not said. ``prefix``: words of a
    prompt that are cached once they were seen. ``head``: fields added to every chunk, ``headers``: to
    the reply. ``charge``: of a ticket's number, what is said of it in
    its usage."""

    silent: int = 0
    prefix: int = 0
    head: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    charge: Callable[[int], dict[str, Any]] = lambda _number: {}
    first: list[str] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One answer by rule, with its usage."""
        import asyncio

        body = await request.json()
        text = body["messages"][-1]["content"]
        self.asked.append(text)
        self.first.append(body["messages"][0]["content"])
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        number = int(text.split("#")[1].split()[0])
        answer = LABELS[number % 3] if number % 100 < self.right else LABELS[(number + 1) % 3]
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", **self.headers})
        await response.prepare(request)
        head = {
            "id": "x",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": body["model"],
            **self.head,
        }
        chunks: list[dict[str, Any]] = [
            {
                "choices": [
                    {
                        "index": 0,
                        "delta": {"role": "assistant", "content": answer},
                        "finish_reason": None,
                    }
                ]
            },
            {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
        ]
        if number % 100 >= self.silent:
            chunks.append({"choices": [], "usage": self._usage(body, text)})
        for chunk in chunks:
            await self._send(response, {**head, **chunk})
        await response.write(b"data: [DONE]\n\n")
        return response

    def _usage(self, body: dict[str, Any], text: str) -> dict[str, Any]:
        prompt = len(text.split()) + 20
        cached = self.prefix if body["messages"][0]["content"] in self.seen else 0
        self.seen.add(body["messages"][0]["content"])
        usage = {
            "prompt_tokens": prompt,
            "completion_tokens": 2,
            "total_tokens": prompt + 2,
            **self.usage,
            **self.charge(int(text.split("#")[1].split(maxsplit=1)[0])),
        }
        return usage | ({"prompt_tokens_details": {"cached_tokens": cached}} if self.prefix else {})


def serve(biller: Biller) -> Iterator[Biller]:
    """The server, on a thread of its own."""
    for served in _serve(biller):
        assert isinstance(served, Biller)
        yield served


def installed(folder: Path, files: dict[str, str]) -> dict[str, str]:
    """An environment in which packages with these files are installed."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return {"PYTHONPATH": str(folder)}


def litellm_map(prices: dict[str, Any]) -> dict[str, str]:
    """litellm as a package that holds nothing but its map of prices."""
    return {
        "litellm/__init__.py": (
            "raise ImportError('the map is read as a file; litellm is never imported')\n"
        ),
        "litellm/model_prices_and_context_window_backup.json": json.dumps(prices),
    }


def codecarbon(mode: str, kwh: float) -> dict[str, str]:
    """codecarbon as far as it is asked here: a tracker with one processor known by ``mode``, using
    ``kwh`` in all.
    """
    text = f"""
import time
from types import SimpleNamespace

class CPU:
    _mode = {mode!r}

class OfflineEmissionsTracker:
    def __init__(self, **options):
        self._hardware = [CPU()]

    def start(self):
        self._started = time.monotonic()

    def stop(self):
        seconds = time.monotonic() - self._started
        self.final_emissions_data = SimpleNamespace(
            cpu_energy={kwh}, gpu_energy=0.0, ram_energy=0.0, energy_consumed={kwh}, duration=seconds)
"""
    return {"codecarbon/__init__.py": text}
