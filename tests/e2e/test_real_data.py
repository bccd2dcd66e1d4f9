"""Data that others made, from file to per-item scores: text and score of every item equal a plain
loop's.

The loop (``plain_answers`` and ``plain_score``) knows llama-cpp-python and nothing of ours. Answers
of 4-bit models turn on rounding, and rounding on how a prompt is cut into batches: the loop
therefore evaluates what all prompts of a task share once, alone, and each rest after it, as the arm
does; and both do without flash attention.

The sample: ``REAL_DATA_ROWS`` rows (8) of each task, spread evenly over the file; of BBH's seven
tasks 2 each.
"""

from __future__ import annotations

import ast
import csv
import json
import math
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from os.path import commonprefix
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from claimbench.evaluation.evaluate import Evaluation, evaluate
from claimbench.evaluation.stored import read_run
from claimbench.scorers.loading import load
from claimbench.store.results import ResultsStore
from claimbench.suite.load import load_suite

DATA = Path(__file__).parents[2].resolve().parent / "shared" / "data"
MODELS = os.environ.get(
    "REAL_DATA_MODELS", "smollm2-135m-instruct-q4_1,qwen2.5-coder-0.5b-instruct-q4_k_m"
).split(",")
ROWS = int(os.environ.get("REAL_DATA_ROWS", "8"))
pytestmark = [
    pytest.mark.skipif(not DATA.is_dir(), reason="shared data is not here"),
    pytest.mark.timeout(1800),
]

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Real:
    """One task: rows with ``x`` (what is shown) and ``y`` (target), and how a suite says the rest."""

    name: str
    rows: Rows
    ask: str
    kind: str
    labels: list[str] = field(default_factory=list)
    fields: list[str] = field(default_factory=list)
    tokens: int = 16

    @property
    def prompt(self) -> str:
        return f"{self.ask}\n{{{{ x }}}}"

    def yaml(self) -> str:
        schema = {
            "type": "object",
            "properties": {name: {"type": "string"} for name in self.fields},
        }
        answer = {
            "label": f"{{type: label, labels: {json.dumps(self.labels)}, constrain: false}}",
            "number": "{type: number}",
            "text": "{type: text}",
            "ranking": "{type: text}",
            "json": f"{{type: json, schema: {json.dumps(schema)}, constrain: false}}",
        }[self.kind]
        scorer = {
            "label": "label",
            "number": "numeric",
            "text": "exact",
            "ranking": "ranking",
            "json": "json_fields",
        }
        return (
            f"  - name: {self.name}\n"
            f"    dataset: {{path: {self.name}.jsonl, target: y}}\n"
            f"    prompt: [{{user: {json.dumps(self.prompt)}}}]\n"
            f"    answer: {answer}\n"
            f"    scorers: [{scorer[self.kind]}]\n"
            f"    max_tokens: {self.tokens}\n"
        )


def every(rows: Rows, n: int = ROWS) -> Rows:
    """A sample spread over the file."""
    return rows[:: max(1, len(rows) // n)][:n]


def choose(labels: list[str]) -> str:
    return f"Answer with one of: {', '.join(labels)}."


def banking77() -> list[Real]:
    labels = json.loads((DATA / "banking77" / "categories.json").read_text(encoding="utf-8"))
    with (DATA / "banking77" / "test.csv").open(newline="", encoding="utf-8") as file:
        rows = [{"x": r["text"], "y": r["category"]} for r in csv.DictReader(file)]
    assert (len(rows), len(labels)) == (3080, 77)
    return [Real("banking77", every(rows), choose(labels), "label", labels)]


def snips() -> list[Real]:
    items = []
    for path in sorted((DATA / "snips").glob("validate_*.json")):
        for intent, utterances in json.loads(
            path.read_text(encoding="utf-8", errors="replace")
        ).items():
            items += [(intent, utterance["data"]) for utterance in utterances]
    intents = sorted({intent for intent, _ in items})
    rows = [{"x": "".join(part["text"] for part in parts), "y": intent} for intent, parts in items]
    weather = [parts for intent, parts in items if intent == "GetWeather"]
    slots = [
        {
            "x": "".join(p["text"] for p in parts),
            "y": {p["entity"]: p["text"].strip() for p in parts if "entity" in p},
        }
        for parts in weather
    ]
    names = sorted({name for row in slots for name in row["y"]})
    ask = (
        "Extract from the question a JSON object with the fields it states, of:"
        f" {', '.join(names)}. Only the JSON."
    )
    return [
        Real("snips_intent", every(rows), choose(intents), "label", intents),
        Real("snips_slots", every(slots), ask, "json", fields=names, tokens=112),
    ]


def wands() -> list[Real]:
    with (DATA / "wands_query_class" / "query.csv").open(newline="", encoding="utf-8") as file:
        rows = [
            {"x": r["query"], "y": r["query_class"]} for r in csv.DictReader(file, delimiter="\t")
        ]
    rows = [r for r in rows if r["y"]]
    labels = sorted({r["y"] for r in rows})
    return [
        Real(
            "wands", every(rows), "Class of the shopping query. " + choose(labels), "label", labels
        )
    ]


def chorus() -> list[Real]:
    with (DATA / "chorus_relevance" / "queries_34_of_135.csv").open(
        newline="", encoding="utf-8"
    ) as file:
        rows = list(csv.DictReader(file))
    grades = [
        {"x": f"Query: {r['query']}\nProduct: {r['name']}", "y": r["final_rating"]} for r in rows
    ]
    lists = []
    for query, found in groupby(sorted(rows, key=lambda r: r["query"]), key=lambda r: r["query"]):
        some = every(list(found), 5)
        shown = "\n".join(f"{r['docid']}: {r['name'][:80]}" for r in some)
        target = {r["docid"]: int(r["final_rating"]) for r in some}
        if any(target.values()):
            lists.append({"x": f"Query: {query}\n{shown}", "y": target})
    ask = "How relevant is the product to the query? "
    order = "Write the numbers of the products, the most relevant to the query first, as a list."
    return [
        Real("chorus_grade", every(grades), ask + choose(list("0123")), "label", list("0123")),
        Real("chorus_rank", every(lists), order, "ranking", tokens=72),
    ]


def gsm8k() -> list[Real]:
    lines = (DATA / "gsm8k" / "test_first660.jsonl").read_text(encoding="utf-8").splitlines()
    given = [json.loads(line) for line in lines]
    rows = [{"x": r["question"], "y": r["answer"].rpartition("####")[2].strip()} for r in given]
    return [Real("gsm8k", every(rows), "Answer with the final number only.", "number", tokens=24)]


def truthfulqa() -> list[Real]:
    rows = []
    for r in json.loads((DATA / "truthfulqa_en" / "validation.json").read_text(encoding="utf-8")):
        mc = (
            r["mc1_targets"]
            if isinstance(r["mc1_targets"], dict)
            else ast.literal_eval(r["mc1_targets"])
        )
        choices = list(zip("ABCD", mc["choices"][:4], mc["labels"][:4], strict=False))
        right = [letter for letter, _, label in choices if label == 1]
        if len(right) == 1:
            rows.append(
                {
                    "x": r["question"] + "".join(f" ({a}) {t}" for a, t, _ in choices),
                    "y": f"({right[0]})",
                }
            )
    labels = [f"({letter})" for letter in "ABCD"]
    return [Real("truthfulqa", every(rows), choose(labels), "label", labels)]


def bbh() -> list[Real]:
    tasks = []
    for path in sorted((DATA / "bbh").glob("*.json")):
        examples = json.loads(path.read_text(encoding="utf-8"))["examples"]
        rows = every([{"x": e["input"], "y": e["target"]} for e in examples], max(2, ROWS // 4))
        labels = sorted({e["target"] for e in examples})
        if path.stem == "object_counting":
            tasks.append(Real(path.stem, rows, "Answer with a number.", "number"))
        elif path.stem == "word_sorting":
            tasks.append(
                Real(path.stem, rows, "Answer with the sorted words only.", "text", tokens=48)
            )
        else:
            tasks.append(Real(path.stem, rows, choose(labels), "label", labels))
    assert len(tasks) == 7
    return tasks


SETS: dict[str, Callable[[], list[Real]]] = {
    f.__name__: f for f in (banking77, snips, wands, chorus, gsm8k, truthfulqa, bbh)
}


def write_suite(folder: Path, name: str, tasks: list[Real]) -> Path:
    for task in tasks:
        rows = [
            {**row, "y": json.dumps(row["y"])} if task.kind == "ranking" else row
            for row in task.rows
        ]
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / f"{task.name}.jsonl").write_text(lines, encoding="utf-8")
    arms = "".join(
        f"  - {{name: {m}, provider: llama_cpp, model: {m},\n"
        '     options: {n_ctx: 2048, n_threads: 1, flash_attn: "off"}}\n'
        for m in MODELS
    )
    text = f"name: {name}\nversion: 1-0\nsampling: {{temperature: 0, seed: 1}}\ntasks:\n"
    path = folder / "suite.yaml"
    path.write_text(
        f"{text}{''.join(task.yaml() for task in tasks)}arms:\n{arms}", encoding="utf-8"
    )
    return path


def measured(folder: Path, path: Path) -> Evaluation:
    from claimbench.cli import main

    with pytest.raises(SystemExit) as done:
        main(["run", str(path), "--results", str(folder / "results"), "--no-report"])
    assert done.value.code == 0
    with ResultsStore.open(folder / "results", read_only=True) as store:
        return evaluate(read_run(store, store.resolve_run(None)))


@pytest.fixture(scope="module")
def plain_models() -> Iterator[dict[str, Any]]:
    """llama-cpp-python's own high-level models."""
    from llama_cpp import Llama

    from claimbench_providers.models import catalogue as models

    made: dict[str, Any] = {}
    for name in MODELS:
        files = models.cached_files(models.catalog()[name], models.cache_dir())
        if not files:
            pytest.skip("model not pulled: run `make models`")
        made[name] = Llama(str(files[0]), n_ctx=2048, n_threads=1, n_threads_batch=1, verbose=False)
    yield made
    for model in made.values():
        model.close()


def plain_answers(llm: Any, prompts: list[str], most: int) -> list[tuple[str, bool]]:
    """Greedy answers to chat prompts, and whether each was cut: the loop without our code."""
    from llama_cpp.llama_chat_format import Jinja2ChatFormatter

    begin, end = (llm._model.token_get_text(token) for token in (llm.token_bos(), llm.token_eos()))
    form = Jinja2ChatFormatter(llm.metadata["tokenizer.chat_template"], end, begin)
    texts = [form(messages=[{"role": "user", "content": prompt}]) for prompt in prompts]
    asked = [
        llm.tokenize(t.prompt.encode(), add_bos=not t.added_special, special=True) for t in texts
    ]
    shared = len(commonprefix(asked)) if len(asked) > 1 else 0  # noqa: RUF071 - of tokens, not of paths
    shared = min(shared, *(len(tokens) - 1 for tokens in asked))
    llm.reset()
    llm.eval(asked[0][:shared])
    answers = []
    for tokens in asked:
        llm.n_tokens = shared
        llm.eval(tokens[shared:])
        out: list[int] = []
        while len(out) < most:
            logits = np.ctypeslib.as_array(llm._ctx.get_logits_ith(-1), shape=(llm.n_vocab(),))
            token = int(logits.argmax())
            if token in (llm.token_eos(), llm._model.token_eot()):
                break
            out.append(token)
            if len(out) < most:
                llm.eval([token])
        answers.append((llm.detokenize(out).decode(errors="replace"), len(out) == most))
    return answers


def words(value: str) -> str:
    return " ".join(re.sub(r"[\W_]+", " ", value.lower()).split())


def named(text: str, labels: list[str]) -> set[str]:
    """The labels that a text names as whole words, longer ones first; as they are written where
    they are bracketed, or inside a sentence one letter ("I'm a dog" does not name (A)).
    """
    if labels[0].startswith("(") and any(label.lower() in text.lower() for label in labels):
        return {label for label in labels if label.lower() in text.lower()}
    left, told = words(text), set()
    if any(words(label) == left for label in labels):
        return {label for label in labels if words(label) == left}
    for label in sorted(labels, key=len, reverse=True):
        letter = re.fullmatch(r"\W*(\w)\W*", label)
        if letter and not re.search(rf"\b{re.escape(letter[1])}\b", text):
            continue
        if re.search(rf"\b{re.escape(words(label))}\b", left):
            told.add(label)
            left = re.sub(rf"\b{re.escape(words(label))}\b", "|", left)
    return told


def plain_score(task: Real, text: str, target: Any) -> float:
    """Scoring without our code."""
    if task.kind == "label":
        return float(named(text, task.labels) == {target})
    if task.kind == "number":
        numbers = re.findall(r"-?\d+(?:,\d{3})*(?:\.\d+)?", text)
        return float(
            bool(numbers) and float(numbers[-1].replace(",", "")) == float(target.replace(",", ""))
        )
    if task.kind == "text":
        return float(" ".join(text.split()) == " ".join(target.split()))
    if task.kind == "json":
        body = re.search(r"```\w*\n(.*?)```", text, re.DOTALL)
        whole = body[1] if body else text[text.find("{") : text.rfind("}") + 1]  # text around
        try:
            said = json.loads(whole)
        except ValueError:
            return 0.0
        same = [
            " ".join(str(said.get(name) or "").split()) == target.get(name, "")
            for name in task.fields
        ]
        return sum(same) / len(same)
    places = {doc: m.start() for doc in target if (m := re.search(rf"\b{doc}\b", text))}
    gains = [2 ** target[doc] - 1 for doc in sorted(places, key=lambda doc: places[doc])]
    best = sorted((2**grade - 1 for grade in target.values()), reverse=True)
    return sum(g / math.log2(i + 2) for i, g in enumerate(gains)) / sum(
        g / math.log2(i + 2) for i, g in enumerate(best)
    )


def said(target: Any) -> list[str]:
    """Ways to answer with a target: bare, in prose, in a code fence."""
    text = target if isinstance(target, str) else json.dumps(target)
    return [text, f"The answer is {text}.", f"{text.upper()}\n", f"```json\n{text}\n```", ""]


@pytest.mark.parametrize("name", SETS)
def test_scorers_equal_the_plain_ones(tmp_path: Path, name: str) -> None:
    """On answers that a model might give to these rows: each row's target and another's, in several
    dresses.
    """
    tasks = SETS[name]()
    suite = load_suite(write_suite(tmp_path, name, tasks))
    right = 0
    for task, stored in zip(tasks, suite.tasks, strict=True):
        (scorer,) = load(stored.scorers)
        others = [*task.rows[1:], task.rows[0]]
        for sample, row, other in zip(stored.samples, task.rows, others, strict=True):
            ranked = (
                sorted(row["y"], key=lambda doc: -row["y"][doc])
                if task.kind == "ranking"
                else row["y"]
            )
            for text in [
                *said(ranked),
                *said(list(reversed(ranked)) if task.kind == "ranking" else other["y"]),
            ]:
                value = scorer.score("", text, sample, stored).value
                assert value == pytest.approx(plain_score(task, text, row["y"]), abs=1e-12), text
                right += value == 1
    assert right >= sum(len(task.rows) for task in tasks)


@pytest.mark.long
@pytest.mark.model
@pytest.mark.parametrize("name", SETS)
def test_every_item_equals_a_plain_loops(
    tmp_path: Path, plain_models: dict[str, Any], name: str
) -> None:
    tasks = SETS[name]()
    found = measured(tmp_path, write_suite(tmp_path, name, tasks))
    records = {(r.call.task, r.call.arm, r.call.sample_id): r for r in found.stored.records}
    for task, stored in zip(tasks, found.stored.suite.tasks, strict=True):
        prompts = [f"{task.ask}\n{row['x']}" for row in task.rows]
        rows = found.items.task == task.name
        for arm, llm in plain_models.items():
            answers = plain_answers(llm, prompts, task.tokens)
            mine = [records[task.name, arm, sample.id] for sample in stored.samples]
            assert [r.text.strip() for r in mine] == [text.strip() for text, _ in answers]
            # an answer that was cut scores 0 here
            scores = [
                0.0 if cut else plain_score(task, text, row["y"])
                for (text, cut), row in zip(answers, task.rows, strict=True)
            ]
            ours = found.items.arms[arm].score[rows].tolist()
            print(f"{task.name} {arm}: n {len(ours)}, mean {np.mean(ours):.3f}")  # noqa: T201 - for -s
            assert ours == pytest.approx(scores, abs=1e-12)
