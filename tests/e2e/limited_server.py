"""The scripted server behind a limit per minute; test_rate_limits_real_time.py starts it as a
process of its own.

Usage: python limited_server.py KIND PER_MINUTE UNITS. KIND: ``bucket`` refills evenly and holds a
tenth of a minute, ``window`` is a fixed minute, ``silent`` is one whose refusals have no
Retry-After; the others' says when the request would have fitted. UNITS is what one request takes
(1: a limit on requests; more: one on tokens).
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from claimbench_providers.scripted.replies import ScriptedReply
from claimbench_providers.scripted.server import Server, serve

Wait = Callable[[float], float]
"""Now in seconds -> seconds that a request has to wait; 0 if it fits, and is then counted."""


def bucket(per_minute: float, units: float) -> Wait:
    """A bucket that refills evenly."""
    size = max(units, per_minute / 10)
    level, at_s = size, 0.0

    def wait(now_s: float) -> float:
        nonlocal level, at_s
        level, at_s = min(size, level + (now_s - at_s) * per_minute / 60), now_s
        if level >= units:
            level -= units
            return 0.0
        return (units - level) * 60 / per_minute

    return wait


def window(per_minute: float, units: float) -> Wait:
    """A count that begins anew each minute of this process."""
    began_s, used, minute = time.monotonic(), 0.0, 0

    def wait(now_s: float) -> float:
        nonlocal used, minute
        now = int((now_s - began_s) // 60)
        if now != minute:
            minute, used = now, 0.0
        if used + units <= per_minute:
            used += units
            return 0.0
        return 60 * (now + 1) - (now_s - began_s)

    return wait


def limited(
    wait: Wait, units: int, silent: bool = False
) -> Callable[[Mapping[str, Any]], ScriptedReply]:
    """Request -> the script of an answer that takes ``units`` tokens, or of a refusal."""

    def script(_request: Mapping[str, Any]) -> ScriptedReply:
        wait_s = wait(time.monotonic())
        if wait_s > 0:
            return ScriptedReply(
                status=429, retry_after_s=None if silent else round(wait_s + 0.0005, 3)
            )
        return ScriptedReply(
            ttft_s=0.2, chunks=max(1, units - 1)
        )  # the prompt of the test is one word

    return script


if __name__ == "__main__":
    kind, per_minute, units = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
    made = bucket(per_minute, units) if kind == "bucket" else window(per_minute, units)
    asyncio.run(serve(0, Server(limited(made, units, kind == "silent"))))
