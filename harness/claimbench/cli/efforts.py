"""What ``bench plan``, ``bench run --dry-run`` and ``bench claims explain`` share: efforts and
lines to print.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from claimbench.cli.progress import dollars, duration

if TYPE_CHECKING:
    from claimbench.claims.power import ArmEffort, ClaimPlan
    from claimbench.types import Suite


def efforts_for(suite: Suite) -> Mapping[str, ArmEffort]:
    """Return what one call of each arm takes, from list prices and the bound of its prompt; seconds
    are unknown unmeasured.
    """
    from claimbench.claims.power import ArmEffort
    from claimbench.cli.books import price_book
    from claimbench.plan.estimate import estimate_arms

    return {
        arm.arm: ArmEffort(
            (
                None
                if arm.usd_typical is None or not arm.calls
                else float(arm.usd_typical) / arm.calls
            ),
            arm.seconds_per_call,
            arm.concurrency,
            suite.epochs,
        )
        for arm in estimate_arms(suite, book=price_book())
    }


def plan_lines(plan: ClaimPlan, indent: str = "  ") -> Iterator[str]:
    """Yield a claim's plan in lines: each reading, what it needs, what the present size settles."""
    if plan.why_not is not None:
        yield f"{indent}cannot be settled by a run: {plan.why_not}"
        return
    for part in plan.parts:
        yield f"{indent}{part.claim.text} ({part.claim.kind})"
        yield from plan_lines(part, indent + "  ")
    for reading in plan.readings:
        mark = "" if reading.rule.headline else " (printed, does not decide)"
        name, text = reading.rule.name, reading.rule.text
        yield f"{indent}{text if text.startswith(f'{name}: ') else f'{name}: {text}'}{mark}"
        facts = []
        if reading.items_needed:
            facts.append(
                f"needs about {reading.items_needed:,} samples if the truth is"
                f" {reading.true_effect:.4g}"
            )
        if reading.resolvable is not None and plan.items_present:
            facts.append(
                f"{plan.items_present:,} samples settle a truth {reading.resolvable:.3g} from the"
                " threshold"
            )
        if reading.note:
            facts.append(reading.note)
        if facts:
            yield f"{indent}  {'; '.join(facts)}"
    cost = [
        f"{name} {dollars(Decimal(str(usd)))}" for name, usd in plan.usd.items() if usd is not None
    ]
    hours = [
        f"{name} {duration(3600 * hour)}" for name, hour in plan.hours.items() if hour is not None
    ]
    if cost or hours:
        yield f"{indent}for its hardest reading: {'; '.join([*cost, *hours])}"
