"""``bench sweep``: one suite at a list of concurrencies."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from claimbench.cli.common import (
    FiniteRange,
    SuitePath,
    json_option,
    print_json,
    provider_factories,
    results_option,
    suite_options,
    yes_option,
)
from claimbench.cli.writing.filling import filled_store
from claimbench.errors import EXIT_INCOMPLETE, EXIT_OK, BenchError
from claimbench.store.place import Place

if TYPE_CHECKING:
    from claimbench.run.progress import Progress
    from claimbench.run.sweep import Level
    from claimbench.store.results import ResultsStore
    from claimbench.types import Suite


@click.command("sweep")
@click.argument("suite", type=SuitePath())
@click.option(
    "--arm", required=True, metavar="NAME", help="The arm to load; a sweep loads one at a time."
)
@click.option(
    "--concurrency",
    default="1,2,4,8,16,32",
    show_default=True,
    metavar="N,N,...",
    help="Calls in flight.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    help="Only the first N samples of each task per level.",
)
@click.option(
    "--seconds", type=FiniteRange(min=0.1), metavar="S", help="At most S seconds per level."
)
@click.option("--all-levels", is_flag=True, help="Go on after saturation.")
@results_option
@suite_options
@yes_option
@json_option
def sweep_command(**options: Any) -> int:
    """Run SUITE on one arm at rising concurrencies: throughput, latency, goodput against the
    suite's slo, the knee.

    Every level is a stored run of its own. It stops at saturation: hardly more throughput for much
    longer waits.
    """
    return _sweep(SweepOptions(**options))


@dataclass(frozen=True, kw_only=True, slots=True)
class SweepOptions:
    """The options of ``bench sweep``, one field an option, by the names that click gives them.

    ``limit`` samples of each task and ``seconds`` bound one level; None: no bound.
    """

    suite: Path
    arm: str
    concurrency: str
    limit: int | None
    seconds: float | None
    all_levels: bool
    results: Place
    overrides: tuple[str, ...]
    allow_outside: bool
    yes: bool
    as_json: bool


def _sweep(asked: SweepOptions) -> int:
    from claimbench.cli.consent import inform
    from claimbench.run.sweep import cheapest, knee
    from claimbench.suite.load import load_suite

    steps = _steps(asked.concurrency)
    loaded = load_suite(asked.suite, allow_outside=asked.allow_outside, overrides=asked.overrides)
    _refuse_one_at_a_time(loaded, asked.arm, steps)
    inform(replace(loaded, judges=()), (asked.arm,), yes=asked.yes)
    with filled_store(asked.results) as store:
        levels, stopped = _levels(loaded, steps, asked, store)
    best = knee(levels)
    least = cheapest(levels)
    if asked.as_json:
        shown = [_level_json(level) for level in levels]
        print_json(
            {
                "levels": shown,
                "knee": best.concurrency if best else None,
                "cheapest": least.concurrency if least else None,
                "stopped": stopped,
            }
        )
    else:
        if stopped:
            click.echo(stopped)
        if best:
            click.echo(
                f"knee: {best.concurrency} in flight (most throughput per second of median latency)"
            )
        click.echo(_cheapest_line(loaded, asked.arm, levels, least))
    return EXIT_OK if levels else EXIT_INCOMPLETE


def _refuse_one_at_a_time(suite: Suite, name: str, steps: Sequence[int]) -> None:
    """Raise where an engine in this process would be measured at levels that it does not reach."""
    from claimbench.pricing.arms import IN_PROCESS

    here = [arm for arm in suite.arms if arm.name == name and arm.provider in IN_PROCESS]
    if here and suite.options.get("engine"):
        raise BenchError(
            f"a sweep changes how many requests are in flight, and the engines of {name} run on a"
            " cluster, each one request at a time",
            hint="compare numbers of `replicas` by runs, or sweep with --set engine=local",
        )
    if here and max(steps) > 1:
        raise BenchError(
            f"{name} ({here[0].provider}) decodes one request at a time in this process",
            hint="give --concurrency 1, or serve the model (serve: {engine: llama_server})",
        )


def _levels(
    suite: Suite, steps: Sequence[int], asked: SweepOptions, store: ResultsStore
) -> tuple[list[Level], str | None]:
    """Measure level by level; return them and why the sweep stopped before its last step."""
    from claimbench.run.sweep import saturated

    levels: list[Level] = []
    for step in steps:
        level = asyncio.run(_level(suite, step, asked, store))
        if level is None:
            return levels, f"nothing was answered at {step} in flight"
        levels.append(level)
        if not asked.as_json:
            click.echo(_level_line(level) if len(levels) > 1 else f"{_HEAD}\n{_level_line(level)}")
        if len(levels) > 1 and saturated(levels[-2], level) and not asked.all_levels:
            return levels, f"saturated at {step} in flight"
    return levels, None


_HEAD = (
    f"{'in flight':>9}{'calls':>7}{'failed':>7}{'calls/s':>9}{'tok/s':>9}"
    f"{'TTFT p50':>10}{'p95':>8}{'E2E p50':>9}{'p95':>8}{'$/1k':>10}{'$/1M tok':>10}  goodput"
)


def _steps(text: str) -> list[int]:
    try:
        steps = [int(part) for part in text.split(",")]
    except ValueError:
        steps = []
    if not steps or min(steps) < 1 or steps != sorted(set(steps)):
        raise BenchError(
            f"--concurrency {text}: not a rising list of whole numbers",
            hint="for example 1,4,16,64",
        )
    return steps


async def _level(
    suite: Suite, concurrency: int, asked: SweepOptions, store: ResultsStore
) -> Level | None:
    from claimbench.cli.books import price_book
    from claimbench.cli.scaling.options import elsewhere_of
    from claimbench.clock import SystemClock
    from claimbench.evaluation.evaluate import evaluate
    from claimbench.evaluation.stored import read_run
    from claimbench.pricing.run import pricing_for
    from claimbench.run.arms import make_arms
    from claimbench.run.session import Job, Order, execute
    from claimbench.run.sweep import ForSeconds, level_of
    from claimbench_providers.endpoints.known_keys import guard_of
    from claimbench_providers.models.context import provider_context

    at = replace(
        suite,
        load=replace(suite.load, mode="closed", concurrency=concurrency),
        claims=(),
        judges=(),
    )
    at = replace(at, arms=tuple(replace(one, concurrency=concurrency) for one in at.arms))
    clock = SystemClock()
    factories = provider_factories([one.provider for one in at.arms if one.name == asked.arm])
    arms = make_arms(at, (asked.arm,), factories, provider_context(at), elsewhere_of(at))
    order = Order(
        asked.results,
        arms=(asked.arm,),
        limit=asked.limit,
        options={"argv": sys.argv[1:], "sweep": concurrency},
    )
    seconds = asked.seconds
    segments = (lambda _run_id: ForSeconds(seconds)) if seconds is not None else None
    pricing = pricing_for(at, price_book(), clock)
    guard = guard_of(at, arms.ready)
    ended = await execute(
        Job(at, order, arms, pricing, store, clock, _unseen, segments, guard=guard)
    )
    rows = evaluate(read_run(store, ended.run_id)).calls.arms.get(asked.arm)
    return None if rows is None else level_of(rows, concurrency, dict(at.options.get("slo") or {}))


@contextlib.asynccontextmanager
async def _unseen(_progress: Progress) -> AsyncIterator[None]:
    yield


def _level_line(level: Level) -> str:
    def ms(value: float | None) -> str:
        return "-" if value is None else f"{value * 1e3:.0f} ms"

    def usd(value: float | None) -> str:
        return "-" if value is None else f"{value:.4g}"

    tokens = "-" if level.tokens_per_s is None else f"{level.tokens_per_s:.1f}"
    good = "-"
    if level.good_share is not None and level.good_per_s is not None:
        low, high = level.good_low or 0.0, level.good_high or 0.0
        good = f"{level.good_per_s:.2f}/s, {level.good_share:.0%} [{low:.0%}, {high:.0%}]"
    return (
        f"{level.concurrency:>9}{level.n:>7}{level.failed:>7}{level.per_s:>9.2f}{tokens:>9}"
        f"{ms(level.ttft_s[0.5]):>10}{ms(level.ttft_s[0.95]):>8}{ms(level.e2e_s[0.5]):>9}{ms(level.e2e_s[0.95]):>8}"
        f"{usd(level.usd_per_1k):>10}{usd(level.usd_per_mtok):>10}"
        f"  {good}"
    )


def _cheapest_line(suite: Suite, name: str, levels: Sequence[Level], least: Level | None) -> str:
    """Say at which level a request costs least, and what it means for the bill."""
    has_slo = bool(suite.options.get("slo"))
    which = "cheapest level that keeps the slo" if has_slo else "cheapest level (no slo is stated)"
    if least is None or least.usd_per_1k is None:
        lost = has_slo and not any(level.keeps_slo for level in levels)
        why = "no level keeps the slo for 95% of the calls" if lost else "dollars are unknown"
        return f"{which}: none, because {why}"
    text = f"{which}: {least.concurrency} in flight, ${least.usd_per_1k:.4g} per 1,000 requests"
    host = next((arm.cost_model.get("host") for arm in suite.arms if arm.name == name), None)
    if host is None:
        return text
    if "utilisation" not in host and "volume" not in suite.options:
        text += " with the machine always busy"
    rate = least.per_s * 3600
    return f"{text}\nfor the bill: volume: {{arms: {{{name}: {{capacity_per_hour: {rate:.0f}}}}}}}"


def _level_json(level: Level) -> dict[str, object]:
    found = asdict(level) | {"keeps_slo": level.keeps_slo}
    for name in ("ttft_s", "e2e_s"):
        found[name] = {f"p{100 * q:g}": value for q, value in found[name].items()}
    return found
