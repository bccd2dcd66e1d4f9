"""``bench models``: the catalogue of local models; fetch and verify them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from claimbench.cli.common import json_option, print_json
from claimbench.cli.streams import drawn
from claimbench.errors import ModelError

if TYPE_CHECKING:
    from claimbench_providers.models.catalogue import CatalogEntry, ShowBytes


@click.group("models")
def models_command() -> None:
    """List, fetch and verify local models."""


@models_command.command("list")
@json_option
def list_command(as_json: bool) -> int:
    """List the models of the catalogue; a check mark is on those that are here."""
    from claimbench_providers.models import catalogue as models

    folder = models.cache_dir()
    entries = list(models.catalog().values())
    if as_json:
        print_json({"cache": str(folder), "models": [_row(entry, folder) for entry in entries]})
        return 0
    for entry in entries:
        here = "✓" if models.cached_files(entry, folder) else " "
        size = f"{entry.parameters_b:g}B" if entry.parameters_b is not None else "?"
        hashed = "" if entry.sha256 else "  hash not checked"
        facts = (entry.lab, entry.licence or "licence ?", entry.quantisation or "quantisation ?")
        click.echo(f"{here} {entry.id:<40} {size:>7}  {', '.join(facts)}{hashed}")
    click.echo(f"cache: {folder}")
    return 0


def _row(entry: CatalogEntry, folder: Path) -> dict[str, Any]:
    from dataclasses import asdict

    from claimbench_providers.models import catalogue as models

    files = models.cached_files(entry, folder)
    sources = [source.label for source in entry.sources]
    return {**asdict(entry), "sources": sources, "path": str(files[0]) if files else None}


@models_command.command("pull")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option(
    "--trust",
    is_flag=True,
    help="Accept a model whose hash nobody has checked, and keep the hash seen.",
)
@click.option(
    "--from", "from_file", type=click.Path(path_type=Path), help="Take the model from this file."
)
@json_option
def pull_command(names: tuple[str, ...], trust: bool, from_file: Path | None, as_json: bool) -> int:
    """Fetch models by their ids, check their SHA-256 and keep them in the cache. Goes on where it
    was interrupted.
    """
    from claimbench_providers.models import catalogue as models
    from claimbench_providers.models import sources as model_sources

    entries = models.catalog()
    wanted = [models.find(name, entries) for name in names]
    if from_file is not None and len(wanted) != 1:
        raise ModelError("--from FILE goes with exactly one model name")
    folder, pulled = models.cache_dir(), []
    for entry in wanted:
        with _progress() as progress:
            path, sha256 = model_sources.pull(
                entry,
                folder,
                trust=trust,
                from_file=from_file,
                progress=progress,
                say=lambda line: click.echo(line, err=True),
            )
        pulled.append(
            {
                "id": entry.id,
                "path": str(path),
                "sha256": sha256,
                "hash_known": entry.sha256 is not None,
            }
        )
        if not as_json:
            click.echo(f"{entry.id}: {path}")
            click.echo(
                f"  sha256 {sha256}"
                + ("" if entry.sha256 else "  (trusted, not checked by the catalogue)")
            )
    if as_json:
        print_json({"pulled": pulled})
    return 0


@models_command.command("verify")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@json_option
def verify_command(names: tuple[str, ...], as_json: bool) -> int:
    """Hash cached models anew (all, or those named) and compare with the catalogue; exit code 5 on
    a difference.
    """
    from claimbench_providers.models import catalogue as models

    entries, folder = models.catalog(), models.cache_dir()
    chosen = [models.find(name, entries) for name in names]
    if not chosen:
        chosen = [entry for entry in entries.values() if models.cached_files(entry, folder)]
    rows = []
    for entry in chosen:
        with _progress() as progress:
            sha256 = models.verify(entry, folder, progress)
        if sha256 is None:
            raise ModelError(
                f"the model {entry.id} is not on this machine (looked in {folder})",
                hint=f"fetch it with: bench models pull {entry.id}",
            )
        rows.append({"id": entry.id, "sha256": sha256, "hash_known": entry.sha256 is not None})
        if not as_json:
            click.echo(
                f"{entry.id}: ok  {sha256}" + ("" if entry.sha256 else "  (as when it was trusted)")
            )
    if as_json:
        print_json({"verified": rows})
    elif not rows:
        click.echo(f"no model of the catalogue is in {folder}")
    return 0


def _progress() -> AbstractContextManager[ShowBytes]:
    """A bar on a terminal; elsewhere one plain line per step."""
    if sys.stderr.isatty():
        return _Bar()
    return nullcontext(_plain_lines())


def _plain_lines() -> Callable[[str, int, int | None], None]:
    last: list[str] = []

    def show(what: str, _done: int, _total: int | None) -> None:
        if last != [what]:
            last[:] = [what]
            click.echo(f"  {what}", err=True)

    return show


class _Bar:
    """A rich progress bar as a progress callback."""

    def __enter__(self) -> ShowBytes:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            Progress,
            TextColumn,
            TransferSpeedColumn,
        )

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
        )
        self._bars = Progress(*columns, console=Console(file=drawn(sys.stderr)), transient=True)
        self._task = self._bars.add_task("", total=None)
        self._bars.start()

        def show(what: str, done: int, total: int | None) -> None:
            self._bars.update(self._task, description=what, completed=done, total=total)

        return show

    def __exit__(self, *_: object) -> None:
        self._bars.stop()
