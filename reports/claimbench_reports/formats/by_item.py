"""What a run left in the order of its calls, put by items for pages that show them one by one."""

from __future__ import annotations

import pickle
import zlib
from collections import defaultdict
from typing import Any

A_BUCKET = 2_000
"""Items whose entries are inflated at once."""
A_PART = 500
"""Entries that are deflated at once."""


class ByItem:
    """Small tuples by item, that come in any order and are asked for item by item: deflated in
    buckets of neighbours.
    """

    def __init__(self) -> None:
        self._open: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
        self._parts: dict[int, list[bytes]] = defaultdict(list)
        self._held: tuple[int, dict[int, list[tuple[Any, ...]]]] = (-1, {})

    def add(self, item: int, *entry: object) -> None:
        """Take what is known of an item beside what was taken before."""
        bucket = item // A_BUCKET
        rows = self._open[bucket]
        rows.append((item, *entry))
        if len(rows) >= A_PART:
            self._close(bucket)

    def _close(self, bucket: int) -> None:
        rows = self._open.pop(bucket, None)
        if rows:
            self._parts[bucket].append(zlib.compress(pickle.dumps(rows, 5), 1))

    def of(self, item: int) -> list[tuple[Any, ...]]:
        """Return all entries of an item, as they came."""
        bucket = item // A_BUCKET
        if self._held[0] != bucket:
            self._close(bucket)
            found: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
            for part in self._parts[bucket]:
                # Made by this object, a moment ago
                for row in pickle.loads(zlib.decompress(part)):  # noqa: S301
                    found[row[0]].append(row[1:])
            self._held = (bucket, found)
        return self._held[1].get(item, [])
