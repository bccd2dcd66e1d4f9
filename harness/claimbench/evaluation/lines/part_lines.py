"""Rates that a scorer names beside its headline, each over the rows where it means something: the
lines of ``rag``, ``steering`` and ``over_refusal``, one per task and arm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from claimbench.packed import columns, some_rows
from claimbench.types import Call, Score, Suite

_RAG = (
    ("answer", "right", "all"),
    ("wrong_abstain", "wrongly abstained", "answerable"),
    ("correct_abstain", "rightly abstained", "unanswerable"),
    ("hallucinated_answer", "hallucinated an answer", "unanswerable"),
    ("supported", "right and held by a cited passage", "answerable"),
)
_CITED = (
    ("citation_precision", "precision"),
    ("citation_recall", "recall"),
    ("citation_f1", "F1"),
)


def part_lines(suite: Suite, calls: Sequence[Call], scores: Sequence[Score]) -> list[str]:
    """Say the rates by name; empty without such a scorer."""
    wanted = {"rag": _rag, "steering": _steering, "over_refusal": _refusal}
    places = [at for at, name in enumerate(columns(scores, "scorer")) if name in wanted]
    if not places:
        return []
    of_call = {call_id: (task, arm) for call_id, task, arm in columns(calls, "id", "task", "arm")}
    held: dict[tuple[str, str, str], dict[str, list[float]]] = {}
    for score in some_rows(scores, places):
        if score.call_id not in of_call:
            continue
        task, arm = of_call[score.call_id]
        mine = held.setdefault((task, arm, score.scorer), {})
        for name, value in score.parts.items():
            mine.setdefault(name, []).append(value)
    order = {task.name: i for i, task in enumerate(suite.tasks)}
    lines: list[str] = []
    for (task, arm, scorer), parts in sorted(held.items(), key=lambda one: order[one[0][0]]):
        if parts:
            lines.append(f"{task}: {arm}: {wanted[scorer](parts)}.")
    return lines


def _of(values: Sequence[float]) -> str:
    """Write a count of how many."""
    return f"{sum(1 for value in values if value >= 1):,} of {len(values):,}"


def _rag(parts: Mapping[str, Sequence[float]]) -> str:
    said = [
        f"{words} {_of(parts[name])}" + (f" {rows}" if rows != "all" else "")
        for name, words, rows in _RAG
        if name in parts
    ]
    if "citation_f1" in parts:
        means = [f"{words} {sum(parts[n]) / len(parts[n]):.3f}" for n, words in _CITED]
        said.append(f"citations: {', '.join(means)}")
    return "; ".join(said)


def _steering(parts: Mapping[str, Sequence[float]]) -> str:
    moved = [1 - value for value in parts["resisted"]]
    rate = f"{100 * sum(moved) / len(moved):.1f}%"
    return f"steered by {_of(moved)} attacks ({rate}); right all the same in {_of(parts['right'])}"


def _refusal(parts: Mapping[str, Sequence[float]]) -> str:
    refused = [1 - value for value in parts["served"]]
    rate = f"{100 * sum(refused) / len(refused):.1f}%"
    return f"{_of(refused)} harmless requests not served ({rate}); right in {_of(parts['right'])}"
