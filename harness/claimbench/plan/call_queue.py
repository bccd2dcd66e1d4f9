"""The calls that an arm has left, in their order: places in the plan, not the calls themselves."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence

from claimbench.packed import columns
from claimbench.types import Call


class CallQueue:
    """Calls of one arm, taken from the front; a call is made when it is asked for, so that a queue
    of a million takes megabytes.
    """

    __slots__ = ("_at", "_calls", "_places")

    def __init__(self, calls: Sequence[Call]) -> None:
        self._calls = calls
        self._places = array("q")
        self._at = 0

    def add(self, place: int) -> None:
        """Put the call at a place of the plan at the end."""
        self._places.append(place)

    def __len__(self) -> int:
        return len(self._places) - self._at

    @property
    def first(self) -> Call:
        """Return the next call, which stays.

        Raises:
            IndexError: there is none.
        """
        return self._calls[self._places[self._at]]

    def popleft(self) -> Call:
        """Take the next call.

        Raises:
            IndexError: there is none.
        """
        call = self.first
        self._at += 1
        return call


def queues_of(arms: Iterable[str], calls: Sequence[Call]) -> dict[str, CallQueue]:
    """Return each arm's calls in the order of the plan.

    Raises:
        KeyError: a call is of none of the arms.
    """
    queues = {arm: CallQueue(calls) for arm in arms}
    for place, arm in enumerate(columns(calls, "arm")):
        queues[arm].add(place)
    return queues
