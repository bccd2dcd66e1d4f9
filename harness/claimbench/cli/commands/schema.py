"""``bench schema``: the JSON Schema of suite files, for editors."""

from __future__ import annotations

import json
from pathlib import Path

import click

from claimbench.cli.writing.written import WrittenPath, is_stdout


@click.command("schema")
@click.option(
    "--output",
    type=WrittenPath(stdout=True),
    help="Write to a file instead of standard output (-).",
)
def schema_command(output: Path | None) -> int:
    """Print the JSON Schema of suite files.

    Point your editor at it: a first line "# yaml-language-server: $schema=suite.schema.json" gives
    completion and checks as you type.
    """
    from claimbench.suite.load import json_schema

    text = json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
    if output is None or is_stdout(output):
        click.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")
        click.echo(f"wrote {output}")
    return 0
