"""Through the whole provider: a busy event loop moves the transport's reads, and the kernel's
stamps stay the truth.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from claimbench.clock import SystemClock
from claimbench.provider.attempt import try_once
from claimbench.provider.contract import ProviderContext
from claimbench.types import Arm, Attempt, Intent, Message, Outcome, Request, SamplingParams
from claimbench_providers.endpoints import compatible

BUSY_S = 1.0
"""How long the event loop is kept from reading, from before the answer's only piece arrives."""


@pytest.fixture
def url() -> Iterator[str]:
    command = [sys.executable, "-m", "claimbench_providers.scripted.server"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{json.loads(process.stdout.readline())['port']}"
        process.terminate()


def truth(url: str) -> dict[str, dict[str, Any]]:
    with urllib.request.urlopen(f"{url}/log") as reply:
        return {row["key"]: row for row in json.load(reply)}


@pytest.mark.alone
@pytest.mark.skipif(sys.platform != "linux", reason="kernel receive times are Linux's")
async def test_a_first_token_that_is_read_late_keeps_its_time_of_arrival(url: str) -> None:
    clock = SystemClock()
    options = {"extra_body": {"script": {"text": "yes", "chunks": 1, "ttft_s": 0.2}}}
    provider = compatible.create(
        Arm("a", "compatible", "m", base_url=f"{url}/v1", options=options),
        ProviderContext(clock, {}, Path(), Path()),
    )
    await provider.start()

    async def attempt(name: str) -> Attempt:
        request = Request(name, (Message("user", name),), SamplingParams(), 8, timeout_s=30)
        tried = await try_once(
            provider,
            request,
            clock,
            intent=Intent("c", 1, 1, None, ""),
            queued_ns=clock.monotonic_ns(),
            turn=contextlib.nullcontext(),
        )
        assert tried.attempt.outcome is Outcome.OK, tried.attempt.error
        return tried.attempt

    try:
        for i in range(20):  # the kernel begins to stamp a moment after the first socket asks
            if (await attempt(f"before {i}")).timing.stamp_source == "kernel":
                break
        asyncio.get_running_loop().call_later(0.1, time.sleep, BUSY_S)
        timing = (await attempt("late")).timing
    finally:
        await provider.close()
    assert timing.stamp_source == "kernel"
    assert timing.first_content_ns is not None
    sent = truth(url)["late"]["chunk_ns"][0]
    read_late_by = (BUSY_S - 0.1) * 1e9  # the token came 0.1 s into the busy second
    assert abs(timing.first_content_ns - sent) < read_late_by / 2
    assert timing.ended_ns - sent < read_late_by / 2
