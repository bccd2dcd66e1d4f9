"""``bench report``: write the report of a stored run again."""

from __future__ import annotations

from pathlib import Path

import click

from claimbench.cli.common import (
    baseline_option,
    json_option,
    open_store,
    print_json,
    redact_option,
    results_option,
    run_argument,
    volume_option,
)
from claimbench.cli.writing.written import WrittenPath
from claimbench.store.place import Place


@click.command("report")
@run_argument
@volume_option
@baseline_option
@results_option
@click.option(
    "--output",
    type=WrittenPath(instead="name a file, or run bench export --format html --output -"),
    help="Write here instead.",
)
@redact_option
@click.option(
    "--pdf", is_flag=True, help="Also print to PDF with the Chromium that is installed here."
)
@json_option
def report_command(
    run: str | None,
    volume: str | None,
    baseline: str | None,
    results: Place,
    output: Path | None,
    profile: str,
    pdf: bool,
    as_json: bool,
) -> int:
    """Write the report of RUN (default: the latest) from what is stored; no model is called."""
    from claimbench.cli.runs import evaluate_run, write_report

    with open_store(results) as store:
        run_id = store.resolve_run(run)
        evaluation = evaluate_run(store, run_id, volume, baseline)
        path = write_report(store, evaluation, output=output, profile=profile)
    printed = None
    if pdf:
        from claimbench_reports.formats.pdf import write_pdf

        printed = path.with_suffix(".pdf")
        write_pdf(path, printed)
    if as_json:
        print_json({"run": run_id, "report": path, "pdf": printed})
    else:
        click.echo(str(path))
        if printed is not None:
            click.echo(str(printed))
    return 0
