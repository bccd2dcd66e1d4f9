"""``bench validate``: check a suite file, its data, prompts and claims without running anything."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from claimbench.cli.common import (
    json_option,
    print_json,
    provider_factories,
    suite_options,
)


@click.command("validate")
@click.argument("suite", type=click.Path(path_type=Path))
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
    from claimbench.privacy.masking import in_words
    from claimbench.run.arms import check_arms
    from claimbench.suite.idle_settings import idle_settings
    from claimbench.suite.load import load_suite
    from claimbench_providers.models.context import provider_context

    loaded = load_suite(suite, allow_outside=allow_outside, overrides=overrides)
    claims = parse_claims(loaded)
    check_decision(loaded)
    providers = check_arms(
        loaded, provider_factories([arm.provider for arm in loaded.asked]), provider_context(loaded)
    )
    going = destinations(loaded, providers, price_book())
    warnings = idle_settings(loaded)
    if as_json:
        print_json(
            {
                "suite": loaded.name,
                "version": loaded.version,
                "measured_sha256": loaded.measured_sha256,
                "tasks": {task.name: len(task.samples) for task in loaded.tasks},
                "masked": {
                    task.name: asdict(task.masked)
                    for task in loaded.tasks
                    if task.masked is not None
                },
                "arms": [arm.name for arm in loaded.arms],
                "judges": [judge.name for judge in loaded.judges],
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
        click.echo(f"  task {task.name}: {len(task.samples)} samples in {clusters} clusters")
        if (masked := in_words(task)) is not None:
            click.echo(f"    masked: {masked}")
    click.echo(f"  arms: {', '.join(arm.name for arm in loaded.arms)}")
    if loaded.judges:
        click.echo(f"  judges: {', '.join(judge.name for judge in loaded.judges)}")
    for one in going:
        click.echo(f"    {one.line}")
    for one in going:
        if one.starting is not None:
            click.echo(f"    {one.starting}")
    for claim in claims:
        click.echo(f"  claim {claim.id}: {claim.text!r} ({claim.kind})")
    for warning in warnings:
        click.echo(f"warning: {warning}")
    return 0
