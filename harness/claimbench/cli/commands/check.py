"""``bench check``: the exit code of a stored run, for pipelines."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from claimbench.claims.as_json import verdict_json
from claimbench.cli.commands.compare import compared_with, exit_code
from claimbench.cli.common import (
    SuitePath,
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
from claimbench.cli.writing.written import WrittenPath
from claimbench.errors import EXIT_INCOMPLETE, EXIT_OK, EXIT_REFUTED, BenchError
from claimbench.store.place import Place, is_there

if TYPE_CHECKING:
    from claimbench.evaluation.thresholds import Missed
    from claimbench.monitoring.types import Comparison


@click.command("check")
@run_argument
@results_option
@click.option("--junit", type=WrittenPath(), help="Also write JUnit XML here.")
@click.option(
    "--baseline",
    metavar="RUN",
    help="Also compare with this earlier run, as bench compare does; claims mean it by"
    " baseline:ARM. 'previous': the newest complete run of the suite before RUN.",
)
@click.option(
    "--before",
    "suite",
    type=SuitePath(),
    metavar="SUITE",
    help="Judge nothing: say whether --baseline can be used, before SUITE is measured.",
)
@json_option
def check_command(
    run: str | None,
    results: Place,
    junit: Path | None,
    baseline: str | None,
    suite: Path | None,
    as_json: bool,
) -> int:
    """Judge RUN (default: the latest) and exit with its code.

    0 every claim holds and no threshold is missed; 1 a claim is refuted or a threshold missed; 2 a
    claim is undecided or not comparable; 4 the run is not complete; 5 the store was tampered with.
    With --baseline also 1 where something regressed and 2 where that is undecided. Where there is
    no previous run yet, that is said, and the code is that of the claims alone.
    """
    if suite is not None:
        return _usable(suite, results, run, baseline, as_json)
    from claimbench.cli.runs import evaluate_run, view_of
    from claimbench.machine.garbage_collection import load_numpy

    load_numpy()
    from claimbench.evaluation.stored import why_incomplete
    from claimbench.evaluation.thresholds import missed_thresholds
    from claimbench.monitoring.as_json import comparison_json
    from claimbench.monitoring.stored import NoPrevious
    from claimbench.monitoring.words import arm_sentences, headline, look_words

    with open_store(results) as store:
        run_id = store.resolve_run(run)
        evaluation = evaluate_run(store, run_id, baseline=baseline)
        against, none_yet = None, None
        if baseline is not None:
            try:
                against = compared_with(store, baseline, evaluation)
            except NoPrevious as error:
                none_yet = error.message
                click.echo(f"note: {none_yet}: nothing to compare with yet", err=True)
        missed = missed_thresholds(evaluation)
        missing = why_incomplete(evaluation.stored)
        if junit is not None:
            from claimbench_reports.formats.exports import junit_xml

            gates = {f"{m.metric} of {m.arm}": _missed_line(m) for m in missed}
            gates |= _regressed(against)
            junit.write_text(junit_xml(view_of(store, evaluation, "none"), gates), encoding="utf-8")
    codes = [EXIT_OK if missing is None else EXIT_INCOMPLETE, *verdict_codes(evaluation.verdicts)]
    if against is not None:
        codes.append(exit_code(against))
    code = worst([*codes, *([EXIT_REFUTED] if missed else [])])
    if as_json:
        verdicts = [verdict_json(v) for v in evaluation.verdicts]
        print_json(
            {
                "run": run_id,
                "exit_code": code,
                "complete": missing is None,
                "incomplete": missing,
                "verdicts": verdicts,
                "missed_thresholds": [asdict(m) for m in missed],
                "comparison": None if against is None else comparison_json(against, code),
                "no_comparison": none_yet,
            }
        )
        return code
    for verdict in evaluation.verdicts:
        click.echo(
            f"{verdict.status:<15} {verdict.claim.id}: {read_as_line(verdict)}{told(verdict)}"
        )
    for one in missed:
        click.echo(_missed_line(one))
    if against is not None:
        click.echo(headline(against))
        click.echo(look_words(against.last))
        for note in against.last.notes:
            click.echo(f"{note}.")
        for sentence in arm_sentences(against.last):
            click.echo(sentence)
    if missing is not None:
        click.echo(f"incomplete: {missing}")
    elif not (evaluation.verdicts or missed or against):
        click.echo("complete; the suite states no claims and no thresholds")
    return code


def _usable(
    path: Path, results: Place, run: str | None, baseline: str | None, as_json: bool
) -> int:
    """Say which run ``--baseline`` names for a suite that is yet to be measured."""
    from claimbench.monitoring.settings import settings_of
    from claimbench.monitoring.stored import (
        PREVIOUS,
        NoPrevious,
        place_of,
        previous_run,
        read_named,
    )
    from claimbench.suite.load import load_suite

    if run is not None or baseline is None:
        raise BenchError(
            "--before looks at a baseline, before there is a run",
            hint="bench check --baseline RUN --before SUITE",
        )
    if baseline == "latest":
        raise BenchError(
            "--baseline latest: the latest run will be the one that is measured",
            hint="--baseline previous is the newest complete run of the suite before it",
        )
    suite = load_suite(path, allow_outside=True)
    with ExitStack() as opened:
        store = opened.enter_context(open_store(results)) if is_there(results) else None
        wanted, none_yet = baseline, None
        try:
            if baseline == PREVIOUS and place_of(baseline) is None:
                wanted = previous_run(store, suite.name)
            found = read_named(store, wanted)
        except NoPrevious as error:
            none_yet = error.message
    if none_yet is not None:
        _say_baseline(None, f"{none_yet}: nothing to compare with yet", as_json)
        return EXIT_OK
    names = settings_of(suite).arms
    old = {arm.name for arm in found.stored.suite.arms}
    if not [arm.name for arm in suite.arms if names.get(arm.name, arm.name) in old]:
        raise BenchError(
            f"--baseline {baseline}: run {found.run_id} of {found.stored.manifest.suite_name} has"
            f" no arm of {suite.name}",
            hint=f"it has: {', '.join(sorted(old))}; compare: {{arms: {{NEW: OLD}}}} renames",
        )
    _say_baseline(found.run_id, f"baseline: run {found.run_id}", as_json)
    return EXIT_OK


def _say_baseline(run_id: str | None, words: str, as_json: bool) -> None:
    if as_json:
        print_json({"baseline": run_id, "said": words})
    else:
        click.echo(words)


def _missed_line(one: Missed) -> str:
    is_ = one.why or f"{one.value:g}"
    return (
        f"{'missed':<15} {one.metric} of {one.arm} is {is_}, the suite asks for {one.side}"
        f" {one.limit:g}"
    )


def _regressed(against: Comparison | None) -> dict[str, str]:
    """Return what regressed against the baseline: name of the check -> its sentence."""
    from claimbench.monitoring.words import judged_words, measure_name

    if against is None:
        return {}
    base = against.base.run_id
    return {
        f"{measure_name(one.metric)} of {one.arm} against {base}": judged_words(one)
        for one in against.last.judged
        if one.state == "regressed"
    }
