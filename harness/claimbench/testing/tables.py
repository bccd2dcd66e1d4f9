"""Tables from plain arrays, one call per item: results that come from elsewhere, examples and
tests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from claimbench.tables.rows import time_blocks
from claimbench.tables.types import ArmItems, CallRows, CallTable, FloatArray, ItemTable

Column = Mapping[str, npt.ArrayLike]
"""Arm name -> one value per item."""


def tables_from_arrays(
    scores: Column,
    *,
    usd: Column | None = None,
    usd_low: Column | None = None,
    usd_high: Column | None = None,
    ttft_s: Column | None = None,
    tpot_s: Column | None = None,
    e2e_s: Column | None = None,
    outcome: Mapping[str, Sequence[str]] | None = None,
    sent_utc_s: Column | None = None,
    cluster: Sequence[str] | None = None,
    task: Sequence[str] | None = None,
    slices: Mapping[str, Sequence[str]] | None = None,
    calls: Mapping[str, Mapping[str, Any]] | None = None,
    arms: Mapping[str, Mapping[str, Any]] | None = None,
) -> tuple[ItemTable, CallTable]:
    """Build both tables from per-item values.

    Args:
        scores: score per item; nan = missing.
        usd: dollars per item; nan = unknown. ``usd_low``/``usd_high`` default to it.
        usd_low: lower bound of a bill.
        usd_high: upper bound of a bill.
        ttft_s: seconds; nan = not measured.
        tpot_s: seconds.
        e2e_s: seconds.
        outcome: outcome of each call; default ok, or server_fault where the score is missing.
        sent_utc_s: send times; default one call a second, all arms alike.
        cluster: default: every item its own.
        task: default: one task.
        slices: columns of the items.
        calls: further arrays of :class:`CallRows` by arm (session, cached, n_in, ...).
        arms: further fields of :class:`ArmItems` by arm (price_ids, n_epochs, score_var, ...).
    """
    n = len(np.asarray(next(iter(scores.values()))))
    clusters = np.asarray(
        [str(i) for i in range(n)] if cluster is None else list(cluster), dtype=np.str_
    )
    made_items, made_calls = {}, {}
    for arm, values in scores.items():
        score = np.asarray(values, dtype=np.float64)
        fallback = ["server_fault" if np.isnan(s) else "ok" for s in score]
        outcomes = np.asarray(
            outcome[arm] if outcome and arm in outcome else fallback, dtype=np.str_
        )

        def column(
            given: Column | None, default: FloatArray | None = None, arm: str = arm
        ) -> FloatArray:
            if given is not None and arm in given:
                return np.asarray(given[arm], dtype=np.float64)
            return np.full(n, np.nan) if default is None else default

        money = column(usd)
        low, high = column(usd_low, money), column(usd_high, money)
        times = {
            "ttft_s": column(ttft_s),
            "tpot_s": column(tpot_s),
            "e2e_s": column(e2e_s, column(ttft_s)),
        }
        item_fields = _arm_fields(score, outcomes, money, low, high, times["e2e_s"])
        made_items[arm] = ArmItems(**{**item_fields, **(arms or {}).get(arm, {})})
        sent = column(sent_utc_s, np.arange(n, dtype=np.float64))
        fields = _call_fields(arm, score, outcomes, money, low, high, times, sent, clusters)
        made_calls[arm] = CallRows(**{**fields, **(calls or {}).get(arm, {})})
    names = tuple(f"{t}/{i}" for i, t in enumerate(task or ["task"] * n))
    table = ItemTable(
        names,
        np.asarray(list(task or ["task"] * n), dtype=np.str_),
        clusters,
        {k: np.asarray(list(v), dtype=np.str_) for k, v in (slices or {}).items()},
        made_items,
    )
    return table, CallTable(made_calls)


def _arm_fields(
    score: FloatArray,
    outcomes: npt.NDArray[np.str_],
    usd: FloatArray,
    low: FloatArray,
    high: FloatArray,
    e2e: FloatArray,
) -> dict[str, Any]:
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
        "usd": usd,
        "usd_low": low,
        "usd_high": high,
        "busy_s": e2e,
        "mean_e2e_s": e2e,
        "n_calls": ones,
        "n_finished": ones,
        "n_missing": np.isnan(score).astype(np.int64),
        "n_errors": (~answered).astype(np.int64),
        "n_refused": count("refused"),
        "n_truncated": count("truncated"),
        "n_empty": count("empty"),
        "n_timeout": count("model_timeout"),
        "n_unparsable": np.zeros(len(score), dtype=np.int64),
        "n_cached": np.zeros(len(score), dtype=np.int64),
    }


def _call_fields(
    arm: str,
    score: FloatArray,
    outcomes: npt.NDArray[np.str_],
    usd: FloatArray,
    low: FloatArray,
    high: FloatArray,
    times: Mapping[str, FloatArray],
    sent: FloatArray,
    clusters: npt.NDArray[np.str_],
) -> dict[str, Any]:
    n = len(score)
    ones, unknown = np.ones(n, dtype=np.int64), np.full(n, np.nan)
    busy = np.where(np.isfinite(times["e2e_s"]), times["e2e_s"], 0.0)
    block, block_s = time_blocks(sent, busy, ones)
    return {
        "call_id": np.asarray([f"{arm}-{i}" for i in range(n)], dtype=np.str_),
        "item": np.arange(n, dtype=np.int64),
        "cluster": clusters,
        "epoch": ones,
        "session": ones,
        "block": block,
        "block_s": block_s,
        "outcome": outcomes,
        "first_answer_s": times["ttft_s"],
        "e2e_with_retries_s": times["e2e_s"],
        "felt_s": times["e2e_s"],
        "queue_s": np.zeros(n),
        "n_in": unknown,
        "n_out": unknown,
        "n_reasoning": unknown,
        "cache_read": unknown,
        "usd": usd,
        "usd_low": low,
        "usd_high": high,
        "busy_s": times["e2e_s"],
        "sent_utc_s": sent,
        "score": score,
        "n_attempts": ones,
        "cached": np.zeros(n, dtype=np.bool_),
        "stamp_source": np.asarray(["in_process"] * n, dtype=np.str_),
        "chunk_gaps_s": tuple(np.empty(0) for _ in range(n)),
        **times,
    }
