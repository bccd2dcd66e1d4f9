"""One block of packed rows: columns, each in the smallest of the ways that give it back exactly.

:mod:`claimbench.packed` says what packed rows are.
"""

from __future__ import annotations

import contextlib
import dataclasses
import pickle
import zlib
from array import array
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cache
from itertools import chain, islice, repeat
from operator import attrgetter, is_not
from typing import Any, NamedTuple, get_type_hints

from msgspec.structs import astuple

from claimbench.packing.twins import original

FEW = 256
"""Distinct values of a column up to which each is kept once."""
_CODES = 2**16
"""Codes that two bytes tell apart."""


class Column(NamedTuple):
    """Values of one column: how they are kept, and they."""

    kind: str
    data: Any


class Nested(NamedTuple):
    """Values of a dataclass: by field, in its order."""

    cls: type
    n: int
    fields: tuple[Any, ...]


class Ragged(NamedTuple):
    """Tuples of whole numbers: how many each row has, its first, and the steps from one to the
    next, in the smaller kind of number that holds them all; the step to a first is 0.
    """

    counts: bytes
    firsts: bytes
    kind: str
    steps: bytes


class _Shape(NamedTuple):
    """How rows of a dataclass are taken apart and put together."""

    names: tuple[str, ...]
    get: tuple[Callable[[Any], Any], ...]
    put: tuple[Callable[[Any, Any], None], ...]
    nested: tuple[type | None, ...]


@cache
def shape_of(cls: type) -> _Shape:
    """Read a dataclass once. A field that is always another dataclass is kept by its fields."""
    hints = get_type_hints(cls)
    names = tuple(field.name for field in dataclasses.fields(cls))
    nested = [hints[name] if dataclasses.is_dataclass(hints[name]) else None for name in names]
    return _Shape(
        names,
        tuple(attrgetter(name) for name in names),
        # A slot's own setter: a frozen dataclass's takes twice as long
        tuple(getattr(cls, name).__set__ for name in names),
        tuple(nested),
    )


def pack_nested(cls: type, rows: Sequence[Any], shared: dict[Any, Any]) -> Nested:
    """Keep rows, or their twins, by their fields; ``shared`` holds what several blocks have in
    common, once.
    """
    shape = shape_of(cls)
    found: list[Any] = []
    for values, inner in zip(_by_field(shape, rows), shape.nested, strict=True):
        if inner is not None and set(map(original, set(map(type, values)))) == {inner}:
            found.append(pack_nested(inner, values, shared))
        else:
            found.append(pack(values, shared))
    return Nested(cls, len(rows), tuple(found))


def _by_field(shape: _Shape, rows: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Give the values of each field, in the order of the dataclass's."""
    twins = set(map(type, rows))
    twin: Any = twins.pop()
    if twins or original(twin) is twin:
        for get in shape.get:
            yield list(map(get, rows))
        return
    fields = dict(zip(twin.__struct_fields__, zip(*map(astuple, rows), strict=True), strict=True))
    for name in shape.names:
        yield fields.pop(name)


def keys_of(row: Any) -> tuple[tuple[type, bytes], ...]:
    """Return of each field of a row what is the same only for the same values."""
    kind: Any = type(row)
    shape = shape_of(kind)
    return tuple((type(v), pickle.dumps(v, 5)) for v in (get(row) for get in shape.get))


def pack_coded(
    rows: Sequence[tuple[Any, Sequence[Any]]],
    codes: Any,
    instead: Mapping[str, tuple[Sequence[Any], Any]],
    shared: dict[Any, Any],
) -> Nested:
    """Keep rows that are few different ones.

    Args:
        rows: these, each with its :func:`keys_of`; there is one.
        codes: an array: which of them each row is.
        instead: fields that are given by themselves: the values, each once, and which each row has.
        shared: what several blocks have in common, once.
    """
    import numpy as np  # not before it is needed: opening a store needs none

    cls: Any = type(rows[0][0])
    shape, n = shape_of(cls), len(codes)
    fields: list[Any] = []
    made = [row for row, _ in rows]
    of_fields = zip(*(keys for _, keys in rows), strict=True)
    for name, get, keys in zip(shape.names, shape.get, of_fields, strict=True):
        if name in instead:
            once, which = instead[name]
        else:
            # Of equal ones the first is kept
            value = dict(zip(reversed(keys), map(get, reversed(made)), strict=True))
            place = {key: at for at, key in enumerate(dict.fromkeys(keys))}
            once = [shared.setdefault(key, value[key]) for key in place]
            which = np.fromiter(map(place.__getitem__, keys), np.int32, count=len(keys))[codes]
        if len(once) == 1:
            fields.append(Column("same", (once[0], n)))
        else:
            kind = "H" if len(once) <= _CODES else "I"
            kept = np.asarray(which).astype(kind).tobytes()
            fields.append(Column("shared", (tuple(once), kind, kept)))
    return Nested(cls, n, tuple(fields))


def nested_values(block: Nested) -> list[Any]:
    """Return the rows of a block, made anew."""
    shape = shape_of(block.cls)
    made: list[Any] = list(map(object.__new__, repeat(block.cls, block.n)))
    for put, column in zip(shape.put, block.fields, strict=True):
        deque(map(put, made, values_of(column)), maxlen=0)
    return made


def nested_some(block: Nested, places: Sequence[int]) -> list[Any]:
    """Return the rows at some places of a block, made anew, and no others."""
    shape = shape_of(block.cls)
    made: list[Any] = list(map(object.__new__, repeat(block.cls, len(places))))
    for put, column in zip(shape.put, block.fields, strict=True):
        deque(map(put, made, values_at(column, places)), maxlen=0)
    return made


def values_at(column: Column | Nested, places: Sequence[int]) -> list[Any]:
    """Return the values at some places of a column; of rows no others are made."""
    if isinstance(column, Nested):
        return nested_some(column, places)
    if column.kind == "same":
        return [column.data[0]] * len(places)
    if column.kind == "rows":
        return nested_some(column.data, places)
    if column.kind == "some":
        there, others = some_of(column)
        inner = there.cumsum() - 1
        some = [place for place in places if there[place]]
        found = iter(values_at(others, inner[some].tolist()))
        return [next(found) if there[place] else None for place in places]
    return list(map(values_of(column).__getitem__, places))


def some_of(column: Column) -> tuple[Any, Column]:
    """Return where a column of the kind ``some`` has values, as an array, and these."""
    import numpy as np  # not before it is needed: opening a store needs none

    bits, n, others = column.data
    return np.unpackbits(np.frombuffer(bits, dtype=np.uint8), count=n).astype(np.bool_), others


def pack(values: Sequence[Any], shared: dict[Any, Any]) -> Column:
    """Keep one column in the smallest of the ways that give it back exactly."""
    if not values or (values[0] is None and values.count(None) == len(values)):
        return Column("same", (None, len(values)))
    kinds = set(map(original, set(map(type, values))))
    if len(kinds) == 2 and type(None) in kinds:
        return _pack_some(values, shared)
    kind = kinds.pop() if len(kinds) == 1 else None
    if kind is int:
        return _pack_ints(values)
    if kind is float:
        return Column("floats", array("d", values).tobytes())
    if kind is str:
        return _pack_few(values, shared) or _pack_texts(values)
    if kind is bool or (
        kind is not None and issubclass(kind, str) and hasattr(kind, "__members__")
    ):
        few = _pack_few(values, shared)
        if few is not None:
            return few
    if kind is dict and not any(values):
        return Column("same", ({}, len(values)))
    if kind is dict or kind is Decimal:
        again = _pack_shared(values, shared)
        if again is not None:
            return again
    if kind is tuple:
        return _pack_tuples(values)
    if kind is not None and dataclasses.is_dataclass(kind) and hasattr(kind, "__slots__"):
        return Column("rows", pack_nested(kind, values, shared))
    if kind is Decimal:
        return Column("decimals", pack(list(map(str, values)), shared))
    return _pickled(values)


def _pack_some(values: Sequence[Any], shared: dict[Any, Any]) -> Column:
    """Keep where None stands, and the others by themselves."""
    import numpy as np  # not before it is needed: opening a store needs none

    there = np.fromiter(map(is_not, values, repeat(None)), dtype=np.bool_, count=len(values))
    others = [v for v in values if v is not None]
    return Column("some", (np.packbits(there).tobytes(), len(values), pack(others, shared)))


def _pack_few(values: Sequence[Any], shared: dict[Any, Any]) -> Column | None:
    distinct = list(dict.fromkeys(values))
    if len(distinct) == 1:
        only = shared.setdefault((type(distinct[0]), distinct[0]), distinct[0])
        return Column("same", (only, len(values)))
    if len(distinct) > min(FEW, max(2, len(values) // 4)):
        return None
    once = tuple(shared.setdefault((type(v), v), v) for v in distinct)
    code = {value: i for i, value in enumerate(once)}
    return Column("few", (once, bytes(map(code.__getitem__, values))))


def _pack_shared(values: Sequence[Any], shared: dict[Any, Any]) -> Column | None:
    """Keep each object once where many rows hold the very same ones (equal bills are one object);
    None where they do not. Objects of several blocks that are pickled equal are kept once for all.

    They are told apart by identity: equal amounts may differ in their digits (1.0 and 1.00).
    """
    by_id = dict(zip(map(id, values), values, strict=True))
    if len(by_id) > len(values) // 4:
        return None
    once = []
    for value in by_id.values():
        written = pickle.dumps(value, 5)
        once.append(shared.setdefault((type(value), written), value))
    code = {one: i for i, one in enumerate(by_id)}
    codes = array("H" if len(once) <= _CODES else "I", map(code.__getitem__, map(id, values)))
    return Column("shared", (tuple(once), codes.typecode, codes.tobytes()))


def _pack_texts(values: Sequence[str]) -> Column:
    width = len(values[0])
    whole = "".join(values)
    if width and width % 2 == 0 and set(map(len, values)) == {width}:
        with contextlib.suppress(ValueError):  # it is no hexadecimal number
            blob = bytes.fromhex(whole)
            if blob.hex() == whole:
                return Column("hex", (width, blob))
    return _pickled(values)


def _pack_ints(values: Sequence[int]) -> Column:
    low, high = min(values), max(values)
    if low == high:
        return Column("same", (low, len(values)))
    if low >= -(2**63) and high < 2**63:
        kind = "i" if low >= -(2**31) and high < 2**31 else "q"
        return Column("ints", (kind, array(kind, values).tobytes()))
    return _pickled(values)


def _pack_tuples(values: Sequence[tuple[Any, ...]]) -> Column:
    """Keep tuples of whole numbers (stamps of chunks) as their differences."""
    import numpy as np  # not before it is needed: opening a store needs none

    if not any(values):
        return Column("same", ((), len(values)))
    flat = list(chain.from_iterable(values))
    if set(map(type, flat)) != {int} or min(flat) < -(2**62) or max(flat) >= 2**62:
        return _pickled(values)
    numbers = np.asarray(flat, dtype=np.int64)
    counts = np.fromiter(map(len, values), dtype=np.int32, count=len(values))
    begins = (np.cumsum(counts) - counts)[counts > 0]
    steps = np.diff(numbers, prepend=numbers[:1])
    steps[begins] = 0
    kept = steps.astype(np.int32)
    if (kept != steps).any():
        kept = steps
    return Column(
        "ragged",
        Ragged(counts.tobytes(), numbers[begins].tobytes(), kept.dtype.char, kept.tobytes()),
    )


def _pickled(values: Sequence[Any]) -> Column:
    return Column("pickled", zlib.compress(pickle.dumps(list(values), 5), 1))


def values_of(column: Column | Nested) -> list[Any]:
    """Return the values of a column."""
    if isinstance(column, Nested):
        return nested_values(column)
    return _READ[column.kind](column.data)


def _read_few(data: Any) -> list[Any]:
    once, codes = data
    return list(map(once.__getitem__, codes))


def _read_shared(data: Any) -> list[Any]:
    once, kind, codes = data
    return list(map(once.__getitem__, _read_array(kind, codes)))


def _read_some(data: Any) -> list[Any]:
    there, others = some_of(Column("some", data))
    found: list[Any] = [None] * len(there)
    deque(map(found.__setitem__, there.nonzero()[0].tolist(), values_of(others)), maxlen=0)
    return found


def _read_hex(data: Any) -> list[str]:
    width, blob = data
    whole = blob.hex()
    return [whole[at : at + width] for at in range(0, len(whole), width)]


def _read_ragged(data: Any) -> list[tuple[int, ...]]:
    lengths, numbers = numbers_of(data)
    flat, counts = iter(numbers.tolist()), lengths.tolist()
    if counts.count(counts[0]) == len(counts):
        return list(zip(*[flat] * counts[0], strict=True))
    return [tuple(islice(flat, n)) for n in counts]


def numbers_of(data: Ragged) -> tuple[Any, Any]:
    """Return how many whole numbers each row has, and all of them, one row's after another's."""
    import numpy as np  # not before it is needed: opening a store needs none

    counts = np.frombuffer(data.counts, dtype=np.int32).astype(np.int64)
    there = counts[counts > 0]
    numbers = np.cumsum(np.frombuffer(data.steps, dtype=data.kind), dtype=np.int64)
    firsts = np.frombuffer(data.firsts, dtype=np.int64)
    return counts, numbers + np.repeat(firsts - numbers[np.cumsum(there) - there], there)


def _read_array(kind: str, data: bytes) -> list[Any]:
    found = array(kind)
    found.frombytes(data)
    return found.tolist()


_READ: Mapping[str, Callable[[Any], list[Any]]] = {
    "same": lambda data: [data[0]] * data[1],
    "few": _read_few,
    "some": _read_some,
    "shared": _read_shared,
    "hex": _read_hex,
    "ints": lambda data: _read_array(*data),
    "floats": lambda data: _read_array("d", data),
    "ragged": _read_ragged,
    "rows": nested_values,
    "decimals": lambda data: list(map(Decimal, values_of(data))),
    # Made by this process, of its own objects, a moment ago
    "pickled": lambda data: pickle.loads(zlib.decompress(data)),  # noqa: S301
}
