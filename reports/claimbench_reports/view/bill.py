"""What the run cost, arm by arm and part by part, to the micro-dollar: shown parts add up to the
shown total.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Decimal, localcontext

from claimbench.privacy.visible import visible
from claimbench.types import CallRecord, Cost
from claimbench_reports.view.format import figure
from claimbench_reports.view.inputs import ReportData
from claimbench_reports.view.types import BillPart, BillView

MICRO = Decimal("0.000001")


def bill_views(data: ReportData) -> tuple[BillView, ...]:
    """Return one bill per arm that left finished calls; calls of unknown cost are counted and stand
    in no sum.
    """
    return _bills("bill", [arm.name for arm in data.suite.arms], data.records, data.costs)


def judge_bill_views(data: ReportData) -> tuple[BillView, ...]:
    """Return the same per judge, apart: dollars of the experiment, in no arm's figures."""
    asked = [record for record in data.judge_records if record.attempt > 0]
    return _bills(
        "judge_bill", [judge.name for judge in data.suite.judges], asked, data.judge_costs
    )


def _bills(
    kind: str, names: Sequence[str], records: Iterable[CallRecord], costs: Mapping[str, Cost]
) -> tuple[BillView, ...]:
    parts: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    calls: dict[str, int] = defaultdict(int)
    unknown: dict[str, int] = defaultdict(int)
    with localcontext(prec=60):
        for record in records:
            arm, cost = record.call.arm, costs.get(record.call.id)
            calls[arm] += 1
            if cost is None or cost.amount is None:
                unknown[arm] += 1
                continue
            for name, amount in (cost.components or {cost.basis or "total": cost.amount}).items():
                parts[arm][name] += amount
    return tuple(
        _view_of_arm(f"{kind}.{name}", name, parts[name], calls[name], unknown[name])
        for name in names
        if calls[name]
    )


def _view_of_arm(
    id_: str, arm: str, parts: Mapping[str, Decimal], calls: int, unknown: int
) -> BillView:
    known = calls > unknown
    total, shown = rounded_parts(parts)
    return BillView(
        visible(arm),
        figure(f"{id_}.calls", calls, "count"),
        figure(f"{id_}.unknown", unknown, "count"),
        tuple(
            BillPart(
                visible(name.replace("_", " ")), figure(f"{id_}.{name}", float(usd), "usd_micro")
            )
            for name, usd in shown.items()
        ),
        figure(f"{id_}.total", float(total) if known else None, "usd_micro"),
    )


def rounded_parts(parts: Mapping[str, Decimal]) -> tuple[Decimal, dict[str, Decimal]]:
    """Return the total to the micro-dollar (half to even), and parts that add up to exactly it.

    Each part is cut to the micro-dollar; what is missing goes, one each, to the parts that lost
    most.
    """
    with localcontext(prec=60):
        total = sum(parts.values(), Decimal(0)).quantize(MICRO, rounding=ROUND_HALF_EVEN)
        cut = {name: amount.quantize(MICRO, rounding=ROUND_FLOOR) for name, amount in parts.items()}
        missing = int((total - sum(cut.values(), Decimal(0))) / MICRO)
        losers = sorted(parts, key=lambda name: cut[name] - parts[name])
        for name in losers[:missing]:
            cut[name] += MICRO
    return total, dict(sorted(cut.items(), key=lambda entry: -entry[1]))
