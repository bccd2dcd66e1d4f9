"""What is said of arms whose endpoints refuse them for their rate, and of those that wait."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass

import pytest

from claimbench.clock import FakeClock
from claimbench.limits.budget import MAX_ITEMS_AHEAD, Pace
from claimbench.limits.held_back import HeldBack
from claimbench.limits.key_gate import KeyGate


@dataclass
class _Arm:
    planned: int = 200
    done: int = 0
    limited: int = 0
    stopped: str | None = None


@pytest.mark.parametrize(
    ("waiting", "told"), [(("fast",), "fast waits for it"), (("fast", "free"), "fast, free wait")]
)
def test_who_waits_for_a_limited_arm_is_said(waiting: tuple[str, ...], told: str) -> None:
    async def said() -> str:
        clock = FakeClock()
        arms = {"slow": _Arm(limited=7), **{name: _Arm() for name in waiting}}
        gates = {"key": KeyGate("key", 4, clock, backoff_s=1, backoff_max_s=60)}
        held = HeldBack({"slow": "key"}, gates, arms)
        pace = Pace(dict.fromkeys(arms, 200), limited=held.limited)
        held.watch(pace)
        lanes = [asyncio.ensure_future(pace.wait(name, MAX_ITEMS_AHEAD)) for name in waiting]
        await asyncio.sleep(0)
        found = held.said()
        for lane in lanes:
            lane.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await lane
        return found

    text = asyncio.run(said())
    assert text.startswith("slow rate limited: 7 refused")
    assert told in text


def test_nothing_is_said_of_arms_that_nobody_refused() -> None:
    assert HeldBack({}, {}, {"slow": _Arm()}).said() == ""
