"""Rate-limited servers over loopback, in real time: how much of the allowed rate is used, how much
is refused.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from claimbench.clock import SystemClock
from claimbench.provider.contract import ProviderContext
from claimbench.types import Arm, Message, Outcome, RateLimits, Request, SamplingParams
from claimbench_providers.endpoints import compatible

from .bare_runner import bare_runner, planned

SERVER = Path(__file__).with_name("limited_server.py")
SECONDS = 180.0
FIRST_MINUTE = 60.0
LIMITED = {
    "RPM, a bucket": ("bucket", 600, 1, RateLimits()),
    "RPM, a fixed minute": ("window", 600, 1, RateLimits()),
    "RPM, a fixed minute without Retry-After": ("silent", 600, 1, RateLimits()),
    "TPM, a bucket": ("bucket", 30_000, 50, RateLimits()),
    "TPM, declared": ("bucket", 30_000, 50, RateLimits(tpm=30_000)),
}


async def used(
    kind: str, per_minute: int, units: int, limits: RateLimits, folder: Path
) -> tuple[float, float]:
    """Share of the allowed rate that was used, and of the requests that were refused, after the
    first minute.
    """
    command = [sys.executable, str(SERVER), kind, str(per_minute), str(units)]
    child = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    try:
        assert child.stdout is not None
        port = json.loads(await child.stdout.readline())["port"]
        arm = Arm(
            "a",
            "compatible",
            "m",
            base_url=f"http://127.0.0.1:{port}/v1",
            concurrency=12,
            limits=limits,
        )
        provider: Any = compatible.create(arm, ProviderContext(SystemClock(), {}, folder, folder))
        await provider.start()
        runner, rows = bare_runner(
            arm,
            provider,
            lambda call: Request(
                call.id, (Message("user", "yes"),), SamplingParams(), 64, timeout_s=30
            ),
            max_retries=6,
        )
        began_ns = time.monotonic_ns()
        asyncio.get_running_loop().call_later(SECONDS, runner.stop, "time is up")
        await runner.run(planned(10_000))
        await provider.close()
    finally:
        child.terminate()
        await child.wait()
    first, last = began_ns + FIRST_MINUTE * 1e9, began_ns + SECONDS * 1e9
    later = [a.outcome for a in rows.attempts if first <= a.timing.sent_ns < last]
    answered, refused = later.count(Outcome.OK), later.count(Outcome.RATE_LIMITED)
    allowed = per_minute * (SECONDS - FIRST_MINUTE) / 60 / units
    return answered / allowed, refused / max(1, answered + refused)


@pytest.mark.long
@pytest.mark.timeout(400)
async def test_the_allowed_rate_is_used_without_a_storm(tmp_path: Path) -> None:
    figures = await asyncio.gather(*(used(*limit, tmp_path) for limit in LIMITED.values()))
    said = {
        name: (round(share, 3), round(refused, 4))
        for name, (share, refused) in zip(LIMITED, figures, strict=True)
    }
    logging.getLogger(__name__).info("%s", said)  # pytest --log-cli-level=INFO shows it
    assert all(share >= 0.9 for share, _ in said.values()), said
    assert all(refused <= 0.02 for _, refused in said.values()), said
