"""``bench labels``: people label a random sample of the answers that a model judged."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

import click

from claimbench.cli.common import open_store, results_option, run_argument, whole_file
from claimbench.errors import BenchError

if TYPE_CHECKING:
    from claimbench.evaluation.stored import StoredRun
    from claimbench.store.results import ResultsStore

COLUMNS = ("call_id", "task", "sample_id", "request", "target", "answer", "choices", "label")


@click.group("labels")
def labels_command() -> None:
    """Let people label a random sample of the answers that a judge scored."""


@labels_command.command("export")
@run_argument
@results_option
@click.option(
    "--items",
    default=60,
    show_default=True,
    help="Samples to draw; 50 labelled ones correct a judge.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="The CSV to write.",
)
@click.option("--force", is_flag=True, help="Replace the file.")
def export_command(run: str | None, results: Path, items: int, output: Path, force: bool) -> int:
    """Draw samples of RUN (default: the latest) and write their answers, arms unnamed, for people
    to label.

    The draw is kept with the run and stays as it is; --items may only make it larger.
    """
    from claimbench.evaluation.people import KEY, SAMPLE, People, draw, to_label

    if items < 1:
        raise BenchError(f"--items {items}: draw at least one")
    if output.exists() and not force:
        raise BenchError(
            f"{output} exists already", hint="add --force to replace it, or name another file"
        )
    with open_store(results, create=True) as store:
        stored = _judged_run(store, run)
        seed = stored.manifest.seed
        drawn = draw(stored.suite, stored.records, max(items, len(stored.people.sample)), seed)
        if not drawn:
            raise BenchError("no sample was answered by every arm, so there is nothing to label")
        if not set(stored.people.sample.items()) <= set(drawn.items()):
            raise BenchError(
                "more answers came after the first draw, and another draw would not go with its"
                " labels",
                hint="label what was drawn first, or make a new run",
            )
        store.save_derived(stored.manifest.run_id, SAMPLE, KEY, drawn)
        rows = to_label(People(drawn), stored.records, seed)
        _write(output, stored, [record.call.id for record in rows])
    click.echo(
        f"wrote {output}: {len(rows):,} answers to {len(drawn):,} samples; fill in the column label"
    )
    click.echo(f"then: bench labels import {output} --run {stored.manifest.run_id}")
    return 0


@labels_command.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--run", metavar="RUN", help="The run that the answers are of; default: the latest.")
@results_option
def import_command(file: Path, run: str | None, results: Path) -> int:
    """Read labels from FILE, as bench labels export wrote it; rows without a label are left out."""
    from claimbench.evaluation.people import KEY, LABEL

    with open_store(results, create=True) as store:
        stored = _judged_run(store, run)
        rows = _labels(file, stored)
        store.save_derived(stored.manifest.run_id, LABEL, KEY, rows)
    click.echo(f"{len(rows):,} labels read; bench report {stored.manifest.run_id} judges with them")
    return 0


def _judged_run(store: ResultsStore, run: str | None) -> StoredRun:
    from claimbench.evaluation.stored import read_run

    stored = read_run(store, store.resolve_run(run))
    if not stored.judging.calls:
        raise BenchError(
            f"run {stored.manifest.run_id} has no judge",
            hint="labels correct the scores of a judge",
        )
    return stored


def _write(output: Path, stored: StoredRun, wanted: list[str]) -> None:
    """The answers as CSV for a spreadsheet; texts that it would run as formulas are defused."""
    from claimbench.plan.judges import asked_text
    from claimbench.plan.prompts import target_text
    from claimbench.privacy.redact import Redactor
    from claimbench_providers.endpoints.known_keys import known_secrets
    from claimbench_reports.formats.exports import safe_cell

    mask = Redactor("full", known_secrets(stored.suite)).mask
    tasks = {task.name: task for task in stored.suite.tasks}
    samples = {
        (task.name, sample.id): sample for task in stored.suite.tasks for sample in task.samples
    }
    records = {record.call.id: record for record in stored.records}
    try:
        with (
            whole_file(output) as part,
            part.open("w", encoding="utf-8-sig", newline="") as file,
        ):
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            for record in (records[call_id] for call_id in wanted):
                call, task = record.call, tasks[record.call.task]
                sample, judge = samples[call.task, call.sample_id], task.judge
                assert judge is not None  # noqa: S101 - only judged tasks are drawn from
                shown = map(
                    mask, (asked_text(task, sample), target_text(sample.target), record.text)
                )
                choices = " | ".join(judge.choices)
                row = (
                    call.id,
                    call.task,
                    call.sample_id,
                    *shown,
                    choices,
                    stored.people.choices.get(call.id, ""),
                )
                writer.writerow([safe_cell(cell) for cell in row])
    except OSError as error:
        raise BenchError(f"{output} cannot be written: {error.strerror}") from error


def _labels(file: Path, stored: StoredRun) -> dict[str, dict[str, object]]:
    """Call id -> label; raises BenchError naming the line of what cannot be used."""
    from claimbench.evaluation.people import to_label
    from claimbench.suite.datasets import read_table

    table = read_table(file)
    for column in ("call_id", "label"):
        if column not in table.columns:
            raise BenchError(
                f"{file}: there is no column {column!r}", hint=f"it has: {', '.join(table.columns)}"
            )
    tasks = {task.name: task.judge for task in stored.suite.tasks}
    drawn = {
        record.call.id: record.call.task for record in to_label(stored.people, stored.records, 0)
    }
    found: dict[str, dict[str, object]] = {}
    for row in table.rows:
        call_id, label = (
            str(row.values.get("call_id") or "").strip(),
            str(row.values.get("label") or "").strip(),
        )
        if not label:
            continue
        where = f"{file}, line {row.line}"
        if call_id not in drawn:
            raise BenchError(
                f"{where}: call {call_id!r} was not drawn in run {stored.manifest.run_id}",
                hint="bench labels export draws the answers that labels count for",
            )
        judge = tasks[drawn[call_id]]
        assert judge is not None  # noqa: S101 - only judged tasks are drawn from
        choice = next((name for name in judge.choices if name.casefold() == label.casefold()), None)
        if choice is None:
            raise BenchError(
                f"{where}: {label!r} is no choice of the judge",
                hint=f"one of: {', '.join(judge.choices)}",
            )
        if call_id in found:
            raise BenchError(f"{where}: call {call_id} is labelled twice")
        found[call_id] = {"choice": choice, "value": judge.choices[choice]}
    if not found:
        raise BenchError(
            f"{file}: no row has a label", hint="write one of the choices into the column label"
        )
    return found
