"""Very many rows of one frozen dataclass in little memory: kept by columns, in blocks, made again
when read.

A run of a million calls leaves three million rows, each an object of a dozen others: gigabytes, of
which a report reads a few fields at a time. A :class:`Packed` holds a block of rows as columns
(numbers as machine numbers, ids as bytes, texts deflated, what repeats once), and gives equal rows
back: ``list(Packed.of(cls, rows)) == rows``, to the last bit of every float and digit of every
Decimal. A pass makes the objects of one block at a time; :func:`columns` reads single fields
without making any.

Rows are plain ``@dataclass(frozen=True, slots=True)`` without ``__post_init__``; a row that was
read is a new object each time, so it is compared with ``==``, never with ``is``.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, groupby, islice
from operator import attrgetter
from threading import Lock
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from claimbench.packing import (
    Column,
    Nested,
    nested_some,
    nested_values,
    pack,
    pack_nested,
    shape_of,
    values_of,
)

if TYPE_CHECKING:
    import numpy as np

T = TypeVar("T")
B = TypeVar("B")

BLOCK = 4096
"""Rows of a block."""
_HELD = 24
"""Blocks whose rows are kept made, where rows are asked for one by one: as many as a run has arms,
whose calls may lie far apart, and some.
"""


class _Held(Generic[B]):
    """The blocks that were asked for last, made; threads may ask side by side."""

    def __init__(self, make: Callable[[int], B]) -> None:
        self._make = make
        self._blocks: dict[int, B] = {}
        self._lock = Lock()
        self._number = -1
        self.last: B = ()  # type: ignore[assignment]

    def __getitem__(self, number: int) -> B:
        with self._lock:
            if number != self._number:
                found = self._blocks.pop(number, None)
                if found is None:
                    found = self._make(number)
                    if len(self._blocks) >= _HELD:
                        del self._blocks[next(iter(self._blocks))]
                self._blocks[number] = self.last = found
                self._number = number
            return self._blocks[number]


class Packed(Sequence[T], Generic[T]):
    """Rows of one dataclass; made by :meth:`of` or a :class:`Packer`, and never changed."""

    __slots__ = ("_blocks", "_held", "_n", "_size", "cls")

    def __init__(self, cls: type[T], blocks: Sequence[Nested], size: int = BLOCK) -> None:
        self.cls = cls
        self._blocks = tuple(blocks)
        self._size = size
        self._n = sum(block.n for block in self._blocks)
        self._held: _Held[list[T]] = _Held(self.block)

    @classmethod
    def of(cls, kind: type[T], rows: Iterable[T], size: int = BLOCK) -> Packed[T]:
        """Pack ``rows``, read once, a block at a time."""
        packer = Packer(kind, size)
        packer.extend(rows)
        return packer.done()

    @classmethod
    def of_any(cls, kind: type[T], rows: Iterable[T]) -> Packed[T]:
        """Return ``rows`` packed, unless they are."""
        return rows if isinstance(rows, Packed) else cls.of(kind, rows)

    def __len__(self) -> int:
        return self._n

    def __iter__(self) -> Iterator[T]:
        return chain.from_iterable(map(nested_values, self._blocks))

    @overload
    def __getitem__(self, at: int) -> T: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[T, ...]: ...
    def __getitem__(self, at: int | slice) -> T | tuple[T, ...]:
        if isinstance(at, slice):
            start, stop, step = at.indices(self._n)
            if step == 1 and start == 0:
                return tuple(islice(self, stop))
            return tuple(self[i] for i in range(start, stop, step))
        at += self._n if at < 0 else 0
        if not 0 <= at < self._n:
            raise IndexError(at)
        number, within = divmod(at, self._size)
        return self._held[number][within]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str | bytes):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]

    def __add__(self, other: Iterable[T]) -> tuple[T, ...]:
        return (*self, *other)

    def __reduce__(self) -> tuple[Any, ...]:
        return Packed, (self.cls, self._blocks, self._size)

    def __repr__(self) -> str:
        return f"<{self._n:,} packed rows of {self.cls.__name__}>"

    @property
    def n_blocks(self) -> int:
        """How many blocks there are."""
        return len(self._blocks)

    def block(self, number: int) -> list[T]:
        """Return the rows of one block."""
        return nested_values(self._blocks[number])

    def column(self, path: str) -> Iterator[Any]:
        """Read one field of every row, ``"call.id"`` for a field of a field; no row is made.

        What lies behind a field that may be None cannot be read so, but as that field.
        """
        return chain.from_iterable(_values_at(block, path) for block in self._blocks)

    def columns_at(self, path: str) -> list[Any]:
        """Return one field of every row as its blocks keep it (:mod:`claimbench.packing`)."""
        return [_column_at(block, path) for block in self._blocks]

    def some(self, places: Iterable[int]) -> list[T]:
        """Return the rows at some places, in their order; each block is read once."""
        found: list[T] = []
        for number, mine in groupby(sorted(places), key=lambda at: at // self._size):
            found += nested_some(self._blocks[number], [at % self._size for at in mine])
        return found


def _values_at(block: Nested, path: str) -> list[Any]:
    """Return the values of one field of a block's rows."""
    return values_of(_column_at(block, path))


def _column_at(block: Nested, path: str) -> Any:
    """Return one field of a block's rows as it is kept."""
    found: Any = block
    for name in path.split("."):
        if not isinstance(found, Nested):
            raise AttributeError(f"{path}: the rows are kept by their fields")
        found = found.fields[shape_of(found.cls).names.index(name)]
    return found


class Packer(Generic[T]):
    """Packs rows as they come: holds one block of them as objects, and gives the whole at the
    end.
    """

    def __init__(self, kind: type[T], size: int = BLOCK) -> None:
        self._kind = kind
        self._size = size
        self._rows: list[T] = []
        self._blocks: list[Nested] = []
        self._shared: dict[Any, Any] = {}

    def append(self, row: T) -> None:
        """Take one row."""
        self._rows.append(row)
        if len(self._rows) >= self._size:
            self._close()

    def extend(self, rows: Iterable[T]) -> None:
        """Take rows, read once."""
        source = iter(rows)
        while taken := list(islice(source, self._size - len(self._rows))):
            self._rows += taken
            if len(self._rows) >= self._size:
                self._close()

    def done(self) -> Packed[T]:
        """Return all rows that were taken."""
        if self._rows:
            self._close()
        return Packed(self._kind, self._blocks, self._size)

    def _close(self) -> None:
        self._blocks.append(pack_nested(self._kind, self._rows, self._shared))
        self._rows = []


class PackedMapping(Mapping[str, T], Generic[T]):
    """Rows by a key of text, in the order of the rows; asked for nearly in that order (a run's
    calls), a row costs what a pass costs. Keys are distinct.
    """

    __slots__ = ("_found", "_held", "_keys", "_rows", "_size")

    def __init__(self, keys: Sequence[Column], rows: Packed[T]) -> None:
        self._rows = rows
        self._size = rows._size
        self._keys = list(keys)
        self._found: tuple[Any, Any] | None = None
        self._held: _Held[dict[str, T]] = _Held(self._block)

    @classmethod
    def keyed(cls, keys: Iterable[str], rows: Packed[T]) -> PackedMapping[T]:
        """Return ``rows`` by ``keys``, which come in their order."""
        kept: list[Column] = []
        source = iter(keys)
        shared: dict[Any, Any] = {}
        n = 0
        while taken := list(islice(source, rows._size)):
            n += len(taken)
            kept.append(pack(taken, shared))
        if n != len(rows):
            raise ValueError(f"{n} keys for {len(rows)} rows")
        return cls(kept, rows)

    @classmethod
    def of(cls, kind: type[T], rows: Mapping[str, T], size: int = BLOCK) -> PackedMapping[T]:
        """Pack a mapping."""
        return cls.keyed(rows.keys(), Packed.of(kind, rows.values(), size))

    def __reduce__(self) -> tuple[Any, ...]:
        return PackedMapping, (self._keys, self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[str]:
        return chain.from_iterable(map(values_of, self._keys))

    def __getitem__(self, key: str) -> T:
        last = self._held.last
        if key in last:
            return last[key]
        for number in self._blocks_of(key):
            rows = self._held[number]
            if key in rows:
                return rows[key]
        raise KeyError(key)

    def __contains__(self, key: object) -> bool:
        if not isinstance(key, str):
            return False
        return key in self._held.last or any(
            key in self._held[number] for number in self._blocks_of(key)
        )

    def some(self, keys: Iterable[str]) -> dict[str, T]:
        """Return the rows of those of ``keys`` that are there, each block made once."""
        wanted: dict[int, list[str]] = {}
        for key in keys:
            for number in self._blocks_of(key):
                wanted.setdefault(number, []).append(key)
        found: dict[str, T] = {}
        for number in sorted(wanted):
            rows = self._block(number)
            found.update((key, rows[key]) for key in wanted[number] if key in rows)
        return found

    def items(self) -> Any:
        """Give every key with its row, in order, one block in memory at a time."""
        return _Items(self)

    def values(self) -> Any:
        """Give the rows in order."""
        return self._rows

    def keys_at(self) -> list[Column]:
        """Return the keys of the rows as they are kept, block by block."""
        return self._keys

    def _block(self, number: int) -> dict[str, T]:
        return dict(zip(values_of(self._keys[number]), self._rows.block(number), strict=True))

    def _blocks_of(self, key: str) -> list[int]:
        """Return the blocks that may hold a key: those with one of its hash, nearly always one or
        none.
        """
        import numpy as np  # not before it is needed: opening a store needs none

        if self._found is None:  # most mappings are only passed over
            hashes = np.frombuffer(array("q", map(hash, self)), dtype=np.int64)
            order = np.argsort(hashes, kind="stable").astype(np.int32)
            self._found = hashes[order], order
        hashes, order = self._found
        wanted = hash(key)
        at = int(np.searchsorted(hashes, wanted))
        found: list[int] = []
        while at < len(hashes) and hashes[at] == wanted:
            found.append(int(order[at]) // self._size)
            at += 1
        return found


class _Items(Generic[T]):
    """The pairs of a packed mapping, as often as they are asked for."""

    def __init__(self, mapping: PackedMapping[T]) -> None:
        self._mapping = mapping

    def __len__(self) -> int:
        return len(self._mapping)

    def __iter__(self) -> Iterator[tuple[str, T]]:
        for number in range(len(self._mapping._keys)):
            yield from self._mapping._block(number).items()


def columns(rows: Iterable[Any], *paths: str) -> Iterator[Any]:
    """Read some fields of every row: tuples of them, or the values of one field; from packed rows
    without making a row.
    """
    if isinstance(rows, Packed):
        found = [rows.column(path) for path in paths]
        return found[0] if len(found) == 1 else zip(*found, strict=True)
    return map(attrgetter(*paths), rows)


def some_rows(rows: Sequence[T], places: Iterable[int]) -> list[T]:
    """Return the rows at some places, in their order."""
    return rows.some(places) if isinstance(rows, Packed) else [rows[at] for at in sorted(places)]


def some_values(rows: Mapping[str, T], keys: Iterable[str]) -> dict[str, T]:
    """Return the entries of those of ``keys`` that are there."""
    if isinstance(rows, PackedMapping):
        return rows.some(keys)
    return {key: rows[key] for key in keys if key in rows}


def all_differ(rows: Packed[Any], path: str) -> bool:
    """Return whether no two rows have the same id in a field."""
    from claimbench.packing.ids import Ids  # numpy is not before it is needed

    firsts = Ids(rows.columns_at(path)).firsts()
    return bool((firsts[1:] > firsts[:-1]).all())


def hashes_of(keys: Iterable[str]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return the hashes of keys, sorted: 8 bytes for each where a set of them takes 150."""
    import numpy as np  # not before it is needed: opening a store needs none

    found = np.frombuffer(array("q", map(hash, keys)), dtype=np.int64)
    return np.sort(found)


def repeated(keys: Callable[[], Iterable[str]]) -> set[str]:
    """Return the keys that come more than once; ``keys`` gives them anew each time."""
    found = hashes_of(keys())
    again = set(found[1:][found[1:] == found[:-1]].tolist())
    if not again:
        return set()
    counts = Counter(key for key in keys() if hash(key) in again)
    return {key for key, n in counts.items() if n > 1}
