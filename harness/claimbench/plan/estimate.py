"""What a run would send and cost, before anything is sent: calls, tokens and dollars with ranges,
per arm.

Input tokens are estimated from the rendered requests at :data:`BYTES_PER_TOKEN` (range
:data:`INPUT_RANGE`) and bounded by their UTF-8 bytes; output tokens lie between one and
``max_tokens``. Seconds are only known from a pilot run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal

from claimbench.plan.judges import JudgeRequests
from claimbench.plan.order import make_plan
from claimbench.pricing.arms import ArmPrice, resolve_arm
from claimbench.pricing.bounds.ceiling import token_bound
from claimbench.pricing.model import UnknownPrice
from claimbench.pricing.price_lists.book import PriceBook
from claimbench.types import Arm, Request, Suite, Usage

BYTES_PER_TOKEN = 4.0
"""English prose in current tokenizers; other languages and code have fewer bytes per token, hence
the range.
"""
INPUT_RANGE = (0.7, 1.6)
PILOT_FIRST = (
    "a machine's dollars need its seconds: measure a few with bench run SUITE --limit 20, "
    "then bench plan SUITE --pilot latest"
)
TYPICAL_OUTPUT = 0.5
"""Share of ``max_tokens`` taken as typical where no pilot tells."""


@dataclass(frozen=True, slots=True)
class ArmEstimate:
    """One arm: calls, tokens (typical; range) and dollars; None = unknown, with the reason.

    ``usd_bound`` is what the budget would reserve in all: no run of these calls without retries can
    cost more. That of a judge takes every answer as ``max_tokens`` long, :data:`BYTES_PER_TOKEN` x
    the upper end of :data:`INPUT_RANGE`.
    """

    arm: str
    calls: int
    input_tokens: int
    output_tokens_max: int
    usd_low: Decimal | None
    usd_typical: Decimal | None
    usd_high: Decimal | None
    usd_bound: Decimal | None
    basis: str
    concurrency: int = 1
    seconds_per_call: float | None = None
    hours: float | None = None
    why_unknown: str | None = None
    role: Literal["subject", "judge"] = "subject"


@dataclass(frozen=True, slots=True)
class Worst:
    """What a budget allows and the most that could be asked of it, every attempt at its bound;
    None: no limit, unknown.

    Judges' calls are calls of the plan; they are reserved and counted like any other.
    """

    limit_usd: Decimal | None
    worst_usd: Decimal | None
    retries: int


def worst_cases(suite: Suite, estimates: Sequence[ArmEstimate]) -> tuple[Worst, dict[str, Worst]]:
    """Compare the whole run's limit and each arm's with reservations for every attempt, retries
    included.
    """
    retries = suite.errors.max_retries
    arms: dict[str, Worst] = {}
    for estimate in estimates:
        bound = estimate.usd_bound
        worst = None if bound is None else bound * (1 + retries)
        arms[estimate.arm] = Worst(suite.budget.per_arm_usd.get(estimate.arm), worst, retries)
    known = [w.worst_usd for w in arms.values()]
    total = None if None in known else sum((w for w in known if w is not None), Decimal(0))
    return Worst(suite.budget.max_cost_usd, total, retries), arms


@dataclass(frozen=True, slots=True)
class Pilot:
    """What a pilot run says of one arm's typical call: seconds, dollars, output tokens."""

    seconds: float | None = None
    usd: float | None = None
    n_in: float | None = None
    n_out: float | None = None


def estimate_arms(
    suite: Suite,
    arms: Sequence[str] = (),
    limit: int | None = None,
    pilot: Mapping[str, Pilot] | None = None,
    book: PriceBook | None = None,
) -> list[ArmEstimate]:
    """Estimate every arm (or ``arms``) over the planned calls at the prices of now, and after them
    the judges.
    """
    wanted = [arm for arm in suite.arms if not arms or arm.name in arms]
    plan = make_plan(suite, "estimate", [arm.name for arm in wanted], limit)
    request_of = JudgeRequests(suite, ())
    requests: dict[str, list[Request]] = {arm.name: [] for arm in (*wanted, *suite.judges)}
    longest: dict[str, list[Request]] = {judge.name: [] for judge in suite.judges}
    tokens = {task.name: task.max_tokens for task in suite.tasks}
    for call in plan.calls:
        if call.role == "subject":
            requests[call.arm].append(request_of(call))
            continue
        size = tokens[call.task] * BYTES_PER_TOKEN
        requests[call.arm].append(request_of.of_answer(call, "x" * round(size * TYPICAL_OUTPUT)))
        longest[call.arm].append(request_of.of_answer(call, "x" * round(size * INPUT_RANGE[1])))
    prices = book or PriceBook()
    now = datetime.now(UTC)

    def estimate(arm: Arm) -> ArmEstimate:
        mine = requests[arm.name]
        known = (pilot or {}).get(arm.name)
        return _estimate(
            arm, resolve_arm(arm, prices), mine, longest.get(arm.name, mine), known, now
        )

    judges = [
        replace(estimate(judge), role="judge") for judge in suite.judges if requests[judge.name]
    ]
    return [*map(estimate, wanted), *judges]


def _estimate(
    arm: Arm,
    price: ArmPrice,
    requests: Sequence[Request],
    longest: Sequence[Request],
    pilot: Pilot | None,
    now: datetime,
) -> ArmEstimate:
    bounds = [token_bound(request, arm) for request in requests]
    typical_in = [round(b.input_tokens / BYTES_PER_TOKEN) for b in bounds]
    most_in = typical_in
    if longest is not requests:
        most_in = [
            round(token_bound(request, arm).input_tokens / BYTES_PER_TOKEN) for request in longest
        ]
    seconds = pilot.seconds if pilot is not None else None
    hours = None if seconds is None else len(requests) * seconds / 3600 / max(1, arm.concurrency)
    low = typical = high = bound = None
    why = price.why_unknown
    if price.host is not None:
        why = None if seconds is not None else PILOT_FIRST
        if seconds is not None:
            typical = price.host.usd(seconds * len(requests))
            low, high = typical * Decimal("0.7"), typical * Decimal("1.5")
        bound = Decimal(0)
    elif price.known and price.price is not None:
        try:
            low = _sum(price, typical_in, [1] * len(bounds), INPUT_RANGE[0], now)
            middle = [round(b.output_tokens * TYPICAL_OUTPUT) for b in bounds]
            typical = _sum(price, typical_in, middle, 1.0, now)
            high = _sum(price, most_in, [b.output_tokens for b in bounds], INPUT_RANGE[1], now)
        except UnknownPrice as error:
            why = str(error)
        reserved = [price.reserve(request, now, arm) for request in longest]
        bound = (
            sum((r for r in reserved if r is not None), Decimal(0))
            if None not in reserved
            else None
        )
    return ArmEstimate(
        arm=price.arm,
        calls=len(requests),
        input_tokens=sum(typical_in),
        output_tokens_max=sum(b.output_tokens for b in bounds),
        usd_low=low,
        usd_typical=typical,
        usd_high=high,
        usd_bound=bound,
        basis=price.basis or "unknown",
        concurrency=arm.concurrency,
        seconds_per_call=seconds,
        hours=hours,
        why_unknown=why,
    )


def _sum(
    price: ArmPrice, n_in: Sequence[int], n_out: Sequence[int], factor: float, now: datetime
) -> Decimal:
    total = Decimal(0)
    for tokens, output in zip(n_in, n_out, strict=True):
        usage = Usage(input_fresh=round(tokens * factor), output_visible=output, output_reasoning=0)
        cost = price.list_cost(usage, now)
        if cost.amount is None:
            raise UnknownPrice(cost.why_unknown)
        total += cost.amount
    return total
