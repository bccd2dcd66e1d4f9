"""``mask:``: what is personal leaves neither for a provider nor for the store, and is counted."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from claimbench.errors import SuiteError
from claimbench.plan.prompts import build_request
from claimbench.privacy.masking import Finder, Found, Masking
from claimbench.suite.codec import _measured_task
from claimbench.suite.load import json_schema, load_suite, suite_from_json, suite_to_json
from claimbench.suite.schema.tasks import USUAL
from claimbench.types import Call, MaskSpec, Suite

SPEC = MaskSpec(USUAL)
SUITE = """\
name: desk
version: 1-0
{mask}
tasks:
  - name: reply
    dataset: {{path: rows.jsonl, id: ticket, target: team, cluster: customer, slices: [channel]}}
    prompt: [{{system: "Write to desk@example.org"}}, {{user: "{{{{ text }}}}"}}]
    few_shot:
      - {{text: "I am old@example.net", team: a}}
    answer: {{type: {kind}}}
    scorers: [exact]
arms: [{{name: x, provider: compatible, model: m}}]
"""
ROW = {
    "ticket": "t1",
    "text": "Mail ann@corp.internal",
    "team": "b",
    "customer": "ann@corp.internal",
    "channel": "web",
}


@pytest.fixture(scope="module")
def finder() -> Finder:
    return Finder(SPEC)


def mask(finder: Finder, **values: object) -> tuple[dict[str, object], Masking]:
    task = Masking(SPEC, finder)
    return task.row().inputs({name: name for name in values}, values, set(values)), task


def load(folder: Path, mask: str = "mask: {}", kind: str = "text", **changes: object) -> Suite:
    rows = [ROW | changes, {**ROW, "ticket": "t2", "text": "nothing here", "customer": "c2"}]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "s.yaml").write_text(SUITE.format(mask=mask, kind=kind))
    return load_suite(folder / "s.yaml", providers=("compatible",))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mail ann@example.com now", "mail <EMAIL_ADDRESS_1> now"),
        (
            "mailto:ann@corp.internal, or bob@münchen.example.",
            "mailto:<EMAIL_ADDRESS_1>, or <EMAIL_ADDRESS_2>.",
        ),
        (
            "A@X.org and a@x.ORG and b@x.org",
            "<EMAIL_ADDRESS_1> and <EMAIL_ADDRESS_1> and <EMAIL_ADDRESS_2>",
        ),
        (
            "card 4111 1111 1111 1111, not 4111 1111 1111 1112",
            "card <CREDIT_CARD_1>, not 4111 1111 1111 1112",
        ),
        ("DE89370400440532013000", "<IBAN_CODE_1>"),
        ("from 10.0.0.1 and 2001:db8::8a2e:370:7334", "from <IP_ADDRESS_1> and <IP_ADDRESS_2>"),
        ("ring +41 44 668 18 00 or 212-555-5555", "ring <PHONE_NUMBER_1> or <PHONE_NUMBER_2>"),
        ("SSN 536-90-4399", "SSN <US_SSN_1>"),
        (
            "order 4711 of 2024-11-05 for $300, version 1.2",
            "order 4711 of 2024-11-05 for $300, version 1.2",
        ),
        ("", ""),
    ],
)
def test_what_becomes_of_a_text(finder: Finder, text: str, expected: str) -> None:
    masked, task = mask(finder, text=text)
    assert masked == {"text": expected}
    assert sum(task.counts.values()) == expected.count("<")


def test_the_same_value_has_one_placeholder_in_a_row_and_a_new_row_begins_anew(
    finder: Finder,
) -> None:
    task = Masking(SPEC, finder)
    columns = {"a": "a", "b": "b"}
    first = task.row().inputs(
        columns, {"a": "x@y.org z@y.org", "b": {"k": ["z@y.org", 4111111111111111, 7]}}, columns
    )
    assert first == {
        "a": "<EMAIL_ADDRESS_1> <EMAIL_ADDRESS_2>",
        "b": {"k": ["<EMAIL_ADDRESS_2>", "<CREDIT_CARD_1>", 7]},
    }
    assert task.row().inputs(columns, {"a": "z@y.org"}, columns) == {"a": "<EMAIL_ADDRESS_1>"}
    done = task.masked()
    assert (done.counts, done.rows) == ({"CREDIT_CARD": 1, "EMAIL_ADDRESS": 4}, 2)
    assert done.library.startswith("presidio-analyzer 2.")


def test_what_is_not_sent_is_masked_and_not_counted(finder: Finder) -> None:
    task = Masking(SPEC, finder)
    masked = task.row().inputs(
        {"a": "a", "b": "b", "twice": "b"}, {"a": "u@v.org", "b": "w@v.org"}, {"b", "twice"}
    )
    assert masked == {
        "a": "<EMAIL_ADDRESS_2>",
        "b": "<EMAIL_ADDRESS_1>",
        "twice": "<EMAIL_ADDRESS_1>",
    }
    assert task.masked().counts == {"EMAIL_ADDRESS": 1}


def test_findings_that_overlap_become_one_that_covers_all_of_them() -> None:
    overlapping = Finder(MaskSpec(("EMAIL_ADDRESS", "URL", "IP_ADDRESS")))
    text = "see user@host.example.com/path?q=1 there"
    (found,) = overlapping.find(text)
    assert found == Found(4, 34, found.entity, found.score)
    assert text[found.start : found.end] == "user@host.example.com/path?q=1"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    email=st.emails(), before=st.text(max_size=20), after=st.text(max_size=20), number=st.integers()
)
def test_no_address_is_left_in_any_request(
    finder: Finder, email: str, before: str, after: str, number: int
) -> None:
    masked, _ = mask(finder, text=f"{before} {email} {after}", other=[{email: number}, email])
    assert email not in json.dumps(masked, ensure_ascii=False)
    local, _, domain = email.rpartition("@")
    assert f"@{domain}" not in json.dumps(masked, ensure_ascii=False), local


def test_requests_and_the_stored_suite_hold_only_what_is_left(tmp_path: Path) -> None:
    suite = load(tmp_path)
    (task,) = suite.tasks
    stored = json.dumps(suite_to_json(suite))
    for personal in ("ann@", "corp.internal", "old@example.net"):
        assert personal not in stored
    sample = task.samples[0]
    assert sample.cluster.startswith("masked-")
    assert (sample.id, sample.slices, sample.target) == ("t1", {"channel": "web"}, "b")
    request = build_request(
        suite, task, sample, suite.arms[0], Call("r", "c", "reply", "t1", 0, "x", 1, 0)
    )
    said = [turn.content for turn in request.messages]
    assert said == [
        "Write to desk@example.org",
        "I am <EMAIL_ADDRESS_1>",
        "a",
        "Mail <EMAIL_ADDRESS_1>",
    ]
    assert task.masked is not None
    assert (task.masked.counts, task.masked.rows) == ({"EMAIL_ADDRESS": 2}, 2)
    assert suite_from_json(json.loads(stored)) == suite


def test_a_masked_suite_is_another_suite_even_if_nothing_was_found(tmp_path: Path) -> None:
    plain = {"text": "nothing", "customer": "c1"}
    few = "mask: {columns: [customer]}"
    hashes = [
        load(tmp_path, mask, **plain).measured_sha256
        for mask in ("", few, "mask: {min_score: 0.5}")
    ]
    assert len(set(hashes)) == 3
    (task,) = load(tmp_path, "").tasks
    assert task.masked is None
    assert not {"mask", "masked"} & set(
        _measured_task(task)
    )  # hashes of suites without a mask stay what they were


def test_a_tasks_own_mask_replaces_the_suites(tmp_path: Path) -> None:
    load(tmp_path)
    text = (tmp_path / "s.yaml").read_text()
    (tmp_path / "s.yaml").write_text(
        text.replace("    scorers", "    mask: {entities: [IP_ADDRESS]}\n    scorers")
    )
    (task,) = load_suite(tmp_path / "s.yaml", providers=("compatible",)).tasks
    assert task.masked is not None
    assert task.masked.spec.entities == ("IP_ADDRESS",)
    assert task.samples[0].input["text"] == "Mail ann@corp.internal"


@pytest.mark.parametrize(
    ("mask", "changes", "line", "message"),
    [
        (
            "mask: {entities: [EMAIL_ADRESS]}",
            {},
            3,
            "nothing finds 'EMAIL_ADRESS'; did you mean 'EMAIL_ADDRESS'?",
        ),
        ("mask: {columns: [txt]}", {}, 3, "has no column 'txt'; did you mean 'text'?"),
        ("mask: {phone_regions: [XX]}", {}, 3, "no country 'XX'"),
        ("mask: {entities: [PERSON]}", {}, 3, "PERSON cannot be found by patterns"),
        ("mask: {entities: [PERSON], model: en_no_model}", {}, 3, "'en_no_model' cannot be loaded"),
        (
            "mask: {}",
            {"team": "ask ann@corp.internal"},
            1,
            "the target holds personal data (EMAIL_ADDRESS)",
        ),
        ("mask: {words: 3}", {}, 3, "unknown key 'words' in mask"),
    ],
)
def test_mistakes_have_one_clear_error(
    tmp_path: Path, mask: str, changes: dict[str, object], line: int, message: str
) -> None:
    with pytest.raises(SuiteError) as caught:
        load(tmp_path, mask, **changes)
    assert message in caught.value.message
    assert caught.value.line == line
    assert caught.value.hint


def test_an_examples_target_may_hold_nothing_personal(tmp_path: Path) -> None:
    load(tmp_path)
    text = (tmp_path / "s.yaml").read_text().replace("team: a}", "team: ask me@else.org}")
    (tmp_path / "s.yaml").write_text(text)
    with pytest.raises(SuiteError, match=r"EMAIL_ADDRESS.* would be sent"):
        load_suite(tmp_path / "s.yaml", providers=("compatible",))


def test_without_the_extra_one_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("claimbench.privacy.masking.find_spec", lambda _: None)
    with pytest.raises(SuiteError, match="presidio is not installed") as caught:
        load(tmp_path)
    assert caught.value.hint == "pip install 'claimbench[mask]'"
    assert load(tmp_path, "").tasks  # nobody else needs it


def test_names_are_found_by_an_installed_spacy_model(tmp_path: Path) -> None:
    import spacy

    language = spacy.blank("en")
    ruler = language.add_pipe("entity_ruler")
    ruler.add_patterns(
        [{"label": "PERSON", "pattern": "Ann Lee"}, {"label": "GPE", "pattern": "Paris"}]
    )
    language.to_disk(tmp_path / "model")
    spec = MaskSpec(("PERSON", "LOCATION", "EMAIL_ADDRESS"), model=str(tmp_path / "model"))
    task = Masking(spec, Finder(spec))
    text = "Ann Lee (a@b.org) of Paris met Ann Lee"
    said = task.row().inputs({"t": "t"}, {"t": text}, {"t"})["t"]
    assert said == "<PERSON_1> (<EMAIL_ADDRESS_1>) of <LOCATION_1> met <PERSON_1>"


WATCHED = """
import sys
seen = []
sys.addaudithook(lambda event, _: seen.append(event) if event in ("socket.connect", "socket.getaddrinfo") else None)
from claimbench.suite.load import load_suite
suite = load_suite(sys.argv[1], providers=("compatible",))
print(suite.tasks[0].masked.rows, seen)
"""


def test_nothing_is_asked_of_the_network(tmp_path: Path) -> None:
    load(tmp_path)
    said = subprocess.run(
        [sys.executable, "-c", WATCHED, str(tmp_path / "s.yaml")],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert said.stdout == "2 []\n", said.stderr


def test_the_schema_knows_it() -> None:
    keys = json_schema()["$defs"]["MaskModel"]["properties"]
    assert set(keys) == {"entities", "columns", "model", "min_score", "phone_regions"}
