"""A metric of lm-eval's that cannot be judged is refused before a call is paid, and one of which
lower is better is never judged as if higher were better.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from claimbench import trust
from claimbench.errors import SuiteError
from claimbench.lmeval import tasks
from claimbench.suite.load import load_suite

pytest.importorskip("lm_eval")
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(autouse=True)
def _trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests' own Python, as ``--trust`` would allow it."""
    monkeypatch.setattr(trust, "is_trusted", lambda _code: True)
    monkeypatch.setattr(tasks, "is_trusted", lambda _code: True)


CODE = """
def words(results):
    return results[0].split()

def wer(doc, results):
    return {"wer": abs(len(words(results)) - 1) * 1.0}

def toxicity(doc, results):
    return {"toxicity": 0.25}

def cer(doc, results):
    return {"cer": 0.0 if doc["a"] in results[0] else 1.0}

def percent(doc, results):
    return {"score": 37.0}

def negative(doc, results):
    return {"margin": -1.0}

def broken(doc, results):
    raise KeyError("gold")

def helpful(doc, results):
    return {"helpfulness": 0.5}
"""
TASK = """task: toy
dataset_path: json
dataset_kwargs: {{data_files: {{test: docs.jsonl}}}}
test_split: test
output_type: generate_until
doc_to_text: "{{{{q}}}}"
doc_to_target: "{{{{a}}}}"
generation_kwargs: {{until: ["\\n"], max_gen_toks: 8}}
{body}
metadata: {{version: 1.0}}
"""
SUITE = """name: s
version: 1-0
tasks: [{{lm_eval: {file}{more}}}]
arms: [{{name: a, provider: compatible, model: m, base_url: "http://127.0.0.1:9/v1",
  cost: {{price: {{input: 1, output: 2, currency: USD, source: x, dated: 2026-11-01}}}}}}]
"""


def load(folder: Path, body: str, more: str = "", file: str = "toy.yaml") -> dict[str, object]:
    rows = [{"q": f"{n} plus 1?", "a": str(n + 1)} for n in range(4)]
    (folder / "docs.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (folder / "metrics_of_toy.py").write_text(CODE)
    (folder / "toy.yaml").write_text(TASK.format(body=body))
    suite = folder / "suite.yaml"
    suite.write_text(SUITE.format(file=file, more=more))
    return dict(load_suite(suite).tasks[0].scorers[0].options)


def listed(*metrics: str) -> str:
    rows = "".join(f"\n  - {{metric: {m}, aggregation: mean}}" for m in metrics)
    return "metric_list:" + rows


def made(name: str, metric: str | None = None, higher: str = "") -> str:
    shown = f"{metric or name}, aggregation: mean{higher}"
    code = f"process_results: !function metrics_of_toy.{name}"
    return f"{code}\nmetric_list:\n  - {{metric: {shown}}}"


@pytest.mark.parametrize("metric", ["bleu", "chrf", "ter"])
def test_a_metric_over_all_answers_at_once_is_refused(tmp_path: Path, metric: str) -> None:
    body = f"metric_list:\n  - {{metric: {metric}, aggregation: {metric}}}"
    with pytest.raises(SuiteError, match="gives no number for one answer") as raised:
        load(tmp_path, body)
    assert raised.value.line == 3


def test_a_usable_metric_beside_it_is_named(tmp_path: Path) -> None:
    body = "metric_list:\n  - {metric: bleu, aggregation: bleu}\n  - {metric: exact_match}"
    with pytest.raises(SuiteError) as raised:
        load(tmp_path, body)
    assert raised.value.hint == "metric: exact_match"
    assert load(tmp_path, body, ", metric: exact_match")["metric"] == "exact_match"


def test_a_metric_that_does_not_exist_is_refused_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="no metric 'exact_mach'; did you mean 'exact_match'"):
        load(tmp_path, listed("exact_match"), ", metric: exact_mach")


@pytest.mark.parametrize(
    ("name", "metric", "words"),
    [
        ("wer", None, "no upper bound"),
        ("percent", "score", "gives 37 for one answer"),
        ("negative", "margin", "gives -1 for one answer"),
        ("broken", None, "fails on every answer that was tried: KeyError"),
    ],
)
def test_numbers_that_are_no_score_are_refused(
    tmp_path: Path, name: str, metric: str | None, words: str
) -> None:
    with pytest.raises(SuiteError, match=words):
        load(tmp_path, made(name, metric))


@pytest.mark.parametrize("higher", ["", ", higher_is_better: false"])
@pytest.mark.parametrize("name", ["toxicity", "cer"])
def test_lower_is_better_by_its_word_or_its_name(tmp_path: Path, name: str, higher: str) -> None:
    assert load(tmp_path, made(name, higher=higher))["higher_is_better"] is False


def test_the_suite_has_the_last_word_on_the_direction(tmp_path: Path) -> None:
    body = made("helpful", "helpfulness")
    assert "higher_is_better" not in load(tmp_path, body)
    assert load(tmp_path, body, ", higher_is_better: false")["higher_is_better"] is False
    told = made("toxicity", higher=", higher_is_better: false")
    assert "higher_is_better" not in load(tmp_path, told, ", higher_is_better: true")


@pytest.mark.parametrize("body", ["group: two\ntask: [toy, other]", "task:\n  - toy\n  - other"])
def test_a_group_is_refused_and_its_tasks_are_named(tmp_path: Path, body: str) -> None:
    (tmp_path / "group.yaml").write_text(body)
    with pytest.raises(SuiteError, match="is a group of tasks") as raised:
        load(tmp_path, listed("exact_match"), file="group.yaml")
    assert raised.value.hint is not None
    assert "toy, other" in raised.value.hint
