"""Calls of tools that never reached us as calls: a server that does not read them out of what its
model writes makes an arm that calls nothing, whatever its model does.

``llama_cpp.server`` is one. That an arm's answers spell calls in their text while the protocol
carried none of them in the whole run tells of the server, not of the model, so that nothing is
decided about tasks with tools. A single carried call shows that the server reads them: what it
leaves in a text is then the model's own fault.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from claimbench.claims.types import ClaimContext, Leaf, Uncarried
from claimbench.packed import columns
from claimbench.scorers.tools.carried import CARRIED, SPELLED
from claimbench.tables.types import CallTable, ItemTable
from claimbench.types import Reason, Score

CODE = "calls_in_text"
"""The reason, and the key under ``allow`` that accepts it."""


def uncarried_calls(
    scores: Iterable[Score], items: ItemTable, calls: CallTable
) -> dict[str, Uncarried]:
    """Return the arms whose calls were all left in the text."""
    told = columns(scores, "call_id", "parts")
    seen = {call_id: parts for call_id, parts in told if CARRIED in parts}
    found: dict[str, Uncarried] = {}
    for arm, rows in calls.arms.items() if seen else ():
        known = [seen.get(one) for one in rows.call_id.tolist()]
        spelled = [parts is not None and parts.get(SPELLED, 0.0) > 0 for parts in known]
        if any(spelled) and not any(parts is not None and parts[CARRIED] for parts in known):
            offered = np.asarray([parts is not None for parts in known])
            tasks = frozenset(items.task[rows.item[offered]].tolist())
            found[arm] = Uncarried(sum(spelled), int(offered.sum()), tasks)
    return found


def calls_in_text(arm: str, leaf: Leaf, items: ItemTable, ctx: ClaimContext) -> Reason | None:
    """Return what is to be said of an arm on a claim's tasks, or None."""
    left = ctx.uncarried.get(arm)
    if left is None or not left.tasks & set(items.task[leaf.mask].tolist()):
        return None
    detail = (
        f"{arm}: {left.spelled:,} of {left.answers:,} answers spell a call, and none came as one"
    )
    return Reason(CODE, detail)
