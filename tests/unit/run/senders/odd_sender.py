"""A provider for tests of crews: does what its arm's options say, in the process of a sender."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import AsyncIterator
from typing import Any

from claimbench.errors import ModelError, RateLimited
from claimbench.types import Arm, ArmFacts, Delta, Done, Event, Request, UsageReport


class Odd(RateLimited):
    """A plugin's own class of fault, which cannot be made again from its message alone."""

    def __init__(self, message: str, wait_s: float) -> None:
        super().__init__(message, retry_after_s=wait_s)


class OddProvider:
    stamp_source = "sdk"

    def __init__(self, does: str) -> None:
        self._does = does
        if does == "odd traffic":
            self.traffic = {"a.test": lambda: None}

    def missing(self) -> str | None:
        return None

    def constraint(self, _request: Request) -> str:
        return "none"

    async def start(self) -> ArmFacts:
        if self._does == "does not start":
            raise ModelError("the model is not there")
        if self._does == "dies at its start":
            sys.stderr.write("one line\nno license for sk-proj-abcdefghijklmnopqrstuvwxyz0123\n")
            os._exit(3)
        if self._does == "aborts at its start":
            sys.stderr.write("libodd: assertion failed\n")
            sys.stderr.flush()
            os.abort()
        if self._does == "odd facts":
            unpicklable: Any = {"load": lambda: None}
            return ArmFacts(model_returned="odd-1", details=unpicklable)
        return ArmFacts(model_returned="odd-1")

    async def stream(self, request: Request) -> AsyncIterator[Event]:
        if self._does == "dies":
            os._exit(7)
        if self._does == "blocks":
            time.sleep(600)  # noqa: ASYNC251 - as a careless plugin does
        if self._does == "odd fault":
            raise Odd("slow down", 2.5)
        if self._does == "odd values":
            unpicklable: Any = {"call": lambda: None}
            yield UsageReport(None, unpicklable)
        yield Delta(f"{request.call_id}: yes")
        yield Done("stop")

    async def close(self) -> None:
        """Nothing to close."""


def create(arm: Arm, _context: object) -> OddProvider:
    return OddProvider(str(arm.options["does"]))
