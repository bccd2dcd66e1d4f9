"""``bench export``: a run's calls or figures in another format."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from claimbench.cli.common import open_store, results_option, run_argument
from claimbench.errors import BenchError

if TYPE_CHECKING:
    from claimbench.redact import Redactor
    from claimbench_reports.inputs import ReportData

CALLS = ("jsonl", "csv", "parquet")
FIGURES = ("json", "xlsx", "md", "junit", "html")
BINARY = ("xlsx", "parquet")


@click.command("export")
@run_argument
@results_option
@click.option(
    "--format",
    "kind",
    type=click.Choice([*CALLS, *FIGURES]),
    default="jsonl",
    show_default=True,
    help="jsonl, csv, parquet: one row per finished call; json, xlsx, md, junit, html: the report's figures.",
)
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write here instead of standard output."
)
@click.option("--force", is_flag=True, help="Replace an existing file.")
@click.option(
    "--redact",
    "profile",
    type=click.Choice(["full", "hashed", "none"]),
    default="full",
    show_default=True,
    help="Transcripts in full, as hashes only, or not at all. Keys never appear.",
)
def export_command(run: str | None, results: Path, kind: str, output: Path | None, force: bool, profile: str) -> int:
    """Write RUN (default: the latest) in another format, from what is stored."""
    from claimbench.cli.reporting import evaluate_run, redactor, report_data

    if output is None and kind in BINARY:
        raise BenchError(f"--format {kind} is not text", hint=f"name a file: --output run.{kind}")
    if output is not None and output.exists() and not force:
        raise BenchError(f"{output} exists already", hint="add --force to replace it, or name another file")
    with open_store(results) as store:
        evaluation = evaluate_run(store, store.resolve_run(run))
        data, redact = report_data(store, evaluation), redactor(evaluation, profile)
    if output is not None and kind in BINARY:
        _write_binary(kind, data, redact, output)
    elif output is not None:
        with output.open("w", encoding="utf-8", newline="") as file:
            file.write(_text(kind, data, redact))
    else:
        sys.stdout.write(_text(kind, data, redact))
        return 0
    click.echo(f"wrote {output}")
    return 0


def _write_binary(kind: str, data: ReportData, redact: Redactor, output: Path) -> None:
    from claimbench_reports.exports import write_parquet
    from claimbench_reports.view import build_view
    from claimbench_reports.xlsx import write_xlsx

    if kind == "xlsx":
        write_xlsx(build_view(data, redact), output)
    else:
        write_parquet(data, redact, output)


def _text(kind: str, data: ReportData, redact: Redactor) -> str:
    import io

    from claimbench_reports import exports
    from claimbench_reports.html import render_html
    from claimbench_reports.view import build_view

    if kind in ("jsonl", "csv"):
        table = io.StringIO(newline="")
        (exports.write_jsonl if kind == "jsonl" else exports.write_csv)(data, redact, table)
        return table.getvalue()
    view = build_view(data, redact)
    makers = {"json": exports.view_json, "md": exports.markdown, "junit": exports.junit_xml, "html": render_html}
    return makers[kind](view)
