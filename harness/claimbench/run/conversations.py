"""Turns of conversations in the loop: each waits for the answer before it, and is not asked once
its conversation has ended.

The loop's lanes take an arm's calls in the order of its queue. A turn stands in it behind the turns
before it, so that whatever a lane waits for is done, under way in another lane, or next: nobody
waits in a circle. Where an arm has several lanes, its queue is laid out so that as many
conversations go on side by side; an engine in this process takes them one after the other, for it
keeps the computation of one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future
from typing import Protocol

from claimbench.errors import StoreError
from claimbench.plan.turns import Turns
from claimbench.run.progress import ArmProgress
from claimbench.store.results import ResultsStore
from claimbench.types import Arm, Attempt, Call, CallRecord, Intent, Suite


class Keeps(Protocol):
    """Append what the loop measures; see :class:`claimbench.run.loop.Appender`."""

    def intent(self, intent: Intent) -> Future[None]:
        """Promise that a request is about to be sent."""
        ...

    def keep(self, row: Attempt | CallRecord, on_fault: Callable[[StoreError], None]) -> None:
        """Append an attempt or a finished call."""
        ...


class ComesBetween(Protocol):
    """What makes the calls that a step of an episode waits for; the loop knows no more of it, see
    :class:`claimbench.run.simulated.helpers.Between`.
    """

    def serve(self, ask: Callable[[Call], Awaitable[bool]], is_gone: Callable[[str], bool]) -> None:
        """Take who asks simulated users, and who knows whether one is asked no more."""
        ...

    def is_stuck(self, call: Call) -> bool:
        """Tell whether the episode of an arm's call cannot go on."""
        ...

    async def made(self, call: Call, keep: Callable[[CallRecord], None]) -> bool:
        """Make what comes before a step; False where it could not be finished now."""
        ...

    def passed_over(self, record: CallRecord, keep: Callable[[CallRecord], None]) -> None:
        """Take a step that is not asked."""
        ...


def read_turns(
    store: ResultsStore, run_id: str, suite: Suite, retried: Collection[str]
) -> tuple[Turns, dict[str, CallRecord]]:
    """Return what earlier sessions answered in the run's conversations, and the records of turns
    that are asked again, by call id.
    """
    turns = Turns(suite)
    again: dict[str, CallRecord] = {}
    if turns:
        for record in store.records(run_id):
            if record.call.id in retried:
                again[record.call.id] = record
            else:
                turns.keep(record)
    return turns, again


class TurnsInOrder:
    """Stand between the loop and its writer, and let turns start in their order.

    Args:
        turns: what was answered so far; records that are asked again are not in it.
        writer: keeps the rows.
        asked_again: the records that calls of this session have already, by call id: a reason that
            stands is not written twice.
        between: makes what a step of an episode waits for; None: nothing does.
    """

    def __init__(
        self,
        turns: Turns,
        writer: Keeps,
        asked_again: Mapping[str, CallRecord] | None = None,
        between: ComesBetween | None = None,
    ) -> None:
        self.turns = turns
        self.between = between
        self._writer = writer
        self._asked_again = dict(asked_again or {})
        self._changed = asyncio.Event()
        self._left: set[tuple[str, str, int] | None] = set()
        """Conversations that this session does not go on with: nobody waits for their turns."""

    def intent(self, intent: Intent) -> Future[None]:
        """Hand an intent on."""
        return self._writer.intent(intent)

    def keep(self, row: Attempt | CallRecord, on_fault: Callable[[StoreError], None]) -> None:
        """Hand a row on; a finished turn lets the next one start."""
        self._writer.keep(row, on_fault)
        if isinstance(row, CallRecord) and self.turns.knows(row.call):
            self._ended(row)

    def _ended(self, record: CallRecord) -> None:
        """Note how a turn ended, and let everybody who waits look."""
        self.turns.keep(record)
        self._look_again()

    def _look_again(self) -> None:
        changed = self._changed
        self._changed = asyncio.Event()
        changed.set()

    def _leaves(self, call: Call) -> bool:
        """Leave the rest of a conversation to a later session, for one of its calls could not be
        finished; the turns that wait for it are passed over. Returns True.
        """
        self._left.add(self.turns.conversation(call))
        self._look_again()
        return True

    async def passes_over(
        self,
        call: Call,
        halted: asyncio.Event,
        state: ArmProgress,
        on_fault: Callable[[StoreError], None],
    ) -> bool:
        """Wait until ``call`` may be asked, and return False; True where it is not to be: its arm
        or its simulated user was halted, or its conversation has ended, which is then its record.
        """
        if not self.turns.is_turn(call):
            return False
        while self.turns.earlier(call) is None:
            if halted.is_set() or self.turns.conversation(call) in self._left:
                return True
            await _first_of(self._changed, halted)
        if self.between is not None and self.between.is_stuck(call):
            return self._leaves(call)
        record = self.turns.not_asked(call)
        if record is None and self.between is not None:
            if not await self.between.made(call, lambda row: self.keep(row, on_fault)):
                return self._leaves(call)
            record = self.turns.not_asked(call)
        if record is None:
            return False
        if self.between is not None:
            self.between.passed_over(record, lambda row: self.keep(row, on_fault))
        before = self._asked_again.get(call.id)
        if before is not None and before.outcome is record.outcome:
            self._ended(before)
            return True
        self.keep(record, on_fault)
        state.planned -= 1  # a place that no request is sent for is no call
        state.not_asked += 1
        state.cut_off += record.outcome.missing
        return True


async def _first_of(*events: asyncio.Event) -> None:
    waiting = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in waiting:
            one.cancel()


def side_by_side(
    calls: Sequence[Call],
    arms: Mapping[str, Arm],
    order: TurnsInOrder | None,
    remote: Collection[str],
) -> Sequence[Call]:
    """Return ``calls`` with as many conversations of an arm side by side as it has lanes: first
    turns, then second ones; within a conversation, and among other calls, the order stays.
    """
    if order is None or not order.turns:
        return calls
    by_arm: dict[str, list[Call]] = {name: [] for name in arms}
    for call in calls:
        by_arm[call.arm].append(call)
    found: list[Call] = []
    for name, mine in by_arm.items():
        width = arms[name].concurrency if name in remote else 1
        found += _laid_out(mine, width, order.turns) if width > 1 else mine
    return found


def _laid_out(calls: Iterable[Call], width: int, turns: Turns) -> list[Call]:
    """Lay out one arm's calls: of ``width`` conversations at a time, turn by turn."""
    found: list[Call] = []
    group: dict[tuple[str, str, int], list[Call]] = {}
    for call in calls:
        key = turns.conversation(call)
        if key is None:
            found.append(call)
            continue
        if key not in group and len(group) >= width:
            found += _turn_by_turn(group.values())
            group = {}
        group.setdefault(key, []).append(call)
    return found + _turn_by_turn(group.values())


def _turn_by_turn(conversations: Iterable[list[Call]]) -> list[Call]:
    placed: list[tuple[int, int, Call]] = []
    for column, mine in enumerate(conversations):
        for row, call in enumerate(mine):
            placed.append((row, column, call))
    return [call for _, _, call in sorted(placed, key=lambda one: one[:2])]
