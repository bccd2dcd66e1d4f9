"""``bench demo``: a first run on two small open models, without a key."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import click

from claimbench.cli.common import results_option
from claimbench.errors import BenchError
from claimbench.store.place import Place

SUITE = "support"
SAMPLES = 120


@click.command("demo")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=SAMPLES,
    show_default=True,
    metavar="N",
    help="Samples of each task.",
)
@results_option
def demo_command(limit: int, results: Place) -> int:
    """Fetch two small open models (500 MB, once), run the shipped suite support on them and write
    the report.

    Arms of vendors whose keys are in the environment are measured too; the others are said to be
    not run. Ends well whatever the verdicts are: a refuted claim is no fault of the demo.
    """
    from claimbench.cli.commands.run import run_command
    from claimbench.errors import EXIT_OK, EXIT_REFUTED, EXIT_UNDECIDED
    from claimbench.shipped import located

    suite = located(SUITE)
    if not suite.is_file():
        raise BenchError(
            f"the suite {SUITE} is not in this installation", hint="pip install claimbench"
        )
    _require_llama()
    _pull_models(suite)
    with run_command.make_context(
        "bench run", [str(suite), "--limit", str(limit), "--results", str(results)]
    ) as context:
        code = int(run_command.invoke(context) or 0)
    return EXIT_OK if code in (EXIT_OK, EXIT_REFUTED, EXIT_UNDECIDED) else code


def _require_llama() -> None:
    if importlib.util.find_spec("llama_cpp") is None:
        raise BenchError(
            "the demo runs two models on this machine, and llama-cpp-python is not installed",
            hint=(
                'pip install "claimbench[local]" (it compiles: a C and a C++ compiler are'
                " needed),\nor, in a checkout, make demo; without either, with a key of a vendor:"
                f"\nOPENAI_API_KEY=... bench run {SUITE} --limit 20"
            ),
        )


def _pull_models(suite: Path) -> None:
    """Fetch what the suite's local arms need and is not here."""
    from claimbench.suite.load import load_suite
    from claimbench_providers.models import catalogue

    entries, folder = catalogue.catalog(), catalogue.cache_dir()
    arms = load_suite(suite).arms
    needed = [arm.model for arm in arms if arm.provider == "llama_cpp" and arm.model in entries]
    missing = [name for name in needed if not catalogue.cached_files(entries[name], folder)]
    for step, name in enumerate(missing, start=1):
        print(f"[demo] model {step} of {len(missing)}: {name}", file=sys.stderr, flush=True)
        from claimbench.cli.commands.models import pull_command

        with pull_command.make_context("bench models pull", [name]) as context:
            pull_command.invoke(context)
