"""Costs of many rows as a few costs, and which each row has: packed without an object for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from claimbench.packed import BLOCK, Packed
from claimbench.packing import Nested, keys_of, pack_coded, pack_nested
from claimbench.packing.factors import Codes
from claimbench.types import Cost


class Known:
    """A cost that many rows may have."""

    def __init__(self, cost: Cost) -> None:
        self.cost = cost

    @cached_property
    def keyed(self) -> tuple[Cost, Sequence[Any]]:
        """The cost and its :func:`~claimbench.packing.keys_of`, written once."""
        return self.cost, keys_of(self.cost)


@dataclass(frozen=True)
class Coded:
    """The costs of some rows: ``costs`` by ``code``, each with the moment ``stamps`` by ``at``."""

    costs: Sequence[Known]
    code: Codes
    stamps: Sequence[str | None]
    at: Codes

    def rows(self, chosen: Codes) -> Coded:
        """Return those of some rows."""
        return Coded(self.costs, self.code[chosen], self.stamps, self.at[chosen])

    def row(self, number: int) -> Cost:
        """Return the cost of one row."""
        cost: Cost = self.costs[self.code[number]].cost
        stamp = self.stamps[self.at[number]]
        return cost if cost.priced_at == stamp else replace(cost, priced_at=stamp)


class CostPacker:
    """Packs the costs of rows as they come."""

    def __init__(self) -> None:
        self._shared: dict[Any, Any] = {}
        self._blocks: list[Nested] = []
        self._waiting: list[Coded] = []
        self._n = 0

    def add(self, part: Coded) -> None:
        """Take the costs of the next rows."""
        self._waiting.append(part)
        self._n += len(part.code)
        if self._n < BLOCK:
            return
        whole = _joined(self._waiting)
        full = self._n - self._n % BLOCK
        for start in range(0, full, BLOCK):
            self._close(whole.rows(np.arange(start, start + BLOCK)))
        self._waiting = [whole.rows(np.arange(full, self._n))]
        self._n -= full

    def done(self) -> Packed[Cost]:
        """Return the costs of all rows that were taken, in their order."""
        if self._n:
            self._close(_joined(self._waiting))
        return Packed(Cost, self._blocks)

    def _close(self, rows: Coded) -> None:
        used, code = np.unique(rows.code, return_inverse=True)
        if len(used) > len(code) // 2:
            costs = [rows.row(k) for k in range(len(code))]
            self._blocks.append(pack_nested(Cost, costs, self._shared))
            return
        keyed = [rows.costs[k].keyed for k in used.tolist()]
        moments, at = np.unique(rows.at, return_inverse=True)
        stamps = [rows.stamps[k] for k in moments.tolist()]
        made = pack_coded(keyed, code, {"priced_at": (stamps, at)}, self._shared)
        self._blocks.append(made)


def _joined(parts: Sequence[Coded]) -> Coded:
    """Return the rows of several, one after another."""
    costs: list[Known] = []
    stamps: list[str | None] = []
    codes, at = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for part in parts:
        codes.append(part.code + len(costs))
        at.append(part.at + len(stamps))
        costs += part.costs
        stamps += part.stamps
    return Coded(costs, np.concatenate(codes), stamps, np.concatenate(at))
