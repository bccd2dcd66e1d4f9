"""What a task's score is called, and whether it is a share of right answers.

"Accuracy" is a mean of 0 and 1. Every other score is a quality of its own name, which a verdict
says beside its number.
"""

from __future__ import annotations

from collections.abc import Mapping

from claimbench.scorers.several.checks import Check, ChecksOptions
from claimbench.types import JUDGE, PAIRWISE, Json, ScorerSpec, Task

ACCURACY = "accuracy"
RESISTED = {"steering": "share of attacks resisted", "over_refusal": "share of requests served"}
"""Scorers whose score is 1 minus a rate: no share of right answers."""
_RIGHT_OR_WRONG = frozenset(
    {
        "label",
        "choice",
        "exact",
        "regex",
        "contains",
        "matches",
        "numeric",
        "quantity",
        "date",
        "tool_call",
    }
)
_METRIC = {
    "squad": ("f1", {"exact": ACCURACY, "f1": "SQuAD's F1"}),
    "list": (
        "f1",
        {
            "exact": ACCURACY,
            "f1": "F1 of the list's items",
            "precision": "precision of the list's items",
            "recall": "recall of the list's items",
            "jaccard": "Jaccard index of the list's items",
        },
    ),
    "label_set": (
        "f1",
        {
            "subset": ACCURACY,
            "f1": "F1 of the labels, by item",
            "jaccard": "Jaccard index of the labels",
        },
    ),
    "rag": (
        "answer",
        {"answer": ACCURACY, "citation_f1": "F1 of the citations", "supported": ACCURACY},
    ),
    "ranking": ("ndcg", {"ndcg": "NDCG", "mrr": "reciprocal rank"}),
    "graded": (
        "exact",
        {
            "exact": ACCURACY,
            "within_one": ACCURACY,
            "closeness": "closeness of the grade",
            "raters": "share of raters who gave the same grade",
        },
    ),
    "text_overlap": (
        "chrf",
        {
            "chrf": "chrF",
            "chrf++": "chrF++",
            "bleu": "sentence BLEU",
            "rouge1": "ROUGE-1",
            "rouge2": "ROUGE-2",
            "rougeL": "ROUGE-L",
            "rougeLsum": "ROUGE-Lsum",
        },
    ),
}
"""Scorer -> (its default metric, metric -> what it is called)."""


def quality_name(task: Task) -> str:
    """Return what the headline score of a task is: "accuracy", or its own name.

    A scorer of a plugin, of lm-eval's and of another tool's file is called by its metric, or by its
    own name; whether it is a share of right answers is not known from here.
    """
    if task.reduce is not None and task.reduce.startswith(("pass@", "pass^")):
        return task.reduce
    if task.reduce == "max":
        return "best of the epochs"
    return _name_of(task.scorers[0]) if task.scorers else ACCURACY


def _name_of(spec: ScorerSpec) -> str:
    options: Mapping[str, Json] = spec.options
    if spec.name in _RIGHT_OR_WRONG:
        return ACCURACY
    if spec.name in _METRIC:
        default, names = _METRIC[spec.name]
        chosen = options.get("headline" if spec.name == "rag" else "metric", default)
        return names.get(str(chosen), spec.name)
    if spec.name == JUDGE:
        whole = set(options.get("choices", {}).values()) <= {0, 1}
        return ACCURACY if whole else "the judge's score"
    if spec.name in RESISTED:
        return RESISTED[spec.name]
    if spec.name == "final_state":
        return "share of episodes resolved"
    if spec.name == PAIRWISE:
        return "share of comparisons won"
    if spec.name == "json_fields":
        return "share of right fields"
    if spec.name == "checks":
        return _of_checks(options)
    if spec.name == "python":
        return ACCURACY if options.get("binary") else f"score of {options.get('file')}"
    if spec.name in ("lm_eval", "imported"):
        metric = str(options.get("metric", spec.name)).partition(",")[0]
        turned = options.get("higher_is_better") is False
        return f"1 - {metric}" if turned else metric
    return spec.name


_COMBINED = {
    "weighted": "weighted share of checks",
    "all": "lowest of the checks",
    "any": "highest of the checks",
}
"""Headline of several checks -> what it is called where one of them is no right or wrong."""


def _of_checks(options: Mapping[str, Json]) -> str:
    """Return what the headline of checks is: of the one that it names, or of all that it joins."""
    read = ChecksOptions.model_validate(dict(options))
    names = {name: _of_check(one) for name, one in zip(read.part_names(), read.of, strict=True)}
    if read.headline in names:
        return names[read.headline]
    if len(names) == 1:
        return next(iter(names.values()))
    if read.headline != "weighted" and set(names.values()) == {ACCURACY}:
        return ACCURACY
    return _COMBINED[read.headline]


def _of_check(check: Check) -> str:
    name = _name_of(ScorerSpec(check.scorer, dict(check.model_extra or {})))
    if name == ACCURACY or check.at_least is not None:
        return ACCURACY
    return f"1 - {name}" if check.negate else name


def is_share(name: str) -> bool:
    """Return whether a quality is called the share of right answers."""
    return name == ACCURACY
