"""The two tables that the claim checker reads; built by :mod:`claimbench.tables.build`.

Shapes: every array of an :class:`ArmItems` has one row per item of its :class:`ItemTable`, in the
table's order; every array of a :class:`CallRows` has one row per finished call. Unknown numbers are
``nan`` (never 0); a model-side timeout is ``+inf`` in E2E and TPOT, and in TTFT unless its first
token had arrived.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from claimbench.packing.ids import Ids
from claimbench.stats.arrays import BoolArray, FloatArray, IntArray, StrArray
from claimbench.tables.texts import KeptTexts, Texts, ids_of

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
    "TurnsOfItems",
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
    bill is unknown. ``priced`` and its bounds are the same dollars at the arm's prices, where its
    vendor says what it charged; None: there are no others. ``n_not_asked``: turns that were never
    sent, for their conversation was over; they are among ``n_errors``. ``n_ended``:
    those of them whose conversation the arm itself had ended, not a fault; they score 0.
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
    n_not_asked: IntArray
    n_ended: IntArray
    n_timeout: IntArray
    n_unparsable: IntArray
    n_cached: IntArray
    price_ids: tuple[str, ...] = ()
    cost_bases: tuple[str, ...] = ()
    cost_why_unknown: tuple[str, ...] = ()
    currencies: tuple[str, ...] = ()
    priced: FloatArray | None = None
    priced_low: FloatArray | None = None
    priced_high: FloatArray | None = None


@dataclass(frozen=True)
class TurnsOfItems:
    """Of each item the ``number`` of its turn (0: it is none) and its ``conversation``."""

    number: IntArray
    conversation: StrArray


@dataclass(frozen=True)
class ItemTable:
    """One row per task and sample; pairing between arms lives here. ``items`` are
    ``task/sample_id``. ``twins``: the clusters that hold items only because their inputs are equal.
    ``unscored``: the items that nobody meant to score (turns of conversations without a target);
    None: there are none. ``turns``: which turns of which conversations they are; None: of none.
    """

    items: tuple[str, ...]
    task: StrArray
    cluster: StrArray
    slices: Mapping[str, StrArray]
    arms: Mapping[str, ArmItems]
    twins: frozenset[str] = frozenset()
    unscored: BoolArray | None = None
    turns: TurnsOfItems | None = None

    def meant(self, mask: BoolArray) -> BoolArray:
        """Return the items of ``mask`` that were meant to be scored."""
        return mask if self.unscored is None else mask & ~self.unscored

    def right(self, arm: str) -> FloatArray:
        """Return an arm's scores for sums of right answers: 0 where no score was meant, so that the
        dollars of such items count beside the right answers of the others.
        """
        return self.right_of(self.arms[arm].score)

    def right_of(self, score: FloatArray) -> FloatArray:
        """Return ``score`` as :meth:`right` does."""
        return score if self.unscored is None else np.where(self.unscored, 0.0, score)


@dataclass(frozen=True)
class CallRows:
    """One arm's finished calls. ``item`` indexes :attr:`ItemTable.items`; ``block`` numbers the
    arm's time blocks.

    ``chunk_gaps_s`` holds one array per call. ``block_s`` is the block length used. Texts are kept
    small, and made an array each time they are read: read them once, and single ones by
    :meth:`text`.
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
    chunk_gaps_s: Sequence[FloatArray] = field(repr=False)
    block_s: float = BLOCK_S
    node_type: StrArray | None = None
    """Type of the cluster's node of each call, empty where none; None: not known of any."""
    opened_s: FloatArray | None = None
    """Seconds in which each call waited for a connection to be opened before its first send: 0
    where one was kept, nan where nobody tells; None: not known of any. Durations of an open loop
    hold it as they are, and have 0.
    """
    n_chars: FloatArray | None = None
    """Characters of each answer, its reasoning and its calls of tools; None: not known of any."""
    most_tokens: FloatArray | None = None
    """The most output tokens that such a text can have; None: not known of any."""
    priced: FloatArray | None = None
    """As in :class:`ArmItems`, by call; so are its bounds."""
    priced_low: FloatArray | None = None
    priced_high: FloatArray | None = None

    def but(self, **changed: Any) -> CallRows:
        """Return the same rows with other fields; as :func:`dataclasses.replace`, and no text is
        written out.
        """
        made = copy.copy(self)
        made.__dict__.update(changed)
        return made

    def ids(self) -> Ids:
        """Return ``call_id`` as ids, of which no text is made."""
        kept = self.__dict__["call_id"]
        return kept.ids() if isinstance(kept, Texts) else ids_of(kept)

    def text(self, name: str, number: int) -> str:
        """Return a text of one call; a field's array would be made for it."""
        kept = self.__dict__[name]
        return kept.one(number) if isinstance(kept, Texts) else str(kept[number])


for _name in ("call_id", "cluster", "outcome", "stamp_source", "node_type"):
    setattr(CallRows, _name, KeptTexts(_name))


@dataclass(frozen=True)
class CallTable:
    """Every finished call, by arm."""

    arms: Mapping[str, CallRows]
