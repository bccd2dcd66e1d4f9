"""Stopping when decided, wired to a run: which calls come before the next look, and what a look has
seen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from claimbench.claims.look_schedule import rule_of
from claimbench.claims.stopping import CONTINUE
from claimbench.claims.types import ClaimContext
from claimbench.tables.types import CallTable, ItemTable
from claimbench.types import Call, Look, Suite

if TYPE_CHECKING:
    from claimbench.run.loop import Runs
    from claimbench.store.results import ResultsStore, RunWriter

StoredTables = Callable[[], tuple[ItemTable, CallTable, ClaimContext]]
"""The tables and context of what is stored so far."""


class LookSegments:
    """Runs a plan up to each look, asks the rule, and goes on only while it says so."""

    def __init__(
        self, suite: Suite, calls: Sequence[Call], done: Sequence[Look], judged: StoredTables
    ) -> None:
        self._suite, self._calls, self._done, self._judged = suite, calls, list(done), judged

    async def run(
        self, runner: Runs, remaining: Sequence[Call], store: ResultsStore, writer: RunWriter
    ) -> None:
        """See :class:`Segments`."""
        del store  # the tables come through ``judged``
        rule = rule_of(self._suite, self._calls, self._done)
        order = list(dict.fromkeys(f"{call.task}/{call.sample_id}" for call in self._calls))
        left = list(remaining)
        while (upto := rule.next_items) is not None:
            allowed = set(order[:upto])
            progress = await runner.run(
                [call for call in left if f"{call.task}/{call.sample_id}" in allowed]
            )
            left = [call for call in left if f"{call.task}/{call.sample_id}" not in allowed]
            if progress.ended is not None or any(
                arm.stopped is not None for arm in progress.arms.values()
            ):
                return  # an incomplete look is no look
            writer.flush()
            items, calls, context = self._judged()
            look = rule.look(self._calls[0].run_id, items, calls, context)
            writer.look(look)
            progress.notes.append(
                f"look {look.k} of {look.looks_planned} at {look.items} items: {look.decision}"
            )
            if look.decision != CONTINUE:
                return


class Segments(Protocol):
    """Cuts a plan at looks and says after each whether to go on."""

    async def run(
        self, runner: Runs, remaining: Sequence[Call], store: ResultsStore, writer: RunWriter
    ) -> None:
        """Run ``remaining`` part by part until decided or done."""
        ...
