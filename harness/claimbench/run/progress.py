"""How far a session has come: live counts, filled by the loop and shown while it runs."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Protocol

from claimbench.clock import Clock
from claimbench.types import Call, CallRecord, Intent, Note, NoteKind

KEPT = 500
"""Finished calls that wait for whoever watches; a run that nobody watches keeps no more."""


def _no_limit() -> Decimal | None:
    return None


def _both(one: Decimal | None, two: Decimal | None) -> Decimal | None:
    """Add two bounds; None where either is unknown."""
    return None if one is None or two is None else one + two


@dataclass(slots=True)
class Open:
    """Count attempts whose bill nobody knows; ``at_most`` bounds them together, None if nothing
    does.
    """

    n: int = 0
    at_most: Decimal | None = Decimal(0)

    def add(self, bound: Decimal | None) -> None:
        """Count one more, of at most ``bound`` dollars."""
        self.n += 1
        self.at_most = _both(self.at_most, bound)

    def and_also(self, others: Iterable[Open]) -> Open:
        """Return these and ``others`` together."""
        found = Open(self.n, self.at_most)
        for other in others:
            found.at_most = _both(found.at_most, other.at_most)
            found.n += other.n
        return found


@dataclass(slots=True)
class ArmProgress:
    """Count what one arm has done so far.

    ``alike``: samples of the calls that failed as their first did, while none was answered.
    ``not_asked``: places of conversations and episodes that were over before, in none of the other
    counts; ``cut_off``: those of them behind a fault. ``limited``: attempts that were refused for
    their rate (429). ``more_usd``: what limits count above ``spent_usd``, where vendors state a
    charge below their prices.
    """

    planned: int
    done: int = 0
    errors: int = 0
    retries: int = 0
    spent_usd: Decimal = Decimal(0)
    open: Open = field(default_factory=Open)
    more_usd: Decimal = Decimal(0)
    not_asked: int = 0
    cut_off: int = 0
    limited: int = 0
    answered: int = 0
    failed_in_a_row: int = 0
    stoppers_in_a_row: int = 0
    stopped: str | None = None
    first_fault: tuple[str, int | None] | None = None
    alike: set[str] = field(default_factory=set)

    def pay(self, cost: Decimal | None, counted: Decimal | None, bound: Decimal | None) -> None:
        """Take what an attempt cost (None: unknown, of at most ``bound``, or of what its vendor
        says above that) and what limits count for it.
        """
        if cost is None:
            self.open.add(counted or bound)
            return
        self.spent_usd += cost
        if counted is not None:
            self.more_usd += max(counted - cost, Decimal(0))


@dataclass(slots=True)
class Progress:
    """Hold the live state of a session. ``notes`` are events worth a line.

    ``recent`` are calls that finished since somebody last took them, the oldest dropped first.
    ``left_usd`` says what is left of the budget of the whole run, None without one; ``held_back``
    which arms are rate limited, at what pace, and who waits for them (empty: none).
    ``earlier_usd``: what earlier sessions of a resumed run were surely charged (None: there was
    none); ``earlier_open``: their attempts whose bill nobody knows, and of those ``in_flight`` were
    under way when one died; ``earlier_more_usd``: what limits count above that (see
    :class:`ArmProgress`).
    """

    arms: dict[str, ArmProgress]
    started_ns: int
    notes: list[Note] = field(default_factory=list)
    ended: str | None = None
    recent: deque[CallRecord] = field(default_factory=lambda: deque(maxlen=KEPT))
    left_usd: Callable[[], Decimal | None] = _no_limit
    held_back: Callable[[], str] = str
    earlier_usd: Decimal | None = None
    earlier_more_usd: Decimal = Decimal(0)
    earlier_open: Open = field(default_factory=Open)
    in_flight: int = 0

    @property
    def done(self) -> int:
        """Return the number of calls finished in this session."""
        return sum(arm.done for arm in self.arms.values())

    @property
    def more_usd(self) -> Decimal:
        """Return what limits count above the run's dollars, earlier sessions included."""
        return sum((arm.more_usd for arm in self.arms.values()), self.earlier_more_usd)

    @property
    def not_asked(self) -> int:
        """Return the number of turns and steps that were over before they were asked."""
        return sum(arm.not_asked for arm in self.arms.values())

    @property
    def cut_off(self) -> int:
        """Return the number of those that were behind a fault."""
        return sum(arm.cut_off for arm in self.arms.values())

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


CLOCK_JUMP_S = 5.0
"""Wall and monotonic time may drift apart by this much within a session before it is said."""


def in_end_reason(note: Note) -> Note:
    """Mark the note of an arm that was given up: :func:`stopped_arms` names every one."""
    return replace(note, in_end_reason=True) if note.kind is NoteKind.ARM_STOPPED else note


def stopped_arms(progress: Progress) -> str | None:
    """Name the arms that were given up, else those whose calls failed; None without either."""
    stopped = [
        f"{name}: {arm.stopped}" for name, arm in progress.arms.items() if arm.stopped is not None
    ]
    faults = []
    for name, arm in progress.arms.items():
        said = [f"{arm.errors} calls failed"] if arm.errors else []
        if arm.cut_off:
            said.append(f"{arm.cut_off} turns or steps after a fault were not asked")
        if said:
            faults.append(f"{name}: {', '.join(said)}")
    return "; ".join(stopped or faults) or None


def tell_earlier(
    progress: Progress, charged: Decimal, more: Decimal, unsaid: Open, in_doubt: Sequence[Intent]
) -> None:
    """Set what earlier sessions were surely ``charged``, what limits count ``more``, and which of
    their attempts nobody knows the bill of: ``unsaid``, and ``in_doubt``, which were in flight
    when one died and may be billed.
    """
    progress.earlier_usd = charged
    progress.earlier_more_usd = more
    progress.in_flight = len(in_doubt)
    progress.earlier_open = Open().and_also([unsaid])
    for intent in in_doubt:
        progress.earlier_open.add(intent.reserved_usd)


def note_clock_jump(progress: Progress, clock: Clock, started_utc: float, started_ns: int) -> None:
    """Note that the time of day and the steady clock went apart since the start."""
    wall, steady = clock.utc().timestamp() - started_utc, (clock.monotonic_ns() - started_ns) / 1e9
    if abs(wall - steady) > CLOCK_JUMP_S:
        text = (
            f"the system clock jumped by {wall - steady:+.0f} s during the session; durations are"
            " not affected, but times of day and prices by date may be"
        )
        progress.notes.append(Note(NoteKind.CLOCK_JUMP, text))
