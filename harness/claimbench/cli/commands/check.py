"""``bench check``: the exit code of a stored run, for pipelines."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from claimbench.claims.as_json import verdict_json
from claimbench.cli.common import (
    json_option,
    open_store,
    print_json,
    read_as_line,
    results_option,
    run_argument,
    told,
    verdict_codes,
    worst,
)
from claimbench.errors import EXIT_INCOMPLETE, EXIT_OK, EXIT_REFUTED

if TYPE_CHECKING:
    from claimbench.evaluation.thresholds import Missed


@click.command("check")
@run_argument
@results_option
@click.option(
    "--junit", type=click.Path(path_type=Path, dir_okay=False), help="Also write JUnit XML here."
)
@json_option
def check_command(run: str | None, results: Path, junit: Path | None, as_json: bool) -> int:
    """Judge RUN (default: the latest) and exit with its code.

    0 every claim holds and no threshold is missed; 1 a claim is refuted or a threshold missed; 2 a
    claim is undecided or not comparable; 4 the run is not complete; 5 the store was tampered with.
    """
    from claimbench.cli.runs import evaluate_run, view_of
    from claimbench.machine.garbage_collection import load_numpy

    load_numpy()
    from claimbench.evaluation.stored import is_complete
    from claimbench.evaluation.thresholds import missed_thresholds

    with open_store(results) as store:
        run_id = store.resolve_run(run)
        evaluation = evaluate_run(store, run_id)
        missed = missed_thresholds(evaluation)
        finished = is_complete(evaluation.stored)
        if junit is not None:
            from claimbench_reports.formats.exports import junit_xml

            gates = {f"{m.metric} of {m.arm}": _missed_line(m) for m in missed}
            junit.write_text(junit_xml(view_of(store, evaluation, "none"), gates), encoding="utf-8")
    codes = [EXIT_OK if finished else EXIT_INCOMPLETE, *verdict_codes(evaluation.verdicts)]
    code = worst([*codes, *([EXIT_REFUTED] if missed else [])])
    if as_json:
        verdicts = [verdict_json(v) for v in evaluation.verdicts]
        print_json(
            {
                "run": run_id,
                "exit_code": code,
                "complete": finished,
                "verdicts": verdicts,
                "missed_thresholds": [asdict(m) for m in missed],
            }
        )
        return code
    for verdict in evaluation.verdicts:
        click.echo(
            f"{verdict.status:<15} {verdict.claim.id}: {read_as_line(verdict)}{told(verdict)}"
        )
    for one in missed:
        click.echo(_missed_line(one))
    if not finished:
        stored = evaluation.stored
        done, planned = (
            len(rows)
            for rows in (
                (*stored.records, *stored.judging.records),
                (*stored.calls, *stored.judging.calls),
            )
        )
        click.echo(f"incomplete: {done} of {planned} calls are finished")
    return code


def _missed_line(one: Missed) -> str:
    return (
        f"{'missed':<15} {one.metric} of {one.arm} is {one.value:g}, the suite asks for {one.side}"
        f" {one.limit:g}"
    )
