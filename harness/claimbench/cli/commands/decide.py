"""``bench decide``: whom to choose, by the suite's requirements, criteria and weights."""

from __future__ import annotations

from pathlib import Path

import click

from claimbench.cli.common import (
    json_option,
    open_store,
    print_json,
    results_option,
    run_argument,
    volume_option,
)
from claimbench.errors import EXIT_INCOMPLETE, EXIT_OK, EXIT_REFUTED, EXIT_UNDECIDED, SuiteError
from claimbench.store.place import Place

_CODES = {
    "recommended": EXIT_OK,
    "tied": EXIT_UNDECIDED,
    "alone": EXIT_UNDECIDED,
    "open": EXIT_UNDECIDED,
    "none": EXIT_REFUTED,
}


@click.command("decide")
@run_argument
@results_option
@click.option(
    "--decision",
    "decision_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Decide by this file's `decision:`; marked as written after the run.",
)
@volume_option
@json_option
def decide_command(
    run: str | None,
    results: Place,
    decision_file: Path | None,
    volume: str | None,
    as_json: bool,
) -> int:
    """Say whom to choose in RUN (default: the latest).

    By the suite's `decision:`: requirements that every choice must meet, criteria
    with weights. 0 one arm is recommended; 2 nothing can be recommended yet; 1 each
    arm misses a requirement; 4 the run is not complete.
    """
    from claimbench.cli.runs import decision_of, evaluate_run
    from claimbench.evaluation.stored import why_incomplete

    with open_store(results) as store:
        run_id = store.resolve_run(run)
        evaluation = evaluate_run(store, run_id, volume)
        missing = why_incomplete(evaluation.stored)
        decision, view = decision_of(evaluation, decision_file)
    if decision is None or view is None:
        raise SuiteError(
            f"the suite of run {run_id} declares no decision",
            path=evaluation.stored.suite.path,
            hint="write a `decision:` block (docs/suites.md), or pass --decision FILE",
        )
    if as_json:
        from claimbench.decision.as_json import decision_json

        print_json({"run": run_id, "incomplete": missing, **decision_json(decision)})
    else:
        from claimbench_reports.formats.decision_text import decision_lines

        for line in decision_lines(view):
            click.echo(line)
    if missing is None:
        return _CODES[decision.outcome]
    if not as_json:
        click.echo(f"incomplete: {missing}")
    return EXIT_INCOMPLETE
