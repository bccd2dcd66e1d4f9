"""HELM: ``per_instance_stats.json`` with the other files of its run beside it (``run_spec.json``,
``scenario_state.json``, ``stats.json``), all but the first of which may be missing.

Statistics of perturbed instances, and of other splits than ``test`` (``valid`` where there is no
test), are left out, as in HELM's headline.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from claimbench.importers import json_values
from claimbench.importers.gather import Answer, Found, gathered
from claimbench.importers.imported import (
    SETTINGS,
    Imported,
    ImportedArm,
    ImportFault,
    ImportOptions,
)
from claimbench.importers.json_values import as_list, get, mapping, number, seconds, whole
from claimbench.suite.files.traffic.requests import tokens
from claimbench.types import Json, SamplingParams, Usage

KIND = "helm"
_MAIN = {
    "narrative_qa": "f1_score",
    "natural_qa": "f1_score",
    "quac": "f1_score",
    "boolq": "quasi_exact_match",
    "imdb": "quasi_exact_match",
    "raft": "quasi_exact_match",
    "civil_comments": "quasi_exact_match",
    "wikifact": "quasi_exact_match",
    "legalbench": "quasi_exact_match",
    "legal_support": "quasi_exact_match",
    "lsat_qa": "quasi_exact_match",
    "med_qa": "quasi_exact_match",
    "babi_qa": "quasi_exact_match",
    "bbq": "quasi_exact_match",
    "entity_matching": "quasi_exact_match",
    "entity_data_imputation": "quasi_exact_match",
    "synthetic_reasoning": "quasi_exact_match",
    "dyck_language": "exact_match_indicator",
    "gsm": "exact_match_indicator",
    "msmarco": "RR@10",
    "summarization_cnndm": "rouge_2",
    "summarization_xsum": "rouge_2",
    "wmt_14": "bleu_4",
}
"""Scenario -> the metric that HELM puts first for it (its schema_classic.yaml)."""
_FIRST = (
    "exact_match",
    "quasi_exact_match",
    "prefix_exact_match",
    "final_number_exact_match",
    "exact_match_indicator",
    "math_equiv_chain_of_thought",
    "math_equiv",
    "f1_score",
    "ifeval_strict_accuracy",
    "chain_of_thought_correctness",
)
_NO_QUALITY = (
    "num_",
    "batch_size",
    "inference_",
    "training_",
    "finish_reason_",
    "max_prob",
    "prompt_truncated",
    "predicted_index",
    "logprob",
    "bits_per_byte",
    "perplexity",
)


def is_stats(value: Json) -> bool:
    """Recognise ``per_instance_stats.json``."""
    first = get(value, 0)
    return {"instance_id", "train_trial_index", "stats"} <= mapping(first).keys()


def _settings(adapter: Mapping[str, Json]) -> dict[str, Json]:
    """Return what the adapter sets beside its temperature: stop texts, parts of prompts."""
    names = ("stop_sequences", "num_outputs", "chain_of_thought_prefix", "global_prefix")
    told = {name: adapter.get(name) for name in names}
    return {name: value for name, value in told.items() if value not in (None, "", [])}


def read(path: Path, options: ImportOptions) -> Imported:
    """Read one run of HELM; raises ImportFault."""
    data = json_values.load_json(path, json_values.read_bytes(path))
    if not is_stats(data):
        raise ImportFault(f"{path}: not per-instance statistics of HELM")
    spec = _beside(path, "run_spec.json")
    model = str(get(spec, "adapter_spec", "model") or path.parent.name)
    task = options.task or _task(spec, path)
    adapter = mapping(get(spec, "adapter_spec"))
    named = ("method", "max_train_instances", "max_tokens", "instructions")
    setup: dict[str, Json] = {name: adapter.get(name) for name in named if adapter}
    setup[SETTINGS] = _settings(adapter)
    arm = ImportedArm(
        model.rpartition("/")[2],
        model.partition("/")[0] if "/" in model else "unknown",
        model,
        path.name,
        {task: setup},
        SamplingParams(number(adapter.get("temperature"))),
    )
    shown = _states(_beside(path, "scenario_state.json"))
    merged: dict[tuple[str, int], dict[str, float]] = {}
    split = _main_split(data)
    others = set()
    for row in data:
        if get(row, "perturbation"):
            continue
        key = (str(get(row, "instance_id")), whole(get(row, "train_trial_index")) or 0)
        for stat in as_list(get(row, "stats")):
            name = mapping(get(stat, "name"))
            value = number(get(stat, "mean"))
            plain = not name.get("perturbation")
            if plain and name.get("split") not in (split, None):
                others.add(key)
                continue
            if value is not None and plain:
                merged.setdefault(key, {})[str(name.get("name"))] = value
    answers = []
    for (item, trial), values in merged.items():
        answer = _answer(arm.name, task, item, trial, values, shown.get((item, trial), {}))
        answers.append(replace(answer, judge=_judges(spec, answer.scores)))
    found = Found(
        KIND,
        [path],
        [arm],
        answers,
        {(arm.name, task): _stated(_beside(path, "stats.json"), split)},
        preferred=(*_main_of(task), *_FIRST),
        notes=[f"{path.name}: {len(others)} items of other splits than {split} left out"]
        if others
        else [],
    )
    return gathered(found, options)


_EXECUTES = ("bigcodebench", "spider", "sql", "image2struct", "codeinsights")
"""Parts of the names of annotators that run code and ask no model."""


def _judges(spec: Json, scores: Mapping[str, float]) -> dict[str, str]:
    """Return metric -> the run's annotator: a model read the answers, and what no rule of HELM's
    own counts is its score.
    """
    listed = [str(get(one, "class_name") or "") for one in as_list(get(spec, "annotators"))]
    asked = [n for n in listed if n and not any(word in n.casefold() for word in _EXECUTES)]
    by_rule = {*_FIRST, *_MAIN.values()}
    return {n: asked[0].rpartition(".")[2] for n in scores if asked and n not in by_rule}


def _main_split(data: Json) -> str | None:
    """Return the split of HELM's headline: test, else valid, whichever stands there first."""
    there = set()
    for row in as_list(data):
        for stat in as_list(get(row, "stats")):
            there.add(str(get(stat, "name", "split")))
    return next((split for split in ("test", "valid") if split in there), None)


def _beside(path: Path, name: str) -> Json:
    other = path.parent / name
    if not other.is_file():
        return None
    return json_values.load_json(other, json_values.read_bytes(other))


def _main_of(task: str) -> tuple[str, ...]:
    scenario = re.split(r"[:,]", task)[0]
    return tuple(metric for name, metric in _MAIN.items() if name == scenario)


def _task(spec: Json, path: Path) -> str:
    name = str(get(spec, "name") or path.parent.name)
    # "narrative_qa:model=openai_gpt2,k=5": runs of two models must have one task
    plain = re.sub(r"(?<=[:,])model(?:_deployment)?=[^,]*(?:,|$)", "", name).rstrip(":,")
    return plain.replace("/", "-")[:200]


def _states(state: Json) -> dict[tuple[str, int], dict[str, Json]]:
    found: dict[tuple[str, int], dict[str, Json]] = {}
    listed = get(state, "request_states")
    for one in listed if isinstance(listed, list) else []:
        if get(one, "instance", "perturbation"):
            continue
        key = (str(get(one, "instance", "id")), whole(get(one, "train_trial_index")) or 0)
        found.setdefault(key, mapping(one))
    return found


def _answer(
    arm: str,
    task: str,
    item: str,
    trial: int,
    values: Mapping[str, float],
    state: Mapping[str, Json],
) -> Answer:
    references = get(state, "instance", "references")
    right = [
        get(reference, "output", "text")
        for reference in (references if isinstance(references, list) else [])
        if "correct" in as_list(get(reference, "tags"))
    ]
    scores = {n: v for n, v in values.items() if not n.startswith(_NO_QUALITY)}
    return Answer(
        arm,
        task,
        item,
        scores,
        epoch=trial,
        shown=str(get(state, "request", "prompt") or get(state, "instance", "input", "text") or ""),
        target=right[0] if len(right) == 1 else right or None,
        text=str(get(state, "result", "completions", 0, "text") or ""),
        usage=_usage(values),
        latency_s=seconds(get(state, "result", "request_time") or values.get("inference_runtime")),
        slices={},
    )


def _usage(values: Mapping[str, float]) -> Usage | None:
    n_in, n_out = values.get("num_prompt_tokens"), values.get("num_output_tokens")
    return tokens(whole(n_in), whole(n_out))


def _stated(stats: Json, split: str | None) -> dict[str, float]:
    found = {}
    for stat in stats if isinstance(stats, list) else []:
        name = mapping(get(stat, "name"))
        value = number(get(stat, "mean"))
        if value is not None and not name.get("perturbation") and name.get("split") == split:
            found[str(name.get("name"))] = value
    return found
