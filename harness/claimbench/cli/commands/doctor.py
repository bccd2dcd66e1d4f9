"""``bench doctor``: check this machine before a run; with ``--suite`` the endpoints of its arms
too.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from claimbench.cli.common import (
    SuitePath,
    files_of,
    json_option,
    print_json,
    results_option,
    suite_options,
)
from claimbench.cli.scaling.options import address_given
from claimbench.errors import EXIT_OK, EXIT_USAGE, BenchError
from claimbench.store.place import Place

if TYPE_CHECKING:
    from claimbench.machine.checks import Check

MARKS = {"ok": "ok", "warning": "!", "missing": "-", "error": "ERROR"}
SELF_TEST_CALLS = 300


@click.command("doctor")
@results_option
@click.option(
    "--calibrate",
    is_flag=True,
    help="Measure the harness's own clock error (half a minute) and keep it.",
)
@click.option(
    "--suite",
    type=SuitePath(),
    help="Also ask the endpoints of this suite's arms for their models.",
)
@click.option(
    "--call",
    is_flag=True,
    help="With --suite: send its first request once to each endpoint, and time it.",
)
@click.option(
    "--address",
    callback=address_given,
    metavar="ADDRESS",
    help="Also look at the nodes of this Ray cluster; with --suite also for its models.",
)
@suite_options
@json_option
def doctor_command(
    results: Place,
    calibrate: bool,
    suite: Path | None,
    call: bool,
    address: str | None,
    overrides: tuple[str, ...],
    allow_outside: bool,
    as_json: bool,
) -> int:
    """Check this machine: Python, llama.cpp, models, keys, results folder, clock, and the harness
    itself.

    The harness is tried on a simulated provider, whose answers never enter a result. Nothing leaves
    this machine unless --suite is given: then each endpoint that has its key is asked which models
    it lists, and no prompt is sent without --call.
    """
    if suite is None and (call or overrides or allow_outside):
        raise BenchError(
            "--call, --set and --allow-outside need --suite",
            hint="bench doctor --suite SUITE --call",
        )
    from claimbench.cli.calibration import run_calibration
    from claimbench.machine.calibration import read_last

    folder = files_of(results)
    found = _machine(results)
    loaded = None
    if suite is not None:
        from claimbench.cli.consent import inform
        from claimbench.cli.endpoint_checks import askable, endpoint_checks
        from claimbench.suite.load import load_suite

        loaded = load_suite(suite, allow_outside=allow_outside, overrides=overrides)
        inform(askable(loaded), (), yes=False)
        found += asyncio.run(endpoint_checks(loaded, call))
    if address is not None:
        from claimbench.cli.scaling.checks import cluster_checks

        found += cluster_checks(address, loaded)
    code = EXIT_USAGE if any(check.standing == "error" for check in found) else EXIT_OK
    if as_json:
        measured = run_calibration(folder, quiet=True) if calibrate else read_last(folder)
        print_json(
            {
                "checks": [asdict(check) for check in found],
                "calibration": measured or None,
                "exit_code": code,
            }
        )
        return code
    width = max(len(check.name) for check in found)
    for check in found:
        click.echo(f"{MARKS[check.standing]:<5} {check.name:<{width}}  {check.finding}")
        if check.hint:
            click.echo(f"{'':<5} {'':<{width}}  {check.hint}")
    if calibrate:
        run_calibration(folder, quiet=False)
    return code


def _machine(results: Place) -> list[Check]:
    """Everything that can be checked of this machine."""
    from claimbench.machine import checks, provenance

    return [
        checks.check_python(),
        checks.check_host(provenance.host_facts()),
        checks.check_load(),
        checks.check_clock(),
        *_results(results),
        _llama(),
        *_models(),
        _browser(),
        *checks.check_keys(_keys(), os.environ),
        asyncio.run(_harness()),
        _clock_error(files_of(results)),
    ]


def _results(place: Place) -> list[Check]:
    """Check the folder or the database that results are kept in."""
    from claimbench.machine import checks

    if isinstance(place, Path):
        return [checks.check_results(place)]
    from claimbench.cli.proof.database import check_database

    return [*check_database(place), checks.check_results(files_of(place))]


def _keys() -> dict[str, str]:
    from claimbench.provider.key_owners import KEY_VARIABLES

    wanted: dict[str, list[str]] = {}
    for host, name in KEY_VARIABLES.items():
        wanted.setdefault(name, []).append(host)
    return {name: ", ".join(hosts) for name, hosts in wanted.items()}


def _llama() -> Check:
    from claimbench.machine.checks import Check

    try:
        import llama_cpp
    except ImportError:
        return Check(
            "llama.cpp",
            "missing",
            "llama-cpp-python is not installed",
            "make setup, or pip install 'claimbench[local]'",
        )
    except (OSError, RuntimeError) as error:
        return Check(
            "llama.cpp",
            "error",
            f"llama-cpp-python cannot be loaded: {error}",
            "rebuild it: make clean setup",
        )
    gpu = "with GPU offload" if llama_cpp.llama_supports_gpu_offload() else "CPU only"
    return Check("llama.cpp", "ok", f"llama-cpp-python {llama_cpp.__version__}, {gpu}")


def _models() -> list[Check]:
    from claimbench.machine.checks import Check
    from claimbench_providers.models.catalogue import cache_dir, cached_files, catalog

    folder = cache_dir()
    here = [name for name, entry in catalog().items() if cached_files(entry, folder)]
    if here:
        return [Check("models", "ok", f"{', '.join(here)} in {folder}")]
    return [
        Check(
            "models",
            "missing",
            f"none of the catalogue in {folder}",
            "bench models list, bench models pull NAME",
        )
    ]


def _browser() -> Check:
    from claimbench.machine.checks import Check
    from claimbench_reports.formats.pdf import find_browser

    found = find_browser()
    return Check(
        "browser",
        "ok" if found else "missing",
        f"{found} (for bench report --pdf)" if found else "no Chromium: no --pdf",
    )


def _clock_error(results: Path) -> Check:
    """What the last calibration on this machine found."""
    from claimbench.machine import provenance
    from claimbench.machine.calibration import read_last
    from claimbench.machine.checks import Check

    last = read_last(results, provenance.host_facts()["host"])
    if not last:
        return Check(
            "calibration",
            "missing",
            "the clock's own error was not measured",
            "bench doctor --calibrate",
        )
    worst = {
        source: max(rows.items(), key=lambda row: int(row[0]))
        for source, rows in sorted(last["errors"].items())
        if rows
    }
    said = [
        f"{source} {row['ttft_p99_ms']:.1f} ms at {level} in flight"
        for source, (level, row) in worst.items()
    ]
    return Check(
        "calibration", "ok", f"TTFT error p99 of {last['measured_utc']}: {', '.join(said)}"
    )


async def _harness() -> Check:
    """Run the loop and the store on a simulated provider: every call must end in one record."""
    import tempfile
    import time

    from claimbench.cli.self_test import run_simulated
    from claimbench.machine.checks import Check

    with tempfile.TemporaryDirectory() as folder:
        before = time.perf_counter()
        records = await run_simulated(Path(folder), SELF_TEST_CALLS)
        each_ms = (time.perf_counter() - before) / SELF_TEST_CALLS * 1e3
    good = records == SELF_TEST_CALLS
    text = f"{records} of {SELF_TEST_CALLS} simulated calls recorded, {each_ms:.2f} ms each"
    return Check(
        "harness",
        "ok" if good else "error",
        text,
        None if good else "the results database cannot be trusted here",
    )
