"""How far a session has come: live counts, filled by the loop and shown while it runs."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from claimbench.types import Call, CallRecord, Note

KEPT = 500
"""Finished calls that wait for whoever watches; a run that nobody watches keeps no more."""


def _no_limit() -> Decimal | None:
    return None


@dataclass(slots=True)
class ArmProgress:
    """Count what one arm has done so far.

    ``alike``: samples of the calls that failed as their first did, while none was answered.
    """

    planned: int
    done: int = 0
    errors: int = 0
    retries: int = 0
    spent_usd: Decimal = Decimal(0)
    unpriced: int = 0
    answered: int = 0
    failed_in_a_row: int = 0
    stoppers_in_a_row: int = 0
    stopped: str | None = None
    first_fault: tuple[str, int | None] | None = None
    alike: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Progress:
    """Hold the live state of a session. ``notes`` are events worth a line.

    ``recent`` are calls that finished since somebody last took them, the oldest dropped first.
    ``left_usd`` says what is left of the budget of the whole run, None without one.
    """

    arms: dict[str, ArmProgress]
    started_ns: int
    notes: list[Note] = field(default_factory=list)
    ended: str | None = None
    recent: deque[CallRecord] = field(default_factory=lambda: deque(maxlen=KEPT))
    left_usd: Callable[[], Decimal | None] = _no_limit

    @property
    def done(self) -> int:
        """Return the number of calls finished in this session."""
        return sum(arm.done for arm in self.arms.values())

    @property
    def planned(self) -> int:
        """Return the number of calls that this session set out to finish."""
        return sum(arm.planned for arm in self.arms.values())


class Runs(Protocol):
    """Run a part of a plan: the loop, or the loop with the judges after it."""

    async def run(self, calls: Sequence[Call]) -> Progress:
        """Run ``calls`` to the end, or until stopped."""
        ...

    def stop(self, reason: str) -> None:
        """Start nothing more; what is in flight may end."""
        ...
