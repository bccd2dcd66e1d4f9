"""A stored run's tasks of graded relevance: each arm, and the people, against the final ratings,
over all items.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from claimbench.claims.preference.pairs import Comparisons
from claimbench.evaluation.people import People, judge_agreement, to_label
from claimbench.number_text import parse_number
from claimbench.scorers.graded import GradedScorer
from claimbench.scorers.labels import LabelScorer
from claimbench.stats.agreement import Agreement, against, ceiling
from claimbench.types import CallRecord, JudgeSpec, Outcome, Sample, Score, Suite, Task

FEWEST_OF_ONE_CHOICE = 10
"""Answers from which on a judge that never used another choice is named."""


def agreement_lines(suite: Suite, records: Sequence[CallRecord]) -> list[str]:
    """Say in one line per task what raters reach, and in one per arm what it does; empty without
    such a task.

    An answer that is no grade counts in ``graded`` as wrong; kappa and NDCG are over the answers
    that are one. NDCG@10 is the mean over clusters (queries) of sorting each by the arm's grades,
    where clusters hold several items.
    """
    lines: list[str] = []
    for task in suite.tasks:
        spec = next((s for s in task.scorers if s.name == GradedScorer.name), None)
        if spec is not None:
            lines += _task_lines(task, GradedScorer(spec.options), records)
    return lines


def judge_lines(
    suite: Suite,
    records: Sequence[CallRecord],
    judged: Sequence[CallRecord],
    people: People,
    scores: Sequence[Score],
) -> list[str]:
    """Say in one line per task who judged it and how well that agrees with people, and in one more
    which judge only ever used one choice; empty where no judge scores.

    Args:
        suite: the run's.
        records: the arms' finished calls.
        judged: the judges' finished calls.
        people: what people said of a sample.
        scores: of the arms' calls.
    """
    lines: list[str] = []
    found = {
        agreement.task: agreement for agreement in judge_agreement(suite, people, records, scores)
    }
    for task in suite.tasks:
        judge = task.judge
        if judge is None:
            continue
        asked = [
            record
            for record in judged
            if record.call.task == task.name and record.outcome is Outcome.OK
        ]
        text = (
            f"{task.name} is scored by the model {judge.by} as judge: {len(asked):,} answers judged"
        )
        only = _only_choice(judge, asked)
        agreement = found.get(task.name)
        if agreement is None:
            lines.append(f"{text}; nobody has checked it against people (bench labels).")
            lines += only
            continue
        kappa = (
            "unknown (always the same score)"
            if agreement.kappa is None
            else f"{agreement.kappa:.2f}"
        )
        lines.append(
            f"{text}; on {agreement.n:,} that people labelled too it gives the same score in"
            f" {agreement.same:.0%}, kappa {kappa}. Quality is shown as people see it."
        )
        lines += only
    return lines


def left_lines(
    suite: Suite, people: People, records: Sequence[CallRecord], pairs: Comparisons | None
) -> list[str]:
    """Say how many of the answers, and of the pairs, that were drawn for people have no label,
    where others of their kind have one.
    """
    judged = {task.name for task in suite.tasks if task.judge is not None}
    answers = [
        one.call.id in people.labels
        for one in to_label(people, records, 0)
        if one.call.task in judged
    ]
    compared = [bool(row.people) for row in (pairs.rows if pairs is not None else ()) if row.drawn]
    return [
        f"{labelled.count(False):,} of {len(labelled):,} {things} drawn for people have no label:"
        f" if the hard ones were left out, {wrong}."
        for labelled, things, wrong in (
            (answers, "answers", "the correction of the judge is wrong"),
            (compared, "pairs", "the share of wins is wrong"),
        )
        if any(labelled) and not all(labelled)
    ]


def _only_choice(judge: JudgeSpec, asked: Sequence[CallRecord]) -> list[str]:
    """Name a judge that gave every answer the same choice."""
    reader = LabelScorer()
    choices = tuple(judge.choices)
    read = [reader.read(record.text, choices) for record in asked]
    said = [names[0] for names in read if len(names) == 1]
    if len(said) < FEWEST_OF_ONE_CHOICE or len(set(said)) > 1:
        return []
    return [
        f"The judge {judge.by} only ever used one choice: '{said[0]}' for all {len(said):,}"
        " answers. It tells no answer from another, so its score says nothing of them."
    ]


def _task_lines(task: Task, scorer: GradedScorer, records: Sequence[CallRecord]) -> list[str]:
    samples = {s.id: s for s in task.samples}
    asked = {r.call.sample_id for r in records if r.call.task == task.name}
    mine = [samples[i] for i in samples if i in asked]
    lines = []
    if scorer.raters and mine:
        lines.append(_ceiling_line(task.name, scorer, mine))
    arms: dict[str, list[tuple[Sample, float]]] = {}
    for record in records:
        if record.call.task != task.name or record.outcome is not Outcome.OK:
            continue
        grade = scorer.grade(record.text, task)
        if grade is not None:
            arms.setdefault(record.call.arm, []).append(
                (samples[record.call.sample_id], float(grade))
            )
    for arm, graded in arms.items():
        ours, final = [g for _, g in graded], [_final(s) for s, _ in graded]
        clusters = [s.cluster for s, _ in graded]
        grouped = clusters if len(set(clusters)) < len(clusters) else []
        found = against(ours, final, grouped)
        if found is not None:
            lines.append(f"{task.name}: {arm} against the final ratings: {_words(found)}.")
    return lines


def _ceiling_line(task: str, scorer: GradedScorer, samples: Sequence[Sample]) -> str:
    rows: list[Mapping[str, object]] = [scorer.ratings(s) for s in samples]
    ratings = {name: [_or_none(row.get(name)) for row in rows] for name in scorer.raters}
    top = ceiling(ratings, [_final(s) for s in samples])
    each = ", ".join(f"{name} {a.exact:.0%}" for name, a in top.raters.items())
    text = f"{task}: people agree with the final ratings on {each} of items"
    if top.pairs is not None:
        kappa = "" if top.pairs.kappa is None else f" (quadratic kappa {top.pairs.kappa:.2f})"
        text += (
            f", and two of them with each other on {top.pairs.exact:.0%}{kappa}: the ceiling of any"
            " grader"
        )
    return text + "."


def _words(found: Agreement) -> str:
    kappa = "unknown (always the same grade)" if found.kappa is None else f"{found.kappa:.2f}"
    text = (
        f"same grade {found.exact:.0%}, within one {found.within_one:.0%}, quadratic kappa {kappa},"
        f" n {found.n}"
    )
    if found.ndcg is not None:
        text += (
            f"; sorting by its grades gives NDCG@10 {found.ndcg:.3f} over {found.n_queries} queries"
        )
    return text


def _final(sample: Sample) -> float:
    value = parse_number(sample.target)
    if value is None:
        raise ValueError(f"the target of {sample.id} is no grade")
    return float(value)


def _or_none(value: object) -> float | None:
    return None if value is None else float(str(value))
