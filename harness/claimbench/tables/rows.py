"""The finished calls of an arm, by columns -> its rows of the call table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from claimbench.packing.ids import Ids
from claimbench.tables import timing as tm
from claimbench.tables.dollars import CostFacts
from claimbench.tables.ragged import Ragged
from claimbench.tables.texts import Texts, shared, slim, strings
from claimbench.tables.types import BLOCK_S, BoolArray, CallRows, FloatArray, IntArray, StrArray
from claimbench.types import Outcome

BLOCKS_WANTED = 12
"""Blocks that the active span of a short run is cut into."""
AS_THEY_ARE = (
    "item",
    "epoch",
    "session",
    "n_in",
    "n_out",
    "cache_read",
    "n_reasoning",
    "n_chars",
    "most_tokens",
    "busy_s",
    "sent_utc_s",
    "score",
    "n_attempts",
    "cached",
)
"""Columns of :class:`~claimbench.tables.types.CallRows` that come as they are."""


@dataclass(frozen=True)
class Beside:
    """What :class:`~claimbench.tables.types.CallRows` does not hold and its items need, in its
    order.
    """

    timed: BoolArray
    unparsable: BoolArray
    service_s: FloatArray
    costs: CostFacts


def arm_rows(
    columns: Mapping[str, Any], clusters: StrArray, costs: CostFacts
) -> tuple[CallRows, Beside]:
    """Turn what is known of an arm's finished calls into its rows.

    Args:
        columns: :data:`AS_THEY_ARE` and ``unparsable``, ``timed``; ``call_id``, as texts or
            :class:`Ids`; ``usd``: amount, low and high, shape (n, 3); ``outcome``, ``stamp_source``
            and ``node_type`` as (values, place of each call's); stamps of the attempt that ended
            each call in ns, those that may be missing as (stamps, whether there is one);
            ``with_retries_s``: first send to last end; ``gaps``: seconds between chunks, one call's
            after another's, and how many each has.
        clusters: by item.
        costs: what the dollars rest on.
    """
    usd, item, ids = columns["usd"], columns["item"], columns["call_id"]
    named = ("outcome", "stamp_source", "node_type")
    words = {name: _words(*columns[name]) for name in named}
    cut = words["outcome"].array() == Outcome.MODEL_TIMEOUT.value
    meant = _Meant(columns["timed"], cut)
    block, block_s = time_blocks(columns["sent_utc_s"], columns["busy_s"], columns["session"])
    of_columns = {name: columns[name] for name in AS_THEY_ARE} | _durations(columns, meant)
    numbers = {name: slim(column) for name, column in of_columns.items()}
    numbers["first_answer_s"] = shared(numbers["ttft_s"], numbers["first_answer_s"])
    others: dict[str, Any] = {
        **words,
        **bounds_of(usd),
        "call_id": Texts.of_ids(ids) if isinstance(ids, Ids) else strings(ids),
        "cluster": Texts(clusters, item) if len(item) else strings(()),
    }
    rows = CallRows(
        **numbers,
        **others,
        block=slim(block),
        block_s=block_s,
        chunk_gaps_s=Ragged(*columns["gaps"]),
    )
    service = meant((columns["ended_ns"] - columns["sent_ns"]) / tm.NS_PER_S)
    return rows, Beside(columns["timed"], columns["unparsable"], service, costs)


def never_sent(n: int) -> dict[str, Any]:
    """Return the columns of :func:`arm_rows` that an attempt fills, of ``n`` calls without any."""
    none, nothing = np.full(n, math.nan), np.zeros(n, dtype=np.int64)
    absent = (nothing, np.zeros(n, dtype=np.bool_))
    return {
        "timed": absent[1],
        "busy_s": none,
        "with_retries_s": none,
        "n_in": none,
        "n_out": none,
        "cache_read": none,
        "n_reasoning": none,
        "opened_s": none,
        "n_chars": none,
        "most_tokens": none,
        "node_type": ([""], nothing),
        "sent_ns": nothing,
        "queued_ns": nothing,
        "ended_ns": nothing,
        "scheduled_ns": absent,
        "first_content_ns": absent,
        "first_answer_ns": absent,
        "gaps": (np.empty(0), nothing),
    }


def bounds_of(usd: FloatArray) -> dict[str, FloatArray]:
    """Return amount, low and high, shape (n, 3), as columns; known ones have one for all three."""
    amount = slim(usd[:, 0].copy())
    low, high = (shared(amount, usd[:, k]) for k in (1, 2))
    return {
        "usd": amount,
        "usd_low": low if low is amount else low.copy(),
        "usd_high": high if high is amount else high.copy(),
    }


def _words(values: Sequence[str], places: IntArray) -> Texts:
    """Return a text of each call; ``values``: none that no call has makes them wider."""
    mine, codes = np.unique(places, return_inverse=True)
    kind = np.min_scalar_type(len(mine))
    return Texts(strings(str(values[k]) for k in mine.tolist()), codes.astype(kind))


class _Meant:
    """Leaves a duration where it means something: nan unless this run's model answered, inf where
    our patience ended.

    A call that was cut off has no duration, but a rank: the last.
    """

    def __init__(self, timed: BoolArray, cut: BoolArray) -> None:
        self._timed = timed
        self._cut = cut

    def __call__(self, seconds: FloatArray) -> FloatArray:
        return np.where(self._timed, np.where(self._cut, math.inf, seconds), math.nan)

    def known(self, seconds: FloatArray) -> FloatArray:
        """Return what lies before a call was sent, whatever ended it."""
        return np.where(self._timed, seconds, math.nan)

    def first(self, seconds: FloatArray) -> FloatArray:
        """Return the same of a first token: one that came before the call ran into its time limit
        has its true time.
        """
        return np.where(self._timed & ~np.isnan(seconds), seconds, self(seconds))


def _durations(columns: Mapping[str, Any], meant: _Meant) -> dict[str, Any]:
    """Durations of each call's final attempt in seconds, as :mod:`claimbench.tables.timing` defines
    them for one.
    """
    sent, queued, ended = (columns[name] for name in ("sent_ns", "queued_ns", "ended_ns"))
    scheduled, open_loop = columns["scheduled_ns"]
    start = np.where(open_loop, scheduled, queued)
    late = np.where(open_loop, np.maximum(0.0, (sent - start) / tm.NS_PER_S), 0.0)
    e2e = (ended - sent) / tm.NS_PER_S
    first, answer = (
        np.where(there, (stamps - sent) / tm.NS_PER_S, math.nan)
        for stamps, there in (columns["first_content_ns"], columns["first_answer_ns"])
    )
    n_out = columns["n_out"]
    tpot = np.full(len(sent), math.nan)
    np.divide(e2e - first, n_out - 1, out=tpot, where=n_out >= 2)
    return {
        "ttft_s": meant.first(first) + late,
        "first_answer_s": meant.first(answer) + late,
        "tpot_s": meant(tpot),
        "e2e_s": meant(e2e) + late,
        "e2e_with_retries_s": meant(columns["with_retries_s"]),
        "felt_s": meant((ended - start) / tm.NS_PER_S),
        "opened_s": np.where(columns["timed"] & open_loop, 0.0, meant.known(columns["opened_s"])),
        "queue_s": np.where(columns["n_attempts"] > 0, (sent - queued) / tm.NS_PER_S, math.nan),
    }


def time_blocks(
    sent_utc_s: FloatArray, busy_s: FloatArray, session: IntArray
) -> tuple[IntArray, float]:
    """Give each call of an arm its time block.

    The block length is min(60 s, active span / 12), the active span being the sum over sessions of
    first send to last end; blocks never span sessions.

    Returns:
        (block number per call, block length in seconds).
    """
    block = np.zeros(len(sent_utc_s), dtype=np.int64)
    known = np.isfinite(sent_utc_s)
    ends = sent_utc_s + np.nan_to_num(busy_s)
    groups = [(known & (session == s)) for s in np.unique(session[known])]
    span = float(sum(ends[g].max() - sent_utc_s[g].min() for g in groups))
    length = min(BLOCK_S, span / BLOCKS_WANTED)
    if length <= 0:
        return block, BLOCK_S
    offset = 0
    for g in groups:
        local = ((sent_utc_s[g] - sent_utc_s[g].min()) // length).astype(np.int64)
        block[g] = offset + local
        offset += int(local.max()) + 1
    return block, length
