"""One finished call -> its scores: the one place that knows which outcomes have a score
(docs/architecture.md).
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import TypeGuard

from claimbench.patterns.timed import PatternTooLong
from claimbench.scorers.base import PartsScorer, RecordScorer, Scorer, judges, unparsable
from claimbench.types import LONGEST_ANSWER, CallRecord, Outcome, Sample, Score, Task

_ZERO_BECAUSE = {
    Outcome.EMPTY: "the answer is empty",
    Outcome.REFUSED: "the model refused",
    Outcome.TRUNCATED: "the answer was cut at max_tokens",
    Outcome.MODEL_TIMEOUT: "the model took longer than the suite allows",
    Outcome.ENDED: "not asked: the model had ended the conversation",
}


NO_ANSWER = "no answer to score"
_SURROGATE = re.compile("[\ud800-\udfff]")
_DEEP = re.compile(r"(?:[\[{(][^\[{(]{0,200}){300}")
_DIGITS = re.compile(r"\d{4300}")


def score_record(
    record: CallRecord, sample: Sample, task: Task, scorers: Sequence[Scorer]
) -> tuple[Score, ...]:
    """Score a finished call with each scorer, in their order.

    ok: by the scorer. empty, refused, truncated, model_timeout: 0.0, for that is the model's own
    doing. Every other outcome says nothing about the model: ``unscored``, value None. A scorer that
    raises, or returns anything but a value in [0, 1], leaves ``unscored`` with the reason, never a
    number. ended: 0.0 as well, with the turn that ended it. A turn without a target has no scores.

    What the answer itself makes unreadable (longer than :data:`LONGEST_ANSWER`, a search that its
    text keeps from ending, brackets without end, half characters) is ``unparsable``, 0.0: an answer
    that was paid for must not leave the count by being unreadable.
    """
    if not sample.scored:
        return ()
    return tuple(_score(record, sample, task, scorer) for scorer in scorers)


def _score(record: CallRecord, sample: Sample, task: Task, scorer: Scorer) -> Score:
    call_id = record.call.id
    if record.outcome.missing:
        return _unscored(scorer, call_id, f"{NO_ANSWER}: {record.outcome}")
    longest = max((len(record.text), *(len(call.arguments) for call in record.tool_calls)))
    if longest > LONGEST_ANSWER:
        more = " or more" if longest == LONGEST_ANSWER + 1 else ""  # as much as is kept of it
        why = f"too long: {longest:,} characters{more}, above {LONGEST_ANSWER:,}"
        return _unreadable(scorer, call_id, why, sample, task)
    try:
        if not judges(scorer.name, record.outcome):
            names = scorer.part_names(sample, task) if isinstance(scorer, PartsScorer) else ()
            why = _ZERO_BECAUSE[record.outcome]
            if record.outcome is Outcome.ENDED and record.error:
                why = record.error
            return Score(
                call_id, scorer.name, scorer.version, "scored", 0.0, why, dict.fromkeys(names, 0.0)
            )
        if _wants_record(scorer):
            score = scorer.score_record(record, sample, task)
        else:
            score = scorer.score(call_id, record.text, sample, task)
    except Exception as exc:  # noqa: BLE001 - a plugin's fault must cost one score, not the run
        what = _answers_doing(exc, record, sample)
        if what is not None:
            return _unreadable(scorer, call_id, what, sample, task)
        return _unscored(scorer, call_id, f"the scorer failed: {type(exc).__name__}: {exc}")
    fault = _fault(score, call_id)
    return score if fault is None else _unscored(scorer, call_id, f"the scorer {fault}")


def _wants_record(scorer: Scorer) -> TypeGuard[RecordScorer]:
    """Say whether a scorer is a :class:`RecordScorer`: what ``isinstance`` asks of such a protocol,
    which takes a hundred times as long and is asked for every score.
    """
    return getattr(scorer, "score_record", None) is not None


def _answers_doing(exc: Exception, record: CallRecord, sample: Sample) -> str | None:
    """Say what in an answer made a scorer fail, or None where it need not have been the answer.

    Only what the answer holds and the row's target does not is laid to the answer; any other
    failure is the scorer's.
    """
    if isinstance(exc, PatternTooLong):
        return str(exc)
    said = "\n".join((record.text, *(call.arguments for call in record.tool_calls)))
    if isinstance(exc, UnicodeError):
        sign, what = _SURROGATE, "half characters (lone surrogates)"
    elif isinstance(exc, RecursionError):
        sign, what = _DEEP, "brackets nested too deep"
    elif isinstance(exc, ValueError) and "integer string conversion" in str(exc):
        sign, what = _DIGITS, "a number of more than 4,300 digits"
    else:
        return None
    target = json.dumps(sample.target, ensure_ascii=False, default=str)
    if sign.search(said) is None or sign.search(target) is not None:
        return None
    return f"the answer cannot be read: {what}"


def _unreadable(scorer: Scorer, call_id: str, why: str, sample: Sample, task: Task) -> Score:
    names = scorer.part_names(sample, task) if isinstance(scorer, PartsScorer) else ()
    return unparsable(scorer, call_id, why, dict.fromkeys(names, 0.0))


def _fault(score: object, call_id: str) -> str | None:
    """Say what is wrong with a scorer's answer, or None; plugins are not type-checked."""
    if not isinstance(score, Score):
        return f"returned {type(score).__name__}, not a Score"
    if score.call_id != call_id:
        return f"answered for the call {score.call_id!r}"
    if score.status == "unscored":
        return None if score.value is None else "gave a value to an unscored call"
    for name, value in (("value", score.value), *score.parts.items()):
        if (
            isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1
        ):  # NaN is not >= 0
            return f"gave {value!r} as {name}; scores are numbers from 0 to 1"
    if score.status == "unparsable" and score.value != 0:
        return f"gave {score.value!r} to an unparsable answer; it scores 0"
    return (
        None
        if score.status in ("scored", "unparsable")
        else f"gave the unknown status {score.status!r}"
    )


def _unscored(scorer: Scorer, call_id: str, why: str) -> Score:
    return Score(call_id, scorer.name, scorer.version, "unscored", None, why)
