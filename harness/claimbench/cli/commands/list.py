"""``bench list``: the stored runs."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from claimbench.cli.common import json_option, open_store, print_json, results_option


@click.command("list")
@results_option
@json_option
def list_command(results: Path, as_json: bool) -> int:
    """List the stored runs, the newest last."""
    with open_store(results) as store:
        runs = store.runs()
        if as_json:
            folders = {info.run_id: str(store.run_folder(info.run_id)) for info in runs}
            print_json(
                {"runs": [{**asdict(info), "folder": folders[info.run_id]} for info in runs]}
            )
            return 0
    if not runs:
        click.echo(f"{results}: no run yet")
    for info in runs:
        name = f"{info.suite_name} {info.suite_version}"
        click.echo(
            f"{info.run_id}  {name:<24} {info.n_finished:>6}/{info.n_planned:<6} {info.status}"
        )
    return 0
