"""Files whose first reading would measure something else in silence: numbers in a program's
spelling, codes, options that the model would not see, a question without its passage.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.unit.init.test_kinds_of_files import csv_of, proposed

from claimbench.errors import SuiteError
from claimbench.init.propose import StatedColumns
from claimbench.plan.prompts import render
from claimbench.scorers.loading import load
from claimbench.suite.datasets import ReadOptions


def rows_json(rows: list[dict[str, Any]]) -> str:
    return json.dumps(rows)


# --- numbers and codes


@pytest.mark.parametrize(
    ("cells", "labels"),
    [
        (["1.0", "2.0", "3.5", "5.0"], ("1", "2", "3.5", "5")),
        (["0.0", "1.0"], ("0", "1")),
        (["1.00", "2.00", "3"], ("1", "2", "3")),
        (["2.1", "2.10", "3.0"], ("2.1", "2.10", "3.0")),  # versions
        (["low", "5.0"], ("5.0", "low")),
    ],
)
def test_labels_of_numbers_are_written_as_models_answer(
    tmp_path: Path, cells: list[str], labels: tuple[str, ...]
) -> None:
    rows = [{"text": f"mail {i}", "level": cells[i % len(cells)]} for i in range(24)]
    _, suite = proposed(tmp_path, "d.csv", csv_of(rows), StatedColumns(("text",), "level"))
    assert set(suite.tasks[0].answer.labels) == set(labels)


@pytest.mark.parametrize("n", [24, 400])
def test_codes_with_leading_zeros_are_no_numbers(tmp_path: Path, n: int) -> None:
    rows = [{"text": f"town {i}", "plz": f"{1000 + i:05}"} for i in range(n)]
    proposal, suite = proposed(tmp_path, "d.csv", csv_of(rows), StatedColumns(("text",), "plz"))
    assert suite.tasks[0].answer.kind == "text"
    assert any("begin with a zero" in note for note in proposal.notes)


@pytest.mark.parametrize("word", ["N/A", "none", "null", "unknown"])
def test_words_for_nothing_are_said_to_be_answers(tmp_path: Path, word: str) -> None:
    rows = [{"text": f"mail {i}", "team": word if i % 3 else "cash"} for i in range(24)]
    proposal, _ = proposed(tmp_path, "d.csv", csv_of(rows))
    assert any(f"'{word}' (16 rows): taken for an answer" in note for note in proposal.notes)


@pytest.mark.parametrize("column", ["stars", "final_rating", "relevance"])
def test_grades_of_a_scale_are_scored_as_grades(tmp_path: Path, column: str) -> None:
    rows = [{"text": f"review {i}", column: i % 4} for i in range(24)]
    _, suite = proposed(tmp_path, "d.csv", csv_of(rows), StatedColumns(("text",), column))
    assert [s.name for s in suite.tasks[0].scorers] == ["graded"]


# --- options that the model must see


QUESTIONS: dict[str, list[dict[str, Any]]] = {
    "text in lines": [
        {"question": f"{i}+1?", "options": f"(a) {i}\n(b) {i + 1}\n(c) no", "answer": "(b)"}
        for i in range(12)
    ],
    "MathQA": [
        {"question": f"{i}+1?", "options": f"a ) {i} , b ) {i + 1} , c ) no", "answer": "b"}
        for i in range(12)
    ],
    "SciQ": [
        {
            "question": f"{i}+1?",
            "distractor1": f"{i}",
            "distractor2": "no",
            "correct_answer": f"{i + 1}",
        }
        for i in range(12)
    ],
    "TriviaQA": [
        {"question": f"{i}+1?", "correct_answer": f"{i + 1}", "incorrect_answers": [f"{i}", "no"]}
        for i in range(12)
    ],
    "GPQA": [
        {
            "Question": f"{i}+1?",
            "Correct Answer": f"{i + 1}",
            "Incorrect Answer 1": f"{i}",
            "Incorrect Answer 2": "no",
        }
        for i in range(12)
    ],
}


@pytest.mark.parametrize("kind", list(QUESTIONS))
def test_options_are_shown_and_the_letter_names_the_right_one(tmp_path: Path, kind: str) -> None:
    _, suite = proposed(tmp_path, "q.json", rows_json(QUESTIONS[kind]))
    (task,) = suite.tasks
    for i, sample in enumerate(task.samples):
        shown = render(task, sample)[-1].content
        assert f"{sample.target}. {i + 1}" in shown.splitlines()
        assert "no" in shown


def test_options_that_cannot_be_taken_apart_are_shown_as_they_are(tmp_path: Path) -> None:
    rows = [
        {"question": f"q{i}", "options": "red / green", "answer": ("red", "green")[i % 2]}
        for i in range(12)
    ]
    proposal, suite = proposed(tmp_path, "q.json", rows_json(rows))
    assert "options: red / green" in render(suite.tasks[0], suite.tasks[0].samples[0])[-1].content
    assert any("shown beside the question" in note for note in proposal.notes)
    stated = StatedColumns(("question",), "answer")
    proposal, _ = proposed(tmp_path, "p.json", rows_json(rows), stated)
    assert any("--input options" in note for note in proposal.notes)


# --- inputs that say nothing alone


@pytest.mark.parametrize(
    "columns",
    [
        ("context", "question"),
        ("premise", "hypothesis"),
        ("sentence1", "sentence2"),
        ("subject", "body"),
    ],
)
def test_two_columns_that_belong_together_are_both_shown(
    tmp_path: Path, columns: tuple[str, str]
) -> None:
    rows = [
        {columns[0]: f"one {i}", columns[1]: f"two {i}", "label": f"x{i % 2}"} for i in range(24)
    ]
    _, suite = proposed(tmp_path, "d.csv", csv_of(rows))
    shown = render(suite.tasks[0], suite.tasks[0].samples[0])[-1].content
    assert "one 0" in shown
    assert "two 0" in shown


def squad(n: int = 30) -> dict[str, Any]:
    texts = [[{"text": f"word {i}", "answer_start": 3}, {"text": f"Word {i}!"}] for i in range(n)]
    asked = [{"id": f"q{i}", "question": f"which {i}?", "answers": texts[i]} for i in range(n)]
    passages = [{"context": f"passage {j}", "qas": asked[j::3]} for j in range(3)]
    return {"version": "v1", "data": [{"title": "t", "paragraphs": passages}]}


def test_records_inside_records_bring_the_fields_around_them(tmp_path: Path) -> None:
    with pytest.raises(SuiteError) as fault:
        proposed(tmp_path, "squad.json", json.dumps(squad()))
    assert "data.paragraphs" in str(fault.value.hint)
    options = ReadOptions(records="data.paragraphs.qas")
    _, suite = proposed(tmp_path, "squad.json", json.dumps(squad()), options=options)
    (task,) = suite.tasks
    shown = render(task, task.samples[0])[-1].content
    assert "passage 0" in shown
    assert "which" in shown


@pytest.mark.parametrize(
    "answers",
    [
        lambda i: [{"text": f"word {i}"}, {"text": f"other {i}"}],
        lambda i: {"text": [f"word {i}", f"other {i}"], "answer_start": [1, 2]},
        lambda i: [f"word {i}", f"other {i}"],
    ],
)
def test_every_right_answer_counts(tmp_path: Path, answers: Any) -> None:
    rows = [{"question": f"which {i}?", "answers": answers(i)} for i in range(12)]
    _, suite = proposed(tmp_path, "d.json", rows_json(rows))
    (task,) = suite.tasks
    (scorer,) = load(task.scorers)
    for text, value in (("word 0", 1.0), ("Other 0", 1.0), ("word 1", 0.0)):
        assert scorer.score("c", text, task.samples[0], task).value == value


# --- files without data, and lists without names


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.csv", "", "the file is empty"),
        ("b.csv", "\n\n", "the file is empty"),
        ("c.csv", "text,team\n", "0 rows of data"),
        ("d.csv", "text,team\nx,y\n", "1 row of data"),
    ],
)
def test_a_file_without_rows_says_so(tmp_path: Path, name: str, text: str, said: str) -> None:
    with pytest.raises(SuiteError, match=said):
        proposed(tmp_path, name, text)


def test_lines_of_lists_without_names_are_found_out(tmp_path: Path) -> None:
    lines = [json.dumps([f"a ticket about {i}", "cash" if i % 2 else "card"]) for i in range(24)]
    proposal, suite = proposed(tmp_path, "a.jsonl", "\n".join(lines))
    assert len(suite.tasks[0].samples) == 24
    assert any("no header" in note for note in proposal.notes)
    named = "\n".join([json.dumps(["text", "label"]), *lines])
    assert len(proposed(tmp_path, "b.jsonl", named)[1].tasks[0].samples) == 24


def test_fields_of_objects_are_chosen_not_the_objects(tmp_path: Path) -> None:
    rows = [
        {"ticket": {"body": f"mail {i}", "meta": {"n": i}}, "out": {"team": "ab"[i % 2]}}
        for i in range(30)
    ]
    _, suite = proposed(tmp_path, "n.jsonl", "\n".join(map(json.dumps, rows)))
    (task,) = suite.tasks
    assert render(task, task.samples[0])[-1].content.strip() == "mail 0"
    assert not task.samples[0].slices


def test_a_system_prompt_of_its_own_is_sent_as_one(tmp_path: Path) -> None:
    rows = []
    for i in range(24):
        turns = [
            {"role": "system", "content": f"You serve customer {i}. {{{{ not_a_variable }}}}"},
            {"role": "user", "content": f"mail {i}"},
            {"role": "assistant", "content": "ab"[i % 2]},
        ]
        rows.append({"messages": turns})
    _, suite = proposed(tmp_path, "c.jsonl", "\n".join(map(json.dumps, rows)))
    (task,) = suite.tasks
    assert [(m.role, m.content) for m in render(task, task.samples[3])] == [
        ("system", "You serve customer 3. {{ not_a_variable }}"),
        ("user", "mail 3"),
    ]


@pytest.mark.parametrize(("per_query", "asked"), [(10, True), (2, False)])
def test_a_first_look_at_big_clusters_takes_single_rows(
    tmp_path: Path, per_query: int, asked: bool
) -> None:
    rows = [
        {"conversation": f"c{i // per_query}", "text": f"mail {i}", "label": f"x{i % 2}"}
        for i in range(120)
    ]
    _, suite = proposed(tmp_path, "d.csv", csv_of(rows))
    assert (suite.options.get("limit_by") == "row") is asked


def test_a_text_in_pieces_is_joined_and_its_marks_are_the_answer(tmp_path: Path) -> None:
    rows = []
    for i in range(24):
        pieces = [{"text": "play "}, {"text": f"jazz {i}", "entity": "genre"}, {"text": " now"}]
        rows.append({"data": pieces if i % 3 else [{"text": f"wait {i}"}]})
    proposal, suite = proposed(tmp_path, "snips.json", json.dumps({"PlayMusic": rows}))
    assert proposal.kind == "json"
    (task,) = suite.tasks
    by_id = {sample.id: sample for sample in task.samples}
    assert render(task, by_id["2"])[-1].content.strip() == "play jazz 1 now"
    assert by_id["2"].target == {"genre": "jazz 1"}
    assert by_id["1"].target == {"genre": None}


@pytest.mark.parametrize(
    ("row", "target"),
    [
        ({"text": "mail", "label": 1, "label_text": "cash"}, "label_text"),
        ({"id": 1, "q": "mail", "ref": "cash"}, "ref"),
        ({"instruction": "mail", "input": "", "output": "cash"}, "output"),
        ({"question": "mail", "ground_truth": "cash", "source": "x"}, "ground_truth"),
    ],
)
def test_usual_short_names_are_known(tmp_path: Path, row: dict[str, Any], target: str) -> None:
    first = next(k for k, v in row.items() if v == "mail")
    rows = []
    for i in range(24):
        rows.append({**row, first: f"mail {i}", target: "cash" if i % 2 else "card"})
        if "id" in row:
            rows[-1]["id"] = i
    _, suite = proposed(tmp_path, "d.csv", csv_of(rows))
    (task,) = suite.tasks
    assert task.answer.labels == ("card", "cash")
    assert "mail 0" in render(task, task.samples[0])[-1].content


def test_the_nan_of_python_tools_is_no_value(tmp_path: Path) -> None:
    rows = [{"text": f"mail {i}", "label": "ab"[i % 2], "note": float("nan")} for i in range(24)]
    rows[3]["label"] = float("nan")
    proposal, suite = proposed(tmp_path, "d.jsonl", "\n".join(map(json.dumps, rows)))
    assert len(suite.tasks[0].samples) == 23
    assert any("1 row with no target left out" in note for note in proposal.notes)
