"""Every reader of foreign bytes, fed with what no tool writes: it refuses in words or takes it; no
crash, no hang, no memory without end.

``BENCH_FUZZ_S`` is the time for each reader: 1 s in ``make test``, 600 s in ``make long``. What was
found is kept in ``corpus/READER/`` and read first, every time.
"""

from __future__ import annotations

import contextlib
import os
import random
import resource
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from .evidence_readers import EVIDENCE
from .readers import READERS as OF_FILES
from .readers import Reader

READERS = {**OF_FILES, **EVIDENCE}
CORPUS = Path(__file__).with_name("corpus")
LIMIT_S = 30
"""Longest time for one input, in seconds of this process's own work (a busy machine makes nobody
slow); waiting for others, a template's process for one, may take four times as long.
"""
MOST_GROWTH = 600 * 2**20
"""Bytes of memory that a reader may need beyond what the process had."""
AT_ONCE = 50

SETTINGS = settings(
    max_examples=AT_ONCE,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],  # what shrinks a number that seeds changes makes nothing smaller
)


class HangError(BaseException):
    """One input took too long; no reader may catch it."""


@contextlib.contextmanager
def limited(seconds: int) -> Iterator[None]:
    """Raise :class:`HangError` after ``seconds`` of work, or four times as many of waiting."""

    def stop(number: int, _frame: FrameType | None) -> None:
        raise HangError(f"still reading ({signal.Signals(number).name})")

    old = {number: signal.signal(number, stop) for number in (signal.SIGPROF, signal.SIGALRM)}
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, 4 * seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in old.items():
            signal.signal(number, handler)


def read(reader: Reader, raw: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder, limited(LIMIT_S):
        reader.read(Path(folder), raw)


def peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def fuzz(name: str, seconds: float) -> int:
    """Read changed files until the time is over; return how many."""
    reader = READERS[name]
    seeds = reader.make()
    for raw in seeds:
        read(reader, raw)
    before, done, deadline = peak_bytes(), 0, time.monotonic() + seconds
    start = int(os.environ.get("BENCH_FUZZ_SEED", "0"))

    def one(number: int) -> None:
        nonlocal done
        if done and time.monotonic() > deadline:  # one at least, on however slow a machine
            return
        raw = reader.change(random.Random(number), seeds)
        done += 1
        try:
            read(reader, raw)
        except BaseException as error:
            found = Path(tempfile.gettempdir()) / f"found-{name}-{number}"
            found.write_bytes(raw)
            error.add_note(f"the input is kept as {found}")
            raise

    while time.monotonic() < deadline:
        start += 1
        seed(start)(SETTINGS(given(st.integers(0, 2**64))(one)))()
        assert peak_bytes() - before < MOST_GROWTH
    return done


@pytest.mark.parametrize("name", list(READERS))
def test_a_reader_refuses_in_words_or_takes_it(name: str) -> None:
    if name == "parquet":
        pytest.importorskip("pyarrow")
    assert fuzz(name, float(os.environ.get("BENCH_FUZZ_S", "1"))) > 0


@pytest.mark.long
@pytest.mark.timeout(0)
@pytest.mark.parametrize("name", list(READERS))
def test_a_reader_refuses_in_words_or_takes_it_for_long(
    name: str, record_property: Callable[[str, object], None]
) -> None:
    if name == "parquet":
        pytest.importorskip("pyarrow")
    done = fuzz(name, float(os.environ.get("BENCH_FUZZ_S", "600")))
    record_property("inputs", done)  # in the report of --junitxml: what the time was worth here
    assert done > 0


KEPT = [path for path in sorted(CORPUS.glob("*/*")) if path.parent.name in READERS]


@pytest.mark.parametrize("path", KEPT, ids=[f"{p.parent.name}/{p.name}" for p in KEPT])
def test_what_was_found_once_stays_mended(path: Path) -> None:
    read(READERS[path.parent.name], path.read_bytes())
