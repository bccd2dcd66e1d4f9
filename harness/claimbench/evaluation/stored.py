"""A run as the store holds it: read once, and judged by :mod:`claimbench.evaluation.evaluate`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from claimbench.claims.looks.stopping import stopped_by_rule
from claimbench.evaluation.given import Given, read_given
from claimbench.evaluation.own_scorers import all_stored
from claimbench.evaluation.people import People, read_people
from claimbench.evaluation.preference.votes import Vote, read_votes
from claimbench.packed import Packed, Packer, all_differ, columns
from claimbench.plan.judges import Judging
from claimbench.plan.simulated.talks import as_read
from claimbench.pricing.energy import Energy, combined
from claimbench.privacy import egress
from claimbench.store.notes import read_notes
from claimbench.store.results import ResultsStore
from claimbench.store.seen_rows import SeenRows
from claimbench.suite.codec import suite_from_json
from claimbench.types import (
    Attempt,
    Call,
    CallRecord,
    Intent,
    Look,
    Manifest,
    Note,
    Outcome,
    Score,
    Session,
    Suite,
)

T = TypeVar("T")


@dataclass(frozen=True)
class StoredRun:
    """Everything that the store holds of one run."""

    manifest: Manifest
    """Its ``suite`` is empty: it is read once, and held as ``suite`` alone."""
    suite: Suite
    sessions: tuple[Session, ...]
    calls: Sequence[Call]
    records: Sequence[CallRecord]
    attempts: Sequence[Attempt]
    looks: tuple[Look, ...]
    in_flight: tuple[Intent, ...]
    """Sends of which nobody saw the end: their process died, or they are under way now."""
    notes: tuple[Note, ...] = ()
    judging: Judging = field(default_factory=Judging)
    """What judges, simulated users and functions in place of tools did; ``calls``, ``records`` and
    ``attempts`` are the arms' alone."""
    people: People = field(default_factory=People)
    """What people said of a sample of the answers."""
    own_scores: Mapping[str, Mapping[str, Score]] = field(default_factory=dict)
    """What scripts beside the suite gave: task -> call -> score."""
    energy: Energy | None = None
    """Electricity of all sessions; None where none was asked to meter."""
    egress: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Where bytes went, by session; empty where a session could not count."""
    votes: Mapping[str, tuple[Vote, ...]] = field(default_factory=dict)
    """Imported votes on pairs of answers: pair -> what each rater said."""
    given: Given | None = None
    """Scores and dollars of a run whose texts were taken out; None: they are computed."""
    volume_after: bool = False
    """Whether the volume of ``suite`` was stated after the run, over its own."""

    def as_read(self) -> Sequence[CallRecord]:
        """Return the arms' records as judges, people and scripts read them: conversations with a
        simulated user as transcripts.
        """
        return as_read(self.suite, self.records, self.judging.records)


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
    ended, tried = _finished(store, run_id, verified=verified)
    manifest, suite = _manifest(store, run_id)
    sessions = tuple(store.sessions(run_id))
    judged: set[str] = set()
    calls, of_judges = _plan(store, run_id, judged)
    records, grades = _apart(CallRecord, ended, judged, lambda record: record.call.id)
    attempts, asked = _apart(Attempt, tried, judged, lambda attempt: attempt.call_id)
    return StoredRun(
        manifest=manifest,
        suite=suite,
        sessions=sessions,
        calls=calls,
        records=records,
        attempts=attempts,
        looks=tuple(store.looks(run_id)),
        in_flight=tuple(store.unfinished_intents(run_id)),
        notes=read_notes(store, run_id),
        judging=Judging(of_judges, grades, asked),
        people=read_people(store, run_id),
        own_scores=all_stored(store, run_id, suite),
        energy=combined(_metered(store, run_id, sessions)),
        votes=read_votes(store, run_id),
        given=read_given(store, run_id),
        egress={
            str(session.n): store.derived(run_id, egress.KIND, str(session.n), dict)
            for session in sessions
        },
    )


def _manifest(store: ResultsStore, run_id: str) -> tuple[Manifest, Suite]:
    """Read the manifest, and the suite out of it: of 100,000 samples, both would take 240 MB."""
    manifest = store.manifest(run_id)
    suite = suite_from_json(manifest.suite)
    return replace(manifest, suite={}), suite


def _metered(store: ResultsStore, run_id: str, sessions: Sequence[Session]) -> Iterator[Energy]:
    """Read the electricity of each session that was metered."""
    for session in sessions:
        yield from store.derived(run_id, "energy", str(session.n), Energy).values()


def _finished(
    store: ResultsStore, run_id: str, *, verified: bool
) -> tuple[Iterable[CallRecord], Iterable[Attempt]]:
    """Read the records that count and the attempts, verified on the way unless they are already."""
    if verified:
        return store.records(run_id), store.attempts(run_id)
    ended, tried = SeenRows(CallRecord), SeenRows(Attempt)
    store.verify(run_id, {"records": ended, "attempts": tried})
    records = ended.done()
    again = not all_differ(records, "call.id")  # of those the last counts, which the store knows
    return store.records(run_id) if again else records, tried.done()


def _plan(
    store: ResultsStore, run_id: str, judged: set[str]
) -> tuple[Packed[Call], tuple[Call, ...]]:
    """Read the planned calls, the arms' and all others, whose ids are put in ``judged``."""
    calls = store.calls(run_id)
    if all(role == "subject" for role in columns(calls, "role")):
        return calls, ()
    arms = Packer(Call)
    judges: list[Call] = []
    for call in calls:
        if call.role != "subject":
            judged.add(call.id)
            judges.append(call)
        else:
            arms.append(call)
    return arms.done(), tuple(judges)


def _apart(
    kind: type[T], rows: Iterable[T], judged: Set[str], id_of: Callable[[T], str]
) -> tuple[Packed[T], tuple[T, ...]]:
    """Split rows into the arms' and the others', each in stored order."""
    if not judged:
        return rows if isinstance(rows, Packed) else Packed.of(kind, rows), ()
    arms = Packer(kind)
    judges: list[T] = []
    for row in rows:
        if id_of(row) in judged:
            judges.append(row)
        else:
            arms.append(row)
    return arms.done(), tuple(judges)


@dataclass(frozen=True, slots=True)
class Counted:
    """How many calls of a run are planned and finished: all, and those of the arms alone. The
    others are those of judges, of simulated users and of functions in place of tools.
    """

    planned: int
    finished: int
    of_arms: int
    finished_of_arms: int

    @property
    def split(self) -> str:
        """Say what the counts are of; nothing where arms alone are asked."""
        others = self.planned - self.of_arms
        if not others:
            return ""
        finished = self.finished - self.finished_of_arms
        return (
            f"{self.finished_of_arms:,} of {self.of_arms:,} of arms, {finished:,} of {others:,} of"
            " judges, simulated users and tools"
        )


def counted(stored: StoredRun) -> Counted:
    """Count a run's calls: the one count that commands and reports show, as ``bench list`` does."""
    return Counted(
        len(stored.calls) + len(stored.judging.calls),
        len(stored.records) + len(stored.judging.records),
        len(stored.calls),
        len(stored.records),
    )


def is_complete(stored: StoredRun) -> bool:
    """Return whether nothing is missing of a run (:func:`why_incomplete`)."""
    return why_incomplete(stored) is None


def why_incomplete(stored: StoredRun) -> str | None:
    """Say what is missing of a run, as ``bench run`` ended it: calls that never finished, or calls
    that failed for good, whoever resumed it since. None of a complete one.

    A run that its rule stopped early has all the calls it wanted. Faults of an imported run are
    its tool's to tell.
    """
    n = counted(stored)
    if not stopped_by_rule(stored.looks) and n.finished < n.planned:
        split = f" ({n.split})" if n.split else ""
        return f"{n.finished:,} of {n.planned:,} calls are finished{split}"
    failed: Counter[str] = Counter()
    for rows in (stored.records, stored.judging.records):
        for arm, outcome, provenance in columns(rows, "call.arm", "outcome", "provenance"):
            if outcome.missing and outcome is not Outcome.CANCELLED and provenance != "imported":
                failed[arm] += 1
    told = [f"{arm}: {n:,} call{'s' if n > 1 else ''} failed" for arm, n in failed.items()]
    return "; ".join(told) or None
