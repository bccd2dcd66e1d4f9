from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from claimbench.machine.manifest import bare_manifest
from claimbench.store.results import ResultsStore
from claimbench.types import Call

RUN = "run-1"
CHILD = Path(__file__).with_name("store_kill_child.py")
N_CALLS = 6000


def make_run(path: Path) -> None:
    manifest = bare_manifest(RUN, "a", "2026-01-01T00:00:00+00:00")
    with ResultsStore.open(path) as store:
        store.create_run(
            manifest, [Call(RUN, f"c{i}", "t", f"s{i}", 1, "a", i, i) for i in range(N_CALLS)]
        )


def run_and_kill(path: Path, after_s: float) -> Counter[tuple[str, str]]:
    """Let the child work for ``after_s`` seconds, kill it, and return what it was told is
    committed.
    """
    command = [sys.executable, str(CHILD), str(path), RUN]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == f"ready {RUN}\n"
        time.sleep(after_s)
        child.kill()
        lines = child.stdout.read().splitlines()
    told = Counter((kind, call_id) for kind, call_id in (line.split() for line in lines))
    assert ("done", RUN) not in told, (
        "the child finished before it was killed: more calls are needed"
    )
    return told


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_committed_row_is_lost_or_repeated_after_kill_9(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "bench.db"
    make_run(path)
    rng = random.Random(seed)
    told: Counter[tuple[str, str]] = Counter()
    for _ in range(3):  # killed, resumed, killed, resumed, killed
        told += run_and_kill(path, rng.uniform(0.02, 0.35))
        raw = sqlite3.connect(path)
        assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        raw.close()
        with ResultsStore.open(path) as store:
            records = Counter(record.call.id for record in store.records(RUN, replaced=True))
            attempts = {attempt.call_id for attempt in store.attempts(RUN)}
            intents = {intent.call_id for intent in store.intents(RUN)}
            assert {c for kind, c in told if kind == "record"} <= set(records)
            assert {c for kind, c in told if kind == "attempt"} <= attempts
            assert {c for kind, c in told if kind == "intent"} <= intents
            assert set(records.values()) <= {1}
            assert attempts <= intents, "something was sent before its intent was committed"
            in_flight = {intent.call_id for intent in store.unfinished_intents(RUN)}
            assert intents - attempts <= in_flight
            store.verify(RUN)
            assert store.runs()[0].status == "interrupted"
    assert {kind for kind, _ in told} == {"intent", "attempt", "record"}
    confirmed = [n for (kind, _), n in told.items() if kind == "record"]
    assert max(confirmed) == 1, "a finished call was done again"
