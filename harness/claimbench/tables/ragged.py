"""One array of numbers per call, of any length, kept as one: a million arrays are gigabytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import overload

import numpy as np

from claimbench.stats.arrays import BoolArray, FloatArray

_PART = 65_536
"""Numbers that are arrays of calls at once."""


class Ragged(Sequence[FloatArray]):
    """Arrays of numbers, read as views of one."""

    __slots__ = ("_flat", "_starts")

    def __init__(
        self, flat: FloatArray, lengths: np.ndarray[tuple[int], np.dtype[np.int64]]
    ) -> None:
        self._flat = flat
        self._flat.flags.writeable = False
        self._starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)

    def __len__(self) -> int:
        return len(self._starts) - 1

    @overload
    def __getitem__(self, at: int) -> FloatArray: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[FloatArray, ...]: ...
    def __getitem__(self, at: int | slice) -> FloatArray | tuple[FloatArray, ...]:
        if isinstance(at, slice):
            return tuple(self[i] for i in range(*at.indices(len(self))))
        at += len(self) if at < 0 else 0
        if not 0 <= at < len(self):
            raise IndexError(at)
        return self._flat[self._starts[at] : self._starts[at + 1]]

    def __iter__(self) -> Iterator[FloatArray]:
        starts = self._starts.tolist()
        for start, end in pairwise(starts):
            yield self._flat[start:end]

    def lengths(self) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Return how many numbers each array has."""
        return np.diff(self._starts)

    def only(self, keep: BoolArray) -> Ragged:
        """Return the arrays for which ``keep`` is true."""
        lengths = self.lengths()
        return Ragged(self._flat[np.repeat(keep, lengths)], lengths[keep])

    def emptied(self, cut: BoolArray) -> Ragged:
        """Return the same arrays, those for which ``cut`` is true without their numbers."""
        lengths = self.lengths()
        return Ragged(self._flat[np.repeat(~cut, lengths)], np.where(cut, 0, lengths))


class RaggedParts:
    """Gathers arrays as they come."""

    def __init__(self) -> None:
        self._lengths: list[np.ndarray[tuple[int], np.dtype[np.int64]]] = []
        self._flat: list[FloatArray] = []
        self._of_calls: list[FloatArray] = []

    def append(self, numbers: FloatArray) -> None:
        """Take one call's."""
        self._of_calls.append(numbers)
        if len(self._of_calls) >= _PART:
            self._close()

    def _close(self) -> None:
        taken, self._of_calls = self._of_calls, []
        self._lengths.append(np.fromiter(map(len, taken), np.int64, count=len(taken)))
        self._flat.append(np.concatenate([one for one in taken if len(one)] or [np.empty(0)]))

    def done(self) -> Ragged:
        """Return all of them."""
        self._close()
        return Ragged(np.concatenate(self._flat), np.concatenate(self._lengths))


def ragged(arrays: Sequence[FloatArray]) -> Ragged:
    """Return ``arrays`` as one, unless they are."""
    if isinstance(arrays, Ragged):
        return arrays
    parts = RaggedParts()
    for one in arrays:
        parts.append(np.asarray(one, dtype=np.float64))
    return parts.done()
