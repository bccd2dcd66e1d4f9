"""Bills of calls whose process died: what is known stays in every sum, the rest has its bound."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from claimbench.evaluation.dollars.in_flight import WHY, as_attempts, of_stored, with_these
from claimbench.pricing.bill import least, spent
from claimbench.pricing.calls import RunCosts, sent_utc
from claimbench.types import Call, Cost, Intent, Session

D = Decimal
SESSION = Session("r", 1, "2026-11-30T10:00:00+00:00", 5_000_000_000, {})
OPEN = Cost(None, low=D(0), high=D("0.5"), why_unknown="no usage")
PARTLY = Cost(None, low=D("0.25"), high=D("0.75"), components={"input": D("0.25")})
UNBOUNDED = Cost(None, components={"input": D("0.25")}, why_unknown="no usage")


def call(name: str) -> Call:
    return Call("r", name, "t", name, 0, "a", 1, 0)


@pytest.mark.parametrize(
    ("intent", "counts"),
    [
        (Intent("c", 2, 1, D("0.5"), "2026-11-30T10:00:03+00:00"), True),
        (Intent("c", 2, 1, None, "2026-11-30T10:00:03+00:00"), True),  # nothing bounds it
        (Intent("c", 2, 1, D(0), "2026-11-30T10:00:03+00:00"), False),  # a machine by the hour
        (Intent("judged", 1, 1, D("0.5"), "2026-11-30T10:00:03+00:00"), False),  # of a judge
    ],
)
def test_a_send_without_an_end_is_an_attempt_that_nobody_stated_the_bill_of(
    intent: Intent, counts: bool
) -> None:
    found = as_attempts((intent,), (SESSION,), (call("c"),))
    assert len(found) == counts
    for attempt in found:
        assert (attempt.call_id, attempt.number, attempt.session) == ("c", 2, 1)
        assert (attempt.billable, attempt.usage, attempt.error) == ("unknown", None, WHY)
        assert attempt.reserved_usd == intent.reserved_usd
        assert sent_utc(attempt, SESSION) == datetime(2026, 11, 30, 10, 0, 3, tzinfo=UTC)


def test_the_costs_of_attempts_stay_those_that_are_stored() -> None:
    intent = Intent("c", 1, 1, D("0.5"), "2026-11-30T10:00:03+00:00")
    lost = as_attempts((intent,), (SESSION,), (call("c"),))
    assert list(with_these((), lost)) == list(lost)
    assert with_these(lost, ()) is lost
    costs = RunCosts((Cost(D(1)), OPEN), {"c": OPEN})
    assert list(of_stored(costs, lost).attempts) == [Cost(D(1))]
    assert of_stored(costs, lost).calls == costs.calls


@pytest.mark.parametrize(
    ("costs", "usd", "note"),
    [
        ([Cost(D(1)), Cost(D(2))], D(3), ""),
        ([], None, ""),
        ([None], None, "1 call of unknown cost"),
        ([OPEN], None, "1 call of unknown cost: at most $0.500 more"),
        ([Cost(D(1)), OPEN, PARTLY], D("1.25"), "2 calls of unknown cost: at most $1.00 more"),
        ([Cost(D(1)), UNBOUNDED], D("1.25"), "1 call of unknown cost"),
        ([Cost(D(1)), OPEN, None], D(1), "2 calls of unknown cost"),
        ([PARTLY], D("0.25"), "1 call of unknown cost: at most $0.500 more"),
    ],
)
def test_a_sum_drops_nothing_that_is_surely_billed(
    costs: list[Cost | None], usd: Decimal | None, note: str
) -> None:
    found = spent(costs)
    assert (found.usd, found.note) == (usd, note)
    assert found.known == sum((least(cost) for cost in costs if cost), D(0))
