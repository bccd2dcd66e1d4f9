"""Local arms: prefill and decode tokens/s by our stamps stand beside llama.cpp's own counters, and
agree within 2%.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from claimbench.clock import SystemClock
from claimbench.provider.attempt import try_once
from claimbench.provider.contract import ProviderContext
from claimbench.provider.device import Device
from claimbench.provider.device_worker import WorkerProvider
from claimbench.tables.timing import token_rates
from claimbench.types import Arm, Intent, Message, Request, SamplingParams, Timing
from claimbench_providers.llama import provider as llama_cpp
from claimbench_providers.models import catalogue as models

SMALL = "smollm2-135m-instruct-q4_1"
CALLS, MOST_CALLS = 8, 60


@pytest.mark.alone
@pytest.mark.model
async def test_our_stamps_agree_with_llama_cpps_own_timings(
    small_model: Path, tmp_path: Path
) -> None:
    clock, device = SystemClock(), Device("cpu")
    arm = Arm("local", "llama_cpp", SMALL, options={"n_ctx": 512, "n_threads": 1})
    engine = llama_cpp.create(arm, ProviderContext(clock, {}, models.cache_dir(), tmp_path))
    provider = WorkerProvider(engine, device, clock)
    await provider.start()
    prefill: list[float] = []
    decode: list[float] = []
    try:
        for i in range(MOST_CALLS):
            text = f"{i}. Tell a long story about the sea. " + "The weather was fine. " * 8
            request = Request(
                f"c{i}",
                (Message("user", text),),
                SamplingParams(temperature=0.0),
                24,
                prefix_key=f"t{i}",
            )
            tried = await try_once(
                provider,
                request,
                clock,
                intent=Intent("c", 1, 1, None, ""),
                queued_ns=clock.monotonic_ns(),
                turn=device.turn,
            )
            found = token_rates(tried.attempt.timing)
            assert found.prefill
            assert found.decode
            assert found.engine_prefill
            assert found.engine_decode
            if i > 0:  # the first call also warms the sampler and the caches
                prefill.append(found.prefill / found.engine_prefill)
                decode.append(found.decode / found.engine_decode)
            if len(decode) >= CALLS and min(max(prefill), max(decode)) >= 0.98:
                break
    finally:
        await provider.close()
        device.close()
    # Our interval holds llama.cpp's, and sampling besides; what else the machine does in between
    # only widens it. So the least disturbed call tells how far the two clocks are apart; on a busy
    # machine it takes more calls to meet one.
    assert max(prefill) == pytest.approx(1, abs=0.02)
    assert max(decode) == pytest.approx(1, abs=0.02)
    assert max(prefill + decode) <= 1.001, "our interval holds llama.cpp's"


def test_rates_are_unknown_where_the_engine_says_nothing() -> None:
    rates = token_rates(
        Timing(None, 0, 0, 10**9, 10**9, (10**9, 2 * 10**9), 2 * 10**9, "in_process")
    )
    assert (rates.prefill, rates.decode, rates.engine_prefill, rates.engine_decode) == (
        None,
        None,
        None,
        None,
    )
    told = {"prompt_n": 100.0, "predicted_n": 3.0, "prompt_ms": 990.0, "predicted_ms": 980.0}
    stamps = Timing(
        None, 0, 0, 10**9, 10**9, (10**9, 2 * 10**9), 2 * 10**9, "in_process", engine=told
    )
    rates = token_rates(stamps)
    assert (rates.prefill, rates.decode) == (100, 2)
    assert rates.engine_prefill == pytest.approx(101.01, abs=0.01)
    assert rates.engine_decode == pytest.approx(2.04, abs=0.01)
