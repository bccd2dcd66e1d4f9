"""The driver's end of a sender: what it writes, and to whom no more."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from claimbench.run.senders.member import Member


class Writer:
    """Count writes; ``closing`` as a transport whose other end is gone."""

    def __init__(self, closing: bool) -> None:
        self.closing, self.written = closing, 0

    def is_closing(self) -> bool:
        return self.closing

    def write(self, _words: bytes) -> None:
        self.written += 1


@pytest.mark.parametrize(("closing", "written"), [(False, 2), (True, 0)])
async def test_nothing_is_written_to_a_sender_that_is_gone(closing: bool, written: int) -> None:
    writer: Any = Writer(closing)
    child: Any = SimpleNamespace()
    member = Member(child, writer, SimpleNamespace(), 1)  # type: ignore[arg-type]
    number, answer = member.asked("tell", within_s=1.0)
    member.cancel(number)
    assert writer.written == written
    assert not answer.done()  # it is told when the end of the process was read
    assert isinstance(answer, asyncio.Future)
