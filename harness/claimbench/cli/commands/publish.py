"""``bench publish``: the pages of ``bench view`` as files."""

from __future__ import annotations

from pathlib import Path

import click

from claimbench.cli.common import json_option, open_store, print_json, redact_option, results_option
from claimbench.cli.writing.written import WrittenPath
from claimbench.errors import EXIT_INCOMPLETE, EXIT_OK, BenchError
from claimbench.store.place import Place


@click.command("publish")
@click.argument("folder", metavar="DIR", type=WrittenPath(folder=True))
@results_option
@click.option(
    "--run",
    "names",
    multiple=True,
    metavar="RUN",
    help="Publish this run; repeatable. Default: every run that has answers and is not running.",
)
@redact_option
@click.option(
    "--samples",
    type=click.IntRange(0, 100_000),
    default=500,
    show_default=True,
    help="Samples of each run that get a page of their own.",
)
@json_option
def publish_command(
    folder: Path,
    results: Place,
    names: tuple[str, ...],
    profile: str,
    samples: int,
    as_json: bool,
) -> int:
    """Write runs, decisions, reports and samples to DIR as pages that need no server.

    Links are relative and nothing is loaded from elsewhere. DIR must be new, empty, or published by
    this command before; every run is verified first. A run that cannot be shown gets a page that
    says why; the exit code is then 4.
    """
    from claimbench.api import background_of
    from claimbench.machine.garbage_collection import load_numpy

    load_numpy()
    from claimbench_reports.browse.site import SitePlan, check_target, write_site

    check_target(folder)
    with open_store(results) as store:
        if names:
            runs = list(dict.fromkeys(store.resolve_run(name) for name in names))
        else:
            infos = [info for info in store.runs() if info.n_finished]
            runs = [info.run_id for info in infos if info.status != "running"]
        if not runs:
            raise BenchError(
                f"{results}: no run here has answers", hint="make one with: bench run SUITE"
            )

        def say(words: str) -> None:
            click.echo(words, err=True)

        plan = SitePlan(runs, samples, profile)
        made = write_site(store, plan, folder, background_of, say)
    if as_json:
        print_json(
            {"folder": folder, "runs": runs, "files": made.files, "failed": dict(made.failed)}
        )
    else:
        click.echo(str(folder / "index.html"))
    return EXIT_INCOMPLETE if made.failed else EXIT_OK
