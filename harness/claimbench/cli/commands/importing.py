"""``bench import``: results that another tool measured, as a run of ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from claimbench.cli.common import (
    json_option,
    print_json,
    results_option,
    verdict_codes,
    worst,
)
from claimbench.cli.writing.filling import filled_store
from claimbench.errors import BenchError
from claimbench.importers.kinds import KINDS
from claimbench.store.place import Place

if TYPE_CHECKING:
    from claimbench.importers.imported import Imported
    from claimbench.importers.imported_run import ImportedRun
    from claimbench.types import ClaimSpec, Verdict


@click.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--from",
    "kind",
    type=click.Choice(KINDS),
    help="What wrote the files, where they do not say.",
)
@click.option(
    "--metric",
    metavar="NAME",
    help="The tool's metric to judge; default: its first between 0 and 1.",
)
@click.option(
    "--arm",
    "arms",
    multiple=True,
    metavar="NAME",
    help="Names of the arms, in the files' order. Repeatable.",
)
@click.option("--task", metavar="NAME", help="Name of the task, where the file does not say it.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="ROLE=COLUMN",
    help="Tables: what a column is, e.g. score=acc.",
)
@click.option(
    "--scale",
    metavar="BEST | WORST..BEST",
    help="Tables: the scores' maximum (100), or both ends (1..5).",
)
@click.option(
    "--records",
    metavar="PATH",
    help="JSON documents: where the records are, e.g. data.rows.",
)
@click.option(
    "--allow",
    "allow",
    multiple=True,
    metavar="NAME",
    help="A difference between arms that the claims accept, e.g. sampling. Repeatable.",
)
@click.option(
    "--claim", "claims", multiple=True, metavar="TEXT", help="A claim to judge. Repeatable."
)
@click.option("--name", help="Name of the suite; default: from the first file.")
@results_option
@click.option("--no-report", is_flag=True, help="Only store; bench report writes the report later.")
@json_option
def import_command(**options: Any) -> int:
    """Read results of another tool, a plain table, a log of traffic or a bundle (bench bundle) as a
    run, and judge claims on it.

    Several FILES are several arms, paired by item. What a file does not tell stays unknown: a score
    without its number of items gets no interval, a cost of 0 is no cost. A log without scores is an
    arm with dollars and times.
    """
    return _import(ImportCommand(**options))


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportCommand:
    """The options of ``bench import``, one field an option, by the names that click gives them."""

    files: tuple[Path, ...]
    kind: str | None
    metric: str | None
    arms: tuple[str, ...]
    task: str | None
    columns: tuple[str, ...]
    scale: str | None
    records: str | None
    allow: tuple[str, ...]
    claims: tuple[str, ...]
    name: str | None
    results: Place
    no_report: bool
    as_json: bool


def _import(asked: ImportCommand) -> int:
    from claimbench.cli.proof.bundles import is_bundle

    if any(is_bundle(file) for file in asked.files):
        return _import_bundle(asked)
    from claimbench.importers.detect import read_files
    from claimbench.importers.imported import ImportOptions

    _check_allow(asked.allow)
    columns = _columns(asked.columns)
    options = ImportOptions(
        asked.metric, asked.arms, columns, asked.task, asked.scale, asked.records
    )
    imported = read_files(asked.files, options, asked.kind)
    run = _build(imported, asked)
    with filled_store(asked.results) as store:
        from claimbench.cli.runs import console_summary, evaluate_run, write_report
        from claimbench.importers.stored_run import store_run, with_history

        run_id = store_run(store, with_history(run, store))
        evaluation = evaluate_run(store, run_id)
        path = None if asked.no_report else write_report(store, evaluation)
        if asked.as_json:
            _as_json(run_id, imported, path, evaluation.verdicts)
        else:
            _say(imported)
            console_summary(evaluation, path, store)
    return worst(verdict_codes(evaluation.verdicts))


def _import_bundle(asked: ImportCommand) -> int:
    """Open a bundle as the run that it was, once it is verified."""
    from claimbench.cli.proof.bundles import import_bundle

    given = {
        "--from": asked.kind,
        "--metric": asked.metric,
        "--arm": asked.arms,
        "--task": asked.task,
        "--column": asked.columns,
        "--scale": asked.scale,
        "--records": asked.records,
        "--allow": asked.allow,
        "--claim": asked.claims,
        "--name": asked.name,
    }
    names = [name for name, value in given.items() if value]
    if names or len(asked.files) > 1:
        raise BenchError(
            "a bundle is opened alone, as the run that it is; not with"
            f" {', '.join(names) or 'other files'}",
            hint="bench import FILE.zip; then bench reprice, decide or export judge it otherwise",
        )
    with filled_store(asked.results) as store:
        from claimbench.cli.runs import console_summary, evaluate_run, write_report

        run_id, found, known = import_bundle(store, asked.files[0])
        evaluation = evaluate_run(store, run_id)
        path = None if asked.no_report else write_report(store, evaluation)
        if asked.as_json:
            from claimbench.claims.as_json import verdict_json

            print_json(
                {
                    "run": run_id,
                    "kind": "bundle",
                    "here_already": known,
                    "redaction": found.redaction,
                    "report": path,
                    "merkle_root": found.root,
                    "not_recomputed": found.not_recomputed,
                    "verdicts": [verdict_json(verdict) for verdict in evaluation.verdicts],
                }
            )
        else:
            stored = "here already, unchanged" if known else "verified before it was stored"
            click.echo(f"bundle: run {run_id}, {found.rows:,} rows, {stored}")
            for line in found.not_recomputed:
                click.echo(f"  not recomputed: {line}")
            console_summary(evaluation, path, store)
    return worst(verdict_codes(evaluation.verdicts))


def _columns(given: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    columns: dict[str, tuple[str, ...]] = {}
    for text in given:
        role, mark, column = text.partition("=")
        if not mark or not role or not column:
            raise BenchError(
                f"--column {text}: not of the form ROLE=COLUMN",
                hint="for example --column score=accuracy",
            )
        columns[role] = (*columns.get(role, ()), column)
    return columns


def _check_allow(given: tuple[str, ...]) -> None:
    from claimbench.error_words import did_you_mean, one_of
    from claimbench.suite.schema import COMPARABILITY_KEYS, JUDGE_UNCORRECTED

    keys = (*COMPARABILITY_KEYS, JUDGE_UNCORRECTED)
    for name in given:
        if name not in keys:
            raise BenchError(
                f"--allow {name}: no such difference{did_you_mean(name, keys)}",
                hint=f"there are: {one_of(keys, 20)}",
            )


def _build(imported: Imported, asked: ImportCommand) -> ImportedRun:
    from claimbench.claims.parse import parse_claims
    from claimbench.cli.books import price_book
    from claimbench.clock import SystemClock
    from claimbench.importers.imported_run import build_run

    run = build_run(
        imported,
        name=asked.name or asked.files[0].stem,
        claims=_specs(asked.claims),
        book=price_book(),
        clock=SystemClock(),
        allow=asked.allow,
    )
    parse_claims(run.suite)  # a claim that cannot be read must not leave half a run behind
    return run


def _specs(texts: tuple[str, ...]) -> tuple[ClaimSpec, ...]:
    from claimbench.types import ClaimSpec

    specs = [ClaimSpec(f"claim-{i}", text, None, {}) for i, text in enumerate(texts, start=1)]
    return tuple(replace(spec, line=None) for spec in specs)


def _say(imported: Imported) -> None:
    from claimbench.importers.imported_run import arms_with_items, describe

    known = sum(1 for call in imported.calls if call.usage is not None)
    click.echo(
        f"{imported.kind}: {len(imported.arms)} arms, {len(imported.samples)} items,"
        f" {len(imported.calls)} answers, {known} with tokens"
    )
    with_items = arms_with_items(imported)
    for aggregate in imported.aggregates:
        has_items = (aggregate.arm, aggregate.task) in with_items
        error = "" if aggregate.stderr is None else f", standard error {aggregate.stderr:.6g}"
        click.echo(f"  {aggregate.arm}: {describe(aggregate, has_items)}{error}")
    for note in imported.notes:
        click.echo(f"  note: {note}")


def _as_json(
    run_id: str, imported: Imported, report: Path | None, verdicts: Sequence[Verdict]
) -> None:
    from claimbench.claims.as_json import verdict_json
    from claimbench.importers.imported_run import arms_with_items

    with_items = arms_with_items(imported)
    print_json(
        {
            "run": run_id,
            "kind": imported.kind,
            "report": report,
            "aggregates": [
                {
                    "arm": a.arm,
                    "task": a.task,
                    "metric": a.metric,
                    "value": a.value,
                    "stderr": a.stderr,
                    "n": a.n,
                    "interval": None if (a.arm, a.task) in with_items else a.interval(),
                }
                for a in imported.aggregates
            ],
            "notes": list(imported.notes),
            "verdicts": [verdict_json(verdict) for verdict in verdicts],
        }
    )
