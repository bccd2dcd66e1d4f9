"""Every Eval Ever: one evaluation log per arm (``data/SUITE/LAB/ARM/UUID.json``) and its instances
(``UUID_samples.jsonl``), by the JSON Schemas 0.3.0 of github.com/evaleval/every_eval_ever.

What those have no place for (dollars, clusters, epochs) stands as text in an instance's metadata. A
call without a score is an instance with an ``error``, and is in no figure; a task without any score
is among the instances alone.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator, Sequence

from claimbench.evaluation.evaluate import Evaluation
from claimbench.exporters.rows import ExportRow, by_task, figures, model_name, run_moment, slug
from claimbench.importers.tools.every_eval_ever import OWN_KEY
from claimbench.pricing.told import TOLD_FIELDS
from claimbench.types import Arm, Json, Task, Usage

SCHEMA = "0.3.0"
_OPEN = {"open": "open_weights", "closed": "closed_weights"}


def every_eval_ever_files(
    evaluation: Evaluation, arm: Arm, rows: Sequence[ExportRow]
) -> Iterator[tuple[str, Json]]:
    """Name and contents of the log and of its instances; these are a list of lines."""
    manifest = evaluation.stored.manifest
    raw = hashlib.sha256(f"{manifest.run_id}/{arm.name}".encode()).digest()
    name = uuid.UUID(bytes=raw[:16], version=4)  # the schema takes no other version
    collection = slug(evaluation.stored.suite.name)
    home = f"data/{collection}/{slug(arm.lab or 'unknown')}/{slug(arm.name)}"
    identity = f"{collection}/{slug(arm.name)}/{manifest.run_id}"
    tasks = list(by_task(rows))
    lines = [_instance(row, task, arm, identity) for task, mine in tasks for row in mine]
    log = {
        "schema_version": SCHEMA,
        "evaluation_id": identity,
        "evaluation_timestamp": str(int(run_moment(evaluation).timestamp())),
        "retrieved_timestamp": str(int(run_moment(evaluation).timestamp())),
        "source_metadata": {
            "source_name": evaluation.stored.suite.name,
            "source_type": "evaluation_run",
            "source_organization_name": "unknown",
            "evaluator_relationship": "other",
        },
        "eval_library": {"name": "claimbench", "version": manifest.tool_version},
        "model_info": _model(arm),
        "evaluation_results": [
            _result(task, mine, arm)
            for task, mine in tasks
            if any(row.value is not None for row in mine)
        ],
        "detailed_evaluation_results": {
            "format": "jsonl",
            "file_path": f"{home}/{name}_samples.jsonl",
            "total_rows": len(lines),
        },
    }
    yield f"{home}/{name}_samples.jsonl", lines
    yield f"{home}/{name}.json", log


def _model(arm: Arm) -> dict[str, Json]:
    told: dict[str, Json] = {
        "name": arm.name,
        "id": model_name(arm),
        "additional_details": {
            "deployment_type": "unknown",
            "model_availability": _OPEN.get(arm.weights, "unknown"),
        },
    }
    if arm.lab is not None:
        told["developer"] = arm.lab
    return told | {"inference_platform": arm.provider}


def _result(task: Task, rows: Sequence[ExportRow], arm: Arm) -> dict[str, Json]:
    mean, error, n = figures(rows)
    values = {row.value for row in rows if row.value is not None}
    binary = values <= {0.0, 1.0}
    config: dict[str, Json] = {
        "metric_name": _scorer(task),
        "lower_is_better": False,
        "score_type": "binary" if binary else "continuous",
        "min_score": 0.0,
        "max_score": 1.0,
    }
    uncertain: dict[str, Json] = {"num_samples": n}
    if error is not None:
        uncertain["standard_error"] = {"value": error, "method": "analytic"}
    args: dict[str, Json] = {"max_tokens": task.max_tokens}
    for name in ("temperature", "top_p"):
        value = getattr(arm.params, name)
        if value is not None:
            args[name] = value
    return {
        "evaluation_result_id": task.name,
        "evaluation_name": task.name,
        "source_data": {"dataset_name": task.name, "source_type": "other"},
        "metric_config": config,
        "score_details": {"score": mean, "uncertainty": uncertain},
        "generation_config": {"generation_args": args},
    }


def _scorer(task: Task) -> str:
    spec = task.scorers[0]
    return str(spec.options.get("metric") or spec.name)


def _instance(row: ExportRow, task: Task, arm: Arm, identity: str) -> dict[str, Json]:
    value = row.value
    shown = "\n".join(f"{turn['role']}: {turn['content']}" for turn in row.turns)
    last = row.turns[-1]["content"] if row.turns else ""
    target = row.sample.target
    several = target if isinstance(target, list) else None
    whole = [] if row.target is None else [row.target]
    references = [row.shown(str(one)) for one in several] if several else whole
    own = row.own
    told = {
        f"{OWN_KEY}.{k}": str(own[k]) for k in (*TOLD_FIELDS, "cluster", "judged_by") if k in own
    }
    missing = row.record.error or row.record.outcome.value
    return {
        "schema_version": SCHEMA,
        "evaluation_id": identity,
        "model_id": model_name(arm),
        "evaluation_name": task.name,
        "evaluation_result_id": task.name,
        "sample_id": row.sample.id,
        "interaction_type": "single_turn",
        "input": {"raw": str(last), "formatted": shown, "reference": references},
        "output": {"raw": [row.text]},
        "answer_attribution": [],
        "evaluation": {
            "score": 0.0 if value is None else value,
            "is_correct": value == 1.0,
        },
        "token_usage": _usage(row.final.usage if row.final is not None else None),
        "performance": {
            "latency_ms": _millis(own.get("e2e_s")),
            "time_to_first_token_ms": _millis(own.get("ttft_s")),
        },
        "error": str(missing) if value is None else None,
        "metadata": {**told, f"{OWN_KEY}.epoch": str(row.record.call.epoch)},
    }


def _millis(seconds: Json) -> float | None:
    return seconds * 1000 if isinstance(seconds, float) else None


def _usage(usage: Usage | None) -> dict[str, Json] | None:
    if usage is None or usage.input_total is None or usage.output_total is None:
        return None
    return {
        "input_tokens": usage.input_total,
        "output_tokens": usage.output_total,
        "total_tokens": usage.input_total + usage.output_total,
        "input_tokens_cache_read": usage.cache_read,
        "input_tokens_cache_write": usage.cache_write,
        "reasoning_tokens": usage.output_reasoning,
    }
