"""Which imported tasks a model as judge scored: the rule of judges holds for them as in a run."""

from __future__ import annotations

from claimbench.importers.imported import NOT_SCORED, Imported
from claimbench.importers.judges.names import says_judge
from claimbench.types import PAIRWISE, Json, ScorerSpec


def judges_of(imported: Imported) -> dict[str, str]:
    """Return task -> what says that a judge scored it: one answer's word, or the metric's name.

    One judged answer is enough, for a task's quality is the mean over all of them.
    """
    found = {
        task: metric
        for task, metric in imported.metrics.items()
        if metric not in (NOT_SCORED, PAIRWISE) and says_judge(metric)
    }
    for call in imported.calls:
        if call.judge and imported.metrics.get(call.task, "score") not in (NOT_SCORED, PAIRWISE):
            found.setdefault(call.task, call.judge)
    return found


def scorers_of(metric: str, judge: str | None) -> tuple[ScorerSpec, ...]:
    """Return what scored an imported task: the tool's metric, with the judge behind it; votes on
    pairs; nothing.
    """
    if metric == NOT_SCORED:
        return ()
    if metric == PAIRWISE:
        return (ScorerSpec(PAIRWISE, {"by": ["imported"], "rubric": "as the file's raters"}),)
    options: dict[str, Json] = {"metric": metric}
    return (ScorerSpec("imported", options if judge is None else {**options, "judge": judge}),)


def notes_of(imported: Imported) -> tuple[str, ...]:
    """Say which tasks a judge scored, and what that means."""
    return tuple(
        f"{task}: scored by a model as judge ({judge}), as the file says; nobody has checked it"
        " against people"
        for task, judge in judges_of(imported).items()
    )
