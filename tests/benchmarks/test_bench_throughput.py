"""What the harness itself costs: 2,000 instant streaming calls at concurrency 64, scored, priced
and stored.

``make bench``. Held against a bare aiohttp loop in the same test, which scores, prices and stores
nothing. Each is run three times, in turns, and the medians count, because other programs share the
machine.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Note = Callable[[str, object], None]
N, CONCURRENCY = 2_000, 64
SCRIPT = {"text": "yes"}
ROUNDS = 3


def test_a_stored_call_costs_little_more_than_a_bare_fetch(
    server: Any,
    run_ours: Any,
    run_aiohttp: Any,
    show: Any,
    benchmark: Any,
    record_testsuite_property: Note,
) -> None:
    run_ours(200, CONCURRENCY, SCRIPT)  # imports and caches
    run_aiohttp(200, CONCURRENCY, SCRIPT)
    theirs = []

    def rounds() -> list[Any]:
        ours = []
        for _ in range(ROUNDS):
            ours.append(run_ours(N, CONCURRENCY, SCRIPT))
            theirs.append(run_aiohttp(N, CONCURRENCY, SCRIPT))
        return ours

    ours = benchmark.pedantic(rounds, rounds=1, iterations=1)
    wall = statistics.median(N / ran.wall_s for ran in ours)
    sending = statistics.median(N / ran.send_s for ran in ours)
    bare = statistics.median(N / ran.wall_s for ran in theirs)
    cpu = statistics.median(ran.cpu_s / N for ran in ours) * 1e3
    bare_cpu = statistics.median(ran.cpu_s / N for ran in theirs) * 1e3
    line = (
        f"whole run {wall:.0f}/s ({sending:.0f}/s while sending), {cpu:.2f} ms CPU per call; "
        f"aiohttp {bare:.0f}/s, {bare_cpu:.2f} ms; ratio {wall / bare:.2f}"
    )
    show(line)
    record_testsuite_property("throughput", line)
    assert cpu <= 0.6
    if wall < 0.7 * bare:  # the target stands; why it is not reached: docs/decisions/0011-speed.md
        pytest.xfail(f"target: 0.7 of aiohttp's requests per second; found {wall / bare:.2f}")


PEAK = """
import asyncio, gc, importlib.util, json, resource, sys
from pathlib import Path
spec = importlib.util.spec_from_file_location("bench_conftest", sys.argv[1])
module = importlib.util.module_from_spec(spec)
sys.modules["bench_conftest"] = module
spec.loader.exec_module(module)
gc.set_threshold(*module.COLLECTOR)
asyncio.run(module.whole_run(Path(sys.argv[2]), sys.argv[3], 2000, 64, {"text": "yes"}))
print(json.dumps(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))
"""


def test_a_run_stays_small(
    server: Any, tmp_path: Path, show: Any, record_testsuite_property: Note
) -> None:
    command = [
        sys.executable,
        "-c",
        PEAK,
        str(Path(__file__).with_name("conftest.py")),
        str(tmp_path),
        server.url,
    ]
    megabytes = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    show(f"peak memory of a run of 2,000 calls at 64: {megabytes:.0f} MB")
    record_testsuite_property("peak_memory_mb", round(megabytes))
    assert megabytes < 200
