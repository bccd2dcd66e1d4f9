"""``bench completion``: the script that lets a shell complete ``bench``."""

from __future__ import annotations

import click

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_BENCH_COMPLETE"
"""Set by the script when it asks ``bench`` what may follow."""


@click.command("completion")
@click.argument("shell", type=click.Choice(SHELLS))
def completion_command(shell: str) -> int:
    """Print the script that completes commands, options, files and run ids in SHELL.

    \b
    bash:  echo 'eval "$(bench completion bash)"' >> ~/.bashrc
    zsh:   echo 'eval "$(bench completion zsh)"' >> ~/.zshrc
    fish:  bench completion fish > ~/.config/fish/completions/bench.fish
    """  # noqa: D301 - \b is click's mark for lines that stay as they are
    from click.shell_completion import get_completion_class

    from claimbench.cli import group

    found = get_completion_class(shell)
    assert found is not None  # noqa: S101 - click has all of SHELLS
    made = found(group(), {}, "bench", VARIABLE)
    # not source(): for bash that starts one to ask its version
    click.echo(made.source_template % made.source_vars())
    return 0
