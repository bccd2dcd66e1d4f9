"""Columns as arrays: numbers, and codes by which equal values are worked on once.

Values that are told apart here may be equal all the same; values of one code are the same to the
last bit.
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from itertools import count
from typing import Any

import numpy as np

from claimbench.packing import Column, Nested, some_of, values_at, values_of

Codes = np.ndarray[tuple[int], np.dtype[np.int64]]
_MOST = 2**62
"""Codes of several columns are combined as long as their product stays below."""


def ints_of(column: Column) -> tuple[Any, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    """Return the whole numbers of a column, 0 where it has none, and where it has one."""
    if column.kind == "ints":
        found: Any = np.frombuffer(column.data[1], dtype=column.data[0]).astype(np.int64)
        return found, np.ones(len(found), dtype=np.bool_)
    if column.kind == "same":
        value, n = column.data
        return np.full(n, 0 if value is None else value), np.full(n, value is not None)
    if column.kind == "some":
        there, others = some_of(column)
        inner, known = ints_of(others)
        found = np.zeros(len(there), dtype=inner.dtype)
        found[there] = inner
        mask = there.copy()
        mask[there] = known
        return found, mask
    values = values_of(column)
    mask = np.fromiter((value is not None for value in values), np.bool_, count=len(values))
    return np.asarray([0 if value is None else value for value in values]), mask


def codes_of(column: Column | Nested) -> tuple[Codes, int]:
    """Return a number for each value, the same only for the same values, and a bound of them."""
    if isinstance(column, Nested):
        return combined([codes_of(field) for field in column.fields], column.n)
    kind, data = column
    if kind == "same":
        return np.zeros(data[1], dtype=np.int64), 1
    if kind == "few":
        return np.frombuffer(data[1], dtype=np.uint8).astype(np.int64), len(data[0])
    if kind == "shared":
        return np.frombuffer(data[2], dtype=data[1]).astype(np.int64), len(data[0])
    if kind == "ints":
        numbers = np.frombuffer(data[1], dtype=data[0])
        low, high = int(numbers.min()), int(numbers.max())
        if high - low < 2**31:
            return numbers.astype(np.int64) - low, high - low + 1
        return _numbered(numbers)
    if kind == "floats":
        return _numbered(np.frombuffer(data, dtype=np.int64))
    if kind == "some":
        there, others = some_of(column)
        inner, bound = codes_of(others)
        found = np.zeros(len(there), dtype=np.int64)
        found[there] = inner + 1
        return found, bound + 1
    if kind == "rows":
        return codes_of(data)
    if kind == "decimals":
        return codes_of(data)
    return _written(values_of(column))


def combined(parts: Sequence[tuple[Codes, int]], n: int) -> tuple[Codes, int]:
    """Return one code for each row from those of several columns."""
    found, bound = np.zeros(n, dtype=np.int64), 1
    for codes, size in parts:
        if size == 1:
            continue
        if bound * size >= _MOST:
            found, bound = _numbered(found)
        if bound * size >= _MOST:
            codes, size = _numbered(codes)
        found = found * size + codes
        bound *= size
    return found, bound


def factored(column: Column | Nested) -> tuple[list[Any], Codes]:
    """Return the values of a column, each once or a few times, and the place of each row's."""
    if isinstance(column, Column):
        if column.kind == "same":
            return [column.data[0]], np.zeros(column.data[1], dtype=np.int64)
        if column.kind in ("few", "shared"):
            return list(column.data[0]), codes_of(column)[0]
    codes, _ = codes_of(column)
    firsts, places = first_places(codes)
    return values_at(column, firsts), places


def first_places(codes: Codes) -> tuple[list[int], Codes]:
    """Return where each code comes first, and for each row which of these is its own."""
    _, firsts, places = np.unique(codes, return_index=True, return_inverse=True)
    return firsts.tolist(), places


def _numbered(numbers: Any) -> tuple[Codes, int]:
    distinct, codes = np.unique(numbers, return_inverse=True)
    return codes.astype(np.int64), len(distinct)


def _written(values: list[Any]) -> tuple[Codes, int]:
    """Number values by their texts, or by what is written of them."""
    keys = values if set(map(type, values)) == {str} else [pickle.dumps(v, 5) for v in values]
    number: dict[Any, int] = {}
    fresh = count()
    codes = [number[key] if key in number else number.setdefault(key, next(fresh)) for key in keys]
    return np.asarray(codes, dtype=np.int64), len(number)
