"""EvalScope: a file of reviews (``reviews/MODEL/DATASET_SUBSET.jsonl``, one line a sample), and its
report (``reports/MODEL/DATASET.json``), which holds aggregate scores.

Reviews of versions before 1.0 (written from 0.17's ``evaluator/evaluator.py``) have the review
inside each choice of an answer. Files of predictions hold no scores in any version: refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from claimbench.importers import json_values
from claimbench.importers.gather import Answer, Found, gathered
from claimbench.importers.imported import (
    Aggregate,
    Imported,
    ImportedArm,
    ImportFault,
    ImportOptions,
)
from claimbench.importers.json_values import as_list, get, mapping, number, seconds, whole
from claimbench.importers.judges.names import says_judge
from claimbench.suite.files.traffic.requests import text_of_content, tokens
from claimbench.types import Json

KIND = "evalscope"
_UNUSABLE = ("unavailable", "failed", "error", "skipped")


def is_review(value: Json) -> bool:
    """Recognise a line of reviews."""
    return isinstance(get(value, "sample_score", "score", "value"), dict) and "index" in value


def is_old_review(value: Json) -> bool:
    """Recognise a line of reviews of a version before 1.0."""
    return {"choices", "reviewed", "reviewer_spec"} <= mapping(value).keys()


def is_prediction(value: Json) -> bool:
    """Recognise a line of predictions: an answer that was not scored."""
    names = mapping(value).keys()
    old = {"choices", "answer_id", "raw_input", "model_spec"} <= names and "reviewed" not in names
    return old or {"index", "model_output", "messages"} <= names


def is_report(value: Json) -> bool:
    """Recognise a report."""
    names = mapping(value).keys()
    return {"dataset_name", "model_name", "metrics"} <= names


def read(path: Path, options: ImportOptions) -> Imported:
    """Read reviews or a report; raises ImportFault."""
    if path.suffix.lower() == ".json":
        return _report(path)
    rows = list(json_values.json_lines(path, json_values.read_bytes(path)))
    model = next((m for _, row in rows if (m := _model(row))), path.parent.name)
    name = model.rpartition("/")[2]
    task = options.task or path.stem
    answers: list[Answer] = []
    for line, row in rows:
        if is_prediction(row):
            raise ImportFault(
                f"{path}:{line}: predictions of EvalScope, which hold answers and no scores",
                hint=f"give the file of the same name under reviews/{path.parent.name}",
            )
        if is_old_review(row):
            answers += _old_answers(row, name, task)
            continue
        if not is_review(row):
            raise ImportFault(f"{path}:{line}: not a review of EvalScope (no sample_score)")
        answers.append(_answer(row, name, task))
    left = sum(1 for answer in answers if answer.error)
    arm = ImportedArm(name, "evalscope", model, path.name)
    notes = [f"{path.name}: {left} samples without a usable score left out"] if left else []
    main = [str(get(row, "sample_score", "score", "main_score_name") or "") for _, row in rows[:1]]
    stated = _stated(path, name, task)
    if any(_OLD_METRIC in answer.scores for answer in answers):  # its one metric had no name there
        alone = {key: list(told.values()) for key, told in stated.items() if len(told) == 1}
        stated = {key: {_OLD_METRIC: values[0]} for key, values in alone.items()}
    found = Found(KIND, [path], [arm], answers, stated, preferred=main, notes=notes)
    return gathered(found, options)


_OLD = "EvalScope before 1.0: no review"
_OLD_METRIC = "result"


def _old_answers(row: Mapping[str, Json], arm: str, task: str) -> list[Answer]:
    """Return one answer for each choice of a review before 1.0: repeats of the same question."""
    raw = mapping(row.get("raw_input"))
    keys = ("question", "Question", "prompt", "Prompt", "query", "Query", "problem", "Problem")
    asked = next((raw[key] for key in keys if raw.get(key)), None)
    choices = as_list(row.get("choices"))
    subset = row.get("subset_name")
    item = str(row.get("index", row.get("answer_id")))
    one = len(choices) == 1
    made = []
    for epoch, choice in enumerate(choices):
        review = mapping(get(choice, "review"))
        result = review.get("result")
        scores = _old_scores(result)
        usable = bool(row.get("reviewed")) and bool(scores)
        made.append(
            Answer(
                arm,
                task,
                f"{subset}/{item}" if isinstance(subset, str) and subset else item,
                scores,
                epoch=epoch,
                shown=text_of_content(asked) or json_values.text_of(row.get("raw_input")),
                target=review.get("gold"),
                text=text_of_content(get(choice, "message", "content")) or "",
                error=None if usable else _OLD,
                usage=tokens(
                    whole(get(row, "usage", "prompt_tokens")) if one else None,
                    whole(get(row, "usage", "completion_tokens")) if one else None,
                ),
                explanation=str(review.get("pred") or ""),
                judge=dict.fromkeys(scores, "reviewer") if _old_judge(row) else {},
            )
        )
    return made


def _old_judge(row: Mapping[str, Json]) -> bool:
    """Tell a review before 1.0 that a model made."""
    return says_judge(json_values.text_of(row.get("reviewer_spec") or ""))


def _old_scores(result: Json) -> dict[str, float]:
    """Return the scores of a review before 1.0: one number or truth value, or several by name."""
    if isinstance(result, dict):
        return {n: v for n, one in result.items() if (v := number(one)) is not None}
    value = number(result)
    return {} if value is None else {_OLD_METRIC: value}


def _model(row: Mapping[str, Json]) -> str | None:
    stated = row.get("model")
    if is_old_review(row) and isinstance(stated, str) and stated:
        return stated
    turns = row.get("messages")
    for turn in reversed(turns) if isinstance(turns, list) else ():
        model = get(turn, "model")
        if isinstance(model, str) and model:
            return model
    return None


def _answer(row: Mapping[str, Json], arm: str, task: str) -> Answer:
    score = mapping(get(row, "sample_score", "score"))
    values = {n: number(v) for n, v in mapping(score.get("value")).items()}
    status = str(score.get("status") or "").casefold()
    turns = row.get("messages")
    listed = [mapping(turn) for turn in turns] if isinstance(turns, list) else []
    last = max((i for i, t in enumerate(listed) if t.get("role") == "assistant"), default=None)
    asked = listed if last is None else listed[:last]
    measured = mapping(listed[last].get("perf_metrics")) if last is not None else {}
    group = get(row, "sample_score", "group_id")
    generation = whole(get(row, "sample_score", "generation_index"))
    repeated = group is not None and generation is not None
    return Answer(
        arm,
        task,
        str(group if repeated else row["index"]),
        {n: v for n, v in values.items() if v is not None},
        epoch=(generation or 0) if repeated else 0,
        shown="\n".join(text_of_content(t.get("content")) or "" for t in asked),
        target=row.get("target"),
        text=str(score.get("prediction") or score.get("extracted_prediction") or ""),
        error=f"EvalScope: {status}" if status in _UNUSABLE else None,
        usage=tokens(whole(measured.get("input_tokens")), whole(measured.get("output_tokens"))),
        latency_s=seconds(measured.get("latency")),
        ttft_s=seconds(measured.get("ttft")),
        explanation=str(score.get("explanation") or ""),
        judge=_judges(score, values),
    )


def _judges(score: Mapping[str, Json], values: Mapping[str, Json]) -> dict[str, str]:
    """Return metric -> that EvalScope's judge gave it, as the score's metadata or words say."""
    source = str(get(score, "metadata", "source") or "")
    told = says_judge(source) or get(score, "metadata", "judge_strategy") is not None
    if told or str(score.get("explanation") or "").startswith("LLM judge"):
        return dict.fromkeys(values, source or "LLM judge")
    return {}


def _stated(path: Path, arm: str, task: str) -> dict[tuple[str, str], dict[str, float]]:
    """Return the figures of the report that belongs to a file of reviews, where it stands in the
    tool's own place.
    """
    home = path.parent.parent.parent / "reports" / path.parent.name
    for report in sorted(home.glob("*.json")) if home.is_dir() else ():
        if path.stem == report.stem or path.stem.startswith(f"{report.stem}_"):
            try:
                data = json_values.load_json(report, json_values.read_bytes(report))
            except ImportFault:
                return {}
            subset = path.stem.removeprefix(report.stem).removeprefix("_")
            return {(arm, task): _subset_scores(data, subset)}
    return {}


def _subset_scores(data: Json, subset: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for metric in as_list(get(data, "metrics")):
        for category in as_list(get(metric, "categories")):
            for one in as_list(get(category, "subsets")):
                score = number(get(one, "score"))
                if score is not None and get(one, "name") == subset:
                    name = str(get(metric, "name") or "")
                    found[name.removeprefix("mean_").removeprefix("Average")] = score
    return found


def _report(path: Path) -> Imported:
    data = json_values.load_json(path, json_values.read_bytes(path))
    model = str(get(data, "model_name"))
    arm = ImportedArm(model.rpartition("/")[2], "evalscope", model, path.name)
    told = []
    for metric in as_list(get(data, "metrics")):
        score = number(get(metric, "score"))
        if score is not None:
            name = str(get(metric, "name") or "score")
            n = whole(get(metric, "num"))
            task = str(get(data, "dataset_name"))
            told.append(Aggregate(arm.name, task, name, score, None, n, note="a report"))
    if not told:
        raise ImportFault(f"{path}: the report holds no scores")
    note = f"{path.name}: a report; its items stand under reviews/{path.parent.name}"
    files = {path.name: json_values.sha256(json_values.read_bytes(path))}
    return Imported(KIND, (arm,), (), (), tuple(told), (note,), {}, files)
