"""A bill adds up the same whether equal bills are counted or added one by one."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from decimal import Decimal

import pytest

from claimbench.types import Cost
from claimbench_reports.view import bill
from claimbench_reports.view.inputs import ReportData


def with_equal_bills(data: ReportData) -> ReportData:
    """Every second call costs the very same; some are unknown, some have no parts, some no cost."""
    same = {"input": Decimal("0.000123"), "output": Decimal("0.00004567")}
    costs: dict[str, Cost] = {}
    for k, (call_id, cost) in enumerate(data.costs.items()):
        if k % 2:
            costs[call_id] = Cost(Decimal("0.00016867"), basis="list_price", components=same)
        elif k % 10 == 4:
            low, high = Decimal("0.0001"), Decimal("0.0009")
            costs[call_id] = Cost(None, low=low, high=high, why_unknown="no usage")
        elif k % 10 == 6:
            costs[call_id] = Cost(Decimal("0.002"), basis="billed")
        elif k % 10:
            costs[call_id] = cost
    return replace(data, costs=costs)


def test_totals_are_the_sums_of_the_calls(data: ReportData) -> None:
    data = with_equal_bills(data)
    known: dict[str, Decimal] = defaultdict(Decimal)
    calls: dict[str, int] = defaultdict(int)
    open_: dict[str, int] = defaultdict(int)
    for record in data.records:
        cost = data.costs.get(record.call.id)
        calls[record.call.arm] += 1
        open_[record.call.arm] += cost is None or cost.amount is None
        if cost is not None:
            known[record.call.arm] += cost.amount or cost.low or 0
    views = bill.bill_views(data)
    assert [view.arm for view in views] == ["coder-local", "smol-local", "api-large"]
    for view in views:
        assert (view.calls.value, view.unknown.value) == (calls[view.arm], open_[view.arm])
        assert view.total.value == float(round(known[view.arm], 6))


@pytest.mark.parametrize("held", [1, 2])
def test_bills_are_the_same_however_few_are_held(
    data: ReportData, monkeypatch: pytest.MonkeyPatch, held: int
) -> None:
    data = with_equal_bills(data)
    whole = bill.bill_views(data)
    monkeypatch.setattr(bill, "MOST_HELD", held)
    assert bill.bill_views(data) == whole
