"""Public data sets in the forms in which their files lie around, and what people ask of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from claimbench.errors import SuiteError
from claimbench.init.arms import NamedModels
from claimbench.init.propose import InitProposal, propose_suite, write_proposal
from claimbench.init.python_cells import value_of
from claimbench.plan.prompts import render
from claimbench.suite.load import load_suite
from claimbench.types import Suite

N = 24
LETTERS = "ABCD"


def words(i: int, k: int = 3) -> str:
    return " ".join(f"w{(i * 7 + j) % 31}" for j in range(k)) + f" {i}"


def proposed(tmp_path: Path, name: str, content: Any) -> tuple[InitProposal, Suite]:
    path = tmp_path / name
    if isinstance(content, list):
        content = "".join(json.dumps(row) + "\n" for row in content)
    path.write_text(content, encoding="utf-8")
    proposal = propose_suite(path)
    return proposal, load_suite(write_proposal(proposal, tmp_path / "out"))


def by_line(suite: Suite, i: int) -> Any:
    """The sample whose input holds the text of row ``i``; examples are held out."""
    task = suite.tasks[0]
    return next(s for s in task.samples if words(i) in json.dumps(dict(s.input)))


def options(i: int) -> list[str]:
    return [f"option {i} {letter}" for letter in LETTERS]


def labelled(i: int, keys: str) -> list[dict[str, str]]:
    return [{"text": t, "label": k} for t, k in zip(options(i), keys, strict=True)]


CHOICE: dict[str, Any] = {
    "arc": lambda i: {
        "question": {"stem": words(i), "choices": labelled(i, "ABCD")},
        "answerKey": LETTERS[i % 4],
    },
    "arc_numbers": lambda i: {
        "question": {"stem": words(i), "choices": labelled(i, "1234")},
        "answerKey": "1234"[i % 4],
    },
    "arc_mixed_keys": lambda i: {
        "question": words(i),
        "choices": {"text": options(i), "label": list("ABCD" if i % 3 else "1234")},
        "answerKey": ("ABCD" if i % 3 else "1234")[i % 4],
    },
    "openbookqa": lambda i: {
        "question_stem": words(i),
        "choices": {"text": options(i), "label": list(LETTERS)},
        "answerKey": LETTERS[i % 4],
    },
    "mmlu": lambda i: {"question": words(i), "choices": options(i), "answer": i % 4},
    "hellaswag": lambda i: {"ctx": words(i), "endings": options(i), "label": str(i % 4)},
    "medmcqa": lambda i: {
        "question": words(i),
        **dict(zip(("opa", "opb", "opc", "opd"), options(i), strict=True)),
        "cop": i % 4,
        "choice_type": "single",
    },
    "medqa": lambda i: {
        "question": words(i),
        "answer": options(i)[i % 4],
        "options": dict(zip(LETTERS, options(i), strict=True)),
    },
    "truthfulqa_objects": lambda i: {
        "question": words(i),
        "mc1_targets": {o: int(j == i % 4) for j, o in enumerate(options(i))},
    },
    "swag": lambda i: {
        "startphrase": words(i),
        **{f"ending{j}": o for j, o in enumerate(options(i))},
        "label": i % 4,
    },
}


@pytest.mark.parametrize("name", CHOICE)
def test_multiple_choice_in_the_form_of_a_public_set(tmp_path: Path, name: str) -> None:
    _, suite = proposed(tmp_path, "d.jsonl", [CHOICE[name](i) for i in range(N)])
    seen = 0
    for i in range(N):
        try:
            sample = by_line(suite, i)
        except StopIteration:
            continue  # an example
        seen += 1
        lines = "\n".join(f"{letter}. {o}" for letter, o in zip(LETTERS, options(i), strict=True))
        assert render(suite.tasks[0], sample)[-1].content == f"{words(i)}\n{lines}"
        assert sample.target == LETTERS[i % 4]
    assert seen >= N / 2


@pytest.mark.parametrize(
    ("passage", "question"),
    [("context", "query"), ("article", "question"), ("premise", "question")],
)
def test_the_passage_of_a_choice_is_shown(tmp_path: Path, passage: str, question: str) -> None:
    rows = []
    for i in range(N):
        rows.append(
            {passage: f"read {i}", question: words(i), "options": options(i), "label": i % 4}
        )
    _, suite = proposed(tmp_path, "d.jsonl", rows)
    assert "read 3\n" + words(3) in render(suite.tasks[0], by_line(suite, 3))[-1].content


def test_mmlus_own_csv_without_a_header(tmp_path: Path) -> None:
    lines = [",".join([words(i), *options(i), LETTERS[i % 4]]) for i in range(N)]
    _, suite = proposed(tmp_path, "d.csv", "\n".join(lines) + "\n")
    assert by_line(suite, 2).target == "C"


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("['a' 'b']", ["a", "b"]),
        ("['a'\n \"it's\"]", ["a", "it's"]),
        ("['a', 'b']", ["a", "b"]),
        ("array(['a', 'b'], dtype=object)", ["a", "b"]),
        ("[array([1, 2]), array([3])]", [[1, 2], [3]]),
        (
            "{'text': array(['x'], dtype=object), 'n': array([0], dtype=int32)}",
            {"text": ["x"], "n": [0]},
        ),
        ("('a', None, nan)", ["a", None, None]),
        ("[np.int64(3), np.float64(1.5)]", [3, 1.5]),
        ("[1. 2. 3.]", [1.0, 2.0, 3.0]),
        ("[1 2 ... 9]", None),
        ("[__import__('os').system('x')]", None),
        ("[open('x')]", None),
        ("[1] is a footnote", None),
        ("(see above)", None),
        ("[" * 5000, None),
    ],
)
def test_cells_of_python_are_read_and_never_run(cell: str, value: Any) -> None:
    assert value_of(cell)[0] == value


@pytest.mark.parametrize(
    "cell", ["['{}' '{}']", "['{}', '{}']", "array(['{}', '{}'], dtype=object)"]
)
def test_choices_as_text_of_numpy(tmp_path: Path, cell: str) -> None:
    rows = [f'{words(i)},"{cell.format(f"yes {i}", f"no {i}")}",{i % 2}' for i in range(N)]
    _, suite = proposed(tmp_path, "d.csv", "question,choices,answer\n" + "\n".join(rows) + "\n")
    assert "A. yes 4\nB. no 4" in render(suite.tasks[0], by_line(suite, 4))[-1].content


def test_squad_as_text_of_numpy(tmp_path: Path) -> None:
    cell = "{{'text': array(['{0}', '{0} b'], dtype=object), 'answer_start': array([1, 1])}}"
    rows = [f'{words(i, 9)},{words(i)},"{cell.format(f"a{i}")}"' for i in range(N)]
    _, suite = proposed(tmp_path, "d.csv", "context,question,answers\n" + "\n".join(rows) + "\n")
    assert by_line(suite, 5).target == "a5"


def test_squad_2_leaves_out_what_has_no_answer(tmp_path: Path) -> None:
    rows = []
    for i in range(N):
        answers = {"text": [f"a{i}", f"b{i}"] if i % 3 else [], "answer_start": []}
        rows.append({"context": words(i, 9), "question": words(i), "answers": answers})
    proposal, _ = proposed(tmp_path, "d.jsonl", rows)
    assert proposal.n_rows == 16
    assert any("8 rows without a right answer left out" in note for note in proposal.notes)


def test_squads_own_file_is_asked_for_by_the_path_of_its_questions(tmp_path: Path) -> None:
    asked = [{"question": words(i), "answers": [{"text": f"a{i}"}]} for i in range(N)]
    document = {"data": [{"title": "t", "paragraphs": [{"context": "c", "qas": asked}]}] * 2}
    with pytest.raises(SuiteError) as fault:
        proposed(tmp_path, "squad.json", json.dumps(document))
    assert "--records data.paragraphs.qas" in (fault.value.hint or "")


@pytest.mark.parametrize("name", ["target", "expected_output", "ground truth"])
def test_an_object_that_is_called_as_answers_are_is_json(tmp_path: Path, name: str) -> None:
    rows = [{"text": words(i), name: {"topic": f"t{i % 3}", "n": i}} for i in range(N)]
    proposal, suite = proposed(tmp_path, "d.jsonl", rows)
    assert proposal.kind == "json"
    assert by_line(suite, 4).target == {"topic": "t1", "n": 4}


def test_a_proposed_judge_is_sent_what_it_takes(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl"
    rows = [{"article": words(i, 9), "summary": words(i, 90)} for i in range(N)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    models = NamedModels((), lambda provider, model: ("temperature",) if model else ())
    text = propose_suite(path, models=models).yaml_text
    assert "concurrency: 4, omit: [temperature]}" in text


FLAGS = {
    "numbers": ("1", "0"),
    "marks": ("x", ""),
    "words": ("True", "False"),
    "yes": ("yes", "no"),
}


@pytest.mark.parametrize("how", FLAGS)
def test_labels_as_columns_of_their_own(tmp_path: Path, how: str) -> None:
    yes, no = FLAGS[how]
    names = ("billing", "shipping", "returns")
    rows = []
    for i in range(N):
        rows.append(",".join([words(i), *(yes if i % 3 == j else no for j in range(3))]))
    proposal, suite = proposed(tmp_path, "d.csv", f"text,{','.join(names)}\n" + "\n".join(rows))
    assert proposal.kind == "label"
    assert by_line(suite, 4).target == "shipping"


def test_several_labels_as_columns_of_their_own(tmp_path: Path) -> None:
    rows = [f"{i:08x},{words(i)},{i % 2},{int(i % 3 == 0)},0" for i in range(N)]
    header = "id,comment_text,toxic,insult,threat\n"
    proposal, suite = proposed(tmp_path, "d.csv", header + "\n".join(rows))
    assert proposal.kind == "json"
    assert by_line(suite, 3).target == {"labels_of_row": ["toxic", "insult"]}
    assert by_line(suite, 2).target == {"labels_of_row": []}
    assert "- toxic" in render(suite.tasks[0], suite.tasks[0].samples[0])[0].content


@pytest.mark.parametrize("columns", ["text,label,is_test", "text,answer,split", "text,score,flag"])
def test_one_flag_beside_a_target_is_no_label(tmp_path: Path, columns: str) -> None:
    rows = [f"{words(i)},{'up' if i % 3 else 'down'},{i % 2}" for i in range(N)]
    _, suite = proposed(tmp_path, "d.csv", f"{columns}\n" + "\n".join(rows))
    assert set(suite.tasks[0].answer.labels) == {"up", "down"}


@pytest.mark.parametrize(
    ("column", "form", "options"),
    [
        ("due_date", "2024-{m:02d}-{d:02d}", {}),
        ("deadline", "{m}/{d}/2024", {"order": "mdy"}),
        ("deadline", "{d}/{m}/2024", {"order": "dmy"}),
        ("delivery date", "{d:02d}.{m:02d}.2024", {}),
        ("answer", "2024-{m:02d}-{d:02d}T00:00:00", {}),
        ("answer", "March {d}, 20{m:02d}", {}),
        ("Liefertermin", "{d}. März 20{m:02d}", {}),
        ("date", "20{m:02d}年3月{d}日", {}),
    ],
)
def test_dates_are_read_as_dates(
    tmp_path: Path, column: str, form: str, options: dict[str, str]
) -> None:
    rows = []
    for i in range(30):
        rows.append({"text": words(i), column: form.format(d=1 + i % 28, m=1 + i % 12)})
    _, suite = proposed(tmp_path, "d.jsonl", rows)
    (scorer,) = suite.tasks[0].scorers
    assert (scorer.name, dict(scorer.options)) == ("date", options)


@pytest.mark.parametrize(
    "targets", [["2.1", "2.10", "3.0"], ["1/2", "3/4", "5/8"], ["May", "US", "A"]]
)
def test_what_is_no_date_is_not_read_as_one(tmp_path: Path, targets: list[str]) -> None:
    rows = [{"text": words(i), "label": targets[i % 3]} for i in range(N)]
    _, suite = proposed(tmp_path, "d.jsonl", rows)
    assert suite.tasks[0].scorers[0].name == "label"


def test_dates_with_two_readings_are_said(tmp_path: Path) -> None:
    rows = [{"text": words(i), "deadline": f"{1 + i % 9}/{1 + i % 7}/2024"} for i in range(N)]
    proposal, suite = proposed(tmp_path, "d.jsonl", rows)
    assert suite.tasks[0].scorers[0].name != "date"
    assert any("two readings" in note for note in proposal.notes)


PAIRS: dict[str, Any] = {
    "chosen": lambda i: {"prompt": words(i), "chosen": words(i, 9), "rejected": words(i + 1, 9)},
    "conversations": lambda i: {
        "chosen": [{"role": "user", "content": words(i)}, {"role": "assistant", "content": "a"}],
        "rejected": [{"role": "user", "content": words(i)}, {"role": "assistant", "content": "b"}],
    },
    "arena": lambda i: {
        "conversation_a": [{"role": "user", "content": words(i)}],
        "conversation_b": [{"role": "user", "content": words(i)}],
        "winner": "model_a",
    },
    "shp": lambda i: {"history": words(i), "human_ref_A": "x", "human_ref_B": "y", "labels": i % 2},
    "responses": lambda i: {
        "prompt": words(i),
        "response_a": "x",
        "response_b": "y",
        "preference": i % 2,
    },
}


@pytest.mark.parametrize("last", ["C", "B"])
def test_answers_to_choose_from_are_no_pair(tmp_path: Path, last: str) -> None:
    letters = "ABC"[: "ABC".index(last) + 1]
    rows = []
    for i in range(N):
        answers = {f"answer{letter}": f"{letter} {i}" for letter in letters}
        label = str(1 + (i + len(letters) - 2) % len(letters))
        rows.append({"context": "c", "question": words(i), **answers, "label": label})
    _, suite = proposed(tmp_path, "d.jsonl", rows)
    assert by_line(suite, 3).target == "B"


@pytest.mark.parametrize("name", PAIRS)
def test_pairs_of_answers_are_a_question_to_the_person(tmp_path: Path, name: str) -> None:
    with pytest.raises(SuiteError, match="of which one was preferred") as fault:
        proposed(tmp_path, "d.jsonl", [PAIRS[name](i) for i in range(N)])
    assert "--target" in (fault.value.hint or "")


@pytest.mark.parametrize(
    ("columns", "inputs", "target"),
    [
        ("instruction,context,response,category", {"context", "instruction"}, "response"),
        ("instruction,input,output", {"instruction", "input"}, "output"),
        ("sentence1,sentence2,label", {"sentence1", "sentence2"}, "label"),
        ("#1 String,#2 String,Quality", {"1_String", "2_String"}, "Quality"),
        ("question1,question2,is_duplicate", {"question1", "question2"}, "is_duplicate"),
        ("Anfrage,Abteilung,Datum", {"Anfrage"}, "Abteilung"),
        ("Pregunta,Respuesta,Categoría", {"Pregunta"}, "Respuesta"),
        ("Question,Réponse", {"Question"}, "Réponse"),
        ("问题,答案", {"问题"}, "答案"),
        ("Вопрос,Ответ", {"Вопрос"}, "Ответ"),
    ],
)
def test_columns_are_found_by_what_people_call_them(
    tmp_path: Path, columns: str, inputs: set[str], target: str
) -> None:
    names = columns.split(",")
    rows = []
    for i in range(N):
        cells = [words(i + 40 * j) if j < 2 else f"{i % 2}" for j in range(len(names))]
        cells[names.index(target)] = f"{i % 2}"
        rows.append(",".join(cells))
    proposal, _ = proposed(tmp_path, "d.csv", f"{columns}\n" + "\n".join(rows))
    assert any(
        note.endswith(f"target {target}; --input and --target decide") for note in proposal.notes
    )


def test_an_input_that_is_sometimes_empty_leaves_no_empty_line(tmp_path: Path) -> None:
    rows = []
    for i in range(N):
        rows.append(
            {"instruction": words(i), "input": "" if i % 2 else f"in {i}", "output": f"o{i}"}
        )
    _, suite = proposed(tmp_path, "d.jsonl", rows)
    task = suite.tasks[0]
    assert render(task, by_line(suite, 4))[-1].content == f"instruction: {words(4)}\ninput: in 4"
    assert render(task, by_line(suite, 5))[-1].content == f"instruction: {words(5)}"


def test_bare_numbers_as_labels_are_said(tmp_path: Path) -> None:
    rows = [{"sentence1": words(i), "sentence2": words(i + 1), "label": i % 2} for i in range(N)]
    proposal, _ = proposed(tmp_path, "d.jsonl", rows)
    assert any("say nothing to a model" in note for note in proposal.notes)


@pytest.mark.parametrize(
    "text",
    [
        "<|im_start|>user\n@<|im_end|>\n<|im_start|>assistant\nb<|im_end|>",
        "<s>[INST] @ [/INST] b </s>",
        "Below is an instruction.\n### Instruction:\n@\n### Response:\nb",
        "\n\nHuman: @\n\nAssistant: b",
    ],
)
def test_rendered_conversations_are_refused_with_what_they_are(tmp_path: Path, text: str) -> None:
    rows = [{"text": text.replace("@", words(i))} for i in range(N)]
    with pytest.raises(SuiteError, match="whole conversations as text"):
        proposed(tmp_path, "d.jsonl", rows)


@pytest.mark.parametrize("name", ["summary", "highlights", "tl_dr", "Zusammenfassung"])
def test_short_summaries_are_judged_and_never_compared(tmp_path: Path, name: str) -> None:
    rows = [{"article": words(i, 60), name: words(i, 9)} for i in range(N)]
    _, suite = proposed(tmp_path, "d.jsonl", rows)
    assert suite.tasks[0].scorers[0].name == "judge"


@pytest.mark.parametrize("form", ["SELECT a FROM t WHERE i = {}", "with x as (select {}) select 1"])
def test_queries_of_one_line_are_code(tmp_path: Path, form: str) -> None:
    rows = [{"question": words(i), "query": form.format(i)} for i in range(N)]
    _, suite = proposed(tmp_path, "d.jsonl", rows)
    assert suite.tasks[0].scorers[0].name == "judge"


@pytest.mark.parametrize("tags", ["ner_tags", "pos", "labels"])
def test_a_tag_for_each_token_is_refused(tmp_path: Path, tags: str) -> None:
    rows = [{"tokens": words(i, 4).split(), tags: [i % 3, 0, 1, 2, 0]} for i in range(N)]
    with pytest.raises(SuiteError, match="a tag for each token"):
        proposed(tmp_path, "d.jsonl", rows)


@pytest.mark.parametrize("name", ["created_at", "updated", "sent on", "erstellt am"])
def test_when_a_row_was_made_is_no_answer(tmp_path: Path, name: str) -> None:
    rows = [{"text": words(i), name: f"2024-01-{1 + i:02d}"} for i in range(N)]
    with pytest.raises(SuiteError, match="which column is the right answer"):
        proposed(tmp_path, "d.jsonl", rows)


@pytest.mark.parametrize(
    "row",
    [
        {"body": {"messages": [{"role": "user", "content": "hi"}]}, "custom_id": "r"},
        {"messages": [{"role": "system", "content": "a"}, {"role": "user", "content": "b"}]},
        {"conversations": [{"from": "human", "value": "hi"}]},
    ],
)
def test_requests_without_replies_are_asked_for_a_reference(tmp_path: Path, row: Any) -> None:
    with pytest.raises(SuiteError, match="no reply of the assistant") as fault:
        proposed(tmp_path, "d.jsonl", [row] * N)
    assert "references" in (fault.value.hint or "")


def test_columns_without_a_cell_do_not_count(tmp_path: Path) -> None:
    rows = "".join(f"{'spam' if i % 2 else 'ham'},{words(i, 9)},,\n" for i in range(N))
    _, suite = proposed(tmp_path, "spam.csv", "v1,v2,,\n" + rows)
    assert suite.tasks[0].answer.labels == ("ham", "spam")


def test_gemini_contents_are_a_chat(tmp_path: Path) -> None:
    rows = []
    for i in range(N):
        asked = {"role": "user", "parts": [{"text": words(i)}]}
        said = {"role": "model", "parts": [{"text": f"t{i % 2}"}]}
        told = {"parts": [{"text": "Sort."}]}
        rows.append({"systemInstruction": told, "contents": [asked, said]})
    _, suite = proposed(tmp_path, "d.jsonl", rows)
    sent = [(m.role, m.content) for m in render(suite.tasks[0], by_line(suite, 3))]
    assert sent == [("system", "Sort."), ("user", words(3))]


def test_mt_bench_measures_the_first_turn(tmp_path: Path) -> None:
    rows = []
    for i in range(N):
        rows.append({"turns": [words(i), "more"], "reference": [f"r{i}", "s"], "category": "math"})
    proposal, suite = proposed(tmp_path, "d.jsonl", rows)
    assert by_line(suite, 7).target == "r7"
    assert any("the first alone is measured" in note for note in proposal.notes)
    for row in rows:
        del row["reference"]
    with pytest.raises(SuiteError, match="no column a right answer"):
        proposed(tmp_path, "e.jsonl", rows)
