"""``bench claims``: how a sentence is read, before anybody is asked to believe it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from claimbench.cli.common import FiniteRange, SuitePath, json_option, print_json, suite_options
from claimbench.cli.efforts import efforts_for, plan_lines
from claimbench.errors import BenchError

if TYPE_CHECKING:
    from claimbench.claims.power import Assumptions
    from claimbench.types import Suite


@click.group("claims")
def claims_command() -> None:
    """Explain how a claim is read, and what it needs."""


@claims_command.command("explain")
@click.argument("text")
@click.option(
    "--suite",
    type=SuitePath(),
    help="Read names, margins, sizes and prices from this suite.",
)
@click.option(
    "--accuracy",
    type=FiniteRange(0, 1),
    metavar="SHARE",
    help="Assumed accuracy of the baseline (default 0.8).",
)
@click.option(
    "--disagreement",
    type=FiniteRange(0, 1),
    metavar="SHARE",
    help="Assumed share of samples where the arms differ.",
)
@click.option(
    "--true-effect",
    type=FiniteRange(),
    help="The truth to plan for, in the headline reading's own quantity.",
)
@suite_options
@json_option
def explain_command(
    text: str,
    suite: Path | None,
    accuracy: float | None,
    disagreement: float | None,
    true_effect: float | None,
    overrides: tuple[str, ...],
    allow_outside: bool,
    as_json: bool,
) -> int:
    """Print what would be tested for TEXT: each reading, its threshold, and how many samples it
    needs.
    """
    from claimbench.claims.language.say import read_as
    from claimbench.claims.parse import explain_text
    from claimbench.claims.power import plan_claim
    from claimbench.suite.load import load_suite

    loaded = (
        load_suite(suite, allow_outside=allow_outside, overrides=overrides)
        if suite is not None
        else None
    )
    claim = explain_text(text, loaded)
    efforts = efforts_for(loaded) if loaded is not None else None
    present = (
        min((task.n_items for task in loaded.tasks), default=None) if loaded is not None else None
    )
    plan = plan_claim(
        claim,
        assumptions=_assumptions(accuracy, disagreement),
        items_present=present,
        true_effect=true_effect,
        efforts=efforts,
    )
    if as_json:
        print_json({"claim": asdict(claim), "read_as": read_as(claim), "plan": asdict(plan)})
        return 0
    click.echo(f'"{text}"')
    click.echo(f"Read as: {read_as(claim)}")
    if claim.kind == "not_measurable":
        return 0
    for line in plan_lines(plan):
        click.echo(line)
    _say_assumptions(loaded)
    return 0


def _assumptions(accuracy: float | None, disagreement: float | None) -> Assumptions:
    from dataclasses import replace

    from claimbench.claims.power import Assumptions

    made = Assumptions()
    for name, value in (("accuracy", accuracy), ("disagreement", disagreement)):
        if value is not None and not 0 < value < 1:
            raise BenchError(
                f"--{name} {value}: a share lies between 0 and 1", hint=f"for example --{name} 0.8"
            )
    if accuracy is not None:
        made = replace(made, baseline_accuracy=accuracy)
    return made if disagreement is None else replace(made, disagreement=disagreement)


def _say_assumptions(suite: Suite | None) -> None:
    click.echo(
        "Samples are for 80% power at the stated truth; state your own with --true-effect,"
        " --accuracy,"
    )
    click.echo("--disagreement, or let a pilot run speak: bench plan SUITE --pilot RUN.")
    if suite is None:
        click.echo("With --suite the arms' names, sizes and dollars come in.")
