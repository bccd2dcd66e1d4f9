"""``bench list``: the stored runs."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from claimbench.cli.common import json_option, open_store, print_json, results_option
from claimbench.store.place import Place

if TYPE_CHECKING:
    from claimbench.store.runs import RunInfo


@click.command("list")
@results_option
@click.option("--suite", metavar="NAME", help="Only runs of the suite of this name.")
@click.option(
    "--since",
    metavar="WHEN",
    help="Only runs begun since a day (2026-11-01), a moment in UTC, or 12h, 7d, 4w ago.",
)
@click.option(
    "--tag", "tags", multiple=True, metavar="TAG", help="Only runs with this tag. Repeatable."
)
@json_option
def list_command(
    results: Place, suite: str | None, since: str | None, tags: tuple[str, ...], as_json: bool
) -> int:
    """List the stored runs, the newest last."""
    from claimbench.store.catalogue.removal import removed_runs
    from claimbench.store.catalogue.selection import selected

    wanted = selected(suite, since, tags)
    with open_store(results) as store:
        every = store.runs()
        gone = removed_runs(store)
        runs = wanted.of(every)
        if as_json:
            folders = {info.run_id: str(store.run_folder(info.run_id)) for info in runs}
            rows = [{**asdict(info), "folder": folders[info.run_id]} for info in runs]
            print_json({"runs": rows, "removed": [asdict(one) for one in gone]})
            return 0
    if not every:
        click.echo(f"{results}: no run yet")
    elif not runs:
        known = ", ".join(sorted({info.suite_name for info in every})[:8])
        click.echo(f"{results}: none of {len(every)} runs fits (suites: {known})")
    for info in runs:
        name = f"{info.suite_name} {info.suite_version}"
        click.echo(
            f"{info.run_id}  {name:<24} {info.n_finished:>6}/{info.n_planned:<6} {info.status}"
        )
        if said := _said(info):
            click.echo(f"  {said}")
    if gone:
        latest = gone[-1]
        click.echo(
            f"removed: {len(gone)}, the latest {latest.run_id} on {latest.removed_utc[:10]}"
            " (--json has all)"
        )
    return 0


def _said(info: RunInfo) -> str:
    """Return tags, owner and the first line of the note."""
    note = info.note.partition("\n")[0]
    parts = [" ".join(f"#{tag}" for tag in info.tags), info.owner and f"by {info.owner}", note]
    return ", ".join(part for part in parts if part)
