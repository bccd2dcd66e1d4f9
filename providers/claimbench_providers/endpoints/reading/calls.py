"""Put the pieces of tool calls together, as endpoints stream them.

The protocol numbers calls, names each once and gives its id once. Servers give every call the
number 0, or none, leave ids out, or repeat id and name in every piece: which call a piece belongs
to is told by all of them, and by arguments that are whole, after which nothing can follow.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from claimbench.types import ToolCall


@dataclass(slots=True)
class _Call:
    """One call as far as it has come; ``at``: its number, or its place among all."""

    at: int
    stamp: int | None
    name: str = ""
    identity: str | None = None
    arguments: str = ""


class ToolCalls:
    """Collect the calls of one answer."""

    def __init__(self) -> None:
        self._calls: list[_Call] = []
        self._by_number: dict[int, _Call] = {}

    def __bool__(self) -> bool:
        """Tell whether any call came."""
        return bool(self._calls)

    def piece(
        self,
        number: Any,
        identity: str | None,
        name: str | None,
        given: str,
        stamp: int | None,
        *,
        beside: bool = False,
    ) -> None:
        """Add one piece.

        Args:
            number: of its call; None where the server gives none.
            identity: the call's id, where this piece has it.
            name: the tool's, where this piece has it.
            given: some of its arguments.
            stamp: when it came.
            beside: another piece of the same message came before it: without a number and an id
                that are known it is a call of its own.
        """
        at = _number(number)
        call = self._known(at, identity, beside)
        if call is not None and not name and call.arguments.strip() == "{}" and given.strip():
            call.arguments = ""  # it held the place of those that come
        if call is None or _begins(call, identity, name, given):
            before = "" if call is None else call.name
            call = _Call(len(self._calls) if at is None else at, stamp, before)
            self._calls.append(call)
        if at is not None:
            self._by_number[at] = call
        call.identity = identity or call.identity
        call.name = name or call.name
        call.arguments += given

    def _known(self, at: int | None, identity: str | None, beside: bool) -> _Call | None:
        if at is not None:
            return self._by_number.get(at)
        same = [call for call in self._calls if identity and call.identity == identity]
        if same or beside or not self._calls:
            return same[-1] if same else None
        return self._calls[-1]

    def events(self) -> Iterator[ToolCall]:
        """Yield the calls by their numbers, those of one number as they came."""
        for call in sorted(self._calls, key=lambda call: call.at):
            yield ToolCall(call.name, call.arguments, call.identity, call.stamp)


def _begins(call: _Call, identity: str | None, name: str | None, given: str) -> bool:
    """Tell whether a piece begins another call than the one that it seems to go on with."""
    other = bool(identity and call.identity and identity != call.identity)
    if name and other:
        return True
    renamed = bool(name and call.name and name != call.name)
    if not call.arguments.strip():
        return renamed
    if not _whole(call.arguments):
        return False
    return bool(given.strip()) or renamed


def _whole(arguments: str) -> bool:
    text = arguments.strip()
    if not (text.startswith("{") and text.endswith("}")):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _number(number: Any) -> int | None:
    if isinstance(number, str) and number.strip().isdecimal():
        return int(number[:6])
    return number if isinstance(number, int) else None
