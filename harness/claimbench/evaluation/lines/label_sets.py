"""Micro and macro F1 of answers that are several labels at once: figures over all answers of an
arm, beside the mean over items that decides.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from claimbench.scorers.several.label_set import LabelSetScorer
from claimbench.types import CallRecord, Outcome, Suite


@dataclass(frozen=True, slots=True)
class LabelFigures:
    """F1 over all labels of all answers (micro), the mean of each label's own F1 (macro), over
    ``n`` answers; a label that neither stands in a target nor in an answer has F1 0, as in
    scikit-learn.
    """

    micro: float
    macro: float
    n: int


def figures(
    pairs: Sequence[tuple[Collection[str], Collection[str]]], labels: Sequence[str]
) -> LabelFigures:
    """Return micro and macro F1 of (said, right) label sets over all of ``labels``."""
    hits = dict.fromkeys(labels, 0)
    said = dict.fromkeys(labels, 0)
    wanted = dict.fromkeys(labels, 0)
    for ours, right in pairs:
        for label in ours:
            said[label] += 1
            hits[label] += label in right
        for label in right:
            wanted[label] += 1
    total = sum(said.values()) + sum(wanted.values())
    micro = 2 * sum(hits.values()) / total if total else 0.0
    return LabelFigures(micro, _macro(hits, said, wanted), len(pairs))


def _macro(hits: Mapping[str, int], said: Mapping[str, int], wanted: Mapping[str, int]) -> float:
    each = [
        2 * hits[label] / (said[label] + wanted[label]) if said[label] + wanted[label] else 0.0
        for label in hits
    ]
    return sum(each) / len(each)


def label_set_lines(suite: Suite, records: Sequence[CallRecord]) -> list[str]:
    """Say micro and macro F1 of each arm in one line per task of label sets; empty without such a
    task. An answer that names no label counts as none named.
    """
    lines: list[str] = []
    for task in suite.tasks:
        spec = next((s for s in task.scorers if s.name == LabelSetScorer.name), None)
        if spec is None:
            continue
        scorer = LabelSetScorer(spec.options)
        targets = {s.id: scorer.target_labels(s.target) for s in task.samples if s.scored}
        pairs: dict[str, list[tuple[set[str], set[str]]]] = {}
        for record in records:
            if record.call.task != task.name or record.outcome.missing:
                continue
            if record.call.sample_id not in targets:
                continue
            read = scorer.read(record.text) if record.outcome is Outcome.OK else None
            said = read or set()
            pairs.setdefault(record.call.arm, []).append((said, targets[record.call.sample_id]))
        for arm, mine in pairs.items():
            found = figures(mine, scorer.labels)
            lines.append(
                f"{task.name}: {arm}: micro F1 {found.micro:.3f}, macro F1 {found.macro:.3f} over"
                f" {found.n:,} answers and {len(scorer.labels)} labels."
            )
    return lines
