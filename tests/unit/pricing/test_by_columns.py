"""A run's attempts are priced at once where they must be equal: each as it would be alone."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from claimbench.packed import Packed
from claimbench.pricing.arms import ArmPrice
from claimbench.pricing.bill import sum_costs
from claimbench.pricing.calls import cost_run, machine_shares, priced_at, sent_utc
from claimbench.pricing.hosts import parse_host
from claimbench.pricing.stated.contract import contract_price
from claimbench.types import Arm, Attempt, Call, Cost, Outcome, Session, Timing, Usage

AT = st.integers(0, 3 * 60 * 10**9)
TRIES = st.lists(
    st.tuples(
        st.sampled_from(["c1", "c2", "c3", "c4", "c5"]),
        AT,
        st.one_of(
            st.none(),
            st.builds(
                Usage,
                input_fresh=st.sampled_from([None, 10, 11]),
                output_visible=st.sampled_from([3, 4]),
            ),
        ),
        st.sampled_from(["yes", "no", "unknown"]),
        st.sampled_from([None, Decimal(0), Decimal("0.5"), Decimal("0.50")]),
        st.sampled_from([None, {"n": 1}, {"service_tier": "flex"}, {"inference_geo": "us"}]),
    ),
    max_size=40,
)


@pytest.mark.parametrize("as_of", [None, datetime(2026, 3, 1, 9, tzinfo=UTC), date(2026, 3, 1)])
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tries=TRIES, size=st.integers(1, 7))
def test_many_attempts_cost_what_each_costs(tries: list[Any], size: int, as_of: Any) -> None:
    dear = contract_price(
        Arm("a", "openai", "m"), {"input": 3, "output": 9, "flex": {"input": 1, "output": 2}}, ""
    )
    prices = {
        "a": ArmPrice("a", "list_price", price=dear),
        "b": ArmPrice("b", None, why_unknown="nobody knows"),
        "c": ArmPrice("c", "host_time", host=parse_host({"usd_per_hour": 2}, "")),
    }
    session = Session("r", 1, "2026-02-28T23:58:30.250000+00:00", 7, {})
    calls = [
        Call("r", f"c{n}", "t", f"s{n}", 0, name, 0, n) for n, name in enumerate("aaabcd", start=1)
    ]
    rows = []
    for k, (call_id, at, usage, billable, billed, raw) in enumerate(tries):
        timing = Timing(None, 0, at, None, None, (), at + 10**9, "sdk")
        made = (usage, raw, billed, billable)
        rows.append(Attempt(call_id, k + 1, 1, timing, Outcome.OK, 200, *made))
    found = cost_run(prices, [session], calls, Packed.of(Attempt, rows, size), as_of=as_of)
    arms = {call.id: call.arm for call in calls}
    busy = machine_shares(prices, arms, rows)
    want: dict[str, list[Cost]] = {}
    for k, row in enumerate(rows):
        moment = priced_at(sent_utc(row, session), as_of)
        cost = prices[arms[row.call_id]].cost(row, moment, busy_s=busy.get(k))
        want.setdefault(row.call_id, []).append(cost)
        assert repr(found.attempts[k]) == repr(cost)
    assert list(found.calls) == list(want)
    for call_id, costs in want.items():
        total = costs[0] if len(costs) == 1 else sum_costs(costs)
        assert repr(found.calls[call_id]) == repr(total)
