"""What each role may do, by grants; and what triggers refuse whoever has the grant."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

from claimbench.errors import StoreError
from claimbench.store.catalogue.removal import remove_run
from claimbench.store.dialects.postgresql_roles import AUDITOR, READER, WRITER, roles_sql
from claimbench.store.place import place_of
from claimbench.store.results import ResultsStore
from claimbench.types import Call

pytestmark = pytest.mark.only_postgresql
RUN = "20260101T000000Z-aaaaaa"
USERS = {"ann_reads": READER, "bob_writes": WRITER, "cem_audits": AUDITOR}


@pytest.fixture
def shared(store: ResultsStore, run: list[Call], make: Any, postgres: Any) -> Any:
    """The store with its roles; gives what opens it as a user."""
    import psycopg

    make.fill(store, run[:4])
    database = str(store.path).rsplit("/", 1)[1]
    for _ in range(2):  # it may be run again
        postgres.sql(roles_sql(), database=database)
    for user, role in USERS.items():
        with contextlib.suppress(psycopg.errors.DuplicateObject):
            postgres.sql(f"CREATE ROLE {user} LOGIN IN ROLE {role}")
    return lambda user, **how: ResultsStore.open(place_of(postgres.url(database, user)), **how)


def test_a_reader_and_an_auditor_read_and_verify_all_and_write_nothing(shared: Any) -> None:
    for user in ("ann_reads", "cem_audits"):
        with shared(user, create=False, read_only=True) as store:
            assert store.verify(RUN) == 1 + 8
            assert store.runs()[0].n_finished == 4
        with shared(user, create=False) as store:
            for write in (
                lambda opened: opened.start_session(RUN, host={}),
                lambda opened: opened.save_derived(RUN, "label", "1", {"x": 1}),
                lambda opened: remove_run(opened, RUN),
            ):
                with pytest.raises(StoreError, match="may not do that") as info:
                    write(store)
                assert "bench results roles" in str(info.value.hint)


def test_a_writer_measures_and_changes_nothing_that_is_measured(
    shared: Any, make: Any, postgres: Any
) -> None:
    import psycopg

    with shared("bob_writes", create=False) as store:
        with store.lock_run(RUN), store.writer(RUN) as writer:
            writer.record(make.record(make.calls(8)[5]))
        session = store.start_session(RUN, host={})
        store.save_derived(RUN, "label", "1", {"x": 1})
        store.save_derived(RUN, "label", "1", {"x": 2})
        store.end_session(RUN, session.n, "done", {})
        store.create_run(make.manifest("mine"), make.calls(2, "mine"))
        assert store.verify(RUN)
        with pytest.raises(StoreError, match="may not do that"):
            remove_run(store, "mine")
        database = str(store.path).rsplit("/", 1)[1]
    with postgres.connect(database, user="bob_writes") as raw:
        for statement in (
            "UPDATE records SET body = 'x'",
            "DELETE FROM records",
            "TRUNCATE records CASCADE",
            "UPDATE sessions SET body = 'x'",
            "DELETE FROM derived",
            "INSERT INTO removed VALUES (1, 'x', 'y', 'z')",
            "UPDATE meta SET value = '3'",
            "ALTER TABLE records DISABLE TRIGGER ALL",
            "SET session_replication_role = replica",
            "SET claimbench.removing = '20260101T000000Z-aaaaaa'; DELETE FROM records",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                raw.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE records SET body = 'x'",
        "DELETE FROM records",
        "DELETE FROM calls",
        "TRUNCATE records",
        "TRUNCATE derived",
        "UPDATE runs SET suite_name = 'x'",
        "UPDATE runs SET seq = 7",
        "DELETE FROM sessions",
        "UPDATE sessions SET started_utc = 'x'",
        "SET claimbench.removing = 'another'; DELETE FROM records",
        "SET claimbench.removing = 'x'; UPDATE runs SET body = 'x'",
    ],
)
def test_triggers_refuse_the_owner_too(
    store: ResultsStore, run: list[Call], make: Any, postgres: Any, statement: str
) -> None:
    import psycopg

    make.fill(store, run)
    database = str(store.path).rsplit("/", 1)[1]
    with (
        postgres.connect(database) as owner,
        pytest.raises(psycopg.errors.IntegrityError, match="append-only"),
    ):
        owner.execute(statement)
    store.verify(RUN)


def test_a_second_answer_is_refused_even_behind_a_table_of_ones_own(
    store: ResultsStore, run: list[Call], make: Any, postgres: Any
) -> None:
    import psycopg

    make.fill(store, run[:1])
    database = str(store.path).rsplit("/", 1)[1]
    again = (
        "INSERT INTO public.records (run_id, call_id, outcome, body, sha256) SELECT run_id,"
        " call_id, outcome, body, sha256 FROM public.records"
    )
    with postgres.connect(database) as owner:
        owner.execute("CREATE TEMP TABLE records (LIKE public.records)")
        with pytest.raises(psycopg.errors.UniqueViolation, match="was answered"):
            owner.execute(again)
