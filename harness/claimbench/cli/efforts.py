"""What ``bench plan``, ``bench run --dry-run`` and ``bench claims explain`` share: efforts and
lines to print.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from claimbench.cli.progress import dollars, duration

if TYPE_CHECKING:
    from claimbench.claims.power import ArmEffort, ClaimPlan
    from claimbench.plan.estimate import ArmEstimate
    from claimbench.pricing.run import Pricing
    from claimbench.types import Suite


def efforts_for(suite: Suite) -> Mapping[str, ArmEffort]:
    """Return what one call of each arm takes, from list prices and the bound of its prompt; seconds
    are unknown unmeasured.
    """
    from claimbench.cli.books import price_book
    from claimbench.plan.estimate import estimate_arms

    return efforts_of(suite, estimate_arms(suite, book=price_book()))


def efforts_of(suite: Suite, estimates: Sequence[ArmEstimate]) -> dict[str, ArmEffort]:
    """Return what one call of each estimated arm takes."""
    from claimbench.claims.power import ArmEffort

    found = {}
    for one in estimates:
        found[one.arm] = ArmEffort(
            one.usd_per_item, one.seconds_per_call, one.concurrency, suite.epochs
        )
    return found


def arm_line(e: ArmEstimate) -> str:
    """Return what one arm, judge or simulated user may take, in a line: calls, tokens, dollars."""
    calls = f"{e.calls:,} calls"
    if e.calls_low is not None and e.calls_low < e.calls:
        calls = f"{e.calls_low:,} to {e.calls:,} calls"
    if e.role == "subject" and e.items is not None and e.items < e.calls:
        calls += f" for {e.items:,} rows, turns or episodes"
    tokens = f"about {e.input_tokens:,} tokens in"
    if e.input_tokens_max is not None and e.input_tokens_max > e.input_tokens:
        tokens += f" (up to some {e.input_tokens_max:,})"
    tokens += f", at most {e.output_tokens_max:,} out"
    if e.usd_typical is None or e.usd_low is None or e.usd_high is None:
        money = f"dollars unknown: {e.why_unknown}"
    else:
        money = f"about {dollars(e.usd_typical)} ({dollars(e.usd_low)} to {dollars(e.usd_high)})"
        if e.usd_bound:
            money += f", reserved at most {dollars(e.usd_bound)}"
    time = f", about {duration(3600 * e.hours)}" if e.hours is not None else ""
    who = {"judge": f"judge {e.arm}", "user": f"simulated user {e.arm}"}.get(e.role, e.arm)
    return f"{who}: {calls}, {tokens}; {money}{time}"


def say_beforehand(
    pricing: Pricing,
    suite: Suite,
    arms: Sequence[str],
    limit: int | None,
    books: Sequence[Path] | None,
) -> None:
    """Say on standard error, before anything is sent, what the prices of a run's arms rest on, and
    what conversations and episodes may take: how many calls they come to does not show in the
    number of rows.

    ``books``: of a new run; None: it goes on with one, and was told.
    """
    from claimbench.cli.books import price_book
    from claimbench.plan.estimate import estimate_arms
    from claimbench.pricing.frozen import thaw
    from claimbench.pricing.remarks import remarks

    prices = thaw(pricing.book.text, pricing.book.sha256)
    for arm in suite.arms:
        price = prices.get(arm.name) if not arms or arm.name in arms else None
        for remark in () if price is None else remarks(price, datetime.now(UTC)):
            print(f"note: {arm.name}: {remark}", file=sys.stderr)
    turns = any(sample.turn is not None for task in suite.tasks for sample in task.samples)
    if books is None or not turns:
        return
    print("what it may take (projected; nothing was measured yet):", file=sys.stderr)
    for estimate in estimate_arms(suite, arms, limit, book=price_book(tuple(books))):
        print(f"  {arm_line(estimate)}", file=sys.stderr)


def plan_lines(plan: ClaimPlan, indent: str = "  ") -> Iterator[str]:
    """Yield a claim's plan in lines: each reading, what it needs, what the present size settles."""
    if plan.why_not is not None:
        seen = plan.claim.metric == "egress"
        lead = "needs no samples" if seen else "cannot be settled by a run"
        yield f"{indent}{lead}: {plan.why_not}"
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


@dataclass(frozen=True, slots=True)
class PlanTotal:
    """A plan in one line: dollars of every arm and judge, hours, and the claims that it can settle.

    ``unpriced`` are arms whose dollars are unknown; they are in no sum. ``hours`` is None where no
    pilot measured every arm; arms on one device take turns, all others run side by side.
    """

    usd: Decimal
    unpriced: tuple[str, ...]
    hours: float | None
    settled: int
    claims: int

    @property
    def line(self) -> str:
        """Return the plan in words."""
        if self.unpriced:
            known = "of known dollars, unknown those of"
            money = f"{dollars(self.usd)} {known} {', '.join(self.unpriced)}"
        else:
            money = dollars(self.usd)
        time = (
            "minutes unknown (--pilot RUN takes them from a run)"
            if self.hours is None
            else f"about {duration(3600 * self.hours)}"
        )
        if not self.claims:
            return f"In all {money}, {time}; the suite states no claims."
        return (
            f"In all {money}, {time}; settles {self.settled} of {self.claims}"
            f" claim{'' if self.claims == 1 else 's'}, if the truth is as assumed."
        )


def plan_total(
    suite: Suite, estimates: Sequence[ArmEstimate], claims: Sequence[ClaimPlan]
) -> PlanTotal:
    """Add up a plan."""
    device = {arm.name: arm.device for arm in suite.arms}
    known = [e.hours for e in estimates if e.hours is not None]
    turns: dict[str, float] = {}
    for e in estimates:
        place = device.get(e.arm) or f"its own: {e.arm}"
        turns[place] = turns.get(place, 0.0) + (e.hours or 0.0)
    return PlanTotal(
        usd=sum((e.usd_typical for e in estimates if e.usd_typical is not None), Decimal(0)),
        unpriced=tuple(e.arm for e in estimates if e.usd_typical is None),
        hours=max(turns.values(), default=0.0) if len(known) == len(estimates) else None,
        settled=sum(settles(claim) for claim in claims),
        claims=len(claims),
    )


def settles(plan: ClaimPlan) -> bool:
    """Return whether the present samples settle a claim with 80% power if the truth is as
    assumed.
    """
    if plan.why_not is not None:
        return False
    if plan.parts:
        return all(settles(part) for part in plan.parts)
    counted = [r for r in plan.readings if r.rule.headline]
    if not counted or any(r.items_needed is None and not r.note for r in counted):
        return False
    needed, present = plan.items_needed or 0, plan.items_present or 0
    return needed <= present
