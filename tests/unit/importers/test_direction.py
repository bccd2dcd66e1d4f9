"""Metrics where lower is better are turned round on the way in, and the notes say so."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from claimbench.importers import lm_eval
from claimbench.importers.detect import read_files
from claimbench.importers.direction import lower_is_better
from claimbench.importers.imported import ImportOptions


@pytest.mark.parametrize(("metric", "lower"), [
    ("error_rate,none", True), ("wer", True), ("cer", True), ("brier_score", True), ("Brier", True),
    ("toxicity", True), ("toxicity_score", True), ("perplexity", True), ("errorRate", True), ("hallucination_rate", True),
    ("accuracy", False), ("acc,none", False), ("exact_match", False), ("error_free", False), ("no_hallucination", False),
    ("1 - error_rate", False), ("f1", False), ("non_toxicity", False), ("werewolf", False),
    ("is_wrong", True), ("wrong", True), ("incorrect", True), ("mistakes", True), ("failed", True), ("bad", True),
    ("refusal_rate", True), ("not_wrong", False), ("correct", False), ("is_correct", False), ("passed", False),
])  # fmt: skip
def test_names_tell_the_direction(metric: str, lower: bool) -> None:
    assert lower_is_better(metric) is lower


def _write(folder: Path, metric: str, higher: bool | None, values: list[float]) -> list[Path]:
    stamp = "2026-11-29T06-32-49.192328"
    results = {
        "results": {"t": {f"{metric},none": sum(values) / len(values)}},
        "configs": {"t": {}},
        "model_name": "m",
    }
    if higher is not None:
        results["higher_is_better"] = {"t": {metric: higher}}
    (folder / f"results_{stamp}.json").write_text(json.dumps(results), encoding="utf-8")
    rows = []
    for i, value in enumerate(values):
        row = {"doc_id": i, "doc": {"q": i}, "target": "x", "filtered_resps": ["y"]}
        rows.append({**row, "filter": "none", "metrics": [metric], metric: value})
    samples = folder / f"samples_t_{stamp}.jsonl"
    samples.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return [folder / f"results_{stamp}.json", samples]


@pytest.mark.parametrize(("metric", "higher", "first"), [
    ("error_rate", False, 0.0),  # lm-eval's word
    ("odd_metric", False, 0.0),
    ("error_rate", True, 1.0),  # its word goes before the name
    ("wer", None, 0.0),  # no word: the name
    ("acc", None, 1.0),
])  # fmt: skip
def test_lm_eval_says_the_direction(
    tmp_path: Path, metric: str, higher: bool | None, first: float
) -> None:
    results, samples = _write(tmp_path, metric, higher, [1.0, 0.0, 0.0, 0.0])
    found = lm_eval.read(results, [samples], ImportOptions())
    judged = found.metrics["t"]
    scores = found.calls[0].scores
    assert scores.get(judged, scores.get(judged.partition(",")[0])) == first
    assert judged.startswith("1 - ") is (first == 0.0)
    assert found.aggregates[0].value == (0.25 if first else 0.75)
    assert any("lower " in note and " is better" in note for note in found.notes) is (first == 0.0)


def test_the_column_of_a_table_is_turned_too(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("id,model,input,wer\n1,m,a,0.25\n2,m,b,0\n", encoding="utf-8")
    found = read_files([path], ImportOptions(columns={"score": ("wer",)}))
    assert [call.scores["1 - wer"] for call in found.calls] == [0.75, 1.0]


@pytest.mark.parametrize(
    ("scores", "judged"),
    [
        ([(0.9, True), (0.8, True), (0.1, False)], "toxicity"),  # as promptfoo counts
        ([(0.1, True), (0.2, True), (0.9, False)], "1 - toxicity"),  # a raw rate
        ([(0.9, True), (0.8, True)], "toxicity"),  # nothing failed: promptfoo's rule
    ],
)
def test_promptfoo_counts_up_unless_its_results_show_otherwise(
    tmp_path: Path, peers: SimpleNamespace, scores: list[tuple[float, bool]], judged: str
) -> None:
    output = peers.promptfoo({"openai:chat:gpt-4o-mini": [ok for _, ok in scores]})
    for row, (score, ok) in zip(output["results"]["results"], scores, strict=True):
        part = {"pass": ok, "score": score, "assertion": {"type": "python", "metric": "toxicity"}}
        row["namedScores"] = {"toxicity": score}
        row["gradingResult"] = {"componentResults": [part]}
    path = tmp_path / "out.json"
    path.write_text(json.dumps(output))
    found = read_files([path], ImportOptions(metric="toxicity"))
    assert list(found.metrics.values()) == [judged]


@pytest.mark.parametrize(
    ("name", "scores", "judged"),
    [
        ("Hallucination", [(0.1, True), (0.9, False)], "1 - Hallucination"),
        ("Bias", [(0.1, True), (0.9, False)], "1 - Bias"),
        (
            "Toxicity",
            [(0.9, True), (0.1, False)],
            "Toxicity",
        ),  # its own threshold is a lowest value
        ("Faithfulness", [(0.9, True), (0.1, False)], "Faithfulness"),
    ],
)
def test_deepevals_thresholds_tell_the_direction(
    tmp_path: Path, name: str, scores: list[tuple[float, bool]], judged: str
) -> None:
    cases = []
    for i, (score, ok) in enumerate(scores):
        metric = {"name": name, "score": score, "threshold": 0.5, "success": ok}
        cases.append({"input": f"q{i}", "success": ok, "order": i, "metricsData": [metric]})
    path = tmp_path / "run.json"
    path.write_text(json.dumps({"testCases": cases}))
    found = read_files([path], ImportOptions(metric=name))
    assert list(found.metrics.values()) == [judged]
