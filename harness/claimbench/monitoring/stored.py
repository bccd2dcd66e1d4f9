"""Runs by what a person types: an id of the results at hand, or a place where others lie."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from claimbench.claims.looks.stopping import stopped_by_rule
from claimbench.errors import StoreError
from claimbench.evaluation.stored import StoredRun, read_run
from claimbench.store.catalogue.removal import removed_runs
from claimbench.store.engine import DATABASE_NAME
from claimbench.store.place import Place, is_url
from claimbench.store.place import place_of as store_place
from claimbench.store.results import ResultsStore
from claimbench.store.runs import RunInfo

PREVIOUS = "previous"
"""What stands for the newest complete run of the same suite before the one that is looked at."""


class NoPrevious(StoreError):
    """There is no complete run of the suite before the one that is looked at."""


@dataclass(frozen=True)
class NamedRun:
    """A run with the database it lies in; ``rolls``: it was named as ``previous``, so that every
    run has another.
    """

    run_id: str
    database: Place
    stored: StoredRun
    rolls: bool = False


def place_of(name: str) -> tuple[Place, str | None] | None:
    """Read a run's name as a place: (database, run or None for its latest); None where it is none.

    A place is a file or a folder that holds ``bench.db``, or such a folder with a run's id behind
    it: ``old/results`` or ``old/results/20261129-support-1``; or the URL of a database.
    """
    if is_url(name):
        return store_place(name), None
    path = Path(name)
    if path.is_file():
        return path, None
    if (path / DATABASE_NAME).is_file():
        return path / DATABASE_NAME, None
    if len(path.parts) > 1 and (path.parent / DATABASE_NAME).is_file():
        return path.parent / DATABASE_NAME, path.name
    return None


def read_named(store: ResultsStore | None, name: str, before: StoredRun | None = None) -> NamedRun:
    """Find and read a run, its rows verified: by its place, else in ``store``.

    Args:
        store: the results at hand, if any.
        name: a place, an id, the beginning of one, ``latest``, or ``previous``.
        before: the run that ``previous`` is earlier than.

    Raises:
        NoPrevious: ``previous``, and there is none; StoreError: there is no such run, or several;
            IntegrityError: it was tampered with.
    """
    rolls = name == PREVIOUS and before is not None and place_of(name) is None
    if rolls and before is not None:
        name = previous_run(store, before.manifest.suite_name, before.manifest.run_id)
    with ExitStack() as opened:
        place = place_of(name)
        within = name
        if place is not None:
            database, run = place
            store = opened.enter_context(ResultsStore.open(database, create=False, read_only=True))
            within = run or "latest"
        if store is None:
            raise StoreError(
                f"{name}: no results here, and no folder of results of that name",
                hint="name a run of --results, or a folder that holds bench.db",
            )
        run_id = store.resolve_run(within)
        return NamedRun(run_id, store.path, read_run(store, run_id), rolls)


def previous_run(store: ResultsStore | None, suite: str, before: str | None = None) -> str:
    """Return the newest complete run of a suite, earlier than the run ``before`` (None: than one
    that is yet to be made). A run that its rule stopped early is complete.

    Raises:
        NoPrevious: there is none.
    """
    infos = [] if store is None else store.runs()
    ids = [info.run_id for info in infos]
    # A run of another place comes after everything here.
    earlier = infos[: ids.index(before)] if before in ids else infos
    for info in reversed(earlier):
        if info.suite_name == suite and store is not None and _is_whole(store, info):
            return info.run_id
    when = "" if before is None else f" before {before}"
    raise NoPrevious(
        f"there is no complete run of {suite}{when}",
        hint="the next run can be compared with this one",
    )


@dataclass(frozen=True)
class Series:
    """The runs of one suite after a baseline, the newest last; ``skipped``: run -> why."""

    runs: tuple[str, ...]
    skipped: dict[str, str]


def series_after(store: ResultsStore, base: StoredRun, suite: str) -> Series:
    """List the runs of a suite in ``store`` that were made after ``base``, those left out with the
    reason.
    """
    manifest = base.manifest
    runs: list[str] = []
    skipped: dict[str, str] = {}
    for info in store.runs():
        if info.run_id == manifest.run_id or info.suite_name != suite:
            continue
        if info.created_utc <= manifest.created_utc:
            continue
        if not _is_whole(store, info):
            skipped[info.run_id] = f"{info.status}, {info.n_finished} of {info.n_planned} calls"
            continue
        runs.append(info.run_id)
    return Series(tuple(runs), skipped)


@dataclass(frozen=True)
class Nights:
    """The runs of a suite that were looked at against one baseline: (when made, id), in order."""

    made: tuple[tuple[str, str], ...]

    def number(self, run: StoredRun) -> int:
        """Return which look a run is, from 1."""
        this = run.manifest.created_utc, run.manifest.run_id
        return 1 + sum(one < this for one in self.made)


def nights_of(store: ResultsStore, base: NamedRun, suite: str) -> Nights:
    """Return the runs of a suite that count as looks at ``base``: the complete ones after it, and
    what was removed of them since, for alpha that is spent does not come back.

    Where the baseline is each time the run before, the series begins with the suite's second run.

    Raises:
        IntegrityError: the list of removed runs was changed.
    """
    made = [
        (info.created_utc, info.run_id)
        for info in store.runs()
        if info.suite_name == suite and _is_whole(store, info)
    ]
    gone = removed_runs(store)
    made += [(one.created_utc, one.run_id) for one in gone if one.suite_name == suite]
    made = sorted(set(made))  # one that was removed can have been imported again
    if base.rolls:
        return Nights(tuple(made[1:]))
    manifest = base.stored.manifest
    after = [one for one in made if one[0] > manifest.created_utc and one[1] != manifest.run_id]
    return Nights(tuple(after))


def _is_whole(store: ResultsStore, info: RunInfo) -> bool:
    return info.status == "complete" or stopped_by_rule(store.looks(info.run_id))
