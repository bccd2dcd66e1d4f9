"""The senders of a run: started, given work, replaced when one dies.

::

    open -> _fill: begin, start every arm --done--> _members --dies--> _fill, the tries it has left
                   `-- dies, fails: again, after a pause; after MOST_TRIES the place stays empty
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from claimbench.errors import BenchError
from claimbench.run.senders.frames import SenderSetup, Started, Told
from claimbench.run.senders.member import ATTEMPT, CLOSE_S, Member, SenderLost, begin
from claimbench.types import Request

MOST_TRIES = 5
"""Senders started in one's place, with no attempt answered in between, after which none is."""
PAUSE_S = 0.2
"""Before the second try; each further one waits twice as long."""
START_S = 120.0
"""How long a sender may take to start an arm, its own start included."""
GRACE_S = 30.0
"""How much longer than the suite's timeouts a sender may take to answer: then it hangs."""
LOOK_S = 5.0
"""How often hanging senders are looked for."""


@dataclass
class Crew:
    """``n`` senders, shared by all endpoint arms of a run."""

    n: int
    setup: SenderSetup
    say: Callable[[str], None]
    why_ended: str | None = None
    told: list[Told] = field(default_factory=list)
    """What senders said of themselves when they were closed."""
    uncounted: int = 0
    """Senders that were lost before they could say what they sent where."""
    _members: list[Member] = field(default_factory=list)
    _filling: set[asyncio.Task[None]] = field(default_factory=set)
    _arms: list[str] = field(default_factory=list)
    _said: dict[str, Started] = field(default_factory=dict)
    """By arm, what its provider said when it was started: the first answer, or an error."""
    _ready: set[str] = field(default_factory=set)
    """Arms that every sender could start."""
    _short: str | None = None
    """Why a place in the crew stays empty."""
    _opening: int = 0
    _users: int = 0
    _watching: asyncio.Task[None] | None = None

    async def open(self, arm: str) -> Started:
        """Start the senders, if nobody has, and the arm's provider in each; return what the first
        of them said.

        Raises:
            BenchError: not all senders could be started.
        """
        first, self._users = self._users == 0, self._users + 1
        self._opening += 1
        try:
            self._arms.append(arm)
            if first:
                self._watching = asyncio.ensure_future(self._watch())
                for _ in range(self.n):
                    self._fill_place(0, "")
            await asyncio.gather(
                *(self._start(one, arm) for one in self._members), return_exceptions=True
            )
            while self._filling:
                await asyncio.wait(self._filling)
        finally:
            self._opening -= 1
        if self._short is not None:
            raise BenchError(
                f"{self.n} senders cannot be started: {self._short}",
                hint="fewer --senders, or more of what is short (ulimit -n, memory); nothing was"
                " sent",
            )
        started = self._said[arm]
        if started.facts is None:
            self._arms.remove(arm)
        else:
            self._ready.add(arm)
        return started

    async def _start(self, member: Member, arm: str) -> None:
        """Start an arm in a sender.

        Raises:
            BenchError: it cannot, and others could.
        """
        started: Started = await member.ask("start", arm, within_s=START_S)
        if arm in self._ready:
            if started.facts is None:
                raise BenchError(started.message)
        elif started.facts is None or arm not in self._said:
            self._said[arm] = started

    def _fill_place(self, tries: int, why: str) -> None:
        task = asyncio.ensure_future(self._fill(tries, why))
        self._filling.add(task)
        task.add_done_callback(self._filling.discard)

    async def _fill(self, tries: int, why: str) -> None:
        """Start a sender in an empty place; ``tries`` were in vain, the last for the reason
        ``why``.
        """
        for number in range(tries, MOST_TRIES):
            if number:
                await asyncio.sleep(PAUSE_S * 2 ** (number - 1))
            if self._opening and self._short is not None:
                return
            try:
                member = await begin(self.setup, self._lose, number + 1)
            except BenchError as error:
                why = error.message
                continue
            try:
                async with asyncio.timeout(START_S):
                    await self._start_every_arm(member)
            except TimeoutError:
                why = f"it did not start within {START_S:g} s"
                member.end_now(why)
                await member.end()
                break
            except (SenderLost, BenchError) as error:
                why = member.lost or str(error)
                member.end_now(why)
                await member.end()
            except BaseException:
                member.end_now("it was not needed any more")
                await member.end()
                raise
            else:
                self._members.append(member)
                return
        self._give_up(why)

    async def _start_every_arm(self, member: Member) -> None:
        started: set[str] = set()
        while todo := [arm for arm in self._arms if arm not in started]:  # more may join meanwhile
            await self._start(member, todo[0])
            started.add(todo[0])

    def _give_up(self, why: str) -> None:
        """Leave a place empty; the task that tried to fill it is still among the others."""
        if self._opening:
            self._short = self._short or why
        elif self._members or len(self._filling) > 1:
            left = f"{len(self._members)} of {self.n} go on"
            self.say(f"a sender could not be replaced in {MOST_TRIES} tries ({why}); {left}")
        if not self._members and len(self._filling) <= 1:
            self.why_ended = f"no sender is left: {why}"

    def _lose(self, member: Member) -> None:
        if member not in self._members:
            return  # it was being started, or is told to end
        self._members.remove(member)
        self.uncounted += 1
        how = str(member.lost)
        self.say(
            f"a sender was lost ({how}); calls in flight there, sent again: {member.in_flight}"
        )
        self._fill_place(0 if member.answered else member.tries, how)

    async def _watch(self) -> None:
        """End senders that hang: stopped, or busy with something that never ends."""
        while True:
            await asyncio.sleep(LOOK_S)
            for member in self._members:
                if member.is_late():
                    member.end_now("it hung, and was ended")

    async def free(self) -> Member | None:
        """Return the sender with the fewest calls in flight; None once none is left and none will
        come.
        """
        while not self._members:
            if self.why_ended is not None or not self._filling:
                return None
            await asyncio.wait(set(self._filling), return_when=asyncio.FIRST_COMPLETED)
        return min(self._members, key=lambda one: one.load)

    def attempt(
        self, member: Member, arm: str, request: Request
    ) -> tuple[int, asyncio.Future[Any]]:
        """Have a sender make an attempt; see :meth:`Member.asked`."""
        within_s = request.timeout_s + request.connect_timeout_s + GRACE_S
        return member.asked(ATTEMPT, arm, request, within_s=within_s)

    async def lag(self) -> Mapping[str, float]:
        """Return how late the event loop of the latest sender was, ms; empty: unknown."""
        found = [told.lag_ms for told in await self._told_by(self._members) if told.lag_ms]
        return max(found, key=lambda one: one["p99"], default={})

    async def _told_by(self, members: Sequence[Member]) -> list[Told]:
        """Return what senders say of themselves; nothing of those that cannot say any more."""

        async def asked(member: Member) -> Told | None:
            with contextlib.suppress(SenderLost, TimeoutError):
                told: Told = await asyncio.wait_for(member.ask("tell", within_s=START_S), CLOSE_S)
                return told
            return None

        found = await asyncio.gather(*(asked(member) for member in members))
        return [told for told in found if told is not None]

    async def close(self) -> None:
        """Leave; with the last arm the senders end, after they said what they sent where."""
        self._users -= 1
        if self._users > 0 or self._watching is None:
            return
        tasks = [self._watching, *self._filling]
        self._watching = None
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        members = tuple(self._members)
        self._members.clear()
        told = await self._told_by(members)
        self.told += told
        self.uncounted += len(members) - len(told)
        await asyncio.gather(*(member.end() for member in members))
