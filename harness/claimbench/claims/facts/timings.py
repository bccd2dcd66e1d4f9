"""The other ways to count times, in which a verdict about time has to stand too."""

from __future__ import annotations

from claimbench.claims.facts.connections import connection_flags, from_opening_on
from claimbench.claims.facts.first_answers import to_first_answers
from claimbench.claims.facts.held import Way
from claimbench.claims.facts.retries import over_whole_waits, retry_flags
from claimbench.claims.facts.token_counts import by_text
from claimbench.claims.types import Leaf
from claimbench.tables.types import CallTable
from claimbench.types import Reason


def ways_to_time(leaf: Leaf, calls: CallTable) -> list[Way]:
    """Return every other way to count the times of a claim's calls."""
    found = (over_whole_waits(leaf, calls), from_opening_on(leaf, calls))
    waits = [way for way in found if way is not None]
    widest = waits[-1].calls if waits else None
    return [*waits, *to_first_answers(leaf, calls, widest), *by_text(leaf, calls)]


def timing_flags(leaf: Leaf, calls: CallTable) -> tuple[Reason, ...]:
    """Flag what of the calls' times a reader should know beside a verdict."""
    return retry_flags(leaf, calls) + connection_flags(leaf, calls)
