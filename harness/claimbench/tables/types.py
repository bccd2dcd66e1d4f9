"""The two tables that the claim checker reads; built by :mod:`claimbench.tables.build`.

Shapes: every array of an :class:`ArmItems` has one row per item of its :class:`ItemTable`, in the
table's order; every array of a :class:`CallRows` has one row per finished call. Unknown numbers are
``nan`` (never 0); a model-side timeout is ``+inf`` in E2E and TPOT, and in TTFT unless its first
token had arrived.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from claimbench.stats.arrays import BoolArray, FloatArray, IntArray, StrArray

__all__ = [
    "BLOCK_S",
    "ArmItems",
    "BoolArray",
    "CallRows",
    "CallTable",
    "FloatArray",
    "IntArray",
    "ItemTable",
    "StrArray",
]

BLOCK_S = 60.0
"""Length of a time block; shorter (active span / 12) in short runs, which are then flagged
``short_blocks``.
"""


@dataclass(frozen=True)
class ArmItems:
    """One arm over all items of a table.

    ``score`` is the mean of the headline scorer over valid epochs, ``nan`` = missing; ``score_var``
    the sample variance over epochs (``nan`` below 2). ``usd`` is the mean over the item's requests
    that were answered or charged, all attempts included; ``usd_low``/``usd_high`` bound it where a
    bill is unknown.
    """

    score: FloatArray
    score_var: FloatArray
    n_epochs: IntArray
    score_errors_wrong: FloatArray
    score_without_refusals: FloatArray
    usd: FloatArray
    usd_low: FloatArray
    usd_high: FloatArray
    busy_s: FloatArray
    mean_e2e_s: FloatArray
    n_calls: IntArray
    n_finished: IntArray
    n_missing: IntArray
    n_errors: IntArray
    n_refused: IntArray
    n_truncated: IntArray
    n_empty: IntArray
    n_timeout: IntArray
    n_unparsable: IntArray
    n_cached: IntArray
    price_ids: tuple[str, ...] = ()
    cost_bases: tuple[str, ...] = ()
    cost_why_unknown: tuple[str, ...] = ()
    currencies: tuple[str, ...] = ()


@dataclass(frozen=True)
class ItemTable:
    """One row per task and sample; pairing between arms lives here. ``items`` are
    ``task/sample_id``. ``twins``: the clusters that hold items only because their inputs are equal.
    """

    items: tuple[str, ...]
    task: StrArray
    cluster: StrArray
    slices: Mapping[str, StrArray]
    arms: Mapping[str, ArmItems]
    twins: frozenset[str] = frozenset()


@dataclass(frozen=True)
class CallRows:
    """One arm's finished calls. ``item`` indexes :attr:`ItemTable.items`; ``block`` numbers the
    arm's time blocks.

    ``chunk_gaps_s`` holds one array per call. ``block_s`` is the block length used.
    """

    call_id: StrArray
    item: IntArray
    cluster: StrArray
    epoch: IntArray
    session: IntArray
    block: IntArray
    outcome: StrArray
    ttft_s: FloatArray
    first_answer_s: FloatArray
    tpot_s: FloatArray
    e2e_s: FloatArray
    e2e_with_retries_s: FloatArray
    felt_s: FloatArray
    queue_s: FloatArray
    n_in: FloatArray
    n_out: FloatArray
    n_reasoning: FloatArray
    cache_read: FloatArray
    usd: FloatArray
    usd_low: FloatArray
    usd_high: FloatArray
    busy_s: FloatArray
    sent_utc_s: FloatArray
    score: FloatArray
    n_attempts: IntArray
    cached: BoolArray
    stamp_source: StrArray
    chunk_gaps_s: tuple[FloatArray, ...] = field(repr=False)
    block_s: float = BLOCK_S


@dataclass(frozen=True)
class CallTable:
    """Every finished call, by arm."""

    arms: Mapping[str, CallRows]
