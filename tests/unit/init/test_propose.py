"""``bench init``: what is proposed loads, runs on its own rows, and says what it assumed."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from claimbench.claims.parse import parse_claims
from claimbench.errors import SuiteError
from claimbench.init.propose import InitProposal, StatedColumns, propose_suite, write_proposal
from claimbench.plan.prompts import render
from claimbench.suite.datasets import ReadOptions
from claimbench.suite.document import parse_yaml
from claimbench.suite.load import load_suite
from claimbench.types import Suite

PROVIDERS = ("llama_cpp", "openai")
WORDS = (
    "late",
    "broken",
    "refund",
    "login",
    "price",
    "colour",
    "size",
    "stolen",
    "invoice",
    "thanks",
)


def csv_text(rows: list[dict[str, Any]], delimiter: str = ",") -> str:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def tickets(n: int = 90) -> list[dict[str, Any]]:
    """Rows sorted by label, as files of this kind often are."""
    labels = ["billing"] * (n // 2) + ["delivery"] * (n // 3) + ["other"] * (n - n // 2 - n // 3)
    return [
        {"Ticket text": f"{WORDS[i % 10]} {i}", "Intent": label} for i, label in enumerate(labels)
    ]


def propose(
    tmp_path: Path, text: str | bytes, name: str = "tickets.csv", **options: Any
) -> InitProposal:
    file = tmp_path / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    inputs = options.pop("input_column", "Ticket text")
    columns = StatedColumns(
        (inputs,) if isinstance(inputs, str) else tuple(inputs),
        options.pop("target_column", "Intent"),
        options.pop("id_column", None),
        options.pop("cluster_column", None),
    )
    return propose_suite(file, columns, **options)


def loaded(proposal: InitProposal, folder: Path, **options: Any) -> Suite:
    suite = load_suite(write_proposal(proposal, folder), providers=PROVIDERS, **options)
    assert len(parse_claims(suite)) == 2
    return suite


def test_labels(tmp_path: Path) -> None:
    proposal = propose(tmp_path, csv_text(tickets()))
    suite = loaded(proposal, tmp_path / "out")
    (task,) = suite.tasks
    assert task.answer.kind == "label"
    assert task.answer.labels == ("billing", "delivery", "other")
    assert [scorer.name for scorer in task.scorers] == ["label"]
    assert [arm.model for arm in suite.arms] == [
        "smollm2-135m-instruct-q4_1",
        "qwen2.5-coder-0.5b-instruct-q4_k_m",
    ]
    assert {example.target for example in task.few_shot} == {"billing", "delivery", "other"}
    assert len(task.samples) + len(task.few_shot) == 90 == proposal.n_rows + proposal.n_examples
    asked = {sample.input["Ticket_text"] for sample in task.samples}
    assert not asked & {example.input["Ticket_text"] for example in task.few_shot}
    assert render(task, task.samples[0])[0].content.endswith("- billing\n- delivery\n- other")


def test_the_same_seed_gives_the_same_bytes_and_another_other_examples(tmp_path: Path) -> None:
    text = csv_text(tickets())
    first, again, other = (propose(tmp_path, text, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first.files["tickets/examples.jsonl"] != other.files["tickets/examples.jsonl"]


def test_what_was_assumed_stands_in_the_file(tmp_path: Path) -> None:
    text = propose(tmp_path, csv_text(tickets())).yaml_text
    for part in (
        "ASSUMED: labels: 3 different values in 90 rows",
        "ASSUMED: no column is one: rows are independent",
        "ASSUMED: change it to what your machine costs",
    ):
        assert part in text


def test_more_rows_than_asked_for_are_drawn_not_cut(tmp_path: Path) -> None:
    proposal = propose(tmp_path, csv_text(tickets(300)), max_rows=60)
    suite = loaded(proposal, tmp_path / "out")
    assert len(suite.tasks[0].samples) == 60
    assert {sample.target for sample in suite.tasks[0].samples} == {"billing", "delivery", "other"}
    assert "60 of 297 rows drawn at random (seed 42)" in " ".join(proposal.notes)


def test_copies_conflicts_and_imbalance_are_said(tmp_path: Path) -> None:
    rows = [{"Ticket text": f"row {i}", "Intent": "a"} for i in range(40)]
    rows += [{"Ticket text": "Row 3", "Intent": "b"}, {"Ticket text": "x", "Intent": "b"}]
    notes = " / ".join(propose(tmp_path, csv_text(rows)).notes)
    assert (
        "1 row repeats the input of another (first: lines 5 and 42); copies count as one cluster"
        in notes
    )
    assert "1 input has conflicting targets (first: lines 5, 42: a, b)" in notes
    assert "unbalanced: always answering 'a' would score 95%" in notes
    assert "1 label has fewer than 5 rows: b" in notes


def test_an_answer_in_the_input_is_said(tmp_path: Path) -> None:
    rows = [
        {"Ticket text": f"intent={label}; {i}", "Intent": label}
        for i, label in enumerate(["billing", "delivery"] * 20)
    ]
    assert "the input holds the answer word for word in 40 of 40 rows" in " ".join(
        propose(tmp_path, csv_text(rows)).notes
    )
    listed = [
        {"Ticket text": f"billing or delivery? {i}", "Intent": r["Intent"]}
        for i, r in enumerate(rows)
    ]
    assert "word for word" not in " ".join(propose(tmp_path, csv_text(listed)).notes)


def test_rows_that_cannot_be_measured_are_left_out_and_said(tmp_path: Path) -> None:
    rows = [*tickets(), {"Ticket text": "", "Intent": "other"}, {"Ticket text": "y", "Intent": " "}]
    proposal = propose(tmp_path, csv_text(rows))
    assert "1 row with no input left out (the first on line 92)" in proposal.notes
    assert "1 row with no target left out (the first on line 93)" in proposal.notes
    loaded(proposal, tmp_path / "out")


def test_spellings_of_one_label_are_joined(tmp_path: Path) -> None:
    rows = [*tickets(), {"Ticket text": "y", "Intent": "Billing "}]
    proposal = propose(tmp_path, csv_text(rows))
    assert "spellings of one label joined: Billing -> billing" in proposal.notes
    assert loaded(proposal, tmp_path / "out").tasks[0].answer.labels == (
        "billing",
        "delivery",
        "other",
    )


def test_conversations_are_found_and_not_split_between_examples_and_rows(tmp_path: Path) -> None:
    rows = [
        {"conversation_id": f"c{i // 3}", "msg id": f"m{i}", "lang": "de" if i % 2 else "en"} | row
        for i, row in enumerate(tickets())
    ]
    suite = loaded(propose(tmp_path, csv_text(rows)), tmp_path / "out")
    (task,) = suite.tasks
    assert len({sample.cluster for sample in task.samples}) < len(task.samples)
    assert task.samples[0].id.startswith("m")
    assert set(task.samples[0].slices) == {"lang"}
    shown = [
        json.loads(line)
        for line in (tmp_path / "out/tickets/examples.jsonl").read_text().splitlines()
    ]
    assert not {row["conversation_id"] for row in shown} & {
        sample.cluster for sample in task.samples
    }


def test_rows_of_one_query_are_one_cluster(tmp_path: Path) -> None:
    rows = [{"query": f"q{i // 5}", "product": f"p{i}", "rating": (i * 7) % 3} for i in range(100)]
    proposal = propose(
        tmp_path, csv_text(rows), input_column=["query", "product"], target_column="rating"
    )
    suite = loaded(proposal, tmp_path / "out")
    assert suite.tasks[0].answer.labels == ("0", "1", "2")
    assert len({sample.cluster for sample in suite.tasks[0].samples}) == len(
        {s.input["query"] for s in suite.tasks[0].samples}
    )


def test_only_the_columns_that_are_used_are_copied(tmp_path: Path) -> None:
    rows = [row | {"E-mail": f"person{i}@example.org"} for i, row in enumerate(tickets())]
    proposal = propose(tmp_path, csv_text(rows))
    assert not any("example.org" in text for text in (proposal.yaml_text, *proposal.files.values()))


@pytest.mark.parametrize(("targets", "kind", "scorer"), [
    ([str(i * 37 % 1009) for i in range(60)], "number", "numeric"),
    ([f"1,{i:03}" for i in range(60)], "number", "numeric"),
    ([f"A text that stands once, {WORDS[i % 10]} {i}." for i in range(60)], "text", "exact"),
    (["1", "2", "3"] * 20, "label", "label"),
    (["true", "false"] * 30, "label", "label"),
])  # fmt: skip
def test_the_kind_of_answer(tmp_path: Path, targets: list[str], kind: str, scorer: str) -> None:
    rows = [{"Ticket text": f"question {i}", "Intent": target} for i, target in enumerate(targets)]
    proposal = propose(tmp_path, csv_text(rows))
    task = loaded(proposal, tmp_path / "out").tasks[0]
    assert (proposal.kind, task.answer.kind, task.scorers[0].name) == (kind, kind, scorer)


def test_worked_answers(tmp_path: Path) -> None:
    rows = [
        {"q": f"What is {i} + 1?", "a": f"{i} + 1 = <<{i}+1={i + 1}>>{i + 1}\n#### {i + 1}"}
        for i in range(50)
    ]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    task = loaded(
        propose(tmp_path, text, "math.jsonl", input_column="q", target_column="a"), tmp_path / "out"
    ).tasks[0]
    assert task.answer.kind == "number"
    assert task.scorers[0].options == {"after": "####"}
    assert str(task.samples[0].target).isdigit()
    assert render(task, task.samples[0])[2].content.endswith(f"#### {task.few_shot[0].target}")
    assert not any("####" in turn.content for turn in render(task, task.samples[0])[-1:])


def test_objects(tmp_path: Path) -> None:
    rows = [
        {"t": f"x{i}", "o": {"n": i, "s": None if i % 2 else "a"} | ({"b": True} if i % 3 else {})}
        for i in range(50)
    ]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    task = loaded(
        propose(tmp_path, text, "o.jsonl", input_column="t", target_column="o"), tmp_path / "out"
    ).tasks[0]
    assert task.answer.schema is not None
    assert task.answer.schema["properties"] == {
        "n": {"type": "number"},
        "s": {"type": ["null", "string"]},
        "b": {"type": ["boolean", "null"]},
    }
    assert task.scorers[0].name == "json_fields"


def test_excel_s_own_encoding_is_read_and_said(tmp_path: Path) -> None:
    rows = [*tickets(), {"Ticket text": "Grüße für 5 €", "Intent": "other"}]
    proposal = propose(tmp_path, csv_text(rows, ";").encode("cp1252"))
    assert any("read as cp1252" in note for note in proposal.notes)
    assert "Grüße für 5 €" in "".join(proposal.files.values())
    loaded(proposal, tmp_path / "out")


def test_a_workbook_and_its_sheet(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.create_sheet("May, all")
    sheet.append(["Ticket text", "Intent"])
    for row in tickets():
        sheet.append(list(row.values()))
    book.create_sheet("Legend").append(["Colour", "Meaning"])
    out = io.BytesIO()
    book.save(out)
    proposal = propose(
        tmp_path, out.getvalue(), "tickets.xlsx", options=ReadOptions(sheet="May, all")
    )
    assert len(loaded(proposal, tmp_path / "out").tasks[0].samples) == 87


def test_the_sheet_with_the_columns_is_found(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.create_sheet("May")
    sheet.append(["Ticket text", "Intent"])
    for row in tickets():
        sheet.append(list(row.values()))
    book.create_sheet("Legend").append(["Colour", "Meaning"])
    out = io.BytesIO()
    book.save(out)
    assert any(
        "read the sheet 'May'" in note
        for note in propose(tmp_path, out.getvalue(), "tickets.xlsx").notes
    )


def test_one_model_gets_claims_of_its_own(tmp_path: Path) -> None:
    suite = loaded(
        propose(tmp_path, csv_text(tickets()), models=["smollm2-135m-instruct-q4_1"]),
        tmp_path / "out",
    )
    assert [arm.name for arm in suite.arms] == ["smollm2-135m-instruct"]
    assert [claim.id for claim in suite.claims] == ["beats-guessing", "fast"]


def test_models_of_every_kind(tmp_path: Path) -> None:
    (tmp_path / "my.gguf").write_bytes(b"GGUF")
    proposal = propose(
        tmp_path, csv_text(tickets()), models=["openai:gpt-5-mini", str(tmp_path / "my.gguf")]
    )
    suite = loaded(proposal, tmp_path / "out", allow_outside=True)
    assert [(arm.name, arm.provider) for arm in suite.arms] == [
        ("gpt-5-mini", "openai"),
        ("my", "llama_cpp"),
    ]
    assert suite.budget.max_cost_usd == 5
    assert any("--allow-outside" in note for note in proposal.notes)
    assert any("OPENAI_API_KEY" in note for note in proposal.notes)


def test_few_rows_are_said_and_get_no_examples(tmp_path: Path) -> None:
    proposal = propose(tmp_path, csv_text(tickets(12)))
    assert proposal.n_examples == 0
    assert any("12 rows are too few for a verdict" in note for note in proposal.notes)
    loaded(proposal, tmp_path / "out")


@pytest.mark.parametrize(("text", "options", "line", "part"), [
    ("Ticket text,Intnt\nx,a\n", {}, 1, "no column 'Intent'; did you mean 'Intnt'?"),
    ("Ticket text,Intent\nx,a\n", {}, 1, "1 usable rows"),
    ("Ticket text,Intent\n", {}, 1, "0 usable rows"),
    ("Ticket text,Intent\nx,a\ny,a\nz,a\n", {}, 1, "every target is 'a': there is nothing to measure"),
    ("Ticket text,Intent\nx,a\ny,b\n", {"target_column": "Ticket text"}, 1, "'Ticket text' is both input and target"),
    ("Ticket text,Intent,k\nx,a,1\ny,b,1\n", {"id_column": "k"}, 3, "duplicate id '1' (first on line 2)"),
    ("Ticket text,Intent\nx,a\ny\n", {}, 3, "1 fields where the header has 2"),
])  # fmt: skip
def test_files_that_make_no_suite(
    tmp_path: Path, text: str, options: dict[str, Any], line: int, part: str
) -> None:
    with pytest.raises(SuiteError) as caught:
        propose(tmp_path, text, **options)
    assert Path(caught.value.path).name == "tickets.csv"
    assert caught.value.line == line
    assert part in caught.value.message


def test_existing_files_are_kept(tmp_path: Path) -> None:
    proposal = propose(tmp_path, csv_text(tickets()))
    write_proposal(proposal, tmp_path / "out")
    with pytest.raises(SuiteError, match="the file exists"):
        write_proposal(proposal, tmp_path / "out")
    write_proposal(proposal, tmp_path / "out", force=True)


_TEXT = st.text(
    st.characters(codec="utf-8", exclude_characters="\r\x00"), min_size=1, max_size=15
).filter(str.strip)
_NAMES = st.lists(_TEXT.map(str.strip).filter(bool), min_size=2, max_size=4, unique_by=str.casefold)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_NAMES, st.lists(st.lists(_TEXT, min_size=4, max_size=4), min_size=2, max_size=40))
def test_whatever_is_proposed_can_be_loaded(columns: list[str], rows: list[list[str]]) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows(
        [columns, *(row[: len(columns)] for row in rows)]
    )
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        try:
            proposal = propose(
                home, out.getvalue(), input_column=columns[:-1], target_column=columns[-1]
            )
        except SuiteError as refused:
            message = refused.message
        else:
            message = ""
        if message:
            assert "nothing to measure" in message or "two columns are named" in message
            return
        suite = loaded(proposal, home / "out")
    assert len(suite.tasks[0].samples) == proposal.n_rows


@given(st.text(st.characters(codec="utf-8"), max_size=30))
def test_any_text_survives_quoting(text: str) -> None:
    from claimbench.init.suite_text import quote

    assert parse_yaml(f"a: {quote(text)}\nb: [{quote(text)}]\n".encode(), "x").data == {
        "a": text,
        "b": [text],
    }
