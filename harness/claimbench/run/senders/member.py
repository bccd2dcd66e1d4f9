"""One sender, as the driver sees it: its process, and what it was asked and has not answered."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import IO, Any

from claimbench.errors import BenchError, visible
from claimbench.privacy.redact import Redactor
from claimbench.run.senders.frames import SenderSetup, frame, read

CLOSE_S = 5.0
"""How long a sender may take to end once it is told to."""
LAST_WORDS = 2_000
"""Bytes at the end of what a sender wrote to standard error that are looked at."""
ATTEMPT = "attempt"


class SenderLost(Exception):
    """The process that was asked has ended; the message says how."""


@dataclass(slots=True)
class Asked:
    """Hold one question that waits: ``until``, on the loop's clock, it is believed to come."""

    word: str
    answer: asyncio.Future[Any]
    until: float


@dataclass(eq=False)
class Member:
    """One sender. ``answered`` says whether it ever gave an attempt."""

    child: asyncio.subprocess.Process
    writer: asyncio.StreamWriter
    errors: IO[bytes]
    tries: int = 1
    """How many senders were started in this one's place, itself too, since one answered."""
    answered: bool = False
    lost: str | None = None
    why: str | None = None
    """Why the driver has ended it."""
    reading: asyncio.Task[None] | None = None
    _waiting: dict[int, Asked] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def asked(self, word: str, *rest: object, within_s: float) -> tuple[int, asyncio.Future[Any]]:
        """Ask for something; return the question's number and the answer to come, which raises
        :class:`SenderLost` if the process ends first.
        """
        loop = asyncio.get_running_loop()
        number, answer = next(self._numbers), loop.create_future()
        if self.lost is not None:
            answer.set_exception(SenderLost(self.lost))
        else:
            self._waiting[number] = Asked(word, answer, loop.time() + within_s)
            self._tell(frame((number, word, *rest)))
        return number, answer

    async def ask(self, word: str, *rest: object, within_s: float) -> Any:
        """Ask for something and wait for the answer."""
        _, answer = self.asked(word, *rest, within_s=within_s)
        return await answer

    def cancel(self, number: int) -> None:
        """Cancel a question."""
        if self.lost is None:
            self._tell(frame((-1, "cancel", number)))

    def _tell(self, words: bytes) -> None:
        """Write, unless the process is gone: whoever waits is told so once its end was read."""
        if not self.writer.is_closing():  # else asyncio warns on the terminal of the run
            self.writer.write(words)

    @property
    def load(self) -> int:
        """Return how many questions wait."""
        return len(self._waiting)

    @property
    def in_flight(self) -> int:
        """Return how many attempts it was asked for that somebody still waits for."""
        waiting = self._waiting.values()
        return sum(one.word == ATTEMPT and not one.answer.done() for one in waiting)

    def is_late(self) -> bool:
        """Return whether it should have answered something by now."""
        now = asyncio.get_running_loop().time()
        return any(one.until < now for one in self._waiting.values())

    def end_now(self, why: str) -> None:
        """Kill it."""
        self.why = self.why or why
        with contextlib.suppress(ProcessLookupError):
            self.child.kill()

    async def end(self) -> None:
        """Tell it to end, and see to it that it does."""
        self.writer.close()
        if self.reading is not None:
            await self.reading

    async def read(self, reader: asyncio.StreamReader, lose: Callable[[Member], None]) -> None:
        """Hand answers to those who wait until the process is gone; then say so to ``lose``, and
        to all who wait.
        """
        try:
            with contextlib.suppress(EOFError):
                while True:
                    number, found = await read(reader)
                    asked = self._waiting.pop(number, None)
                    if asked is not None and not asked.answer.done():
                        self.answered = self.answered or asked.word == ATTEMPT
                        asked.answer.set_result(found)
        finally:
            self.writer.close()
            how = _how(await self._code(), self._last_words())
            self.lost = self.why or how
            self.errors.close()
            lose(self)
            for one in self._waiting.values():
                if not one.answer.done():
                    one.answer.set_exception(
                        SenderLost(f"the sender's process ended ({self.lost})")
                    )
            self._waiting.clear()

    async def _code(self) -> int:
        try:
            return await asyncio.wait_for(self.child.wait(), CLOSE_S)
        except TimeoutError:
            self.end_now("it did not end when it was told to")
            return await self.child.wait()

    def _last_words(self) -> str:
        with contextlib.suppress(OSError):
            end = self.errors.seek(0, os.SEEK_END)
            self.errors.seek(max(0, end - LAST_WORDS))
            lines = self.errors.read().decode("utf-8", "replace").strip().splitlines()
            return Redactor("full").mask(visible(lines[-1].strip()))[:300] if lines else ""
        return ""


async def begin(setup: SenderSetup, lose: Callable[[Member], None], tries: int) -> Member:
    """Start a sender; ``lose`` is told when it has ended.

    Raises:
        BenchError: the machine cannot start another process.
    """
    try:
        ours, theirs = socket.socketpair()
    except OSError as error:
        raise _cannot(error) from error
    with theirs:
        reader, writer = await asyncio.open_connection(sock=ours, limit=2**20)
        try:
            errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
            try:
                child = await _process(theirs.fileno(), errors)
            except BaseException:
                errors.close()
                raise
        except BaseException as error:
            writer.close()
            if isinstance(error, OSError | RuntimeError):  # RuntimeError: no thread to wait for it
                raise _cannot(error) from error
            raise
    writer.write(frame(setup))
    member = Member(child, writer, errors, tries)
    member.reading = asyncio.ensure_future(member.read(reader, lose))
    return member


async def _process(descriptor: int, errors: IO[bytes]) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",  # a module in the folder of the user is none of ours
        "-m",
        "claimbench.run.senders.process",
        str(descriptor),
        pass_fds=[descriptor],
        stdin=asyncio.subprocess.DEVNULL,
        stderr=errors,
        start_new_session=True,  # Ctrl-C is the driver's
    )


def _cannot(error: Exception) -> BenchError:
    words = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return BenchError(words)


def _how(code: int, last_words: str) -> str:
    said = f": {last_words}" if last_words else ""
    if code < 0:
        with contextlib.suppress(ValueError):
            return f"killed by {signal.Signals(-code).name}{said}"
    return f"exit code {code}{said}"
