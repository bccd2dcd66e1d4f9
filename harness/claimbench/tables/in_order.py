"""What a run left of each call, asked for nearly in the order in which it lies: nothing is held but
what was passed over and waits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from claimbench.packed import Packed, columns, hashes_of, repeated, some_rows
from claimbench.types import Attempt, Score

MOST_WAITING = 10_000
"""Attempts passed over, from which on it is looked up whether a call has any at all."""


class TriesOfCalls:
    """The attempts of each call. A call with one, as nearly all have, is read as it is asked for;
    all of those with several are held.
    """

    def __init__(self, attempts: Iterable[Attempt]) -> None:
        rows = attempts if isinstance(attempts, Sequence) else list(attempts)
        self._hashes = hashes_of(columns(rows, "call_id"))
        self._again = repeated(lambda: columns(rows, "call_id"))
        self._several: dict[str, list[Attempt]] = {call_id: [] for call_id in self._again}
        if self._again:
            ids = enumerate(columns(rows, "call_id"))
            places = [at for at, call_id in ids if call_id in self._again]
            for attempt in some_rows(rows, places):
                self._several[attempt.call_id].append(attempt)
        self._rest = iter(rows)
        self._waiting: dict[str, Attempt] = {}

    def of(self, call_id: str) -> tuple[Attempt, ...]:
        """Return a call's attempts by their numbers; ask once for each call."""
        several = self._several.pop(call_id, None)
        if several is not None:
            return tuple(sorted(several, key=lambda attempt: attempt.number))
        found = self._waiting.pop(call_id, None)
        looked = False
        while found is None:
            if len(self._waiting) >= MOST_WAITING and not looked:
                looked = True
                if not self._may_be_there(call_id):
                    return ()
            attempt = next(self._rest, None)
            if attempt is None:
                return ()
            if attempt.call_id == call_id:
                found = attempt
            elif attempt.call_id not in self._again:
                self._waiting[attempt.call_id] = attempt
        return (found,)

    def _may_be_there(self, call_id: str) -> bool:
        """Say whether the call can have an attempt; asked where reading on to find out is long."""
        wanted = hash(call_id)
        at = int(np.searchsorted(self._hashes, wanted))
        return at < len(self._hashes) and bool(self._hashes[at] == wanted)


class ScoresOfCalls:
    """The scores of each call. Packed ones were made of the records, in their order, and are read
    beside them; few are held whole.
    """

    def __init__(self, scores: Iterable[Score]) -> None:
        self._waiting: dict[str, list[Score]] = {}
        self._rest: Iterator[Score] = iter(())
        if isinstance(scores, Packed):
            self._rest = iter(scores)
        else:
            for score in scores:
                self._waiting.setdefault(score.call_id, []).append(score)
        self._next = next(self._rest, None)

    def of(self, call_id: str) -> list[Score]:
        """Return a call's scores as they lie; ask once for each call."""
        while call_id not in self._waiting and self._next is not None:
            group = self._waiting.setdefault(self._next.call_id, [])
            one = self._next.call_id
            while self._next is not None and self._next.call_id == one:
                group.append(self._next)
                self._next = next(self._rest, None)
        return self._waiting.pop(call_id, [])
