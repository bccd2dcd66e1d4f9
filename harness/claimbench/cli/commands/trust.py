"""``bench trust``: read what a suite would run, and agree."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from claimbench.cli.common import SuitePath, json_option, print_json
from claimbench.errors import BenchError

if TYPE_CHECKING:
    from claimbench.cli.consent import Asked
    from claimbench.trust import Code


@click.command("trust")
@click.argument("suite", type=SuitePath())
@click.option("--yes", is_flag=True, help="Agree without being asked.")
@json_option
def trust_command(suite: Path, yes: bool, as_json: bool) -> int:
    """List the Python that SUITE would run, with the files it stands in, the hosts and keys of its
    arms, and the commands that it would start; and agree to it.

    Nothing is run here. Consent holds on this machine for these files and commands as they are now;
    when one changes, it is asked for again.
    """
    from claimbench.trust import is_trusted, trust

    codes = _codes(suite)
    asked = _asked_of_run(suite)
    every = [*codes, *(one.code for one in asked)]
    new = [code for code in every if not is_trusted(code)]
    if not as_json:
        _say(codes)
        for one in asked:
            click.echo(f"  {one.line}")
    agreed = bool(new) and (yes or _asked(len(new)))
    if agreed:
        kept = trust(new)
        if not as_json:
            click.echo(f"agreed; kept in {kept}")
    if as_json:
        rows = [
            {"runs": code.runs, "files": dict(code.files), "trusted": is_trusted(code)}
            for code in codes
        ]
        going = [{"what": one.line, "trusted": is_trusted(one.code)} for one in asked]
        print_json({"suite": str(suite), "code": rows, "going": going})
    elif every and not new:
        click.echo("agreed to already")
    return 0


def _asked_of_run(suite: Path) -> list[Asked]:
    from claimbench.cli.consent import asked_for, going
    from claimbench.suite.load import suite_without_tasks

    bare = suite_without_tasks(suite)
    return asked_for(bare, going(bare))


def _codes(suite: Path) -> list[Code]:
    from claimbench.lmeval.tasks import LmEvalFault, code_in
    from claimbench.suite.own_scorers import scorer_files
    from claimbench.suite.tasks_lm_eval import task_files

    found = []
    for line, path in task_files(suite):
        try:
            code = code_in(path)
        except LmEvalFault as fault:
            raise BenchError(f"{suite}:{line}: {fault.message}", hint=fault.hint) from None
        if code.runs:
            found.append(code)
    found += [script.code for script in scorer_files(suite)]
    return found


def _say(codes: list[Code]) -> None:
    if not codes:
        click.echo("this suite runs no Python of its own")
    for code in codes:
        for what in code.runs:
            click.echo(f"  {what}")
        for path, sha256 in code.files.items():
            click.echo(f"    {sha256[:16]}  {path}")


def _asked(n: int) -> bool:
    if not sys.stdin.isatty():
        raise BenchError(
            "nobody is there to be asked", hint="read the list above, then add --yes to agree"
        )
    return click.confirm("Agree to this?" if n == 1 else f"Agree to these {n} things?")
