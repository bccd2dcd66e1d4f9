"""Reading a stranger's task file runs nothing, and says all that it would run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from claimbench import trust
from claimbench.lmeval.code_in_tasks import TaskFileFault, code_of, code_of_config
from claimbench.lmeval.tasks import LmEvalFault, LmEvalSpec, expand, load_task, scoring_task
from claimbench.lmeval.templates import _PROCESS, apply_template

PLAIN = """task: ours
dataset_path: json
dataset_kwargs: {data_files: {test: d.json}}
test_split: test
output_type: generate_until
doc_to_text: "{{q}}"
doc_to_target: "{{a}}"
metric_list: [{metric: exact_match, aggregation: mean, higher_is_better: true}]
generation_kwargs: {until: ["\\n"], max_gen_toks: 8}
"""
CANARY = (
    "from pathlib import Path\nPath(__file__).with_name('PWNED').write_text('ran')\n"
    "def f(doc):\n    return doc['q']\n"
)
POPEN = "cycler.__init__.__globals__.os.popen('touch PWNED').read()"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    rows = [{"q": f"q{i}", "a": "x"} for i in range(3)]
    (tmp_path / "d.json").write_text(json.dumps(rows))
    (tmp_path / "utils.py").write_text(CANARY)
    return tmp_path


def task(folder: Path, old: str = "", new: str = "") -> Path:
    path = folder / "task.yaml"
    path.write_text(PLAIN.replace(old, new) if old else PLAIN + new)
    return path


RUNS = {
    "a prompt": ('doc_to_text: "{{q}}"', "doc_to_text: !function utils.f", "doc_to_text runs"),
    "a target": ('doc_to_target: "{{a}}"', "doc_to_target: !function utils.f", "doc_to_target"),
    "documents": ("", "process_docs: !function utils.f\n", "process_docs runs"),
    "results": ("", "process_results: !function utils.f\n", "process_results runs"),
    "a metric": ("metric: exact_match", "metric: !function utils.f", "metric_list[0].metric runs"),
    "an aggregation": ("aggregation: mean", "aggregation: !function utils.f", "aggregation runs"),
    "data": ("", "custom_dataset: !function utils.f\n", "custom_dataset runs"),
    "a filter": (
        "",
        "filter_list: [{name: x, filter: [{function: custom, filter_fn: !function utils.f}]}]\n",
        "filter_fn runs",
    ),
    "a class": ("", "class: utils.Task\n", "runs the Python class utils.Task"),
    "a script as metric": ("metric: exact_match", "metric: ./evil", "fetched as Python"),
    "a metric of evaluate": ("metric: exact_match", "metric: x, hf_evaluate: true", "fetched"),
    "pickles": ("dataset_path: json", "dataset_path: pandas", "is read by running"),
    "a data script": ("dataset_path: json", "dataset_path: ./load.py", "is read by running"),
    "a shared prompt": ("", "use_prompt: promptsource:x\n", "of another package"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "said"), RUNS.values(), ids=RUNS)
def test_what_would_run_is_named_and_does_not(folder: Path, old: str, new: str, said: str) -> None:
    path = task(folder, old, new)
    code = code_of(path)
    assert any(said in what for what in code.runs), code.runs
    assert str(folder / "utils.py") in code.files
    with pytest.raises(LmEvalFault, match="would run Python that came with the suite") as caught:
        load_task(str(path))
    assert "bench trust" in str(caught.value.hint)
    assert not (folder / "PWNED").exists()


def test_metrics_that_a_function_gives_are_not_fetched(folder: Path) -> None:
    path = task(folder, "metric: exact_match", "metric: ours")
    path.write_text(path.read_text() + "process_results: !function utils.f\n")
    assert code_of(path).runs == ("task.yaml: process_results runs the Python function utils.f",)


def test_an_included_file_counts(folder: Path) -> None:
    (folder / "base.yaml").write_text("process_docs: !function utils.f\n")
    assert code_of(task(folder, new="include: base.yaml\n")).runs == (
        "task.yaml: process_docs runs the Python function utils.f",
    )


def test_a_plain_task_is_loaded_without_being_asked(folder: Path) -> None:
    path = task(folder)
    assert code_of(path).runs == ()
    assert load_task(str(path)).config.task == "ours"


def test_consent_ends_when_a_file_changes(folder: Path) -> None:
    path = task(folder, 'doc_to_text: "{{q}}"', "doc_to_text: !function utils.f")
    trust.trust([code_of(path)])
    assert load_task(str(path)).config.task == "ours"
    assert (folder / "PWNED").exists()
    (folder / "helper.py").write_text("x = 1\n")
    with pytest.raises(LmEvalFault, match="would run Python"):
        load_task(str(path))


@pytest.mark.parametrize(
    "text", ["a: [", "- 1\n", "a: !!python/object/apply:os.system [true]\n", "include: x.yaml\n"]
)
def test_a_file_that_is_none_is_one_error(folder: Path, text: str) -> None:
    (folder / "x.yaml").write_text(text)
    with pytest.raises(TaskFileFault):
        code_of(folder / "x.yaml")


@pytest.mark.parametrize("key", ["doc_to_text", "doc_to_target", "doc_to_choice", "gen_prefix"])
def test_templates_reach_nothing(folder: Path, key: str) -> None:
    path = task(folder)
    text = "\n".join(
        line for line in path.read_text().splitlines() if not line.startswith(f"{key}:")
    )
    path.write_text(f'{text}\n{key}: "{{{{ {POPEN} }}}}"\n')
    with pytest.raises(LmEvalFault, match="is unsafe"):
        expand(LmEvalSpec("ours", str(path)))
    assert not (folder / "PWNED").exists()


def test_a_stored_configuration_runs_nothing(folder: Path) -> None:
    theirs = load_task(str(task(folder)))
    config = {k: v for k, v in vars(theirs.config).items() if isinstance(v, str | list | dict)}
    evil = {**config, "doc_to_target": f"{{{{ {POPEN} }}}}"}
    with pytest.raises(Exception, match="unsafe"):
        scoring_task("ours", evil, {"q": "q", "a": "x"})
    metric = {**config, "metric_list": [{"metric": "./evil"}]}
    assert code_of_config(metric)
    with pytest.raises(LmEvalFault, match="would run code"):
        scoring_task("ours", metric, {"q": "q", "a": "x"})
    with pytest.raises(LmEvalFault, match="not the task it measured"):
        scoring_task(str(task(folder)), None, {"q": "q", "a": "x"})
    path = task(folder, 'doc_to_text: "{{q}}"', "doc_to_text: !function utils.f")
    with pytest.raises(LmEvalFault, match="would run Python"):
        scoring_task(str(path), None, {"q": "q", "a": "x"})
    assert not (folder / "PWNED").exists()


@pytest.mark.parametrize(
    "template",
    [
        "{{q}}", "{{ q }}\n", "Q: {{q.strip()}}\nA:", "{{choices.index(a)}}",
        "{% for c in choices %}{{loop.index}}. {{c}}\n{% endfor %}", "{{a[0]|upper}}",
        "{{q|regex_replace('q', 'Q')}}", "{{ '%03d' % n }}", "{{choices|join(', ')}}",
        "{% if n > 3 %}many{% else %}few{% endif %}", "{{[q, a]|join}}", "  {{q}}  ",
    ],
)  # fmt: skip
def test_templates_give_what_lm_eval_gives(template: str) -> None:
    from jinja2 import BaseLoader, Environment, StrictUndefined
    from lm_eval.utils import regex_replace

    theirs = Environment(loader=BaseLoader(), undefined=StrictUndefined, keep_trailing_newline=True)
    theirs.filters["regex_replace"] = regex_replace
    doc = {"q": " a question ", "a": "yes", "choices": ["no", "yes"], "n": 7}
    expected = theirs.from_string(template).render(**doc)
    assert apply_template(template, doc) == expected
    assert _PROCESS.render(template, doc) == expected
