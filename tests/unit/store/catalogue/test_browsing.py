"""Pages of runs and of progress, asked by keys: they say what the whole lists say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from claimbench.store.catalogue import browsing
from claimbench.store.catalogue.about import About
from claimbench.store.catalogue.browsing import Counts, RunFilter, Tally
from claimbench.store.notes import save_about
from claimbench.store.results import ResultsStore
from claimbench.types import Call, Outcome

RUN = "20260101T000000Z-aaaaaa"


def ids(store: ResultsStore, wanted: RunFilter, **more: Any) -> list[str]:
    return [row.run_id for row in browsing.run_page(store, wanted, {}, **more)[0]]


def several(store: ResultsStore, make: Any, n: int = 7) -> list[str]:
    names = []
    for i in range(n):
        run_id = f"2026010{i + 1}T000000Z-00000{i}"
        manifest = make.manifest(run_id, f"2026-01-0{i + 1}T00:00:00+00:00")
        suite = ("support", "su%port", "su_port", "Ünïcode")[i % 4]
        store.create_run(replace(manifest, suite_name=suite), make.calls(2, run_id))
        names.append(run_id)
    return names


def test_pages_hold_every_run_once_newest_first(store: ResultsStore, make: Any) -> None:
    names = several(store, make)
    seen: list[str] = []
    before, more = None, True
    while more:
        rows, more = browsing.run_page(store, RunFilter(), {}, before=before, limit=3)
        seen += [row.run_id for row in rows]
        before = rows[-1].seq
    assert seen == names[::-1]
    assert browsing.suite_names(store) == ["su%port", "su_port", "support", "Ünïcode"]


def test_filters_take_text_as_text(store: ResultsStore, make: Any) -> None:
    names = several(store, make)
    assert ids(store, RunFilter(suite="su%port")) == [names[5], names[1]]
    assert ids(store, RunFilter(text="%")) == [names[5], names[1]]
    assert ids(store, RunFilter(text="_")) == [names[6], names[2]]
    assert ids(store, RunFilter(text="' OR 1=1 --")) == []
    assert ids(store, RunFilter(text="000003")) == [names[3]]
    assert ids(store, RunFilter(since="2026-01-06")) == [names[6], names[5]]


def test_a_line_says_what_the_list_of_runs_says(
    store: ResultsStore, make: Any, run: list[Call]
) -> None:
    counts: Counts = {}
    for done in (0, 3, 8):
        make.fill(store, run[len(store.finished(RUN)) : done])
        row, info = browsing.one_run(store, RUN, counts), store.runs()[0]
        assert row is not None
        assert (row.n_planned, row.n_finished) == (info.n_planned, info.n_finished) == (8, done)
        assert row.status == info.status
    assert browsing.one_run(store, "nothere", counts) is None
    assert browsing.one_run(store, "' OR 1=1 --", counts) is None


def test_a_run_whose_lock_is_held_is_running(
    store: ResultsStore, make: Any, run: list[Call]
) -> None:
    with store.lock_run(RUN):
        row = browsing.one_run(store, RUN, {})
    assert row is not None
    assert row.status == "running"


def test_a_call_that_was_asked_again_counts_once(
    store: ResultsStore, make: Any, run: list[Call]
) -> None:
    with store.writer(RUN) as writer:
        writer.intent(make.intent(run[0].id))
        writer.record(replace(make.record(run[0]), outcome=Outcome.NETWORK))
        writer.record(make.record(run[0]))
    row = browsing.one_run(store, RUN, {})
    assert row is not None
    assert row.n_finished == 1


def test_the_mark_moves_with_every_row(store: ResultsStore, make: Any, run: list[Call]) -> None:
    marks = [browsing.mark_of(store, RUN)]
    make.fill(store, run[:1])
    marks.append(browsing.mark_of(store, RUN))
    store.save_derived(RUN, "score", "x", {"call-0": 1.0})
    marks.append(browsing.mark_of(store, RUN))
    assert len(set(marks)) == 3
    assert browsing.mark_of(store, RUN) == marks[-1]


def test_a_tally_counts_on(
    store: ResultsStore, make: Any, run: list[Call], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browsing, "TALLY_ROWS", 3)
    make.fill(store, run[:5])
    tally = Tally()
    assert browsing.tally_on(store, RUN, tally)
    assert not browsing.tally_on(store, RUN, tally)
    make.fill(store, run[5:])
    while browsing.tally_on(store, RUN, tally):
        pass
    assert tally.by_arm == {("a", "ok"): 4, ("b", "ok"): 4}


def test_the_files_state_moves_with_a_write_and_not_with_a_look(
    store: ResultsStore, make: Any, run: list[Call]
) -> None:
    before = browsing.database_state(store)
    with ResultsStore.open(store.path, read_only=True) as other:
        assert other.verify(RUN) == 1
        assert browsing.database_state(other) == before
    make.fill(store, run[:1])
    assert browsing.database_state(store) != before


def test_a_database_of_before_the_seals_is_read(tmp_path: Path, make: Any) -> None:
    import sqlite3

    with ResultsStore.open(tmp_path / "bench.db") as store:
        store.create_run(make.manifest(), make.calls(2))
    with sqlite3.connect(tmp_path / "bench.db") as db:
        for table in ("seals", "removed"):
            db.execute(f"DROP TRIGGER {table}_no_update")
            db.execute(f"DROP TRIGGER {table}_no_delete")
            db.execute(f"DROP TABLE {table}")
        db.execute("UPDATE meta SET value = '2' WHERE key = 'schema_version'")
    db.close()
    with ResultsStore.open(tmp_path / "bench.db", create=False, read_only=True) as store:
        row = browsing.one_run(store, RUN, {})
        assert row is not None
        assert row.n_planned == 2
        assert browsing.mark_of(store, RUN).seal == ""


def test_runs_are_found_by_a_tag_as_it_was_given(store: ResultsStore, make: Any) -> None:
    names = several(store, make)
    save_about(store, names[0], About(("nightly", "a%b"), "first\nnote", "Ada"))
    save_about(store, names[3], About(("nightly",)))
    save_about(store, names[5], About((), "nightly", "nightly"))
    assert ids(store, RunFilter(tag="nightly")) == [names[3], names[0]]
    assert ids(store, RunFilter(tag="nightly"), limit=1) == [names[3]]
    assert ids(store, RunFilter(tag="a%b")) == [names[0]]
    assert ids(store, RunFilter(tag="nightly", since="2026-01-02")) == [names[3]]
    for none in ("night", "%", "NIGHTLY", '["nightly"]', "' OR 1=1 --"):
        assert ids(store, RunFilter(tag=none)) == [], none


def test_a_line_has_what_people_said_of_the_run(store: ResultsStore, make: Any) -> None:
    names = several(store, make, 2)
    said = About(("a", "b"), "a note", "Ada")
    save_about(store, names[0], said)
    rows = {row.run_id: row.about for row in browsing.run_page(store, RunFilter(), {})[0]}
    assert rows == {names[0]: said, names[1]: About()}
    one = browsing.one_run(store, names[0], {})
    assert one is not None
    assert one.about == said
