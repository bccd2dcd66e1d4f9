"""``bench init`` from chat logs and the hub, with columns found by name and personal data masked."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any

import pytest

from claimbench.cli.commands.init import init_command
from claimbench.errors import BenchError, SuiteError
from claimbench.init.personal_data import mask_text
from claimbench.init.propose import StatedColumns, propose_suite, write_proposal
from claimbench.suite.load import load_suite


def proposed_rows(proposal: Any) -> list[dict[str, Any]]:
    files = dict(proposal.files)
    return [json.loads(line) for text in files.values() for line in text.splitlines()]


def chat(n: int) -> str:
    rows = []
    for i in range(n):
        turns = [
            {"role": "system", "content": "Be kind."},
            {"role": "user", "content": f"Where is parcel {i}?"},
            {"role": "assistant", "content": f"Parcel {i} is on its way to depot {i * 7}."},
        ]
        rows.append(json.dumps({"messages": turns}))
    return "\n".join([*rows, json.dumps({"messages": [{"role": "user", "content": "hello?"}]})])


def test_a_chat_log_becomes_a_suite_that_loads(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text(chat(12))
    proposal = propose_suite(tmp_path / "log.jsonl")
    assert proposal.kind == "text"
    row = proposed_rows(proposal)[0]
    assert row["conversation_so_far"].startswith("Where is parcel")
    assert row["reply"].startswith("Parcel")
    assert any("1 conversations without an assistant's reply" in note for note in proposal.notes)
    suite = load_suite(write_proposal(proposal, tmp_path / "out"))
    assert len(suite.tasks[0].samples) == 12
    assert [(m.role, m.content) for m in suite.tasks[0].prompt] == [
        ("system", "Be kind."),
        ("user", "{{ conversation_so_far }}"),
    ]


@pytest.mark.parametrize(("head", "expected"), [
    ("text,category", ("text", "category")),
    ("Query,Query Class,id", ("Query", "Query Class")),
    ("question,answer", ("question", "answer")),
])  # fmt: skip
def test_columns_by_name(tmp_path: Path, head: str, expected: tuple[str, str]) -> None:
    width = head.count(",") - 1
    rows = "\n".join(f"q{i},{'a' if i % 2 else 'b'}" + f",{i}" * width for i in range(8))
    (tmp_path / "d.csv").write_text(f"{head}\n{rows}\n")
    proposal = propose_suite(tmp_path / "d.csv")
    assert f"columns found: input {expected[0]}, target {expected[1]}" in " ".join(proposal.notes)


def test_columns_that_no_name_tells_are_asked_for(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("foo,bar\n1,2\n3,4\n")
    with pytest.raises(SuiteError, match="which column does the model see") as error:
        propose_suite(tmp_path / "d.csv")
    assert "foo, bar" in (error.value.hint or "")


TEXTS = {
    "mail jane.doe+x@example.co.uk now": ("mail <EMAIL> now", {"EMAIL": 1}),
    "card 4111 1111 1111 1111": ("card <CARD>", {"CARD": 1}),
    "order 4111 1111 1111 1112": ("order 4111 1111 1111 1112", {}),  # no check digit
    "IBAN DE89 3704 0044 0532 0130 00.": ("IBAN <IBAN>.", {"IBAN": 1}),
    "from 192.168.0.1": ("from <IP>", {"IP": 1}),
    "version 1.2.3.999": ("version 1.2.3.999", {}),
    "call +49 30 1234 5678": ("call <PHONE>", {"PHONE": 1}),
    "ssn 078-05-1120": ("ssn <SSN>", {"SSN": 1}),
    "on 2026-01-02 I paid 1,234.56 for 3 items": ("on 2026-01-02 I paid 1,234.56 for 3 items", {}),
    "ticket 12345678": ("ticket 12345678", {}),
}


@pytest.mark.parametrize(("text", "expected"), TEXTS.items(), ids=list(TEXTS))
def test_masking(text: str, expected: tuple[str, dict[str, int]]) -> None:
    assert mask_text(text) == (expected[0], Counter(expected[1]))


def test_personal_data_is_said_and_masked_when_asked(tmp_path: Path) -> None:
    rows = "\n".join(
        f"write to user{i}@example.com please,{'a' if i % 2 else 'b'}" for i in range(10)
    )
    (tmp_path / "d.csv").write_text(f"text,label\n{rows}\n")
    plain = propose_suite(tmp_path / "d.csv")
    assert plain.private is not None
    assert "10 EMAIL (first on line 2" in plain.private
    assert "names and addresses in prose are not found" in plain.private
    assert "--mask replaces it" in " ".join(plain.notes)
    hidden = propose_suite(tmp_path / "d.csv", mask=True)
    assert hidden.private is None
    assert "example.com" not in json.dumps(proposed_rows(hidden))
    assert "# " in hidden.yaml_text
    assert "masked in the inputs: 10 EMAIL" in hidden.yaml_text


@pytest.mark.parametrize("installed", [True, False])
def test_the_suite_says_how_to_mask_and_loads_either_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, installed: bool
) -> None:
    monkeypatch.setattr("claimbench.privacy.masking.available", lambda: installed)
    rows = "\n".join(
        f"write to user{i}@example.com please,{'a' if i % 2 else 'b'}" for i in range(10)
    )
    (tmp_path / "d.csv").write_text(f"Ticket text,label\n{rows}\n")
    block = "mask: {entities: [EMAIL_ADDRESS], columns: [Ticket text]}"
    unasked = propose_suite(tmp_path / "d.csv", StatedColumns(("Ticket text",), "label"))
    assert f"# {block}   # pip install 'claimbench[mask]'\n" in unasked.yaml_text
    assert (
        "ASSUMED: personal data has the forms that were found; nothing is masked"
        in unasked.yaml_text
    )
    asked = propose_suite(tmp_path / "d.csv", StatedColumns(("Ticket text",), "label"), mask=True)
    assert any(
        line.startswith(block if installed else f"# {block}")
        for line in asked.yaml_text.splitlines()
    )
    (task,) = load_suite(write_proposal(asked, tmp_path / "out")).tasks
    assert (task.masked is not None) is installed
    uncommented = (tmp_path / "out" / asked.suite_file).read_text().replace(f"# {block}", block)
    monkeypatch.undo()
    (tmp_path / "out" / asked.suite_file).write_text(uncommented)
    (task,) = load_suite(tmp_path / "out" / asked.suite_file).tasks
    assert task.masked is not None
    assert task.masked.counts == {}  # the copied rows were masked already


def test_nobody_is_asked_without_a_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from claimbench.cli import main

    def asked(*_: object, **__: object) -> bool:
        raise AssertionError("asked without a terminal")

    monkeypatch.setattr("click.confirm", asked)
    rows = "\n".join(
        f"write to user{i}@example.com please,{'a' if i % 2 else 'b'}" for i in range(10)
    )
    (tmp_path / "d.csv").write_text(f"text,label\n{rows}\n")
    with pytest.raises(SystemExit) as done:
        main(["init", "--from", str(tmp_path / "d.csv"), "--output", str(tmp_path / "out")])
    assert done.value.code == 0
    assert "possible personal data" in capsys.readouterr().out


def test_the_hub_without_its_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(SuiteError, match="needs the package `datasets`") as error:
        propose_suite("hf:PolyAI/banking77@test")
    assert "pip install datasets" in (error.value.hint or "")
    with pytest.raises(SuiteError, match="not of the form"):
        propose_suite("hf:a/b/c/d")


class HubTable(list[dict[str, Any]]):
    """What ``datasets`` returns, as far as it is used."""

    features = MappingProxyType(
        {"text": SimpleNamespace(), "label": SimpleNamespace(names=["cash", "card"])}
    )
    column_names = ("text", "label")


def test_data_that_are_not_there_are_said_to_be_so(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="No such file") as caught:
        propose_suite(tmp_path / "lab" / "set")
    assert caught.value.hint is not None
    assert "hf:" in caught.value.hint
    with pytest.raises(SuiteError, match="No such file"):
        propose_suite(tmp_path / "rows.csv")


def test_class_numbers_of_the_hub_become_names(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted: list[tuple[object, ...]] = []

    def load(name: str, config: str | None, split: str) -> HubTable:
        wanted.append((name, config, split))
        return HubTable({"text": f"question {i}", "label": i % 2} for i in range(8))

    monkeypatch.setitem(sys.modules, "datasets", SimpleNamespace(load_dataset=load))
    proposal = propose_suite("hf:lab/set:small@train")
    assert wanted == [("lab/set", "small", "train")]
    assert {row["label"] for row in proposed_rows(proposal)} == {"cash", "card"}
    assert proposal.kind == "label"


def test_without_network_the_hub_says_what_to_do_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(*_: object, **__: object) -> None:
        raise ConnectionError("Couldn't reach 'lab/set' on the Hub (OfflineModeIsEnabled)")

    monkeypatch.setitem(sys.modules, "datasets", SimpleNamespace(load_dataset=load))
    with pytest.raises(
        SuiteError, match="cannot be read: ConnectionError: Couldn't reach 'lab/set'"
    ) as error:
        propose_suite("hf:lab/set")
    assert "give the path of a file" in (error.value.hint or "")


@pytest.mark.filterwarnings("ignore")  # datasets' own
def test_a_saved_data_set_is_read_from_its_folder(tmp_path: Path) -> None:
    import datasets

    features = datasets.Features(
        {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["cash", "card"])}
    )
    rows = datasets.Dataset.from_list(
        [{"text": f"question {i}", "label": i % 2} for i in range(8)], features=features
    )
    datasets.DatasetDict({"train": rows.select(range(2)), "test": rows}).save_to_disk(
        str(tmp_path / "saved")
    )
    proposal = propose_suite(tmp_path / "saved")
    assert {row["label"] for row in proposed_rows(proposal)} == {"cash", "card"}
    assert proposal.n_rows == 8
    assert any("split test" in note for note in proposal.notes)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "rows.csv").write_text("a,b")
    with pytest.raises(SuiteError, match="not one that `datasets` saved") as error:
        propose_suite(tmp_path / "other")
    assert "rows.csv" in (error.value.hint or "")


@pytest.mark.parametrize("given", [[], ["a.csv", "--from", "b.csv"]])
def test_one_source_of_rows_is_named(given: list[str]) -> None:
    with pytest.raises(BenchError, match="name one source of rows"):
        init_command.main(given, standalone_mode=False)
