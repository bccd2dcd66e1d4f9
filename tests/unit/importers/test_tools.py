"""Files of other evaluation tools: recognised by their contents, and the headline figure is the
one that the tool prints. Every file here is our own, minimal and true to its format.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from claimbench.importers.detect import KINDS, kind_of, read_files
from claimbench.importers.imported import SETTINGS, Imported, ImportFault, ImportOptions
from claimbench.importers.kinds import KINDS as NAMED

PLAIN = ImportOptions()
RIGHT = [1, 0, 1, 1, 0, 1, 1, 0]  # 5 of 8: .625


def put(path: Path, value: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".jsonl":
        path.write_text("\n".join(json.dumps(one) for one in value) + "\n")
    else:
        path.write_text(json.dumps(value))
    return path


def headline(found: Imported) -> float:
    (aggregate,) = found.aggregates
    return aggregate.value


def test_the_names_that_the_command_line_takes_are_those_that_are_read() -> None:
    assert NAMED == KINDS


# --- Every Eval Ever: github.com/evaleval/every_eval_ever at 9bce413 (schemas 0.3.0)


def eee_log(**metric: Any) -> dict[str, Any]:
    config = {"metric_name": "accuracy", "lower_is_better": False, "score_type": "binary", **metric}
    return {
        "schema_version": "0.3.0",
        "evaluation_id": "arith/org_model/1750000000",
        "retrieved_timestamp": "1750000000",
        "source_metadata": {
            "source_type": "evaluation_run",
            "source_organization_name": "us",
            "evaluator_relationship": "third_party",
        },
        "eval_library": {"name": "unknown", "version": "unknown"},
        "model_info": {
            "name": "Model",
            "id": "org/model",
            "additional_details": {
                "deployment_type": "unknown",
                "model_availability": "unknown",
            },
        },
        "evaluation_results": [
            {
                "evaluation_name": "arith",
                "source_data": {"dataset_name": "arith", "source_type": "other"},
                "metric_config": config,
                "score_details": {"score": 0.625},
            }
        ],
        "detailed_evaluation_results": {"format": "jsonl", "file_path": "data/x/a_samples.jsonl"},
    }


def eee_samples(scores: list[float]) -> list[dict[str, Any]]:
    return [
        {
            "schema_version": "0.3.0",
            "evaluation_id": "arith/org_model/1750000000",
            "model_id": "org/model",
            "evaluation_name": "arith",
            "sample_id": f"s{i}",
            "interaction_type": "single_turn",
            "input": {"raw": f"{i}+{i}?", "reference": [str(2 * i)]},
            "output": {"raw": [f"It is {2 * i}."]},
            "answer_attribution": [],
            "evaluation": {"score": score, "is_correct": score > 0},
            "token_usage": {
                "input_tokens": 12,
                "output_tokens": 5,
                "total_tokens": 17,
                "input_tokens_cache_read": 4,
            },
            "performance": {"latency_ms": 250.0, "time_to_first_token_ms": 100.0},
            "error": None,
        }
        for i, score in enumerate(scores)
    ]


def test_every_eval_ever_reads_the_instances_beside_a_log(tmp_path: Path) -> None:
    log = put(tmp_path / "a.json", eee_log())
    put(tmp_path / "a_samples.jsonl", eee_samples([float(x) for x in RIGHT]))
    assert kind_of(log) == "every-eval-ever"
    found = read_files([log], PLAIN)
    assert headline(found) == 0.625
    assert not [note for note in found.notes if "says" in note]
    call = found.calls[0]
    assert call.latency_s == 0.25
    assert call.ttft_s == 0.1
    assert call.usage is not None
    assert (call.usage.input_fresh, call.usage.cache_read) == (8, 4)
    assert found.samples[1].target == "2"
    both = read_files([log, tmp_path / "a_samples.jsonl"], PLAIN)
    assert both.calls == found.calls


@pytest.mark.parametrize(
    ("metric", "score", "share", "name"),
    [
        ({"min_score": 0, "max_score": 100, "score_type": "continuous"}, 62.5, 0.625, "accuracy"),
        ({"lower_is_better": True, "metric_name": "hate rate"}, 0.25, 0.75, "1 - hate rate"),
        ({"min_score": 1, "max_score": 5, "score_type": "levels"}, 4, 0.75, "accuracy"),
    ],
)
def test_every_eval_ever_says_its_scale_and_direction(
    tmp_path: Path, metric: dict[str, Any], score: float, share: float, name: str
) -> None:
    log = put(tmp_path / "a.json", eee_log(**metric))
    put(tmp_path / "a_samples.jsonl", eee_samples([score] * 4))
    found = read_files([log], PLAIN)
    assert headline(found) == pytest.approx(share)
    assert found.metrics == {"arith": name}
    (tmp_path / "a_samples.jsonl").unlink()
    data = eee_log(**metric)
    data["evaluation_results"][0]["score_details"] = {"score": score}
    alone = read_files([put(tmp_path / "a.json", data)], PLAIN)
    assert headline(alone) == pytest.approx(share)


def test_a_log_reaches_for_no_file_outside_its_folder(tmp_path: Path) -> None:
    put(tmp_path / "secret.jsonl", eee_samples([1.0]))
    data = eee_log()
    data["detailed_evaluation_results"]["file_path"] = "../secret.jsonl"
    found = read_files([put(tmp_path / "in" / "a.json", data)], PLAIN)
    assert found.calls == ()


# --- EvalScope: github.com/modelscope/evalscope at fde259d (api/evaluator/cache.py: ReviewResult)


def review(i: int, value: float, **score: Any) -> dict[str, Any]:
    return {
        "index": i,
        "target": "3",
        "messages": [
            {"role": "user", "content": f"question {i}", "source": None},
            {
                "role": "assistant",
                "content": "ANSWER: 3",
                "source": "generate",
                "model": "qwen-plus",
                "perf_metrics": {
                    "latency": 2.5,
                    "ttft": 0.5,
                    "input_tokens": 626,
                    "output_tokens": 102,
                },
            },
        ],
        "sample_score": {
            "score": {"value": {"acc": value}, "prediction": "ANSWER: 3", **score},
            "sample_id": i,
            "group_id": i,
        },
    }


def test_evalscope_reviews_give_the_figure_of_its_report(tmp_path: Path) -> None:
    rows = [review(i, float(x)) for i, x in enumerate(RIGHT)]
    path = put(tmp_path / "reviews" / "qwen-plus" / "gsm8k_main.jsonl", rows)
    report = {
        "name": "qwen-plus@gsm8k",
        "dataset_name": "gsm8k",
        "model_name": "qwen-plus",
        "metrics": [
            {
                "name": "mean_acc",
                "num": 8,
                "score": 0.625,
                "categories": [{"subsets": [{"name": "main", "score": 0.625, "num": 8}]}],
            }
        ],
    }
    told = put(tmp_path / "reports" / "qwen-plus" / "gsm8k.json", report)
    found = read_files([path], PLAIN)
    assert found.kind == "evalscope"
    assert found.arms[0].name == "qwen-plus"
    assert headline(found) == 0.625
    assert not [note for note in found.notes if "says" in note]
    assert found.calls[0].latency_s == 2.5
    assert found.calls[0].ttft_s == 0.5
    assert read_files([told], PLAIN).aggregates[0].value == 0.625
    report["metrics"][0]["categories"][0]["subsets"][0]["score"] = 0.9
    put(told, report)
    assert [note for note in read_files([path], PLAIN).notes if "evalscope says 0.9" in note]


def test_evalscope_keeps_unusable_scores_out_and_repeats_apart(tmp_path: Path) -> None:
    rows = [review(0, 1.0), review(1, 0.0), review(2, 0.0, status="unavailable")]
    found = read_files([put(tmp_path / "a.jsonl", rows)], PLAIN)
    assert headline(found) == 0.5
    for i, row in enumerate(rows[:2]):
        row["sample_score"] |= {"group_id": 7, "generation_index": i}
    found = read_files([put(tmp_path / "b.jsonl", rows[:2])], PLAIN)
    assert [(c.sample_id, c.epoch) for c in found.calls] == [("7", 0), ("7", 1)]


# EvalScope before 1.0, from evalscope 0.17.1 (evaluator/evaluator.py: _get_review, _process_answer)


def old_review(i: int, *results: Any) -> dict[str, Any]:
    choices = []
    for k, result in enumerate(results):
        choices.append(
            {
                "index": k,
                "message": {"content": f"so it is {k}", "role": "assistant"},
                "finish_reason": "stop",
                "review": {"gold": "18", "pred": "18", "result": result},
            }
        )
    return {
        "choices": choices,
        "created": 1751880000,
        "model": "qwen2.5-7b",
        "object": "chat.completion",
        "usage": {"prompt_tokens": 610, "completion_tokens": 90, "total_tokens": 700},
        "model_spec": {"api_url": "http://127.0.0.1:8801/v1", "model_id": "qwen2.5-7b"},
        "answer_id": f"answer-{i:032x}",
        "subset_name": "main",
        "raw_input": {"question": f"question {i}", "answer": "#### 18"},
        "index": i,
        "reviewed": True,
        "review_id": f"review-{i:032x}",
        "reviewer_spec": {"metric": ["AverageAccuracy"], "reviewer": ["Evaluator"]},
        "review_time": 1751880001.5,
    }


@pytest.mark.parametrize("kind", [float, bool, int, lambda x: {"AverageAccuracy": x}])
def test_reviews_of_evalscope_before_1_0(tmp_path: Path, kind: Any) -> None:
    rows = [old_review(i, kind(x)) for i, x in enumerate(RIGHT)]
    path = put(tmp_path / "reviews" / "qwen2.5-7b" / "gsm8k_main.jsonl", rows)
    subset = {"name": "main", "score": 0.625, "num": 8}
    metric = {"name": "AverageAccuracy", "num": 8, "score": 0.625}
    report = {
        "name": "x",
        "dataset_name": "gsm8k",
        "model_name": "qwen2.5-7b",
        "metrics": [{**metric, "categories": [{"subsets": [subset]}]}],
    }
    put(tmp_path / "reports" / "qwen2.5-7b" / "gsm8k.json", report)
    found = read_files([path], PLAIN)
    assert found.kind == "evalscope"
    assert found.arms[0].name == "qwen2.5-7b"
    assert headline(found) == 0.625
    assert not [note for note in found.notes if "says" in note]
    call = found.calls[3]
    assert (call.sample_id, call.text) == ("main/3", "so it is 0")
    assert call.usage is not None
    assert call.usage.input_fresh == 610


def test_repeats_and_missing_reviews_of_evalscope_before_1_0(tmp_path: Path) -> None:
    unreviewed = {**old_review(2, 1.0), "reviewed": False}
    rows = [old_review(0, 1.0, 0.0), old_review(1, 1.0, 1.0), unreviewed, old_review(3, "[[A]]")]
    found = read_files([put(tmp_path / "r.jsonl", rows)], PLAIN)
    assert [(c.sample_id, c.epoch) for c in found.calls[:3]] == [
        ("main/0", 0),
        ("main/0", 1),
        ("main/1", 0),
    ]
    assert any("2 samples without a usable score" in note for note in found.notes)


@pytest.mark.parametrize("version", ["old", "new"])
def test_predictions_of_evalscope_are_refused_with_their_place(
    tmp_path: Path, version: str
) -> None:
    rows = []
    for i in range(4):
        old = old_review(i, 1.0)
        for key in ("reviewed", "review_id", "reviewer_spec", "review_time"):
            del old[key]
        new = {"index": i, "model": "m", "model_output": {"choices": []}, "messages": []}
        rows.append(old if version == "old" else new)
    path = put(tmp_path / "predictions" / "m" / "gsm8k_main.jsonl", rows)
    with pytest.raises(ImportFault, match="no scores") as fault:
        read_files([path], PLAIN)
    assert "reviews/m" in (fault.value.hint or "")


# --- DeepEval: github.com/confident-ai/deepeval at a2e0d4c (test_run/test_run.py, tracing/api.py)


def deepeval_run() -> dict[str, Any]:
    cases = []
    for i, good in enumerate(RIGHT):
        score = 0.9 if good else 0.25
        cases.append(
            {
                "name": f"test_case_{i}",
                "input": f"question {i}",
                "actualOutput": "an answer",
                "expectedOutput": "the answer",
                "tokenCost": 0.002,
                "completionTime": 1.5,
                "success": bool(good),
                "order": i,
                "metricsData": [
                    {
                        "name": "Correctness [GEval]",
                        "threshold": 0.5,
                        "success": bool(good),
                        "score": score,
                        "reason": "because",
                        "evaluationModel": "gpt-5",
                        "evaluationCost": 0.5,
                    }
                ],
            }
        )
    scores = [0.9 if x else 0.25 for x in RIGHT]
    entry = {"metric": "Correctness [GEval]", "scores": scores, "passes": 5, "fails": 3}
    return {
        "testCases": cases,
        "conversationalTestCases": [],
        "metricsScores": [entry],
        "hyperparameters": {"model": "gpt-5-mini"},
        "testPassed": 5,
        "testFailed": 3,
        "runDuration": 12.0,
    }


@pytest.mark.parametrize("wrapped", [False, True])
def test_deepeval_gives_its_pass_rate_and_leaves_the_judges_cost_alone(
    tmp_path: Path, wrapped: bool
) -> None:
    run = deepeval_run()
    value = {"testRunData": run, "testRunLink": None} if wrapped else run
    found = read_files([put(tmp_path / "test_run_1.json", value)], PLAIN)
    assert found.kind == "deepeval"
    assert found.arms[0].name == "gpt-5-mini"
    assert headline(found) == 0.625
    assert str(found.calls[0].billed_usd) == "0.002"
    assert found.calls[0].latency_s == 1.5
    by = read_files([tmp_path / "test_run_1.json"], ImportOptions(metric="Correctness [GEval]"))
    assert headline(by) == pytest.approx((5 * 0.9 + 3 * 0.25) / 8)
    assert not [note for note in by.notes if "deepeval says" in note]


def test_a_metric_of_deepeval_that_failed_is_a_fault_not_a_zero(tmp_path: Path) -> None:
    run = deepeval_run()
    run["testCases"][0]["metricsData"][0] |= {"error": "judge timed out", "score": None}
    run["testCases"][0]["success"] = False
    found = read_files([put(tmp_path / "r.json", run)], PLAIN)
    assert found.calls[0].error == "Correctness [GEval]: judge timed out"
    assert headline(found) == pytest.approx(4 / 7)


# --- HELM: github.com/stanford-crfm/helm at 63754d0 (benchmark/runner.py, metrics/statistic.py)


def stat(name: str, value: float, **more: Any) -> dict[str, Any]:
    return {
        "name": {"name": name, "split": "test", **more},
        "count": 1,
        "sum": value,
        "mean": value,
    }


def helm_run(folder: Path) -> Path:
    rows = []
    for i, good in enumerate(RIGHT):
        stats = [
            stat("num_references", 4.0),
            stat("exact_match", float(good)),
            stat("num_prompt_tokens", 100.0),
            stat("num_output_tokens", 3.0),
            stat("inference_runtime", 0.75),
        ]
        rows.append({"instance_id": f"id{i}", "train_trial_index": 0, "stats": stats})
    turned = {"name": "typos"}
    rows.append(
        {
            "instance_id": "id0",
            "train_trial_index": 0,
            "perturbation": turned,
            "stats": [stat("exact_match", 0.0, perturbation=turned)],
        }
    )
    valid = {"name": {"name": "exact_match", "split": "valid"}, "count": 1, "sum": 0.0, "mean": 0.0}
    rows.append({"instance_id": "id99", "train_trial_index": 0, "stats": [valid]})
    put(
        folder / "run_spec.json",
        {
            "name": "mmlu:subject=anatomy,model=openai_gpt-5",
            "adapter_spec": {"model": "openai/gpt-5", "temperature": 0.0, "max_tokens": 1},
        },
    )
    put(
        folder / "stats.json",
        [stat("exact_match", 0.625), stat("exact_match", 0.4, perturbation=1)],
    )
    states = [
        {
            "instance": {
                "id": f"id{i}",
                "input": {"text": f"question {i}"},
                "references": [{"output": {"text": "A"}, "tags": ["correct"]}],
            },
            "train_trial_index": 0,
            "request": {"prompt": f"Q: question {i}"},
            "result": {"completions": [{"text": "A"}], "request_time": 0.5},
        }
        for i in range(8)
    ]
    put(folder / "scenario_state.json", {"request_states": states})
    return put(folder / "per_instance_stats.json", rows)


def test_helm_gives_the_figure_of_its_stats_without_perturbed_instances(tmp_path: Path) -> None:
    path = helm_run(tmp_path / "run")
    found = read_files([path], PLAIN)
    assert found.kind == "helm"
    assert headline(found) == 0.625
    assert found.arms[0].model == "openai/gpt-5"
    assert found.metrics == {"mmlu:subject=anatomy": "exact_match"}
    assert not [note for note in found.notes if "says" in note]
    assert any("1 items of other splits than test left out" in note for note in found.notes)
    assert found.calls[0].latency_s == 0.5
    assert found.calls[0].usage is not None
    assert found.calls[0].usage.input_total == 100
    assert found.samples[0].target == "A"
    for name in ("run_spec.json", "stats.json", "scenario_state.json"):
        (path.parent / name).unlink()
    assert headline(read_files([path], PLAIN)) == 0.625


@pytest.mark.parametrize(
    ("name", "task", "metric"),
    [
        ("narrative_qa:model=openai_gpt2", "narrative_qa", "f1_score"),
        ("gsm:model=x_y,stop=none", "gsm:stop=none", "exact_match_indicator"),
        ("mmlu:subject=law,model=x_y", "mmlu:subject=law", "exact_match"),
        ("other:model_deployment=a_b,model=x_y,k=5", "other:k=5", "exact_match"),
    ],
)
def test_helm_runs_of_two_models_have_one_task_and_its_main_metric(
    tmp_path: Path, name: str, task: str, metric: str
) -> None:
    path = helm_run(tmp_path / "run")
    rows = json.loads(path.read_text())
    for row in rows:
        row["stats"] += [stat("f1_score", 0.5), stat("exact_match_indicator", 0.25)]
    put(path, rows)
    (path.parent / "stats.json").unlink()
    put(path.parent / "run_spec.json", {"name": name, "adapter_spec": {"model": "x/y"}})
    assert read_files([path], PLAIN).metrics == {task: metric}


# --- lighteval: github.com/huggingface/lighteval at 3fd1526 (logging/evaluation_tracker.py)


@pytest.mark.parametrize("names", [("doc", "metric", "model_response"), None])
def test_lighteval_details_give_the_figure_of_its_results(
    tmp_path: Path, names: tuple[str, ...] | None
) -> None:
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    doc, metric, response = names or ("__doc__", "__metric__", "__model_response__")
    date = "2026-05-01T10-00-00.000001"
    rows = []
    for i, good in enumerate(RIGHT):
        rows.append(
            {
                doc: {"query": f"q{i}", "choices": ["yes", "no"], "gold_index": 1, "id": str(i)},
                metric: {"em": float(good), "perplexity": 12.5},
                response: {"text": ["no"], "input_tokens": [1, 2, 3], "output_tokens": [[4, 5]]},
            }
        )
    home = tmp_path / "details" / "org" / "model" / date
    home.mkdir(parents=True)
    path = home / f"details_gsm8k|0_{date}.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path)
    results = {
        "config_general": {
            "model_name": "org/model",
            "model_config": {
                "generation_parameters": {"temperature": 0.5, "top_k": 3, "block_size": 9},
                "system_prompt": "Think.",
                "batch_size": 8,
            },
        },
        "results": {"gsm8k|0": {"em": 0.625, "em_stderr": 0.18}, "all": {"em": 0.625}},
        "versions": {"gsm8k|0": 0},
    }
    told = put(tmp_path / "results" / "org" / "model" / f"results_{date}.json", results)
    found = read_files([path], PLAIN)
    assert found.kind == "lighteval"
    assert found.arms[0].model == "org/model"
    assert found.arms[0].params.temperature == 0.5
    (setup,) = found.arms[0].setup.values()
    assert setup == {SETTINGS: {"topk": 3, "systemprompt": "Think."}}
    assert headline(found) == 0.625
    assert found.samples[0].target == "no"
    assert found.calls[0].usage is not None
    assert found.calls[0].usage.input_total == 3
    assert not [note for note in found.notes if "says" in note]
    assert [(a.task, a.value) for a in read_files([told], PLAIN).aggregates] == [("gsm8k|0", 0.625)]
    results["results"]["gsm8k|0"]["em"] = 0.5
    put(told, results)
    assert [note for note in read_files([path], PLAIN).notes if "lighteval says 0.5" in note]


# --- OpenAI evals: github.com/openai/evals at 4bfc1f5 (record.py, base.py: RunSpec)


def evals_log() -> list[dict[str, Any]]:
    spec = {
        "completion_fns": ["gpt-5-mini"],
        "eval_name": "arith.test.v1",
        "base_eval": "arith",
        "split": "test",
        "run_config": {},
        "created_by": "",
        "run_id": "26",
        "created_at": "2026-05-01 10:00:00.5",
    }
    rows: list[dict[str, Any]] = [{"spec": spec}]
    for i, good in enumerate(RIGHT):
        base = {"run_id": "26", "sample_id": f"arith.test.{i}", "created_by": "", "created_at": ""}
        asked = [{"role": "system", "content": "Add."}, {"role": "user", "content": f"{i}+1"}]
        rows.append(
            {
                **base,
                "event_id": 2 * i,
                "type": "sampling",
                "data": {"prompt": asked, "sampled": ["7"]},
            }
        )
        told = {"correct": bool(good), "expected": "7", "picked": "7" if good else None}
        rows.append({**base, "event_id": 2 * i + 1, "type": "match", "data": told})
    return [*rows, {"final_report": {"accuracy": 0.625, "boostrap_std": 0.17}, "run_id": "26"}]


def test_openai_evals_gives_the_accuracy_of_its_report(tmp_path: Path) -> None:
    path = put(tmp_path / "26_gpt-5-mini_arith.jsonl", evals_log())
    found = read_files([path], PLAIN)
    assert found.kind == "openai-evals"
    assert found.arms[0].name == "gpt-5-mini"
    assert headline(found) == 0.625
    assert found.calls[0].text == "7"
    assert found.samples[0].shown == "Add.\n0+1"
    assert not [note for note in found.notes if "says" in note]
    cut = put(tmp_path / "cut.jsonl", evals_log()[:-1])
    assert any("did not end" in note for note in read_files([cut], PLAIN).notes)


# --- lm-eval 0.3: github.com/EleutherAI/lm-evaluation-harness at v0.3.0 (evaluator.py)


def test_lm_eval_before_0_4_gives_its_figures(tmp_path: Path) -> None:
    results = {
        "results": {
            "boolq": {"acc": 0.625, "acc_stderr": 0.18},
            "wikitext": {"word_perplexity": 21.3},
        },
        "versions": {"boolq": 1, "wikitext": 1},
        "config": {
            "model": "hf-causal",
            "model_args": "pretrained=org/model,dtype=float16",
            "num_fewshot": 0,
        },
    }
    path = put(tmp_path / "out.json", results)
    found = read_files([path], PLAIN)
    assert found.kind == "lm-eval-0.3"
    assert found.arms[0].model == "org/model"
    told = {(a.task, a.metric): (a.value, a.stderr) for a in found.aggregates}
    assert told["boolq", "acc"] == (0.625, 0.18)
    written = [
        {"doc_id": i, "prompt_0": f"q{i}", "truth": "1", "logit_0": "-0.1", "acc": str(float(x))}
        for i, x in enumerate(RIGHT)
    ]
    put(tmp_path / "boolq_write_out_info.json", written)
    items = read_files([path], PLAIN)
    assert len(items.calls) == 8
    assert items.aggregates[0].value == 0.625
    assert not [note for note in items.notes if "says" in note]


# --- what is broken


@pytest.mark.parametrize(
    ("name", "rows", "said"),
    [
        ("a.jsonl", [review(0, 1.0), {"index": 1}], "a.jsonl:2: not a review"),
        ("b.jsonl", [*eee_samples([1.0]), {"x": 1}], "b.jsonl:2: not an instance"),
        ("c.jsonl", [review(0, 1.0), review(0, 0.0)], "answers the item '0'"),
    ],
)
def test_a_record_of_another_kind_is_named_with_its_line(
    tmp_path: Path, name: str, rows: list[Any], said: str
) -> None:
    with pytest.raises(ImportFault, match=said):
        read_files([put(tmp_path / name, rows)], PLAIN)


def test_a_metric_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    path = put(tmp_path / "a.jsonl", [review(i, 1.0) for i in range(3)])
    with pytest.raises(ImportFault, match="no metric 'accuracy'") as fault:
        read_files([path], ImportOptions(metric="accuracy"))
    assert "acc" in str(fault.value.hint)
