"""The command line: ``bench``. One file per command; this one only finds them.

``bench --help`` answers from the table below without importing anything else, so that it costs
little more than starting Python.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import click

COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("demo", "Fetch two small open models and run the support suite on them."),
    "run": ("run", "Run a suite: measure every arm, judge its claims, write the report."),
    "plan": (
        "plan",
        "Say what a run would cost in calls, dollars and hours, and what it could resolve.",
    ),
    "report": ("report", "Write the report of a stored run again, without calling a model."),
    "check": ("check", "Judge a stored run for a pipeline: exit code by claims and thresholds."),
    "compare": (
        "compare",
        "Compare a run with an earlier one: what held, what regressed or moved.",
    ),
    "decide": ("decide", "Say whom to choose in a stored run, and what is still open."),
    "list": ("list", "List the stored runs."),
    "rm": ("rm", "Remove a stored run for good."),
    "results": ("results", "Copy runs between folders and databases; print a database's roles."),
    "show": ("show", "Print a run's verdicts and comparison."),
    "open": ("open", "Open a run's report, or the page of all runs, in the browser."),
    "view": ("view", "Browse all runs, their samples and transcripts on a page served here."),
    "publish": ("publish", "Write the same pages as files, for any web server or none."),
    "export": ("export", "Write a run's calls or figures in another format."),
    "reprice": ("reprice", "Judge a stored run under other prices, without calling a model."),
    "route": ("route", "Show a run's routes: cascades and routers made from its stored calls."),
    "bundle": ("bundle", "Write a run into one file that anybody can check offline."),
    "verify": ("verify", "Compute a bundle again, and say where it differs."),
    "import": ("importing", "Judge results of other tools, tables and logs of traffic."),
    "labels": ("labels", "Let people label a sample of the answers that a judge scored."),
    "claims": ("claims", "Explain how a claim is read, and what it needs."),
    "adoption": ("adoption", "Keep dated snapshots of a model hub, and judge claims by them."),
    "prices": ("prices", "Show, compare and check list prices."),
    "providers": ("providers", "List the providers a suite can name, with what each rests on."),
    "models": ("models", "List, fetch and verify local models."),
    "init": ("init", "Write a runnable suite from your own file."),
    "validate": ("validate", "Check a suite file without running it."),
    "trust": ("trust", "List what Python a suite would run, and agree to it."),
    "schema": ("schema", "Print the JSON Schema of suite files."),
    "sweep": ("sweep", "Load one arm at rising concurrencies: throughput, goodput, the knee."),
    "doctor": ("doctor", "Check this machine: models, keys, endpoints, the harness itself."),
    "completion": ("completion", "Print the script that completes bench in bash, zsh or fish."),
    "help": ("help", "Explain bench, or one of its commands."),
}
"""Command -> (module in this package, one line of help); the module holds a click command of the
command's name.
"""

USAGE = """Usage: bench [OPTIONS] COMMAND [ARGS]...

  Settle claims such as "90% cheaper and just as good": accuracy, latency and
  dollars per 1,000 requests of language models, on the same requests.

Options:
  -V, --version  Show the version and exit.
  --help         Show this message and exit.

Commands:
{commands}

Start with: bench run support      Exit codes: docs/cli.md
"""


def usage() -> str:
    """Return the text of ``bench --help``."""
    return USAGE.format(
        commands="\n".join(f"  {name:<10} {text}" for name, (_, text) in COMMANDS.items())
    )


def _version() -> str:
    from claimbench._version import __version__

    return f"bench, version {__version__}"


def group() -> click.Group:
    """Return the click group; commands are imported when they are asked for."""
    import importlib

    import click

    class Lazy(click.Group):
        def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
            return [*COMMANDS]

        def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - likewise
            if cmd_name not in COMMANDS:
                return None
            name = COMMANDS[cmd_name][0]
            module = importlib.import_module(f"claimbench.cli.commands.{name}")
            command = getattr(module, f"{cmd_name}_command", None) or getattr(module, name)
            assert isinstance(command, click.Command)  # noqa: S101 - a test calls every command's --help
            return command

        def resolve_command(
            self, ctx: click.Context, args: list[str]
        ) -> tuple[str | None, click.Command | None, list[str]]:
            if args and args[0] not in COMMANDS:
                from claimbench.error_words import did_you_mean

                near = did_you_mean(args[0], COMMANDS).removeprefix("; did you mean ")
                hint = f" Did you mean {near}" if near else " See bench --help."
                raise click.UsageError(f"no command '{args[0]}'.{hint}")
            return super().resolve_command(ctx, args)

        def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - likewise
            formatter.write(usage())

    root = Lazy("bench", no_args_is_help=False)
    root.params.append(
        click.Option(
            ["-V", "--version"], is_flag=True, expose_value=False, is_eager=True, callback=_print
        )
    )
    return root


def _print(ctx: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if wanted:
        print(_version())
        ctx.exit()


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line and exit with the code of docs/architecture.md; the one place where
    errors end up.
    """
    from claimbench.cli.streams import open_streams

    out = open_streams()
    args = [
        *(sys.argv[1:] if argv is None else argv)
    ]  # not list(): importing cli.list sets this module's `list`
    code = 0
    if _COMPLETING in os.environ:
        code = _guarded(args)
    elif args in ([], ["--help"], ["-h"], ["help"]):
        print(usage(), end="")
    elif args in (["--version"], ["-V"]):
        print(_version())
    else:
        code = _guarded(args)
    out.flush()
    if out.lost is not None:
        print(f"error: standard output cannot be written: {out.lost}", file=sys.stderr)
        code = _EXIT_USAGE
    sys.exit(code)


_COMPLETING = "_BENCH_COMPLETE"
"""Set where a shell asks what may follow; click answers (``bench completion``)."""

_EXIT_USAGE = 3
"""As :data:`claimbench.errors.EXIT_USAGE`, which ``bench --help`` need not import."""


STORED = "what a run was answered stays stored: `bench report` judges it again, without a call"
"""Said with a fault of ours: it may come after the money was spent."""
COLLECTOR = (500_000, 50, 100)
"""When Python looks for garbage in cycles. A command makes hundreds of thousands of objects that
all stay in use, of imports and of a run's records; walking them again and again is a fifth of its
time. While a run measures, another setting holds (:mod:`claimbench.machine.garbage_collection`)."""


def _without_keys(text: str) -> str:
    """An error may quote what a server or a library said."""
    import os

    from claimbench.privacy.redact import Redactor, secrets_in

    return Redactor("full", secrets_in(os.environ)).mask(text)


def _lacking(error: Exception) -> tuple[str, str] | None:
    """Return what this machine could not give and what to do, or None where the fault is ours."""
    import errno

    if isinstance(error, OSError):
        name = f"{error.filename}: " if error.filename else ""
        what = f"{name}{error.strerror or error}"
        if error.errno in (errno.EMFILE, errno.ENFILE):
            return what, "raise the limit (ulimit -n), or lower the suite's concurrency"
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return what, "free some space; what was measured before is safe"
        if error.errno == errno.ENOMEM:
            return what, "close other programs, or raise the limit (ulimit -v)"
        return what, "check that the place exists, and that it can be read and written"
    if isinstance(error, MemoryError):
        hint = "close other programs, raise the limit (ulimit -v), or take fewer samples (--limit)"
        return "there is not enough memory", hint
    if isinstance(error, RuntimeError) and "start new thread" in str(error):
        hint = "raise the limits of processes or memory (ulimit -u, ulimit -v)"
        return "no thread can be started", hint
    return None


def _guarded(args: list[str]) -> int:
    import atexit
    import gc

    import click

    from claimbench.errors import EXIT_INCOMPLETE, EXIT_USAGE, BenchError

    gc.set_threshold(*COLLECTOR)
    atexit.register(
        gc.freeze
    )  # else Python looks through everything once more on its way out: a quarter of a second
    try:
        code = group().main(args, prog_name="bench", standalone_mode=False)
    except BenchError as error:
        hint = "".join(f"\n  {part}" for part in error.hint.splitlines()) if error.hint else ""
        print(_without_keys(f"error: {error}{hint}"), file=sys.stderr)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return EXIT_USAGE
    except (click.Abort, KeyboardInterrupt):
        print("interrupted", file=sys.stderr)
        return EXIT_INCOMPLETE
    except Exception as error:
        if os.environ.get("BENCH_DEBUG"):
            raise
        lacking = _lacking(error)
        if lacking is not None:
            print(_without_keys(f"error: {lacking[0]}\n  {lacking[1]}"), file=sys.stderr)
            return EXIT_USAGE
        print(f"error: a bug in ClaimBench: {type(error).__name__}: {error}", file=sys.stderr)
        print("  set BENCH_DEBUG=1 for the traceback, and please report it", file=sys.stderr)
        print(f"  {STORED}", file=sys.stderr)
        return EXIT_USAGE
    return code if isinstance(code, int) else 0
