"""One finished call -> its scores: the one place that knows which outcomes have a score
(docs/architecture.md).
"""

from __future__ import annotations

from collections.abc import Sequence

from claimbench.scorers.base import CUT, JUDGES_CUT_ANSWERS, PartsScorer, Scorer
from claimbench.types import CallRecord, Outcome, Sample, Score, Task

_ZERO_BECAUSE = {
    Outcome.EMPTY: "the answer is empty",
    Outcome.REFUSED: "the model refused",
    Outcome.TRUNCATED: "the answer was cut at max_tokens",
    Outcome.MODEL_TIMEOUT: "the model took longer than the suite allows",
}


LONGEST_ANSWER = 2_000_000
"""Characters; what is longer is no answer to a task, and scorers need not be fast on it."""


def score_record(
    record: CallRecord, sample: Sample, task: Task, scorers: Sequence[Scorer]
) -> tuple[Score, ...]:
    """Score a finished call with each scorer, in their order.

    ok: by the scorer. empty, refused, truncated, model_timeout: 0.0, for that is the model's own
    doing. Every other outcome says nothing about the model: ``unscored``, value None. A scorer that
    raises, or returns anything but a value in [0, 1], leaves ``unscored`` with the reason, never a
    number.
    """
    return tuple(_score(record, sample, task, scorer) for scorer in scorers)


def _score(record: CallRecord, sample: Sample, task: Task, scorer: Scorer) -> Score:
    call_id = record.call.id
    if record.outcome.missing:
        return _unscored(scorer, call_id, f"no answer to score: {record.outcome}")
    if len(record.text) > LONGEST_ANSWER:
        why = f"too long: {len(record.text):,} characters, above {LONGEST_ANSWER:,}"
        return _unscored(scorer, call_id, why)
    try:
        judged = record.outcome in CUT and scorer.name in JUDGES_CUT_ANSWERS
        if record.outcome is not Outcome.OK and not judged:
            names = scorer.part_names(sample, task) if isinstance(scorer, PartsScorer) else ()
            why = _ZERO_BECAUSE[record.outcome]
            return Score(
                call_id, scorer.name, scorer.version, "scored", 0.0, why, dict.fromkeys(names, 0.0)
            )
        score = scorer.score(call_id, record.text, sample, task)
    except Exception as exc:  # noqa: BLE001 - a plugin's fault must cost one score, not the run
        return _unscored(scorer, call_id, f"the scorer failed: {type(exc).__name__}: {exc}")
    fault = _fault(score, call_id)
    return score if fault is None else _unscored(scorer, call_id, f"the scorer {fault}")


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
