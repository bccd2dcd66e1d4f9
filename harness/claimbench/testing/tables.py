"""Tables from plain arrays, one call per item: results that come from elsewhere, examples and
tests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict, Unpack

import numpy as np
import numpy.typing as npt

from claimbench.tables.rows import time_blocks
from claimbench.tables.types import ArmItems, CallRows, CallTable, FloatArray, ItemTable

Column = Mapping[str, npt.ArrayLike]
"""Arm name -> one value per item."""


class Columns(TypedDict, total=False):
    """Further values per item of :func:`tables_from_arrays`; None is the same as left out.

    ``usd``: dollars; nan = unknown. ``usd_low``, ``usd_high``: bounds of a bill, default ``usd``.
    ``ttft_s``, ``tpot_s``, ``e2e_s``: seconds; nan = not measured. ``sent_utc_s``: send times;
    default one call a second, all arms alike. ``outcome``: of each call; default ok, or
    server_fault where the score is missing. ``cluster``: default every item its own. ``task``:
    default one task. ``slices``: columns of the items. ``calls``: further arrays of
    :class:`CallRows` by arm (session, cached, n_in, ...). ``arms``: further fields of
    :class:`ArmItems` by arm (price_ids, n_epochs, score_var, ...).
    """

    usd: Column | None
    usd_low: Column | None
    usd_high: Column | None
    ttft_s: Column | None
    tpot_s: Column | None
    e2e_s: Column | None
    sent_utc_s: Column | None
    outcome: Mapping[str, Sequence[str]] | None
    cluster: Sequence[str] | None
    task: Sequence[str] | None
    slices: Mapping[str, Sequence[str]] | None
    calls: Mapping[str, Mapping[str, Any]] | None
    arms: Mapping[str, Mapping[str, Any]] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Values:
    """One arm's values, one per item, defaults filled in."""

    score: FloatArray
    outcome: npt.NDArray[np.str_]
    usd: FloatArray
    usd_low: FloatArray
    usd_high: FloatArray
    ttft_s: FloatArray
    tpot_s: FloatArray
    e2e_s: FloatArray
    sent_utc_s: FloatArray


def tables_from_arrays(scores: Column, **columns: Unpack[Columns]) -> tuple[ItemTable, CallTable]:
    """Build both tables from per-item values.

    Args:
        scores: score per item; nan = missing.
        columns: see :class:`Columns`.
    """
    n = len(np.asarray(next(iter(scores.values()))))
    cluster = columns.get("cluster")
    task = columns.get("task") or ["task"] * n
    clusters = np.asarray(
        [str(i) for i in range(n)] if cluster is None else list(cluster), dtype=np.str_
    )
    made_items, made_calls = {}, {}
    for arm in scores:
        values = _values_of(arm, scores, columns)
        item_fields = _arm_fields(values) | dict((columns.get("arms") or {}).get(arm, {}))
        made_items[arm] = ArmItems(**item_fields)
        call_fields = _call_fields(arm, values, clusters)
        made_calls[arm] = CallRows(**call_fields | dict((columns.get("calls") or {}).get(arm, {})))
    table = ItemTable(
        tuple(f"{name}/{i}" for i, name in enumerate(task)),
        np.asarray(list(task), dtype=np.str_),
        clusters,
        {
            name: np.asarray(list(of_items), dtype=np.str_)
            for name, of_items in (columns.get("slices") or {}).items()
        },
        made_items,
    )
    return table, CallTable(made_calls)


def _values_of(arm: str, scores: Column, columns: Columns) -> _Values:
    score = np.asarray(scores[arm], dtype=np.float64)
    missing = np.full(len(score), np.nan)

    def column(given: Column | None, default: FloatArray) -> FloatArray:
        if given is not None and arm in given:
            return np.asarray(given[arm], dtype=np.float64)
        return default

    outcome = columns.get("outcome")
    if outcome and arm in outcome:
        outcomes = np.asarray(outcome[arm], dtype=np.str_)
    else:
        outcomes = np.where(np.isnan(score), "server_fault", "ok")
    usd = column(columns.get("usd"), missing)
    ttft_s = column(columns.get("ttft_s"), missing)
    return _Values(
        score=score,
        outcome=outcomes,
        usd=usd,
        usd_low=column(columns.get("usd_low"), usd),
        usd_high=column(columns.get("usd_high"), usd),
        ttft_s=ttft_s,
        tpot_s=column(columns.get("tpot_s"), missing),
        e2e_s=column(columns.get("e2e_s"), ttft_s),
        sent_utc_s=column(columns.get("sent_utc_s"), np.arange(len(score), dtype=np.float64)),
    )


def _arm_fields(values: _Values) -> dict[str, Any]:
    score, outcomes = values.score, values.outcome
    answered = np.isin(outcomes, ["ok", "empty", "refused", "truncated", "model_timeout"])
    ones = np.ones(len(score), dtype=np.int64)

    def count(kind: str) -> npt.NDArray[np.int64]:
        found: npt.NDArray[np.int64] = (outcomes == kind).astype(np.int64)
        return found

    return {
        "score": score,
        "score_var": np.full(len(score), np.nan),
        "n_epochs": (~np.isnan(score)).astype(np.int64),
        "score_errors_wrong": np.nan_to_num(score),
        "score_without_refusals": np.where(outcomes == "ok", score, np.nan),
        "usd": values.usd,
        "usd_low": values.usd_low,
        "usd_high": values.usd_high,
        "busy_s": values.e2e_s,
        "mean_e2e_s": values.e2e_s,
        "n_calls": ones,
        "n_finished": ones,
        "n_missing": np.isnan(score).astype(np.int64),
        "n_errors": (~answered).astype(np.int64),
        "n_refused": count("refused"),
        "n_truncated": count("truncated"),
        "n_empty": count("empty"),
        "n_not_asked": count("ended") + count("cancelled"),
        "n_ended": count("ended"),
        "n_timeout": count("model_timeout"),
        "n_unparsable": np.zeros(len(score), dtype=np.int64),
        "n_cached": np.zeros(len(score), dtype=np.int64),
    }


def _call_fields(arm: str, values: _Values, clusters: npt.NDArray[np.str_]) -> dict[str, Any]:
    n = len(values.score)
    ones, unknown = np.ones(n, dtype=np.int64), np.full(n, np.nan)
    busy = np.where(np.isfinite(values.e2e_s), values.e2e_s, 0.0)
    block, block_s = time_blocks(values.sent_utc_s, busy, ones)
    return {
        "call_id": np.asarray([f"{arm}-{i}" for i in range(n)], dtype=np.str_),
        "item": np.arange(n, dtype=np.int64),
        "cluster": clusters,
        "epoch": ones,
        "session": ones,
        "block": block,
        "block_s": block_s,
        "outcome": values.outcome,
        "first_answer_s": values.ttft_s,
        "e2e_with_retries_s": values.e2e_s,
        "felt_s": values.e2e_s,
        "queue_s": np.zeros(n),
        "n_in": unknown,
        "n_out": unknown,
        "n_reasoning": unknown,
        "cache_read": unknown,
        "usd": values.usd,
        "usd_low": values.usd_low,
        "usd_high": values.usd_high,
        "busy_s": values.e2e_s,
        "sent_utc_s": values.sent_utc_s,
        "score": values.score,
        "n_attempts": ones,
        "cached": np.zeros(n, dtype=np.bool_),
        "stamp_source": np.asarray(["in_process"] * n, dtype=np.str_),
        "chunk_gaps_s": tuple(np.empty(0) for _ in range(n)),
        "ttft_s": values.ttft_s,
        "tpot_s": values.tpot_s,
        "e2e_s": values.e2e_s,
    }
