"""Tables of fewer items or fewer latencies: what an interim look sees, what a warm-up leaves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np

from claimbench.tables.types import ArmItems, BoolArray, CallRows, CallTable, ItemTable
from claimbench.types import Call


def restrict(
    items: ItemTable, calls: CallTable, names: Collection[str]
) -> tuple[ItemTable, CallTable]:
    """Keep the items in ``names`` (``task/sample_id``) and their calls, in the tables' order."""
    keep = np.asarray([name in names for name in items.items], dtype=np.bool_)
    arms = {}
    for arm, rows in items.arms.items():
        arms[arm] = replace(rows, **_kept(rows, keep))
    table = ItemTable(
        tuple(name for name, kept in zip(items.items, keep, strict=True) if kept),
        items.task[keep],
        items.cluster[keep],
        {name: column[keep] for name, column in items.slices.items()},
        arms,
        items.twins,
    )
    number = np.cumsum(keep) - 1
    return table, CallTable(
        {arm: _rows(rows, keep[rows.item], number) for arm, rows in calls.arms.items()}
    )


def _rows(
    rows: CallRows, keep: BoolArray, number: np.ndarray[tuple[int], np.dtype[np.int64]]
) -> CallRows:
    kept = _kept(rows, keep)
    gaps = tuple(g for g, wanted in zip(rows.chunk_gaps_s, keep, strict=True) if wanted)
    return replace(rows, **{**kept, "item": number[kept["item"]], "chunk_gaps_s": gaps})


def _kept(rows: ArmItems | CallRows, keep: BoolArray) -> dict[str, Any]:
    arrays = {f.name: getattr(rows, f.name) for f in fields(rows)}
    return {name: values[keep] for name, values in arrays.items() if isinstance(values, np.ndarray)}


LATENCIES = (
    "ttft_s",
    "first_answer_s",
    "tpot_s",
    "e2e_s",
    "e2e_with_retries_s",
    "felt_s",
    "queue_s",
)


def without_warmup(table: CallTable, calls: Sequence[Call], warmup_calls: int) -> CallTable:
    """Leave each arm's first ``warmup_calls`` calls out of all latency (nan); scores stay."""
    if warmup_calls < 1:
        return table
    per_arm: dict[str, list[str]] = defaultdict(list)
    for call in calls:
        per_arm[call.arm].append(call.id)
    arms = {}
    for name, rows in table.arms.items():
        warm = np.isin(rows.call_id, per_arm[name][:warmup_calls])
        blank: dict[str, Any] = {
            field: np.where(warm, np.nan, getattr(rows, field)) for field in LATENCIES
        }
        gaps = tuple(
            gap[:0] if cut else gap for gap, cut in zip(rows.chunk_gaps_s, warm, strict=True)
        )
        arms[name] = replace(rows, **blank, chunk_gaps_s=gaps)
    return CallTable(arms)
