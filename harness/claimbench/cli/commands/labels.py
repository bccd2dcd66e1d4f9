"""``bench labels``: people label a random sample of the answers that a model judged."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from claimbench.cli.common import results_option, run_argument, whole_file
from claimbench.cli.writing.filling import filled_store
from claimbench.cli.writing.written import WrittenPath
from claimbench.errors import BenchError
from claimbench.number_text import parse_number
from claimbench.store.place import Place

if TYPE_CHECKING:
    from claimbench.evaluation.preference.labelling import ToLabel
    from claimbench.evaluation.stored import StoredRun
    from claimbench.store.results import ResultsStore

LONGEST_CELL = 32_000
"""Characters from which on a spreadsheet may have cut a cell."""
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
    type=WrittenPath(),
    required=True,
    help="The CSV to write.",
)
@click.option("--force", is_flag=True, help="Replace the file.")
def export_command(run: str | None, results: Place, items: int, output: Path, force: bool) -> int:
    """Draw samples of RUN (default: the latest) and write their answers, arms unnamed, for people
    to label.

    The draw is kept with the run and stays as it is; --items may only make it larger.
    """
    from claimbench.evaluation.labelling import answers_to_label, draw_more

    if items < 1:
        raise BenchError(f"--items {items}: draw at least one")
    if output.exists() and not force:
        raise BenchError(
            f"{output} exists already", hint="add --force to replace it, or name another file"
        )
    with filled_store(results) as store:
        stored = _judged_run(store, run)
        people = draw_more(store, stored, items)
        rows = answers_to_label(stored, people, _mask(stored))
        _write(output, rows)
        paired = any(task.pairwise is not None for task in stored.suite.tasks)
        what = "answers, or pairs of them," if paired else "answers"
    click.echo(
        f"wrote {output}: {len(rows):,} {what} to {len(people.sample):,} samples; fill in the"
        " column label"
    )
    click.echo(f"then: bench labels import {output} --run {stored.manifest.run_id}")
    return 0


@labels_command.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--run", metavar="RUN", help="The run that the answers are of; default: the latest.")
@results_option
def import_command(file: Path, run: str | None, results: Place) -> int:
    """Read labels from FILE, as bench labels export wrote it; rows without a label are left out."""
    from claimbench.evaluation.people import KEY, LABEL

    with filled_store(results) as store:
        stored = _judged_run(store, run)
        rows = _labels(file, stored)
        store.save_derived(stored.manifest.run_id, LABEL, KEY, rows)
    click.echo(f"{len(rows):,} labels read; bench report {stored.manifest.run_id} judges with them")
    return 0


def _judged_run(store: ResultsStore, run: str | None) -> StoredRun:
    from claimbench.evaluation.labelling import check_judged
    from claimbench.evaluation.stored import read_run

    stored = read_run(store, store.resolve_run(run))
    check_judged(stored)
    return stored


def _mask(stored: StoredRun) -> Callable[[str], str]:
    from claimbench.privacy.redact import Redactor
    from claimbench_providers.endpoints.known_keys import known_secrets

    return Redactor("full", known_secrets(stored.suite)).mask


def _write(output: Path, rows: Sequence[ToLabel]) -> None:
    """The answers as CSV for a spreadsheet; texts that it would run as formulas are defused."""
    from claimbench_reports.formats.exports import safe_cell

    try:
        with (
            whole_file(output) as part,
            part.open("w", encoding="utf-8-sig", newline="") as file,
        ):
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            for one in rows:
                choices = " | ".join(one.choices)
                row = (
                    one.call_id,
                    one.task,
                    one.sample_id,
                    one.request,
                    one.target,
                    one.answer,
                    choices,
                    one.label,
                )
                writer.writerow([safe_cell(cell) for cell in row])
    except OSError as error:
        raise BenchError(f"{output} cannot be written: {error.strerror}") from error


def _labels(file: Path, stored: StoredRun) -> dict[str, dict[str, object]]:
    """Call id -> label; raises BenchError naming the line of what cannot be used."""
    from claimbench.evaluation.labelling import answers_to_label
    from claimbench.suite.datasets import read_table

    table = read_table(file)
    for column in ("call_id", "label"):
        if column not in table.columns:
            raise BenchError(
                f"{file}: there is no column {column!r}", hint=f"it has: {', '.join(table.columns)}"
            )
    drawn = {one.call_id: one for one in answers_to_label(stored, stored.people, _mask(stored))}
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
        changed = _changed(row.values, drawn[call_id])
        if changed is not None:
            raise BenchError(
                f"{where}: the {changed} of call {call_id} is not the one that was drawn, so that"
                " its label speaks of another",
                hint="bench labels export writes the file anew; fill in the column label alone",
            )
        choices = drawn[call_id].choices
        choice = next((name for name in choices if name.casefold() == label.casefold()), None)
        if choice is None:
            raise BenchError(
                f"{where}: {label!r} is no choice of the judge",
                hint=f"one of: {', '.join(choices)}",
            )
        if call_id in found:
            raise BenchError(f"{where}: call {call_id} is labelled twice")
        found[call_id] = {"choice": choice, "value": choices[choice]}
    if not found:
        raise BenchError(
            f"{file}: no row has a label", hint="write one of the choices into the column label"
        )
    return found


def _changed(row: Mapping[str, object], drawn: ToLabel) -> str | None:
    """Return which text of a row is another than the person should have read; None where all are
    there, or the file has none of them.
    """
    for name in ("sample_id", "request", "answer"):
        if name in row and not same_cell(row[name], getattr(drawn, name)):
            return name
    return None


def same_cell(cell: object, text: str) -> bool:
    """Tell whether a cell still holds a text, but for what a spreadsheet does to it: blanks, letter
    case, the apostrophe before a formula, another spelling of a number, the end of a very long one.
    """
    from claimbench_reports.formats.exports import safe_cell

    written = "" if cell is None else str(cell)
    said, meant = ("".join(one.split()).lstrip("'") for one in (written, str(safe_cell(text))))
    if said.casefold() == meant.casefold():
        return True
    number = parse_number(said)
    if number is not None and number == parse_number(meant):
        return True
    return len(written) >= LONGEST_CELL and meant.startswith(said)
