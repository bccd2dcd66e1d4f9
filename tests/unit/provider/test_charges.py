"""What a provider says that it charged is believed where it can be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from claimbench.clock import FakeClock
from claimbench.provider.attempt import Tried, try_once
from claimbench.provider.usage import LARGEST_AMOUNT, billed_usd
from claimbench.types import (
    Delta,
    Done,
    Event,
    Intent,
    Message,
    Request,
    SamplingParams,
    Usage,
    UsageReport,
)

REQUEST = Request("c", (Message("user", "Is water wet?"),), SamplingParams(), 64)


class Billed:
    """A provider that charges what the test says."""

    stamp_source = "transport"

    def __init__(self, amount: Decimal | None) -> None:
        self._amount = amount

    async def stream(self, _request: Request) -> AsyncIterator[Event]:
        yield Delta("yes")
        yield UsageReport(Usage(input_fresh=4, output_visible=1), {"cost": "x"}, self._amount)
        yield Done("stop")


def tried(amount: str | None, reserved: str | None) -> Tried:
    usd = None if reserved is None else Decimal(reserved)
    intent = Intent("c", 1, 1, usd, "2026-01-01T00:00:00+00:00")
    provider: Any = Billed(None if amount is None else Decimal(amount))
    return asyncio.run(try_once(provider, REQUEST, FakeClock(), intent=intent, queued_ns=0))


@pytest.mark.parametrize(
    ("amount", "reserved"),
    [("1e9", "0.0003"), ("0.31", "0.0003"), ("1e150", None), ("1e30", "1"), ("20000", "15000")],
)
def test_a_charge_that_no_request_has_leaves_the_cost_open_and_the_answer(
    amount: str, reserved: str | None
) -> None:
    found = tried(amount, reserved)
    assert found.answer.text == "yes"
    assert found.attempt.billed_usd is None
    assert found.attempt.usage is not None
    assert found.attempt.usage.source == "unknown"
    assert found.attempt.usage_raw == {"cost": "x"}
    (said,) = found.remarks
    assert "a charge that cannot be" in said
    assert len(said) < 100


@pytest.mark.parametrize(
    ("amount", "reserved"),
    [
        ("0.0002", "0.0003"),
        ("0.003", "0.0003"),
        ("0.29", "0.0003"),
        ("3", None),
        (None, "1"),
        ("0.1", "0"),
    ],
)
def test_other_charges_stand(amount: str | None, reserved: str | None) -> None:
    found = tried(amount, reserved)
    assert found.attempt.billed_usd == (None if amount is None else Decimal(amount))
    assert found.remarks == ()


@pytest.mark.parametrize(
    ("raw", "usd"),
    [
        ({"cost": "1e-5000"}, "0"),
        ({"cost": 1e-300}, "0"),
        ({"cost": {"total_cost": "0.00000000001"}}, "0"),
        ({"cost_in_usd_ticks": 1}, "1e-10"),
        ({"cost": "0.0000001"}, "0.0000001"),
        ({"cost": "1e5000"}, str(LARGEST_AMOUNT)),
        ({"cost": 1.7e308}, str(LARGEST_AMOUNT)),
        ({"cost": "9" * 5000}, str(LARGEST_AMOUNT)),
        ({"cost_in_usd_ticks": "1e999999"}, "1e20"),
    ],
)
def test_amounts_at_both_ends(raw: dict[str, Any], usd: str) -> None:
    assert billed_usd(raw) == Decimal(usd)
