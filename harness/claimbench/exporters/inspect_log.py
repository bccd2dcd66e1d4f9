"""One log in Inspect's format per arm and task (``.json``, version 2)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from claimbench.evaluation.evaluate import Evaluation
from claimbench.exporters.rows import ExportRow, by_task, figures, model_name, run_moment, slug
from claimbench.importers.inspect_log import OWN_KEY
from claimbench.importers.json_values import digest
from claimbench.types import Arm, Json, Task, Usage

_STOP = {"length": "max_tokens", "content_filter": "content_filter", "tool_calls": "tool_calls"}


def inspect_files(
    evaluation: Evaluation, arm: Arm, rows: Sequence[ExportRow]
) -> Iterator[tuple[str, Json]]:
    """Name and contents of one log per task."""
    for task, mine in by_task(rows):
        log = inspect_log(evaluation, arm, task, mine)
        moment = f"{run_moment(evaluation):%Y-%m-%dT%H-%M-%S+00-00}"
        name = f"{moment}_{slug(task.name)}_{slug(arm.name)}.json"
        yield name, log


def inspect_log(
    evaluation: Evaluation, arm: Arm, task: Task, rows: Sequence[ExportRow]
) -> dict[str, Json]:
    """Build one log in Inspect's format 2; scores are numbers, errors are Inspect's sample
    errors.
    """
    manifest = evaluation.stored.manifest
    mean, error, n = figures(rows)
    scorer = task.scorers[0].name if task.scorers else None
    model = f"{arm.provider}/{model_name(arm)}"
    created = run_moment(evaluation).isoformat()
    metrics: dict[str, Json] = {}
    if mean is not None:
        metrics["accuracy"] = {"name": "accuracy", "value": mean, "params": {}}
    if error is not None:
        metrics["stderr"] = {"name": "stderr", "value": error, "params": {}}
    total = _sum_usage(rows)
    return {
        "version": 2,
        "status": "success",
        "eval": {
            "eval_id": digest(manifest.run_id, arm.name, task.name),
            "run_id": manifest.run_id,
            "created": created,
            "task": task.name,
            "task_id": digest(task.name),
            "task_version": 0,
            "task_args": {},
            "task_attribs": {},
            "dataset": {
                "name": task.name,
                "samples": n,
                "sample_ids": list(dict.fromkeys(r.sample.id for r in rows)),
                "shuffled": True,
            },
            "model": model,
            "model_args": {},
            "config": {"epochs": evaluation.stored.suite.epochs},
            "packages": {"claimbench": manifest.tool_version},
        },
        "plan": {
            "name": "plan",
            "steps": [{"solver": "generate", "params": {}}],
            "config": _config(arm, task),
        },
        "results": {
            "total_samples": len(rows),
            "completed_samples": sum(1 for r in rows if r.value is not None),
            "scores": (
                [{"name": scorer, "scorer": scorer, "params": {}, "metrics": metrics}]
                if scorer
                else []
            ),
        },
        "stats": {
            "started_at": created,
            "completed_at": created,
            "model_usage": {model: total} if total else {},
        },
        "samples": [_inspect_sample(row, model) for row in rows],
    }


def _config(arm: Arm, task: Task) -> dict[str, Json]:
    given = {
        "temperature": arm.params.temperature,
        "top_p": arm.params.top_p,
        "seed": arm.params.seed,
        "max_tokens": task.max_tokens,
        "stop_seqs": list(task.stop) or None,
    }
    return {key: value for key, value in given.items() if value is not None}


def _inspect_sample(row: ExportRow, model: str) -> dict[str, Json]:
    record = row.record
    turns = row.turns
    answer: dict[str, Json] = {"role": "assistant", "content": row.text, "source": "generate"}
    usage = _usage(row)
    seconds = None
    if row.final is not None and row.final.timing.ended_ns > row.final.timing.sent_ns:
        seconds = (row.final.timing.ended_ns - row.final.timing.sent_ns) / 1e9
    output: dict[str, Json] = {
        "model": (row.final.model_returned if row.final else None) or model.partition("/")[2],
        "choices": [
            {"message": answer, "stop_reason": _STOP.get(record.finish_reason or "stop", "stop")}
        ],
    }
    if usage:
        output["usage"] = usage
    if seconds is not None:
        output["time"] = seconds
    sample: dict[str, Json] = {
        "id": row.sample.id,
        "epoch": record.call.epoch + 1,
        "input": turns,
        "target": row.target or "",  # Inspect asks for a text
        "messages": [*turns, answer],
        "output": output,
        "scores": {},
        "metadata": {
            "outcome": record.outcome.value,
            "cluster": row.sample.cluster,
            **row.sample.slices,
            OWN_KEY: {**row.own, "target_known": row.target is not None},
        },
        "store": {},
        "events": [],
        "model_usage": {model: usage} if usage else {},
        "attachments": {},
    }
    if row.value is not None and row.task.scorers:
        why = row.shown(row.score.explanation) if row.score is not None else record.outcome.value
        sample["scores"] = {
            row.task.scorers[0].name: {"value": row.value, "answer": row.text, "explanation": why}
        }
    elif row.task.scorers or row.record.error:
        sample["error"] = {
            "message": record.error or record.outcome.value,
            "traceback": "",
            "traceback_ansi": "",
        }
    return sample


def _usage(row: ExportRow) -> dict[str, int]:
    usage = row.final.usage if row.final is not None else None
    return _inspect_usage(usage) if usage is not None else {}


def _inspect_usage(usage: Usage) -> dict[str, int]:
    """Return Inspect's usage, what is unknown left out: cached input stands beside
    ``input_tokens``, so the total holds all three.
    """
    if usage.input_total is None or usage.output_total is None:
        return {}
    read, write = usage.cache_read, usage.cache_write
    found = {
        "input_tokens": usage.input_total - (read or 0) - (write or 0),
        "output_tokens": usage.output_total,
        "total_tokens": usage.input_total + usage.output_total,
    }
    more = {
        "input_tokens_cache_read": read,
        "input_tokens_cache_write": write,
        "reasoning_tokens": usage.output_reasoning,
    }
    return found | {name: count for name, count in more.items() if count is not None}


def _sum_usage(rows: Sequence[ExportRow]) -> dict[str, int]:
    """Sum the tokens of each kind; a kind that one call leaves unknown is left out, for a sum of
    the rest would look like all.
    """
    parts = [_usage(row) for row in rows]
    total: dict[str, int] = {}
    for kind in parts[0] if parts else ():
        if all(kind in part for part in parts):
            total[kind] = sum(part[kind] for part in parts)
    return total
