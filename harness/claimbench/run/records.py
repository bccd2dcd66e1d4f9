"""What becomes of an attempt once it is over: whether it was the right model's, and the record of
its call.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from claimbench.errors import MalformedStream
from claimbench.limits.key_gate import Said
from claimbench.model_ids import same_model
from claimbench.provider.attempt import Tried
from claimbench.provider.usage import billed_usd
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
    if usage is not None and usage.input_total is not None and usage.output_total is not None:
        tokens = usage.input_total + usage.output_total
    limits = tried.answer.meta.rate_limits
    # A wait that is not waited for ends its arm, and holds up no other of the same key.
    wait_s = tried.retry_after_s
    if wait_s is not None and wait_s > LONGEST_WAIT_S:
        wait_s = None
    return Said(outcome is Outcome.RATE_LIMITED, outcome.answered, wait_s, limits, tokens)


def said_charge(attempt: Attempt, reserved: Decimal | None) -> Decimal | None:
    """Return the charge that a provider states and nobody believes, where it is above what was
    reserved: a limit counts it all the same.
    """
    try:
        said = billed_usd(attempt.usage_raw)
    except MalformedStream:
        return None
    return said if said is not None and reserved is not None and said > reserved else None
