"""Multiple choice from columns, targets that are lists, and reducers, as a suite states them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from claimbench.errors import SuiteError
from claimbench.suite.load import load_suite, measured_sha256, suite_from_json, suite_to_json
from claimbench.types import Suite, Task

SUITE = """name: mc
version: 1-0
epochs: {epochs}
tasks:
  - name: quiz
    dataset: {{path: rows.jsonl, target: answer, choices: {choices}}}
    prompt: [{{user: "{{{{ q }}}} {{{{ choices }}}}"}}]
    answer: {{type: label, labels: [A, B, C, D]}}
    scorers: [choice]
{more}
arms: [{{name: a, provider: compatible, model: m, base_url: "http://127.0.0.1:9/v1",
  cost: {{price: {{input: 1, output: 2, currency: USD, source: x, dated: 2026-11-01}}}}}}]
"""
COLUMNS = "{columns: [a, b, c], shuffle: true, seed: 4}"


def rows(
    *answers: Any, options: tuple[str, ...] = ("red", "green", "blue")
) -> list[dict[str, Any]]:
    named = dict(zip("abcd", options, strict=False))
    return [
        {"q": f"q{n}?", **named, "all": list(options), "answer": x} for n, x in enumerate(answers)
    ]


def load(
    folder: Path,
    data: list[dict[str, Any]],
    choices: str = COLUMNS,
    more: str = "",
    epochs: int = 1,
) -> Suite:
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in data))
    path = folder / "suite.yaml"
    path.write_text(SUITE.format(choices=choices, more=more, epochs=epochs))
    return load_suite(path)


def meant(task: Task) -> list[str]:
    """What the letter of each target stands for."""
    return [str(s.input["options"]["ABCD".index(s.target)]) for s in task.samples]


@pytest.mark.parametrize(
    ("answers", "right"),
    [
        (("A", "B", "C"), ["red", "green", "blue"]),
        (("(a)", "b.", "C"), ["red", "green", "blue"]),
        ((0, 1, 2), ["red", "green", "blue"]),
        ((1, 2, 3), ["red", "green", "blue"]),
        (("0", "1", "2"), ["red", "green", "blue"]),
        (("red", "Green", "blue"), ["red", "green", "blue"]),
    ],
)
@pytest.mark.parametrize(
    "choices", [COLUMNS, "{column: all, shuffle: true}", "{columns: [a, b, c]}"]
)
def test_letters_indices_and_texts_are_told_apart(
    tmp_path: Path, answers: tuple[Any, ...], right: list[str], choices: str
) -> None:
    (task,) = load(tmp_path, rows(*answers), choices).tasks
    assert meant(task) == right
    for sample in task.samples:
        lines = [
            f"{letter}. {text}"
            for letter, text in zip("ABC", sample.input["options"], strict=False)
        ]
        assert sample.input["choices"] == "\n".join(lines)


def test_the_order_is_drawn_by_seed_and_row(tmp_path: Path) -> None:
    data = rows(*["A"] * 40)
    (one,) = load(
        tmp_path, data, "{columns: [a, b, c], shuffle: true, seed: 4, answer: letter}"
    ).tasks
    (again,) = load(
        tmp_path, data, "{columns: [a, b, c], shuffle: true, seed: 4, answer: letter}"
    ).tasks
    (other,) = load(
        tmp_path, data, "{columns: [a, b, c], shuffle: true, seed: 5, answer: letter}"
    ).tasks
    assert [s.input for s in one.samples] == [s.input for s in again.samples]
    assert [s.target for s in one.samples] != [s.target for s in other.samples]
    assert {s.target for s in one.samples} == {"A", "B", "C"}


@pytest.mark.parametrize(
    "last", ["None of the above", "Both A and B", "以上都不是", "keine der Antworten"]
)
def test_options_that_speak_of_others_keep_their_order(tmp_path: Path, last: str) -> None:
    data = rows(*["B"] * 12, options=("red", "green", last))
    (task,) = load(tmp_path, data, "{columns: [a, b, c], shuffle: true, answer: letter}").tasks
    assert {tuple(s.input["options"]) for s in task.samples} == {("red", "green", last)}


@pytest.mark.parametrize(
    ("answers", "choices", "words"),
    [
        ((1, 2, 1), COLUMNS, "index or index_from_1"),
        (("A", "purple", "B"), COLUMNS, "no letter, index or text"),
        (("A", "D", "B"), "{columns: [a, b, c], answer: letter}", "is no letter of its 3 options"),
        (("A", "B", "C"), "{columns: [a, b, x]}", "has no column 'x'"),
        (("A", "B", "C"), "{column: q}", "two options or more"),
        (("A", "B", "C"), "{columns: [a]}", "two columns or more"),
        (("A", "B", "C"), "{columns: [a, b], column: all}", "columns"),
        (("A", "B", "C"), "{columns: [a, b, a]}", "two options of a row are the same"),
    ],
)
def test_what_cannot_be_read_is_an_error_of_the_suite(
    tmp_path: Path, answers: tuple[Any, ...], choices: str, words: str
) -> None:
    with pytest.raises(SuiteError, match=words) as raised:
        load(tmp_path, rows(*answers), choices)
    assert raised.value.line is not None


def test_more_options_than_labels(tmp_path: Path) -> None:
    data = [{"q": "q?", "all": list("vwxyz"), "answer": "v"}]
    with pytest.raises(SuiteError, match="E is no label of the answer"):
        load(tmp_path, data, "{column: all}")


def test_a_reducer_needs_its_epochs_and_changes_the_hash(tmp_path: Path) -> None:
    data = rows("A", "B", "C")
    plain = load(tmp_path, data, epochs=3)
    reduced = load(tmp_path, data, more="    reduce: pass@3", epochs=3)
    assert reduced.tasks[0].reduce == "pass@3"
    assert load(tmp_path, data, more="    reduce: mean", epochs=3).tasks == plain.tasks
    assert suite_from_json(suite_to_json(reduced)).tasks == reduced.tasks
    hashes = {measured_sha256(s.tasks, s.sampling, s.epochs) for s in (plain, reduced)}
    assert len(hashes) == 2
    with pytest.raises(SuiteError, match="at_least@4 needs 4 epochs, and the suite has 3"):
        load(tmp_path, data, more="    reduce: at_least@4", epochs=3)
    with pytest.raises(SuiteError):
        load(tmp_path, data, more="    reduce: middle", epochs=3)


LISTS = """name: l
version: 1-0
tasks:
  - name: t
    dataset: {{path: rows.jsonl, target: answer}}
    prompt: [{{user: "{{{{ q }}}}"}}]
    answer: {{type: text}}
    scorers: [{scorer}]
arms: [{{name: a, provider: compatible, model: m, base_url: "http://127.0.0.1:9/v1",
  cost: {{price: {{input: 1, output: 2, currency: USD, source: x, dated: 2026-11-01}}}}}}]
"""


def test_targets_may_be_lists_where_a_scorer_reads_them(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"q": "which?", "answer": ["a1", "b2"]}\n')
    path = tmp_path / "suite.yaml"
    for scorer in ("list", "{name: label_set, labels: [a1, b2, c3]}"):
        path.write_text(LISTS.format(scorer=scorer))
        assert load_suite(path).tasks[0].samples[0].target == ["a1", "b2"]
    path.write_text(LISTS.format(scorer="exact"))
    with pytest.raises(SuiteError, match="single values"):
        load_suite(path)
