"""One field of all rows, over their blocks, as arrays."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from typing import Any

import numpy as np

from claimbench.packing import Column, Nested, numbers_of, some_of, values_of
from claimbench.packing.factors import Codes, factored, ints_of

Flags = np.ndarray[tuple[int], np.dtype[np.bool_]]
Floats = np.ndarray[tuple[int], np.dtype[np.float64]]


def whole_ints(columns: Sequence[Column]) -> tuple[Any, Flags]:
    """Return whole numbers, 0 where there is none, and where there is one."""
    parts = [ints_of(column) for column in columns]
    if not parts:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.bool_)
    return np.concatenate([ints for ints, _ in parts]), np.concatenate(
        [there for _, there in parts]
    )


def whole_floats(columns: Sequence[Column]) -> Floats:
    """Return numbers, nan where there is none."""
    return np.concatenate([_floats_of(column) for column in columns] or [np.empty(0)])


def _floats_of(column: Column) -> Floats:
    if column.kind == "floats":
        return np.frombuffer(column.data, dtype=np.float64)
    if column.kind == "some":
        there, others = some_of(column)
        found = np.full(len(there), np.nan)
        found[there] = _floats_of(others)
        return found
    return np.asarray(values_of(column), dtype=np.float64)  # None is read as nan


def whole_amounts(columns: Sequence[Column]) -> Floats:
    """Return amounts (Decimals) as the nearest floats, nan where there is none."""
    parts = [np.empty(0)]
    for column in columns:
        values, places = factored(column)
        nearest = np.asarray([np.nan if value is None else float(value) for value in values])
        parts.append(nearest[places])
    return np.concatenate(parts)


def whole_codes(columns: Sequence[Column | Nested]) -> tuple[list[Any], Codes]:
    """Return the different values of a field, and the place among them of each row's."""
    number: dict[Any, int] = {}
    distinct: list[Any] = []
    parts: list[Codes] = []
    for column in columns:
        values, codes = factored(column)
        places = np.empty(len(values), dtype=np.int64)
        for k, value in enumerate(values):
            key = (str, value) if isinstance(value, str) else pickle.dumps(value, 5)
            at = number.setdefault(key, len(distinct))
            if at == len(distinct):
                distinct.append(value)
            places[k] = at
        parts.append(places[codes])
    return distinct, np.concatenate(parts or [np.empty(0, dtype=np.int64)])


def whole_ragged(columns: Sequence[Column]) -> tuple[Codes, Any]:
    """Return how many whole numbers each row has, and all of them, one row's after another's."""
    lengths: list[Any] = [np.empty(0, dtype=np.int64)]
    flat: list[Any] = [np.empty(0, dtype=np.int64)]
    for column in columns:
        if column.kind == "same" and not column.data[0]:
            lengths.append(np.zeros(column.data[1], dtype=np.int64))
            continue
        if column.kind == "ragged":
            counts, numbers = numbers_of(column.data)
            lengths.append(counts)
            flat.append(numbers)
            continue
        values = values_of(column)
        lengths.append(np.fromiter(map(len, values), np.int64, count=len(values)))
        flat.append(np.asarray([number for row in values for number in row]))
    return np.concatenate(lengths), np.concatenate(flat)
