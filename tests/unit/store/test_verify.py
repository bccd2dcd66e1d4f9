"""Every table that a figure rests on, and every rule among its rows: tampered with, and found."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.unit.store.conftest import RUN, Make

from claimbench.errors import IntegrityError
from claimbench.store.results import ResultsStore
from claimbench.store.schema import chain
from claimbench.types import Look, Outcome

N = 6


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two sessions, the first killed, with a retried call, looks, notes and labels."""
    make = Make()
    path = tmp_path_factory.mktemp("whole") / "bench.db"
    calls = make.calls(N)
    with ResultsStore.open(path) as store:
        store.create_run(replace(make.manifest(), schema=2), calls)
        store.start_session(RUN, host={"cpu": "x"})
        with store.writer(RUN) as writer:
            writer.intent(make.intent("call-0"))
            failed = replace(make.attempt("call-0"), outcome=Outcome.NETWORK)
            writer.attempt(failed)
            error = replace(make.record(calls[0], "", 1), outcome=Outcome.NETWORK, error="no route")
            writer.record(error)
            writer.intent(make.intent("call-1"))
        store.start_session(RUN, host={"cpu": "x"})
        with store.writer(RUN) as writer:
            for call in calls:
                number = 2 if call.id in ("call-0", "call-1") else 1
                writer.intent(make.intent(call.id, number, 2))
                writer.attempt(make.attempt(call.id, number, 2))
                writer.record(make.record(call, attempt=number))
            writer.look(Look(RUN, 1, 2, 3, 3, {"cheaper": 0.04}, "continue"))
            writer.look(Look(RUN, 2, 4, 6, 6, {"cheaper": 0.02}, "stop"))
        store.save_derived(RUN, "notes", "2", {"0": "a note"})
        store.end_session(RUN, 2, "finished", {"p50": 0.1})
        store.save_derived(RUN, "egress", "2", {"arm/a": {"bytes": 0}})
        store.save_derived(RUN, "label", "1", {"call-0": {"label": "right"}})
        assert store.verify(RUN) == 1 + 7 + 7
    return path


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Iterator[ResultsStore]:
    shutil.copytree(whole.parent, tmp_path / "results")
    with ResultsStore.open(tmp_path / "results", create=False) as store:
        yield store


def tamper(store: ResultsStore, *statements: str) -> None:
    """What somebody with sqlite3 in hand can do: drop the triggers and keys, change what he likes."""
    store.close()
    with closing(sqlite3.connect(store.path, isolation_level=None)) as connection:
        connection.create_function("chain", 2, chain, deterministic=True)
        connection.execute("PRAGMA foreign_keys = OFF")
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            assert connection.execute(statement).rowcount != 0


_LAST = "(SELECT sha256 FROM {0} ORDER BY seq DESC LIMIT 1)"
_AGAIN = (
    "INSERT INTO records (run_id, call_id, outcome, body, sha256) SELECT run_id, call_id, outcome,"
    f" body, chain({_LAST.format('records')}, body) FROM records WHERE call_id = 'call-3'"
)
_UNBEGUN = (
    "INSERT INTO attempts (run_id, call_id, number, session, outcome, body, sha256) SELECT run_id,"
    " call_id, 9, session, outcome, replace(body, '\"number\":1', '\"number\":9'),"
    f" chain({_LAST.format('attempts')}, replace(body, '\"number\":1', '\"number\":9')) FROM attempts"
    " WHERE call_id = 'call-3'"
)
_NO_SEAL = "DELETE FROM seals"
TAMPERINGS = {
    # runs
    "manifest": ["UPDATE runs SET body = replace(body, 'support', 'tampered')"],
    "run's hash": ["UPDATE runs SET sha256 = 'ab'"],
    "run's suite": ["UPDATE runs SET suite_name = 'other'"],
    "run's version": ["UPDATE runs SET suite_version = '9-9'"],
    "run's date": ["UPDATE runs SET created_utc = '2020-01-01T00:00:00+00:00'"],
    "run's measured hash": ["UPDATE runs SET measured_sha256 = 'ab'"],
    "manifest and its hash": [
        "UPDATE runs SET body = replace(body, '2026-01-01T00', '2026-01-02T00')",
        "UPDATE runs SET created_utc = '2026-01-02T00:00:00+00:00', sha256 = chain('', body)",
    ],
    # calls
    "a call's arm": ["UPDATE calls SET arm = 'b' WHERE call_id = 'call-0'"],
    "a call's body": ["UPDATE calls SET body = replace(body, 's2', 's3') WHERE call_id = 'call-2'"],
    "a call's sample": ["UPDATE calls SET sample_id = 's9' WHERE call_id = 'call-4'"],
    "a call's task": ["UPDATE calls SET task = 'other' WHERE call_id = 'call-4'"],
    "a call's epoch": ["UPDATE calls SET epoch = 7 WHERE call_id = 'call-4'"],
    "a call's place": ["UPDATE calls SET position = 70 WHERE call_id = 'call-4'"],
    "a call gone": ["DELETE FROM calls WHERE call_id = 'call-5'"],
    "a call gone with its rows": [
        f"DELETE FROM {table} WHERE call_id = 'call-5'"
        for table in ("records", "attempts", "intents", "calls")
    ],
    "a call more": [
        "INSERT INTO calls SELECT run_id, 'call-x', position, arm, task, sample_id, epoch,"
        " replace(body, 'call-5', 'call-x') FROM calls WHERE call_id = 'call-5'"
    ],
    "a call of bytes": ["UPDATE calls SET body = x'00ff' WHERE call_id = 'call-5'"],
    # sessions
    "a session's host": ["UPDATE sessions SET body = replace(body, 'cpu', 'gpu')"],
    "a session's start": ["UPDATE sessions SET started_utc = '2026-02-01T00:00:00+00:00'"],
    "a session's end": ["UPDATE sessions SET ended_utc = '2026-02-01T00:00:00+00:00' WHERE n = 2"],
    "a session's end taken": ["UPDATE sessions SET ended_utc = NULL WHERE n = 2"],
    "a session's reason": ["UPDATE sessions SET end_reason = 'b: out of money' WHERE n = 2"],
    "a session's lag": ["UPDATE sessions SET loop_lag_ms = '{}' WHERE n = 2"],
    "a session gone": ["DELETE FROM sessions WHERE n = 1"],
    "a session more": [
        "INSERT INTO sessions (run_id, n, started_utc, body) SELECT run_id, 3, started_utc, body"
        " FROM sessions WHERE n = 2"
    ],
    "a session renumbered": ["UPDATE sessions SET n = 4 WHERE n = 2"],
    "a session of garbage": ["UPDATE sessions SET body = 'garbage' WHERE n = 2"],
    # intents
    "an intent's money": ["UPDATE intents SET reserved_usd = '0' WHERE call_id = 'call-2'"],
    "an intent's time": ["UPDATE intents SET created_utc = '' WHERE call_id = 'call-2'"],
    "an intent gone": ["DELETE FROM intents WHERE call_id = 'call-2'"],
    "a killed intent gone": ["DELETE FROM intents WHERE call_id = 'call-1' AND session = 1"],
    "all intents gone": ["DELETE FROM intents"],
    "an intent more": [
        "INSERT INTO intents (run_id, call_id, attempt_number, session, created_utc) VALUES"
        f" ('{RUN}', 'call-2', 7, 2, '')"
    ],
    "intents exchanged": [
        "UPDATE intents SET seq = -1 WHERE seq = 3",
        "UPDATE intents SET seq = 3 WHERE seq = 4",
        "UPDATE intents SET seq = 4 WHERE seq = -1",
    ],
    # attempts
    "an attempt's tokens": ["UPDATE attempts SET body = replace(body, '\"input_fresh\":3', '\"input_fresh\":4')"],
    "an attempt's outcome": ["UPDATE attempts SET outcome = 'network' WHERE call_id = 'call-2'"],
    "an attempt's number": ["UPDATE attempts SET number = 8 WHERE call_id = 'call-2'"],
    "an attempt's session": ["UPDATE attempts SET session = 1 WHERE call_id = 'call-2'"],
    "an attempt gone": ["DELETE FROM attempts WHERE call_id = 'call-2'"],
    "the last attempt gone": ["DELETE FROM attempts WHERE call_id = 'call-5'"],
    "an attempt more, chained": [_UNBEGUN],
    "an attempt of null": ["UPDATE attempts SET body = 'null' WHERE call_id = 'call-2'"],
    # records
    "an answer": ["UPDATE records SET body = replace(body, 'refund', 'cancel') WHERE call_id = 'call-3'"],
    "an outcome": ["UPDATE records SET outcome = 'empty' WHERE call_id = 'call-3'"],
    "a record gone": ["DELETE FROM records WHERE call_id = 'call-3'"],
    "the last record gone": ["DELETE FROM records WHERE call_id = 'call-5'"],
    "records exchanged": ["UPDATE records SET seq = -1 WHERE call_id = 'call-4'"],
    "a record more, chained": [_AGAIN],
    "a record of nested lists": [
        f"UPDATE records SET body = '{'[' * 5000}' WHERE call_id = 'call-3'"
    ],
    # looks
    "all looks gone": ["DELETE FROM looks"],
    "the last look gone": ["DELETE FROM looks WHERE k = 2"],
    "the first look gone": ["DELETE FROM looks WHERE k = 1"],
    "a look's p": ["UPDATE looks SET body = replace(body, '0.02', '0.2') WHERE k = 2"],
    "a look's decision": ["UPDATE looks SET body = replace(body, 'stop', 'continue') WHERE k = 2"],
    "a look more": ["INSERT INTO looks SELECT run_id, 3, replace(body, '\"k\":2', '\"k\":3') FROM looks WHERE k = 2"],
    "a look of garbage": ["UPDATE looks SET body = '{' WHERE k = 2"],
    # derived
    "bytes that left": ["UPDATE derived SET body = replace(body, '0', '99') WHERE kind = 'egress'"],
    "bytes forgotten": ["DELETE FROM derived WHERE kind = 'egress'"],
    "a note": ["UPDATE derived SET body = '\"another\"' WHERE kind = 'notes'"],
    "a note gone": ["DELETE FROM derived WHERE kind = 'notes'"],
    "a label": ["UPDATE derived SET body = replace(body, 'right', 'wrong') WHERE kind = 'label'"],
    "a label more": ["INSERT INTO derived SELECT run_id, kind, key, 'call-1', body FROM derived WHERE kind = 'label'"],
    "a kind renamed": ["UPDATE derived SET kind = 'other' WHERE kind = 'label'"],
    # seals
    "all seals gone": [_NO_SEAL],
    "the last seal gone": ["DELETE FROM seals WHERE seq = (SELECT max(seq) FROM seals)"],
    "the first seal gone": ["DELETE FROM seals WHERE seq = (SELECT min(seq) FROM seals)"],
    "a seal's body": ["UPDATE seals SET body = replace(body, '7,', '6,')"],
    "the seals' table gone": ["DROP TABLE seals"],
    "looks' table gone": ["DROP TABLE looks"],
    "derived table gone": ["DROP TABLE derived"],
}  # fmt: skip


_TABLES = [
    "runs",
    "calls",
    "sessions",
    "intents",
    "attempts",
    "records",
    "looks",
    "derived",
    "seals",
]
_OTHERS = {
    "manifest": "the manifest", "run's hash": "the manifest", "manifest and its hash": "seals",
    "a call gone with its rows": "attempts", "all seals gone": "no seal is there",
    "the seals' table gone": "no seal is there", "looks' table gone": "the table looks",
    "derived table gone": "the table derived", "the last seal gone": "derived",
}  # fmt: skip
"""What is named where it is not the table that was changed alone."""


def _named(name: str) -> str:
    """Return what a fault has to name: the table that a tampering changes, and of its row what it
    says of it.
    """
    if name in _OTHERS:
        return _OTHERS[name]
    (table,) = {
        word
        for statement in TAMPERINGS[name]
        for word in statement.replace("(", " ").split(" WHERE ")[0].split()[1:4]
        if word in _TABLES
    }
    return f"{table}: "


@pytest.mark.parametrize("name", TAMPERINGS)
def test_each_tampering_is_found_and_its_table_named(copy: ResultsStore, name: str) -> None:
    tamper(copy, *TAMPERINGS[name])
    with pytest.raises(IntegrityError) as caught:
        copy.verify(RUN)
    said = caught.value.message.partition(f"run {RUN}: ")[2]
    assert said.startswith(_named(name)) or name in _OTHERS, said
    assert _named(name) in said


UNREADABLE = ("'garbage'", "'null'", "'[1]'", "'{}'", "x'00ff'", "'{\"a\":' || 1e999 || '}'")


@pytest.mark.parametrize("body", UNREADABLE)
@pytest.mark.parametrize(
    "table", [table for table in _TABLES if table not in ("intents", "derived")]
)
def test_a_row_that_cannot_be_read_has_its_table_named(
    copy: ResultsStore, table: str, body: str
) -> None:
    tamper(copy, f"UPDATE {table} SET body = {body}")
    with pytest.raises(IntegrityError) as caught:
        copy.verify(RUN)
    said = caught.value.message.partition(f"run {RUN}: ")[2]
    assert said.startswith((f"{table}: ", "the manifest was" if table == "runs" else f"{table}: "))


OF_BEFORE = (
    "a call's body", "a call gone", "a call gone with its rows", "an intent gone",
    "an attempt more, chained", "the last attempt gone", "a record more, chained",
    "the first look gone", "a session gone", "a session of garbage", "a look of garbage",
    "run's suite",
)  # fmt: skip


@pytest.mark.parametrize("name", OF_BEFORE)
def test_rules_find_it_in_a_run_that_was_never_sealed(
    whole: Path, tmp_path: Path, name: str
) -> None:
    """As one of schema 1 or 2, whose manifest says so."""
    make = Make()
    with ResultsStore.open(tmp_path / "bench.db") as store:
        store.create_run(replace(make.manifest(), schema=1, plan_sha256=_plan_of(N)), make.calls(N))
        tamper(store, f"ATTACH '{whole}' AS old", *_copied(), _NO_SEAL)
        store.verify(RUN)
        tamper(store, *TAMPERINGS[name])
        with pytest.raises(IntegrityError):
            store.verify(RUN)


def _plan_of(n: int) -> str:
    import hashlib

    return hashlib.sha256("\n".join(f"call-{i}" for i in range(n)).encode()).hexdigest()


def _copied() -> Iterator[str]:
    for table in ("sessions", "intents", "looks", "derived"):
        yield f"INSERT INTO {table} SELECT * FROM old.{table}"
    for table in ("attempts", "records"):
        previous = (
            f"coalesce((SELECT sha256 FROM {table} ORDER BY seq DESC LIMIT 1),"
            " (SELECT sha256 FROM runs))"
        )
        for place in range(7):
            columns = "run_id, call_id, outcome, body"
            columns += ", number, session" if table == "attempts" else ""
            yield (
                f"INSERT INTO {table} ({columns}, sha256) SELECT {columns}, chain({previous}, body)"
                f" FROM old.{table} ORDER BY seq LIMIT 1 OFFSET {place}"
            )


def test_a_run_that_goes_on_is_in_order_at_every_moment(store: ResultsStore, make: Any) -> None:
    calls = make.calls(4)
    store.create_run(replace(make.manifest(), schema=2), calls)
    store.verify(RUN)
    store.start_session(RUN, host={})
    with store.writer(RUN) as writer:
        for call in calls:
            writer.intent(make.intent(call.id)).result(5)
            store.verify(RUN)
            writer.attempt(make.attempt(call.id)).result(5)
            store.verify(RUN)
            writer.record(make.record(call, attempt=1)).result(5)
            store.verify(RUN)
        writer.look(Look(RUN, 1, 4, 4, 4, {}, "continue")).result(5)
        store.verify(RUN)
    store.end_session(RUN, 1, "finished", {})
    assert store.verify(RUN) == 1 + 8
