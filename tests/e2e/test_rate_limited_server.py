"""A real loopback server with real quotas that nobody here wrote (llmock), through our transport,
in real time.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from llmock.ratelimit import LimitSettings
from llmock.testing import LLMockServer

from claimbench.clock import SystemClock
from claimbench.provider.contract import ProviderContext
from claimbench.types import Arm, Message, Outcome, Request, SamplingParams
from claimbench_providers.endpoints import compatible

from .bare_runner import bare_runner, planned

RPM = 120
SECONDS = 4.0


@pytest.mark.alone
async def test_headers_keep_a_quota_from_being_exceeded(tmp_path: Path) -> None:
    with LLMockServer() as server:
        server.state.limiter.configure(LimitSettings(rpm=RPM))
        arm = Arm("a", "compatible", "gpt-4o", base_url=server.base_url("openai"), concurrency=8)
        provider = compatible.create(arm, ProviderContext(SystemClock(), {}, tmp_path, tmp_path))
        await provider.start()
        runner, rows = bare_runner(
            arm,
            provider,
            lambda call: Request(
                call.id, (Message("user", "say yes"),), SamplingParams(), 8, timeout_s=20
            ),
            max_retries=5,
        )
        asyncio.get_running_loop().call_later(SECONDS, runner.stop, "time is up")
        began = time.monotonic()
        await runner.run(planned(2000))
        seconds = time.monotonic() - began
        await provider.close()
    refused = sum(a.outcome is Outcome.RATE_LIMITED for a in rows.attempts)
    answered = sum(a.outcome is Outcome.OK for a in rows.attempts)
    # Declared to us is nothing. The server's own headers say when nothing is left, so that it never
    # has to refuse; the wait lasts until its bucket is full again, which loses nothing of it
    # (tests/unit/limits/test_key_gate.py: minutes). While the first bucket is emptied it fills
    # again at RPM per minute: a slow machine gets that much more out of it.
    refilled = RPM * seconds / 60
    assert RPM - arm.concurrency <= answered <= RPM + refilled, (answered, refused, seconds)
    assert refused == 0
    (gate,) = runner.gates.values()
    assert gate.history[0].event == "the server's headers say that nothing is left"
    assert 30 < (gate.history[-1].pause_s or 0) <= 60
