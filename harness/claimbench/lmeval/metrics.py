"""Whether a metric of lm-eval's can be judged here, found out before a call is paid.

A metric is judged item by item, as a number from 0 to 1. What is only computed over all answers at
once (BLEU, chrF, F1 over classes) gives no such number, and an error rate without an upper bound
(WER, TER) cannot become a quality by 1 - x.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

from claimbench.error_words import did_you_mean
from claimbench.metric_names import lower_is_better

ScoreDoc = Callable[[Any, Any, Sequence[Any]], dict[str, float]]
WORDS_OF_A_LONG_ANSWER = 400
TEXT_OVERLAP = "score texts on a task of your own with the scorer text_overlap (bleu, chrf, rouge)"


def points_up(theirs: Any, metric: str, stated: bool | None = None) -> bool:
    """Return whether higher is better: as the suite states, else by lm-eval's
    ``higher_is_better``, else by the name.

    Of perplexities :func:`claimbench.lmeval.tasks.score_doc` gives the mean probability, of which
    higher is better.
    """
    if theirs.OUTPUT_TYPE == "loglikelihood_rolling":
        return True
    if stated is not None:
        return stated
    name = metric.partition(",")[0]
    told = theirs.higher_is_better().get(name)
    return told if isinstance(told, bool) else not lower_is_better(name)


def judged_names(values: Mapping[str, float]) -> list[str]:
    """Return the metrics with a number from 0 to 1, each once, without their filters."""
    return list(dict.fromkeys(name.partition(",")[0] for name, x in values.items() if 0 <= x <= 1))


def fault_of(
    theirs: Any,
    metric: str,
    by_doc: Mapping[int, Sequence[Any]],
    score: ScoreDoc,
    *,
    upward: bool,
) -> tuple[str, str | None] | None:
    """Say why a metric cannot be judged, with a hint, or None; a few made-up answers are scored.

    Args:
        theirs: lm-eval's task with its requests built.
        metric: the metric, or metric and filter.
        by_doc: its requests by document.
        score: applies the task's filters and metrics to one document's answers.
        upward: higher is better.
    """
    name = metric.partition(",")[0]
    configured = _configured(theirs.config)
    seen: dict[str, float] = {}
    faults: list[str] = []
    for doc, results in _probes(theirs, by_doc):
        values, fault = _scored(score, theirs, doc, results)
        if fault:
            faults.append(fault)
            continue
        for key, value in values.items():
            seen.setdefault(key, value)
            if (metric in (key, key.partition(",")[0])) and not 0 <= value <= 1:
                return _out_of_range(name, value, upward, judged_names(seen))
    usable = judged_names(seen)
    if any(metric in (key, key.partition(",")[0]) for key in seen):
        return None
    if not seen and faults:
        return f"its metric {metric} fails on every answer that was tried: {faults[0]}", None
    offered = f"its metrics with a number per answer: {', '.join(usable) or 'none'}"
    if name in configured:
        why = f"its metric {name} gives no number for one answer, only one over all answers at once"
        hint = f"metric: {usable[0]}" if usable else None
        return why, hint or (TEXT_OVERLAP if name in ("bleu", "chrf", "ter", "rouge") else None)
    return f"it has no metric '{metric}'{did_you_mean(name, usable)}; {offered}", None


def _out_of_range(
    name: str, value: float, upward: bool, usable: Sequence[str]
) -> tuple[str, str | None]:
    others = [other for other in usable if other != name]
    hint = f"metric: {others[0]}" if others else None
    if not upward and value > 1:
        why = f"its metric {name} has no upper bound ({value:.4g} for a long answer), so that"
        return f"{why} 1 - {name} is no quality", hint
    return f"its metric {name} gives {value:.4g} for one answer; scores go from 0 to 1", hint


def _configured(config: Any) -> list[str]:
    return [str(m["metric"]) for m in config.metric_list or () if "metric" in m]


def _probes(theirs: Any, by_doc: Mapping[int, Sequence[Any]]) -> Iterator[tuple[Any, list[Any]]]:
    """Yield documents with made-up answers: the target, a wrong one, a very long one."""
    kind = str(theirs.config.output_type)
    for instances in list(by_doc.values())[:2]:
        doc, n = instances[0].doc, len(instances)
        if kind == "generate_until":
            target = theirs.doc_to_target(doc)
            first = target[0] if isinstance(target, list) and target else target
            texts = (f" {first}", "no such answer", "word " * WORDS_OF_A_LONG_ANSWER)
            for text in texts:
                yield doc, [text] * n
        elif kind == "loglikelihood_rolling":
            yield doc, [-10.0] * n
        else:
            yield doc, [(-1.0 - place, place == 0) for place in range(n)]
            yield doc, [(-1.0 - n + place, place == n - 1) for place in range(n)]


def _scored(
    score: ScoreDoc, theirs: Any, doc: Any, results: Sequence[Any]
) -> tuple[dict[str, float], str]:
    """Score one made-up answer, or say what went wrong."""
    try:
        with redirect_stderr(io.StringIO()), redirect_stdout(io.StringIO()):
            return score(theirs, doc, results), ""
    except Exception as error:  # noqa: BLE001 - a task's own code may raise anything
        return {}, f"{type(error).__name__}: {error}"
