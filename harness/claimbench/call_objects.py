"""One plain object per finished call, for scripts: what ``bench export --format jsonl`` prints."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

from claimbench.timing import e2e_s, ttft_s
from claimbench.types import Attempt, Json, Usage

if TYPE_CHECKING:
    from claimbench.evaluate import Evaluation
    from claimbench.redact import Redactor


def call_objects(evaluation: Evaluation, redact: Redactor) -> Iterator[dict[str, Json]]:
    """Every finished call in planned order.

    Times are milliseconds of the final attempt (null where there is none), ``cost_usd`` is a decimal string over all
    attempts (null = unknown), ``usage`` the disjoint buckets of the final attempt with the provider's own object in
    ``usage_raw``. ``text`` passes through ``redact``.
    """
    stored = evaluation.stored
    tries: dict[str, list[Attempt]] = defaultdict(list)
    for attempt in stored.attempts:
        tries[attempt.call_id].append(attempt)
    scores: dict[str, dict[str, Json]] = defaultdict(dict)
    for score in evaluation.scores:
        scores[score.call_id][score.scorer] = {
            "value": score.value,
            "status": score.status,
            "parts": dict(score.parts),
            "explanation": redact.transcript(score.explanation),
        }
    for record in sorted(stored.records, key=lambda r: r.call.position):
        call = record.call
        final = next((a for a in tries[call.id] if a.number == record.attempt), None)
        cost = evaluation.costs.calls.get(call.id)
        yield {
            "id": call.id,
            "run": call.run_id,
            "arm": call.arm,
            "task": call.task,
            "sample_id": call.sample_id,
            "epoch": call.epoch,
            "outcome": record.outcome.value,
            "finish_reason": record.finish_reason,
            "attempts": len(tries[call.id]),
            "provenance": record.provenance,
            "text": redact.transcript(record.text),
            "reasoning": redact.transcript(record.reasoning) or None,
            "error": redact.mask(record.error) if record.error else None,
            "scores": scores[call.id],
            "usage": _usage(final.usage if final else None),
            "usage_raw": redact.json(final.usage_raw) if final else None,
            "model_returned": final.model_returned if final else None,
            "cost_usd": None if cost is None or cost.amount is None else f"{cost.amount:f}",
            "cost_basis": None if cost is None else cost.basis,
            "cost_low_usd": None if cost is None or cost.low is None else f"{cost.low:f}",
            "cost_high_usd": None if cost is None or cost.high is None else f"{cost.high:f}",
            "price_id": None if cost is None else cost.price_id,
            "ttft_ms": _ms(None if final is None else ttft_s(final.timing)),
            "e2e_ms": _ms(None if final is None or record.outcome.missing else e2e_s(final.timing)),
            "stamp_source": final.timing.stamp_source if final else None,
        }


def _usage(usage: Usage | None) -> Json:
    if usage is None or usage.source == "unknown":
        return None
    plain = asdict(usage)
    plain["fees"] = dict(usage.fees)
    return {**plain, "input_total": usage.input_total, "output_total": usage.output_total}


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1e3, 6)
