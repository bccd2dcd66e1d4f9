"""Writes a run as fast as it can and says on stdout which rows it was told are committed;
test_store_kill.py kills it.

Usage: python store_kill_child.py DATABASE RUN_ID
"""

from __future__ import annotations

import os
import sys
from concurrent.futures import Future
from decimal import Decimal
from pathlib import Path

from claimbench.store.results import ResultsStore, RunWriter
from claimbench.types import Attempt, Call, CallRecord, Intent, Outcome, Timing


def say(kind: str, call_id: str) -> None:
    os.write(1, f"{kind} {call_id}\n".encode())  # one write: a line is whole or absent


def told(future: Future[None], kind: str, call_id: str) -> None:
    future.add_done_callback(lambda done: say(kind, call_id) if done.exception() is None else None)


def work(store: ResultsStore, run_id: str) -> None:
    finished = store.finished(run_id)
    session = store.start_session(run_id, host={}).n
    left = [call for call in store.calls(run_id) if call.id not in finished]
    say("ready", run_id)
    with store.writer(run_id) as writer:
        for start in range(0, len(left), 8):
            wave = left[start : start + 8]
            intents = [
                writer.intent(Intent(c.id, session, session, Decimal("0.1"), "2026-01-01"))
                for c in wave
            ]
            for call, future in zip(wave, intents, strict=True):
                told(future, "intent", call.id)
                future.result(30)
                answer(writer, call, session)
    say("done", run_id)


def answer(writer: RunWriter, call: Call, session: int) -> None:
    timing = Timing(None, 1, 2, 3, 3, tuple(range(50)), 60, "transport")
    attempt = Attempt(call.id, session, session, timing, Outcome.OK, 200, None, None, None, "yes")
    told(writer.attempt(attempt), "attempt", call.id)
    told(
        writer.record(CallRecord(call, "x" * 2000, Outcome.OK, "stop", session)), "record", call.id
    )


if __name__ == "__main__":
    with ResultsStore.open(Path(sys.argv[1]), create=False) as opened, opened.lock_run(sys.argv[2]):
        work(opened, sys.argv[2])
