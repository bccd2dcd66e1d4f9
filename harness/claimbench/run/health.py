"""Whether an arm is given up: by what becomes of its calls, one after the other.

A fault of one prompt is that prompt's. An arm ends when every further call would fail too: its key
is refused, it answers nothing at all, too many of its calls fail in a row, or its first prompts,
different ones, are refused alike.
"""

from __future__ import annotations

from claimbench.run.progress import ArmProgress
from claimbench.run.records import is_in_process, is_of_its_sample
from claimbench.types import Attempt, Call, ErrorPolicy

NEVER_ANSWERED = 3
"""Calls that may fail before an arm that has never answered is given up (a dead endpoint)."""


def judge_health(
    state: ArmProgress, policy: ErrorPolicy, call: Call, final: Attempt
) -> tuple[str | None, str | None]:
    """Return why the arm is given up, and what is to be said of the call; None where neither is.

    Counts the call in ``state``. One that never answered gets little patience.
    """
    outcome = final.outcome
    state.answered += outcome.answered
    if is_of_its_sample(final):
        return _judge_sample(state, call, final)
    state.failed_in_a_row = state.failed_in_a_row + 1 if outcome.missing else 0
    patience = policy.stop_arm_after
    if state.answered == 0:
        patience = min(NEVER_ANSWERED, patience)
    state.stoppers_in_a_row = state.stoppers_in_a_row + 1 if outcome.stops_arm else 0
    if outcome.stops_arm:
        if state.answered and state.stoppers_in_a_row < NEVER_ANSWERED:
            # It answered others: a moderated prompt, a route that is down, a key that is checked
            # anew. What is about all calls comes again with the next.
            return None, f"a call that failed, as others did not: {call.sample_id}: {final.error}"
        return f"{outcome.value}, as every further call would: {final.error}", None
    if state.failed_in_a_row >= patience:
        last = f"the last with {outcome.value}: {final.error}"
        return f"{state.failed_in_a_row} calls in a row failed, {last}", None
    return None, None


def _judge_sample(state: ArmProgress, call: Call, final: Attempt) -> tuple[str | None, str | None]:
    """Judge a call that failed for its prompt's sake, as it seems."""
    fault = (final.outcome.value, final.http_status)
    state.first_fault = state.first_fault or fault
    remark = f"a sample that it does not take: {call.sample_id}: {final.error}"
    if state.answered or fault != state.first_fault:
        return None, remark
    state.alike.add(f"{call.task}/{call.sample_id}")
    # In this process another task may well be possible, and asking it costs nothing.
    if len(state.alike) < NEVER_ANSWERED or is_in_process(final):
        return None, remark
    first = f"the first {len(state.alike)} prompts alike"
    why = f"{final.outcome.value} for {first}, as every further call would: {final.error}"
    return why, None
