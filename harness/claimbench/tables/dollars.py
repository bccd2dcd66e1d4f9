"""Dollars of many calls as columns: bounds as numbers, and what they rest on, each kind once."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from claimbench.packed import Packed, PackedMapping
from claimbench.packing import pack
from claimbench.packing.factors import combined, first_places
from claimbench.packing.ids import Ids
from claimbench.packing.whole import whole_amounts, whole_codes
from claimbench.stats.arrays import FloatArray
from claimbench.types import Cost


@dataclass(frozen=True, slots=True)
class CostFacts:
    """What an arm's costs rest on: every value once, sorted; unknown ones left out."""

    price_ids: tuple[str, ...] = ()
    cost_bases: tuple[str, ...] = ()
    cost_why_unknown: tuple[str, ...] = ()
    currencies: tuple[str, ...] = ()


_Kind = tuple[str | None, ...]
"""Price, basis, why unknown and currency of a cost."""


def _facts(kinds: Collection[_Kind]) -> CostFacts:
    columns = ({kind[k] for kind in kinds} for k in range(4))
    return CostFacts(*(tuple(sorted(value for value in one if value)) for one in columns))


class CostColumns:
    """The costs of a run's calls as columns, read in one pass; any arm's are taken from them."""

    def __init__(self, costs: Mapping[str, Cost]) -> None:
        many = costs if isinstance(costs, PackedMapping) else PackedMapping.of(Cost, costs)
        rows: Packed[Cost] = many.values()
        self._ids = Ids(many.keys_at())
        amount, low, high = (
            whole_amounts(rows.columns_at(name)) for name in ("amount", "low", "high")
        )
        known = ~np.isnan(amount)
        # One row more: of a call without a cost
        self._bounds = np.full((len(rows) + 1, 3), math.nan)
        self._bounds[:-1, 0] = amount
        self._bounds[:-1, 1] = np.where(known, amount, low)
        self._bounds[:-1, 2] = np.where(known, amount, high)
        named = [whole_codes(rows.columns_at(name)) for name in _KIND]
        codes, _ = combined([(places, len(values)) for values, places in named], len(rows))
        firsts, kind = first_places(codes)
        self._kinds = [tuple(values[places[at]] for values, places in named) for at in firsts]
        self._kind = np.append(kind, -1)

    def of(self, call_ids: Ids) -> tuple[FloatArray, CostFacts]:
        """Return amount, low and high of each call, shape (n, 3), and what they rest on."""
        rows = self._ids.places_of(call_ids)  # -1, the last row, where there is none
        mine = np.unique(self._kind[rows])
        return self._bounds[rows], _facts([self._kinds[k] for k in mine.tolist() if k >= 0])


_KIND = ("price_id", "basis", "why_unknown", "currency")


def costs_in_order(costs: Sequence[Cost]) -> tuple[FloatArray, CostFacts]:
    """Return amount, low and high of costs in their order, shape (n, 3), and what they rest on."""
    names = [str(k) for k in range(len(costs))]
    columns = CostColumns(dict(zip(names, costs, strict=True)))
    return columns.of(Ids([pack(names, {})]))
