"""What a verdict about dollars owes to a machine's utilisation that nobody stated.

Without a stated volume or utilisation a machine counts as always busy, the best case for it. A
decision that a lower utilisation would turn is none: the reading says at which it turns.
"""

from __future__ import annotations

from collections.abc import Callable

from claimbench.claims.facts.parts import asked_arms
from claimbench.claims.types import ClaimContext, HostRate, Leaf, Question
from claimbench.types import Reason

HOURS_PER_MONTH = 730.0


def unless_stated(
    question: Question, leaf: Leaf, ctx: ClaimContext
) -> Callable[[str, float | None], Reason | None] | None:
    """Return what makes a decision conditional; None where every utilisation is known, or falls out
    of the ratio because one machine serves both arms.
    """
    ours = _unknown(leaf.ours, ctx)
    theirs = None if leaf.theirs is None else _unknown(leaf.theirs, ctx)
    if ours is None and theirs is None:
        return None
    if ours is not None and theirs is not None and _one_machine(leaf, ours, theirs, ctx):
        return None

    def condition(status: str, value: float | None) -> Reason | None:
        if value is None or value <= 0:
            return None
        for side, host, rises in ((leaf.ours, ours, True), (leaf.theirs, theirs, False)):
            edge = None if host is None else turning_use(question, value, rises=rises)
            if host is not None and edge is not None:
                part, rate = host
                said = _words(part, rate, status, None if side in ctx.routes else edge)
                return Reason("conditional_on_utilisation", said)
        return None

    return condition


def turning_use(question: Question, value: float, *, rises: bool) -> float | None:
    """Return the utilisation at which the decision on ``value``, reckoned at 1, turns.

    The number is value/u where a lower utilisation makes it rise, value x u where it makes it fall;
    None where it meets no limit on its way.
    """
    limits = question.window or (question.threshold,)
    if rises:
        above = [limit for limit in limits if value <= limit]
        return value / min(above) if above else None
    below = [limit for limit in limits if 0 < limit <= value]
    return max(below) / value if below else None


_Host = tuple[str, HostRate]
"""An arm, and its machine."""


def _unknown(arm: str, ctx: ClaimContext) -> _Host | None:
    """Return the arm behind a name whose machine's utilisation nobody stated; of a route the first
    that it may ask.
    """
    hosts = [(part, ctx.hosts[part]) for part in asked_arms([arm], ctx) if part in ctx.hosts]
    return next(((part, host) for part, host in hosts if not host.known), None)


def _one_machine(leaf: Leaf, ours: _Host, theirs: _Host, ctx: ClaimContext) -> bool:
    """Tell whether one machine has all dollars of both sides; on a route there are others."""
    machines = {ours[1].machine, theirs[1].machine}
    return len(machines) == 1 and "" not in machines and not set(leaf.arms) & ctx.routes.keys()


def _words(arm: str, host: HostRate, status: str, edge: float | None) -> str:
    """Say what a decision rests on; ``edge`` None: only a part of the dollars is the machine's, so
    that where it turns is not known.
    """
    holds = "holds" if status == "supported" else "does not hold"
    if edge is None:
        return (
            f"with {arm} always busy it {holds}, and a lower utilisation may turn it; state volume:"
            " or cost.host.utilisation"
        )
    text = (
        f"with {arm} always busy it {holds}, and turns below {100 * edge:.3g}% of what it can serve"
    )
    if host.requests_per_hour:
        volume = edge * host.requests_per_hour * HOURS_PER_MONTH
        text += f", {volume:,.0f} requests a month on one machine"
    return f"{text}; state volume: or cost.host.utilisation"
