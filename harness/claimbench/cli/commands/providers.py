"""``bench providers``: who can be named in a suite, what that rests on, and whether a key is
set.
"""

from __future__ import annotations

import click

from claimbench.cli.common import json_option, print_json


@click.command("providers")
@json_option
def providers_command(as_json: bool) -> int:
    """List the providers that a suite can name, what their working rests on, and which of a suite's
    parameters reach them.
    """
    from claimbench_providers.endpoints.known import (
        STANDING,
        known_providers,
        parameter_matrix,
    )

    rows = known_providers()
    matrix = parameter_matrix()
    if as_json:
        print_json({"providers": rows, "parameters": matrix})
        return 0
    for row in rows:
        key = (
            "no key needed"
            if row["key"] is None
            else f"{row['key']} {'set' if row['key_set'] else 'not set'}"
        )
        click.echo(f"{row['name']:<13} {row['title']:<42} {STANDING[row['status']]:<27} {key}")
    click.echo(
        "\nlive: answered a real request. stand-in: its protocol, on a server that others wrote."
        " Name one with"
    )
    click.echo(
        "`provider: NAME` in an arm; `bench providers --json` shows addresses, APIs, sources with"
        " the day they were"
    )
    click.echo("read, and notes.")
    click.echo("\nWhat becomes of a suite's parameters (docs/providers.md says more):")
    heads = list(matrix[0])
    widths = [
        max(len(row[head]) for row in [*matrix, dict.fromkeys(heads, head)]) for head in heads
    ]
    for row in [dict(zip(heads, heads, strict=True)), *matrix]:
        cells = [row[head].ljust(width) for head, width in zip(heads, widths, strict=True)]
        click.echo("  ".join(cells).rstrip())
    return 0
