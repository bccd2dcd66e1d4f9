"""What may be sent when: retries, reservations against a budget, and how far arms may run apart."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Mapping
from decimal import Decimal

from claimbench.types import BudgetSpec, ErrorPolicy

MAX_ITEMS_AHEAD = 25
"""No arm runs more than this many items ahead of the slowest one that still works
(docs/architecture.md, rule 9).
"""


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


class Budget:
    """Dollars of a run: spent, reserved and left. Reservations are made before a request is sent.

    The sum of what was spent and what is reserved never exceeds a limit. A provider that bills more
    than was reserved for the request is an *overrun*; it is recorded and reported, since money
    already gone cannot be refused.
    """

    def __init__(self, spec: BudgetSpec, spent: Mapping[str, Decimal] | None = None) -> None:
        self._total = spec.max_cost_usd
        self._per_arm = dict(spec.per_arm_usd)
        self._spent: dict[str, Decimal] = dict(spent or {})
        self._reserved: dict[str, Decimal] = {}
        self._waiting = Waiting()
        self.overruns: list[tuple[str, Decimal, Decimal]] = []

    @property
    def limited(self) -> bool:
        """Whether any limit is set."""
        return self._total is not None or bool(self._per_arm)

    @property
    def spent_usd(self) -> Decimal:
        """Dollars settled so far over all arms, earlier sessions included."""
        return sum(self._spent.values(), Decimal(0))

    @property
    def left_usd(self) -> Decimal | None:
        """Return what the whole run may still spend; None without a limit."""
        return None if self._total is None else max(self._total - self.spent_usd, Decimal(0))

    def _fits(self, arm: str, amount: Decimal) -> bool:
        reserved = sum(self._reserved.values(), Decimal(0))
        if self._total is not None and self.spent_usd + reserved + amount > self._total:
            return False
        cap = self._per_arm.get(arm)
        used = self._spent.get(arm, Decimal(0)) + self._reserved.get(arm, Decimal(0))
        return cap is None or used + amount <= cap

    async def reserve(self, arm: str, amount: Decimal | None) -> bool:
        """Reserve ``amount`` for one request; waits while calls in flight could still free enough.

        ``None`` (price unknown) reserves nothing and is allowed here: whether such a run may start
        is decided before. Returns False if the request cannot fit even when nothing is in flight.
        """
        if amount is None:
            return True
        while not self._fits(arm, amount):
            if not any(self._reserved.values()):
                return False
            await self._waiting.turn()
        self._reserved[arm] = (
            self._reserved.get(arm, Decimal(0)) + amount
        )  # nothing was awaited since the look
        return True

    def settle(self, arm: str, reserved: Decimal | None, cost: Decimal | None) -> None:
        """Turn a reservation into spent dollars; an unknown cost counts as the whole
        reservation.
        """
        if reserved is not None:
            self._reserved[arm] -= reserved
        charged = cost if cost is not None else reserved
        if charged is not None:
            self._spent[arm] = self._spent.get(arm, Decimal(0)) + charged
        if reserved is not None and cost is not None and cost > reserved:
            self.overruns.append((arm, reserved, cost))
        self._waiting.wake()


class Pace:
    """Keeps the arms within :data:`MAX_ITEMS_AHEAD` started items of one another.

    What counts is what was started, so that an arm's own calls in flight, however many, never hold
    it back.
    """

    def __init__(self, arms: Mapping[str, int], ahead: int = MAX_ITEMS_AHEAD) -> None:
        self._started = dict.fromkeys(arms, 0)
        self._planned = dict(arms)
        self._ahead = ahead
        self._waiting = Waiting()

    def _may_go(self, arm: str, started: int) -> bool:
        others = [
            n / self._planned[b]
            for b, n in self._started.items()
            if b != arm and n < self._planned[b]
        ]
        return not others or started - min(others) * self._planned[arm] < self._ahead

    async def wait(self, arm: str, started: int) -> None:
        """Return when ``arm`` may start its item number ``started`` (0-based); the item then counts
        as started.
        """
        while not self._may_go(arm, started):
            await self._waiting.turn()
        self._started[arm] += 1
        self._waiting.wake()

    async def gave_up(self, arm: str) -> None:
        """Say that ``arm`` will start nothing more, so that nobody waits for it.

        One that had nothing planned here (an arm that stopped before its answers were judged) keeps
        nobody waiting.
        """
        if arm in self._planned:
            self._started[arm] = self._planned[arm]
        self._waiting.wake()
