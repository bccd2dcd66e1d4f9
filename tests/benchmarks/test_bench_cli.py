"""``bench --help`` must cost little more than starting Python; both are started in turns."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

TARGET = 4.0
TURNS = 15
BENCH = Path(sys.executable).with_name("bench")


def seconds(*command: str) -> float:
    start = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


@pytest.mark.benchmark(group="start")
@pytest.mark.skipif(not BENCH.exists(), reason="the console script is not beside this Python")
def test_bench_help_against_an_empty_program(
    benchmark: Any, request: pytest.FixtureRequest, show: Callable[[str], None]
) -> None:
    ratios: list[float] = []
    turns = TURNS if request.config.getoption("benchmark_enable") else 3

    def measure() -> None:
        for _ in range(turns):
            empty = seconds(sys.executable, "-c", "pass")
            ratios.append(seconds(str(BENCH), "--help") / empty)

    measure()
    ratios.clear()  # files are in the page cache now
    benchmark.pedantic(measure, rounds=1, iterations=1)
    middle = statistics.median(ratios)
    benchmark.extra_info.update(ratio=middle)
    show(
        f"bench --help: {middle:.2f} x python -c pass (target {TARGET}; {min(ratios):.2f} to"
        f" {max(ratios):.2f})"
    )
    assert middle <= TARGET
