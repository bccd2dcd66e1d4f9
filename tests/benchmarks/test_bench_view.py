"""What ``bench view`` costs on a large database: processor time of its first pages, and memory.

100,000 calls are written and measured. A page asks by keys and indexes, and counts finished calls
once, along an index; so a run of ten times as many costs ten times that count and nothing else
(docs/view.md has both, measured).
"""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.cookiejar import CookieJar
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
N_CALLS = 100_000
BIG = "20261101T000000Z-aaaaaa"
FIRST_PAGE_S = 0.3
MOST_MB = 300.0


@contextmanager
def server(folder: Path) -> Iterator[tuple[int, str]]:
    """Start ``bench view`` in a folder; give its process and first address."""
    command = [sys.executable, "-m", "claimbench.cli", "view", "--no-browser"]
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, "CLAIMBENCH_CACHE": str(folder / "cache")},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield process.pid, process.stdout.readline().strip()
    finally:
        process.terminate()
        process.communicate(timeout=20)


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))


def test_first_pages_of_a_large_database(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    made = [sys.executable, str(HERE / "big_results.py"), str(tmp_path), str(N_CALLS)]
    subprocess.run(made, check=True)
    with server(tmp_path) as (pid, url):
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        before = cpu_s(pid)
        first = opener.open(url).read().decode()
        took = cpu_s(pid) - before
        assert BIG in first
        assert "100,000 calls" in first
        base = url.partition("?")[0]
        before = cpu_s(pid)
        run = opener.open(f"{base}runs/{BIG}").read().decode()
        run_took = cpu_s(pid) - before
        assert "Being judged" in run
        peak = peak_mb(pid)
    record_property("first_page_cpu_s", took)
    record_property("run_page_cpu_s", run_took)
    record_property("peak_mb", peak)
    assert took < FIRST_PAGE_S
    assert run_took < FIRST_PAGE_S
    assert peak < MOST_MB
