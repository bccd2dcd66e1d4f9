"""Tables of fewer items or fewer latencies: what an interim look sees, what a warm-up leaves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np

from claimbench.packed import columns
from claimbench.tables.ragged import ragged
from claimbench.tables.types import (
    ArmItems,
    BoolArray,
    CallRows,
    CallTable,
    IntArray,
    ItemTable,
    TurnsOfItems,
)
from claimbench.types import Call


def restrict(
    items: ItemTable, calls: CallTable, names: Collection[str]
) -> tuple[ItemTable, CallTable]:
    """Keep the items in ``names`` (``task/sample_id``) and their calls, in the tables' order."""
    keep = np.asarray([name in names for name in items.items], dtype=np.bool_)
    arms = {}
    for arm, rows in items.arms.items():
        arms[arm] = replace(rows, **kept(rows, keep))
    table = ItemTable(
        tuple(name for name, kept in zip(items.items, keep, strict=True) if kept),
        items.task[keep],
        items.cluster[keep],
        {name: column[keep] for name, column in items.slices.items()},
        arms,
        items.twins,
        None if items.unscored is None else items.unscored[keep],
        None
        if items.turns is None
        else TurnsOfItems(items.turns.number[keep], items.turns.conversation[keep]),
    )
    number = np.cumsum(keep) - 1
    return table, CallTable(
        {arm: rows_of(rows, keep[rows.item], number) for arm, rows in calls.arms.items()}
    )


def rows_of(rows: CallRows, keep: BoolArray, number: IntArray) -> CallRows:
    """Keep calls, the item of each by its new ``number``."""
    found = kept(rows, keep)
    gaps = ragged(rows.chunk_gaps_s).only(keep)
    return replace(rows, **{**found, "item": number[found["item"]], "chunk_gaps_s": gaps})


def kept(rows: ArmItems | CallRows, chosen: BoolArray | IntArray) -> dict[str, Any]:
    """Return the known columns at some rows: those that are marked, or by their numbers."""
    return {name: values[chosen] for name, values in known_columns(rows).items()}


def known_columns(rows: ArmItems | CallRows) -> dict[str, Any]:
    """Return the columns that are known, by name; the gaps between chunks are none."""
    arrays = {f.name: getattr(rows, f.name) for f in fields(rows)}
    return {name: values for name, values in arrays.items() if isinstance(values, np.ndarray)}


LATENCIES = (
    "ttft_s",
    "first_answer_s",
    "tpot_s",
    "e2e_s",
    "e2e_with_retries_s",
    "felt_s",
    "queue_s",
    "opened_s",
)


def without_warmup(table: CallTable, calls: Sequence[Call], warmup_calls: int) -> CallTable:
    """Leave each arm's first ``warmup_calls`` calls out of all latency (nan); scores stay."""
    if warmup_calls < 1:
        return table
    per_arm: dict[str, list[str]] = defaultdict(list)
    for arm, call_id in columns(calls, "arm", "id"):
        if len(per_arm[arm]) < warmup_calls:
            per_arm[arm].append(call_id)
    arms = {}
    for name, rows in table.arms.items():
        warm = np.isin(rows.call_id, per_arm[name])
        blank: dict[str, Any] = {
            field: np.where(warm, np.nan, getattr(rows, field))
            for field in LATENCIES
            if getattr(rows, field) is not None
        }
        gaps = ragged(rows.chunk_gaps_s).emptied(warm)
        arms[name] = rows.but(**blank, chunk_gaps_s=gaps)
    return CallTable(arms)
