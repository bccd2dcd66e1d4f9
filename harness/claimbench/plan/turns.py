"""Conversations: the user's turns come from a row, and between them stand the model's own answers.

Each turn is a sample and a call of its own. What a later turn sends depends on what the same arm
answered to the earlier ones in the same epoch, so that its request exists once those have records:
of this session, or of an earlier one that the run goes on from.

A turn that has no answer to carry on (any outcome but ``ok``) ends its conversation, and what
becomes of the later turns follows the table of outcomes (docs/architecture.md):

* the model ended it (empty, refused, truncated, model_timeout): the later turns are not asked and
  score 0, as that turn does (``ended``);
* the steps of an episode (:mod:`claimbench.plan.episodes`) end with the first that calls nothing:
  the later ones are not needed (``ended``), and no figure counts them;
* where a user is simulated (:mod:`claimbench.plan.simulated`), a step that calls nothing is a turn,
  and the user goes on: what it says, and what a function gave in place of tools, are records too;
* a fault ended it: they are not asked and have no score, as that turn has none (``cancelled``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from claimbench.errors import BenchError
from claimbench.plan.call_ids import call_id, helper_call_id
from claimbench.types import Call, CallRecord, Outcome, Role, Sample, Suite, Task

NOT_ASKED = "not asked: "
"""How the reason of a turn begins that was never sent."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step that was answered, and what came of it before the next: what a function gave in place
    of tools, or what the simulated user said; None: nothing of the kind is there.
    """

    record: CallRecord
    tool: CallRecord | None
    user: CallRecord | None


class Turns:
    """Knows what was answered in the conversations of one run.

    Args:
        suite: its samples say which are turns of what.
        records: what is finished already.
    """

    def __init__(self, suite: Suite, records: Iterable[CallRecord] = ()) -> None:
        self._measured = suite.measured_sha256
        self._samples: dict[tuple[str, str], Sample] = {}
        self._names: dict[tuple[str, str, int], str] = {}
        for task in suite.tasks:
            for sample in task.samples:
                if sample.turn is None:
                    continue
                self._samples[task.name, sample.id] = sample
                place = (task.name, sample.turn.conversation, sample.turn.number)
                self._names[place] = sample.id
        self._episodes = {task.name: task for task in suite.tasks if task.steps}
        self._records: dict[str, CallRecord] = {}
        self._helpers: dict[str, CallRecord] = {}
        for record in records:
            self.keep(record)

    def __bool__(self) -> bool:
        """Tell whether the suite has conversations at all."""
        return bool(self._samples)

    def is_turn(self, call: Call) -> bool:
        """Tell whether an arm's call is a turn of a conversation."""
        return call.role == "subject" and (call.task, call.sample_id) in self._samples

    def conversation(self, call: Call) -> tuple[str, str, int] | None:
        """Return the conversation of an arm's call: task, its name, epoch; None for other calls."""
        sample = self._samples.get((call.task, call.sample_id))
        if sample is None or sample.turn is None or call.role != "subject":
            return None
        return call.task, sample.turn.conversation, call.epoch

    def knows(self, call: Call) -> bool:
        """Tell whether what comes of a call decides how a conversation goes on."""
        return self.is_turn(call) or call.role in ("user", "tool")

    def keep(self, record: CallRecord) -> None:
        """Note how a turn ended; the last word counts. Other calls are not kept."""
        if self.is_turn(record.call):
            self._records[record.call.id] = record
        elif record.call.role in ("user", "tool"):
            self._helpers[record.call.id] = record

    def helper(self, call: Call, role: Role) -> CallRecord | None:
        """Return what the simulated user said before a step, or what tools gave; None: nothing
        yet.
        """
        return self._helpers.get(helper_call_id(role, call.id))

    def steps_before(self, call: Call) -> tuple[Step, ...]:
        """Return the steps before ``call``, as far as they are known."""
        ids = [*self.earlier_ids(call), call.id]
        found = []
        for mine, following in pairwise(ids):
            record = self._records.get(mine)
            if record is not None:
                tool = self._helpers.get(helper_call_id("tool", following))
                user = self._helpers.get(helper_call_id("user", following))
                found.append(Step(record, tool, user))
        return tuple(found)

    def earlier_ids(self, call: Call) -> tuple[str, ...]:
        """Return the ids of the calls that come before a turn, in their order."""
        sample = self._samples.get((call.task, call.sample_id))
        if sample is None or sample.turn is None:
            return ()
        found = []
        for number in range(1, sample.turn.number):
            name = self._names[call.task, sample.turn.conversation, number]
            found.append(call_id(self._measured, call.task, name, call.epoch, call.arm))
        return tuple(found)

    def earlier(self, call: Call) -> tuple[CallRecord, ...] | None:
        """Return what came of the turns before ``call``; None while one of them has no record."""
        found = [self._records.get(one) for one in self.earlier_ids(call)]
        known = tuple(record for record in found if record is not None)
        return known if len(known) == len(found) else None

    def answers(self, call: Call) -> tuple[str, ...]:
        """Return the model's own answers before ``call``.

        Raises:
            BenchError: one of them is not there, so that the turn cannot be asked.
        """
        earlier = self.earlier(call)
        if earlier is None or any(record.outcome is not Outcome.OK for record in earlier):
            raise BenchError(
                f"{call.task}/{call.sample_id}: an earlier turn of the conversation has no answer"
                f" of {call.arm}",
                hint="turns are asked one after the other; bench run RUN goes on with a run",
            )
        return tuple(record.text for record in earlier)

    def not_asked(self, call: Call) -> CallRecord | None:
        """Return the record of a turn that can no longer be asked; None where nothing before it
        ended the conversation.
        """
        task = self._episodes.get(call.task)
        steps = task is not None
        alone = task is not None and task.user is None
        for record in self.earlier(call) or ():
            if record.outcome is Outcome.OK and not (alone and is_over(record)):
                continue
            outcome = Outcome.CANCELLED if record.outcome.missing else Outcome.ENDED
            if record.attempt == 0 and record.error:
                why = record.error  # that one was not asked either: the first reason counts
            else:
                turn = self._samples[record.call.task, record.call.sample_id].turn
                number = "?" if turn is None else turn.number
                what = "step" if steps else "turn"
                whole = "episode" if steps else "conversation"
                how = "it calls nothing" if record.outcome is Outcome.OK else record.outcome.value
                why = f"{NOT_ASKED}{what} {number} ended the {whole} ({how})"
            return CallRecord(call, "", outcome, None, 0, error=why)
        return None if task is None else self._ended_between(call, task)

    def _ended_between(self, call: Call, task: Task) -> CallRecord | None:
        """Return the record of a step that the user, or a fault of user or tools, has made needless
        or impossible.
        """
        earlier = self.earlier(call)
        if not earlier:
            return None
        role: Role = "tool" if earlier[-1].tool_calls else "user"
        came = self.helper(call, role)
        if came is None:
            return None
        outcome, why = Outcome.CANCELLED, came.error
        if came.outcome is Outcome.OK:
            if role == "tool" or task.user is None or task.user.stop not in came.text:
                return None
            outcome, why = Outcome.ENDED, f"{NOT_ASKED}the user ended the conversation"
        elif came.outcome is Outcome.ENDED and came.attempt == 0:
            outcome = Outcome.ENDED
        elif came.attempt > 0:
            said = f"{came.outcome.value}: {came.error}" if came.error else came.outcome.value
            why = f"{NOT_ASKED}the simulated user {came.call.arm} failed ({said})"
        return CallRecord(call, "", outcome, None, 0, error=why)


def is_over(record: CallRecord) -> bool:
    """Tell whether an answered step was the last of its episode: it calls nothing."""
    return record.outcome is Outcome.OK and not record.tool_calls
