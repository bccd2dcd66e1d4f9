"""``bench export``: a run's calls or figures in another format."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from claimbench.cli.common import (
    baseline_option,
    open_store,
    redact_option,
    results_option,
    run_argument,
    whole_file,
)
from claimbench.cli.streams import drawn, write_bytes
from claimbench.cli.writing.written import WrittenPath, is_stdout
from claimbench.errors import BenchError
from claimbench.store.place import Place

if TYPE_CHECKING:
    from claimbench.privacy.redact import Redactor
    from claimbench_reports.view.inputs import ReportData

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
    help=(
        "jsonl (default), csv, parquet: one row per finished call; json, xlsx, md, junit, html: the"
        " report's figures."
    ),
)
@click.option(
    "--to",
    "tool",
    type=click.Choice(["inspect", "lm-eval", "every-eval-ever"]),
    help="Write the files of another tool, one set per arm, into the folder --output.",
)
@click.option("--arm", metavar="NAME", help="With --to: only this arm.")
@click.option(
    "--output",
    type=WrittenPath(stdout=True, either=True),
    help="Write here instead of standard output (-); a folder with --to.",
)
@click.option("--force", is_flag=True, help="Replace existing files.")
@redact_option
@baseline_option
def export_command(
    run: str | None,
    results: Place,
    kind: str | None,
    tool: str | None,
    arm: str | None,
    output: Path | None,
    force: bool,
    profile: str,
    baseline: str | None,
) -> int:
    """Write RUN (default: the latest) in another format, from what is stored."""
    if tool is not None:
        if kind is not None:
            raise BenchError(
                f"--to {tool} and --format {kind} are two formats", hint="leave one of them out"
            )
        if baseline is not None:
            raise BenchError(f"--to {tool} writes no verdicts", hint="leave --baseline out")
        return _to_tool(tool, run, results, arm, output, force, profile)
    if arm is not None:
        raise BenchError("--arm goes with --to", hint="the other formats hold every arm")
    return _to_file(kind or "jsonl", run, results, output, force, profile, baseline)


def _to_tool(
    tool: str,
    run: str | None,
    results: Place,
    arm: str | None,
    output: Path | None,
    force: bool,
    profile: str,
) -> int:
    from claimbench.api import background_of
    from claimbench.cli.runs import evaluate_run
    from claimbench.error_words import did_you_mean
    from claimbench.exporters.write import export_run

    if output is None or is_stdout(output):
        raise BenchError(
            f"--to {tool} writes several files",
            hint=f"name a folder for them: --output {tool}-files",
        )
    if output.exists() and not output.is_dir():
        raise BenchError(f"{output} is a file", hint="--to writes several files: name a folder")
    if output.is_dir() and any(output.iterdir()) and not force:
        raise BenchError(
            f"{output} is not empty", hint="add --force to write into it, or name another folder"
        )
    with open_store(results) as store:
        evaluation = evaluate_run(store, store.resolve_run(run))
    names = sorted(evaluation.items.arms)
    if arm is not None and arm not in names:
        raise BenchError(
            f"no arm '{arm}' was measured{did_you_mean(arm, names)}",
            hint=f"arms: {', '.join(names)}",
        )
    redact = background_of(evaluation.stored.suite).redactor(profile)
    files = export_run(evaluation, tool, output, arm=arm, redact=redact)
    for path in files:
        click.echo(f"wrote {path}")
    return 0


def _to_file(
    kind: str,
    run: str | None,
    results: Place,
    output: Path | None,
    force: bool,
    profile: str,
    baseline: str | None,
) -> int:
    from claimbench.api import background_of
    from claimbench.cli.runs import evaluate_run

    if kind in BINARY and (output is None or (is_stdout(output) and sys.stdout.isatty())):
        raise BenchError(
            f"--format {kind} is not text",
            hint=f"name a file: --output run.{kind}, or hand it on: --output - | PROGRAM",
        )
    if output is not None and is_stdout(output):
        output = None
    if output is not None and output.is_dir():
        raise BenchError(
            f"{output} is a folder", hint=f"name a file: --output {output / f'run.{kind}'}"
        )
    if output is not None and output.exists() and not force:
        raise BenchError(
            f"{output} exists already", hint="add --force to replace it, or name another file"
        )
    with open_store(results) as store:
        evaluation = evaluate_run(store, store.resolve_run(run), baseline=baseline)
        from claimbench.clock import this_day
        from claimbench_reports.collect.data import report_data

        background = background_of(evaluation.stored.suite)
        redact = background.redactor(profile)
        data = report_data(store, evaluation, background, today=this_day())
    if output is not None and kind in BINARY:
        with whole_file(output) as part:
            _write_binary(kind, data, redact, part)
    elif output is not None:
        text = _text(kind, data, redact)
        with whole_file(output) as part, part.open("w", encoding="utf-8", newline="") as file:
            file.write(text)
    elif kind in BINARY:
        _hand_on(kind, data, redact)
        return 0
    else:
        # Exact for a program that reads it, but nothing that a terminal obeys
        out = sys.stdout if sys.stdout.isatty() else drawn(sys.stdout)
        out.write(_text(kind, data, redact))
        return 0
    click.echo(f"wrote {output}")
    return 0


def _hand_on(kind: str, data: ReportData, redact: Redactor) -> None:
    """Write a file that is not text to standard output, once it is whole."""
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder, f"run.{kind}")
        _write_binary(kind, data, redact, made)
        sys.stdout.flush()
        write_bytes(sys.stdout, made.read_bytes())


def _write_binary(kind: str, data: ReportData, redact: Redactor, output: Path) -> None:
    from claimbench_reports.formats.exports import write_parquet
    from claimbench_reports.formats.xlsx import write_xlsx
    from claimbench_reports.view.build import build_view

    if kind == "xlsx":
        write_xlsx(build_view(data, redact), output)
    else:
        write_parquet(data, redact, output)


def _text(kind: str, data: ReportData, redact: Redactor) -> str:
    import io

    from claimbench_reports.formats import exports
    from claimbench_reports.formats.html import render_html
    from claimbench_reports.view.build import build_view

    if kind in ("jsonl", "csv"):
        table = io.StringIO(newline="")
        (exports.write_jsonl if kind == "jsonl" else exports.write_csv)(data, redact, table)
        return table.getvalue()
    view = build_view(data, redact)
    if kind == "html":
        from claimbench_reports.formats.pack import sample_packs

        return render_html(view, packs=sample_packs(data, redact))
    makers = {
        "json": exports.view_json,
        "md": exports.markdown,
        "junit": exports.junit_xml,
    }
    return makers[kind](view)
