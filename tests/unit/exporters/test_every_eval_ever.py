"""Our export to Every Eval Ever fits its JSON Schemas (0.3.0, github.com/evaleval/every_eval_ever at
9bce413), whose rules for what we write are restated here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from jsonschema import Draft7Validator
from tests.unit.exporters.test_round_trip import stored
from tests.unit.importers.test_logs import litellm_row, put

from claimbench.errors import BenchError
from claimbench.exporters.write import export_run
from claimbench.privacy.redact import Redactor

Write = Callable[[str, Any], Path]
KEY = "evaluation_results"
TEXT = {"type": "string"}
TEXTS = {"type": "object", "additionalProperties": TEXT}
LOG = {
    "type": "object",
    "additionalProperties": False,
    "required": [
        "schema_version",
        "evaluation_id",
        "retrieved_timestamp",
        "source_metadata",
        "eval_library",
        "model_info",
        "evaluation_results",
    ],
    "properties": {
        "schema_version": TEXT,
        "evaluation_id": TEXT,
        "evaluation_timestamp": TEXT,
        "retrieved_timestamp": TEXT,
        "source_metadata": {
            "required": ["source_type", "source_organization_name", "evaluator_relationship"],
            "properties": {
                "source_type": {"enum": ["documentation", "evaluation_run"]},
                "evaluator_relationship": {
                    "enum": ["first_party", "third_party", "collaborative", "other"]
                },
            },
        },
        "eval_library": {"required": ["name", "version"]},
        "model_info": {
            "required": ["name", "id", "additional_details"],
            "properties": {
                "additional_details": {
                    **TEXTS,
                    "required": ["deployment_type", "model_availability"],
                }
            },
        },
        "evaluation_results": {
            "items": {
                "required": ["evaluation_name", "source_data", "metric_config", "score_details"],
                "properties": {
                    "source_data": {"required": ["dataset_name", "source_type"]},
                    "metric_config": {
                        "required": ["lower_is_better"],
                        "properties": {"score_type": {"enum": ["binary", "continuous", "levels"]}},
                    },
                    "score_details": {
                        "required": ["score"],
                        "properties": {"score": {"type": "number"}},
                    },
                },
            }
        },
        "detailed_evaluation_results": {
            "required": ["format", "file_path"],
            "properties": {"format": {"enum": ["jsonl"]}, "total_rows": {"type": "integer"}},
        },
    },
}
INSTANCE = {
    "type": "object",
    "additionalProperties": False,
    "required": [
        "schema_version",
        "evaluation_id",
        "model_id",
        "evaluation_name",
        "sample_id",
        "interaction_type",
        "input",
        "answer_attribution",
        "evaluation",
    ],
    "properties": {
        **dict.fromkeys(
            (
                "schema_version",
                "evaluation_id",
                "model_id",
                "evaluation_name",
                "evaluation_result_id",
                "sample_id",
            ),
            TEXT,
        ),
        "interaction_type": {"const": "single_turn"},
        "input": {
            "required": ["raw", "reference"],
            "properties": {
                "raw": TEXT,
                "formatted": TEXT,
                "reference": {"type": "array", "items": TEXT},
            },
        },
        "output": {"properties": {"raw": {"type": "array", "items": TEXT}}},
        "answer_attribution": {"type": "array"},
        "evaluation": {
            "required": ["score", "is_correct"],
            "properties": {"score": {"type": "number"}, "is_correct": {"type": "boolean"}},
        },
        "token_usage": {
            "type": ["object", "null"],
            "required": ["input_tokens", "output_tokens", "total_tokens"],
        },
        "performance": {
            "properties": {
                "latency_ms": {"type": ["number", "null"], "minimum": 0},
                "time_to_first_token_ms": {"type": ["number", "null"], "minimum": 0},
            }
        },
        "error": {"type": ["string", "null"]},
        "metadata": TEXTS,
    },
}


def test_log_and_instances_fit_the_schemas(
    tmp_path: Path, peers: SimpleNamespace, written: Write
) -> None:
    log = peers.inspect(["C", "I", "C", "C", "I"], model="openai/gpt-4o-mini")
    log["samples"][3] |= {"error": {"message": "rate limit"}, "scores": {}}
    run = stored(tmp_path / "results", [written("a.json", log)])
    told, lines = sorted(
        export_run(run, "every-eval-ever", tmp_path / "out"), key=lambda path: path.suffix
    )
    assert lines.name == f"{told.stem}_samples.jsonl"
    made = json.loads(told.read_text())
    Draft7Validator(LOG).validate(made)
    place = lines.relative_to(tmp_path / "out").as_posix()
    assert made["detailed_evaluation_results"]["file_path"] == place
    assert re.fullmatch(
        r"data/[^/]+/[^/]+/[^/]+/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}"
        r"-[0-9a-f]{12}_samples\.jsonl",
        place,
    )
    rows = [json.loads(line) for line in lines.read_text().splitlines()]
    assert len(rows) == made["detailed_evaluation_results"]["total_rows"] == 5
    for row in rows:
        Draft7Validator(INSTANCE).validate(row)
    result = made["evaluation_results"][0]["score_details"]
    assert result["score"] == 0.5  # of the four that have a score
    assert result["uncertainty"]["num_samples"] == 4
    assert [row["error"] for row in rows].count(None) == 4


def test_a_task_without_any_score_has_no_figure(
    tmp_path: Path, peers: SimpleNamespace, written: Write
) -> None:
    failed = peers.inspect(["C", "I"], model="other/silent")
    for sample in failed["samples"]:
        sample |= {"error": {"message": "rate limit"}, "scores": {}}
    logs = {"a.json": peers.inspect(["C", "I"]), "b.json": failed}
    run = stored(tmp_path / "results", [written(name, log) for name, log in logs.items()])
    files = export_run(run, "every-eval-ever", tmp_path / "out")
    told = {path.parent.name: path for path in files if path.suffix == ".json"}
    figures = {
        arm: [one["score_details"]["score"] for one in json.loads(path.read_text())[KEY]]
        for arm, path in told.items()
    }
    assert figures == {"gpt-4o-mini": [0.5], "silent": []}
    assert sum(len(path.read_text().splitlines()) for path in files if path.suffix == ".jsonl") == 4


def test_transcripts_leave_as_the_profile_says(
    tmp_path: Path, peers: SimpleNamespace, written: Write
) -> None:
    run = stored(tmp_path / "results", [written("a.json", peers.inspect(["C", "I"]))])
    files = export_run(run, "every-eval-ever", tmp_path / "out", redact=Redactor(profile="none"))
    text = "".join(path.read_text() for path in files)
    shown = run.stored.suite.tasks[0].samples[0].input["shown"]
    assert shown
    assert shown not in text


@pytest.mark.parametrize("tool", ["lm-eval", "every-eval-ever"])
def test_a_run_without_scores_is_refused_by_formats_of_scores(tmp_path: Path, tool: str) -> None:
    path = put(tmp_path / "s.jsonl", [litellm_row(i) for i in range(4)])
    run = stored(tmp_path / "results", [path])
    with pytest.raises(BenchError, match="nothing is scored"):
        export_run(run, tool, tmp_path / "out")
    (log,) = export_run(run, "inspect", tmp_path / "other")
    again = stored(tmp_path / "again", [log])
    assert len(again.stored.records) == 4
