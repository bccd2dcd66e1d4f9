"""OpenAI evals: the log of ``oaieval`` (JSON Lines: the spec, events of samples, the final report).

A ``match`` event is a sample's score; ``metrics`` events give others. The answer is the last
``sampling`` event of the sample, for the first ones may be a chain of thought.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from claimbench.importers import json_values
from claimbench.importers.gather import Answer, Found, gathered
from claimbench.importers.imported import Imported, ImportedArm, ImportFault, ImportOptions
from claimbench.importers.json_values import get, mapping, number, text_of
from claimbench.suite.files.traffic.requests import when
from claimbench.types import Json

KIND = "openai-evals"
ACCURACY = "accuracy"


def is_spec(value: Json) -> bool:
    """Recognise the first line of a log."""
    spec = mapping(get(value, "spec"))
    return "eval_name" in spec and ("completion_fns" in spec or "base_eval" in spec)


def read(path: Path, options: ImportOptions) -> Imported:
    """Read one log; raises ImportFault."""
    rows = [row for _, row in json_values.json_lines(path, json_values.read_bytes(path))]
    if not rows or not is_spec(rows[0]):
        raise ImportFault(f"{path}: not a log of OpenAI evals (its first line is the spec)")
    spec = mapping(rows[0]["spec"])
    named = spec.get("completion_fns")
    model = str(named[-1] if isinstance(named, list) and named else path.stem)
    task = options.task or str(spec.get("eval_name"))
    events: dict[str, list[dict[str, Json]]] = {}
    report: dict[str, Json] = {}
    for row in rows[1:]:
        if "final_report" in row:
            report = mapping(row["final_report"])
        elif row.get("sample_id") is not None:
            events.setdefault(str(row["sample_id"]), []).append(row)
    arm = ImportedArm(
        model.rpartition("/")[2],
        "openai-evals",
        model,
        path.name,
        when=when(spec.get("created_at")),
    )
    graded = "modelgraded" in text_of(spec.get("run_config") or {}).casefold()
    graded = graded or "modelbasedclassify" in text_of(spec).casefold()
    answers = [_answer(arm.name, task, item, told, graded) for item, told in events.items()]
    answers = [answer for answer in answers if answer is not None]
    stated = {name: n for name, value in report.items() if (n := number(value)) is not None}
    if ACCURACY not in stated and "score" in stated:
        stated[ACCURACY] = stated["score"]
    found = Found(
        KIND,
        [path],
        [arm],
        [answer for answer in answers if answer is not None],
        {(arm.name, task): stated},
        preferred=(ACCURACY,),
        notes=[] if report else [f"{path.name}: no final report: the run did not end"],
    )
    return gathered(found, options)


def _answer(
    arm: str, task: str, item: str, events: list[dict[str, Json]], graded: bool
) -> Answer | None:
    """Return the answer of a sample; None for one that was only sampled, as helpers are."""
    scores: dict[str, float] = {}
    target: Json = None
    shown, text, error, moment = "", "", None, None
    chosen = False  # one of the choices that a grader may give
    for event in events:
        data = mapping(event.get("data"))
        kind = event.get("type")
        moment = moment or when(event.get("created_at"))
        if kind == "match" and isinstance(data.get("correct"), bool):
            scores[ACCURACY] = float(data.get("correct") is True)
            target = data.get("expected", data.get("options"))
        elif kind == "metrics":
            scores.update(_numbers(data))
            chosen = chosen or "choice" in data
        elif kind == "sampling":
            shown = shown or _prompt(data.get("prompt"))
            sampled = data.get("sampled")
            first = sampled[0] if isinstance(sampled, list) and sampled else sampled
            text = text_of(first) if first is not None else ""
        elif kind == "error":
            error = str(data.get("message") or data.get("type") or "an error")
    if not scores and error is None:
        return None
    return Answer(
        arm,
        task,
        item,
        scores,
        shown=shown,
        target=target,
        text=text,
        error=None if scores else error,
        sent=moment,
        judge=dict.fromkeys(scores, "model-graded") if graded or chosen else {},
    )


def _numbers(data: Mapping[str, Json]) -> dict[str, float]:
    values = {name: number(value) for name, value in data.items()}
    return {name: value for name, value in values.items() if value is not None}


def _prompt(prompt: Json) -> str:
    if isinstance(prompt, list):
        return "\n".join(text_of(get(turn, "content") or "") for turn in prompt)
    return text_of(prompt) if prompt is not None else ""
