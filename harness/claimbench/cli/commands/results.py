"""``bench results``: what concerns the place of the runs, not one of them: copying, roles."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict

import click

from claimbench.cli.common import ResultsPlace, json_option, open_store, print_json
from claimbench.cli.writing.filling import filled_store
from claimbench.errors import EXIT_INCOMPLETE, EXIT_OK, BenchError
from claimbench.store.place import Place

_WORDS = {
    "copied": "copied, {rows:,} rows, verified on both sides",
    "there": "is there already with the same {rows:,} rows",
    "removed": "was removed there on {removed_utc:.10}; not put back",
    "running": "is being worked on; not copied",
}


@click.group("results")
def results_command() -> None:
    """Copy runs between folders and databases; print the SQL of a database's roles."""


@results_command.command("copy")
@click.argument("source", metavar="FROM", type=ResultsPlace())
@click.argument("target", metavar="TO", type=ResultsPlace())
@click.argument("run", metavar="[RUN]", required=False)
@json_option
def copy_command(source: Place, target: Place, run: str | None, as_json: bool) -> int:
    """Copy RUN, or every run, from one place to another: folders, or postgresql:// URLs.

    Rows, hashes and seals stay as they are, and are verified on both sides. Each run is copied
    whole or not at all. A run that is there with other rows is refused; one that was removed there
    is not put back; one that is running is left out. Reports and other files are not copied: bench
    report writes them again.
    """
    from claimbench.store.catalogue.copying import copy_run, refuse

    if source == target:
        raise BenchError("FROM and TO are one place", hint="name two")
    with ExitStack() as opened:
        its = opened.enter_context(open_store(source))
        mine = opened.enter_context(filled_store(target))
        wanted = [info.run_id for info in its.runs()] if run is None else [its.resolve_run(run)]
        done = []
        for run_id in wanted:
            done.append(copy_run(its, mine, run_id))
            if run is not None:
                refuse(done[-1], mine)
            if not as_json:
                words = _WORDS[done[-1].state].format(**asdict(done[-1]))
                click.echo(f"{run_id}  {words}")
    left = [one.run_id for one in done if one.state in ("running", "removed")]
    code = EXIT_INCOMPLETE if any(one.state == "running" for one in done) else EXIT_OK
    if as_json:
        print_json({"runs": [asdict(one) for one in done], "left_out": left, "exit_code": code})
    elif not done:
        click.echo(f"{source}: no run yet")
    return code


@results_command.command("roles")
def roles_command() -> int:
    """Print the SQL that makes the roles reader, writer and auditor of a PostgreSQL database."""
    from claimbench.store.dialects.postgresql_roles import roles_sql

    click.echo(roles_sql(), nl=False)
    return EXIT_OK
