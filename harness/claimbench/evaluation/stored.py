"""A run as the store holds it: read once, and judged by :mod:`claimbench.evaluation.evaluate`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import TypeVar

from claimbench.evaluation.own_scorers import all_stored
from claimbench.evaluation.people import People, read_people
from claimbench.plan.judges import Judging
from claimbench.pricing.energy import Energy, combined
from claimbench.store.notes import read_notes
from claimbench.store.results import ResultsStore
from claimbench.suite.codec import suite_from_json
from claimbench.types import Attempt, Call, CallRecord, Look, Manifest, Note, Score, Session, Suite

T = TypeVar("T")


@dataclass(frozen=True)
class StoredRun:
    """Everything that the store holds of one run."""

    manifest: Manifest
    suite: Suite
    sessions: tuple[Session, ...]
    calls: tuple[Call, ...]
    records: tuple[CallRecord, ...]
    attempts: tuple[Attempt, ...]
    looks: tuple[Look, ...]
    resent: tuple[str, ...]
    notes: tuple[Note, ...] = ()
    judging: Judging = field(default_factory=Judging)
    """What the judges did; ``calls``, ``records`` and ``attempts`` are the arms' alone."""
    people: People = field(default_factory=People)
    """What people said of a sample of the answers."""
    own_scores: Mapping[str, Mapping[str, Score]] = field(default_factory=dict)
    """What scripts beside the suite gave: task -> call -> score."""
    energy: Energy | None = None
    """Electricity of all sessions; None where none was asked to meter."""


def read_run(store: ResultsStore, run_id: str, *, verified: bool = False) -> StoredRun:
    """Read one run, its rows verified first; the suite comes from the manifest, so its files are
    not needed.

    Args:
        store: where it is.
        run_id: the run.
        verified: the rows are this process's own of just now, and need not be asked again.

    Raises:
        IntegrityError: a row is not what was written: nothing is judged or shown from it.
    """
    if not verified:
        store.verify(run_id)
    manifest = store.manifest(run_id)
    sessions = tuple(store.sessions(run_id))
    finished = tuple(store.records(run_id))
    planned = store.calls(run_id, finished)
    judged = {call.id for call in planned if call.role == "judge"}
    calls, of_judges = _apart(planned, judged, lambda call: call.id)
    records, grades = _apart(finished, judged, lambda record: record.call.id)
    attempts, asked = _apart(store.attempts(run_id), judged, lambda attempt: attempt.call_id)
    resent = tuple(intent.call_id for intent in store.unfinished_intents(run_id))
    suite = suite_from_json(manifest.suite)
    return StoredRun(
        manifest=manifest,
        suite=suite,
        sessions=sessions,
        calls=calls,
        records=records,
        attempts=attempts,
        looks=tuple(store.looks(run_id)),
        resent=resent,
        notes=read_notes(store, run_id),
        judging=Judging(of_judges, grades, asked),
        people=read_people(store, run_id),
        own_scores=all_stored(store, run_id, suite),
        energy=combined(_metered(store, run_id, sessions)),
    )


def _metered(store: ResultsStore, run_id: str, sessions: Sequence[Session]) -> Iterator[Energy]:
    """Read the electricity of each session that was metered."""
    for session in sessions:
        yield from store.derived(run_id, "energy", str(session.n), Energy).values()


def _apart(
    rows: Iterable[T], judged: Set[str], id_of: Callable[[T], str]
) -> tuple[tuple[T, ...], tuple[T, ...]]:
    """Split rows into the arms' and the judges', each in stored order."""
    if not judged:
        return tuple(rows), ()
    arms: list[T] = []
    judges: list[T] = []
    for row in rows:
        (judges if id_of(row) in judged else arms).append(row)
    return tuple(arms), tuple(judges)


def is_complete(stored: StoredRun) -> bool:
    """Return whether every planned call is finished or the run stopped early by its rule."""
    stopped = bool(stored.looks) and stored.looks[-1].decision.startswith("stop")
    planned = len(stored.calls) + len(stored.judging.calls)
    return stopped or len(stored.records) + len(stored.judging.records) >= planned
