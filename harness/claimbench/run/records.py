"""What becomes of an attempt once it is over: whether it was the right model's, the record of its
call, and whether asking again could help.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from claimbench.errors import MalformedStream
from claimbench.limits.key_gate import Said
from claimbench.model_ids import same_model
from claimbench.packed import columns
from claimbench.provider.attempt import Tried
from claimbench.provider.usage import billed_usd
from claimbench.store.results import ResultsStore
from claimbench.types import Arm, Attempt, Call, CallRecord, Outcome

LONGEST_WAIT_S = 900.0
"""An arm that is told to wait for longer (a daily quota) is given up rather than waited for."""
ABOUT_ONE_PROMPT = frozenset({400, 413, 422})
"""Statuses with which an endpoint refuses one request rather than all."""


def is_of_its_sample(attempt: Attempt) -> bool:
    """Return True if what the call met may be about its prompt alone: too long, or refused."""
    if attempt.outcome is Outcome.CONTEXT_OVERFLOW:
        return True
    if attempt.outcome is not Outcome.BAD_REQUEST:
        return False
    return is_in_process(attempt) or attempt.http_status in ABOUT_ONE_PROMPT


def is_in_process(attempt: Attempt) -> bool:
    """Return True if the call was worked on in this process: what it refuses, it refuses at no
    cost.
    """
    return attempt.timing.stamp_source == "in_process"


def checked_model(arm: Arm, tried: Tried) -> Tried:
    """Turn an answer of another model than the arm's into a fault: it is not the arm's answer, and
    stops the arm.
    """
    returned = tried.attempt.model_returned
    accepted = arm.options.get("accept_model") or ()
    if returned is None or same_model(arm.model, returned) or returned in accepted:
        return tried
    error = (
        f"asked for '{arm.model}', answered by '{returned}' (if that is right, list it under"
        f" options: accept_model: in arm {arm.name})"
    )
    return replace(tried, attempt=replace(tried.attempt, outcome=Outcome.BAD_REQUEST, error=error))


def record_of(call: Call, tried: Tried) -> CallRecord:
    """Return what a finished call leaves, from its final attempt."""
    answer, attempt = tried.answer, tried.attempt
    return CallRecord(
        call=call,
        text=answer.text,
        reasoning=answer.reasoning,
        tool_calls=tuple(answer.tool_calls),
        outcome=attempt.outcome,
        finish_reason=answer.done.finish_reason if answer.done is not None else None,
        attempt=attempt.number,
        provenance=answer.meta.provenance,
        error=attempt.error,
    )


def said_by(tried: Tried | None) -> Said:
    """Return what the attempt's end says about the key's limits; nothing, if it was never sent."""
    if tried is None:
        return Said(False, False, None, {}, 0)
    outcome, usage = tried.attempt.outcome, tried.attempt.usage
    tokens = None
    if usage is not None:
        tokens_in, tokens_out = usage.input_total, usage.output_total
        if tokens_in is not None and tokens_out is not None:
            tokens = tokens_in + tokens_out
    limits = tried.answer.meta.rate_limits
    # A wait that is not waited for ends its arm, and holds up no other of the same key.
    wait_s = tried.retry_after_s
    if wait_s is not None and wait_s > LONGEST_WAIT_S:
        wait_s = None
    return Said(outcome is Outcome.RATE_LIMITED, outcome.answered, wait_s, limits, tokens)


def counted(attempt: Attempt, cost: Decimal | None, at_prices: Decimal | None) -> Decimal | None:
    """Return what an attempt counts against a limit; None: nobody can say.

    A charge that its vendor states takes nothing off the bill: the dearer of ``cost``, which is
    shown, and of ``at_prices``, without the vendor's word, counts.
    """
    if cost is None:
        return _said_charge(attempt, attempt.reserved_usd)
    return cost if at_prices is None else max(cost, at_prices)


def _said_charge(attempt: Attempt, reserved: Decimal | None) -> Decimal | None:
    """Return the charge that a provider states and nobody believes, where it is above what was
    reserved: a limit counts it all the same.
    """
    try:
        said = billed_usd(attempt.usage_raw)
    except MalformedStream:
        return None
    return said if said is not None and reserved is not None and said > reserved else None


def hopeless(store: ResultsStore, run_id: str, calls: Sequence[Call]) -> set[str]:
    """Return the ids of calls that failed for their prompts' sake, in arms that answered others.

    Where an arm answered nothing, its trouble may have been mended since.
    """
    arm_of: dict[str, str] = dict(columns(calls, "id", "arm"))
    last: dict[str, Attempt] = {}
    answered: set[str] = set()
    for attempt in store.attempts(run_id):
        last[attempt.call_id] = attempt
        if attempt.outcome.answered:
            answered.add(arm_of[attempt.call_id])
    return {
        call_id
        for call_id, attempt in last.items()
        if arm_of[call_id] in answered and is_of_its_sample(attempt)
    }
