"""The tables of a claim by turn: one row per conversation, one arm per view.

A conversation has a row where it has every turn that the claim names, a pair of them at a time
(for accuracy: with a target), so that turns are compared within conversations and a conversation
weighs the same however long it is. Clusters stay those of the run. Dollars of a whole conversation
are known where every turn was asked; one that its model ended counts as a failed call, for a price
per conversation would else fall with every refusal.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from claimbench.claims.readings.failures import whole_text
from claimbench.claims.turns.views import View, views_of
from claimbench.claims.types import ClaimContext, RouteFacts
from claimbench.tables.ragged import ragged
from claimbench.tables.subset import kept, known_columns, rows_of
from claimbench.tables.types import (
    ArmItems,
    CallRows,
    CallTable,
    FloatArray,
    IntArray,
    ItemTable,
    StrArray,
)
from claimbench.types import Claim, Outcome, Reason

BY_ARM = (
    "profiles",
    "arms_not_run",
    "list_prices",
    "hosts",
    "instrument_error_s",
    "judges_like",
    "concurrency",
    "devices",
)
"""What a view has from its arm as it is."""
BY_ITEM = ("human_scores", "unlabelled", "silent")
"""What a view has from its arm, item by item."""
SETS = ("loopback", "deterministic", "other_runs")


@dataclass(frozen=True)
class Viewed:
    """The tables and the context of a claim by turn; ``note``: what its items are."""

    items: ItemTable
    calls: CallTable
    context: ClaimContext
    note: Reason


def viewed(claim: Claim, items: ItemTable, calls: CallTable, ctx: ClaimContext) -> Viewed | None:
    """Return what a claim by turn is judged on; None for other claims, and where that is done.

    A run without conversations gives tables without items.
    """
    views = views_of((*claim.treatments, *claim.baselines))
    if not views or items.turns is None:
        return None
    numbers = sorted({view.number for view in views.values() if view.number is not None})
    whole = any(view.whole for view in views.values())
    of = _Conversations(items, claim, numbers or None, whole=whole)
    arms, rows = {}, {}
    for name, view in views.items():
        if view.arm not in items.arms:
            continue
        if view.whole:
            arms[name], rows[name] = of.wholes(view.arm, calls.arms[view.arm])
        else:
            picked = of.items_of(view)
            arms[name] = replace(items.arms[view.arm], **kept(items.arms[view.arm], picked))
            rows[name] = of.calls_of(picked, calls.arms[view.arm])
    context = _context(ctx, views, of)
    return Viewed(of.table(arms), CallTable(rows), context, of.note(arms))


def pairs_of_turns(claim: Claim) -> dict[str, Claim]:
    """Return a claim about several pairs of different turns as one claim for each pair, by what it
    is called: each is asked of every conversation that has its own two turns, however long the
    others are. Other claims come back as they are.
    """
    views = views_of((*claim.treatments, *claim.baselines)).values()
    pairs = list(itertools.product(claim.treatments, claim.baselines))
    if len(pairs) < 2 or len({view.number for view in views}) < 2:
        return {"": claim}
    return {
        f"{ours} against {theirs}": replace(claim, treatments=(ours,), baselines=(theirs,))
        for ours, theirs in pairs
    }


class _Conversations:
    """The conversations of a table that a claim is about, in its order.

    Attributes:
        first: the item by which each is known (its cluster, task and slices).
        members: its items by turn; shape (conversations, turns asked of), or all turns as rows of
            their own where no turn is named.
    """

    def __init__(
        self, items: ItemTable, claim: Claim, numbers: Sequence[int] | None, *, whole: bool
    ) -> None:
        assert items.turns is not None  # noqa: S101 - the caller looked
        self.items, self.numbers, self.whole = items, numbers, whole
        number, names = items.turns.number, items.turns.conversation
        inside = np.flatnonzero(number > 0)
        if claim.kind == "accuracy":
            inside = inside[items.meant(number > 0)[inside]]
        by_name: dict[str, dict[int, int]] = {}
        for item in inside.tolist():
            by_name.setdefault(str(names[item]), {})[int(number[item])] = item
        self.n_all = len({str(name) for name in names[number > 0]})
        if numbers is not None:
            held = [of for of in by_name.values() if all(n in of for n in numbers)]
            self.groups = [[of[n] for n in numbers] for of in held]
        elif whole:
            self.groups = [list(of.values()) for of in by_name.values()]
        else:
            self.groups = [[item] for item in inside.tolist()]
        self.first: IntArray = np.asarray([group[0] for group in self.groups], dtype=np.int64)

    def items_of(self, view: View) -> IntArray:
        """Return the item of a view in each conversation."""
        at = 0 if self.numbers is None or view.number is None else self.numbers.index(view.number)
        return np.asarray([group[at] for group in self.groups], dtype=np.int64)

    def calls_of(self, picked: IntArray, rows: CallRows) -> CallRows:
        """Return the calls of some items, each by its conversation."""
        place: IntArray = np.full(len(self.items.items), -1, dtype=np.int64)
        place[picked] = np.arange(len(picked))
        return rows_of(rows, place[rows.item] >= 0, place)

    def wholes(self, arm: str, calls: CallRows) -> tuple[ArmItems, CallRows]:
        """Return an arm's conversations as one item and one call each (of each epoch)."""
        rows = self.items.arms[arm]
        ended: IntArray = np.bincount(
            calls.item[calls.outcome == Outcome.ENDED.value], minlength=len(self.items.items)
        )
        made = replace(rows, **_folded(rows, ITEMS_AS_ONE, self.groups))
        lost = _most(rows.n_errors + ended, self.groups)
        # What no request could be sent for has no share in the answers that were served.
        failed = np.minimum(lost, made.n_calls)
        # a conversation that a fault ended failed: that its later turns were not asked is no news
        fault = _most(rows.n_errors - rows.n_not_asked, self.groups) > 0
        over = np.where(fault, 0, np.minimum(made.n_not_asked, failed))
        by_arm = np.minimum(made.n_ended, over)
        made = replace(made, n_errors=failed, n_missing=failed, n_not_asked=over, n_ended=by_arm)
        return made, self._whole_calls(calls)

    def _whole_calls(self, calls: CallRows) -> CallRows:
        """Return one call per conversation and epoch: tokens summed, times unknown."""
        place: IntArray = np.full(len(self.items.items), -1, dtype=np.int64)
        for number, group in enumerate(self.groups):
            place[group] = number
        mine = np.flatnonzero(place[calls.item] >= 0)
        keys = [(int(place[calls.item[i]]), int(calls.epoch[i])) for i in mine.tolist()]
        of: dict[tuple[int, int], list[int]] = {}
        for key, index in zip(keys, mine.tolist(), strict=True):
            of.setdefault(key, []).append(index)
        groups = list(of.values())
        folded = _folded(calls, CALLS_AS_ONE, groups)
        folded["item"] = np.asarray([conversation for conversation, _ in of], dtype=np.int64)
        gaps = ragged(calls.chunk_gaps_s).emptied(np.ones(len(calls.item), dtype=np.bool_))
        chosen: Any = np.zeros(len(calls.item), dtype=np.bool_)
        chosen[[group[-1] for group in groups]] = True
        return replace(calls, **folded, chunk_gaps_s=gaps.only(chosen))

    def table(self, arms: Mapping[str, ArmItems]) -> ItemTable:
        """Return the table of the conversations."""
        items, first = self.items, self.first
        assert items.turns is not None  # noqa: S101 - the caller looked
        names: StrArray = items.turns.conversation[first]
        bare = None
        if items.unscored is not None and not self.whole:
            bare = np.asarray(
                [any(items.unscored[item] for item in group) for group in self.groups],
                dtype=np.bool_,
            )
        alone = self.numbers is None and not self.whole
        return ItemTable(
            items=tuple(items.items[i] for i in first.tolist()) if alone else tuple(names.tolist()),
            task=items.task[first],
            cluster=items.cluster[first],
            slices={name: column[first] for name, column in items.slices.items()},
            arms=arms,
            twins=items.twins,
            unscored=bare,
        )

    def note(self, arms: Mapping[str, ArmItems]) -> Reason:
        """Say what the items are, how many conversations were left out, and of wholes how many of
        each view in ``arms`` were answered to their end.
        """
        n = len(self.groups)
        if self.whole:
            everything = np.ones(n, dtype=np.bool_)
            told = [whole_text(name, rows, everything) for name, rows in arms.items()]
            return Reason("by_turn", f"conversations answered to their end: {', '.join(told)}")
        if self.numbers is None:
            return Reason("by_turn", f"{n:,} turns of {self.n_all:,} conversations")
        which = "with " + _named(self.numbers)
        left = self.n_all - n
        more = f"; {left:,} without, left out" if left else ""
        return Reason("by_turn", f"{n:,} conversations {which}{more}")


def _named(numbers: Sequence[int]) -> str:
    words = " and ".join(str(number) for number in numbers)
    return f"turn {words}" if len(numbers) == 1 else f"turns {words}"


Groups = Sequence[Sequence[int]]
Fold = Callable[[Any, Groups], Any]
"""A column, and the rows that become one row -> the column of those rows."""


def _folded(rows: ArmItems | CallRows, how: Mapping[str, Fold], groups: Groups) -> dict[str, Any]:
    """Fold every column that is known; a column without a fold is an error, never left as it is."""
    return {name: how[name](value, groups) for name, value in known_columns(rows).items()}


def _summed(values: FloatArray, groups: Groups) -> FloatArray:
    """Sum each group; nan where a part of it is not known."""
    return np.asarray([values[list(group)].sum() for group in groups], dtype=np.float64)


def _most(values: IntArray, groups: Groups) -> IntArray:
    return np.asarray([values[list(group)].max() for group in groups], dtype=np.int64)


def _least(values: IntArray, groups: Groups) -> IntArray:
    return np.asarray([values[list(group)].min() for group in groups], dtype=np.int64)


def _last(values: Any, groups: Groups) -> Any:
    return values[np.asarray([group[-1] for group in groups], dtype=np.int64)]


def _unknown(_values: FloatArray, groups: Groups) -> FloatArray:
    return np.full(len(groups), np.nan)


def _none(_values: IntArray, groups: Groups) -> IntArray:
    return np.zeros(len(groups), dtype=np.int64)


_DOLLARS: Mapping[str, Fold] = dict.fromkeys(
    ("usd", "usd_low", "usd_high", "priced", "priced_low", "priced_high"), _summed
)
ITEMS_AS_ONE: Mapping[str, Fold] = {
    **_DOLLARS,
    **dict.fromkeys(("busy_s", "mean_e2e_s"), _summed),
    **dict.fromkeys(("score", "score_var", "score_errors_wrong"), _unknown),
    "score_without_refusals": _unknown,
    **dict.fromkeys(("n_calls", "n_finished"), _least),
    **dict.fromkeys(("n_missing", "n_errors", "n_refused", "n_truncated", "n_empty"), _most),
    **dict.fromkeys(("n_timeout", "n_cached", "n_not_asked", "n_ended"), _most),
    **dict.fromkeys(("n_epochs", "n_unparsable"), _none),
}
"""Column of :class:`ArmItems` -> how the turns of a conversation become one item."""
CALLS_AS_ONE: Mapping[str, Fold] = {
    **_DOLLARS,
    **dict.fromkeys(("n_in", "n_out", "n_reasoning", "cache_read", "busy_s"), _summed),
    **dict.fromkeys(("n_chars", "most_tokens"), _summed),
    **dict.fromkeys(("ttft_s", "first_answer_s", "tpot_s", "e2e_s", "felt_s"), _unknown),
    **dict.fromkeys(("e2e_with_retries_s", "queue_s", "opened_s", "score"), _unknown),
    **dict.fromkeys(("call_id", "item", "cluster", "epoch", "session", "block"), _last),
    **dict.fromkeys(("outcome", "sent_utc_s", "cached", "stamp_source", "node_type"), _last),
    "n_attempts": _most,
}
"""Column of :class:`CallRows` -> how the calls of a conversation become one call."""


def _context(ctx: ClaimContext, views: Mapping[str, View], of: _Conversations) -> ClaimContext:
    """Return the context in which views are arms."""
    changed: dict[str, Any] = {}
    for field in BY_ARM:
        known = getattr(ctx, field)
        mine = {name: known[view.arm] for name, view in views.items() if view.arm in known}
        changed[field] = {**known, **mine}
    for field in BY_ITEM:
        known = getattr(ctx, field)
        changed[field] = {
            name: known[view.arm][of.items_of(view)]
            for name, view in views.items()
            if view.arm in known and not view.whole
        }
    for field in SETS:
        known = getattr(ctx, field)
        changed[field] = known | {name for name, view in views.items() if view.arm in known}
    if ctx.in_both is not None:
        changed["in_both"] = np.asarray(
            [all(ctx.in_both[item] for item in group) for group in of.groups], dtype=np.bool_
        )
    if ctx.groups_in_both is not None:
        changed["groups_in_both"] = ctx.groups_in_both[of.first]
    # A route's turns are those of conversations that other arms held.
    unfair = Reason("route_by_turn")
    made = {name: ctx.routes[view.arm] for name, view in views.items() if view.arm in ctx.routes}
    changed["routes"] = {
        name: RouteFacts((), facts.said, unfair=unfair, by_task=facts.by_task)
        for name, facts in made.items()
    }
    if of.whole:
        longest = max((len(group) for group in of.groups), default=1)
        changed["max_tokens"] = {task: n * longest for task, n in ctx.max_tokens.items()}
    return replace(ctx, **changed, pairs=None)
