"""What may be sent when: retries, reservations against a budget, and how far arms may run apart."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal, localcontext

from claimbench.types import BudgetSpec, ErrorPolicy

MAX_ITEMS_AHEAD = 25
"""No arm runs more than this many items ahead of the slowest one that still works
(docs/architecture.md, rule 9).
"""

MAX_AHEAD_OF_LIMITED = 100
"""The same, of a slowest arm that its endpoint's rate limits hold back."""


def _never(_arm: str) -> bool:
    return False


def backoff_s(
    policy: ErrorPolicy, failed: int, retry_after_s: float | None, rng: random.Random
) -> float:
    """Return the seconds to wait before the attempt that follows ``failed`` failed ones.

    The provider's Retry-After is honoured whole; without one, exponential with full jitter up to
    ``backoff_max_s``.
    """
    if retry_after_s is not None:
        return max(0.0, retry_after_s)
    ceiling = min(policy.backoff_max_s, policy.backoff_s * 2.0 ** (failed - 1))
    return rng.uniform(0.5 * ceiling, ceiling)


class Waiting:
    """Tasks of one loop that look again whenever something changed; cheaper than a condition where
    nobody waits.
    """

    def __init__(self) -> None:
        self._turns: deque[asyncio.Future[None]] = deque()

    async def turn(self) -> None:
        """Return after the next :meth:`wake`."""
        turn = asyncio.get_running_loop().create_future()
        self._turns.append(turn)
        await turn

    def wake(self) -> None:
        """Let everybody who waits look again."""
        while self._turns:
            turn = self._turns.popleft()
            if not turn.done():
                turn.set_result(None)


MARGIN = 4
"""Requests fly together only while what they reserved, this many times over, is left: vendors that
bill up to so many times what was reserved take no run above its limit, but for one request.
"""
PLACES = Decimal("0.001")
"""To which the ratio of a bill and its reservation is rounded, up."""
LEAST = Decimal("1E-15")
"""Dollars to which reservations are rounded, up, so that they add up and down without a rest."""
ROUND = Decimal(1_000_000)
"""Dollars below which :data:`LEAST` divides within the digits of an ordinary context."""
DIGITS = 60


@dataclass(frozen=True, slots=True)
class Reservation:
    """What is set aside for one request: its own bound, and that times the worst ratio seen; None:
    nothing bounds it.
    """

    base: Decimal | None
    amount: Decimal | None


@dataclass(frozen=True, slots=True)
class Overrun:
    """A bill above what was set aside for its request."""

    arm: str
    reserved: Decimal
    billed: Decimal


class Budget:
    """Dollars of a run: spent, reserved and left. Reservations are made before a request is sent.

    The sum of what was spent and what is reserved never exceeds a limit. What a provider bills
    above a request's reservation (an :class:`Overrun`) is gone, and learned from: with L the limit,
    R the arm's reservation and k the greatest ratio of a bill to its own bound,

    * later reservations of the arm are k times their own bound;
    * the first request of an arm flies alone, until its bill is in;
    * several fly together only while :data:`MARGIN` times what they reserved is left.

    So spending ends at or below max(L + (k - 1) R, L k / MARGIN), however many fly at once, and at
    or below L + (k - 1) R where k was k from the arm's first bill on.
    """

    def __init__(
        self,
        spec: BudgetSpec,
        spent: Mapping[str, Decimal] | None = None,
        worst: Mapping[str, Decimal] | None = None,
    ) -> None:
        self._total = spec.max_cost_usd
        self._per_arm = dict(spec.per_arm_usd)
        self._spent: dict[str, Decimal] = dict(spent or {})
        self._reserved: dict[str, Decimal] = {}
        self._flying: dict[str, int] = {}
        self._known: set[str] = set(spent or ()) | set(worst or ())
        self._waiting = Waiting()
        self.worst: dict[str, Decimal] = dict(worst or {})
        """The greatest ratio of a bill to its request's own bound, by arm; above 1 only."""
        self.overruns: list[Overrun] = []
        self.held_back: set[str] = set()
        """Arms of which fewer requests flew than could have, for the limit's sake."""

    @property
    def limited(self) -> bool:
        """Whether any limit is set."""
        return self._total is not None or bool(self._per_arm)

    def limit_of(self, arm: str) -> Decimal | None:
        """Return the smallest limit that holds for the arm; None: there is none."""
        limits = [cap for cap in (self._total, self._per_arm.get(arm)) if cap is not None]
        return min(limits, default=None)

    @property
    def total(self) -> Decimal | None:
        """The limit of the whole run."""
        return self._total

    @property
    def spent_usd(self) -> Decimal:
        """Dollars settled so far over all arms, earlier sessions included."""
        return sum(self._spent.values(), Decimal(0))

    @property
    def left_usd(self) -> Decimal | None:
        """Return what the whole run may still spend; None without a limit."""
        return None if self._total is None else max(self._total - self.spent_usd, Decimal(0))

    def _limits(self, arm: str) -> list[tuple[Decimal, Decimal, Decimal]]:
        """Return (limit, spent, reserved) of the run and of the arm, where they have limits."""
        found: list[tuple[Decimal, Decimal, Decimal]] = []
        if self._total is not None:
            reserved = sum(self._reserved.values(), Decimal(0))
            found.append((self._total, self.spent_usd, reserved))
        cap = self._per_arm.get(arm)
        if cap is not None:
            spent = self._spent.get(arm, Decimal(0))
            found.append((cap, spent, self._reserved.get(arm, Decimal(0))))
        return found

    def _never(self, arm: str, amount: Decimal) -> bool:
        """Return whether the amount cannot fit any more: what was spent never comes back."""
        return any(spent + amount > limit for limit, spent, _ in self._limits(arm))

    def _fits(self, arm: str, amount: Decimal, alone_first: bool) -> bool:
        limits = self._limits(arm)
        if limits and alone_first and arm not in self._known and self._flying.get(arm, 0):
            return False
        for limit, spent, reserved in limits:
            if reserved and spent + MARGIN * (reserved + amount) > limit:
                return False
        return True

    def _scaled(self, arm: str, base: Decimal) -> Decimal:
        if not self.worst and base < ROUND and not base % LEAST:  # as nearly all are
            return base
        with localcontext(prec=DIGITS):
            amount = base * self.worst.get(arm, Decimal(1))
            return amount.quantize(LEAST, ROUND_CEILING) if amount % LEAST else amount

    def why_spent(self, arm: str, base: Decimal | None) -> str:
        """Say why an arm cannot send its next request, whose bound is ``base``; None: the limit
        itself is spent.
        """
        if base is None:
            return "budget: the limit is spent"
        worst = self.worst.get(arm)
        could = base if worst is None else base * worst
        taught = "" if worst is None else f" ({worst.normalize():f} times its bound, as bills were)"
        return f"budget: the next request could cost ${could}{taught}, more than is left"

    async def reserve(
        self, arm: str, base: Decimal | None, *, alone_first: bool = True
    ) -> Reservation | None:
        """Reserve for one request that costs at most ``base`` by its own body; waits while calls in
        flight could still free enough.

        ``None`` (nobody can bound it) reserves nothing: whether such a request may be sent is
        decided before. ``alone_first`` False: the arm's first request need not come back before
        others leave (an open loop keeps its times). Returns None if the request cannot fit.
        """
        if base is None:
            spent_up = any(spent >= limit for limit, spent, _ in self._limits(arm))
            return None if spent_up else Reservation(None, None)
        while True:
            amount = self._scaled(arm, base)  # bills that came meanwhile may have taught more
            if base == 0 or not self.limited:
                break
            if self._never(arm, amount):
                return None
            if self._fits(arm, amount, alone_first):
                break
            if arm in self._known:
                self.held_back.add(arm)
            await self._waiting.turn()
        # nothing was awaited since the look
        self._reserved[arm] = self._reserved.get(arm, Decimal(0)) + amount
        self._flying[arm] = self._flying.get(arm, 0) + 1
        return Reservation(base, amount)

    def release(self, arm: str, held: Reservation) -> None:
        """Give back what was reserved for a request that was never sent."""
        if held.amount is not None:
            self._reserved[arm] -= held.amount
            self._flying[arm] -= 1
        self._waiting.wake()

    def settle(
        self, arm: str, held: Reservation, cost: Decimal | None, *, answered: bool = True
    ) -> None:
        """Turn a reservation into spent dollars; an unknown cost counts as the whole reservation.
        One that was not answered says nothing of what an answer costs.
        """
        self.release(arm, held)
        charged = cost if cost is not None else held.amount
        if charged is not None:
            self._spent[arm] = self._spent.get(arm, Decimal(0)) + charged
        if (cost is None and answered) or (cost is not None and cost > 0):
            self._known.add(arm)
        if held.base and held.amount is not None and cost is not None and cost > held.base:
            with localcontext(prec=DIGITS):
                ratio = (cost / held.base).quantize(PLACES, ROUND_CEILING)
            self.worst[arm] = max(ratio, self.worst.get(arm, Decimal(1)))
            if cost > held.amount:
                self.overruns.append(Overrun(arm, held.amount, cost))


class Pace:
    """Keeps the arms within :data:`MAX_ITEMS_AHEAD` started items of one another.

    What counts is what was started, so that an arm's own calls in flight, however many, never hold
    it back. Of an arm that is ``limited`` (its endpoint's rate limits hold it back now) the others
    may run :data:`MAX_AHEAD_OF_LIMITED` items ahead; ``ran_ahead`` says who did: arm -> the slowest
    one, and items.
    """

    def __init__(
        self,
        arms: Mapping[str, int],
        ahead: int = MAX_ITEMS_AHEAD,
        limited: Callable[[str], bool] = _never,
    ) -> None:
        self._started = dict.fromkeys(arms, 0)
        self._planned = dict(arms)
        self._ahead = ahead
        self._limited = limited
        self._waiting = Waiting()
        self._held: dict[str, int] = dict.fromkeys(arms, 0)
        self.ran_ahead: dict[str, tuple[str, int]] = {}

    @property
    def held(self) -> dict[str, str]:
        """The arms that wait for a slower one: arm -> whom it waits for."""
        found = {}
        for arm, lanes in self._held.items():
            slowest = self._slowest(arm)
            if lanes and slowest is not None:
                found[arm] = slowest
        return found

    def _slowest(self, arm: str) -> str | None:
        """Return the arm that is furthest behind, ``arm`` apart; None where all are done."""
        others = [b for b, n in self._started.items() if b != arm and n < self._planned[b]]
        return min(others, key=self._share, default=None)

    def _share(self, arm: str) -> float:
        return self._started[arm] / self._planned[arm]

    def _may_go(self, arm: str, started: int) -> bool:
        slowest = self._slowest(arm)
        if slowest is None:
            return True
        ahead = started - self._share(slowest) * self._planned[arm]
        if ahead < self._ahead:
            return True
        more = MAX_AHEAD_OF_LIMITED - MAX_ITEMS_AHEAD
        if ahead >= self._ahead + more or not self._limited(slowest):
            return False
        most = max(self.ran_ahead.get(arm, ("", 0))[1], round(ahead) + 1)
        self.ran_ahead[arm] = slowest, most
        return True

    async def wait(self, arm: str, started: int) -> None:
        """Return when ``arm`` may start its item number ``started`` (0-based); the item then counts
        as started.
        """
        while not self._may_go(arm, started):
            self._held[arm] += 1
            try:
                await self._waiting.turn()
            finally:
                self._held[arm] -= 1
        self._started[arm] += 1
        self._waiting.wake()

    def wake(self) -> None:
        """Let whoever waits look again: an arm has come to be limited."""
        self._waiting.wake()

    async def gave_up(self, arm: str) -> None:
        """Say that ``arm`` will start nothing more, so that nobody waits for it.

        One that had nothing planned here (an arm that stopped before its answers were judged) keeps
        nobody waiting.
        """
        if arm in self._planned:
            self._started[arm] = self._planned[arm]
        self._waiting.wake()
