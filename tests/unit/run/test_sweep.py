"""Load at rising concurrencies: throughput, goodput, the knee and saturation from known calls."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from claimbench.run.sweep import Level, cheapest, knee, level_of, saturated
from claimbench.tables.types import CallRows


def rows(sent: list[float], e2e: list[float], **over: Any) -> CallRows:
    n = len(sent)
    kinds = {
        "FloatArray": np.full(n, np.nan),
        "IntArray": np.zeros(n, dtype=np.int64),
        "StrArray": np.array(["ok"] * n),
    }
    kinds |= {"BoolArray": np.zeros(n, dtype=bool)}
    values: dict[str, Any] = {
        f.name: kinds[str(f.type)] for f in fields(CallRows) if str(f.type) in kinds
    }
    values |= {"n_out": np.full(n, 5.0), "chunk_gaps_s": tuple(np.array([]) for _ in range(n))}
    values |= {"sent_utc_s": np.array(sent), "e2e_s": np.array(e2e), "ttft_s": np.array(e2e) / 2}
    return CallRows(**{**values, **over})


def test_throughput_is_calls_over_the_span_from_first_send_to_last_end() -> None:
    level = level_of(rows([100.0 + i for i in range(10)], [0.5] * 9 + [1.0]), 2, {})
    assert level is not None
    assert (level.n, level.failed, level.span_s) == (10, 0, pytest.approx(10))
    assert level.per_s == pytest.approx(1)
    assert level.tokens_per_s == pytest.approx(5)
    assert level.good_share is None


def test_percentiles_need_enough_calls() -> None:
    few = level_of(rows([float(i) for i in range(5)], [0.1] * 5), 1, {})
    assert few is not None
    assert set(few.e2e_s.values()) == {None}
    many = level_of(rows([float(i) for i in range(72)], [0.01 * (i + 1) for i in range(72)]), 1, {})
    assert many is not None
    assert many.e2e_s == {0.5: pytest.approx(0.36), 0.95: pytest.approx(0.69), 0.99: None}


def test_goodput_counts_calls_that_keep_every_limit_and_failures_keep_none() -> None:
    outcome = np.array(["ok"] * 8 + ["server_fault", "model_timeout"])
    e2e = [0.1] * 6 + [0.9, 0.1] + [float("nan"), float("inf")]
    tpot = np.array([0.01] * 7 + [0.5] + [np.nan] * 2)
    found = rows([float(i) for i in range(10)], e2e, outcome=outcome, tpot_s=tpot)
    level = level_of(found, 4, {"e2e_s": 0.5, "tpot_s": 0.1})
    assert level is not None
    assert (level.n, level.failed) == (10, 1)
    assert level.good_share == pytest.approx(0.6)
    assert level.good_low is not None
    assert level.good_high is not None
    assert level.good_low < 0.6 < level.good_high
    assert level.good_per_s == pytest.approx(6 / level.span_s)


def test_one_token_keeps_any_limit_per_further_token() -> None:
    found = rows([float(i) for i in range(6)], [0.1] * 6, n_out=np.ones(6))
    level = level_of(found, 1, {"tpot_s": 0.01})
    assert level is not None
    assert level.good_share == 1


def test_warm_up_is_left_out() -> None:
    level = level_of(rows([0.0, 1.0, 2.0], [float("nan"), 0.5, 0.5]), 1, {"e2e_s": 1.0})
    assert level is not None
    assert (level.n, level.failed, level.good_share) == (2, 0, 1)
    assert level_of(rows([0.0], [float("nan")]), 1, {}) is None


def level(concurrency: int, per_s: float, median: float | None) -> Level:
    return Level(concurrency, 100, 0, 10.0, per_s, None, {}, {0.5: median})


def test_the_knee_is_where_power_is_greatest() -> None:
    levels = [
        level(1, 10, 0.1),
        level(4, 38, 0.105),
        level(8, 70, 0.12),
        level(16, 80, 0.2),
        level(32, 81, 0.4),
    ]
    found = knee(levels)
    assert found is not None
    assert found.concurrency == 8
    assert knee([level(1, 10, None)]) is None


def test_saturation_is_hardly_more_throughput_for_much_longer_waits() -> None:
    assert saturated(level(16, 80, 0.2), level(32, 81, 0.4))
    assert not saturated(level(8, 70, 0.12), level(16, 80, 0.2))
    assert not saturated(level(16, 80, 0.2), level(32, 81, 0.21))
    assert not saturated(level(16, 80, None), level(32, 81, 0.4))


def test_a_level_has_its_dollars_per_thousand_and_per_million_tokens() -> None:
    sent = [float(i) for i in range(40)]
    found = level_of(
        rows(sent, [0.5] * 40, usd=np.full(40, 0.002), n_in=np.full(40, 95.0)), 2, {"e2e_s": 1.0}
    )
    assert found is not None
    assert found.usd_per_1k == pytest.approx(2)
    assert found.usd_per_mtok == pytest.approx(0.002 / 100 * 1e6)
    assert found.keeps_slo
    holes = np.where(np.arange(40) < 4, np.nan, 0.002)
    assert level_of(rows(sent, [0.5] * 40, usd=holes), 2, {}).usd_per_1k is None  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("shares", "dollars", "found"),
    [
        ((1.0, 0.97, 0.5), (3.0, 2.0, 1.0), 2),
        ((1.0, 1.0, 1.0), (3.0, 2.0, 1.0), 3),
        ((None, None, None), (1.0, 2.0, 3.0), 1),
        ((0.5, 0.4, 0.3), (3.0, 2.0, 1.0), None),
        ((1.0, 1.0, 1.0), (None, None, None), None),
    ],
)
def test_the_cheapest_level_keeps_the_slo(
    shares: tuple[float | None, ...], dollars: tuple[float | None, ...], found: int | None
) -> None:
    levels = [
        replace(level(k, 10, 0.1), good_share=share, usd_per_1k=usd)
        for k, (share, usd) in enumerate(zip(shares, dollars, strict=True), 1)
    ]
    least = cheapest(levels)
    assert (None if least is None else least.concurrency) == found


def test_a_call_that_failed_at_nothing_is_no_request_of_a_level() -> None:
    outcome = np.array(["ok"] * 8 + ["bad_request", "server_fault"])
    usd = np.array([0.002] * 8 + [0.0, 0.004])
    e2e = [0.1] * 8 + [float("nan")] * 2
    found = rows([float(i) for i in range(10)], e2e, outcome=outcome, usd=usd, usd_high=usd)
    level = level_of(found, 4, {})
    assert level is not None
    assert level.usd_per_1k == pytest.approx(1000 * 0.02 / 9)
