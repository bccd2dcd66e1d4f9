"""The parts in which a session sends its calls: all at once, or up to each interim look."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from claimbench.claims.looks.schedule import rule_of
from claimbench.claims.looks.stopping import CONTINUE
from claimbench.claims.types import ClaimContext
from claimbench.tables.types import CallTable, ItemTable
from claimbench.types import Call, Look, Note, NoteKind, Suite

if TYPE_CHECKING:
    from claimbench.run.progress import Runs
    from claimbench.store.results import RunWriter

StoredTables = Callable[[], tuple[ItemTable, CallTable, ClaimContext]]
"""Reads the tables and the context of what is stored so far."""


class Segments(Protocol):
    """Cut the calls of a session into parts, and say after each whether to go on."""

    async def run(self, runner: Runs, remaining: Sequence[Call], writer: RunWriter) -> None:
        """Run ``remaining`` part by part until decided or done; ``writer`` keeps the looks."""
        ...


class WholePlan(Segments):
    """Run everything in one part."""

    async def run(
        self,
        runner: Runs,
        remaining: Sequence[Call],
        writer: RunWriter,  # noqa: ARG002 - the protocol's
    ) -> None:
        """Run ``remaining`` to its end."""
        await runner.run(remaining)


def _item(call: Call) -> str:
    return f"{call.task}/{call.sample_id}"


class LookSegments(Segments):
    """Run a plan up to each look, ask the rule, and go on only while it says so.

    Args:
        suite: its claims are what a look decides.
        calls: the whole plan, in its order.
        done: looks that earlier sessions took.
        judged: reads what is stored so far.
    """

    def __init__(
        self, suite: Suite, calls: Sequence[Call], done: Sequence[Look], judged: StoredTables
    ) -> None:
        self._suite = suite
        self._calls = calls
        self._done = list(done)
        self._judged = judged

    async def run(self, runner: Runs, remaining: Sequence[Call], writer: RunWriter) -> None:
        """Run ``remaining`` look by look until every claim is decided, or the plan is done."""
        rule = rule_of(self._suite, self._calls, self._done)
        order = list(dict.fromkeys(_item(call) for call in self._calls))
        left = list(remaining)
        while (upto := rule.next_items) is not None:
            allowed = set(order[:upto])
            progress = await runner.run([call for call in left if _item(call) in allowed])
            left = [call for call in left if _item(call) not in allowed]
            stopped = any(arm.stopped is not None for arm in progress.arms.values())
            if progress.ended is not None or stopped:
                return  # an incomplete look is no look
            writer.flush()
            items, calls, context = self._judged()
            look = rule.look(self._calls[0].run_id, items, calls, context)
            writer.look(look)
            text = f"look {look.k} of {look.looks_planned} at {look.items} items: {look.decision}"
            progress.notes.append(Note(NoteKind.LOOK, text))
            if look.decision != CONTINUE:
                return
