"""The tables as pandas DataFrames, for people and notebooks. pandas is imported when a frame is
made.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from claimbench.tables.build import CallTable, ItemTable
from claimbench.tables.ragged import ragged
from claimbench.types import Attempt, Call

if TYPE_CHECKING:
    import pandas as pd


def items(table: ItemTable) -> pd.DataFrame:
    """Build one row per item and arm: item, task, cluster, slices (``slice_<name>``), arm and every
    array of ArmItems.
    """
    import numpy as np
    import pandas as pd

    frames = []
    for arm, rows in table.arms.items():
        columns: dict[str, Any] = {
            "item": list(table.items),
            "task": table.task,
            "cluster": table.cluster,
        }
        columns.update({f"slice_{name}": values for name, values in table.slices.items()})
        columns["arm"] = arm
        columns.update(
            {name: value for name, value in vars(rows).items() if isinstance(value, np.ndarray)}
        )
        frames.append(pd.DataFrame(columns))
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def calls(table: CallTable, item_names: Sequence[str]) -> pd.DataFrame:
    """Build one row per finished call: arm, item (by name) and every array of CallRows.

    Durations in seconds.
    """
    import numpy as np
    import pandas as pd

    frames = []
    for arm, rows in table.arms.items():
        columns: dict[str, Any] = {"arm": [arm] * len(rows.call_id)}
        read = [(one.name, getattr(rows, one.name)) for one in fields(rows)]
        columns.update({name: value for name, value in read if isinstance(value, np.ndarray)})
        columns["item"] = [item_names[i] for i in rows.item]
        columns["n_chunk_gaps"] = ragged(rows.chunk_gaps_s).lengths().tolist()
        frames.append(pd.DataFrame(columns))
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def attempts(rows: Iterable[Attempt], planned: Iterable[Call]) -> pd.DataFrame:
    """Build one row per attempt, its timing in raw monotonic nanoseconds and its usage buckets as
    columns.
    """
    import pandas as pd

    of = {call.id: call for call in planned}
    made = []
    for a in rows:
        call, t = of.get(a.call_id), a.timing
        row: dict[str, Any] = {
            "call_id": a.call_id,
            "arm": call.arm if call else None,
            "task": call.task if call else None,
            "sample_id": call.sample_id if call else None,
            "epoch": call.epoch if call else None,
            "number": a.number,
            "session": a.session,
            "outcome": a.outcome.value,
            "http_status": a.http_status,
            "queued_ns": t.queued_ns,
            "sent_ns": t.sent_ns,
            "first_content_ns": t.first_content_ns,
            "first_answer_ns": t.first_answer_ns,
            "ended_ns": t.ended_ns,
            "stamp_source": t.stamp_source,
            "n_chunks": len(t.chunk_ns),
            "billed_usd": a.billed_usd,
            "billable": a.billable,
            "error": a.error,
        }
        for bucket in ("input_fresh", "cache_read", "output_visible", "output_reasoning"):
            row[bucket] = None if a.usage is None else getattr(a.usage, bucket)
        made.append(row)
    return pd.DataFrame(made)
