"""What a run would send and cost, before anything is sent: calls, tokens and dollars with ranges,
per arm.

Input tokens are estimated from the rendered requests at :data:`BYTES_PER_TOKEN` (range
:data:`INPUT_RANGE`) and bounded by their UTF-8 bytes; output tokens lie between one and
``max_tokens``. Seconds are only known from a pilot run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

from claimbench.plan.judges import JudgeRequests
from claimbench.plan.order import make_plan
from claimbench.plan.pairs import pairs_of
from claimbench.plan.prompts import Requests
from claimbench.plan.simulated.likely import Likelihood, Likely
from claimbench.plan.simulated.users import UserRequests
from claimbench.pricing.arms import ArmPrice, resolve_arm
from claimbench.pricing.bounds.ceiling import token_bound
from claimbench.pricing.model import UnknownPrice
from claimbench.pricing.price_lists.book import PriceBook
from claimbench.types import Arm, Call, Request, Role, Suite, Task, Usage

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
    """One arm: calls, tokens (typical; range) and dollars; None = unknown, with the reason. All of
    it is projected.

    ``calls`` is the most that can be sent, ``calls_low`` the fewest (an episode may end with its
    first step), ``calls_typical`` what the typical figures are of; None: as many. ``items``: rows,
    turns and whole episodes among them. ``input_tokens_max`` are those of all calls, at their
    longest.

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
    role: Role = "subject"
    calls_low: int | None = None
    calls_typical: int | None = None
    items: int | None = None
    input_tokens_max: int | None = None

    @property
    def usd_per_item(self) -> float | None:
        """Return the dollars of one more row, turn or episode; None = unknown."""
        n = self.calls if self.items is None else self.items
        return None if self.usd_typical is None or not n else float(self.usd_typical / Decimal(n))


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
    """What a pilot run says of one arm: seconds of a typical row or episode (of a judge or user: of
    a call), and ``steps`` that its episodes took.
    """

    seconds: float | None = None
    steps: float | None = None


@dataclass(slots=True)
class _Asked:
    """What one arm would be asked: each request as it typically is and at its longest, and how
    likely it is.
    """

    usual: list[Request] = field(default_factory=list)
    longest: list[Request] = field(default_factory=list)
    likely: list[Likely] = field(default_factory=list)


def estimate_arms(
    suite: Suite,
    arms: Sequence[str] = (),
    limit: int | None = None,
    pilot: Mapping[str, Pilot] | None = None,
    book: PriceBook | None = None,
) -> list[ArmEstimate]:
    """Estimate every arm (or ``arms``) over the planned calls at the prices of now, and after them
    judges and simulated users.
    """
    wanted = [arm for arm in suite.arms if not arms or arm.name in arms]
    known = pilot or {}
    asked = _asked(suite, [arm.name for arm in wanted], limit, known)
    prices = book or PriceBook()
    now = datetime.now(UTC)

    def estimate(arm: Arm, role: Role) -> ArmEstimate:
        price = resolve_arm(arm, prices)
        return _estimate(arm, role, price, asked[arm.name], known.get(arm.name), now)

    roles: tuple[tuple[Role, Sequence[Arm]], ...] = (
        ("subject", wanted),
        ("judge", suite.judges),
        ("user", suite.users),
    )
    return [
        estimate(one, role)
        for role, named in roles
        for one in named
        if role == "subject" or asked[one.name].usual
    ]


def _asked(
    suite: Suite, arms: Sequence[str], limit: int | None, pilot: Mapping[str, Pilot]
) -> dict[str, _Asked]:
    """Build what every arm, judge and user would be asked."""
    plan = make_plan(suite, "estimate", arms, limit)
    usual = Requests(suite, assumed=answer_of(TYPICAL_OUTPUT))
    at_most = Requests(suite, assumed=answer_of(INPUT_RANGE[1]), at_most=True)
    request_of = JudgeRequests(suite, (), arms=usual)
    users = UserRequests(suite, usual)
    pairs = pairs_of(plan.calls, suite)
    tasks = {task.name: task for task in suite.tasks}
    steps = {name: one.steps for name, one in pilot.items() if one.steps is not None}
    likelihood = Likelihood(suite, steps)

    def made(call: Call) -> tuple[Request, Request]:
        """Return a call's request as it typically is, and at its longest."""
        if call.role == "subject":
            one = request_of(call)  # what a conversation has said by then is input again
            return one, at_most(call) if at_most.turns else one
        task = tasks[call.task]
        if call.role == "user":
            said = [
                (asked.assumed_answer(task), asked.assumed_user(task)) for asked in (usual, at_most)
            ]
            return users.assumed(call, *said[0]), users.assumed(call, *said[1])
        size = _longest_answer(task) * BYTES_PER_TOKEN
        typical, most = ("x" * round(size * share) for share in (TYPICAL_OUTPUT, INPUT_RANGE[1]))
        if call.id in pairs:
            of_pair = request_of.of_pair
            return of_pair(call, typical, typical), of_pair(call, most, most)
        return request_of.of_answer(call, typical), request_of.of_answer(call, most)

    found: dict[str, _Asked] = {
        name: _Asked() for name in (*arms, *(h.name for h in suite.helpers))
    }
    for call in plan.calls:
        if call.role == "tool":
            continue
        mine = found[call.arm]
        one, longest = made(call)
        mine.usual.append(one)
        mine.longest.append(longest)
        mine.likely.append(likelihood(call))
    return found


def _longest_answer(task: Task) -> int:
    """Return the tokens of what a judge reads at most: an answer, or a whole conversation."""
    users = 0 if task.user is None else task.user.max_tokens * (task.steps - 1)
    return task.max_tokens * max(1, task.steps) + users


def answer_of(share: float) -> Callable[[Task, int], str]:
    """Return what stands for the answers of a conversation: ``share`` of ``max_tokens`` long."""
    return lambda task, _number: "x" * round(task.max_tokens * BYTES_PER_TOKEN * share)


def _estimate(
    arm: Arm, role: Role, price: ArmPrice, asked: _Asked, pilot: Pilot | None, now: datetime
) -> ArmEstimate:
    out = [token_bound(request, arm).output_tokens for request in asked.usual]
    tokens = [_input(request, arm) for request in asked.usual]
    most = [
        known if long is usual else _input(long, arm)
        for usual, long, known in zip(asked.usual, asked.longest, tokens, strict=True)
    ]
    typical_in = [n for n, one in zip(tokens, asked.likely, strict=True) if one.typical]
    sure_in = [n for n, one in zip(tokens, asked.likely, strict=True) if one.sure]
    items = sum(one.item for one in asked.likely) if role == "subject" else len(typical_in)
    seconds = pilot.seconds if pilot is not None else None
    hours = None if seconds is None else items * seconds / 3600 / max(1, arm.concurrency)
    low = typical = high = bound = None
    why = price.why_unknown
    if price.host is not None:
        why = None if seconds is not None else PILOT_FIRST
        if seconds is not None:
            typical = price.host.usd(seconds * items)
            low, high = typical * Decimal("0.7"), typical * Decimal("1.5")
        bound = Decimal(0)
    elif price.known and price.price is not None:
        likely = [n for n, one in zip(out, asked.likely, strict=True) if one.typical]
        try:
            low = _sum(price, sure_in, [1] * len(sure_in), INPUT_RANGE[0], now)
            typical = _sum(price, typical_in, [round(n * TYPICAL_OUTPUT) for n in likely], 1.0, now)
            high = _sum(price, most, out, INPUT_RANGE[1], now)
        except UnknownPrice as error:
            why = str(error)
        bound = _reserved(price, asked.longest, arm, now)
    return ArmEstimate(
        arm=price.arm,
        calls=len(tokens),
        input_tokens=sum(typical_in),
        output_tokens_max=sum(out),
        usd_low=low,
        usd_typical=typical,
        usd_high=high,
        usd_bound=bound,
        basis=price.basis or "unknown",
        concurrency=arm.concurrency,
        seconds_per_call=seconds,
        hours=hours,
        why_unknown=why,
        role=role,
        calls_low=len(sure_in),
        calls_typical=len(typical_in),
        items=items,
        input_tokens_max=sum(most),
    )


def _input(request: Request, arm: Arm) -> int:
    return round(token_bound(request, arm).input_tokens / BYTES_PER_TOKEN)


def _reserved(
    price: ArmPrice, requests: Sequence[Request], arm: Arm, now: datetime
) -> Decimal | None:
    """Sum what the budget would set aside; None where it cannot say for one of them."""
    total = Decimal(0)
    for request in requests:
        one = price.reserve(request, now, arm)
        if one is None:
            return None
        total += one
    return total


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
