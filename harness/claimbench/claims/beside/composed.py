"""What a verdict about a route says, and where none can rest on one."""

from __future__ import annotations

from dataclasses import replace

from claimbench.claims.types import ClaimContext, Leaf, RouteFacts
from claimbench.claims.words import explain_reason, without_status
from claimbench.tables.types import ItemTable
from claimbench.types import Reading, Reason

KNOWS = "route_knows_answers"
"""What ``allow`` may accept of a route whose decisions part right from wrong answers."""


def _routes(leaf: Leaf, ctx: ClaimContext) -> list[str]:
    return [arm for arm in leaf.arms if arm in ctx.routes]


def _unfair(facts: RouteFacts, allow: frozenset[str]) -> list[Reason]:
    found = [facts.unfair, None if KNOWS in allow else facts.knows]
    return [reason for reason in found if reason is not None]


def refusals(facts: RouteFacts, allow: frozenset[str]) -> tuple[Reason, ...]:
    """Return why no verdict can rest on a route, or not on all its tasks; empty where one can."""
    return (*_unfair(facts, allow), *facts.by_task.values())


def unfair_routes(leaf: Leaf, ctx: ClaimContext) -> tuple[Reason, ...]:
    """Return why no verdict can rest on the claim's routes; empty where one can."""
    made = [ctx.routes[arm] for arm in _routes(leaf, ctx)]
    return tuple(reason for facts in made for reason in _unfair(facts, ctx.allow))


def unfair_tasks(leaf: Leaf, items: ItemTable, ctx: ClaimContext) -> tuple[Reason, ...]:
    """Return why no verdict can rest on the claim's routes on its tasks; empty where one can."""
    tasks = sorted(set(items.task[leaf.mask].tolist()))
    found = [(ctx.routes[arm].by_task, task) for arm in _routes(leaf, ctx) for task in tasks]
    return tuple(by_task[task] for by_task, task in found if task in by_task)


def composed_flags(leaf: Leaf, ctx: ClaimContext) -> tuple[Reason, ...]:
    """Flag each arm that no request was sent to, with what it is made of."""
    flags = [Reason("composed", f"{arm}: {ctx.routes[arm].said}") for arm in _routes(leaf, ctx)]
    for arm in _routes(leaf, ctx):
        asks, knows = ctx.routes[arm].asks, ctx.routes[arm].knows
        if asks:
            flags.append(Reason("composed", f"{arm}: {asks}"))
        if knows is not None and KNOWS in ctx.allow:
            flags.append(Reason(f"allowed_{KNOWS}", knows.detail))
    return tuple(flags)


def with_fit_noise(reading: Reading, leaf: Leaf, ctx: ClaimContext) -> Reading:
    """Withdraw a decision that the noise of a fitted threshold could turn.

    The interval is widened by how much more the figure varies when the threshold is fitted anew
    (docs/routes.md); a decision stands only where that interval, too, is clear of the threshold.
    """
    if reading.status not in {"supported", "refuted"} or reading.estimate is None:
        return reading
    by = max((_ratio(arm, leaf, ctx) for arm in _routes(leaf, ctx)), default=1.0)
    found = reading.estimate
    if by <= 1 or None in (found.value, found.low, found.high, reading.threshold):
        return reading
    value, edge = found.value or 0.0, reading.threshold or 0.0
    low = value - by * (value - (found.low or 0.0))
    high = value + by * ((found.high or 0.0) - value)
    if not low < edge < high:
        return reading
    reason = Reason("route_fit_varies", f"the interval is {by:.2f} times as wide with refits")
    said = without_status(reading.sentence).rstrip(".")
    return replace(
        reading,
        status="inconclusive",
        reasons=(*reading.reasons, reason),
        sentence=f"Inconclusive: {said}, but {explain_reason(reason)}.",
    )


def _ratio(arm: str, leaf: Leaf, ctx: ClaimContext) -> float:
    """Return how much wider the interval of a claim about ``arm`` is; of a time, the wider of
    both kinds.
    """
    facts = ctx.routes[arm]
    rival = leaf.theirs if arm == leaf.ours else leaf.ours
    kinds: tuple[str, ...] = ("cost",) if leaf.claim.kind == "cost" else ("accuracy",)
    if leaf.claim.kind == "latency" or leaf.claim.metric == "usd_per_correct":
        kinds = ("accuracy", "cost")
    found: list[float] = []
    for kind in kinds:
        of_kind = {name: ratio for (of, name), ratio in facts.widen.items() if of == kind}
        widest = max(of_kind.values(), default=1.0)  # an arm of another run was not there
        found.append(of_kind.get(rival or "", widest))
    return max(found, default=1.0)
