"""lm-eval before 0.4: one JSON file with aggregate scores (``acc``, ``acc_stderr``), without items
unless ``--write_out`` was on (``TASK_write_out_info.json`` beside it).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from claimbench.importers import direction, json_values
from claimbench.importers.gather import Answer, Found, gathered
from claimbench.importers.imported import (
    Aggregate,
    Imported,
    ImportedArm,
    ImportFault,
    ImportOptions,
)
from claimbench.importers.json_values import get, mapping, number, text_of
from claimbench.types import Json

KIND = "lm-eval-0.3"
_ENDING = "_write_out_info.json"


def is_results(value: Json) -> bool:
    """Recognise a results file: ``config`` where newer versions have ``configs``, and metrics
    without filters.
    """
    told = mapping(value)
    results = mapping(told.get("results"))
    if not results or "configs" in told or not isinstance(told.get("config"), dict):
        return False
    plain = [key for values in results.values() for key in mapping(values)]
    return "versions" in told and bool(plain) and not any("," in key for key in plain)


def read(path: Path, options: ImportOptions) -> Imported:
    """Read a results file with what was written out beside it; raises ImportFault."""
    data = json_values.load_json(path, json_values.read_bytes(path))
    config = mapping(get(data, "config"))
    model = _model(config) or path.stem
    arm = ImportedArm(
        model.rpartition("/")[2],
        str(config.get("model") or "unknown"),
        model,
        path.name,
        {
            task: {"version": v, "num_fewshot": config.get("num_fewshot")}
            for task, v in mapping(get(data, "versions")).items()
        },
    )
    told: list[Aggregate] = []
    answers: list[Answer] = []
    stated: dict[tuple[str, str], dict[str, float]] = {}
    paths = [path]
    for task, values in mapping(get(data, "results")).items():
        figures = {n: number(v) for n, v in mapping(values).items() if not n.endswith("_stderr")}
        known = {n: v for n, v in figures.items() if v is not None}
        written = path.parent / f"{task}{_ENDING}"
        if written.is_file():
            stated[arm.name, task] = known
            answers += _answers(written, arm.name, task, known)
            paths.append(written)
            continue
        for name, value in known.items():
            error = number(mapping(values).get(f"{name}_stderr"))
            shown, figure = name, value
            if direction.lower_is_better(name) and 0 <= value <= 1:
                shown, figure = direction.inverted(name), 1 - value
            told.append(Aggregate(arm.name, task, shown, figure, error, None, note="no items"))
    note = f"{path.name}: written by lm-eval before 0.4"
    files = {one.name: json_values.sha256(json_values.read_bytes(one)) for one in paths}
    alone = Imported(KIND, (arm,), (), (), tuple(told), (note,), {}, files)
    if not answers:
        if not told:
            raise ImportFault(f"{path}: the results file holds no scores")
        return alone
    made = gathered(Found(KIND, paths, [arm], answers, stated), options)
    return replace(made, aggregates=(*made.aggregates, *told), notes=(note, *made.notes))


def _model(config: Mapping[str, Json]) -> str | None:
    """Return the model: ``pretrained=NAME,dtype=…``, ``engine=NAME``, else the kind of model."""
    given = config.get("model_args")
    parts = str(given).split(",") if isinstance(given, str) else []
    for part in parts:
        key, _, value = part.partition("=")
        if key.strip() in ("pretrained", "engine", "model") and value.strip():
            return value.strip()
    named = config.get("model")
    return named if isinstance(named, str) else None


def _answers(path: Path, arm: str, task: str, metrics: Mapping[str, float]) -> list[Answer]:
    """Read what ``--write_out`` wrote: scores stand under the metric's name, as text."""
    data = json_values.load_json(path, json_values.read_bytes(path))
    made = []
    for i, row in enumerate(data if isinstance(data, list) else []):
        told = mapping(row)
        scores: dict[str, float] = {}
        for name in metrics:
            value = told.get(name)
            try:
                found = float(value) if isinstance(value, str) else number(value)
            except ValueError:
                found = None
            if found is not None:
                scores[name] = found
        shown = told.get("prompt_0")
        made.append(
            Answer(
                arm,
                task,
                str(told.get("doc_id", i)),
                scores,
                shown=text_of(shown) if shown is not None else "",
                target=told.get("truth"),
                text=str(told.get("logit_0") or ""),
            )
        )
    return made
