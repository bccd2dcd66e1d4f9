"""``bench help``: what ``--help`` says."""

from __future__ import annotations

import click


@click.command("help")
@click.argument("command", nargs=-1, metavar="[COMMAND]...")
def help_command(command: tuple[str, ...]) -> int:
    """Explain bench, or one COMMAND (also one below it: bench help claims explain)."""
    from claimbench.cli import group, usage

    if not command:
        click.echo(usage(), nl=False)
        return 0
    node: click.Command = group()
    context = click.Context(node, info_name="bench")
    for word in command:
        below = node.get_command(context, word) if isinstance(node, click.Group) else None
        if below is None:
            from claimbench.error_words import did_you_mean, one_of

            known = node.list_commands(context) if isinstance(node, click.Group) else []
            path = context.command_path
            near = did_you_mean(word, known) or f"; there are: {one_of(known, 40)}"
            near = near if known else ": it has no commands below it"
            raise click.UsageError(f"{path} has no command '{word}'{near}")
        node, context = below, click.Context(below, info_name=word, parent=context)
    click.echo(node.get_help(context))
    return 0
