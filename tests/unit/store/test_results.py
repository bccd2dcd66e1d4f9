from __future__ import annotations

import dataclasses
import random
import sqlite3
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError as ConstraintError

from claimbench.clock import FakeClock
from claimbench.errors import IntegrityError, StoreError
from claimbench.store.engine import for_writing
from claimbench.store.results import ResultsStore
from claimbench.types import Call, Cost, Look, Outcome, Score

RUN = "20260101T000000Z-aaaaaa"


def tamper(store: ResultsStore, *statements: str) -> None:
    """What somebody with sqlite3 or psql in hand can do: drop the triggers, change, put them back."""
    if not isinstance(store.path, Path):
        with for_writing(store.engine).begin() as owner:
            owner.exec_driver_sql("SET LOCAL session_replication_role = replica")
            for statement in statements:
                assert owner.exec_driver_sql(statement).rowcount > 0
        return
    store.close()
    connection = sqlite3.connect(store.path)
    triggers = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
    ).fetchall()
    for name, _ in triggers:
        connection.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        assert connection.execute(statement).rowcount > 0
    for _, sql in triggers:
        connection.execute(sql)
    connection.commit()
    connection.close()


# --- what goes in comes out -----------------------------------------------------------------------


def test_run_comes_back_as_it_was_stored(store: ResultsStore, make: Any) -> None:
    manifest, calls = make.manifest(), make.calls(5)
    store.create_run(manifest, list(reversed(calls)))
    assert store.manifest(RUN) == manifest
    assert store.calls(RUN) == calls
    assert [(r.run_id, r.status, r.n_planned, r.n_finished) for r in store.runs()] == [
        (RUN, "planned", 5, 0)
    ]


def test_raw_rows_come_back_in_order_of_commit(
    store: ResultsStore, run: list[Call], make: Any
) -> None:
    order = random.Random(3).sample(run, len(run))
    make.fill(store, order)
    assert list(store.records(RUN)) == [make.record(call) for call in order]
    assert list(store.attempts(RUN)) == [make.attempt(call.id) for call in order]
    assert list(store.intents(RUN)) == [make.intent(call.id) for call in order]
    assert store.finished(RUN) == {call.id for call in run}
    assert store.unfinished_intents(RUN) == []
    assert store.runs()[0].status == "complete"
    assert store.verify(RUN) == 1 + 2 * len(run)


def test_a_call_that_failed_may_be_asked_again_and_one_that_was_answered_may_not(
    store: ResultsStore, run: list[Call], make: Any
) -> None:
    failed = replace(
        make.record(run[1], attempt=1), outcome=Outcome.NETWORK, text="", error="no route"
    )
    writer = store.writer(RUN)
    for call_id, number in (("call-0", 1), ("call-1", 1), ("call-1", 2), ("call-1", 3)):
        outcome = (
            Outcome.OK if (call_id, number) in {("call-0", 1), ("call-1", 3)} else Outcome.NETWORK
        )
        writer.intent(make.intent(call_id, number)).result(5)
        writer.attempt(replace(make.attempt(call_id, number), outcome=outcome)).result(5)
    writer.record(make.record(run[0], attempt=1)).result(5)
    writer.record(failed).result(5)
    assert (store.finished(RUN), store.missing(RUN)) == (
        {"call-0", "call-1"},
        {"call-1": Outcome.NETWORK},
    )
    writer.record(replace(failed, error="no route, again", attempt=2)).result(5)
    writer.record(replace(make.record(run[1]), attempt=3)).result(5)
    for answered in run[:2]:
        with pytest.raises(StoreError, match="UNIQUE: the call is finished and was answered"):
            writer.record(make.record(answered, "another answer")).result(5)
    writer.close()
    assert list(store.records(RUN)) == [
        make.record(run[0], attempt=1),
        replace(make.record(run[1]), attempt=3),
    ]
    assert [(r.call.id, r.attempt) for r in store.records(RUN, replaced=True)] == [
        ("call-0", 1),
        ("call-1", 1),
        ("call-1", 2),
        ("call-1", 3),
    ]
    assert store.missing(RUN) == {}
    assert (store.runs()[0].n_finished, store.verify(RUN)) == (2, 1 + 4 + 4)


def test_rows_survive_closing_and_opening(store: ResultsStore, run: list[Call], make: Any) -> None:
    make.fill(store, run[:3])
    store.close()
    with ResultsStore.open(store.path, create=False) as again:
        assert again.finished(RUN) == {call.id for call in run[:3]}
        make.fill(again, run[3:])
        assert again.verify(RUN) == 1 + 2 * len(run)


def test_surrogates_and_control_characters_of_a_model_are_kept(
    store: ResultsStore, run: list[Call], make: Any
) -> None:
    texts = ["half \ud83d pair", "nul \x00", "\u2028 \U0001f600", ""]
    with store.writer(RUN) as writer:
        for call, text in zip(run, texts, strict=False):
            writer.record(make.record(call, text))
    assert [record.text for record in store.records(RUN)] == texts
    store.verify(RUN)


def test_looks(store: ResultsStore, run: list[Call]) -> None:
    look = Look(RUN, 1, 4, 30, 20, {"cheaper": 0.04}, "continue")
    with store.writer(RUN) as writer:
        writer.look(look).result(5)
    assert store.looks(RUN) == [look]


def test_intents_without_their_attempt_are_unfinished(
    store: ResultsStore, run: list[Call], make: Any
) -> None:
    with store.writer(RUN) as writer:
        for call in run[:3]:
            writer.intent(make.intent(call.id))
        writer.attempt(make.attempt("call-1"))
    assert [i.call_id for i in store.unfinished_intents(RUN)] == ["call-0", "call-2"]
    store.start_session(RUN, host={})
    with store.writer(RUN) as writer:  # sent again under the same number, by the next session
        writer.intent(make.intent("call-0", session=2))
        writer.attempt(make.attempt("call-0", session=2))
    assert [(i.call_id, i.session) for i in store.unfinished_intents(RUN)] == [
        ("call-0", 1),
        ("call-2", 1),
    ]


def test_sessions_are_numbered_and_ended_once(store: ResultsStore, make: Any) -> None:
    store.create_run(make.manifest(), make.calls(1))
    clock = FakeClock()
    first = store.start_session(RUN, host={"cpu": "x"}, calibration={"loop": 1}, clock=clock)
    assert (first.n, first.started_utc, first.monotonic_origin_ns) == (
        1,
        clock.utc().isoformat(),
        clock.monotonic_ns(),
    )
    assert store.runs()[0].status == "interrupted"
    clock.advance(5)
    store.end_session(RUN, 1, "ctrl-c", {"p99": 0.5}, clock=clock)
    assert store.runs()[0].status == "incomplete"
    second = store.start_session(RUN, host={})
    ended = dataclasses.replace(
        first, ended_utc=clock.utc().isoformat(), end_reason="ctrl-c", loop_lag_ms={"p99": 0.5}
    )
    assert store.sessions(RUN) == [ended, second]
    with pytest.raises(StoreError, match="only an open session can be ended"):
        store.end_session(RUN, 1, "again", {})
    with pytest.raises(StoreError, match="no session 7"):
        store.end_session(RUN, 7, "x", {})


def test_derived_rows_are_replaced_by_id_and_kept_apart_by_key(
    store: ResultsStore, run: list[Call]
) -> None:
    score = Score(
        "call-0", "label", "1", "scored", 1.0, parts={"a": 0.5}, judge_cost_usd=Decimal("0.1")
    )
    cost = Cost(Decimal("0.20"), components={"input": Decimal("0.05")})
    store.save_derived(RUN, "score", "label@1", {"call-0": score})
    store.save_derived(RUN, "score", "label@2", {"call-0": dataclasses.replace(score, value=0.0)})
    store.save_derived(RUN, "cost", "book-1", {"call-0": cost})
    store.save_derived(
        RUN, "cost", "book-1", {"call-1": cost, "call-0": dataclasses.replace(cost, amount=None)}
    )
    store.save_derived(RUN, "cost", "book-1", {})
    assert store.derived(RUN, "score", "label@1", Score) == {"call-0": score}
    assert store.derived_keys(RUN, "score") == ["label@1", "label@2"]
    assert store.derived(RUN, "cost", "book-1", Cost) == {
        "call-0": dataclasses.replace(cost, amount=None),
        "call-1": cost,
    }
    assert store.derived(RUN, "cost", "book-2", Cost) == {}


def test_a_thousand_derived_rows_round_trip(store: ResultsStore, run: list[Call]) -> None:
    rows: dict[str, object] = {f"r{i:04}": i / 7 for i in range(1000)}
    store.save_derived(RUN, "x", "k", rows)
    assert store.derived(RUN, "x", "k", float) == rows


# --- finding runs ---------------------------------------------------------------------------------


def test_runs_are_found_by_id_beginning_folder_and_latest(store: ResultsStore, make: Any) -> None:
    with pytest.raises(StoreError, match="no runs yet"):
        store.resolve_run(None)
    assert store.runs() == []
    for n, run_id in enumerate(["20260101-aa", "20260101-ab", "20260102-cc"]):
        store.create_run(make.manifest(run_id, f"2026-01-0{n + 1}T00:00:00+00:00"), [])
    assert store.runs()[-1].run_id == "20260102-cc"
    assert store.resolve_run(None) == store.resolve_run("latest") == "20260102-cc"
    assert (
        store.resolve_run("20260102")
        == store.resolve_run(str(store.run_folder("20260102-cc")))
        == "20260102-cc"
    )
    with pytest.raises(StoreError, match="beginning of 2 runs: 20260101-aa, 20260101-ab"):
        store.resolve_run("20260101")
    with pytest.raises(StoreError, match="no run '20260101-ax'") as info:
        store.resolve_run("20260101-ax")
    assert "20260101-aa" in str(info.value.hint)


def test_unknown_and_known_runs_are_refused_clearly(
    store: ResultsStore, run: list[Call], make: Any
) -> None:
    with pytest.raises(StoreError, match="no run 'nope'"):
        store.manifest("nope")
    with pytest.raises(StoreError, match="no run 'nope'"):
        store.writer("nope")
    with pytest.raises(StoreError, match="there already"):
        store.create_run(make.manifest(), run)
    with pytest.raises(StoreError, match="one call twice"):
        store.create_run(make.manifest("other"), run)
    with pytest.raises(StoreError, match="one call twice"):
        store.create_run(make.manifest("other"), make.calls(1, "other") * 2)


# --- append-only, and tampering -------------------------------------------------------------------


@pytest.mark.parametrize(
    "table", ["runs", "calls", "sessions", "intents", "attempts", "records", "looks"]
)
def test_raw_tables_refuse_change_and_removal(
    store: ResultsStore, run: list[Call], table: str, make: Any
) -> None:
    make.fill(store, run)
    with store.writer(RUN) as writer:
        writer.look(Look(RUN, 1, 4, 30, 20, {}, "continue"))
    column = "created_utc" if table == "intents" else "body"
    for statement in (f"UPDATE {table} SET {column} = 'x'", f"DELETE FROM {table}"):
        with (
            pytest.raises(ConstraintError, match="append-only"),
            for_writing(store.engine).begin() as connection,
        ):
            connection.exec_driver_sql(statement)


@pytest.mark.parametrize(
    ("statements", "named"),
    [
        (
            [
                "UPDATE records SET body = replace(body, 'refund', 'cancel') WHERE call_id ="
                " 'call-3'"
            ],
            "call-3",
        ),
        (["DELETE FROM records WHERE call_id = 'call-3'"], "call-4"),
        (["UPDATE records SET outcome = 'empty' WHERE call_id = 'call-5'"], "call-5"),
        (
            ["UPDATE attempts SET body = replace(body, '50', '51') WHERE call_id = 'call-2'"],
            "call-2",
        ),
        (["UPDATE records SET seq = -1 WHERE call_id = 'call-6'"], "call-6"),
        (["UPDATE runs SET body = replace(body, 'support', 'tampered')"], RUN),
    ],
)
def test_verify_names_what_was_tampered_with(
    store: ResultsStore, run: list[Call], statements: list[str], named: str, make: Any
) -> None:
    make.fill(store, run)
    store.verify(RUN)
    tamper(store, *statements)
    with pytest.raises(IntegrityError, match=named):
        store.verify(RUN)


@pytest.mark.parametrize(
    "name", ["../x", "/abs", "a/b", "..", ".", "", "x" * 200, "a\x00b", "a b", "é"]
)
def test_an_id_that_is_no_name_of_a_folder_is_refused(
    store: ResultsStore, make: Any, name: str
) -> None:
    store.create_run(make.manifest(), [])
    tamper(store, f"UPDATE runs SET run_id = '{name}'") if "\x00" not in name else None
    with pytest.raises(IntegrityError, match="no id that ClaimBench gives"):
        store.run_folder(name)
    if "\x00" not in name:
        for read in (store.runs, lambda: store.resolve_run(None)):
            with pytest.raises(IntegrityError, match="no id that ClaimBench gives"):
                read()
