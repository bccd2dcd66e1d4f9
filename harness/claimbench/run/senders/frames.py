"""Messages between the driver and its senders: pickled, behind their length. Both ends are
processes of one run, of one user, on a socket pair that nobody else holds.
"""

from __future__ import annotations

import asyncio
import pickle
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from claimbench.errors import ProviderError
from claimbench.provider.contract import ProviderContext, ProviderFactory
from claimbench.types import Arm, ArmFacts, Event

_HEAD = struct.Struct(">I")


@dataclass(frozen=True, slots=True)
class SenderSetup:
    """Hold what a sender needs to make its providers: functions by name, and no key; it finds keys
    where the driver does.

    ``only``: hosts that may be reached; None: any.
    """

    arms: Mapping[str, tuple[Arm, ProviderFactory]]
    context: Callable[[str], ProviderContext]
    suite_dir: str
    offline: bool
    connect_timeout_s: float
    only: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """Hold what one attempt gave: its events, each with its stamp, and the fault that ended it."""

    events: tuple[Event, ...]
    fault: ProviderError | None = None


@dataclass(frozen=True, slots=True)
class Started:
    """Hold what a provider said when it started, or its error in words."""

    facts: ArmFacts | None
    message: str = ""
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """Hold what a sender says of itself: bytes by arm and host, hosts that it connected to, and how
    late its event loop was, ms.
    """

    traffic: Mapping[str, Mapping[str, Any]]
    connections: Mapping[str, int]
    lag_ms: Mapping[str, float]


def frame(value: object) -> bytes:
    """Return a value as bytes behind their length."""
    body = pickle.dumps(value, protocol=5)
    return _HEAD.pack(len(body)) + body


async def read(reader: asyncio.StreamReader) -> Any:
    """Read one value.

    Raises:
        EOFError: the other end is gone, or what it says cannot be read.
    """
    try:
        head = await reader.readexactly(_HEAD.size)
        body = await reader.readexactly(_HEAD.unpack(head)[0])
    except (asyncio.IncompleteReadError, ConnectionError) as error:
        raise EOFError from error
    try:
        return pickle.loads(body)  # noqa: S301 - from our own process
    except (pickle.UnpicklingError, AttributeError, ImportError, TypeError, ValueError) as error:
        raise EOFError from error
