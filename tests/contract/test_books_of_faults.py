"""What an attempt that failed has cost: by its usage where its answer came to an end, unknown where
it broke off.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from claimbench.pricing.arms import ArmPrice
from claimbench.pricing.model import Era, Price, Rate
from claimbench.transport.exchange import Reply
from claimbench.types import Cost, Outcome

from .streams import PROTOCOLS, chunk, regular, reply, sse, tried

PRICE = Price("p", "m1", "v", (Era(None, {"input": Rate(Decimal(1)), "output": Rate(Decimal(4))}),))
NOW = datetime(2026, 11, 29, tzinfo=UTC)
USAGE: dict[str, dict[str, Any]] = {
    "chat": {"prompt_tokens": 20, "completion_tokens": 5},
    "responses": {"input_tokens": 20, "output_tokens": 5},
    "messages": {"input_tokens": 20, "output_tokens": 5},
    "gemini": {"promptTokenCount": 20, "candidatesTokenCount": 5, "totalTokenCount": 25},
}
PIECES = ["The team is ", "billing"]


def cost_of(attempt: Any) -> Cost:
    return ArmPrice("a", "list_price", PRICE).cost(attempt, NOW)


@pytest.mark.parametrize("protocol", ["chat", "messages", "gemini"])
def test_a_fault_that_reports_usage_costs_its_tokens(protocol: str) -> None:
    rows = regular(protocol, PIECES, USAGE[protocol], "error")
    found = tried(protocol, reply(sse(rows)))
    assert found.attempt.outcome is Outcome.SERVER_FAULT
    assert cost_of(found.attempt).amount == Decimal(20 + 4 * 5) / 10**6


def test_a_failed_response_costs_the_tokens_that_it_states() -> None:
    end = {"status": "failed", "error": {"message": "lost"}, "usage": USAGE["responses"]}
    rows = regular("responses", PIECES)[:-1]
    rows.append({"type": "response.failed", "response": end})
    found = tried("responses", reply(sse(rows)))
    assert found.attempt.outcome is Outcome.SERVER_FAULT
    assert cost_of(found.attempt).amount == Decimal(20 + 4 * 5) / 10**6


def broken(protocol: str) -> Reply:
    """A stream that reports its usage so far with each piece, and breaks off."""
    so_far = USAGE[protocol]
    if protocol == "messages":
        head = {"type": "message_start", "message": {"model": "m1", "usage": so_far}}
        return reply(sse([head, *regular(protocol, PIECES)[1:3]]))
    if protocol == "chat":
        return reply(sse(chunk({"content": piece}, usage=so_far) for piece in PIECES))
    if protocol == "gemini":
        rows = regular(protocol, PIECES)[:2]
        return reply(sse(row | {"usageMetadata": so_far} for row in rows))
    return reply(sse(regular(protocol, PIECES)[:-1]))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_usage_of_an_answer_that_broke_off_is_a_part_and_no_bill(protocol: str) -> None:
    found = tried(protocol, broken(protocol))
    assert found.attempt.outcome is Outcome.INCOMPLETE_STREAM
    assert cost_of(found.attempt).amount is None
    if protocol != "responses":
        assert found.attempt.usage_raw is not None
        assert found.attempt.usage is not None
        assert found.attempt.usage.source == "unknown"


@pytest.mark.parametrize("cost", [{"cost": 0.5}, {"cost_in_usd_ticks": 5}])
def test_an_amount_stated_before_the_break_is_none_of_the_whole(cost: dict[str, Any]) -> None:
    usage = USAGE["chat"] | cost
    found = tried("chat", reply(sse([chunk({"content": "bill"}, usage=usage)])))
    assert found.attempt.billed_usd is None
    assert cost_of(found.attempt).amount is None


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_an_error_in_the_middle_leaves_the_bill_open(protocol: str) -> None:
    rows = regular(protocol, PIECES)[:2]
    error = {"error": {"message": "lost"}}
    rows.append({"type": "error", **error} if protocol in ("messages", "responses") else error)
    found = tried(protocol, reply(sse(rows)))
    assert found.attempt.outcome is Outcome.SERVER_FAULT
    assert cost_of(found.attempt).amount is None
