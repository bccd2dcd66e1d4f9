"""Exports of annotation tools, nested targets and texts that equality says little of: the label
that people gave is the target, or one error says what was seen and what to do.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from claimbench.errors import SuiteError
from claimbench.init.propose import InitProposal, StatedColumns, propose_suite, write_proposal
from claimbench.suite.datasets import ReadOptions
from claimbench.suite.load import load_suite
from claimbench.types import Suite

N = 24
NOTHING = StatedColumns()


def text(i: int) -> str:
    return f"Customer {i} writes about the printer and case {i * 37 % 101}"


def label(i: int) -> str:
    return ("Billing", "Tech", "Delivery")[i % 3]


def proposed(
    tmp_path: Path, rows: list[Any], columns: StatedColumns = NOTHING, records: str = ""
) -> tuple[InitProposal, Suite]:
    path = tmp_path / "d.json"
    content: Any = {"data": {"all": rows}} if records else rows
    path.write_text(json.dumps(content), encoding="utf-8")
    options = ReadOptions(header=None, records=records or None)
    proposal = propose_suite(path, columns, options=options)
    return proposal, load_suite(write_proposal(proposal, tmp_path / "out"))


def targets(suite: Suite) -> set[str]:
    return {str(sample.target) for sample in suite.tasks[0].samples}


def label_studio(i: int, values: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    given = [{"choices": [label(i)]}] if values is None else values
    annotations = [
        {"id": i, "was_cancelled": False, "result": [{"value": value, "type": "choices"}]}
        for value in given
    ]
    return {
        "id": i,
        "annotations": annotations,
        "predictions": [],
        "data": {"text": text(i)},
        "total_annotations": 1,
        "cancelled_annotations": 0,
        "project": 1,
    }


def argilla(i: int) -> dict[str, Any]:
    response = {"value": label(i), "user_id": "u", "status": "submitted"}
    return {"id": str(i), "fields": {"text": text(i)}, "responses": {"team": [response]}}


@pytest.mark.parametrize("row", [label_studio, argilla])
def test_the_label_that_people_gave_is_the_target(tmp_path: Path, row: Any) -> None:
    proposal, suite = proposed(tmp_path, [row(i) for i in range(N)])
    assert proposal.kind == "label"
    assert targets(suite) == {"Billing", "Tech", "Delivery"}


def test_rows_without_a_label_or_on_which_people_differ_are_left_out(tmp_path: Path) -> None:
    rows = [label_studio(i) for i in range(N)]
    rows[3]["annotations"] = []
    rows[4] = label_studio(4, [{"choices": ["Tech"]}, {"choices": ["Billing"]}])
    rows[5] = label_studio(5, [{"choices": [label(5)]}, {"choices": [label(5)]}])
    proposal, _ = proposed(tmp_path, rows)
    said = next(note for note in proposal.notes if "Label Studio" in note)
    assert "1 without a label, 1 on which annotators differ" in said
    assert proposal.n_rows + proposal.n_examples == N - 2


def test_several_choices_are_a_set(tmp_path: Path) -> None:
    rows = [
        label_studio(i, [{"choices": [label(i), "Urgent"] if i % 2 else [label(i)]}])
        for i in range(N)
    ]
    proposal, _ = proposed(tmp_path, rows)
    assert proposal.kind == "json"


def test_marks_of_label_studio_are_refused(tmp_path: Path) -> None:
    rows = [label_studio(i, [{"start": 0, "end": 4, "labels": ["PER"]}]) for i in range(N)]
    with pytest.raises(SuiteError, match="marks places within texts") as fault:
        proposed(tmp_path, rows)
    assert '"target": {"place": "Rome"}' in (fault.value.hint or "")


def prodigy(i: int, **more: Any) -> dict[str, Any]:
    verdict = "reject" if i % 6 == 0 else "ignore" if i % 6 == 1 else "accept"
    return {"text": text(i), "_input_hash": i, "_task_hash": i, "answer": verdict, **more}


def test_what_was_accepted_in_prodigy_is_the_target(tmp_path: Path) -> None:
    options = [{"id": name, "text": name} for name in ("Billing", "Tech", "Delivery")]
    rows = [prodigy(i, options=options, accept=[label(i)]) for i in range(N)]
    proposal, suite = proposed(tmp_path, rows)
    assert targets(suite) <= {"Billing", "Tech", "Delivery"}
    assert proposal.n_rows + proposal.n_examples == N - N // 3
    assert any("8 rows that were not accepted" in note for note in proposal.notes)


def test_one_label_of_prodigy_is_told_from_its_rejection(tmp_path: Path) -> None:
    _, suite = proposed(tmp_path, [prodigy(i, label="SPAM") for i in range(3 * N)])
    assert targets(suite) == {"SPAM", "not SPAM"}


def test_several_labels_of_prodigy_are_those_accepted(tmp_path: Path) -> None:
    _, suite = proposed(tmp_path, [prodigy(i, label="AB"[i % 2]) for i in range(N)])
    assert targets(suite) == {"A", "B"}


CALLS = [{"name": "weather", "arguments": {"city": "Rome"}}]


@pytest.mark.parametrize(
    ("column", "target", "said"),
    [
        ("answers", CALLS, "all 24 targets in 'answers' are lists of calls of tools"),
        ("answers", json.dumps(CALLS), "all 24 targets in 'answers' are lists of calls of tools"),
        ("label", [[0, 4, "PER"]], r"lists of marks \(from, to, name\)"),
        ("label", [{"start_offset": 0, "label": "PER"}], r"lists of marks \(from, to, name\)"),
        ("label", [{"id": 1, "value": "x"}], "lists of objects with id, value"),
    ],
)
def test_nested_targets_are_refused_with_what_they_are(
    tmp_path: Path, column: str, target: Any, said: str
) -> None:
    rows = [{"query": text(i), "tools": "[]", column: target} for i in range(N)]
    for i, row in enumerate(rows):
        if isinstance(target, list) and isinstance(target[0], list):
            row[column] = [[0, 4 + i, "PER"]]
        elif isinstance(target, list):
            row[column] = [{**target[0], "n": i}] if column == "label" else target
    stated = StatedColumns(inputs=("query",), target=column)
    rows[0][column] = json.loads(json.dumps(rows[0][column]).replace("Rome", "Paris"))
    with pytest.raises(SuiteError, match=said):
        proposed(tmp_path, rows, stated)


def test_following_the_remedy_for_calls_works(tmp_path: Path) -> None:
    rows = [{"text": text(i), "target": {"name": "weather", "city": f"city {i}"}} for i in range(N)]
    assert proposed(tmp_path, rows)[0].kind == "json"


def test_a_matrix_as_text_is_an_answer(tmp_path: Path) -> None:
    rows = [{"question": text(i), "answer": f"[[{i}, 1], [2, {i}]]"} for i in range(N)]
    assert proposed(tmp_path, rows)[0].kind == "text"


def test_lists_that_are_the_same_in_every_row_are_nothing_to_measure(tmp_path: Path) -> None:
    rows = [{"text": text(i), "labels": ["a", "b"]} for i in range(N)]
    with pytest.raises(SuiteError, match="there is nothing to measure"):
        proposed(tmp_path, rows)


def test_objects_beside_texts_are_counted(tmp_path: Path) -> None:
    rows = [{"text": text(i), "label": {"a": i} if i < 3 else str(i)} for i in range(N)]
    with pytest.raises(SuiteError, match=r"3 of 24 targets in 'label' .* the others are not"):
        proposed(tmp_path, rows, StatedColumns(inputs=("text",), target="label"))


def test_the_answers_of_squad_are_its_targets_and_not_whether_there_are_any(
    tmp_path: Path,
) -> None:
    rows = [
        {
            "id": str(i),
            "question": text(i),
            "is_impossible": i % 3 == 0,
            "answers": [] if i % 3 == 0 else [{"text": f"Otto{i}", "answer_start": 3}],
        }
        for i in range(N)
    ]
    _, suite = proposed(tmp_path, rows, records="data.all")
    assert targets(suite) <= {f"Otto{i}" for i in range(N) if i % 3}


@pytest.mark.parametrize(
    ("given", "wanted", "target", "told"),
    [
        ("article", "highlights", "Customer {i} complains about things.", "a summary"),
        ("text", "tldr", "Printer {i} broken", "a summary"),
        ("de", "en", "This is sentence {i}.", "Translate the text into English"),
        ("text_en", "text_fr", "Voici la phrase {i}.", "Translate the text into French"),
        ("german", "english", "Sentence {i}", "Translate the text into English"),
        ("source", "translation", "This is sentence {i}.", "the translation only"),
    ],
)
def test_summaries_and_translations_are_judged_and_never_compared(
    tmp_path: Path, given: str, wanted: str, target: str, told: str
) -> None:
    rows = [{given: text(i), wanted: target.format(i=i)} for i in range(N)]
    proposal, _ = proposed(tmp_path, rows, StatedColumns(inputs=(given,), target=wanted))
    assert "name: judge" in proposal.yaml_text
    assert "name: exact" not in proposal.yaml_text
    assert told in proposal.yaml_text


def test_labels_called_by_a_language_are_no_translations(tmp_path: Path) -> None:
    rows = [{"text": text(i), "label_en": label(i)} for i in range(N)]
    proposal, _ = proposed(tmp_path, rows, StatedColumns(inputs=("text",), target="label_en"))
    assert proposal.kind == "label"


@pytest.mark.parametrize("target", ["gold_label", "predicted_label"])
def test_a_stated_target_alone_finds_the_input(tmp_path: Path, target: str) -> None:
    rows = [
        {"text": text(i), "predicted_label": "ab"[i % 2], "gold_label": "ab"[i % 3 > 0], "p": i}
        for i in range(N)
    ]
    proposal, _ = proposed(tmp_path, rows, StatedColumns(target=target))
    assert any(f"input text, target {target}" in note for note in proposal.notes)


def test_of_what_was_stated_nothing_is_asked_again(tmp_path: Path) -> None:
    rows = [{"a": text(i), "b": text(i + 50), "c": "xy"[i % 2], "d": "zw"[i % 2]} for i in range(N)]
    with pytest.raises(SuiteError, match="which column does the model see") as fault:
        proposed(tmp_path, rows, StatedColumns(target="c"))
    assert (fault.value.hint or "").startswith("say it with --input;")
    with pytest.raises(SuiteError, match="which column is the right answer") as fault:
        proposed(tmp_path, rows, StatedColumns(inputs=("a",)))
    assert (fault.value.hint or "").startswith("say it with --target;")
    with pytest.raises(SuiteError, match="no column 'nope'"):
        proposed(tmp_path, rows, StatedColumns(target="nope"))


def with_marks(**marks: Any) -> list[dict[str, Any]]:
    return [
        {"message": text(i), "dept": label(i), **{name: mark(i) for name, mark in marks.items()}}
        for i in range(N)
    ]


def test_marks_that_are_the_same_in_every_row_are_no_labels(tmp_path: Path) -> None:
    rows = with_marks(is_read=lambda _: 1, spam_checked=lambda _: 1, deleted=lambda _: 0)
    proposal, _ = proposed(tmp_path, rows)
    assert any("target dept" in note for note in proposal.notes)


def test_two_marks_beside_a_label_are_asked_for(tmp_path: Path) -> None:
    rows = with_marks(read=lambda i: i % 2, deleted=lambda i: int(i % 5 == 0))
    with pytest.raises(SuiteError, match="which column is the right answer"):
        proposed(tmp_path, rows)
    proposal, _ = proposed(tmp_path, rows, StatedColumns(target="dept"))
    assert proposal.kind == "label"


def test_a_sheet_that_cannot_be_read_is_not_passed_over(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Q1"
    sheet.append(["Tickets of the first quarter"])
    sheet.append(["text", "team"])
    for i in range(N):
        sheet.append([text(i), label(i)])
    legend = book.create_sheet("Legend")
    legend.append(["team", "meaning"])
    for i in range(3):
        legend.append([label(i), f"what {label(i)} means"])
    path = tmp_path / "t.xlsx"
    book.save(path)
    with pytest.raises(SuiteError, match="'Q1' cannot be read") as fault:
        propose_suite(path)
    assert "delete titles above the table" in (fault.value.hint or "")
    sheet.delete_rows(1)
    book.save(path)
    found = propose_suite(path, options=ReadOptions(header=None, sheet="Q1"))
    assert found.n_rows + found.n_examples == N
    stated = propose_suite(path, StatedColumns(inputs=("text",), target="team"))
    assert any("read the sheet 'Q1'" in note for note in stated.notes)
