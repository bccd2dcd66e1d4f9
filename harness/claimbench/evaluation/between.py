"""What came between the steps of a run's episodes: the state that functions left, and the dollars
of simulated users.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from claimbench.evaluation.episodes import steps_taken
from claimbench.evaluation.stored import StoredRun
from claimbench.packed import columns
from claimbench.plan.call_ids import call_id, helper_call_id
from claimbench.scorers.own_code.tools import Answered, answered_of
from claimbench.scorers.tools.final_state import Ended
from claimbench.types import Call, CallRecord, Cost, Outcome, Suite


def ends_of(suite: Suite, calls: Sequence[Call], records: Iterable[CallRecord]) -> dict[str, Ended]:
    """Map the first call of each episode to what its task's function left; empty where no task has
    one.
    """
    scripted = [
        task.name
        for task in suite.tasks
        if task.simulator is not None and task.simulator.script is not None
    ]
    if not scripted:
        return {}
    gave: dict[str, Answered] = {}
    for record in records:
        if record.call.role == "tool" and record.outcome is Outcome.OK:
            gave[record.call.id] = answered_of(record.text)
    places = {
        (task.name, sample.id): sample.turn
        for task in suite.tasks
        for sample in task.samples
        if task.name in scripted and sample.turn is not None
    }
    steps: dict[str, list[tuple[int, Answered]]] = {}
    for identity, task, sample_id, epoch, arm in columns(
        calls, "id", "task", "sample_id", "epoch", "arm"
    ):
        turn = places.get((task, sample_id))
        answered = gave.get(helper_call_id("tool", identity))
        if turn is None or answered is None:
            continue
        first = call_id(suite.measured_sha256, task, turn.conversation, epoch, arm)
        steps.setdefault(first, []).append((turn.number, answered))
    found: dict[str, Ended] = {}
    for first, mine in steps.items():
        mine.sort(key=lambda one: one[0])
        changed = tuple(one for _, answered in mine for one in answered.changed)
        found[first] = Ended(mine[-1][1].state, changed)
    return found


def user_usd_per_episode(stored: StoredRun, costs: Mapping[str, Cost]) -> dict[str, float]:
    """Return, by task, the mean dollars of one episode's simulated user, over the episodes that
    were begun; a task is left out where nothing is known, and a turn whose dollars are not known
    counts like the mean of the others.
    """
    asked: Counter[str] = Counter()
    known: dict[str, list[Decimal]] = {}
    for call in stored.judging.calls:
        cost = costs.get(call.id)
        if call.role != "user" or cost is None:
            continue
        asked[call.task] += 1
        if cost.amount is not None:
            known.setdefault(call.task, []).append(cost.amount)
    if not known:
        return {}
    begun = Counter(task_name for task_name, *_ in steps_taken(stored.suite, stored.records))
    found: dict[str, float] = {}
    for task_name, amounts in known.items():
        turns = asked[task_name] / len(amounts)
        found[task_name] = turns * float(sum(amounts)) / max(begun[task_name], 1)
    return found
