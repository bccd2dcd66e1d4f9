"""Notes: typed rows come back as they were; texts of earlier versions get their kind once."""

from __future__ import annotations

from pathlib import Path

import pytest

from claimbench.cli.self_test import bare_manifest
from claimbench.errors import StoreError
from claimbench.store.notes import read_notes, save_notes
from claimbench.store.results import ResultsStore
from claimbench.types import Note, NoteKind

RUN = "r"


@pytest.fixture
def store(tmp_path: Path):
    with ResultsStore.open(tmp_path) as store:
        store.create_run(bare_manifest(RUN, "a", "2026-01-01T00:00:00+00:00"), [])
        yield store


def session(store: ResultsStore, why: str) -> int:
    n = store.start_session(RUN, host={}).n
    store.end_session(RUN, n, why, {})
    return n


def test_notes_come_back_in_the_order_of_sessions_and_of_saying(store: ResultsStore) -> None:
    first = [Note(NoteKind.RETRY, f"asked again: {i} calls") for i in range(12)]
    last = [Note(NoteKind.OVERRUN, "a billed $2 where at most $1 was reserved", "a")]
    for notes in (first, last):
        save_notes(store, RUN, session(store, "finished"), notes)
    assert read_notes(store, RUN) == (*first, *last)


def test_only_what_the_last_session_ended_with_is_in_the_end_reason(store: ResultsStore) -> None:
    old, both = "a stopped: auth", "b stopped: network"
    told = [Note(NoteKind.ARM_STOPPED, text, text[0], in_end_reason=True) for text in (old, both)]
    save_notes(store, RUN, session(store, "a: auth; b: network"), told)
    save_notes(store, RUN, session(store, "b: network"), told[1:])
    assert [n.in_end_reason for n in read_notes(store, RUN)] == [False, True, True]


def test_texts_of_earlier_versions_get_their_kind(store: ResultsStore) -> None:
    texts = {
        "stopping: calls in flight may end; press Ctrl-C again": NoteKind.STOPPING,
        "look 1 of 5 at 20 items: continue": NoteKind.LOOK,
        "a stopped: auth, as every further call would: bad key": NoteKind.ARM_STOPPED,
        "b stopped: budget: the next request could cost $1": NoteKind.ARM_STOPPED,
        "a billed $2 where at most $1 was reserved": NoteKind.OVERRUN,
        "asked again: 3 calls that had failed in an earlier session": NoteKind.OTHER,
    }
    n = session(store, "a: auth, as every further call would: bad key")
    store.save_derived(RUN, "notes", str(n), {str(i): text for i, text in enumerate(texts)})
    notes = read_notes(store, RUN)
    assert {note.text: note.kind for note in notes} == texts
    assert [note.arm for note in notes] == [None, None, "a", "b", "a", None]
    assert [note.in_end_reason for note in notes] == [False, False, True, False, False, False]


def test_a_kind_of_a_newer_version_is_an_error(store: ResultsStore) -> None:
    row = {"kind": "eclipse", "text": "the sun is gone", "arm": None, "in_end_reason": False}
    store.save_derived(RUN, "notes", str(session(store, "finished")), {"0": row})
    with pytest.raises(StoreError, match="no known kind"):
        read_notes(store, RUN)
