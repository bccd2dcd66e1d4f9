"""``bench plan``: what a run would send, cost and resolve."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from claimbench.cli.books import book_option
from claimbench.cli.common import (
    json_option,
    open_store,
    print_json,
    provider_factories,
    results_option,
    suite_options,
)
from claimbench.cli.efforts import plan_lines, plan_total
from claimbench.cli.progress import dollars, duration

if TYPE_CHECKING:
    from claimbench.claims.power import ClaimPlan
    from claimbench.evaluation.evaluate import Evaluation
    from claimbench.plan.estimate import ArmEstimate, Pilot, Worst
    from claimbench.pricing.price_lists.book import PriceBook
    from claimbench.types import Suite


@click.command("plan")
@click.argument("suite", type=click.Path(path_type=Path))
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
@results_option
@suite_options
@book_option
@json_option
def plan_command(pilot: str | None, results: Path, **options: Any) -> int:
    """Say what SUITE would cost in calls, dollars and hours, and which claims it could settle.
    Sends nothing.
    """
    evaluation = None
    if pilot is not None:
        from claimbench.cli.runs import evaluate_run

        with open_store(results) as store:
            evaluation = evaluate_run(
                store, store.resolve_run(None if pilot == "latest" else pilot)
            )
    return show_plan(PlanOptions(**options), evaluation)


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


def show_plan(asked: PlanOptions, pilot: Evaluation | None = None) -> int:
    """Print the plan of a suite; ``pilot`` feeds measured seconds, dollars and disagreement."""
    from claimbench.cli.books import price_book
    from claimbench.cli.destinations import destinations
    from claimbench.plan.estimate import estimate_arms, worst_cases
    from claimbench.privacy.masking import in_words
    from claimbench.run.arms import check_names
    from claimbench.suite.load import load_suite

    limit = asked.limit
    book = price_book(asked.books)
    suite = load_suite(asked.suite, allow_outside=asked.allow_outside, overrides=asked.overrides)
    check_names(suite, asked.arms)
    estimates = estimate_arms(suite, asked.arms, limit, _pilots(pilot), book)
    claims = _claim_plans(suite, estimates, limit, pilot)
    going = [
        one
        for one in destinations(suite, _providers(suite), book)
        if one.arm in {estimate.arm for estimate in estimates}
    ]
    run, by_arm = worst_cases(suite, estimates)
    total = plan_total(suite, estimates, claims)
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
        }
        going_json = [asdict(one) for one in going]
        print_json({**shown, "masked": masked, "destinations": going_json})
        return 0
    click.echo(f"{suite.name} {suite.version}: nothing was sent")
    for estimate in estimates:
        click.echo(_arm_line(estimate))
    for line in _price_lines(suite, book, [estimate.arm for estimate in estimates]):
        click.echo(line)
    click.echo("\nWhere prompts go:")
    for one in going:
        click.echo(f"  {one.line}")
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


def _arm_line(e: ArmEstimate) -> str:
    tokens = f"about {e.input_tokens:,} tokens in, at most {e.output_tokens_max:,} out"
    if e.usd_typical is None or e.usd_low is None or e.usd_high is None:
        money = f"dollars unknown: {e.why_unknown}"
    else:
        money = f"about {dollars(e.usd_typical)} ({dollars(e.usd_low)} to {dollars(e.usd_high)})"
        if e.usd_bound:
            money += f", reserved at most {dollars(e.usd_bound)}"
    time = f", about {duration(3600 * e.hours)}" if e.hours is not None else ""
    who = f"judge {e.arm}" if e.role == "judge" else e.arm
    return f"  {who}: {e.calls:,} calls, {tokens}; {money}{time}"


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
    yield "\nBudget (dollars are reserved before each attempt, retries and judges included):"
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

    arms = {
        name: Pilot(mean(rows.busy_s), mean(rows.usd), mean(rows.n_in), mean(rows.n_out))
        for name, rows in evaluation.calls.arms.items()
    }
    judging = evaluation.stored.judging
    judge_of = {call.id: call.arm for call in judging.calls}
    seconds: dict[str, list[float]] = {}
    for attempt in judging.attempts:
        seconds.setdefault(judge_of[attempt.call_id], []).append(e2e_s(attempt.timing))
    return arms | {name: Pilot(mean(np.asarray(spent))) for name, spent in seconds.items()}


def _claim_plans(
    suite: Suite, estimates: Sequence[ArmEstimate], limit: int | None, pilot: Evaluation | None
) -> list[ClaimPlan]:
    from claimbench.claims.parse import parse_claims
    from claimbench.claims.power import ArmEffort, from_pilot, plan_claim

    efforts = {}
    for e in estimates:
        usd = (
            None
            if e.usd_typical is None or not e.calls
            else float(e.usd_typical / Decimal(e.calls))
        )
        efforts[e.arm] = ArmEffort(usd, e.seconds_per_call, e.concurrency, suite.epochs)
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
