"""The harness's own clock error: measured against known truth, kept, and given to the judge for
each arm.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from claimbench.errors import BenchError
from claimbench.machine.calibration import error_s, errors_by_arm, read_last, write_last
from claimbench.run.calibrate import as_json, calibrate, errors_of, percentile, server_process
from claimbench.types import Arm, Attempt, Call, LoadSpec, Outcome, Session, StampSource, Timing
from claimbench_providers.endpoints import compatible

MS = 1_000_000


def attempt(
    call_id: str, sent_ms: float, first_ms: float, end_ms: float, source: StampSource = "kernel"
) -> Attempt:
    sent, first, end = (round(ms * MS) for ms in (sent_ms, first_ms, end_ms))
    timing = Timing(None, sent, sent, first, first, (first,), end, source)
    return Attempt(call_id, 1, 1, timing, Outcome.OK, 200, None, None, None, "yes")


async def test_a_calibration_measures_every_way_to_take_stamps() -> None:
    pace = {"ttft_s": 0.02, "gap_s": 0.005, "chunks": 4}
    seen: list[Any] = []
    with server_process([sys.executable, "-m", "claimbench_providers.scripted.server"]) as url:
        made = await calibrate(
            {"compatible": compatible.create},
            url,
            concurrencies=(1, 4),
            pace=pace,
            calls=lambda _c: 8,
            show=seen.append,
        )
    assert [(row.provider, row.concurrency, row.n) for row in seen] == [
        ("in_process", 1, 8),
        ("compatible", 1, 8),
        ("compatible", 4, 8),
    ]
    assert set(made["errors"]) == {"in_process", seen[1].source} | {seen[2].source}
    assert seen[1].source in ("kernel", "transport")
    for row in (
        seen
    ):  # a busy machine may be late, but never by as much as the TTFT itself, and never early
        assert -1 < row.ttft_mean_ms < 20, row


def test_errors_are_reported_minus_true() -> None:
    attempts = {"a": attempt("a", 0, 25, 60), "b": attempt("b", 10, 30, 70)}
    truth = {"a": (2 * MS, 22 * MS, 55 * MS), "b": (11 * MS, 33 * MS, 71 * MS)}
    found = errors_of("x", 2, attempts, truth)
    assert (found.n, found.source) == (2, "kernel")
    assert found.ttft_mean_ms == pytest.approx((5 - 2) / 2)
    assert found.ttft_p99_ms == 5
    assert found.e2e_mean_ms == pytest.approx((7 + 0) / 2)


def test_a_call_that_failed_or_that_nobody_knows_spoils_a_calibration() -> None:
    with pytest.raises(BenchError, match="calibration of x: a call failed"):
        errors_of("x", 1, {"a": attempt("a", 0, 1, 2)}, {})


def test_percentile_is_an_order_statistic() -> None:
    values = [float(v) for v in range(1, 101)]
    assert [percentile(values, p) for p in (0.0, 0.5, 0.99, 1.0)] == [1, 50, 99, 100]


def calibration(**levels: dict[int, float]) -> dict[str, Any]:
    errors = {
        source: {str(c): {"ttft_p99_ms": ms} for c, ms in rows.items()}
        for source, rows in levels.items()
    }
    return {"schema": 1, "host": "here", "errors": errors}


def test_the_error_is_that_of_the_next_higher_concurrency() -> None:
    found = calibration(kernel={1: 0.1, 32: 0.4, 128: 2.0}, sdk={1: -6.0})
    assert [error_s(found, "kernel", c) for c in (1, 2, 32, 33, 500)] == pytest.approx(
        [1e-4, 4e-4, 4e-4, 2e-3, 2e-3]
    )
    assert error_s(found, "sdk", 8) == pytest.approx(6e-3)
    assert error_s(found, "in_process", 1) is None
    assert error_s({}, "kernel", 1) is None


def session(n: int, made: dict[str, Any]) -> Session:
    return Session("r", n, "2026-01-01T00:00:00+00:00", 0, {}, calibration=made)


def test_every_arm_gets_the_error_of_its_stamps_at_its_concurrency() -> None:
    arms = [
        Arm("k", "compatible", "m", concurrency=32),
        Arm("s", "openai", "m"),
        Arm("l", "llama_cpp", "m"),
    ]
    calls = [
        Call("r", f"{arm.name}{i}", "t", "s", 0, arm.name, 0, i) for arm in arms for i in range(2)
    ]
    attempts = [
        attempt("k0", 0, 1, 2),
        attempt("k1", 0, 1, 2, "transport"),
        attempt("s0", 0, 1, 2, "sdk"),
        attempt("l0", 0, 1, 2, "in_process"),
    ]
    old = calibration(kernel={32: 99.0})
    new = calibration(kernel={1: 0.1, 32: 0.4}, transport={32: 3.0}, sdk={1: 7.0})
    found = errors_by_arm(
        [session(1, old), session(2, new), session(3, {})], arms, LoadSpec(), calls, attempts
    )
    assert found == pytest.approx({"k": 3e-3, "s": 7e-3})
    assert errors_by_arm([session(1, {})], arms, LoadSpec(), calls, attempts) == {}
    closed = LoadSpec(concurrency=1)
    assert errors_by_arm([session(1, new)], arms[:1], closed, calls, attempts[:1]) == pytest.approx(
        {"k": 1e-4}
    )
    open_loop = LoadSpec("open", rate_per_s=1)
    crowd = [attempt("k0", 0, 1, 10), attempt("k1", 5, 6, 12)]
    assert errors_by_arm([session(1, new)], arms[:1], open_loop, calls, crowd) == pytest.approx(
        {"k": 4e-4}
    )


def test_the_last_calibration_of_this_host_is_kept_with_the_results(tmp_path: Path) -> None:
    assert read_last(tmp_path) == {}
    made = as_json([], {"ttft_s": 0.1})
    write_last(tmp_path / "new", made)
    assert read_last(tmp_path / "new") == made
    assert read_last(tmp_path / "new", made["host"]) == made
    assert read_last(tmp_path / "new", "another machine") == {}
    (tmp_path / "calibration.json").write_text("{broken")
    assert read_last(tmp_path) == {}
