"""The limit of a run against vendors that bill more than they should: how far spending can go."""

from __future__ import annotations

import asyncio
import re
from decimal import Decimal
from pathlib import Path

import pytest

from claimbench.limits.budget import MARGIN, Budget
from claimbench.types import BudgetSpec

LIMIT = Decimal("0.05")
BOUND = Decimal("0.0002")
CALLS = 2_000
METHOD = Path(__file__).parents[3] / "docs" / "method.md"


class Vendor:
    """Bills half of what was reserved, and ``k`` times as much from bill number ``honest`` on."""

    def __init__(self, k: Decimal, honest: int) -> None:
        self._k = k
        self._honest = honest
        self.bills = 0

    def bill(self, bound: Decimal) -> Decimal:
        self.bills += 1
        return bound / 2 if self.bills <= self._honest else bound * self._k


async def spend(
    k: Decimal, concurrency: int, honest: int, *, limit: Decimal = LIMIT, open_loop: bool = False
) -> Decimal:
    """Send until the limit stops it, ``concurrency`` at once; return what was spent."""
    budget, vendor = Budget(BudgetSpec(max_cost_usd=limit)), Vendor(k, honest)
    left = [CALLS]

    async def lane(n: int) -> None:
        while left[0]:
            left[0] -= 1
            held = await budget.reserve("a", BOUND, alone_first=not open_loop)
            if held is None:
                return
            for _ in range(1 + n % 3):  # answers come back in another order than requests left
                await asyncio.sleep(0)
            budget.settle("a", held, vendor.bill(BOUND))

    await asyncio.gather(*(lane(n) for n in range(concurrency)))
    return budget.spent_usd


RATIOS = ["1", "1.5", "4", "5", "10", "100", "1000"]


@pytest.mark.parametrize("concurrency", [1, 2, 7, 16, 64])
@pytest.mark.parametrize("k", RATIOS)
async def test_spending_stays_within_what_is_promised(k: str, concurrency: int) -> None:
    times = Decimal(k)
    one_request = LIMIT + (times - 1) * BOUND
    for honest in (0, 1, 2, 10, 63, 64, 100, 300, 400):
        for open_loop in (False, True):
            spent = await spend(times, concurrency, honest, open_loop=open_loop)
            assert spent <= max(one_request, LIMIT * times / MARGIN), (honest, open_loop)
            if times <= MARGIN:
                assert spent <= one_request, (honest, open_loop)
    assert await spend(times, concurrency, 0) <= one_request, "from the first bill on: one request"


@pytest.mark.parametrize("limit", ["0.0001", "0.0002", "0.0007", "0.01", "1"])
async def test_a_vendor_that_keeps_to_its_bounds_never_passes_a_limit(limit: str) -> None:
    for concurrency in (1, 3, 64):
        for honest in (0, CALLS):
            spent = await spend(Decimal(1), concurrency, honest, limit=Decimal(limit))
            assert spent <= Decimal(limit)


async def test_the_table_of_the_method_page_is_what_a_hostile_vendor_can_do() -> None:
    rows = re.findall(r"^\| (\d+) \| ([\d., $|]+)\|$", METHOD.read_text(), re.MULTILINE)
    assert [k for k, _ in rows] == ["1", "4", "10", "100", "1000"]
    for k, cells in rows:
        shown = [Decimal(cell.strip().lstrip("$").replace(",", "")) for cell in cells.split("|")]
        found = []
        for concurrency in (1, 16, 64):
            for honest in (0, 100):
                spent = await spend(Decimal(k), concurrency, honest, limit=Decimal("0.05"))
                found.append(spent.quantize(Decimal("0.001")))
        assert shown == found, k


async def test_arms_of_one_run_share_its_limit_whoever_bills_too_much() -> None:
    budget = Budget(BudgetSpec(max_cost_usd=LIMIT))
    vendors = {
        name: Vendor(Decimal(40), honest)
        for name, honest in zip("abcde", (0, 5, 9, 50, 99), strict=True)
    }

    async def lane(arm: str) -> None:
        while (held := await budget.reserve(arm, BOUND)) is not None:
            await asyncio.sleep(0)
            budget.settle(arm, held, vendors[arm].bill(BOUND))

    await asyncio.gather(*(lane(arm) for arm in vendors for _ in range(8)))
    assert budget.spent_usd <= max(LIMIT + 39 * BOUND, LIMIT * 40 / MARGIN)


async def test_an_arms_own_limit_stops_it_at_once_while_others_are_in_flight() -> None:
    budget = Budget(BudgetSpec(per_arm_usd={"a": Decimal("0.0003")}))
    assert await budget.reserve("b", BOUND) is not None
    held = await budget.reserve("a", BOUND)
    assert held is not None
    budget.settle("a", held, BOUND)
    assert await asyncio.wait_for(budget.reserve("a", BOUND), 1) is None, "nothing can free it"


async def test_later_requests_are_reserved_as_the_worst_bill_was() -> None:
    budget = Budget(BudgetSpec(max_cost_usd=Decimal(1)))
    for cost, amount in (("0.0001", 1), ("0.0005", "2.5"), ("0.0003", "2.5"), ("0.002", 10)):
        held = await budget.reserve("a", BOUND)
        assert held is not None
        budget.settle("a", held, Decimal(cost))
        again = await budget.reserve("a", BOUND)
        assert again is not None
        assert again.amount == BOUND * Decimal(amount)
        budget.release("a", again)
    other = await budget.reserve("b", BOUND)
    assert other is not None
    assert other.amount == BOUND, "each arm has its own"


async def test_a_failed_first_request_does_not_let_the_rest_go() -> None:
    budget = Budget(BudgetSpec(max_cost_usd=Decimal(1)))
    held = await budget.reserve("a", BOUND)
    waiting = asyncio.ensure_future(budget.reserve("a", BOUND))
    third = asyncio.ensure_future(budget.reserve("a", BOUND))
    await asyncio.sleep(0)
    assert held is not None
    assert not waiting.done()
    budget.settle("a", held, Decimal(0))  # a refusal: nobody knows yet what an answer costs
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert waiting.done() != third.done()
    second = await waiting
    assert second is not None
    budget.settle("a", second, None)
    assert await third is not None


async def test_reservations_add_up_and_down_without_a_rest() -> None:
    budget = Budget(BudgetSpec(max_cost_usd=Decimal(1)), worst={"a": Decimal("1.333")})
    for n in range(1, 50):
        held = await budget.reserve("a", Decimal(1) / Decimal(3 * n) / 1_000_000)
        assert held is not None
        budget.settle("a", held, Decimal(0))
    assert budget._reserved["a"] == 0


async def test_without_a_limit_nothing_waits() -> None:
    budget = Budget(BudgetSpec())
    for _ in range(64):
        assert await asyncio.wait_for(budget.reserve("a", BOUND), 1) is not None
    assert await budget.reserve("a", None) is not None


async def test_a_request_that_bills_nobody_passes_a_spent_limit() -> None:
    budget = Budget(BudgetSpec(max_cost_usd=Decimal("0.01")), {"a": Decimal(5)})
    assert await budget.reserve("machine", Decimal(0)) is not None
    assert await budget.reserve("a", Decimal("0.0001")) is None
