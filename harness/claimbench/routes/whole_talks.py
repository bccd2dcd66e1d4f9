"""Conversations along a route. One whose turns went different ways has not taken place: each arm's
later turns follow its own answers, with its own context and bill.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from claimbench.routes.paths import Found, Path
from claimbench.tables.types import CallTable, ItemTable


def without_split(found: Found, items: ItemTable, calls: CallTable) -> Found:
    """Return a route's paths without those of tasks in which a conversation asked more than one arm
    (or one arm's repeats of several epochs), and why those tasks have none (``split``).

    All conversations of such a task are left out, for those that went one way are not like the
    others.
    """
    split = split_tasks(found.paths, items, calls)
    if not split:
        return found
    kept = tuple(path for path in found.paths if str(items.task[path.item]) not in split)
    return replace(found, paths=kept, split=split)


def split_tasks(paths: Sequence[Path], items: ItemTable, calls: CallTable) -> dict[str, str]:
    """Return the tasks with a conversation that went different ways, and how many did, in words.

    A conversation of one turn may go any way.
    """
    if items.turns is None:
        return {}
    names = items.turns.conversation.tolist()
    n_turns = Counter(names)
    asked: dict[tuple[str, str, int], set[tuple[str, int]]] = {}
    for path in paths:
        name = names[path.item]
        if not name or n_turns[name] < 2:
            continue
        key = str(items.task[path.item]), name, path.epoch
        ways = asked.setdefault(key, set())
        ways |= {(arm, int(calls.arms[arm].epoch[number])) for arm, number in path.steps}
    all_of: Counter[str] = Counter(task for task, _, _ in asked)
    split: Counter[str] = Counter(task for (task, _, _), ways in asked.items() if len(ways) > 1)
    return {
        task: f"{n:,} of {all_of[task]:,} conversations of {task} went more than one way"
        for task, n in split.items()
    }
