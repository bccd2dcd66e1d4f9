"""Turns of the arms that share a machine: a block of calls each, at the arm's own concurrency.

A server answers many requests at once, so that arms which took turns call by call would be measured
at a concurrency of one, and arms that ran together would load each other. Every arm runs the same
block of samples before any runs the next: what drifts over the day meets all alike.
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager

from claimbench.plan.call_queue import CallQueue
from claimbench.plan.machines import block_size, shared_machines
from claimbench.provider.attempt import NO_TURN
from claimbench.provider.contract import ArmProvider
from claimbench.types import Arm


class MachineTurns:
    """The turns of one machine, over one part of a plan.

    Args:
        totals: arm -> its calls, in the order in which they take turns.
        size: calls of a block, of the arm with most calls.
    """

    def __init__(self, totals: Mapping[str, int], size: int) -> None:
        self._totals = dict(totals)
        self._blocks = max(1, math.ceil(max(totals.values(), default=0) / size))
        self._left: Counter[tuple[int, str]] = Counter()
        for arm, total in totals.items():
            for index in range(total):
                self._left[self._block(arm, index), arm] += 1
        self._slots: Sequence[tuple[int, str]] = [
            (block, arm) for block in range(self._blocks) for arm in totals
        ]
        self._at = 0
        self._gone: set[str] = set()
        self._running: Counter[str] = Counter()
        self._changed = asyncio.Event()
        self._advance()

    def _block(self, arm: str, index: int) -> int:
        """Return the block of an arm's call: the same share of each arm's calls is in one block."""
        return index * self._blocks // self._totals[arm]

    async def enter(self, arm: str, index: int) -> bool:
        """Return True when the arm's call number ``index`` (from 0) may start; False where the arm
        has been given up. A call that entered must :meth:`leave`.
        """
        slot = (self._block(arm, index), arm)
        while arm not in self._gone:
            if self._at < len(self._slots) and self._slots[self._at] == slot:
                self._running[arm] += 1
                return True
            changed = self._changed
            await changed.wait()
        return False

    def leave(self, arm: str, index: int) -> None:
        """Count a call as ended, finished or not."""
        self._running[arm] -= 1
        self._left[self._block(arm, index), arm] -= 1
        self._advance()

    def gave_up(self, arm: str) -> None:
        """Say that ``arm`` will start nothing more, so that nobody waits for it."""
        self._gone.add(arm)
        self._advance()

    def _advance(self) -> None:
        """Pass the turn on from blocks that have ended, and let everybody who waits look."""
        while self._at < len(self._slots) and self._is_over(self._slots[self._at]):
            self._at += 1
        before = self._changed
        self._changed = asyncio.Event()
        before.set()

    def _is_over(self, slot: tuple[int, str]) -> bool:
        arm = slot[1]
        if arm in self._gone:
            return not self._running[arm]
        return not self._left[slot]


def turns_of(
    arms: Mapping[str, Arm], queues: Mapping[str, CallQueue], remote: Collection[str]
) -> tuple[dict[str, MachineTurns], int]:
    """Return the turns by arm of those that share a machine, and their longest block.

    Engines in this process (not ``remote``) take turns call by call among themselves: their device
    sees to that. Calls that arrive by a schedule take no turns.
    """
    asked = {
        name: arms[name]
        for name, queue in queues.items()
        if queue and queue.first.scheduled_ns is None
    }
    groups: dict[str, list[str]] = {}
    for name, machine in shared_machines(asked.values()).items():
        groups.setdefault(machine, []).append(name)
    found: dict[str, MachineTurns] = {}
    longest = 0
    for names in groups.values():
        if not any(name in remote for name in names):
            continue
        totals = {name: len(queues[name]) for name in names}
        size = block_size(max(totals.values()), max(arms[name].concurrency for name in names))
        longest = max(longest, size)
        found |= dict.fromkeys(names, MachineTurns(totals, size))
    return found, longest


def turn_of(provider: ArmProvider) -> AbstractAsyncContextManager[object]:
    """Return what a call of the provider holds while it is under way: the device of this process. A
    server serves many at once.
    """
    return NO_TURN if provider.device is None or provider.remote else provider.device.turn


def room_of(provider: ArmProvider) -> AbstractAsyncContextManager[object]:
    """Return what a call of the provider holds from before it is promised until it is over: a place
    among those that a cluster's engines can work on soon. An arm without a cluster has no such
    limit beside its own concurrency.
    """
    room: AbstractAsyncContextManager[object] = getattr(provider, "room", NO_TURN)
    return room
