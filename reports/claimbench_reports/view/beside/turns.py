"""What arms did by turn of a task's conversations, and what a whole conversation cost."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from claimbench import stats
from claimbench.tables.types import BoolArray, IntArray, TurnsOfItems
from claimbench.types import NOT_ASKED
from claimbench_reports.view import measure
from claimbench_reports.view.beside.types import ArmTurnsView, TurnsView, TurnView
from claimbench_reports.view.format import Figure, figure
from claimbench_reports.view.inputs import ReportData


def turns_views(data: ReportData, clean: Callable[[str], str]) -> tuple[TurnsView, ...]:
    """Return each task with conversations by arm and turn; ``clean`` masks foreign text. Routes
    have held none.
    """
    turns = data.items.turns
    if turns is None:
        return ()
    codes = stats.cluster_codes(data.items.cluster)
    found = []
    for task in data.suite.tasks:
        mine: BoolArray = (data.items.task == task.name) & (turns.number > 0)
        if not mine.any():
            continue
        arms = [
            _arm(data, arm, task.name, mine, codes, clean)
            for arm, rows in data.items.arms.items()
            if arm not in data.context.routes and rows.n_finished[mine].any()
        ]
        n = len(np.unique(turns.conversation[mine]))
        at = f"turns.{task.name}.conversations"
        found.append(TurnsView(clean(task.name), figure(at, n, "count"), tuple(arms)))
    return tuple(found)


def _arm(
    data: ReportData,
    arm: str,
    task: str,
    mine: BoolArray,
    codes: IntArray,
    clean: Callable[[str], str],
) -> ArmTurnsView:
    turns = data.items.turns
    assert turns is not None  # noqa: S101 - the caller looked
    rows = []
    for number in np.unique(turns.number[mine]).tolist():
        rows.append(_turn(data, arm, f"turns.{task}.{arm}.{number}", number, mine, codes))
    at = f"turns.{task}.{arm}"
    usd, whole = _whole(data, arm, at, mine, codes)
    return ArmTurnsView(clean(arm), tuple(rows), usd, whole)


def _turn(
    data: ReportData, arm: str, at: str, number: int, mine: BoolArray, codes: IntArray
) -> TurnView:
    turns = data.items.turns
    assert turns is not None  # noqa: S101 - the caller looked
    inside: BoolArray = mine & (turns.number == number)
    scope = measure.ItemScope(inside, codes, data.suite.alpha)
    rows, calls = data.items.arms[arm], data.calls.arms[arm]
    of = measure.call_scope(calls, codes, inside, data.suite.alpha)
    over = np.isin(calls.outcome, [outcome.value for outcome in NOT_ASKED])
    ended = int((inside[calls.item] & over).sum())
    meant = inside if data.items.unscored is None else inside & ~data.items.unscored
    quality = measure.quality(f"{at}.quality", rows, measure.ItemScope(meant, codes, scope.alpha))
    if not meant.any():
        quality = figure(f"{at}.quality", None, "percent", unknown="no target")
    return TurnView(
        number=number,
        asked=figure(f"{at}.asked", int(inside[calls.item].sum()) - ended, "count"),
        ended=figure(f"{at}.ended", ended, "count"),
        quality=quality,
        ttft=measure.quantile(f"{at}.ttft", calls.ttft_s, 0.5, of),
        tokens_in=measure.mean_or_unknown(f"{at}.tokens_in", calls.n_in, of.keep),
        usd_1k=measure.usd_1k(f"{at}.usd_1k", rows, scope),
    )


def _whole(
    data: ReportData, arm: str, at: str, mine: BoolArray, codes: IntArray
) -> tuple[Figure, Figure]:
    """Return the mean dollars of a conversation, of those whose every turn was asked and priced,
    and how many those are.
    """
    turns: TurnsOfItems | None = data.items.turns
    assert turns is not None  # noqa: S101 - the caller looked
    usd = data.items.arms[arm].usd
    names, of = np.unique(turns.conversation[mine], return_inverse=True)
    sums = np.bincount(of, weights=usd[mine], minlength=len(names))  # nan where one is unknown
    first = np.zeros(len(names), dtype=np.int64)
    first[of[::-1]] = np.flatnonzero(mine)[::-1]
    known = np.isfinite(sums)
    n = int(known.sum())
    note = f"{n:,} of {len(names):,} conversations: those whose every turn was asked and priced"
    whole = figure(f"{at}.whole", n, "count", note=f"of {len(names):,}")
    name = f"{at}.conversation_usd"
    if not n:
        return figure(name, None, "usd", unknown="unknown", note=note), whole
    interval = stats.mean_ci(sums[known], codes[first[known]], data.suite.alpha)
    return measure.from_interval(name, interval, "usd", 1.0, note), whole
