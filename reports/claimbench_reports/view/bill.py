"""What the run cost, arm by arm and part by part, to the micro-dollar: shown parts add up to the
shown total.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Decimal, localcontext
from itertools import chain

from claimbench.packed import columns
from claimbench.pricing.bill import Spent, least, spent
from claimbench.privacy.visible import visible
from claimbench.types import CallRecord, Cost
from claimbench_reports.view.format import figure
from claimbench_reports.view.inputs import ReportData
from claimbench_reports.view.types import BillPart, BillView

MICRO = Decimal("0.000001")
MOST_HELD = 10_000
"""Different bills that are counted before they are added up."""


def bill_views(data: ReportData) -> tuple[BillView, ...]:
    """Return one bill per arm that was asked; of calls of unknown cost what is surely billed is in
    the sums, and what they may add is said.
    """
    return _bills("bill", [arm.name for arm in data.suite.arms], data.records, data)


def judge_bill_views(data: ReportData) -> tuple[BillView, ...]:
    """Return the same per judge and simulated user, apart: dollars of the experiment, in no arm's
    figures.
    """
    asked = [record for record in data.judge_records if record.attempt > 0]
    names = [helper.name for helper in data.suite.helpers]
    shown = {user.name: f"{user.name} (simulated user)" for user in data.suite.users}
    return _bills("judge_bill", names, asked, data, shown)


def _bills(
    kind: str,
    names: Sequence[str],
    records: Iterable[CallRecord],
    data: ReportData,
    shown: Mapping[str, str] | None = None,
) -> tuple[BillView, ...]:
    costs = data.costs if shown is None else data.judge_costs
    mine = set(names)
    asked: Iterator[tuple[str, str]] = columns(records, "call.arm", "call.id")
    cut_off = ((arm, call_id) for call_id, arm in data.unfinished.items() if arm in mine)
    sums = _Sums()
    with localcontext(prec=60):
        for arm, call_id in chain(asked, cut_off):
            sums.add(arm, costs.get(call_id))
        sums.close()
    return tuple(
        _view_of_arm(
            f"{kind}.{name}",
            (shown or {}).get(name, name),
            sums.parts[name],
            sums.calls(name),
        )
        for name in names
        if sums.calls(name).n
    )


class _Sums:
    """Adds up the bills of many calls by arm. Equal bills are mostly one object, kept once: how
    often each comes is counted, and multiplied in the end.
    """

    def __init__(self) -> None:
        self.parts: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        self._known: Counter[str] = Counter()
        self._open: dict[str, list[Cost | None]] = defaultdict(list)
        self._times: Counter[tuple[str, int]] = Counter()
        self._held: dict[int, Mapping[str, Decimal]] = {}

    def add(self, arm: str, cost: Cost | None) -> None:
        """Take one call; None: nothing is known of it."""
        if cost is None or cost.amount is None:
            self._open[arm].append(cost)
            parts = {} if cost is None else _parts(cost)
        elif cost.components:
            self._known[arm] += 1
            self._count(arm, cost.components)
            return
        else:
            self._known[arm] += 1
            parts = _parts(cost)
        for name, amount in parts.items():
            self.parts[arm][name] += amount

    def _count(self, arm: str, components: Mapping[str, Decimal]) -> None:
        key = arm, id(components)
        if key not in self._times:
            if len(self._held) >= MOST_HELD:
                self.close()
            self._held[id(components)] = components  # as long as its id stands for it
            for name in components:
                self.parts[arm][name] += 0  # parts of equal size are shown as they came first
        self._times[key] += 1

    def close(self) -> None:
        """Add what was counted."""
        for (arm, which), n in self._times.items():
            for name, amount in self._held[which].items():
                self.parts[arm][name] += n * amount
        self._times.clear()
        self._held.clear()

    def calls(self, arm: str) -> Spent:
        """Return an arm's calls: what those of unknown cost surely cost, beside the number of all;
        dollars of the others are in the parts.
        """
        found = spent(self._open[arm])
        return replace(found, n=found.n + self._known[arm])


def _parts(cost: Cost) -> dict[str, Decimal]:
    """Return the parts of what is surely billed for a call; they add up to it."""
    sure = least(cost)
    rest = sure - sum(cost.components.values(), Decimal(0))
    if cost.amount is not None:
        return dict(cost.components) or {cost.basis or "total": sure}
    return {**cost.components, "at_least": rest} if rest > 0 else dict(cost.components)


def _view_of_arm(id_: str, arm: str, parts: Mapping[str, Decimal], calls: Spent) -> BillView:
    known = calls.n > calls.open or bool(parts)
    total, shown = rounded_parts(parts)
    return BillView(
        visible(arm),
        figure(f"{id_}.calls", calls.n, "count"),
        figure(f"{id_}.unknown", calls.open, "count", note=calls.note),
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
