"""Scores that a model gave as a judge decide nothing after an import either, whoever wrote the file."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from claimbench.cli.books import price_book
from claimbench.cli.commands.export import export_command
from claimbench.cli.commands.importing import import_command
from claimbench.clock import FakeClock
from claimbench.evaluation.evaluate import Evaluation, evaluate
from claimbench.evaluation.stored import read_run
from claimbench.importers.detect import read_files
from claimbench.importers.imported import ImportOptions
from claimbench.importers.imported_run import build_run
from claimbench.importers.judges.inspect_scorers import Graders
from claimbench.importers.judges.tasks import judges_of
from claimbench.importers.stored_run import store_run
from claimbench.store.results import ResultsStore
from claimbench.types import ClaimSpec

CLAIM = "big is more accurate than small"
CHEAP = "small is 50% cheaper than big"
FORMS = {
    "csv": ["--format", "csv"],
    "jsonl": ["--format", "jsonl"],
    **{name: ["--to", name] for name in ("inspect", "lm-eval", "every-eval-ever")},
}


def put(path: Path, value: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = isinstance(value, list) and path.suffix == ".jsonl"
    path.write_text("\n".join(map(json.dumps, value)) if lines else json.dumps(value))
    return path


def table(path: Path, score: str, **more: str) -> Path:
    """Two models on 40 items, of which one is right on all but two and the other on 12."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "question", "model", score, "cost_usd", *more])
        for i in range(40):
            writer.writerow([i, f"q{i}", "big", int(i > 1), 0.01, *more.values()])
            writer.writerow([i, f"q{i}", "small", int(i < 12), 0.001, *more.values()])
    return path


def stored(folder: Path, files: list[Path], *claims: str) -> Evaluation:
    run = build_run(
        read_files(files, ImportOptions()),
        name="x",
        claims=[ClaimSpec(f"c{i}", text, None, {}) for i, text in enumerate(claims)],
        book=price_book(),
        clock=FakeClock(datetime(2026, 1, 2, tzinfo=UTC)),
    )
    with ResultsStore.open(folder) as store:
        return evaluate(read_run(store, store_run(store, run)))


@pytest.mark.parametrize(
    ("score", "more", "judged"),
    [
        ("judge_score", {}, True),
        ("LLM judge", {}, True),
        ("llm_judge_correct", {}, True),
        ("model_graded_qa", {}, True),
        ("autorater score", {}, True),
        ("score", {"judge": "gpt-4o"}, True),
        ("score", {"judge_model": "gpt-4o"}, True),
        ("correct", {"judge_reason": "as the rubric has it"}, True),
        ("score", {"grader_model": "gpt-4o"}, True),
        ("score", {"judge": "human"}, False),
        ("score", {"judge": ""}, False),
        ("exact_match", {"judge_score": "1"}, False),
        ("accuracy", {"judge_score": "1"}, False),
        ("human_judgement", {}, False),
        ("score", {"classifier": "billing"}, False),
        ("score", {"pi": "3.14"}, False),
        ("score", {}, False),
    ],
)
def test_a_table_says_by_its_columns_that_a_judge_scored(
    tmp_path: Path, score: str, more: dict[str, str], judged: bool
) -> None:
    path = table(tmp_path / "t.csv", score, **more)
    options = ImportOptions(columns={"score": (score,)})
    found = read_files([path], options)
    assert bool(judges_of(found)) == judged
    assert any("scored by a model as judge" in note for note in found.notes) == judged


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("judged", [True, False])
def test_what_a_judge_leaves_open_stays_open_through_exports_and_imports(
    tmp_path: Path, form: str, judged: bool
) -> None:
    metric = "judge_score" if judged else "score"
    expected = "inconclusive" if judged else "supported"
    files = [table(tmp_path / "t.csv", metric)]
    for turn in range(3):  # an export of an import of an export says it still
        here = tmp_path / str(turn)
        claims = (CLAIM, CHEAP)
        found = stored(here, files, *claims)
        more, cheap = found.verdicts
        assert more.status == expected
        codes = {reason.code for reading in more.readings for reason in reading.reasons}
        assert ("judge_uncorrected" in codes) == judged
        per_request = next(r for r in cheap.readings if "request" in r.name)
        assert per_request.status == "supported"  # dollars rest on no judge
        output = here / (f"run.{form}" if form in ("csv", "jsonl") else "out")
        given = [*FORMS[form], "--results", str(here), "--output", str(output)]
        done = CliRunner().invoke(export_command, given, standalone_mode=False)
        assert done.exception is None, done.output
        files = sorted(p for p in output.rglob("*") if p.is_file()) if output.is_dir() else [output]


OWN_ROW = {
    "arm": "big",
    "sample_id": "t",
    "outcome": "ok",
    "score_status": "scored",
    "provenance": "measured",
    "task": "free",
    "score": 1.0,
}


@pytest.mark.parametrize(
    ("row", "judged"),
    [
        ({"scores": {"judge": 1.0}, "judge_usd": 0.001}, True),
        ({"scores": {"pairwise": 0.5}}, True),
        ({"scores": {"label": 1.0}, "judge_usd": None}, False),
        ({"scores": {"label": 1.0, "judge": 0.0}, "judge_usd": 0.001}, False),
        ({"scores": {"imported": 1.0}, "judged_by": "arbiter"}, True),
        ({"scores": {"judge": 1.0}, "judged_by": "arbiter"}, True),
        ({"scores": {"label": 1.0, "judge": 0.0}, "judged_by": None}, False),
    ],
)
@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_files_of_bench_export_from_before_they_named_the_judge(
    tmp_path: Path, row: dict[str, Any], judged: bool, form: str
) -> None:
    rows = [{**OWN_ROW, "sample_id": f"t{i}", **row} for i in range(3)]
    path = tmp_path / f"e.{form}"
    if form == "jsonl":
        put(path, rows)
    else:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows({**one, "scores": json.dumps(one["scores"])} for one in rows)
    assert bool(judges_of(read_files([path], ImportOptions()))) == judged


def inspect(name: str, **sample: Any) -> Callable[[SimpleNamespace], Any]:
    def made(peers: SimpleNamespace) -> Any:
        text = json.dumps(peers.inspect(["C", "I", "C"])).replace('"match"', f'"{name}"')
        log = json.loads(text)
        for one in log["samples"]:
            one.update(sample)
        return log

    return made


def with_role(peers: SimpleNamespace) -> Any:
    log = inspect("simpleqa_scorer")(peers)
    log["eval"]["model_roles"] = {"grader": {"model": "openai/gpt-4o"}}
    return log


def renamed(peers: SimpleNamespace) -> Any:
    log = inspect("mine")(peers)
    log["results"]["scores"][0]["scorer"] = "inspect_ai/model_graded_fact"
    return log


def promptfoo(kind: str, nested: bool = False) -> Callable[[SimpleNamespace], Any]:
    def made(peers: SimpleNamespace) -> Any:
        output = peers.promptfoo({"openai:gpt-5": [True, False, True]})
        check = {"type": kind, "value": "is it kind?"}
        for row in output["results"]["results"]:
            row["testCase"] = {
                "assert": [{"type": "assert-set", "assert": [check]}] if nested else [check]
            }
        return output

    return made


def evalscope(score: dict[str, Any]) -> Callable[[SimpleNamespace], Any]:
    return lambda _peers: [
        {
            "index": i,
            "target": "3",
            "messages": [{"role": "assistant", "content": "3", "model": "m"}],
            "sample_score": {"score": {"value": {"acc": 1.0}, **score}, "sample_id": i},
        }
        for i in range(3)
    ]


def tau2(told: dict[str, Any]) -> Callable[[SimpleNamespace], Any]:
    return lambda _peers: {
        "info": {"agent_info": {"llm": "m"}, "environment_info": {"domain_name": "retail"}},
        "tasks": [{"id": "0"}],
        "simulations": [
            {
                "task_id": "0",
                "trial": 0,
                "termination_reason": "user_stop",
                "reward_info": {"reward": 1.0, **told},
                "messages": [],
            }
        ],
    }


def deepeval(metric: dict[str, Any]) -> Callable[[SimpleNamespace], Any]:
    return lambda _peers: {
        "testCases": [
            {
                "name": f"c{i}",
                "input": f"q{i}",
                "success": True,
                "order": i,
                "metricsData": [{"name": "M", "score": 1.0, "threshold": 0.5, **metric}],
            }
            for i in range(3)
        ]
    }


def evals(config: dict[str, Any]) -> Callable[[SimpleNamespace], Any]:
    spec = {"completion_fns": ["m"], "eval_name": "e", "base_eval": "e", "run_config": config}
    told = {"correct": True, "expected": "7"}
    rows = [{"sample_id": f"e.{i}", "type": "match", "data": told} for i in range(3)]
    return lambda _peers: [{"spec": spec}, *rows]


BASIS = {"reward_basis": ["DB", "NL_ASSERTION"]}
SAID = {"nl_assertions": [{"nl_assertion": "is polite", "met": True}]}


@pytest.mark.parametrize(
    ("name", "made", "judged"),
    [
        ("a.json", inspect("match"), False),
        ("a.json", inspect("includes"), False),
        ("a.json", inspect("model_graded_qa"), True),
        ("a.json", inspect("model_graded_fact"), True),
        ("a.json", inspect("my_judge"), True),
        ("a.json", inspect("inspect_evals/llm_judge"), True),
        ("a.json", with_role, True),
        ("a.json", renamed, True),
        (
            "a.json",
            inspect("mine", scores={"mine": {"value": "C", "metadata": {"grading": []}}}),
            True,
        ),
        ("p.json", promptfoo("equals"), False),
        ("p.json", promptfoo("contains", nested=True), False),
        ("p.json", promptfoo("llm-rubric"), True),
        ("p.json", promptfoo("not-llm-rubric"), True),
        ("p.json", promptfoo("model-graded-closedqa"), True),
        ("p.json", promptfoo("model-graded-factuality"), True),
        ("p.json", promptfoo("factuality"), True),
        ("p.json", promptfoo("g-eval"), True),
        ("p.json", promptfoo("answer-relevance"), True),
        ("p.json", promptfoo("context-faithfulness"), True),
        ("p.json", promptfoo("select-best"), True),
        ("p.json", promptfoo("llm-rubric", nested=True), True),
        ("r.jsonl", evalscope({}), False),
        ("r.jsonl", evalscope({"metadata": {"source": "llm_judge"}}), True),
        ("r.jsonl", evalscope({"explanation": "LLM judge: [[A]]"}), True),
        ("t.json", tau2({}), False),
        ("t.json", tau2({"reward_basis": ["DB"], **SAID}), False),
        ("t.json", tau2({**BASIS, "nl_assertions": None}), False),
        ("t.json", tau2({**BASIS, **SAID}), True),
        ("t.json", tau2(SAID), True),
        ("d.json", deepeval({}), False),
        ("d.json", deepeval({"evaluationModel": "gpt-4.1"}), True),
        ("e.jsonl", evals({}), False),
        ("e.jsonl", evals({"eval_spec": {"args": {"modelgraded_spec": "fact"}}}), True),
    ],
)
def test_a_tools_file_says_that_a_model_graded(
    tmp_path: Path, peers: SimpleNamespace, name: str, made: Any, judged: bool
) -> None:
    found = read_files([put(tmp_path / name, made(peers))], ImportOptions())
    assert bool(judges_of(found)) == judged


@pytest.mark.parametrize(
    ("annotators", "metric", "judged"),
    [
        ([], "exact_match", False),
        ([], "harm_score", False),
        (["helm.benchmark.annotation.wildbench_annotator.WildBenchAnnotator"], "harm_score", True),
        (["helm.benchmark.annotation.wildbench_annotator.WildBenchAnnotator"], "f1_score", False),
        (["helm.benchmark.annotation.spider_annotator.SpiderAnnotator"], "execution", False),
    ],
)
def test_annotators_of_helm(
    tmp_path: Path, annotators: list[str], metric: str, judged: bool
) -> None:
    spec = {
        "name": "s:model=m",
        "adapter_spec": {"model": "a/m"},
        "annotators": [{"class_name": name} for name in annotators],
    }
    put(tmp_path / "run_spec.json", spec)
    stat = {"name": {"name": metric, "split": "test"}, "mean": 1.0}
    rows = [{"instance_id": f"i{i}", "train_trial_index": 0, "stats": [stat]} for i in range(3)]
    path = put(tmp_path / "per_instance_stats.json", rows)
    assert bool(judges_of(read_files([path], ImportOptions()))) == judged


@pytest.mark.parametrize(
    ("metric", "judged"), [("acc", False), ("llm_judge", True), ("judge_score", True)]
)
def test_metrics_of_lm_eval(
    tmp_path: Path, peers: SimpleNamespace, metric: str, judged: bool
) -> None:
    peers.lm_eval(tmp_path / "m", "m", [1.0, 0.0, 1.0])
    for path in (tmp_path / "m").iterdir():
        path.write_text(path.read_text().replace('"acc', f'"{metric}'))
    files = sorted((tmp_path / "m").iterdir())
    assert bool(judges_of(read_files(files, ImportOptions()))) == judged


def test_the_command_says_it_and_takes_the_judge_where_it_is_told_to(tmp_path: Path) -> None:
    path = table(tmp_path / "t.csv", "judge_score")
    given = [str(path), "--claim", CLAIM, "--no-report", "--results", str(tmp_path / "r")]
    done = CliRunner().invoke(import_command, given, standalone_mode=False)
    assert done.exception is None
    assert "INCONCLUSIVE" in done.output
    assert "scored by a model as judge" in done.output
    assert "--allow judge_uncorrected" in done.output
    assert "bench labels 2" not in done.output
    again = CliRunner().invoke(
        import_command, [*given, "--allow", "judge_uncorrected", "--json"], standalone_mode=False
    )
    assert json.loads(again.output)["verdicts"][0]["status"] == "supported"
    assert "allowed_judge_uncorrected" in again.output


@pytest.mark.parametrize(
    ("scorer", "graded"),
    [
        ("model_graded_qa", True),
        ("my_grader", True),
        ("llm_as_judge", True),
        ("human_judgement", False),
        ("expert_judge", False),
        ("human_grader", False),
        ("match", False),
    ],
)
def test_a_scorer_of_inspect_that_names_people_is_no_judge(scorer: str, graded: bool) -> None:
    log = {"eval": {"scorers": [{"name": scorer}]}}
    assert Graders(log, scorer).of({}) == (scorer if graded else "")
