"""How wrong our clock is at 1,024 and 4,096 calls in flight: one process against several senders,
on the same server in the same run.

``make bench``, on a quiet machine with more cores than senders. Few chunks a call, so that the
scripted server, one process, keeps up; its own truth is what stamps are held against, whatever its
lateness. ``BENCH_SENDERS=2,4,8`` names other numbers of senders. What a sender costs is its share of
memory (PSS: what several processes share is split among them), not what it maps.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

Note = Callable[[str, object], None]
SCRIPT = {"ttft_s": 1.0, "gap_s": 0.5, "chunks": 4, "text": "yes" + " " * 12 + "."}
CASES = [(1024, 2048), (4096, 6144)]
"""Concurrency and calls."""
SENDERS = [int(word) for word in os.environ.get("BENCH_SENDERS", "2,4").split(",")]


class Memory:
    """Looks at the memory of the senders of this process until it is told to stop."""

    def __init__(self) -> None:
        self.most_mb = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Memory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._stop.wait(0.25):
            found = [mb for pid in _children() if (mb := _pss_mb(pid)) is not None]
            self.most_mb = max([self.most_mb, *found])


def _children() -> list[str]:
    with contextlib.suppress(OSError):
        tasks = Path("/proc/self/task").iterdir()
        return [pid for task in tasks for pid in (task / "children").read_text().split()]
    return []


def _pss_mb(pid: str) -> float | None:
    with contextlib.suppress(OSError):
        if b"claimbench.run.senders.process" in Path(f"/proc/{pid}/cmdline").read_bytes():
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    return int(line.split()[1]) / 1024
    return None


@pytest.mark.parametrize(("concurrency", "n"), CASES)
def test_the_clock_of_senders_against_one_process(
    server: Any,
    run_ours: Any,
    show: Any,
    benchmark: Any,
    record_testsuite_property: Note,
    concurrency: int,
    n: int,
) -> None:
    ran = benchmark.pedantic(run_ours, args=(n, concurrency, SCRIPT), rounds=1, iterations=1)
    found = {"one process": (server.errors(ran.stamps), ran)}
    for senders in SENDERS:
        server.forget()
        with Memory() as memory:
            ran = run_ours(n, concurrency, SCRIPT, senders)
        found[f"{senders} senders"] = (server.errors(ran.stamps), ran)
        show(f"c={concurrency}, {senders} senders: {memory.most_mb:.0f} MB the largest (PSS)")
        record_testsuite_property(f"pss_mb_c{concurrency}_{senders}", memory.most_mb)
        assert memory.most_mb > 0
    for who, (errors, ran) in found.items():
        line = f"{errors.line()}; {n / ran.send_s:.0f} calls/s"
        show(f"c={concurrency}, {who}: {line}")
        name = f"ttft_error_ms_c{concurrency}_{who.replace(' ', '_')}"
        record_testsuite_property(name, line)
        assert len(errors.ttft) == n
    p99 = {who: float(np.quantile(errors.ttft, 0.99)) for who, (errors, _) in found.items()}
    if (os.cpu_count() or 1) > max(SENDERS) + 2:  # else they share cores with driver and server
        assert min(p99.values()) < p99["one process"]
