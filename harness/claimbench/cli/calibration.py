"""``bench doctor --calibrate``: how wrong the harness's clock is on this machine."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from claimbench.run.calibrate import Errors
    from claimbench.types import Json

PROVIDERS = ("compatible", "openai")
"""One per source of stamps: the kernel or our transport, and an SDK. The in-process worker comes
with the harness.
"""


def run_calibration(results: Path, *, quiet: bool) -> dict[str, Json]:
    """Measure (about half a minute), print a table unless ``quiet``, keep it in the results
    folder.
    """
    from claimbench.cli.common import provider_factories
    from claimbench.machine.calibration import write_last
    from claimbench.run.calibrate import calibrate, server_process

    if not quiet:
        click.echo("\nThe harness's own clock error (reported minus true, ms):")
        click.echo(
            f"  {'provider':<12}{'stamps':<12}{'in flight':>9}{'calls':>7}"
            f"{'TTFT':>9}{'p99':>9}{'E2E':>9}{'p99':>9}"
        )
    command = [sys.executable, "-P", "-m", "claimbench_providers.scripted.server"]
    with server_process(command) as url:
        show = _nothing if quiet else _print_errors
        found = asyncio.run(calibrate(provider_factories(PROVIDERS), url, show=show))
    path = write_last(results, found)
    if not quiet:
        click.echo(
            f"kept in {path}; every run from now on carries it, and latency claims are judged"
            " with it"
        )
    return found


def _print_errors(row: Errors) -> None:
    click.echo(
        f"  {row.provider:<12}{row.source:<12}{row.concurrency:>9}{row.n:>7}"
        f"{row.ttft_mean_ms:>+9.2f}{row.ttft_p99_ms:>9.2f}{row.e2e_mean_ms:>+9.2f}{row.e2e_p99_ms:>9.2f}"
    )


def _nothing(_row: Errors) -> None:
    return None
