"""lm-eval's files of one arm: ``results_*.json`` and one ``samples_*.jsonl`` per task, with the
fields it writes.

A task that came from lm-eval goes back as it came: its configuration, its metrics and filter, and
hashes made as lm-eval makes them, so that these files pair with its own. Fields of which nothing is
known are null.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from claimbench.evaluation.evaluate import Evaluation
from claimbench.exporters.rows import ExportRow, by_task, figures, model_name, run_moment, slug
from claimbench.importers.imported import mean_and_stderr
from claimbench.importers.lm_eval import OWN_KEY
from claimbench.lmeval.tasks import DOC_HASH, INPUT_PAIRS, filtered_answers, scoring_task
from claimbench.types import Arm, Json, Task


@dataclass(frozen=True, slots=True)
class _Shape:
    """What lm-eval calls a task's headline metric and filter, and the configuration it states.

    ``theirs`` is its task object where a filter changes the answers.
    """

    metric: str
    filter: str
    config: Mapping[str, Json]
    theirs: Any = None


def lm_eval_files(
    evaluation: Evaluation, arm: Arm, rows: Sequence[ExportRow]
) -> Iterator[tuple[str, Json]]:
    """Name and contents of each file; samples are a list of lines."""
    when = f"{run_moment(evaluation):%Y-%m-%dT%H-%M-%S.%f}"
    tasks = [(task, _first_epochs(mine)) for task, mine in by_task(rows)]
    shapes = {task.name: _shape(arm, task) for task, _ in tasks}
    hashes: dict[str, Json] = {}
    for task, mine in tasks:
        lines = [_sample_line(number, row, shapes[task.name]) for number, row in mine]
        hashes[task.name] = _hash(
            "".join(f"{s['doc_hash']}{s['prompt_hash']}{s['target_hash']}" for s in lines)
        )
        yield f"{slug(arm.name)}/samples_{slug(task.name)}_{when}.jsonl", lines
    yield f"{slug(arm.name)}/results_{when}.json", _results(evaluation, arm, tasks, shapes, hashes)


def _results(
    evaluation: Evaluation,
    arm: Arm,
    tasks: Sequence[tuple[Task, list[tuple[int, ExportRow]]]],
    shapes: Mapping[str, _Shape],
    hashes: Mapping[str, Json],
) -> dict[str, Json]:
    manifest = evaluation.stored.manifest
    began, ended = _span(mine for _, mine in tasks)
    return {
        "results": {
            task.name: _result(task, [row for _, row in mine], shapes[task.name])
            for task, mine in tasks
        },
        "group_subtasks": {task.name: [] for task, _ in tasks},
        "configs": {name: dict(shape.config) for name, shape in shapes.items()},
        "versions": {task.name: _version(evaluation, shapes[task.name]) for task, _ in tasks},
        "n-shot": {
            task.name: shapes[task.name].config.get("num_fewshot") or 0 for task, _ in tasks
        },
        "higher_is_better": {task.name: {shapes[task.name].metric: True} for task, _ in tasks},
        "n-samples": {
            task.name: {
                "original": len(task.samples),
                "effective": figures([row for _, row in mine])[2],
            }
            for task, mine in tasks
        },
        "config": {
            "model": arm.provider,
            "model_args": {"model": model_name(arm)},
            "batch_size": 1,
            "limit": manifest.limit,
            "gen_kwargs": {"temperature": arm.params.temperature, "top_p": arm.params.top_p},
            "random_seed": arm.params.seed,
        },
        "git_hash": manifest.git.get("commit"),
        "date": run_moment(evaluation).timestamp(),
        "pretty_env_info": None,
        "transformers_version": None,
        "lm_eval_version": manifest.packages.get("lm-eval"),
        "claimbench_version": manifest.tool_version,
        "upper_git_hash": None,
        "task_hashes": dict(hashes),
        "model_source": arm.provider,
        "model_name": arm.name,
        "model_name_sanitized": slug(arm.name),
        "system_instruction": None,
        "system_instruction_sha": None,
        "fewshot_as_multiturn": None,
        "chat_template": None,
        "chat_template_sha": None,
        "start_time": began,
        "end_time": ended,
        "total_evaluation_time_seconds": (
            None if began is None or ended is None else str(ended - began)
        ),
    }


def _span(parts: Iterator[list[tuple[int, ExportRow]]]) -> tuple[float | None, float | None]:
    """First send and last end on the run's monotonic clock, in seconds; None over several
    sessions.
    """
    last = [row.final for rows in parts for _, row in rows]
    finals = [attempt for attempt in last if attempt is not None]
    if len({attempt.session for attempt in finals}) != 1:
        return None, None
    began = min(attempt.timing.sent_ns for attempt in finals)
    ended = max(attempt.timing.ended_ns for attempt in finals)
    return began / 1e9, ended / 1e9


def _first_epochs(rows: Sequence[ExportRow]) -> list[tuple[int, ExportRow]]:
    """Number samples as the task has them; lm-eval has no epochs, so the first one stands for a
    sample.
    """
    number = {s.id: i for i, s in enumerate(rows[0].task.samples)}
    first = [(number[row.sample.id], row) for row in rows if row.record.call.epoch == 0]
    return sorted(first, key=lambda pair: pair[0])


def _shape(arm: Arm, task: Task) -> _Shape:
    spec = task.scorers[0]
    if spec.name != "lm_eval":
        return _Shape(spec.name, "none", _config(arm, task))
    stored = spec.options.get("config")
    config = {"num_fewshot": 0, **stored} if isinstance(stored, dict) else _config(arm, task)
    metric, _, named = str(spec.options.get("metric")).partition(",")
    filters = config.get("filter_list")
    if not isinstance(filters, list) or not filters:
        return _Shape(metric, named or "none", config)
    first = filters[0] if isinstance(filters[0], dict) else {}
    theirs = scoring_task(str(spec.options["task"]), stored, task.samples[0].input["doc"])
    return _Shape(metric, named or str(first.get("name", "none")), config, theirs)


def _version(evaluation: Evaluation, shape: _Shape) -> Json:
    metadata = shape.config.get("metadata")
    return (
        metadata["version"]
        if isinstance(metadata, dict) and "version" in metadata
        else (evaluation.stored.suite.version)
    )


def _config(arm: Arm, task: Task) -> dict[str, Json]:
    pairs = any(INPUT_PAIRS in sample.input for sample in task.samples)
    kwargs: dict[str, Json] = {
        "until": list(task.stop),
        "max_gen_toks": task.max_tokens,
        "temperature": arm.params.temperature,
    }
    return {
        "task": task.name,
        "output_type": "loglikelihood" if pairs else "generate_until",
        **({} if pairs else {"generation_kwargs": kwargs}),
        "doc_to_text": "\n".join(f"{m.role}: {m.content}" for m in task.prompt),
        "num_fewshot": len(task.few_shot),
        "repeats": 1,
    }


def _result(task: Task, rows: Sequence[ExportRow], shape: _Shape) -> dict[str, Json]:
    mean, error, n = figures(rows)
    result: dict[str, Json] = {"name": task.name, "alias": task.name, "sample_len": n}
    found = {shape.metric: (mean, error)}
    for metric in _other_metrics(rows, shape):
        values = [
            row.score.parts[metric]
            for row in rows
            if row.score is not None and metric in row.score.parts
        ]
        found[metric.partition(",")[0]] = mean_and_stderr(values)
    for metric, (value, spread) in found.items():
        if value is not None:
            result |= {f"{metric},{shape.filter}": value}
            result |= {f"{metric}_stderr,{shape.filter}": "N/A" if spread is None else spread}
    return result


def _other_metrics(rows: Sequence[ExportRow], shape: _Shape) -> list[str]:
    """Parts of the scores that are lm-eval's other metrics under the same filter."""
    names: dict[str, None] = {}
    for row in rows:
        if row.score is not None:
            names.update(dict.fromkeys(row.score.parts))
    return [name for name in names if name.partition(",")[2] == shape.filter]


def _sample_line(number: int, row: ExportRow, shape: _Shape) -> dict[str, Json]:
    doc = _document(row)
    target = row.sample.target
    pairs = row.sample.input.get(INPUT_PAIRS)
    arguments, answers = _pairs(row, pairs) if isinstance(pairs, list) else _generation(row)
    left = answers
    if shape.theirs is not None and not isinstance(pairs, list):
        left = [
            row.shown(str(a))
            for a in filtered_answers(shape.theirs, doc, [row.record.text])[shape.filter]
        ]
    first = pairs[0][0] if isinstance(pairs, list) else json.dumps(row.turns, ensure_ascii=False)
    sample: dict[str, Json] = {
        "doc_id": number,
        "doc": row.value_shown(doc),
        "target": row.target,
        "arguments": arguments,
        "resps": [[answer] for answer in answers],
        "filtered_resps": left,
        "filter": shape.filter,
        "metrics": [shape.metric],
        "doc_hash": (
            row.sample.metadata.get(DOC_HASH)
            or _hash(json.dumps(doc, indent=2, ensure_ascii=False))
        ),
        "prompt_hash": _hash(str(first)),
        "target_hash": _hash(str(target)),
        OWN_KEY: row.own,
    }
    if row.value is None:
        return sample
    sample[shape.metric] = row.value
    for metric in _other_metrics([row], shape) if row.score is not None else ():
        sample["metrics"].append(metric.partition(",")[0])
        sample[metric.partition(",")[0]] = (
            row.score.parts[metric] if row.score is not None else None
        )
    return sample


def _document(row: ExportRow) -> Json:
    """lm-eval's own document where the task is lm-eval's; else the row under its id."""
    own = row.sample.input.get("doc")
    return (
        own if row.task.scorers[0].name == "lm_eval" else {"id": row.sample.id, **row.sample.input}
    )


def _generation(row: ExportRow) -> tuple[dict[str, Json], list[Json]]:
    prompt = json.dumps(row.turns, ensure_ascii=False)
    kwargs: dict[str, Json] = {"until": list(row.task.stop), "max_gen_toks": row.task.max_tokens}
    return {"gen_args_0": {"arg_0": prompt, "arg_1": kwargs}}, [row.text]


def _pairs(row: ExportRow, pairs: Sequence[Json]) -> tuple[dict[str, Json], list[Json]]:
    arguments: dict[str, Json] = {
        f"gen_args_{i}": {"arg_0": row.shown(pair[0]), "arg_1": row.shown(pair[1])}
        for i, pair in enumerate(pairs)
    }
    if not row.plain or not row.record.text:
        return arguments, [row.text]
    # lm-eval writes both as text
    return arguments, [
        [str(logprob), str(bool(greedy))] for logprob, greedy in json.loads(row.record.text)
    ]


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
