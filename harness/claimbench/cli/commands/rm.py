"""``bench rm``: take a stored run away for good."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from claimbench.cli.common import json_option, open_store, print_json, results_option
from claimbench.cli.completing import complete_run
from claimbench.errors import BenchError, StoreError
from claimbench.store.place import DatabaseUrl, Place, is_there

if TYPE_CHECKING:
    from claimbench.store.results import ResultsStore, RunInfo


@click.command("rm")
@click.argument("run", metavar="RUN", shell_complete=complete_run)
@results_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def rm_command(run: str, results: Place, yes: bool, as_json: bool) -> int:
    """Remove RUN for good: its rows, its answers and its folder.

    Other runs verify as before. What stays is a sign in the database that this run was there and
    when it was removed, with its last hashes, so that nobody can say it was never made.
    """
    from claimbench.store.catalogue.removal import naming, remove_run

    if not is_there(results):
        open_store(results)  # says so
    with open_store(results, create=True) as store:
        run_id = store.resolve_run(run)
        runs = store.runs()
        info = next(one for one in runs if one.run_id == run_id)
        _refuse_at_work(store, runs)
        named_by = naming(store, run_id)
        if not yes:
            _ask(info, store, named_by)
        with store.lock_run(run_id):
            sign = remove_run(store, run_id)
        folder = _remove_folder(store.run_folder(run_id))
        space = _compact(store)
        _renew_index(store)
    others = len(runs) - 1
    if as_json:
        print_json({"removed": asdict(sign), "folder": folder, "runs": others, "space": space})
        return 0
    click.echo(f"removed {run_id}: {sign.rows:,} rows, and {folder or 'no folder'}")
    for line in (space, *_stays(others, named_by)):
        if line:
            click.echo(f"  {line}")
    return 0


def _refuse_at_work(store: ResultsStore, runs: Sequence[RunInfo]) -> None:
    """A run at work keeps the file busy, and a removal of many rows would keep it waiting. A server
    takes both; there the lock of the run itself is asked.
    """
    if isinstance(store.path, DatabaseUrl):
        return
    at_work = [info.run_id for info in runs if info.status == "running"]
    if at_work:
        raise StoreError(
            f"{store.path}: run {at_work[0]} is being worked on; nothing was removed",
            hint="wait until it ends, or stop it (Ctrl-C there)",
        )


def _ask(info: RunInfo, store: ResultsStore, named_by: list[str]) -> None:
    what = f"{info.run_id} ({info.suite_name} {info.suite_version}, {info.n_finished} calls)"
    if not (sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()):
        raise BenchError(f"{what} would be removed for good", hint="add --yes")
    click.echo(f"{what} would be removed from {store.path}, answers and reports too.", err=True)
    for one in named_by:
        click.echo(f"  run {one} names it in its suite", err=True)
    if not click.confirm("Remove it for good?", err=True):
        raise BenchError("not agreed to; nothing was removed")


def _remove_folder(folder: Path) -> str | None:
    """Remove the run's folder, which its id names; a link in its place is removed, not followed."""
    if folder.is_symlink():
        folder.unlink()
        return str(folder)
    if not folder.exists():
        return None
    shutil.rmtree(folder)
    return str(folder)


def _compact(store: ResultsStore) -> str:
    from claimbench.store.catalogue.removal import compact

    try:
        compact(store)
    except StoreError as error:
        return f"its space could not be given back, and its texts may still be read: {error}"
    return ""


def _renew_index(store: ResultsStore) -> None:
    """Write the page of all runs anew, where there is one."""
    if not store.index_page.exists():
        return
    import os

    from claimbench.privacy.redact import Redactor, secrets_in
    from claimbench_reports.collect.write import write_index

    write_index(store, Redactor("full", secrets_in(os.environ)))


def _stays(others: int, named_by: list[str]) -> list[Any]:
    """Return what is left of it."""
    rest = "1 other run as it was" if others == 1 else f"{others} other runs as they were"
    said = [
        f"what stays: a sign in the database that it was there (bench list); {rest};",
        "  files written elsewhere (exports, bundles, backups), pulled models, given consents",
    ]
    return said + [f"run {one} names it in its suite, and will not find it" for one in named_by]
