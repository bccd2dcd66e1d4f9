"""``bench route``: arms made from a stored run's calls, beside what its arms could do."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from claimbench.cli.common import (
    json_option,
    open_store,
    print_json,
    read_as_line,
    results_option,
    told,
    verdict_codes,
    worst,
)
from claimbench.errors import EXIT_OK, BenchError
from claimbench.store.place import Place

if TYPE_CHECKING:
    from claimbench.routes.beside import Beside
    from claimbench.types import ClaimSpec


MOST_SHOWN = 20
"""Slices of a fitted route that are listed."""


@click.command("route")
@click.argument("run", default="latest")
@click.argument(
    "file", required=False, type=click.Path(path_type=Path, dir_okay=False, exists=True)
)
@results_option
@click.option("--allow-outside", is_flag=True, help="Let FILE read files outside its folder.")
@json_option
def route_command(
    run: str, file: Path | None, results: Place, allow_outside: bool, as_json: bool
) -> int:
    """Show the routes of RUN (default: the latest): what they cost and score, beside the best
    single arm, the random mixture and the oracle.

    FILE (YAML: routes, claims) adds routes after the run, without a call. What was chosen after the
    answers were known reaches no verdict, unless its threshold is fitted out of fold.
    """
    from claimbench.machine.garbage_collection import load_numpy

    load_numpy()
    from claimbench.claims.as_json import verdict_json
    from claimbench.evaluation.evaluate import evaluate
    from claimbench.evaluation.stored import read_run
    from claimbench.routes.beside import Beside
    from claimbench.suite.purpose.later_routes import with_later_routes
    from claimbench.suite.purpose.routes import routes_of

    with open_store(results) as store:
        stored = read_run(store, store.resolve_run(run))
    claims: tuple[ClaimSpec, ...] = ()
    if file is not None:
        suite, claims = with_later_routes(stored.suite, file, allow_outside=allow_outside)
        own = replace(suite, claims=())
        stored = replace(stored, suite=own)
    elif not routes_of(stored.suite):
        raise BenchError(
            "the run's suite has no routes",
            hint="add some after the run: bench route RUN FILE, a YAML file with `routes:`",
        )
    evaluation = evaluate(stored, extra_claims=claims)
    verdicts = evaluation.verdicts
    code = worst([EXIT_OK, *verdict_codes(verdicts)])
    if as_json:
        shown = []
        for one in evaluation.routes:
            if isinstance(one, Beside):
                shown.append(asdict(one))
            else:
                shown.append({"name": one[0], "why_unknown": one[1]})
        made = {"run": stored.manifest.run_id, "composed": True, "exit_code": code}
        print_json({**made, "routes": shown, "verdicts": [verdict_json(v) for v in verdicts]})
        return code
    for one in evaluation.routes:
        if isinstance(one, Beside):
            _say(one)
        else:
            click.echo(f"{one[0]}: not known, {one[1]}")
    for verdict in verdicts:
        click.echo(
            f"{verdict.status:<15} {verdict.claim.id}: {read_as_line(verdict)}{told(verdict)}"
        )
    return code


def _say(one: Beside) -> None:
    """Print one route as a small table."""
    from claimbench_reports.view.beside.routes import route_view

    view = route_view(one, lambda text: text)
    n = "" if view.n_items is None else f", {view.n_items.text} items"
    click.echo(f"{view.name} (composed{n}): {view.said}")
    for what, quality, usd in view.rows:
        spans = [f"{f.text} ({f.interval})" if f.interval else f.text for f in (quality, usd)]
        click.echo(f"  {what:<50} {spans[0]:<28} {spans[1]} per 1,000 requests")
    if view.gain is not None:
        span = f" ({view.gain.interval})" if view.gain.interval else ""
        click.echo(f"  above the random mixture: {view.gain.text}{span}")
    shares = ", ".join(f"{arm} {share.text}" for arm, share in view.answered)
    click.echo(f"  answered by {shares}")
    if view.threshold:
        click.echo(f"  {view.threshold}")
    for value, arms in view.chosen[:MOST_SHOWN]:
        click.echo(f"    {value}: {arms}")
    more = len(view.chosen) - MOST_SHOWN
    if more > 0:
        click.echo(f"    {more:,} more values: bench export --format json, beside.routes")
