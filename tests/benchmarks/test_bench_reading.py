"""What reading a run of many calls does row by row, beside the plain way of the same result; both in
one test, in turns, so that each figure is a ratio that holds on any machine.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from claimbench.packed import Packed
from claimbench.store.schema import intents
from claimbench.store.seals import rows_writer
from claimbench.types import Cost

N, TURNS = 20_000, 5
MOST_TEXT = 0.8
"""Seconds of a sealed row's text, times those of :mod:`json`."""
MOST_SHARED = 0.7
"""Seconds to pack and read bills that rows share, times those of bills that they do not."""


def _ratio(ours: Callable[[], object], other: Callable[[], object]) -> float:
    """Return the best CPU seconds of ``ours`` over those of ``other``, taken in turns."""
    best = [float("inf"), float("inf")]
    for _ in range(TURNS):
        for k, work in enumerate((ours, other)):
            began = time.process_time()
            work()
            best[k] = min(best[k], time.process_time() - began)
    return best[0] / best[1]


def test_the_text_of_a_sealed_row_costs_less_than_by_json(
    benchmark: Any, show: Callable[[str], None]
) -> None:
    stamp = "2026-11-01T00:00:00+00:00"
    rows = [(k, "20261101T000000Z-aaaaaa", f"{k:024x}", 1, 1, None, stamp) for k in range(N)]
    names = [str(column.name) for column in intents.columns]
    write = rows_writer(intents)

    def plainly() -> list[str]:
        found = []
        for row in rows:
            values = dict(zip(names[1:], row[1:], strict=True))
            found.append(json.dumps(values, default=repr, separators=(",", ":")))
        return found

    assert write(rows) == plainly()
    found = benchmark.pedantic(lambda: _ratio(lambda: write(rows), plainly), rounds=1, iterations=1)
    show(f"text of a sealed row: {found:.2f} of json's time")
    assert found < MOST_TEXT


def test_bills_that_rows_share_cost_less_than_their_own(
    benchmark: Any, show: Callable[[str], None]
) -> None:
    def bill(k: int) -> Cost:
        parts = {"input": Decimal(k) / 1000, "output": Decimal(k) / 500}
        return Cost(sum(parts.values(), Decimal(0)), price_id="p", components=parts)

    few = [bill(k) for k in range(90)]
    shared = [few[k % 90] for k in range(N)]
    own = [bill(k % 90) for k in range(N)]
    assert list(Packed.of(Cost, shared)) == list(Packed.of(Cost, own))
    found = benchmark.pedantic(
        lambda: _ratio(
            lambda: list(Packed.of(Cost, shared)),
            lambda: list(Packed.of(Cost, own)),
        ),
        rounds=1,
        iterations=1,
    )
    show(f"bills that rows share: {found:.2f} of the time of their own")
    assert found < MOST_SHARED
