"""``bench plan``: what a run would send, cost and resolve."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from claimbench.cli.books import book_option
from claimbench.cli.common import (
    SuitePath,
    json_option,
    open_store,
    print_json,
    provider_factories,
    results_option,
    suite_options,
)
from claimbench.cli.efforts import arm_line, efforts_of, plan_lines, plan_total
from claimbench.cli.progress import dollars
from claimbench.cli.writing.written import WrittenPath
from claimbench.error_words.missing_keys import one_step, variables_of
from claimbench.errors import BenchError
from claimbench.store.place import Place

if TYPE_CHECKING:
    from claimbench.claims.power import ClaimPlan
    from claimbench.cli.destinations import Destination
    from claimbench.cli.efforts import PlanTotal
    from claimbench.evaluation.evaluate import Evaluation
    from claimbench.plan.estimate import ArmEstimate, Pilot, Worst
    from claimbench.pricing.price_lists.book import PriceBook
    from claimbench.types import Suite


@click.command("plan")
@click.argument("suite", type=SuitePath())
@click.option("--arm", "arms", multiple=True, metavar="NAME", help="Only this arm. Repeatable.")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    help="Plan for the first N samples of each task.",
)
@click.option(
    "--pilot", metavar="RUN", help="Take seconds, dollars and disagreement from this stored run."
)
@click.option(
    "--register",
    "registration",
    type=WrittenPath(),
    metavar="FILE",
    help="Fix claims, margins, weights and prices in FILE, for bench run --registered.",
)
@click.option(
    "--key",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="PRIVATE",
    help="With --register: sign with this key (bench bundle --new-key).",
)
@click.option(
    "--timestamp",
    type=WrittenPath(),
    metavar="FILE.tsr",
    help="With --register: write FILE.tsq, to be answered by a time-stamping authority.",
)
@results_option
@suite_options
@book_option
@json_option
def plan_command(
    pilot: str | None,
    results: Place,
    registration: Path | None,
    key: Path | None,
    timestamp: Path | None,
    **options: Any,
) -> int:
    """Say what SUITE would cost in calls, dollars and hours, and which claims it could settle.
    Sends nothing.

    --register fixes what is claimed before anything is known; the report then says so.
    """
    if registration is None and (key is not None or timestamp is not None):
        raise BenchError("--key and --timestamp sign and stamp a registration: add --register FILE")
    asked = PlanOptions(**options)
    if registration is not None and asked.arms:
        raise BenchError(
            "a registration is of the whole suite, not of some arms", hint="leave out --arm"
        )
    evaluation = None
    if pilot is not None:
        from claimbench.cli.runs import evaluate_run

        with open_store(results) as store:
            evaluation = evaluate_run(
                store, store.resolve_run(None if pilot == "latest" else pilot)
            )
    found = planned(asked, evaluation)
    if registration is not None:
        from claimbench.cli.proof.registering import write_registration

        write_registration(found.suite, found.book, asked.limit, registration, key, timestamp)
    return _print_plan(found, asked)


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanOptions:
    """What is planned and how it is printed: the options that ``bench plan`` and ``bench run
    --dry-run`` share.
    """

    suite: Path
    arms: tuple[str, ...]
    limit: int | None
    overrides: tuple[str, ...]
    allow_outside: bool
    as_json: bool
    books: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Planned:
    """What a run would send, cost and resolve; ``run`` and ``by_arm`` are what a budget allows and
    the most that could be asked of it.
    """

    suite: Suite
    book: PriceBook
    estimates: Sequence[ArmEstimate]
    claims: Sequence[ClaimPlan]
    going: Sequence[Destination]
    run: Worst
    by_arm: Mapping[str, Worst]
    total: PlanTotal
    not_here: Mapping[str, str]


def planned(asked: PlanOptions, pilot: Evaluation | None = None) -> Planned:
    """Plan a suite; ``pilot`` feeds measured seconds, dollars and disagreement."""
    from claimbench.cli.books import price_book
    from claimbench.cli.consent import why_missing
    from claimbench.cli.destinations import destinations
    from claimbench.plan.estimate import estimate_arms, worst_cases
    from claimbench.run.arms import check_names
    from claimbench.suite.load import load_suite

    book = price_book(asked.books)
    suite = load_suite(asked.suite, allow_outside=asked.allow_outside, overrides=asked.overrides)
    check_names(suite, asked.arms)
    estimates = estimate_arms(suite, asked.arms, asked.limit, _pilots(pilot), book)
    claims = _claim_plans(suite, estimates, asked.limit, pilot)
    asked_of = {estimate.arm for estimate in estimates}
    providers = _providers(suite)
    going = [one for one in destinations(suite, providers, book) if one.arm in asked_of]
    not_here = {
        name: why
        for name, provider in providers.items()
        if name in asked_of and (why := why_missing(provider)) is not None
    }
    run, by_arm = worst_cases(suite, estimates)
    total = plan_total(suite, estimates, claims)
    return Planned(suite, book, estimates, claims, going, run, by_arm, total, not_here)


def show_plan(asked: PlanOptions) -> int:
    """Print the plan of a suite, as :func:`planned` makes it."""
    return _print_plan(planned(asked), asked)


def _print_plan(found: Planned, asked: PlanOptions) -> int:
    from claimbench.privacy.masking import in_words

    suite, book, estimates, claims = found.suite, found.book, found.estimates, found.claims
    going, run, by_arm, total = found.going, found.run, found.by_arm, found.total
    absent = dict(found.not_here)
    if asked.as_json:
        budget = {
            "run": asdict(run),
            "arms": {name: asdict(worst) for name, worst in by_arm.items()},
        }
        masked = {task.name: asdict(task.masked) for task in suite.tasks if task.masked is not None}
        shown = {
            "arms": [asdict(e) for e in estimates],
            "budget": budget,
            "claims": [asdict(c) for c in claims],
            "total": asdict(total),
            "projected": True,
        }
        going_json = [asdict(one) for one in going]
        more = {"masked": masked, "destinations": going_json, "not_here": absent}
        print_json({**shown, **more})
        return 0
    click.echo(f"{suite.name} {suite.version}: nothing was sent; every figure is projected")
    for estimate in estimates:
        click.echo(f"  {arm_line(estimate)}")
    for line in _price_lines(suite, book, [estimate.arm for estimate in estimates]):
        click.echo(line)
    click.echo("\nWhere prompts go:")
    for one in going:
        click.echo(f"  {one.line}")
    for line in _missing_lines(absent):
        click.echo(line)
    for one in going:
        if one.starting is not None:
            click.echo(f"  {one.starting}")
    for task in suite.tasks:
        if (words := in_words(task)) is not None:
            click.echo(f"  masked in {task.name}: {words}")
    for line in _budget_lines(run, by_arm):
        click.echo(line)
    click.echo("\nWhat it could settle (80% power):")
    if suite.judges and "judge_uncorrected" not in suite.allow:
        click.echo(
            "  (quality that a judge scores: only once people have labelled 50 samples, bench"
            " labels)"
        )
    for claim in claims:
        said = f': "{claim.claim.text}"' if claim.claim.text else ""
        click.echo(f"  {claim.claim.id}{said}")
        for line in plan_lines(claim, "    "):
            click.echo(line)
    click.echo(f"\n{total.line}")
    return 0


def _missing_lines(absent: Mapping[str, str]) -> Iterator[str]:
    """Say what a run would lack here, and all keys in one step."""
    for name, why in absent.items():
        yield f"  {name} cannot run here: {why}"
    keys = variables_of(absent.values())
    if keys:
        yield f"  set before the run: {one_step(keys)}"


def _price_lines(suite: Suite, book: PriceBook, arms: Sequence[str]) -> Iterator[str]:
    """Yield what the prices rest on, and where a limit could not be kept."""
    from datetime import UTC, datetime

    from claimbench.pricing.arms import resolve_arm
    from claimbench.pricing.remarks import remarks
    from claimbench.pricing.run import fixed_bound

    now = datetime.now(UTC)
    for arm in suite.asked:
        if arm.name not in arms:
            continue
        price = resolve_arm(arm, book)
        for remark in remarks(price, now):
            yield f"  {arm.name}: {remark}"
        why = fixed_bound(arm).open
        if why is not None and price.known and price.host is None:
            yield f"  {arm.name}: under a limit (--max-cost, budget) nothing is sent: {why}"


def _providers(suite: Suite) -> dict[str, object]:
    """Return the providers of arms and judges, with nothing opened; a wrong arm is an error."""
    from claimbench.run.arms import check_arms
    from claimbench_providers.models.context import provider_context

    factories = provider_factories([arm.provider for arm in suite.asked])
    return check_arms(suite, factories, provider_context(suite))


def _budget_lines(run: Worst, arms: Mapping[str, Worst]) -> Iterator[str]:
    """What the budget allows beside what the calls could ask for; nothing where neither says
    anything.
    """
    limited = {
        "the whole run": run,
        **{name: worst for name, worst in arms.items() if worst.limit_usd is not None},
    }
    if run.limit_usd is None and len(limited) == 1 and not run.worst_usd:
        return
    yield (
        "\nBudget (dollars are reserved before each attempt, retries, judges and simulated users"
        " included):"
    )
    for name, worst in limited.items():
        limit = (
            "no limit" if worst.limit_usd is None else f"stops before {dollars(worst.limit_usd)}"
        )
        every = f"if every call failed with every one of its {worst.retries} retries"
        could = "unknown" if worst.worst_usd is None else f"{dollars(worst.worst_usd)} {every}"
        yield f"  {name}: {limit}; could reserve at most {could}"


def _pilots(evaluation: Evaluation | None) -> Mapping[str, Pilot] | None:
    if evaluation is None:
        return None
    import numpy as np

    from claimbench.plan.estimate import Pilot
    from claimbench.tables.timing import e2e_s

    def mean(values: np.ndarray) -> float | None:
        kept = values[np.isfinite(values)]
        return float(kept.mean()) if len(kept) else None

    steps = _steps_taken(evaluation)
    arms = {
        name: Pilot(mean(rows.busy_s), steps.get(name))
        for name, rows in evaluation.calls.arms.items()
    }
    judging = evaluation.stored.judging
    judge_of = {call.id: call.arm for call in judging.calls}
    seconds: dict[str, list[float]] = {}
    for attempt in judging.attempts:
        seconds.setdefault(judge_of[attempt.call_id], []).append(e2e_s(attempt.timing))
    return arms | {name: Pilot(mean(np.asarray(spent))) for name, spent in seconds.items()}


def _steps_taken(evaluation: Evaluation) -> dict[str, float]:
    """Return arm -> steps that its episodes took on average, where any was begun."""
    from statistics import fmean

    from claimbench.evaluation.episodes import steps_taken

    of_arm: dict[str, list[int]] = {}
    stored = evaluation.stored
    for (*_, arm), taken in steps_taken(stored.suite, stored.records).items():
        of_arm.setdefault(arm, []).append(taken)
    return {arm: fmean(taken) for arm, taken in of_arm.items()}


def _claim_plans(
    suite: Suite, estimates: Sequence[ArmEstimate], limit: int | None, pilot: Evaluation | None
) -> list[ClaimPlan]:
    from claimbench.claims.parse import parse_claims
    from claimbench.claims.power import from_pilot, plan_claim

    efforts = efforts_of(suite, estimates)
    sizes = {
        t.name: len(t.samples) if limit is None else min(limit, len(t.samples)) for t in suite.tasks
    }
    plans = []
    for claim in parse_claims(suite):
        present = sizes[claim.task] if claim.task is not None else sum(sizes.values())
        assumed = None
        if (
            pilot is not None
            and claim.treatments
            and set(claim.treatments[:1]) <= set(pilot.items.arms)
        ):
            theirs = (
                claim.baselines[0]
                if claim.baselines and claim.baselines[0] in pilot.items.arms
                else None
            )
            assumed = from_pilot(pilot.items, pilot.calls, claim.treatments[0], theirs)
        plans.append(plan_claim(claim, assumptions=assumed, items_present=present, efforts=efforts))
    return plans
