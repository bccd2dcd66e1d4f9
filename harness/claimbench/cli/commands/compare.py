"""``bench compare``: a run against an earlier one, and a series of runs against its baseline."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from claimbench.cli.common import (
    json_option,
    open_store,
    print_json,
    results_option,
    whole_file,
    worst,
)
from claimbench.cli.writing.written import WrittenPath
from claimbench.errors import (
    EXIT_INCOMPLETE,
    EXIT_OK,
    EXIT_REFUTED,
    EXIT_UNDECIDED,
    BenchError,
)
from claimbench.store.place import Place, is_there

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from claimbench.evaluation.evaluate import Evaluation
    from claimbench.monitoring.stored import NamedRun
    from claimbench.monitoring.types import Comparison
    from claimbench.store.results import ResultsStore

KINDS = (".html", ".md", ".json")
"""Endings of what ``--output`` writes."""
CODES = {
    "held": EXIT_OK,
    "regressed": EXIT_REFUTED,
    "undecided": EXIT_UNDECIDED,
    "not_comparable": EXIT_UNDECIDED,
}


@dataclass(frozen=True)
class _Asked:
    """What the command line says of how runs are compared."""

    every: bool
    margins: Sequence[str]
    planned: int | None
    renamed: Sequence[str]
    fail_on_change: bool


@click.command("compare")
@click.argument("runs", nargs=-1, metavar="[BASE] [NEW]...")
@click.option(
    "--every",
    is_flag=True,
    help="Compare every later run of the suite with BASE, in order; alpha is spent over them.",
)
@click.option(
    "--margin",
    "margins",
    multiple=True,
    metavar="NAME=X",
    help="What counts as held: accuracy=2%, dollars=10%, e2e_p95=20%; NAME=off. Repeatable.",
)
@click.option(
    "--runs",
    "planned",
    type=click.IntRange(1, 1000),
    metavar="N",
    help="How many runs will be compared with this baseline; alpha is spent over them.",
)
@click.option(
    "--arm",
    "renamed",
    multiple=True,
    metavar="NEW=OLD",
    help="An arm that had another name in BASE. Repeatable.",
)
@click.option(
    "--output",
    "outputs",
    multiple=True,
    type=WrittenPath(instead="name a file, or print one JSON object with --json"),
    metavar="FILE",
    help="Also write a page (.html), Markdown (.md) or JSON (.json). Repeatable.",
)
@click.option(
    "--fail-on-change", is_flag=True, help="Exit 1 also where a model changed and nothing else did."
)
@results_option
@json_option
def compare_command(
    runs: tuple[str, ...],
    every: bool,
    margins: tuple[str, ...],
    planned: int | None,
    renamed: tuple[str, ...],
    outputs: tuple[Path, ...],
    fail_on_change: bool,
    results: Place,
    as_json: bool,
) -> int:
    """Compare NEW (default: the latest run) with BASE, sample by sample.

    BASE and NEW: ids, beginnings of ids, `latest`, or paths of results folders
    (their latest run; FOLDER/ID names one). BASE `previous`: the newest complete
    run of the suite before NEW. Accuracy, dollars and latency are
    judged as "not worse than BASE by more than the margin"; what else differs is
    named, price moves are told from token moves, and a model that changed from
    one that varies. Calls no model.

    Of the last run: 0 everything held; 1 something regressed; 2 undecided or not
    comparable; 4 a run is not complete; 5 a store was tampered with.
    """
    from claimbench.machine.garbage_collection import load_numpy

    load_numpy()
    for output in outputs:
        if output.suffix.lower() not in KINDS:
            raise BenchError(
                f"{output}: nothing is written with the ending '{output.suffix}'",
                hint=f"name a file with one of: {', '.join(KINDS)}",
            )
        if not output.parent.is_dir():
            raise BenchError(f"{output}: there is no folder {output.parent}", hint="make it first")
    asked = _Asked(every, margins, planned, renamed, fail_on_change)
    with ExitStack() as opened:
        store = None
        if is_there(results):
            store = opened.enter_context(open_store(results))
        comparison, newest = _compared(store, runs, asked)
    code = exit_code(comparison, fail_on_change)
    show = shown_by(newest)
    if as_json:
        from claimbench.monitoring.as_json import cleaned, comparison_json

        print_json(comparison_json(cleaned(comparison, show), code))
    else:
        from claimbench.monitoring.as_json import cleaned
        from claimbench_reports.formats.comparison.text import comparison_lines

        for line in comparison_lines(cleaned(comparison, one_line(show))):
            click.echo(line)
    for output in outputs:
        write_comparison(comparison, output, show, code)
    return code


def exit_code(comparison: Comparison, fail_on_change: bool = False) -> int:
    """Return the exit code of the newest run of a comparison."""
    step = comparison.last
    codes = [CODES[step.state]]
    later = [why for run, why in comparison.skipped.items() if run > step.run.run_id]
    unjudged = any(not why.startswith("running") for why in later)  # ids begin with their time
    if unjudged or not (step.run.complete and comparison.base.complete):
        codes.append(EXIT_INCOMPLETE)
    if fail_on_change and step.changed:
        codes.append(EXIT_REFUTED)
    return worst(codes)


def shown_by(run: Evaluation) -> Callable[[str], str]:
    """Return what masks this machine's keys in texts of a comparison."""
    from claimbench.api import background_of

    return background_of(run.stored.suite).redactor("none").mask


def one_line(show: Callable[[str], str]) -> Callable[[str], str]:
    """Return ``show`` with everything made visible that a terminal would obey."""
    from claimbench.privacy.visible import visible

    return lambda text: " ".join(visible(show(text)).split())


def write_comparison(
    comparison: Comparison, output: Path, show: Callable[[str], str], code: int
) -> None:
    """Write a comparison as its file's ending says."""
    import json

    from claimbench.cli.common import without_infinities
    from claimbench.monitoring.as_json import cleaned, comparison_json
    from claimbench_reports.formats.comparison.html import comparison_html
    from claimbench_reports.formats.comparison.markdown import comparison_markdown

    kind = output.suffix.lower()
    if kind == ".json":
        made = without_infinities(comparison_json(cleaned(comparison, show), code))
        text = json.dumps(made, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    elif kind == ".md":
        text = comparison_markdown(cleaned(comparison, one_line(show)))
    else:
        text = comparison_html(cleaned(comparison, one_line(show)))
    with whole_file(output) as part:
        part.write_text(text, encoding="utf-8")


def _compared(
    store: ResultsStore | None, names: Sequence[str], asked: _Asked
) -> tuple[Comparison, Evaluation]:
    """Find, judge and compare the runs; return the comparison and the newest run."""
    from claimbench.evaluation.evaluate import evaluate
    from claimbench.monitoring.compare import compare_runs
    from claimbench.monitoring.pairing import pair_arms
    from claimbench.monitoring.settings import as_series, named_pairs, settings_between, with_arms
    from claimbench.monitoring.stored import read_named, series_after

    base, news = _named(store, names, asked.every)
    skipped: dict[str, str] = {}
    if asked.every:
        assert store is not None  # noqa: S101 - _named asked for it
        series = series_after(store, base.stored, base.stored.suite.name)
        skipped = series.skipped
        if not series.runs:
            left = f"; left out: {', '.join(skipped)}" if skipped else ""
            raise BenchError(
                f"no complete run of {base.stored.suite.name} came after {base.run_id}{left}",
                hint="run the suite again, or name another baseline",
            )
        read = {one.run_id: one for one in news if one.database == store.path}
        news = [read.get(run_id) or read_named(store, run_id) for run_id in series.runs]
        base = replace(base, rolls=False)  # all of them are held against this one
    suites = base.stored.suite, news[-1].stored.suite
    settings = with_arms(settings_between(*suites, asked.margins, asked.planned), asked.renamed)
    if asked.every or asked.fail_on_change:  # what a job repeats, and ends by
        settings = as_series(settings, base.stored.suite, asked.planned)
    settings = replace(settings, change_alarms=asked.fail_on_change)
    evaluated = evaluate(base.stored)
    runs = [evaluate(one.stored) for one in news]
    if asked.renamed:
        pair_arms(evaluated, runs[-1], named_pairs(asked.renamed, {}))
    looks = None if settings.runs is None else _looks(base, news)
    return compare_runs(evaluated, runs, settings, looks, skipped), runs[-1]


def _looks(base: NamedRun, news: Sequence[NamedRun]) -> list[int]:
    """Count which look at the baseline each run is, in the results that it lies in."""
    from claimbench.monitoring.stored import Nights, nights_of
    from claimbench.store.results import ResultsStore

    known: dict[tuple[Place, str], Nights] = {}
    looks: list[int] = []
    for new in news:
        suite = new.stored.suite.name
        if (new.database, suite) not in known:
            with ResultsStore.open(new.database, create=False, read_only=True) as store:
                known[new.database, suite] = nights_of(store, base, suite)
        looks.append(known[new.database, suite].number(new.stored))
    return looks


def _named(
    store: ResultsStore | None, names: Sequence[str], every: bool
) -> tuple[NamedRun, list[NamedRun]]:
    """Return the baseline and the runs that the command line names."""
    from claimbench.monitoring.settings import settings_of
    from claimbench.monitoring.stored import read_named

    if every and len(names) > 1:
        raise BenchError(
            "--every takes the runs after BASE from the results", hint="name BASE alone"
        )
    if every and store is None:
        raise BenchError("--every: no results here", hint="give --results DIR")
    if len(names) >= 2:
        news = [read_named(store, name) for name in names[1:]]
        return read_named(store, names[0], news[0].stored), news
    newest = read_named(store, "latest")
    stated = names[0] if names else settings_of(newest.stored.suite).baseline
    if stated is None and every and store is not None:
        same = [one for one in store.runs() if one.suite_name == newest.stored.suite.name]
        stated = same[0].run_id
    if stated is None:
        raise BenchError(
            "which run is the baseline?",
            hint=(
                "bench compare BASE NEW, bench compare previous, or compare: {baseline: RUN} in"
                " the suite"
            ),
        )
    base = read_named(store, stated, newest.stored)
    if every or base.run_id != newest.run_id:
        return base, [newest]
    raise BenchError(
        f"run {base.run_id} is the latest: nothing came after it",
        hint="name a run after it: bench compare BASE NEW; the run before: bench compare previous",
    )


def compared_with(store: ResultsStore, baseline: str, run: Evaluation) -> Comparison:
    """Compare one judged run with a baseline, as one look of a series, made harmless for a
    terminal.

    Raises:
        NoPrevious: the baseline is ``previous``, and there is none; BenchError: it is the run
            itself, or cannot be read or compared.
    """
    from claimbench.evaluation.evaluate import evaluate
    from claimbench.monitoring.as_json import cleaned
    from claimbench.monitoring.compare import compare_runs
    from claimbench.monitoring.settings import as_series, settings_between
    from claimbench.monitoring.stored import nights_of, read_named

    base = read_named(store, baseline, run.stored)
    if base.run_id == run.stored.manifest.run_id:
        raise BenchError(
            f"--baseline {baseline}: run {base.run_id} would be compared with itself",
            hint="--baseline previous is the newest complete run of the suite before it",
        )
    settings = settings_between(base.stored.suite, run.stored.suite)
    settings = as_series(settings, base.stored.suite)
    nights = nights_of(store, base, run.stored.suite.name)
    look = nights.number(run.stored)
    comparison = compare_runs(evaluate(base.stored), [run], settings, [look])
    return cleaned(comparison, one_line(shown_by(run)))
