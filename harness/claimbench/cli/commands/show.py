"""``bench show``: a run's verdicts and comparison in the terminal."""

from __future__ import annotations

from dataclasses import asdict

import click

from claimbench.claims.as_json import verdict_json
from claimbench.cli.common import (
    baseline_option,
    json_option,
    open_store,
    print_json,
    results_option,
    run_argument,
    volume_option,
)
from claimbench.store.place import Place


@click.command("show")
@run_argument
@volume_option
@baseline_option
@results_option
@json_option
def show_command(
    run: str | None, volume: str | None, baseline: str | None, results: Place, as_json: bool
) -> int:
    """Print the verdicts and the comparison of RUN (default: the latest)."""
    from claimbench.cli.runs import console_summary, evaluate_run, view_of

    with open_store(results) as store:
        run_id = store.resolve_run(run)
        evaluation = evaluate_run(store, run_id, volume, baseline)
        report = store.run_folder(run_id) / "report.html"
        found = report if report.exists() else None
        if as_json:
            view = view_of(store, evaluation, "none")
            verdicts = [verdict_json(v) for v in evaluation.verdicts]
            arms = [asdict(arm) for arm in view.arms]
            print_json(
                {
                    "run": run_id,
                    "report": found,
                    "summary": view.summary,
                    "verdicts": verdicts,
                    "arms": arms,
                    "outlook": None if view.outlook is None else asdict(view.outlook),
                }
            )
        else:
            console_summary(evaluation, found, store)
    return 0
