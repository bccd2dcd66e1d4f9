"""lighteval: details (``details_TASK_DATE.parquet``, one row a sample), and its results file, which
holds aggregate scores.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from claimbench.importers import json_values
from claimbench.importers.gather import Answer, Found, gathered
from claimbench.importers.imported import (
    SETTINGS,
    Aggregate,
    Imported,
    ImportedArm,
    ImportFault,
    ImportOptions,
)
from claimbench.importers.json_values import get, mapping, number
from claimbench.suite.datasets import ReadOptions, read_table
from claimbench.suite.files.settings import all_settings, stated_settings
from claimbench.suite.files.traffic.requests import parsed, sampling, tokens
from claimbench.types import Json, Usage

KIND = "lighteval"
_NAME = re.compile(r"details_(.+)_(\d{4}-\d{2}-\d{2}T[\d.-]+)\Z")


def is_detail(value: Json) -> bool:
    """Recognise a row of details, of the new columns or those with underscores."""
    row = mapping(value)
    new = {"doc", "metric", "model_response"} <= row.keys()
    return new or {"__doc__", "__metric__", "__model_response__"} <= row.keys()


def is_results(value: Json) -> bool:
    """Recognise a results file."""
    return {"config_general", "results", "versions"} <= mapping(value).keys()


def read(path: Path, options: ImportOptions) -> Imported:
    """Read details or results; raises ImportFault or SuiteError."""
    if path.suffix.lower() == ".json":
        return _results(path)
    table = read_table(path, ReadOptions(wide=True, nan_is_null=True))
    found = _NAME.match(path.stem)
    model, results = _model_and_results(path, found.group(2) if found else "")
    stated = _figures(results)
    name = model.rpartition("/")[2]
    answers = []
    for number_of, row in enumerate(table.rows):
        if not is_detail(row.values):
            raise ImportFault(f"{path}: record {row.line} is no detail of lighteval")
        own = found.group(1) if found else path.stem
        answers.append(_answer(row.values, name, options.task or own, number_of))
    task = answers[0].task if answers else ""
    config = mapping(get(results, "config_general", "model_config"))
    generation = config.get("generation_parameters")
    setup: dict[str, Json] = {task: {SETTINGS: _settings(config, mapping(generation))}}
    arm = ImportedArm(name, "lighteval", model, path.name, setup, sampling(generation))
    figures = stated.get(task.replace("|", "_"), stated.get(task, {}))
    return gathered(Found(KIND, [path], [arm], answers, {(name, task): figures}), options)


def _answer(row: Mapping[str, Json], arm: str, task: str, n: int) -> Answer:
    doc = mapping(parsed(row.get("doc", row.get("__doc__"))))
    response = mapping(parsed(row.get("model_response", row.get("__model_response__"))))
    metric = mapping(parsed(row.get("metric", row.get("__metric__"))))
    scores = {name: number(value) for name, value in metric.items()}
    texts = response.get("text_post_processed") or response.get("text")
    text = texts[0] if isinstance(texts, list) and texts else texts
    return Answer(
        arm,
        task,
        str(doc.get("id") or n),
        {name: value for name, value in scores.items() if value is not None},
        shown=str(doc.get("query") or ""),
        target=_target(doc),
        text=text if isinstance(text, str) else "",
        usage=_usage(response),
    )


def _target(doc: Mapping[str, Json]) -> Json:
    choices, gold = doc.get("choices"), doc.get("gold_index")
    if not isinstance(choices, list):
        return None
    places = gold if isinstance(gold, list) else [gold]
    right = [choices[i] for i in places if isinstance(i, int) and 0 <= i < len(choices)]
    return right[0] if len(right) == 1 else right or None


def _usage(response: Mapping[str, Json]) -> Usage | None:
    """Return the tokens of one generation; of a choice by likelihood nothing was generated."""
    given, made = response.get("input_tokens"), response.get("output_tokens")
    if not isinstance(given, list) or not isinstance(made, list) or len(made) != 1:
        return None
    if given and isinstance(given[0], list):
        given = given[0]
    return tokens(len(given), len(made[0])) if isinstance(made[0], list) and made[0] else None


_NOT_GENERATION = frozenset({"num_blocks", "block_size", "cache_implementation", "max_new_tokens"})
"""Parameters by which an answer is computed, and one that is read by its name."""


def _settings(config: Mapping[str, Json], generation: Mapping[str, Json]) -> dict[str, Json]:
    """Return how the model's answers were generated, beside their sampling."""
    told = {
        **all_settings(generation, _NOT_GENERATION),
        **stated_settings(config),
        "max_new_tokens": generation.get("max_new_tokens"),
        "override_chat_template": config.get("override_chat_template"),
    }
    return {name: value for name, value in told.items() if value is not None}


def _model_and_results(path: Path, date: str) -> tuple[str, dict[str, Json]]:
    """Return the model, and the results file of the same date where it stands in the tool's own
    place (``results/MODEL`` beside ``details/MODEL/DATE``), else nothing.
    """
    parts = path.parts
    model = path.parent.parent.name if _dated(path.parent.name) else path.stem
    if "details" in parts[:-1]:
        at = len(parts) - 2 - parts[:-1][::-1].index("details")
        named = [part for part in parts[at + 1 : -1] if not _dated(part)]
        model = "/".join(named) or model
        home = Path(*parts[:at]) / "results" / Path(*named)
        results = home / f"results_{date}.json"
        if results.is_file():
            data = mapping(json_values.load_json(results, json_values.read_bytes(results)))
            told = str(get(data, "config_general", "model_name") or model)
            return told, data
    return model, {}


def _dated(name: str) -> bool:
    return re.match(r"\d{4}-\d{2}-\d{2}T", name) is not None


def _figures(data: Json) -> dict[str, dict[str, float]]:
    """Return task -> metric -> figure; keys as files have them (``|`` as ``_``) too."""
    made: dict[str, dict[str, float]] = {}
    for task, values in mapping(get(data, "results")).items():
        figures = {name: number(value) for name, value in mapping(values).items()}
        known = {n: v for n, v in figures.items() if v is not None and not n.endswith("_stderr")}
        made[task] = made[task.replace("|", "_")] = known
    return made


def _results(path: Path) -> Imported:
    data = json_values.load_json(path, json_values.read_bytes(path))
    model = str(get(data, "config_general", "model_name") or path.stem)
    arm = ImportedArm(model.rpartition("/")[2], "lighteval", model, path.name)
    told = []
    for task, values in mapping(get(data, "results")).items():
        if task == "all":
            continue
        for name, value in mapping(values).items():
            figure = number(value)
            if figure is None or name.endswith("_stderr"):
                continue
            error = number(mapping(values).get(f"{name}_stderr"))
            told.append(Aggregate(arm.name, task, name, figure, error, None, note="no details"))
    if not told:
        raise ImportFault(f"{path}: the results file holds no scores")
    note = f"{path.name}: results without details (--save-details writes them as Parquet)"
    files = {path.name: json_values.sha256(json_values.read_bytes(path))}
    return Imported(KIND, (arm,), (), (), tuple(told), (note,), {}, files)
