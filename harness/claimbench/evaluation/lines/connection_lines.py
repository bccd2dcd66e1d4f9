"""Arms whose calls opened connections of their own, for the warnings of a report."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from claimbench.claims.facts.connections import openings_told
from claimbench.tables.types import CallTable
from claimbench.tables.waits import opens_often


def connection_lines(calls: CallTable, arms: Iterable[str]) -> list[str]:
    """Say of each arm that often opens connections how many calls did, and how long that took."""
    lines: list[str] = []
    for arm in arms:
        rows = calls.arms.get(arm)
        if rows is None or not opens_often(rows):
            continue
        told = openings_told(rows, np.ones(len(rows.item), dtype=np.bool_))
        lines.append(
            f"{arm}: {told}. Its latency is counted from the send, without that wait; verdicts on"
            " time have to stand with it too."
        )
    return lines
