"""What the server knows of each run: its line in the database, its index, and how both stand."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from claimbench._version import __version__
from claimbench.errors import BenchError
from claimbench.evaluation.labelling import save_label
from claimbench.evaluation.people import KEY, LABEL
from claimbench.evaluation.preference.labelling import ToLabel
from claimbench.store.catalogue.browsing import (
    Counts,
    RunFilter,
    RunRow,
    Tally,
    database_state,
    mark_of,
    newest_ids,
    one_run,
    run_page,
    sends_per_s,
    suite_names,
    tally_on,
)
from claimbench.store.catalogue.removal import removed_at
from claimbench.store.place import DatabaseUrl
from claimbench.store.results import ResultsStore
from claimbench_reports.browse.pages import RunPage, Standing, calls_words, run_line
from claimbench_reports.browse.shelf import RunIndex, open_index, set_origin
from claimbench_reports.browse.work import Job, Work

AT_ONCE = 100_000
"""Calls up to which a run is judged when its page is opened; larger ones when somebody asks, for
that takes minutes and gigabytes.
"""

_MOST_TALLIES = 50


class Desk:
    """Answers what pages ask. Thread-safe: indexes are opened for each question.

    Args:
        store: the database, open for reading.
        folder: where the indexes are.
        work: judges runs.
    """

    def __init__(self, store: ResultsStore, folder: Path, work: Work) -> None:
        self._store = store
        self.folder = folder
        self._work = work
        self._counts: Counts = {}
        self._tallies: dict[str, Tally] = {}
        self._lock = threading.Lock()

    @property
    def results(self) -> str:
        """Return the results folder, as a command line names it."""
        path = self._store.path
        return str(path if isinstance(path, DatabaseUrl) else path.parent.absolute())

    # --- runs -------------------------------------------------------------------------------------

    def lines(
        self, wanted: RunFilter, before: int | None, limit: int
    ) -> tuple[list[dict[str, Any]], int | None]:
        """Return lines of the list of runs, and from where the list goes on."""
        rows, more = run_page(self._store, wanted, self._counts, before=before, limit=limit)
        lines = []
        files = database_state(self._store)
        for row in rows:
            tampered = self._tampered(row.run_id) is not None
            folder = self._store.run_folder(row.run_id)
            line = run_line(row, self._path(row.run_id), folder, tampered)
            lines.append({**line, "since": self._written_since(row.run_id, files)})
        return lines, rows[-1].seq if more else None

    def removed_utc(self, run_id: str) -> str:
        """Return when a run was removed; "" for one that is here or never was."""
        if self.has(run_id):
            return ""
        return removed_at(self._store).get(run_id, "")

    def suites(self) -> list[str]:
        """Return the names of all suites that were run."""
        return suite_names(self._store)

    def run_ids(self, limit: int = 200) -> list[str]:
        """Return the newest runs' ids."""
        return newest_ids(self._store, limit)

    def previous(self, run: RunRow) -> str:
        """Return the run of the same suite before this one; "" for none."""
        ids = newest_ids(self._store, 1, suite=run.suite_name, before=run.seq)
        return ids[0] if ids else ""

    def has(self, run_id: str) -> bool:
        """Say whether there is such a run."""
        return one_run(self._store, run_id, self._counts) is not None

    @contextlib.contextmanager
    def page(self, run_id: str) -> Iterator[RunPage | None]:
        """Give what belongs to a run's pages, its index open; None: there is no such run.

        A run that is not judged yet is put to work, unless it still runs or is large.
        """
        run = one_run(self._store, run_id, self._counts)
        if run is None:
            yield None
            return
        with open_index(self._path(run_id)) as index:
            standing = self._standing(run, index)
            yield RunPage(run, standing, None if standing.tampered else index)

    def ask_to_judge(self, run_id: str) -> None:
        """Have a run judged (again)."""
        self._work.ask(run_id, "judge")

    def ask_to_draw(self, run_id: str) -> None:
        """Have samples drawn for people to label, and the run judged after it."""
        self._work.ask(run_id, "draw")

    # --- how a run stands -------------------------------------------------------------------------

    def _standing(self, run: RunRow, index: RunIndex | None) -> Standing:
        files = database_state(self._store)
        job = self._tampered(run.run_id)
        if job is not None and job.for_state == files:
            return Standing("tampered", "", f"Checked {_time(job.ended)}.", True, job.said)
        working = self._busy(run.run_id)
        mark = asdict(mark_of(self._store, run.run_id))
        same = index is not None and index.origin["tool"] == __version__
        fresh = index is not None and same and index.origin["mark"] == mark
        small = run.n_finished <= AT_ONCE and run.status != "running"
        if index is not None and fresh:
            return self._checked(run, index, files, small=small, working=working)
        failed = self._failed(run.run_id, files)
        if small and working is None and not failed and run.n_finished:
            self._work.ask(run.run_id, "judge")
            working = self._busy(run.run_id)
        stale = ""
        if index is not None:
            stale = (
                f"Judged {_stamp(index.origin['at'])}, when {index.origin['records']:,} calls were"
                " finished; rows have come since, or another ClaimBench judged."
            )
        verified = "" if stale else "Not verified yet."
        if working is not None:
            words = f"Being judged: {working.said or 'waiting'}."
            return Standing(f"working {run.status}", words, verified, stale=stale)
        words = failed or _waits(run)
        ask = bool(run.n_finished)
        return Standing(
            run.status, words, verified, stale=stale, may_ask=ask, ask_words=_price(run)
        )

    def _checked(
        self, run: RunRow, index: RunIndex, files: str, *, small: bool, working: Job | None
    ) -> Standing:
        """Return how a run stands that is judged as it is; its rows are verified again where the
        database's files are others than they were then.
        """
        rows = f"{index.origin['rows']:,} rows"
        since = int(index.origin["labels_since"])
        more = f" Labels given since it was judged: {since:,}." if since else ""
        if working is not None and working.kind != "verify":
            words = f"Being judged again: {working.said or 'waiting'}."
            before = f"Verified {_stamp(index.origin['at'])}.{more}"
            return Standing("working ready", words, before)
        if index.origin["files"] == files:
            said = f"Verified {_stamp(index.origin['at'])}: {rows} are what was written.{more}"
            return Standing("ready", "", said)
        job = self._work.job(run.run_id, "verify")
        if job is not None and job.state == "done" and job.for_state == files:
            said = f"Verified {_time(job.ended)}: {rows} are what was written.{more}"
            return Standing("ready", "", said)
        stale = (
            f"These figures are of rows that were verified {_stamp(index.origin['at'])}. The"
            " database was written since, and no row was verified after that."
        )
        if working is None and small and not self._runs():
            self._work.ask(run.run_id, "verify")
            working = self._busy(run.run_id)
        if working is None:
            words = "It is not verified again by itself: it is large, or a run goes on."
            ask_words = _price(run)
            return Standing("ready", words, stale=stale, may_ask=True, ask_words=ask_words)
        words = "The database was written since this run was verified: it is being verified again."
        return Standing("working ready", words, stale=stale)

    def _written_since(self, run_id: str, files: str) -> bool:
        """Say whether the database was written after the rows of a run's figures were verified."""
        with open_index(self._path(run_id)) as index:
            if index is None or index.origin["files"] == files:
                return False
        job = self._work.job(run_id, "verify")
        return job is None or job.state != "done" or job.for_state != files

    def _busy(self, run_id: str) -> Job | None:
        for kind in ("draw", "judge", "verify"):
            job = self._work.job(run_id, kind)
            if job is not None and job.state in ("waiting", "working"):
                return job
        return None

    def _tampered(self, run_id: str) -> Job | None:
        """Return the newest finding that the run was changed, unless a later check was clean."""
        jobs = [self._work.job(run_id, kind) for kind in ("draw", "judge", "verify")]
        ended = [job for job in jobs if job is not None and job.state in ("tampered", "done")]
        newest = max(ended, key=lambda job: job.ended, default=None)
        return newest if newest is not None and newest.state == "tampered" else None

    def _failed(self, run_id: str, files: str) -> str:
        jobs = [self._work.job(run_id, kind) for kind in ("draw", "judge")]
        for job in jobs:
            if job is not None and job.state == "failed" and job.for_state == files:
                return f"It could not be judged: {job.said}"
        return ""

    def _runs(self) -> bool:
        """Say whether any of the newest runs is being worked on."""
        rows, _ = run_page(self._store, RunFilter(), self._counts, limit=5)
        return any(row.status == "running" for row in rows)

    # --- progress ---------------------------------------------------------------------------------

    def progress(self, page: RunPage) -> dict[str, Any]:
        """Return how far a run is, as the live page takes it."""
        run, standing = page.run, page.standing
        found: dict[str, Any] = {
            "state": standing.state,
            "words": standing.words,
            "calls": calls_words(run),
            "planned": run.n_planned,
            "finished": run.n_finished,
            "pace": "",
            "arms": [],
        }
        if run.status == "running":
            found["pace"] = self._pace(run)
            found["arms"] = self._by_arm(run.run_id)
        return found

    def _pace(self, run: RunRow) -> str:
        rate = sends_per_s(self._store)
        if not rate:
            return ""
        left = max(0, run.n_planned - run.n_finished) / rate
        unit = f"{left / 60:,.0f} min" if left >= 90 else f"{left:.0f} s"
        return f"{rate:,.2f} requests a second; at that pace {unit} are left."

    def _by_arm(self, run_id: str) -> list[list[str]]:
        with self._lock:
            if len(self._tallies) > _MOST_TALLIES:
                self._tallies.clear()
            tally = self._tallies.setdefault(run_id, Tally())
            more = tally_on(self._store, run_id, tally)
            rows = dict(tally.by_arm)
        arms: dict[str, list[tuple[str, int]]] = {}
        for (arm, outcome), n in sorted(rows.items()):
            arms.setdefault(arm, []).append((outcome.replace("_", " "), n))
        note = " (still counting)" if more else ""
        return [
            [arm, f"{sum(n for _, n in seen):,}{note}", ", ".join(f"{o} {n:,}" for o, n in seen)]
            for arm, seen in arms.items()
        ]

    # --- labels -----------------------------------------------------------------------------------

    def draw_fault(self, run_id: str) -> str:
        """Return why samples could not be drawn; "" where nothing failed."""
        job = self._work.job(run_id, "draw")
        return f"Nothing was drawn: {job.said}" if job and job.state == "failed" else ""

    def labels(self, run_id: str) -> dict[str, str]:
        """Return what people said so far: call -> choice."""
        rows = self._store.derived(run_id, LABEL, KEY, dict)
        return {call: str(row["choice"]) for call, row in rows.items()}

    def save_label(self, run_id: str, call_id: str, choice: str) -> None:
        """Keep a person's label, by what ``bench labels import`` keeps it with.

        The database is opened for writing for this alone. The index still holds afterwards, if it
        held before: labels are no rows of it.

        Raises:
            BenchError: the call was not drawn, or the choice is none of the judge's.
        """
        path = self._path(run_id)
        with self._lock:
            before = asdict(mark_of(self._store, run_id))
            answer, origin = _drawn(path, call_id)
            if answer is None:
                raise BenchError(
                    f"call {call_id!r:.80} was not drawn", hint="draw samples to label first"
                )
            with ResultsStore.open(self._store.path, create=False) as writable:
                save_label(writable, run_id, answer, choice)
            if origin["mark"] == before:
                after = asdict(mark_of(self._store, run_id))
                since = int(origin["labels_since"]) + 1
                set_origin(path, {**origin, "mark": after, "labels_since": since})

    def _path(self, run_id: str) -> Path:
        return self.folder / f"{run_id}.db"


def _drawn(path: Path, call_id: str) -> tuple[ToLabel | None, dict[str, Any]]:
    with open_index(path) as index:
        if index is None:
            return None, {}
        return index.drawn_call(call_id), dict(index.origin)


def _waits(run: RunRow) -> str:
    if run.status == "running":
        return "The run goes on. It is judged when it has ended."
    if not run.n_finished:
        return "No call is finished, so there is nothing to judge."
    return f"A run of {run.n_finished:,} calls is judged when somebody asks for it."


def _price(run: RunRow) -> str:
    if run.status == "running":
        return "This takes processor time, which the measurement may feel."
    if run.n_finished > AT_ONCE:
        return "This takes minutes, and some gigabytes of memory."
    return ""


def _time(seconds: float) -> str:
    return _stamp(datetime.fromtimestamp(seconds, UTC).isoformat())


def _stamp(iso: str) -> str:
    return datetime.fromisoformat(iso).strftime("%Y-%m-%d %H:%M:%S UTC")
