"""``bench doctor --suite``: the endpoints of a suite's arms, asked before a run; with ``--call``
one measured call.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from claimbench.cli.common import provider_factories
from claimbench.errors import BenchError
from claimbench.machine.checks import Check

if TYPE_CHECKING:
    from claimbench.provider.contract import Provider, ProviderContext
    from claimbench.types import Arm, Attempt, Suite

RUN_ID = "doctor"


def askable(suite: Suite) -> Suite:
    """Return the suite with those of its arms and judges, as arms, that a doctor may ask: no server
    is started for them, and their providers can be made.
    """
    from claimbench.run.arms import check_arms
    from claimbench_providers.models.context import provider_context

    factories = provider_factories([arm.provider for arm in suite.asked])
    context = provider_context(suite)
    good = []
    for arm in suite.asked:
        alone = replace(suite, arms=(arm,), judges=(), users=())
        if arm.serve is None:
            with contextlib.suppress(BenchError):  # endpoint_checks says what is wrong with it
                check_arms(alone, factories, context)
                good.append(arm)
    return replace(suite, arms=tuple(good), judges=(), users=())


async def endpoint_checks(suite: Suite, call: bool) -> list[Check]:
    """Check the endpoints of the suite's arms and judges: key, list of models and, with ``call``,
    one call.
    """
    from claimbench.run.arms import at_its_line
    from claimbench_providers.models.context import provider_context

    context = provider_context(suite)
    factories = provider_factories([arm.provider for arm in suite.asked])
    found: list[Check] = []
    for arm in suite.asked:
        if arm.serve is not None:
            found.append(
                Check(f"arm {arm.name}", "ok", "its server is started, and checked, by a run")
            )
            continue
        try:
            with at_its_line(suite, arm):
                provider = factories[arm.provider](arm, context)
        except BenchError as error:
            found.append(Check(f"arm {arm.name}", "error", str(error), error.hint))
            continue
        if hasattr(
            provider, "stream"
        ):  # what runs in this process or replays a run has no endpoint
            found += await _checks(suite, arm, provider, context, call)
        else:
            why = provider.missing()
            found.append(
                Check(f"arm {arm.name}", "missing" if why else "ok", why or "runs in this process")
            )
    return [_without_keys(suite, check) for check in found]


async def _checks(
    suite: Suite, arm: Arm, provider: Any, context: ProviderContext, call: bool
) -> list[Check]:
    missing = provider.missing()
    if missing is not None:
        return [Check(f"arm {arm.name}", "missing", f"not asked: {missing}", _without(suite, arm))]
    checks = [await _models(arm, provider, context)]
    if call and checks[0].standing != "error":
        checks.append(await _call(suite, arm, provider))
    return checks


def _without(suite: Suite, arm: Arm) -> str:
    if arm in suite.judges:
        return "no run starts without its judge"
    if arm in suite.users:
        return "no run starts without its simulated user"
    return "the arm is left out of a run, which says so"


async def _models(arm: Arm, provider: Any, context: ProviderContext) -> Check:
    from claimbench.error_words import did_you_mean
    from claimbench_providers.endpoints.check import listed

    name = f"arm {arm.name}"
    listing = await listed(arm, provider, context)
    if listing is None:
        return Check(
            name,
            "warning",
            f"{arm.provider} has no list of models to ask for",
            "try one call: --call",
        )
    if listing.status is None:
        return Check(name, "error", f"{listing.url} cannot be reached: {listing.problem}")
    if listing.status in (401, 403):
        return Check(name, "error", f"{listing.url} refuses the key: {listing.problem}")
    if listing.problem is not None:
        return Check(
            name, "warning", f"{listing.url} answers, with no list of models: {listing.problem}"
        )
    if arm.model in listing.ids:
        return Check(
            name, "ok", f"reached, key taken, {arm.model} is one of {len(listing.ids):,} models"
        )
    near = did_you_mean(arm.model, listing.ids)
    hint = f"{listing.url} lists what there is; not every endpoint lists all it serves"
    return Check(
        name,
        "warning",
        f"{arm.model} is none of the {len(listing.ids):,} models listed{near}",
        hint,
    )


async def _call(suite: Suite, arm: Arm, provider: Provider) -> Check:
    """Send the first request of the suite once, unmeasured by any run, and say what it took."""
    from claimbench.cli.books import price_book
    from claimbench.clock import SystemClock
    from claimbench.plan.prompts import build_request
    from claimbench.pricing.run import pricing_for
    from claimbench.provider.attempt import try_once
    from claimbench.types import Call, Intent
    from claimbench_providers.endpoints.known_keys import guard_of

    task, clock = suite.tasks[0], SystemClock()
    planned = Call(
        RUN_ID,
        RUN_ID,
        task.name,
        task.samples[0].id,
        0,
        arm.name,
        seed=suite.order_seed,
        position=0,
    )
    request = build_request(suite, task, task.samples[0], arm, planned)
    try:
        await provider.start()
        intent = Intent(RUN_ID, 1, 0, None, clock.utc().isoformat())
        tried = await try_once(
            provider, request, clock, intent=intent, queued_ns=clock.monotonic_ns()
        )
    except BenchError as error:
        return Check(f"call {arm.name}", "error", error.message, error.hint)
    finally:
        await provider.close()
    attempt = guard_of(suite, [arm.name]).clean(tried).attempt
    if not attempt.outcome.answered:
        return Check(f"call {arm.name}", "error", f"{attempt.outcome.value}: {attempt.error}")
    money = pricing_for(suite, price_book(), clock).money
    return Check(
        f"call {arm.name}",
        "ok",
        f"{attempt.outcome.value}: {_told(attempt)}, {_cost_words(money.cost(arm, attempt))}",
    )


def _told(attempt: Attempt) -> str:
    timing, usage = attempt.timing, attempt.usage
    first = (
        "no content"
        if timing.first_content_ns is None
        else f"TTFT {_ms(timing.first_content_ns - timing.sent_ns)}"
    )
    given, written = (None, None) if usage is None else (usage.input_total, usage.output_total)
    tokens = [
        f"{'unknown' if n is None else f'{n:,}'} tokens {way}"
        for n, way in ((given, "in"), (written, "out"))
    ]
    return (
        f"{first}, E2E {_ms(timing.ended_ns - timing.sent_ns)} (by {timing.stamp_source}),"
        f" {', '.join(tokens)}"
    )


def _ms(duration_ns: int) -> str:
    return f"{duration_ns / 1e6:,.1f} ms"


def _cost_words(usd: Any) -> str:
    return "dollars unknown" if usd is None else f"${usd:f}"


def _without_keys(suite: Suite, check: Check) -> Check:
    """Errors may quote what a server said."""
    from claimbench.privacy.redact import Redactor
    from claimbench_providers.endpoints.known_keys import known_secrets

    mask = Redactor("full", known_secrets(suite)).mask
    return replace(
        check, finding=mask(check.finding), hint=None if check.hint is None else mask(check.hint)
    )
