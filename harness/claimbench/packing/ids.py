"""Ids of many rows, found among each other without an object for each: a run's are hexadecimal, and
their bytes are compared. Ids of any other form are compared as texts, to the same result.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from claimbench.packing import Column, pack, values_of

Places = np.ndarray[tuple[int], np.dtype[np.int64]]
_KEY = 8
"""Bytes of an id by which it is looked up; the rest is compared where they agree."""


Bytes = np.ndarray[tuple[int, int], np.dtype[np.uint8]]


class Ids:
    """One id of each row, in their order."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._texts: list[str] | None = None
        self._bytes: Bytes | None = None
        widths = {column.data[0] if column.kind == "hex" else 0 for column in columns}
        width = widths.pop() // 2 if len(widths) == 1 else 0
        if width >= _KEY:
            blob = b"".join(column.data[1] for column in columns)
            self._bytes = np.frombuffer(blob, dtype=np.uint8).reshape(-1, width)
        else:
            self._texts = [text for column in columns for text in values_of(column)]

    def taken(self, places: Places) -> Ids:
        """Return the ids at some places."""
        found = Ids(())
        if self._bytes is not None:
            found._bytes = self._bytes[places]
        else:
            texts = self.texts()
            found._texts = [texts[place] for place in places.tolist()]
        return found

    def columns(self, size: int) -> list[Column]:
        """Return the ids as columns of packed rows, ``size`` in each but the last."""
        n = len(self._texts or []) if self._bytes is None else len(self._bytes)
        starts = range(0, n, size)
        if self._bytes is None:
            texts = self.texts()
            return [pack(texts[at : at + size], {}) for at in starts]
        width = 2 * self._bytes.shape[1]
        return [Column("hex", (width, self._bytes[at : at + size].tobytes())) for at in starts]

    def texts(self) -> list[str]:
        """Return the ids."""
        if self._bytes is None:
            return self._texts or []
        whole, width = self._bytes.tobytes().hex(), 2 * self._bytes.shape[1]
        return [whole[at : at + width] for at in range(0, len(whole), width)]

    def array(self) -> np.ndarray[tuple[int], np.dtype[np.str_]]:
        """Return the ids as an array."""
        if self._bytes is None or not len(self._bytes):
            return np.asarray(self.texts(), dtype=np.str_)
        whole, width = self._bytes.tobytes().hex(), 2 * self._bytes.shape[1]
        return np.frombuffer(whole.encode("utf-32-le"), dtype=f"<U{width}")

    def places_of(self, wanted: Ids) -> Places:
        """Return where each id of ``wanted`` stands first among these; -1: nowhere."""
        found = self._places_by_bytes(wanted)
        if found is not None:
            return found
        at: dict[str, int] = {}
        for place, text in enumerate(self.texts()):
            at.setdefault(text, place)
        texts = wanted.texts()
        return np.fromiter((at.get(text, -1) for text in texts), np.int64, count=len(texts))

    def firsts(self) -> Places:
        """Return for each row where its id stands first."""
        return self.places_of(self)

    def _places_by_bytes(self, wanted: Ids) -> Places | None:
        """Do the same by the ids' bytes; None where they do not tell."""
        mine, theirs = self._bytes, wanted._bytes
        if mine is None or theirs is None or mine.shape[1] != theirs.shape[1] or not len(mine):
            return None
        keys, asked = _keys(mine), _keys(theirs)
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        at = np.searchsorted(keys, asked)
        at[at == len(keys)] = 0
        there = keys[at] == asked
        places = order[at]
        same = (mine[places, _KEY:] == theirs[:, _KEY:]).all(axis=1)
        if not same[there].all():  # two ids begin alike
            return None
        places[~there] = -1
        return places


def _keys(ids: Bytes) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    return np.ascontiguousarray(ids[:, :_KEY]).view(np.uint64).ravel()
