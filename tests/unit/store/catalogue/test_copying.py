"""Runs go from one database into another and back, whole or not at all, and are the same there."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from claimbench.clock import FakeClock
from claimbench.errors import IntegrityError, StoreError
from claimbench.store.catalogue import copying
from claimbench.store.catalogue.copying import Copied, copy_run, refuse
from claimbench.store.catalogue.removal import remove_run
from claimbench.store.engine import for_writing
from claimbench.store.place import place_of
from claimbench.store.raw_rows import read_raw
from claimbench.store.results import ResultsStore
from claimbench.types import Look

RUN = "20260101T000000Z-aaaaaa"


@pytest.fixture
def other(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Callable[[str], ResultsStore]]:
    """``other(kind)``: an empty store of one kind more."""
    opened: list[ResultsStore] = []
    names: list[str] = []
    counted = itertools.count()

    def make(kind: str) -> ResultsStore:
        if kind == "sqlite":
            opened.append(ResultsStore.open(tmp_path / f"other{next(counted)}"))
            return opened[-1]
        server = request.getfixturevalue("postgres")
        names.append(server.new_database())
        opened.append(ResultsStore.open(place_of(server.url(names[-1]))))
        return opened[-1]

    yield make
    for store in opened:
        store.close()
    for name in names:
        request.getfixturevalue("postgres").release(name)


@pytest.fixture
def whole(store: ResultsStore, make: Any) -> ResultsStore:
    """A run with odd texts, a second session, looks, notes, and rows of another run between."""
    calls = [
        replace(call, sample_id=f"s{n} \u00e9 \u2028 z\u0308")
        for n, call in enumerate(make.calls(6))
    ]
    store.create_run(replace(make.manifest(), schema=2), calls)
    store.create_run(make.manifest("other-run"), make.calls(2, "other-run"))
    texts = ["half \ud83d pair", "nul \x00", "\u2028 \U0001f600", "", "\\u0000", "tab\t"]
    for session, mine in ((1, calls[:3]), (2, calls[3:])):
        store.start_session(RUN, host={}, clock=FakeClock())
        store.start_session("other-run", host={}, clock=FakeClock())
        with store.writer(RUN) as writer:
            for call in mine:
                text = texts[calls.index(call)]
                writer.intent(make.intent(call.id, 1, session)).result(10)
                writer.attempt(make.attempt(call.id, 1, session)).result(10)
                writer.record(make.record(call, text, 1)).result(10)
            writer.look(Look(RUN, session, 3, 3, 3, {"c": 0.5}, "continue"))
    store.save_derived(RUN, "notes", "1", {"0": "nul \x00 and \ud800", "10": 1.5, "9": None})
    store.end_session(RUN, 2, "a reason with \x00 and \ud800 in it", {"p50": 0.1})
    return store


@pytest.mark.parametrize("target", ["sqlite", "postgresql"])
def test_a_copy_and_a_copy_of_it_hold_the_same_texts_and_hashes(
    whole: ResultsStore, other: Callable[[str], ResultsStore], target: str
) -> None:
    there, back = other(target), other("sqlite")
    rows = sum(len(table) for table in read_raw(whole, RUN).values())
    assert copy_run(whole, there, RUN) == Copied(RUN, "copied", rows)
    assert copy_run(there, back, RUN) == Copied(RUN, "copied", rows)
    assert read_raw(there, RUN) == read_raw(back, RUN) == read_raw(whole, RUN)
    assert there.verify(RUN) == back.verify(RUN) == whole.verify(RUN) == 1 + 12
    assert there.sessions(RUN)[1].end_reason == "a reason with \\x00 and \\ud800 in it"
    assert copy_run(whole, there, RUN) == Copied(RUN, "there", rows)
    assert copy_run(whole, there, "other-run").state == "copied"
    with there.writer(RUN) as writer:  # it goes on there as it would have here
        writer.look(Look(RUN, 3, 6, 6, 6, {"c": 0.4}, "stop"))
    assert [info.run_id for info in there.runs()] == [info.run_id for info in whole.runs()]


def test_a_run_that_is_there_with_other_rows_is_refused_and_nothing_changes(
    whole: ResultsStore, other: Callable[[str], ResultsStore], make: Any
) -> None:
    there = other("sqlite")
    copy_run(whole, there, RUN)
    before = read_raw(there, RUN)
    whole.save_derived(RUN, "notes", "2", {"0": "later"})
    with pytest.raises(StoreError, match="is there already, with other rows"):
        copy_run(whole, there, RUN)
    with pytest.raises(StoreError, match="is there already, with other rows"):
        copy_run(there, whole, RUN)
    assert read_raw(there, RUN) == before


def test_what_was_tampered_with_is_not_copied(
    whole: ResultsStore, other: Callable[[str], ResultsStore]
) -> None:
    there = other("sqlite")
    with for_writing(whole.engine).begin() as owner:
        owner.exec_driver_sql("UPDATE derived SET body = '\"x\"' WHERE kind = 'notes'")
    with pytest.raises(IntegrityError, match="derived"):
        copy_run(whole, there, RUN)
    assert there.runs() == []


@pytest.mark.parametrize("table", ["calls", "records", "seals"])
@pytest.mark.parametrize("target", ["sqlite", "postgresql"])
def test_a_fault_in_the_middle_leaves_nothing(
    whole: ResultsStore,
    other: Callable[[str], ResultsStore],
    monkeypatch: pytest.MonkeyPatch,
    table: str,
    target: str,
) -> None:
    there = other(target)
    copied = copying._copy

    def broken(reading: Any, writing: Any, one: Any, run_id: str) -> int:
        n = copied(reading, writing, one, run_id)
        if one.name == table:
            raise OSError(28, "No space left on device")
        return n

    monkeypatch.setattr(copying, "_copy", broken)
    with pytest.raises(StoreError):
        copy_run(whole, there, RUN)
    monkeypatch.undo()
    assert there.runs() == []
    assert copy_run(whole, there, RUN).state == "copied"


def test_removed_and_running_runs_are_left_out(
    whole: ResultsStore, other: Callable[[str], ResultsStore]
) -> None:
    there = other("sqlite")
    copy_run(whole, there, RUN)
    utc = remove_run(there, RUN).removed_utc
    gone = copy_run(whole, there, RUN)
    assert gone == Copied(RUN, "removed", removed_utc=utc)
    with pytest.raises(StoreError, match="was removed there on"):
        refuse(gone, there)
    with whole.lock_run("other-run"):
        working = copy_run(whole, there, "other-run")
    assert working.state == "running"
    with pytest.raises(StoreError, match="being worked on"):
        refuse(working, there)
    assert there.runs() == []
