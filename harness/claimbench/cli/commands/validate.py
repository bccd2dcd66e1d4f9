"""``bench validate``: check a suite file, its data, prompts and claims without running anything."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from claimbench.cli.common import (
    SuitePath,
    json_option,
    print_json,
    provider_factories,
    suite_options,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from claimbench.types import Json, Suite, Task


@click.command("validate")
@click.argument("suite", type=SuitePath())
@suite_options
@json_option
def validate_command(
    suite: Path, overrides: tuple[str, ...], allow_outside: bool, as_json: bool
) -> int:
    """Check SUITE without running it: every key, file, row, template, scorer, claim and provider's
    option.
    """
    from claimbench.claims.parse import parse_claims
    from claimbench.cli.books import price_book
    from claimbench.cli.destinations import destinations
    from claimbench.decision.gates import check_decision
    from claimbench.plan.judge_affinity import user_lines
    from claimbench.privacy.masking import in_words
    from claimbench.routes.words import said_of_route
    from claimbench.run.arms import check_arms
    from claimbench.suite.idle_settings import idle_settings
    from claimbench.suite.load import load_suite
    from claimbench.suite.purpose.leaks import leaking_routes
    from claimbench.suite.purpose.routes import routes_of
    from claimbench.suite.purpose.split_talks import splitting_routes
    from claimbench_providers.models.context import provider_context

    loaded = load_suite(suite, allow_outside=allow_outside, overrides=overrides)
    claims = parse_claims(loaded)
    check_decision(loaded)
    providers = check_arms(
        loaded, provider_factories([arm.provider for arm in loaded.asked]), provider_context(loaded)
    )
    going = destinations(loaded, providers, price_book())
    routes = routes_of(loaded)
    warnings = [
        *idle_settings(loaded),
        *_idle_allowances(loaded, providers),
        *leaking_routes(loaded, routes),
        *splitting_routes(loaded, routes),
    ]
    if as_json:
        print_json(
            {
                "suite": loaded.name,
                "version": loaded.version,
                "measured_sha256": loaded.measured_sha256,
                "tasks": {task.name: task.n_units for task in loaded.tasks},
                "masked": {
                    task.name: asdict(task.masked)
                    for task in loaded.tasks
                    if task.masked is not None
                },
                "arms": [arm.name for arm in loaded.arms],
                "judges": [judge.name for judge in loaded.judges],
                "simulated_users": [user.name for user in loaded.users],
                "routes": {route.name: said_of_route(route) for route in routes},
                "destinations": [asdict(one) for one in going],
                "warnings": warnings,
                "claims": [
                    {"id": claim.id, "kind": claim.kind, "text": claim.text} for claim in claims
                ],
            }
        )
        return 0
    click.echo(f"{suite}: {loaded.name} {loaded.version} is fine")
    for task in loaded.tasks:
        clusters = len({sample.cluster for sample in task.samples})
        click.echo(f"  task {task.name}: {said_size(task)} in {clusters} clusters")
        if (masked := in_words(task)) is not None:
            click.echo(f"    masked: {masked}")
        if task.pairwise is not None:
            pairs = len(loaded.arms) * (len(loaded.arms) - 1) // 2
            asked = 2 * len(task.pairwise.by) * pairs * len(task.samples) * loaded.epochs
            click.echo(
                f"    compared in pairs: {pairs} of arms, in both orders, by"
                f" {', '.join(task.pairwise.by)}: {asked:,} calls of judges"
            )
    click.echo(f"  arms: {', '.join(arm.name for arm in loaded.arms)}")
    if loaded.judges:
        click.echo(f"  judges: {', '.join(judge.name for judge in loaded.judges)}")
    for line in user_lines(loaded):
        click.echo(f"  {line}")
    for one in going:
        click.echo(f"    {one.line}")
    for one in going:
        if one.starting is not None:
            click.echo(f"    {one.starting}")
    for route in routes:
        click.echo(f"  route {route.name}, made from stored calls: {said_of_route(route)}")
    for claim in claims:
        click.echo(f"  claim {claim.id}: {claim.text!r} ({claim.kind})")
    for warning in warnings:
        click.echo(f"warning: {warning}")
    return 0


def _idle_allowances(suite: Suite, providers: Mapping[str, object]) -> list[str]:
    """Say which differences that the suite allows no two arms have; nothing where a provider does
    not say what it sends.
    """
    from claimbench.claims.gate import keys_that_differ
    from claimbench.plan.variants import asked_otherwise
    from claimbench.provider.sent import sent_by
    from claimbench.run.arms import requests_by_group
    from claimbench.suite.idle_settings import idle_allowances

    profiles: dict[str, dict[str, Json]] = {}
    for arm in suite.arms:
        sent: dict[str, Json] = {}
        for task, request in requests_by_group(suite, arm).items():
            said = sent_by(providers[arm.name], request)
            if said is None:
                return []
            sent[task] = said.as_json()
        asked = {task.name: dict(asked_otherwise(task, arm)) for task in suite.tasks}
        profiles[arm.name] = {"sent": sent, "asked": asked}
    tasks = [task.name for task in suite.tasks if task.samples]
    return idle_allowances(suite, keys_that_differ(profiles, tasks))


def said_size(task: Task) -> str:
    """Return how many rows a task holds, or how many conversations or episodes."""
    from claimbench.plan.simulated.talks import is_talk

    places = len(task.samples)
    if task.user is not None and is_talk(task):
        turns = f"at most {task.user.max_turns} turns with the simulated user {task.user.by}"
        return f"{task.n_units:,} conversations of {turns}"
    if task.steps:
        also = "" if task.user is None else f", with the simulated user {task.user.by}"
        return f"{task.n_units:,} episodes of at most {task.steps} steps{also}"
    if any(sample.turn is not None for sample in task.samples):
        return f"{task.n_units:,} conversations of {places:,} turns, {task.n_items:,} scored,"
    return f"{places} samples"
