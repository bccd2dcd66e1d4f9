"""Texts of many calls in few bytes, and numbers that are the same of all: a million outcomes as an
array of texts are 50 MB, as codes one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

import numpy as np

from claimbench.packing import pack
from claimbench.packing.ids import Ids
from claimbench.stats.arrays import IntArray, StrArray

A = TypeVar("A", bound=np.ndarray[Any, Any])


def strings(values: Iterable[str]) -> StrArray:
    """Make a string array."""
    return np.asarray(list(values), dtype=np.str_)


def ids_of(texts: StrArray) -> Ids:
    """Return an array of ids, by their bytes where they have the form of a run's."""
    return Ids([pack(texts.tolist(), {})] if len(texts) else [])


class Texts:
    """A text of each call: ids, or a place among few ``values``."""

    __slots__ = ("_ids", "_places", "_values")

    def __init__(self, values: StrArray, places: IntArray) -> None:
        self._ids: Ids | None = None
        self._values, self._places = values, places

    @classmethod
    def of_ids(cls, ids: Ids) -> Texts:
        """Keep the ids themselves."""
        found = cls(strings(()), np.empty(0, dtype=np.int64))
        found._ids = ids
        return found

    def array(self) -> StrArray:
        """Return them as an array, made anew."""
        return self._values[self._places] if self._ids is None else self._ids.array()

    def ids(self) -> Ids:
        """Return them as ids."""
        return ids_of(self.array()) if self._ids is None else self._ids

    def one(self, number: int) -> str:
        """Return a single call's."""
        if self._ids is None:
            return str(self._values[self._places[number]])
        return self._ids.taken(np.asarray([number])).texts()[0]


class KeptTexts:
    """A field of texts: may be given as :class:`Texts`, and is read as an array either way."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, rows: Any, kind: type | None = None) -> Any:
        if rows is None:
            return self
        kept = rows.__dict__[self._name]
        return kept.array() if isinstance(kept, Texts) else kept

    def __set__(self, rows: Any, value: Any) -> None:
        rows.__dict__[self._name] = value


def slim(numbers: A) -> A:
    """Return numbers; where all are the same to the last bit, one that is read as many."""
    if len(numbers) < 2 or numbers.ndim != 1:
        return numbers
    bits = _bits(numbers)
    if not (bits == bits[0]).all():
        return numbers
    return np.broadcast_to(numbers[:1].copy(), numbers.shape)  # type: ignore[return-value]


def shared(first: A, second: A) -> A:
    """Return ``first`` in place of ``second``, where they are the same to the last bit."""
    same = first.dtype == second.dtype and np.array_equal(_bits(first), _bits(second))
    return first if same else second


def _bits(numbers: Any) -> Any:
    return numbers.view(np.int64) if numbers.dtype == np.float64 else numbers
