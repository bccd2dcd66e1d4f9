"""Dollars at an arm's prices, beside those that its vendor says it charged."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from claimbench.tables.types import ArmItems, CallRows, CallTable, ItemTable

FAR = 2.0
"""A charge so many times the price, or the price so many times the charge, is far from it."""
APART = 0.05
"""Share of the dollars by which such charges lie off, from which on it is said."""


@dataclass(frozen=True, slots=True)
class Charges:
    """What came with an arm's answers as their charge, and what its prices say of the same calls.

    ``stated`` and ``priced``: dollars of the ``calls`` whose price is known; ``far``: how many of
    them differ by a factor of 2 or more, ``apart``: by how many dollars together. ``bounded``:
    calls with a charge whose price is known only within bounds; ``unchecked``: with a charge that
    no price can be held against; ``silent``: with none, or $0, so that the prices stand in.
    ``tiers``: cheaper tiers that came with ``n_tiers`` answers and that nobody asked for;
    ``served`` and ``asked``: dollars of those at these tiers and at the one that was asked for.
    """

    stated: float = 0.0
    priced: float = 0.0
    calls: int = 0
    far: int = 0
    apart: float = 0.0
    bounded: int = 0
    unchecked: int = 0
    silent: int = 0
    tiers: tuple[str, ...] = ()
    n_tiers: int = 0
    served: float = 0.0
    asked: float = 0.0

    @property
    def differ(self) -> bool:
        """Whether charges and prices are so far apart that a reader has to know."""
        low, high = sorted((self.stated, self.priced))
        return self.calls > 0 and (high >= FAR * low or self.apart >= APART * high)


def with_priced(
    items: ItemTable,
    calls: CallTable,
    priced: tuple[ItemTable, CallTable] | None,
    arms: Collection[str],
) -> tuple[ItemTable, CallTable]:
    """Put the dollars of ``priced`` beside those of the tables, for ``arms``; other arms have one
    kind of dollars.

    ``priced``: the same run's tables without any vendor's word; None: no vendor said anything.
    """
    none: dict[str, Any] = {"priced": None, "priced_low": None, "priced_high": None}
    of_items = {arm: replace(one, **none) for arm, one in items.arms.items()}
    of_calls = {arm: rows.but(**none) for arm, rows in calls.arms.items()}
    if priced is not None:
        for arm in of_items.keys() & set(arms):
            of_items[arm] = replace(of_items[arm], **_dollars(priced[0].arms[arm]))
            of_calls[arm] = of_calls[arm].but(**_dollars(priced[1].arms[arm]))
    return replace(items, arms=of_items), CallTable(of_calls)


def _dollars(rows: ArmItems | CallRows) -> dict[str, Any]:
    return {"priced": rows.usd, "priced_low": rows.usd_low, "priced_high": rows.usd_high}


def at_prices(
    items: ItemTable, calls: CallTable, arms: Collection[str]
) -> tuple[ItemTable, CallTable] | None:
    """Return the tables with every arm's dollars at its prices; None where none of ``arms`` has
    others than those.
    """
    if all(items.arms[arm].priced is None for arm in arms):
        return None
    of_items, of_calls = dict(items.arms), dict(calls.arms)
    for arm, one in items.arms.items():
        of_items[arm] = priced_items(one)
    for arm, rows in calls.arms.items():
        if rows.priced is not None:
            of_calls[arm] = rows.but(**_swapped(rows))
    return replace(items, arms=of_items), CallTable(of_calls)


def priced_items(arm: ArmItems) -> ArmItems:
    """Return an arm's items with its dollars at its prices, whatever its vendor says it charged."""
    return arm if arm.priced is None else replace(arm, **_swapped(arm))


def _swapped(rows: ArmItems | CallRows) -> dict[str, Any]:
    left = {"priced": None, "priced_low": None, "priced_high": None}
    return {"usd": rows.priced, "usd_low": rows.priced_low, "usd_high": rows.priced_high, **left}
