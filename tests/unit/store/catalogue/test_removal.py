"""A run is removed whole, others verify as before, and a sign of it stays."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from claimbench.clock import FakeClock
from claimbench.errors import IntegrityError, StoreError
from claimbench.store.catalogue.about import About
from claimbench.store.catalogue.removal import compact, remove_run, removed_runs
from claimbench.store.notes import read_about, save_about
from claimbench.store.results import ResultsStore

IDS = tuple(f"2026010{n}T000000Z-aaaaa{n}" for n in range(1, 5))
NUMBERED = ("runs", "intents", "attempts", "records", "seals")


@pytest.fixture
def four(store: ResultsStore, make: Any) -> ResultsStore:
    """Four runs, their rows mixed in time."""
    calls = {run_id: make.calls(6, run_id) for run_id in IDS}
    for run_id in IDS:
        store.create_run(make.manifest(run_id), calls[run_id])
        store.start_session(run_id, host={}, clock=FakeClock())
    for number in range(6):
        for run_id in IDS:
            with store.writer(run_id) as writer:
                call = calls[run_id][number]
                writer.intent(make.intent(call.id))
                writer.attempt(make.attempt(call.id))
                writer.record(make.record(call, text=f"secret of {run_id}", attempt=1))
    for run_id in IDS:
        store.end_session(run_id, 1, "done", {})
        save_about(store, run_id, About(("kept",), f"note of {run_id}"))
    return store


def everything(store: ResultsStore, run_id: str) -> list[object]:
    found: list[object] = [list(store.records(run_id)), list(store.attempts(run_id))]
    found += [list(store.intents(run_id)), store.sessions(run_id), read_about(store, run_id)]
    return found


@pytest.mark.parametrize("gone", IDS)
def test_other_runs_are_and_verify_as_before(four: ResultsStore, gone: str) -> None:
    rest = [run_id for run_id in IDS if run_id != gone]
    before = {run_id: everything(four, run_id) for run_id in rest}
    counts = {run_id: four.verify(run_id) for run_id in rest}
    sign = remove_run(four, gone, clock=FakeClock())
    assert sign.run_id == gone
    assert sign.rows > 6 * 4
    assert {run_id: everything(four, run_id) for run_id in rest} == before
    assert {run_id: four.verify(run_id) for run_id in rest} == counts
    assert [info.run_id for info in four.runs()] == rest
    assert removed_runs(four) == [sign]
    with pytest.raises(StoreError, match="no run"):
        four.verify(gone)
    with pytest.raises(StoreError, match="no run"):
        remove_run(four, gone)


def test_runs_may_be_removed_one_after_another_and_new_ones_added(
    four: ResultsStore, make: Any
) -> None:
    for gone in (IDS[2], IDS[0], IDS[3]):
        remove_run(four, gone)
        assert four.verify(four.runs()[0].run_id)
    assert [sign.run_id for sign in removed_runs(four)] == [IDS[2], IDS[0], IDS[3]]
    calls = make.calls(3, IDS[0])
    four.create_run(make.manifest(IDS[0]), calls)  # the same id once more
    four.start_session(IDS[0], host={}, clock=FakeClock())
    with four.writer(IDS[0]) as writer:
        writer.record(make.record(calls[0], attempt=0))
    four.end_session(IDS[0], 1, "done", {})
    assert four.verify(IDS[0])
    assert four.verify(IDS[1])
    remove_run(four, IDS[1])
    remove_run(four, IDS[0])
    assert four.runs() == []
    assert len(removed_runs(four)) == 5


@pytest.mark.only_sqlite
def test_nothing_of_a_removed_run_is_left_in_the_file(four: ResultsStore) -> None:
    remove_run(four, IDS[1])
    compact(four)
    path = four.path
    four.close()
    held = b"".join(file.read_bytes() for file in sorted(path.parent.glob("bench.db*")))
    assert f"secret of {IDS[1]}".encode() not in held
    assert f"note of {IDS[1]}".encode() not in held
    assert f"secret of {IDS[0]}".encode() in held
    with closing(sqlite3.connect(path)) as connection:
        for table in ("calls", "sessions", "looks", "derived", *NUMBERED):
            query = f"SELECT count(*) FROM {table} WHERE run_id = ?"
            assert connection.execute(query, (IDS[1],)).fetchone() == (0,)


@pytest.mark.only_sqlite
def test_the_rules_of_the_database_hold_afterwards(four: ResultsStore) -> None:
    remove_run(four, IDS[0])
    for table in (*NUMBERED, "calls", "looks", "removed"):
        with closing(sqlite3.connect(four.path)) as connection:
            triggers = "SELECT count(*) FROM sqlite_master WHERE type='trigger' AND tbl_name=?"
            assert connection.execute(triggers, (table,)).fetchone()[0] >= 2
    for statement in ("DELETE FROM removed", "UPDATE removed SET body = '{}'"):
        with (
            closing(sqlite3.connect(four.path)) as connection,
            pytest.raises(sqlite3.IntegrityError, match="append-only"),
        ):
            connection.execute(statement)


@pytest.mark.only_sqlite
@pytest.mark.parametrize("table", NUMBERED)
def test_a_gap_that_is_there_already_is_not_hidden(four: ResultsStore, table: str) -> None:
    path = four.path
    with closing(sqlite3.connect(path)) as connection, connection:
        kept = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type='trigger' AND tbl_name=?", (table,)
        ).fetchall()
        for name, _ in kept:
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute(f"UPDATE {table} SET seq = seq + 100 WHERE seq > 2")
        for _, sql in kept:
            connection.execute(sql)
    with pytest.raises(IntegrityError, match=f"{table}: .* rows are numbered"):
        remove_run(four, IDS[0])
    assert len(four.runs()) == 4
    assert removed_runs(four) == []


@pytest.mark.only_sqlite
def test_a_sign_that_was_changed_or_taken_out_is_found(four: ResultsStore) -> None:
    for gone in IDS[:3]:
        remove_run(four, gone)
    with closing(sqlite3.connect(four.path)) as connection, connection:
        connection.execute("DROP TRIGGER removed_no_delete")
        connection.execute("DELETE FROM removed WHERE seq = 2")
    with pytest.raises(IntegrityError, match="list of removed runs"):
        removed_runs(four)


@pytest.mark.only_sqlite
def test_what_is_said_about_a_run_is_under_its_seal(four: ResultsStore) -> None:
    save_about(four, IDS[0], About(("b", "a"), "", "ops"))
    said = read_about(four, IDS[0])
    assert said == About(("a", "b", "kept"), f"note of {IDS[0]}", "ops")
    info = next(one for one in four.runs() if one.run_id == IDS[0])
    assert replace(said) == About(info.tags, info.note, info.owner)
    with closing(sqlite3.connect(four.path)) as connection, connection:
        connection.execute("UPDATE derived SET body = '\"me\"' WHERE row_id = 'owner'")
    with pytest.raises(IntegrityError, match="derived"):
        four.verify(IDS[0])


@pytest.mark.parametrize("name", [IDS[1], IDS[1][:16], f"results/{IDS[1]}", IDS[1][:9]])
def test_who_names_a_removed_run_is_told_when_it_went(four: ResultsStore, name: str) -> None:
    utc = remove_run(four, IDS[1], clock=FakeClock()).removed_utc
    with pytest.raises(StoreError, match=f"run {IDS[1]} was removed on {utc[:10]} at") as found:
        four.resolve_run(name)
    assert "bench list" in (found.value.hint or "")


def test_runs_that_are_here_are_found_as_before(four: ResultsStore) -> None:
    remove_run(four, IDS[1])
    assert four.resolve_run(IDS[0]) == IDS[0]
    assert four.resolve_run(None) == IDS[-1]
    assert four.resolve_run(IDS[2][:12]) == IDS[2]
    with pytest.raises(StoreError, match="is the beginning of 3 runs"):
        four.resolve_run("2026")
    with pytest.raises(StoreError, match="there is no run 'nobody'"):
        four.resolve_run("nobody")


def test_when_every_run_is_removed_a_name_says_so_and_latest_says_none(four: ResultsStore) -> None:
    for run_id in IDS:
        remove_run(four, run_id)
    with pytest.raises(StoreError, match="was removed on"):
        four.resolve_run(IDS[2])
    with pytest.raises(StoreError, match="there are no runs yet"):
        four.resolve_run("latest")
    with pytest.raises(StoreError, match=f"{IDS[0]} was removed.*{IDS[3]} was removed"):
        four.resolve_run("2026")


@pytest.mark.parametrize("command", ["show", "report", "compare", "check"])
def test_commands_tell_of_a_removed_run(four: ResultsStore, command: str) -> None:
    remove_run(four, IDS[1])
    names = [IDS[1], IDS[1]] if command == "compare" else [IDS[1]]
    done = subprocess.run(
        [sys.executable, "-m", "claimbench.cli", command, *names, "--results", str(four.path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3
    assert f"run {IDS[1]} was removed on" in done.stderr
