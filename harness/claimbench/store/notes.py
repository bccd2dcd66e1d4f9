"""The notes of a run's sessions, and what people say about it, kept as derived rows.

Earlier versions stored a note as its text alone. Its kind is read out of the words here, once, and
nowhere else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from claimbench.errors import StoreError
from claimbench.store.catalogue.about import KEY as about_key
from claimbench.store.catalogue.about import KIND as about_kind
from claimbench.store.catalogue.about import About, about_of_rows
from claimbench.store.results import ResultsStore
from claimbench.store.schema import NOTES
from claimbench.types import Json, Note, NoteKind


def save_notes(store: ResultsStore, run_id: str, session: int, notes: Sequence[Note]) -> None:
    """Store the notes of one session, in order."""
    store.save_derived(run_id, NOTES, str(session), {str(i): note for i, note in enumerate(notes)})


def read_notes(store: ResultsStore, run_id: str) -> tuple[Note, ...]:
    """Return the notes of all sessions, in order.

    ``in_end_reason`` is true of those that the end reason of the run's last session says too.

    Raises:
        StoreError: a note that this version does not know.
    """
    notes: list[Note] = []
    told: set[str] = set()
    for session in store.sessions(run_id):
        rows = store.derived(run_id, NOTES, str(session.n), object)
        ordered = sorted(rows.items(), key=lambda row: int(row[0]))
        mine = [_note(row, session.end_reason or "") for _, row in ordered]
        told = {note.text for note in mine if note.in_end_reason}
        notes += mine
    return tuple(replace(note, in_end_reason=note.text in told) for note in notes)


def save_about(store: ResultsStore, run_id: str, about: About) -> None:
    """Store what is said about a run: tags are added, a note and an owner replace earlier ones."""
    known = read_about(store, run_id)
    rows: dict[str, object] = {}
    if about.tags:
        rows["tags"] = sorted({*known.tags, *about.tags})
    if about.note:
        rows["note"] = about.note
    if about.owner:
        rows["owner"] = about.owner
    store.save_derived(run_id, about_kind, about_key, rows)


def read_about(store: ResultsStore, run_id: str) -> About:
    """Return what was said about a run.

    Raises:
        StoreError: what is stored is not what this version writes.
    """
    rows = store.derived(run_id, about_kind, about_key, object)
    return about_of_rows(rows, run_id)


def _note(row: Json, end_reason: str) -> Note:
    if isinstance(row, str):
        return _from_text(row, end_reason)
    try:
        return Note(NoteKind(row["kind"]), row["text"], row["arm"], row["in_end_reason"])
    except (TypeError, KeyError, ValueError) as error:
        raise StoreError(
            f"a stored note is of no known kind: {row!r:.200}",
            hint="it was written by a newer ClaimBench: update, or open another results folder",
        ) from error


def _from_text(text: str, end_reason: str) -> Note:
    """Return the note that an earlier version stored as ``text``."""
    if text.startswith("stopping"):
        return Note(NoteKind.STOPPING, text)
    if text.startswith("look "):
        return Note(NoteKind.LOOK, text)
    arm, stopped, why = text.partition(" stopped: ")
    if stopped:
        return Note(NoteKind.ARM_STOPPED, text, arm, in_end_reason=f"{arm}: {why}" in end_reason)
    arm, billed, _ = text.partition(" billed $")
    if billed:
        return Note(NoteKind.OVERRUN, text, arm)
    return Note(NoteKind.OTHER, text)
