"""Metrics where lower is better (error rates, WER, Brier, toxicity): turned round, and said.

A verdict reads every score as "higher is better". Which metrics are not so, lm-eval says itself;
for other tools their names do. Such a score comes in as ``1 - metric``, never as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from claimbench.importers.imported import Aggregate, Imported, ImportedCall


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_LOWER = _words(
    "error errors wer cer ter brier toxicity toxic perplexity ppl loss nll mae mse rmse ece"
    " hallucination hallucinations hallucinated violation violations failure failures regret"
    " distance misses jailbroken leak leakage"
)
_TURNS_ROUND = _words("free no non not without inverse 1 resistance avoidance reduction")
_MEASURES = _words("rate score mean value avg pct percent ratio")


def lower_is_better(metric: str) -> bool:
    """Return whether a metric's name says that lower is better.

    The name's last words count: ``error_rate``, ``brier_score``, ``toxicity``; ``error_free`` and
    ``no_hallucination`` are turned round already.
    """
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", metric.partition(",")[0])
    words = re.findall(r"[a-z0-9]+", spaced.lower())
    while words and words[-1] in _MEASURES:
        words.pop()
    return bool(words) and words[-1] in _LOWER and not _TURNS_ROUND & set(words)


def higher_is_better(
    imported: Imported, lower: Callable[[str, str], bool] | None = None
) -> Imported:
    """Return what was read with every judged score turned so that higher is better.

    Args:
        imported: What a reader found; its figures were checked as they stand.
        lower: (task, metric) -> whether lower is better; left out: by the metric's name.
    """
    turned = {
        task: metric
        for task, metric in imported.metrics.items()
        if (lower(task, metric) if lower else lower_is_better(metric))
    }
    if not turned:
        return imported
    notes = tuple(
        f"{task}: of {metric} lower is better; it is judged as 1 - {metric}"
        for task, metric in turned.items()
    )
    return replace(
        imported,
        calls=tuple(_call(call, turned) for call in imported.calls),
        aggregates=tuple(_aggregate(each, turned) for each in imported.aggregates),
        metrics={**imported.metrics, **{t: f"1 - {m}" for t, m in turned.items()}},
        notes=(*imported.notes, *notes),
    )


def _call(call: ImportedCall, turned: Mapping[str, str]) -> ImportedCall:
    if call.task not in turned:
        return call
    wanted = turned[call.task]
    names = [name for name in (wanted, wanted.partition(",")[0]) if name in call.scores]
    scores = {f"1 - {name}": 1 - call.scores[name] for name in names}
    rest = {name: value for name, value in call.scores.items() if name not in names}
    return replace(call, scores={**scores, **rest})


def _aggregate(each: Aggregate, turned: Mapping[str, str]) -> Aggregate:
    if turned.get(each.task) != each.metric:
        return each
    return replace(each, metric=f"1 - {each.metric}", value=1 - each.value)
