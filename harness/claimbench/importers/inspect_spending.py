"""Inspect: the tokens that the model under test spent on a sample, without those of its grader.

``model_usage`` of a sample sums all calls by the model's name, so that a grader of the same model
is in it. A log's events tell solver from scorer; without them, one answer's own usage does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from claimbench.importers.json_values import disjoint, get, mapping, whole
from claimbench.types import Json, Usage

_GRADED = ("model_graded", "grader", "judge", "llm_as")
"""Parts of the names of scorers that ask a model."""
_FIELDS = (
    "input_tokens",
    "output_tokens",
    "total_tokens",
    "input_tokens_cache_read",
    "input_tokens_cache_write",
    "reasoning_tokens",
)


def answers_made(row: Json) -> int:
    """Count the answers that the model generated in a sample's transcript."""
    messages = get(row, "messages")
    turns = messages if isinstance(messages, list) else []
    return sum(1 for turn in turns if get(turn, "source") == "generate")


class Spending:
    """The model's own usage of each sample of one log; counts what it left out and did not know."""

    def __init__(self, log: Json, model: str) -> None:
        self._model = model
        self._graded = _same_grader(log, model)
        self._left_out = 0
        self._unknown = 0

    def on(self, row: Json) -> Usage | None:
        """Return the tokens of the model under test on one sample; None where they cannot be told
        from its grader's.
        """
        total = get(row, "model_usage", self._model)
        last = get(row, "output", "usage")
        own = _own_calls(row, self._model)
        if own:
            summed = _summed(own)
            if _more(total, summed):
                self._left_out += 1
            return usage_of(summed)
        if not (self._graded or _graded_here(row)) or not _more(total, last):
            return usage_of(total or last)
        if answers_made(row) <= 1 and last:
            self._left_out += _more(total, last)
            return usage_of(last)
        self._unknown += 1
        return None

    def notes(self, file: str, n: int) -> list[str]:
        """Say on how many samples the grader's tokens were left out, or could not be."""
        made = []
        if self._left_out:
            made.append(
                f"{file}: tokens of the grader, which is the same model, are left out in"
                f" {self._left_out} of {n} samples"
            )
        if self._unknown:
            made.append(
                f"{file}: tokens of {self._unknown} of {n} samples are unknown: the grader is the"
                " same model, and the log has no events that tell the two apart"
            )
        return made


def _same_grader(log: Json, model: str) -> bool:
    """Tell whether a scorer of the log may have asked the model under test itself."""
    roles = mapping(get(log, "eval", "model_roles"))
    for name, role in roles.items():
        graded_by = get(role, "model")
        if name == "grader" and graded_by is not None and graded_by != model:
            return False
    scorers: list[Any] = []
    for place in (get(log, "eval", "scorers"), get(log, "results", "scores")):
        scorers += place if isinstance(place, list) else []
    for scorer in scorers:
        names = f"{get(scorer, 'name')} {get(scorer, 'scorer')}".casefold()
        other = get(scorer, "params", "model") or get(scorer, "options", "model")
        if isinstance(other, str) and other != model:
            continue
        if other is not None or any(word in names for word in _GRADED):
            return True
    return "grader" in roles


def _graded_here(row: Json) -> bool:
    """Tell whether a score of the sample keeps the conversation with its grader."""
    scores = mapping(get(row, "scores")).values()
    return any(get(score, "metadata", "grading") is not None for score in scores)


def _own_calls(row: Json, model: str) -> list[dict[str, Json]]:
    """Return the usage of each call of the model outside of scoring, from the sample's events."""
    found = []
    for event, scoring in events_of(row):
        if get(event, "event") != "model" or get(event, "model") != model or scoring:
            continue
        usage = get(event, "output", "usage")
        if get(event, "role") == "grader" or not isinstance(usage, dict):
            continue
        found.append(usage)
    return found


def events_of(row: Json) -> Iterator[tuple[Json, bool]]:
    """Yield each event of a sample with whether it lies inside a scorer: a span (newer logs) or a
    step.
    """
    given = get(row, "events") or get(row, "transcript", "events")
    scorers: set[str] = set()
    steps: list[bool] = []
    for event in given if isinstance(given, list) else []:
        kind = get(event, "event")
        if kind == "span_begin":
            inside = get(event, "parent_id") in scorers
            if inside or get(event, "type") in ("scorer", "scorers"):
                scorers.add(str(get(event, "id")))
        elif kind == "step" and get(event, "action") == "begin":
            steps.append(get(event, "type") == "scorer")
        elif kind == "step" and steps:
            steps.pop()
        yield event, get(event, "span_id") in scorers or any(steps)


def _summed(parts: list[dict[str, Json]]) -> dict[str, int]:
    """Sum the tokens of calls. Reasoning that one call does not tell is unknown; cached input is
    what is told, for the rest of the input counts as fresh.
    """
    total: dict[str, int] = {}
    for part in parts:
        for name in _FIELDS:
            count = whole(part.get(name))
            if count is not None:
                total[name] = total.get(name, 0) + count
    if any(whole(part.get("reasoning_tokens")) is None for part in parts):
        total.pop("reasoning_tokens", None)
    return total


def _more(total: Json, own: Json) -> bool:
    """Tell whether a sample's total holds more tokens than the model's own calls."""
    return any(
        (whole(get(total, name)) or 0) > (whole(get(own, name)) or 0)
        for name in ("input_tokens", "output_tokens")
    )


def usage_of(given: Json) -> Usage | None:
    """Normalise Inspect's usage: cached input is inside ``input_tokens`` at some sellers and beside
    it at others.

    ``total_tokens`` tells which; reasoning is part of the output.
    """
    n_in = whole(get(given, "input_tokens"))
    n_out = whole(get(given, "output_tokens"))
    if n_in is None or n_out is None or (n_in == 0 and n_out == 0):
        return None
    read = whole(get(given, "input_tokens_cache_read"))
    wrote = whole(get(given, "input_tokens_cache_write"))
    cached = (read or 0) + (wrote or 0)
    inside = whole(get(given, "total_tokens")) == n_in + n_out and cached <= n_in
    total = n_in if inside else n_in + cached
    return disjoint(total, n_out, read, wrote, whole(get(given, "reasoning_tokens")))
