"""Runs of ours in the formats of other tools: Inspect's log (``.json``) and lm-eval's results and samples.

Only what those formats have a place for is written; what they have none for (verdicts, outcomes, prices) stays here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from claimbench.evaluate import Evaluation
from claimbench.importers.jsonio import digest
from claimbench.importers.model import mean_and_stderr
from claimbench.prompts import render
from claimbench.types import Arm, Attempt, CallRecord, Json, Outcome, Sample, Score, Task, Usage

TOOLS = ("inspect", "lm-eval")
_STOP = {"length": "max_tokens", "content_filter": "content_filter", "tool_calls": "tool_calls"}


def export_run(evaluation: Evaluation, tool: str, folder: Path, *, arm: str | None = None) -> list[Path]:
    """Write a run's files for ``tool`` (of :data:`TOOLS`) into ``folder`` and return their paths.

    Inspect gets one log per arm and task; lm-eval one results file per arm and one samples file per task of it.

    Raises:
        ValueError: an unknown tool.
    """
    if tool not in TOOLS:
        raise ValueError(f"no exporter for {tool!r}; there are {', '.join(TOOLS)}")
    folder.mkdir(parents=True, exist_ok=True)
    rows = _rows(evaluation)
    written: list[Path] = []
    for one in evaluation.stored.suite.arms:
        if arm in (None, one.name) and one.name in rows:
            writer = _inspect_files if tool == "inspect" else _lm_eval_files
            for name, text in writer(evaluation, one, rows[one.name]):
                path = folder / name
                path.write_text(text, encoding="utf-8")
                written.append(path)
    return written


class _Row:
    """One finished call with what belongs to it."""

    def __init__(self, record: CallRecord, task: Task, sample: Sample, score: Score | None, tries: list[Attempt]):
        self.record, self.task, self.sample, self.score = record, task, sample, score
        self.final = tries[-1] if tries else None

    @property
    def value(self) -> float | None:
        """The score in the main analysis; None = missing."""
        if self.record.outcome.missing:
            return None
        if self.score is None or self.score.value is None:
            return 0.0 if self.record.outcome is not Outcome.OK else None
        return self.score.value


def _rows(evaluation: Evaluation) -> dict[str, list[_Row]]:
    stored = evaluation.stored
    tasks = {task.name: task for task in stored.suite.tasks}
    samples = {(t.name, s.id): s for t in stored.suite.tasks for s in t.samples}
    headline = {t.name: t.scorers[0].name for t in stored.suite.tasks if t.scorers}
    scores = {(s.call_id, s.scorer): s for s in evaluation.scores}
    tries: dict[str, list[Attempt]] = {}
    for attempt in stored.attempts:
        tries.setdefault(attempt.call_id, []).append(attempt)
    rows: dict[str, list[_Row]] = {}
    for record in stored.records:
        call = record.call
        if call.role != "subject":
            continue
        score = scores.get((call.id, headline.get(call.task, "")))
        mine = sorted(tries.get(call.id, ()), key=lambda a: a.number)
        row = _Row(record, tasks[call.task], samples[call.task, call.sample_id], score, mine)
        rows.setdefault(call.arm, []).append(row)
    return rows


def _by_task(rows: Sequence[_Row]) -> Iterator[tuple[Task, list[_Row]]]:
    for task in dict.fromkeys(row.task.name for row in rows):
        mine = [row for row in rows if row.task.name == task]
        yield mine[0].task, mine


def _figures(rows: Sequence[_Row]) -> tuple[float | None, float | None, int]:
    """Mean over samples of their mean over epochs, its standard error (n - 1), and n; missing ones left out."""
    by_sample: dict[str, list[float]] = {}
    for row in rows:
        if row.value is not None:
            by_sample.setdefault(row.sample.id, []).append(row.value)
    if not by_sample:
        return None, None, 0
    mean, error = mean_and_stderr([float(np.mean(values)) for values in by_sample.values()])
    return mean, error, len(by_sample)


def _slug(text: str) -> str:
    return "".join(c if c.isalnum() or c in "-._" else "-" for c in text)


def _stamp(evaluation: Evaluation) -> datetime:
    return datetime.fromisoformat(evaluation.stored.manifest.created_utc).astimezone(UTC)


# Inspect


def _inspect_files(evaluation: Evaluation, arm: Arm, rows: Sequence[_Row]) -> Iterator[tuple[str, str]]:
    for task, mine in _by_task(rows):
        log = inspect_log(evaluation, arm, task, mine)
        name = f"{_stamp(evaluation):%Y-%m-%dT%H-%M-%S+00-00}_{_slug(task.name)}_{_slug(arm.name)}.json"
        yield name, json.dumps(log, ensure_ascii=False, indent=1)


def inspect_log(evaluation: Evaluation, arm: Arm, task: Task, rows: Sequence[_Row]) -> dict[str, Json]:
    """Build one log in Inspect's format 2; scores are numbers, errors are Inspect's sample errors."""
    manifest = evaluation.stored.manifest
    mean, error, n = _figures(rows)
    scorer = task.scorers[0].name
    model = f"{arm.provider}/{arm.model}"
    created = _stamp(evaluation).isoformat()
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
        "plan": {"name": "plan", "steps": [{"solver": "generate", "params": {}}], "config": _config(arm, task)},
        "results": {
            "total_samples": len(rows),
            "completed_samples": sum(1 for r in rows if r.value is not None),
            "scores": [{"name": scorer, "scorer": scorer, "params": {}, "metrics": metrics}],
        },
        "stats": {"started_at": created, "completed_at": created, "model_usage": {model: total} if total else {}},
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


def _inspect_sample(row: _Row, model: str) -> dict[str, Json]:
    record = row.record
    turns: list[dict[str, Json]] = [{"role": m.role, "content": m.content} for m in render(row.task, row.sample)]
    answer: dict[str, Json] = {"role": "assistant", "content": record.text, "source": "generate"}
    usage = _usage(row)
    seconds = None
    if row.final is not None and row.final.timing.ended_ns > row.final.timing.sent_ns:
        seconds = (row.final.timing.ended_ns - row.final.timing.sent_ns) / 1e9
    output: dict[str, Json] = {
        "model": (row.final.model_returned if row.final else None) or model.partition("/")[2],
        "choices": [{"message": answer, "stop_reason": _STOP.get(record.finish_reason or "stop", "stop")}],
    }
    if usage:
        output["usage"] = usage
    if seconds is not None:
        output["time"] = seconds
    sample: dict[str, Json] = {
        "id": row.sample.id,
        "epoch": record.call.epoch + 1,
        "input": turns,
        "target": row.sample.target if isinstance(row.sample.target, str) else json.dumps(row.sample.target),
        "messages": [*turns, answer],
        "output": output,
        "scores": {},
        "metadata": {"outcome": record.outcome.value, "cluster": row.sample.cluster, **row.sample.slices},
        "store": {},
        "events": [],
        "model_usage": {model: usage} if usage else {},
        "attachments": {},
    }
    if row.value is not None:
        why = row.score.explanation if row.score is not None else record.outcome.value
        sample["scores"] = {row.task.scorers[0].name: {"value": row.value, "answer": record.text, "explanation": why}}
    else:
        sample["error"] = {"message": record.error or record.outcome.value, "traceback": "", "traceback_ansi": ""}
    return sample


def _usage(row: _Row) -> dict[str, int]:
    usage = row.final.usage if row.final is not None else None
    return _inspect_usage(usage) if usage is not None else {}


def _inspect_usage(usage: Usage) -> dict[str, int]:
    """Return Inspect's usage: cached input stands beside ``input_tokens``, so the total holds all three."""
    if usage.input_fresh is None or usage.output_total is None:
        return {}
    read = usage.cache_read or 0
    write = (usage.cache_write_5m or 0) + (usage.cache_write_1h or 0)
    found = {
        "input_tokens": usage.input_fresh,
        "output_tokens": usage.output_total,
        "total_tokens": usage.input_fresh + read + write + usage.output_total,
        "input_tokens_cache_read": read,
        "input_tokens_cache_write": write,
    }
    if usage.output_reasoning is not None:
        found["reasoning_tokens"] = usage.output_reasoning
    return found


def _sum_usage(rows: Sequence[_Row]) -> dict[str, int]:
    """Sum the tokens; empty where one call's are unknown, for a sum of the rest would look like all."""
    total: dict[str, int] = {}
    for row in rows:
        usage = _usage(row)
        if not usage:
            return {}
        for key, value in usage.items():
            total[key] = total.get(key, 0) + value
    return total


# lm-eval


def _lm_eval_files(evaluation: Evaluation, arm: Arm, rows: Sequence[_Row]) -> Iterator[tuple[str, str]]:
    when = f"{_stamp(evaluation):%Y-%m-%dT%H-%M-%S.%f}"
    results: dict[str, Json] = {}
    folder = _slug(arm.name)
    tasks = list(_by_task(rows))
    for task, mine in tasks:
        results[task.name] = _lm_eval_result(task, mine)
        lines = [json.dumps(_lm_eval_sample(i, row), ensure_ascii=False) for i, row in _numbered(mine)]
        yield f"samples_{_slug(task.name)}_{folder}_{when}.jsonl", "\n".join(lines) + "\n"
    data: dict[str, Any] = {
        "results": results,
        "configs": {task.name: _lm_eval_config(arm, task) for task, _ in tasks},
        "versions": {task.name: evaluation.stored.suite.version for task, _ in tasks},
        "n-shot": {task.name: len(task.few_shot) for task, _ in tasks},
        "n-samples": {
            task.name: {"original": len(task.samples), "effective": _figures(mine)[2]} for task, mine in tasks
        },
        "config": {"model": arm.provider, "model_args": arm.model},
        "date": _stamp(evaluation).timestamp(),
        "model_source": arm.provider,
        "model_name": arm.name,
        "model_name_sanitized": folder,
        "chat_template": None,
    }
    yield f"results_{folder}_{when}.json", json.dumps(data, ensure_ascii=False, indent=1)


def _numbered(rows: Sequence[_Row]) -> Iterator[tuple[int, _Row]]:
    """Number samples as the task has them; lm-eval has no epochs, so the first one stands for a sample."""
    number = {s.id: i for i, s in enumerate(rows[0].task.samples)} if rows else {}
    for row in sorted(rows, key=lambda r: number[r.sample.id]):
        if row.record.call.epoch == 0:
            yield number[row.sample.id], row


def _lm_eval_result(task: Task, rows: Sequence[_Row]) -> dict[str, Json]:
    mean, error, _ = _figures([row for _, row in _numbered(rows)])
    scorer = task.scorers[0].name
    result: dict[str, Json] = {"alias": task.name}
    if mean is not None:
        result |= {f"{scorer},none": mean, f"{scorer}_stderr,none": "N/A" if error is None else error}
    return result


def _lm_eval_config(arm: Arm, task: Task) -> Mapping[str, Json]:
    kwargs = {"until": list(task.stop), "max_gen_toks": task.max_tokens, "temperature": arm.params.temperature}
    return {
        "task": task.name,
        "output_type": "generate_until",
        "generation_kwargs": kwargs,
        "doc_to_text": "\n".join(f"{m.role}: {m.content}" for m in task.prompt),
        "num_fewshot": len(task.few_shot),
    }


def _lm_eval_sample(number: int, row: _Row) -> dict[str, Json]:
    prompt = json.dumps([{"role": m.role, "content": m.content} for m in render(row.task, row.sample)])
    target = row.sample.target if isinstance(row.sample.target, str) else json.dumps(row.sample.target)
    sample: dict[str, Json] = {
        "doc_id": number,
        "doc": {"id": row.sample.id, **row.sample.input},
        "target": target,
        "arguments": {"gen_args_0": {"arg_0": prompt, "arg_1": {"until": list(row.task.stop)}}},
        "resps": [[row.record.text]],
        "filtered_resps": [row.record.text],
        "filter": "none",
        "metrics": [row.task.scorers[0].name],
        "doc_hash": digest(row.sample.id, dict(row.sample.input)),
        "prompt_hash": digest(prompt),
        "target_hash": digest(target),
    }
    if row.value is not None:
        sample[row.task.scorers[0].name] = row.value
    return sample
