"""People's files as they are: each becomes a suite that loads, with the right rows and answers."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from claimbench.errors import SuiteError
from claimbench.init.answer import tokens_for
from claimbench.init.propose import InitProposal, StatedColumns, propose_suite, write_proposal
from claimbench.plan.prompts import render
from claimbench.suite.datasets import ReadOptions
from claimbench.suite.load import load_suite
from claimbench.types import Suite

ROWS = [{"text": f"mail {i} of many", "label": "cash" if i % 3 else "card"} for i in range(24)]


def proposed(
    tmp_path: Path, name: str, content: str | bytes, *stated: Any, **more: Any
) -> tuple[InitProposal, Suite]:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    proposal = propose_suite(path, *stated, **more)
    return proposal, load_suite(write_proposal(proposal, tmp_path / "out"))


def csv_of(rows: list[dict[str, Any]]) -> str:
    lines = [",".join(rows[0]), *(",".join(map(str, row.values())) for row in rows)]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    "document",
    [
        ROWS,
        {"canary": "x", "examples": ROWS},
        {"data": {"rows": ROWS}},
        {key: [row[key] for row in ROWS] for key in ("text", "label")},
        {f"k{i}": row for i, row in enumerate(ROWS)},
        [["text", "label"], *([row["text"], row["label"]] for row in ROWS)],
    ],
    ids=["list", "inside", "deeper", "of_lists", "by_key", "lists"],
)
def test_json_documents(tmp_path: Path, document: Any) -> None:
    proposal, suite = proposed(tmp_path, "d.json", json.dumps(document))
    assert proposal.kind == "label"
    assert [s.target for s in suite.tasks[0].samples][:3] == ["card", "cash", "cash"]


def test_records_at_a_path(tmp_path: Path) -> None:
    document = json.dumps({"train": [{"x": 1}], "test": {"rows": ROWS}})
    with pytest.raises(SuiteError, match="2 lists of records") as fault:
        proposed(tmp_path, "d.json", document)
    assert "test.rows (24 records)" in (fault.value.hint or "")
    proposal, _ = proposed(
        tmp_path, "d.json", document, options=ReadOptions(records="test.rows", header=None)
    )
    assert proposal.n_rows == 24
    with pytest.raises(SuiteError, match="there is no 'nope'"):
        proposed(tmp_path, "d.json", document, options=ReadOptions(records="nope"))


@pytest.mark.parametrize("name", ["d.csv.gz", "d.jsonl.gz", "d.json.gz"])
def test_gzip(tmp_path: Path, name: str) -> None:
    text = {"d.csv.gz": csv_of(ROWS), "d.json.gz": json.dumps(ROWS)}.get(
        name, "\n".join(map(json.dumps, ROWS))
    )
    proposal, _ = proposed(tmp_path, name, gzip.compress(text.encode()))
    assert (proposal.n_rows, proposal.name) == (24, "d")
    with pytest.raises(SuiteError, match="not gzip, or cut short"):
        proposed(tmp_path, name, gzip.compress(text.encode())[:-20])


def test_parquet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    pq.write_table(pa.Table.from_pylist(ROWS), tmp_path / "made.parquet")
    raw = (tmp_path / "made.parquet").read_bytes()
    assert proposed(tmp_path, "d.parquet", raw)[0].n_rows == 24
    with pytest.raises(SuiteError, match="not a Parquet file"):
        proposed(tmp_path, "bad.parquet", b"PAR1 no")
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(SuiteError, match="needs pyarrow") as fault:
        proposed(tmp_path, "d.parquet", raw)
    assert "claimbench[parquet]" in (fault.value.hint or "")


def test_lines_of_lists(tmp_path: Path) -> None:
    lines = [["text", "label"], *([row["text"], row["label"]] for row in ROWS)]
    assert proposed(tmp_path, "d.jsonl", "\n".join(map(json.dumps, lines)))[0].n_rows == 24
    with pytest.raises(SuiteError, match="expected a list of 2 values"):
        proposed(tmp_path, "d.jsonl", '["text", "label"]\n["a", "b", "c"]')


def test_text_files_and_folders(tmp_path: Path) -> None:
    for i in range(12):
        home = tmp_path / "set" / ("pos" if i % 2 else "neg")
        home.mkdir(parents=True, exist_ok=True)
        (home / f"{i}.txt").write_text(f"review {i} is here")
    proposal = propose_suite(tmp_path / "set")
    assert (proposal.kind, proposal.n_rows) == ("label", 12)
    tables = tmp_path / "tables"
    tables.mkdir()
    for name in ("a.csv", "b.csv"):
        (tables / name).write_text(csv_of(ROWS))
    proposal = propose_suite(tables)
    assert proposal.n_rows + 2 * proposal.n_examples == 48, "an example's copy is held out with it"
    (tables / "c.csv").write_text("other,columns\n1,2\n")
    with pytest.raises(SuiteError, match="a folder, and not one") as fault:
        propose_suite(tables)
    assert "a.csv" in (fault.value.hint or "")


@pytest.mark.parametrize(
    ("name", "sep"), [("d.txt", "\t"), ("d.csv", ";"), ("d.tsv", "\t"), ("d.csv", ",")]
)
def test_a_table_without_a_header_is_found_out(tmp_path: Path, name: str, sep: str) -> None:
    text = "".join(
        f"so etwas sagt man nicht {i}{sep}{'BAD' if i % 2 else 'OTHER'}\n" for i in range(20)
    )
    for stated in ([], [StatedColumns(("column_1",), "column_2")]):
        proposal, suite = proposed(tmp_path / str(len(stated)), name, text, *stated)
        assert len(suite.tasks[0].samples) == 20
        assert suite.tasks[0].answer.labels == ("BAD", "OTHER")
        assert any("no header" in note for note in proposal.notes)
    three = "".join(f"text {i} of many{sep}a longer one{sep}x{i % 2}\n" for i in range(20))
    with pytest.raises(SuiteError, match="which column") as fault:
        proposed(tmp_path, name, three)
    assert "column_1, column_2, column_3" in (fault.value.hint or "")


@pytest.mark.parametrize("head", ["text,label", "Mail,Team", "frage,antwort"])
def test_a_header_stays_one(tmp_path: Path, head: str) -> None:
    columns = head.split(",")
    rows = "".join(f"q{i},{'a' if i % 2 else 'b'}\n" for i in range(20))
    stated = StatedColumns((columns[0],), columns[1])
    assert proposed(tmp_path, "d.csv", f"{head}\n{rows}", stated)[0].n_rows == 20


@pytest.mark.parametrize(
    ("given", "target"),
    [
        ("E-mail text", "Assigned team"),
        ("customerMessage", "supportQueue"),
        ("Review content", "overall sentiment"),
        ("complaint", "Department name"),
    ],
)
def test_columns_are_found_by_their_words(tmp_path: Path, given: str, target: str) -> None:
    rows = [{"nr": i, given: f"word {i}", target: "x" if i % 2 else "y"} for i in range(20)]
    proposal, _ = proposed(tmp_path, "d.csv", csv_of(rows))
    assert any(f"input {given}, target {target}" in note for note in proposal.notes)


def test_two_columns_with_one_word_are_asked_for(tmp_path: Path) -> None:
    rows = [{"query": f"q{i}", "a rating": i % 2, "b rating": i % 3} for i in range(20)]
    with pytest.raises(SuiteError, match="which column"):
        proposed(tmp_path, "d.csv", csv_of(rows))


QUESTIONS = [
    (f"Question {i}?", [f"one {i}", f"two {i}", f"three {i}", f"four {i}"], i % 4)
    for i in range(20)
]
LETTERS = "ABCD"


@pytest.mark.parametrize(
    "shape",
    ["choice0", "option_a", "letters", "index1", "text", "list", "dict", "marks", "always"],
)
def test_multiple_choice(tmp_path: Path, shape: str) -> None:
    rows: list[dict[str, Any]] = []
    for question, options, right in QUESTIONS:
        row: dict[str, Any] = {"question": question}
        if shape in ("choice0", "index1", "text"):
            row |= {f"choice{i}": option for i, option in enumerate(options)}
            row["answer"] = {"choice0": right, "index1": right + 1, "text": options[right]}[shape]
        elif shape == "option_a":
            row |= {f"option_{x.lower()}": o for x, o in zip(LETTERS, options, strict=True)}
            row["answer"] = LETTERS[right]
        elif shape == "letters":
            row |= dict(zip(LETTERS, options, strict=True)) | {"answer": LETTERS[right].lower()}
        elif shape == "list":
            row |= {"choices": options, "answer": right}
        elif shape == "dict":
            row |= {
                "choices": {"text": options, "label": list(LETTERS)},
                "answerKey": LETTERS[right],
            }
        elif shape == "marks":
            marks = [int(i == right) for i in range(4)]
            row["mc1_targets"] = {"choices": options, "labels": marks}
        else:
            row |= {"choices": options, "answer": 0}
        rows.append(row)
    _, suite = proposed(tmp_path, "d.jsonl", "\n".join(map(json.dumps, rows)))
    task = suite.tasks[0]
    assert task.answer.labels == tuple(LETTERS)
    assert len(task.samples) == 20
    for sample, (question, options, right) in zip(task.samples, QUESTIONS, strict=True):
        (asked,) = [v for v in sample.input.values() if "\nA. " in str(v)]
        assert str(asked).startswith(question)
        wanted = options[0 if shape == "always" else right]
        assert f"{sample.target}. {wanted}" in str(asked)
    if shape == "always":
        assert len({sample.target for sample in task.samples}) > 1, "options are shuffled"


def test_an_answer_that_is_no_option_is_an_error_with_its_line(tmp_path: Path) -> None:
    rows = [{"question": "q", "A": "x", "B": "y", "answer": a} for a in ("A", "B", "E")]
    with pytest.raises(SuiteError, match=r"'E' .* none of the 2 options") as fault:
        proposed(tmp_path, "d.jsonl", "\n".join(map(json.dumps, rows)))
    assert fault.value.line == 3


@pytest.mark.parametrize("as_text", [True, False])
def test_lists_of_labels(tmp_path: Path, as_text: bool) -> None:
    rows = []
    for i in range(24):
        labels: Any = ["new", "card"][: 1 + i % 2] if i % 3 else ["lost"]
        rows.append({"text": f"t{i}", "intents": json.dumps(labels) if as_text else labels})
    proposal, suite = proposed(tmp_path, "d.jsonl", "\n".join(map(json.dumps, rows)))
    assert proposal.kind == "json"
    assert suite.tasks[0].samples[0].target == {"intents": ["lost"]}
    assert suite.tasks[0].scorers[0].options == {"fields": {"intents": "set"}}


@pytest.mark.parametrize("column", ["answers", "aliases", "references"])
def test_lists_of_right_answers(tmp_path: Path, column: str) -> None:
    rows = [{"question": f"q{i}", column: [f"right {i}", f"also {i}"]} for i in range(24)]
    proposal, suite = proposed(tmp_path, "d.jsonl", "\n".join(map(json.dumps, rows)))
    assert suite.tasks[0].samples[0].target == "right 0"
    assert any("lists of right answers" in note for note in proposal.notes)


def turn(role: str, content: Any, **more: Any) -> dict[str, Any]:
    return {"role": role, "content": content, **more}


SHAPES: dict[str, tuple[dict[str, Any], list[tuple[str, str]], str]] = {
    "system": (
        {
            "messages": [
                turn("system", "Be {kind}."),
                turn("user", "Hi #"),
                turn("assistant", "Yes #"),
            ]
        },
        [("system", "Be {kind}."), ("user", "Hi #")],
        "Yes #",
    ),
    "parts": (
        {
            "messages": [
                turn("user", [{"type": "text", "text": "Hi #"}]),
                turn("assistant", "Yes #"),
            ]
        },
        [("user", "Hi #")],
        "Yes #",
    ),
    "evals": (
        {"input": [turn("system", "Be kind."), turn("user", "Hi #")], "ideal": ["Yes #"]},
        [("system", "Be kind."), ("user", "Hi #")],
        "Yes #",
    ),
    "reference": (
        {"messages": [turn("user", "Hi #")], "reference": "Yes #"},
        [("user", "Hi #")],
        "Yes #",
    ),
    "turns": (
        {
            "conversation": [
                turn("user", "Hi #"),
                turn("assistant", "Hello."),
                turn("user", "More #"),
                turn("assistant", "Yes #"),
            ]
        },
        [("user", "Hi #"), ("assistant", "Hello."), ("user", "More #")],
        "Yes #",
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_chat_log_is_the_request_that_production_makes(tmp_path: Path, shape: str) -> None:
    row, prompt, answer = SHAPES[shape]
    lines = [json.dumps(row).replace("#", str(i)) for i in range(14)]
    _, suite = proposed(tmp_path, "log.jsonl", "\n".join(lines))
    task = suite.tasks[0]
    assert len(task.samples) == 14
    for i in (0, 13):
        sent = [(m.role, m.content) for m in render(task, task.samples[i])]
        assert sent == [(role, text.replace("#", str(i))) for role, text in prompt]
        assert task.samples[i].target == answer.replace("#", str(i))


def test_tool_calls_are_said_and_never_text_of_python(tmp_path: Path) -> None:
    rows = []
    for i in range(12):
        call = {
            "id": "c",
            "type": "function",
            "function": {"name": "find", "arguments": f'{{"i": {i}}}'},
        }
        turns = [
            turn("user", f"Where is {i}?"),
            turn("assistant", None, tool_calls=[call]),
            turn("tool", f"depot {i}", tool_call_id="c"),
            turn("assistant", f"It is in depot {i}."),
        ]
        rows.append(json.dumps({"messages": turns}))
    proposal, suite = proposed(tmp_path, "log.jsonl", "\n".join(rows))
    sent = [(m.role, m.content) for m in render(suite.tasks[0], suite.tasks[0].samples[0])]
    assert sent == [
        ("user", "Where is 0?"),
        ("assistant", '[calls find({"i": 0})]'),
        ("user", "[result of the tool] depot 0"),
    ]
    assert suite.tasks[0].samples[0].target == "It is in depot 0."
    assert any("tools are called in 12 of 12" in note for note in proposal.notes)


@pytest.mark.parametrize(
    "targets",
    [
        ["    total = 0\n    for x in xs:\n        total += x\n    return total + {}"] * 12,
        ["SELECT a, {}\nFROM t;\nSELECT 2;"] * 12,
        ["A long summary of what was said in the meeting, with all that matters. {} " * 5] * 12,
    ],
    ids=["python", "sql", "summary"],
)
def test_code_and_summaries_are_not_matched_exactly(tmp_path: Path, targets: list[str]) -> None:
    rows = [{"text": f"t{i}", "target": t.replace("{}", str(i))} for i, t in enumerate(targets)]
    _, suite = proposed(tmp_path, "d.jsonl", "\n".join(map(json.dumps, rows)))
    assert [spec.name for spec in suite.tasks[0].scorers] == ["judge"]


@pytest.mark.parametrize(
    "targets",
    [
        [f"{'配送' * 20}{i}" for i in range(12)] * 2,
        [f"label_{'x' * 40}_{i % 3}" for i in range(24)],
        [f"{i}{'1234567' * 4}" for i in range(24)],
        [f"{'wörter und mehr ' * 12}{i}" for i in range(24)],
        [f"The reply number {i}. " * (3 if i < 23 else 60) for i in range(24)],
    ],
    ids=["chinese", "labels", "numbers", "german", "one_long"],
)
def test_its_own_targets_fit_into_max_tokens(tmp_path: Path, targets: list[str]) -> None:
    rows = [{"text": f"t{i}", "target": target} for i, target in enumerate(targets)]
    _, suite = proposed(tmp_path, "d.jsonl", "\n".join(map(json.dumps, rows)))
    assert suite.tasks[0].max_tokens >= max(map(tokens_for, targets))


def test_150_labels(tmp_path: Path) -> None:
    rows = [{"text": f"t{i}", "label": f"class_{i % 150}"} for i in range(450)]
    assert len(proposed(tmp_path, "d.csv", csv_of(rows))[1].tasks[0].answer.labels) == 150


def test_fields_of_nested_records(tmp_path: Path) -> None:
    rows = [
        {"in": {"body": f"b{i}"}, "meta": {"team": {"name": "x" if i % 2 else "y"}}}
        for i in range(20)
    ]
    stated = StatedColumns(("in.body",), "meta.team.name")
    _, suite = proposed(tmp_path, "d.jsonl", "\n".join(map(json.dumps, rows)), stated)
    assert suite.tasks[0].samples[1].target == "x"


@pytest.mark.parametrize("quote", ["'", ""])
def test_quote_characters(tmp_path: Path, quote: str) -> None:
    rows = "".join(f'{quote}a " b; {i}{quote}|{"x" if i % 2 else "y"}\n' for i in range(20))
    options = ReadOptions(quote=quote, delimiter="|", header=None)
    _, suite = proposed(tmp_path, "d.csv", f"text|label\n{rows}", options=options)
    assert 'a " b; 0' in str(suite.tasks[0].samples[0].input)


CHOICE_SHAPES: dict[str, Callable[[list[str]], dict[str, Any]]] = {
    "list": lambda options: {"choices": options},
    "columns from 0": lambda options: {f"choice{i}": o for i, o in enumerate(options)},
    "columns from 1": lambda options: {f"option_{i + 1}": o for i, o in enumerate(options)},
    "text": lambda options: {
        "options": " ".join(f"({x}) {o}" for x, o in zip("abcd", options, strict=True))
    },
}


def by_position(shape: str, positions: Sequence[int]) -> str:
    rows = []
    for (question, options, _), position in zip(QUESTIONS, positions, strict=True):
        rows.append({"question": question, **CHOICE_SHAPES[shape](options), "answer": position})
    return "\n".join(map(json.dumps, rows))


@pytest.mark.parametrize("shape", CHOICE_SHAPES)
@pytest.mark.parametrize("positions", [(1, 2, 3), (1, 2), (2, 3)])
def test_positions_that_count_from_0_or_from_1_are_asked_for(
    tmp_path: Path, shape: str, positions: tuple[int, ...]
) -> None:
    text = by_position(shape, [positions[i % len(positions)] for i in range(20)])
    with pytest.raises(SuiteError, match="does the first option count 0 or 1") as fault:
        proposed(tmp_path, "d.jsonl", text)
    assert "--first-option" in (fault.value.hint or "")
    for first in (0, 1):
        columns = StatedColumns(first_option=first)
        (tmp_path / "d.jsonl").write_text(text, encoding="utf-8")
        made = propose_suite(tmp_path / "d.jsonl", columns)
        targets = [
            json.loads(x)["right_choice"] for x in made.files["d/samples.jsonl"].split("\n")[:-1]
        ]
        assert targets == [LETTERS[positions[i % len(positions)] - first] for i in range(20)]


@pytest.mark.parametrize("shape", CHOICE_SHAPES)
@pytest.mark.parametrize(("lowest", "first"), [(0, 0), (1, 1)])
def test_the_first_options_position_is_said_where_the_data_prove_it(
    tmp_path: Path, shape: str, lowest: int, first: int
) -> None:
    made, suite = proposed(
        tmp_path, "d.jsonl", by_position(shape, [lowest + i % 4 for i in range(20)])
    )
    assert any(f"the first option is {first}" in note for note in made.notes)
    assert suite.tasks[0].samples[0].target == "A"
