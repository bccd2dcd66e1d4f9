"""The pages as files: a folder that any web server, or none, can show."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from claimbench.errors import BenchError, IntegrityError
from claimbench.privacy.visible import visible
from claimbench.store.catalogue.browsing import RunFilter, RunRow, one_run
from claimbench.store.place import DatabaseUrl, Place
from claimbench_reports.browse.judging import judge_run
from claimbench_reports.browse.links import SiteLinks
from claimbench_reports.browse.pages import Pages, RunPage, Standing, run_line
from claimbench_reports.browse.shelf import MatrixFilter, open_index
from claimbench_reports.collect.background import Background

if TYPE_CHECKING:
    from claimbench.store.results import ResultsStore
    from claimbench.types import Suite

MARKER = ".claimbench-site.json"
"""In a published folder: the files that we wrote, so that nobody else's are replaced."""

ROWS = 5_000
"""Samples that a published matrix lists; it is one page."""


@dataclass(frozen=True, slots=True)
class SitePlan:
    """What is published. ``most_samples``: of each run that get a page of their own; ``profile``:
    how transcripts are shown: full, hashed, none.
    """

    runs: Sequence[str]
    most_samples: int
    profile: str


@dataclass(frozen=True, slots=True)
class Published:
    """What was published. ``failed``: why a run is not shown, by its id."""

    files: int
    failed: Mapping[str, str]


def check_target(folder: Path) -> None:
    """Raise BenchError unless ``folder`` is missing, empty, or holds what we published, whole."""
    if folder.is_symlink():
        raise BenchError(f"{folder}: is a link to another place", hint="name the place itself")
    if not folder.exists():
        return
    if not folder.is_dir():
        raise BenchError(f"{folder}: is a file", hint="name a folder")
    if Path.cwd().is_relative_to(folder.resolve()):
        raise BenchError(
            f"{folder}: is the folder that you are in, or one above it",
            hint="it is replaced whole: go elsewhere, or name a new folder",
        )
    try:
        ours = json.loads((folder / MARKER).read_text(encoding="utf-8"))["files"]
        foreign = sorted(_files(folder) - {MARKER, *map(str, ours)})
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        foreign = sorted(path.name for path in folder.iterdir())
    if foreign:
        raise BenchError(
            f"{folder}: holds what bench publish did not write: {', '.join(foreign[:3])}",
            hint="name an empty or a new folder; nothing was changed",
        )


def write_site(
    store: ResultsStore,
    plan: SitePlan,
    folder: Path,
    background_of: Callable[[Suite], Background],
    say: Callable[[str], None],
) -> Published:
    """Write the site to ``folder`` and return what it has; an old one is replaced by a whole new
    one. A run that cannot be shown has one page, which says why.

    Raises:
        IntegrityError: a run was changed after it was written; nothing is published.
        BenchError: the folder holds something else, or cannot be written.
    """
    check_target(folder)
    folder = folder.absolute()
    part = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        part.mkdir()
        with tempfile.TemporaryDirectory(prefix="claimbench-site-") as indexes:
            failed = _fill(store, plan, part, Path(indexes), background_of, say)
        files = sorted(_files(part))
        (part / MARKER).write_text(json.dumps({"files": files}, indent=1) + "\n", encoding="utf-8")
        _swap(part, folder)
    except OSError as error:
        raise BenchError(
            f"{folder}: cannot be written: {error.strerror or error}",
            hint="name another folder, or free some space",
        ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return Published(len(files) + 1, failed)


def _fill(
    store: ResultsStore,
    plan: SitePlan,
    part: Path,
    indexes: Path,
    background_of: Callable[[Suite], Background],
    say: Callable[[str], None],
) -> dict[str, str]:
    """Write all pages; return by run why it is not shown."""
    rows: list[RunRow] = []
    failed: dict[str, str] = {}
    for run_id in plan.runs:
        run = one_run(store, run_id, {})
        assert run is not None  # noqa: S101 - resolved by the caller
        say(f"run {run_id}")
        path = indexes / f"{run_id}.db"
        rows.append(run)
        pages = part / "runs" / run_id
        try:
            judge_run(store, run_id, path, background_of, profile=plan.profile, say=lambda _: None)
            _write_run(run, path, pages, plan.most_samples)
        except (IntegrityError, OSError):
            raise
        except Exception as error:  # noqa: BLE001 - any fault of one run; the others are shown
            failed[run_id] = visible(f"{type(error).__name__}: {error}")
            say(f"run {run_id} is not shown: {failed[run_id]}")
            path.unlink(missing_ok=True)
            shutil.rmtree(pages, ignore_errors=True)
            shown = _why(error, plan.profile, store.path)
            standing = Standing("failed", f"This run cannot be shown. {shown}")
            html = Pages(SiteLinks("../../")).run(RunPage(run, standing))
            _write(pages / "index.html", html)
    rows.sort(key=lambda run: run.seq, reverse=True)
    pairs = _pairs([run for run in rows if run.run_id not in failed])
    lines = [run_line(run, indexes / f"{run.run_id}.db") for run in rows]
    _write(part / "index.html", Pages(SiteLinks()).runs(lines, RunFilter(), pairs=pairs))
    by_id = {run.run_id: run for run in rows}
    for one, other in pairs:
        _write_pair(by_id[one], by_id[other], indexes, part / "compare" / f"{one}--{other}.html")
    return failed


def _why(error: Exception, profile: str, database: Place) -> str:
    """Return why a run is not shown, for all to read: no path of this machine, and no word of a
    prompt or an answer that an unforeseen fault may carry.
    """
    if isinstance(error, BenchError) and profile == "full":
        said = f"{error}. {error.hint}." if error.hint else f"{error}."
        if isinstance(database, DatabaseUrl):
            return visible(said.replace(str(database), "the database"))
        for place in (database.parent.absolute(), database.parent):
            if str(place) != ".":
                said = said.replace(str(place), "the results folder")
        return visible(said)
    return f"{type(error).__name__}, a fault of ClaimBench; what bench publish printed says more."


def _write_run(run: RunRow, path: Path, folder: Path, most_samples: int) -> None:
    links = SiteLinks("../../")
    pages = Pages(links)
    with open_index(path) as index:
        assert index is not None  # noqa: S101 - just written
        rows = f"{index.origin['rows']:,} rows"
        said = f"Verified when this was published: {rows} are what was written."
        page = RunPage(run, Standing("ready", "", said), index)
        _write(folder / "index.html", pages.run(page))
        if index.facts["decision"] is not None:
            _write(folder / "decision.html", pages.decision(page))
        _write(folder / "report.html", index.report().html)
        total = int(index.facts["matrix"]["n"])
        found = index.page(MatrixFilter(), limit=ROWS)
        shown = frozenset(row.item for row in found.rows if row.item < most_samples)
        note = ""
        if len(shown) < total:
            note = f"{len(shown):,} of them have a page here"
            note += f", {len(found.rows):,} are listed." if len(found.rows) < total else "."
        html = pages.samples(
            page,
            found,
            MatrixFilter(),
            has_page=shown,
            shown_as=index.shown_as(),
            note=note,
        )
        _write(folder / "samples.html", html)
        for item in sorted(shown):
            doc = index.sample(item)
            assert doc is not None  # noqa: S101 - it is in the matrix
            before, after = item - 1, item + 1
            html = pages.sample(
                page,
                doc,
                before if before in shown else None,
                after if after in shown else None,
            )
            _write(folder / f"sample-{item}.html", html)


def _write_pair(one: RunRow, other: RunRow, indexes: Path, path: Path) -> None:
    first, second = (indexes / f"{run.run_id}.db" for run in (one, other))
    standing = Standing("ready")
    with open_index(first) as left, open_index(second) as right:
        sides = (RunPage(one, standing, left), RunPage(other, standing, right))
        _write(path, Pages(SiteLinks("../")).compare(*sides))


def _pairs(rows: Sequence[RunRow]) -> list[tuple[str, str]]:
    """Return each run with the one of its suite before it; ``rows`` are newest first."""
    found = []
    newer: dict[str, str] = {}
    for run in rows:
        if run.suite_name in newer:
            found.append((run.run_id, newer[run.suite_name]))
        newer[run.suite_name] = run.run_id
    return found


def _write(path: Path, html: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(html.encode("utf-8", "replace"))


def _files(folder: Path) -> set[str]:
    """Return what is in a folder, links and folders without files among it."""
    found = set()
    for path in folder.rglob("*"):
        empty = path.is_dir() and not path.is_symlink() and not any(path.iterdir())
        if not path.is_dir() or path.is_symlink() or empty:
            found.add(path.relative_to(folder).as_posix())
    return found


def _swap(part: Path, folder: Path) -> None:
    """Put ``part`` where ``folder`` is; what was there was ours."""
    check_target(folder)
    old = folder.with_name(f".{folder.name}.{os.getpid()}.old")
    if folder.exists():
        folder.replace(old)
    try:
        part.replace(folder)
    except OSError:
        with contextlib.suppress(OSError):
            old.replace(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)
