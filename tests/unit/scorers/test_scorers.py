"""Scorers: what each reads, what it cannot read, and that no fault of one becomes a number."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimbench.errors import PluginError
from claimbench.number_text import find_numbers, parse_number
from claimbench.scorers import Scorer, ScorerOptionError, load, names, score_record
from claimbench.types import (
    AnswerSpec,
    Call,
    CallRecord,
    Json,
    Outcome,
    Sample,
    Score,
    ScorerSpec,
    Task,
)

LABELS = ("billing", "lost_or_stolen_card", "card", "other")


def task_of(kind: str = "text", **answer: Any) -> Task:
    return Task("t", (), (), (), AnswerSpec(kind, **answer), (), 16)  # type: ignore[arg-type]


def score(name: str, text: str, target: Json, task: Task | None = None, **options: Json) -> Score:
    (scorer,) = load([ScorerSpec(name, options)])
    return scorer.score("c", text, Sample("1", {}, target, "1"), task or task_of())


def record_of(outcome: Outcome, text: str = "") -> CallRecord:
    return CallRecord(Call("r", "c", "t", "1", 0, "a", 0, 0), text, outcome, "stop", 1)


def label(
    text: str, target: str = "billing", labels: tuple[str, ...] = LABELS, **options: Json
) -> Score:
    return score("label", text, target, task_of("label", labels=labels), **options)


@pytest.mark.parametrize(("text", "target"), [
    ("billing", "billing"),
    ("  Billing.\n", "billing"),
    ("**BILLING**", "billing"),
    ("Label: billing", "billing"),
    ("lost or stolen card", "lost_or_stolen_card"),  # `card` inside it does not count
    ("It is the Lost-or-stolen card intent.", "lost_or_stolen_card"),
    ("<think>card? no</think>billing", "billing"),
    ("billing, certainly billing", "billing"),
    ("ｂｉｌｌｉｎｇ", "billing"),  # full-width letters
])  # fmt: skip
def test_label_reads(text: str, target: str) -> None:
    result = label(text, target)
    assert (result.status, result.value) == ("scored", 1.0), result.explanation
    assert label(text, "other").value == 0.0


@pytest.mark.parametrize(("text", "why"), [
    ("", "names no label"),
    ("billings", "names no label"),  # no whole word
    ("rebilling the customer", "names no label"),
    ("billing or other", "names 2 labels (billing, other)"),
    ("not card, other", "names 2 labels (card, other)"),
])  # fmt: skip
def test_label_does_not_guess(text: str, why: str) -> None:
    result = label(text)
    assert (result.status, result.value) == ("unparsable", 0.0)
    assert why in result.explanation


def test_label_keeps_punctuation_where_labels_need_it() -> None:
    assert label("C++", "c++", ("c", "c++")).value == 1
    assert label("c", "c++", ("c", "c++")).value == 0
    assert label("The best is (B) a film", "(B)", ("(A)", "(B)")).value == 1
    assert label("b", "(B)", ("(A)", "(B)")).value == 1
    assert label("+", "+", ("+", "-")).value == 1


def test_label_in_a_script_without_blanks() -> None:
    assert label("标签是退款。", "退款", ("退款", "账单")).value == 1


def test_label_whole_answer_only() -> None:
    assert label("It is billing", search=False).status == "unparsable"
    assert label("Billing", search=False).value == 1


@given(
    st.sampled_from(LABELS),
    st.sampled_from([str.upper, str.title, lambda s: f" '{s}'.\n", lambda s: s.replace("_", " ")]),
)
def test_label_ignores_case_blanks_and_punctuation(name: str, change: Callable[[str], str]) -> None:
    assert label(change(name), name).value == 1


@pytest.mark.parametrize(("text", "target", "options", "value"), [
    (" Paris\n", "Paris", {}, 1), ("paris", "Paris", {}, 0), ("paris", "Paris", {"ignore_case": True}, 1),
    ("Paris.", "Paris", {}, 0), ("Paris.", "Paris", {"ignore_punctuation": True}, 1),
    ("e\u0301tude", "\u00e9tude", {}, 1), ("a  b", "a b", {}, 1), ("true", True, {}, 1), ("3", 3, {}, 1),
])  # fmt: skip
def test_exact(text: str, target: Json, options: dict[str, Json], value: float) -> None:
    assert score("exact", text, target, **options).value == value


@pytest.mark.parametrize(("text", "target", "options", "status", "value"), [
    ("So the answer is (B).", "(B)", {"pattern": r"\(([A-Z])\)"}, "scored", 1),
    ("(A) no, (B)", "(B)", {"pattern": r"\(([A-Z])\)"}, "scored", 0),
    ("(A) no, (B)", "(B)", {"pattern": r"\(([A-Z])\)", "which": "last"}, "scored", 1),
    ("none", "(B)", {"pattern": r"\(([A-Z])\)"}, "unparsable", 0),
    ("Answer: yes", "YES", {"pattern": r"^answer: (\w+)$", "ignore_case": True}, "scored", 1),
    ("we apologise", "-", {"pattern": "apolog"}, "scored", 1),
    ("we do not", "-", {"pattern": "apolog"}, "scored", 0),
])  # fmt: skip
def test_regex(text: str, target: str, options: dict[str, Json], status: str, value: float) -> None:
    result = score("regex", text, target, **options)
    assert (result.status, result.value) == (status, value)


@pytest.mark.parametrize(("text", "target", "options", "status", "value"), [
    ("18", 18, {}, "scored", 1),
    ("She makes 9 * 2 = $18 every day.\n#### 18", "18", {}, "scored", 1),
    ("#### 18 (of 20)", "18", {}, "scored", 1),
    ("16 - 3\n#### 18\nDone in 3 steps", "18", {"after": "####", "which": "first"}, "scored", 1),
    ("1,234.50 euros", 1234.5, {}, "scored", 1),
    ("1.234,50 Euro", 1234.5, {"decimal": ","}, "scored", 1),
    ("between 3 and 4", 4, {"which": "only"}, "unparsable", 0),
    ("4, yes 4.0", 4, {"which": "only"}, "scored", 1),
    ("0.1", 0.3, {"tolerance": 0.2}, "scored", 1),  # decimal arithmetic: exactly at the limit
    ("101", 100, {"relative": 0.01}, "scored", 1),
    ("102", 100, {"relative": 0.01}, "scored", 0),
    ("-5", "-5", {}, "scored", 1), ("\u22125", -5, {}, "scored", 1), ("-$5", -5, {}, "scored", 1),
    ("NaN", 1, {}, "unparsable", 0), ("infinity", 1, {}, "unparsable", 0), ("1e999", 1, {}, "unparsable", 0),
    ("no number", 1, {}, "unparsable", 0), ("", 1, {}, "unparsable", 0),
    ("1e3", 1000, {}, "scored", 1), ("45%", "45 %", {}, "scored", 1),
])  # fmt: skip
def test_numeric(
    text: str, target: Json, options: dict[str, Json], status: str, value: float
) -> None:
    result = score("numeric", text, target, **options)
    assert (result.status, result.value) == (status, value), result.explanation


@given(st.integers(-(10**12), 10**12))
def test_numbers_survive_thousands_separators(number: int) -> None:
    assert find_numbers(f"it is {number:,} in all") == [number]
    assert parse_number(f"{number:,}") == number
    assert parse_number(f"{number:,}".replace(",", "."), ",") == number


@given(st.text(max_size=40))
def test_reading_numbers_never_fails_and_gives_finite_ones(text: str) -> None:
    for decimal in (".", ","):
        assert all(math.isfinite(number) for number in find_numbers(text, decimal))
        parse_number(text, decimal)


SCHEMA: dict[str, Json] = {
    "type": "object",
    "properties": {"order": {}, "urgency": {}, "amount": {}, "tags": {}},
}
TARGET = {"order": "A-17", "urgency": "high", "amount": 12.5, "tags": ["x", "y"]}


def fields(text: str, target: Json = TARGET, rules: Mapping[str, Json] | None = None) -> Score:
    options = {} if rules is None else {"fields": dict(rules)}
    return score("json_fields", text, target, task_of("json", schema=SCHEMA), **options)


def test_json_fields_mean_and_parts() -> None:
    result = fields(
        '{"order": " A-17", "urgency": "low", "amount": 12.50, "tags": ["x"], "extra": 1}'
    )
    assert result.parts == {"order": 1, "urgency": 0, "amount": 1, "tags": 0}
    assert result.value == 0.5
    assert "urgency 'low' against 'high'" in result.explanation


@pytest.mark.parametrize(("rule", "answer", "target", "value"), [
    ("exact", "High", "high", 0), ("casefold", "High ", "high", 1), ("exact", 1, 1.0, 1), ("exact", 1, True, 0),
    ("exact", "1", 1, 0), ("numeric", "1,250.00", 1250, 1), ("numeric", "x", 1250, 0),
    ({"compare": "numeric", "tolerance": 0.5}, 1250.5, 1250, 1), ({"compare": "numeric", "relative": 0.1}, 90, 100, 1),
    ("set", ["B", "a", "a"], ["a", "b"], 1), ("set", ["a"], ["a", "b"], 0.5), ("set", "a", ["a"], 1),
    ("set", [], None, 1), ("set", ["a"], [], 0),
    ("exact", None, None, 1), ("exact", "", None, 1), ("exact", None, "", 1), ("exact", "none", None, 0),
    ("numeric", None, 3, 0), ("exact", {"a": [1]}, {"a": [1.0]}, 1), ("exact", ["a", "b"], ["b", "a"], 0),
])  # fmt: skip
def test_json_field_rules(rule: Json, answer: Json, target: Json, value: float) -> None:
    text = json.dumps({"order": answer})
    assert fields(text, {"order": target}, {"order": rule}).value == value


def test_json_fields_reach_into_objects_and_missing_is_null() -> None:
    rules = {"order.id": "exact", "order.note": "exact"}
    result = fields('{"order": {"id": 7}}', {"order": {"id": 7, "note": None}}, rules)
    assert result.parts == {"order.id": 1, "order.note": 1}


@pytest.mark.parametrize(("text", "note"), [
    ('```json\n{"order": "A-17"}\n```', "read from a code fence"),
    ('Here it is:\n```\n{"order": "A-17"}\n```\nBye', "read from a code fence"),
    ('It is {"order": "A-17"}', "read from an object with text around it"),
])  # fmt: skip
def test_json_in_a_code_fence_is_accepted_and_said(text: str, note: str) -> None:
    result = fields(text, rules={"order": "exact"})
    assert result.value == 1
    assert note in result.explanation


@pytest.mark.parametrize(("text", "why"), [
    ("", "not JSON"), ('{"order": "A-17"', "not JSON"), ("[1]", "a JSON list, not an object"),
    ('{"order": NaN}', "NaN is not JSON"), ('{"order": 1, "order": 2}', "a duplicate key"),
    ("[" * 100_000, "not JSON"),
])  # fmt: skip
def test_json_that_cannot_be_read(text: str, why: str) -> None:
    result = fields(text)
    assert (result.status, result.value) == ("unparsable", 0.0)
    assert why in result.explanation
    assert result.parts == dict.fromkeys(SCHEMA["properties"], 0.0)


_LEAVES = (
    st.none()
    | st.booleans()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
)


def _nested(inner: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    return st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)


@given(st.recursive(_LEAVES, _nested))
def test_a_json_answer_equal_to_its_target_scores_one(value: Json) -> None:
    for rule in ("exact", "casefold", "set"):
        assert fields(json.dumps({"order": value}), {"order": value}, {"order": rule}).value == 1


# -- score_record ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", list(Outcome))
def test_each_outcome_has_its_place(outcome: Outcome) -> None:
    scorers = load(["json_fields"])
    (result,) = score_record(
        record_of(outcome, "{}"),
        Sample("1", {}, TARGET, "1"),
        task_of("json", schema=SCHEMA),
        scorers,
    )
    if outcome is Outcome.OK:
        assert (result.status, result.value) == ("scored", 0.0)
    elif not outcome.missing:
        assert (result.status, result.value) == ("scored", 0.0)
        assert result.explanation
        assert result.parts == dict.fromkeys(SCHEMA["properties"], 0.0)
    else:
        assert (result.status, result.value) == ("unscored", None)
        assert outcome.value in result.explanation


class Odd:
    """A plugin that answers as it is told."""

    name, version = "odd", "1"

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def score(self, call_id: str, text: str, sample: Sample, task: Task) -> Score:
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer  # type: ignore[no-any-return]


@pytest.mark.parametrize(("answer", "why"), [
    (ValueError("boom"), "the scorer failed: ValueError: boom"),
    (Score("c", "odd", "1", "scored", math.nan), "gave nan as value"),
    (Score("c", "odd", "1", "scored", 1.5), "gave 1.5 as value"),
    (Score("c", "odd", "1", "scored", -0.1), "gave -0.1 as value"),
    (Score("c", "odd", "1", "scored", None), "gave None as value"),
    (Score("c", "odd", "1", "scored", True), "gave True as value"),
    (Score("c", "odd", "1", "scored", 1.0, parts={"a": math.inf}), "gave inf as a"),
    (Score("c", "odd", "1", "unparsable", 0.5), "gave 0.5 to an unparsable answer"),
    (Score("d", "odd", "1", "scored", 1.0), "answered for the call 'd'"),
    (Score("c", "odd", "1", "maybe", 1.0), "unknown status 'maybe'"),  # type: ignore[arg-type]
    (0.5, "returned float, not a Score"),
])  # fmt: skip
def test_a_faulty_scorer_never_gives_a_number(answer: Any, why: str) -> None:
    scorer: Scorer = Odd(answer)
    (result,) = score_record(
        record_of(Outcome.OK, "x"), Sample("1", {}, "x", "1"), task_of(), [scorer]
    )
    assert (result.status, result.value) == ("unscored", None)
    assert why in result.explanation


def _raises(kind: str, text: str) -> None:
    if kind == "half characters":
        text.encode()
    elif kind == "brackets":
        raise RecursionError("maximum recursion depth exceeded")
    else:
        int(text)


class Reads:
    """A plugin that reads answers without care."""

    name, version = "reads", "1"

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def score(self, call_id: str, text: str, sample: Sample, task: Task) -> Score:
        _raises(self._kind, text)
        return Score(call_id, self.name, self.version, "scored", 1.0)


UNREADABLE = [
    ("half characters", "x\ud800"),
    ("brackets", "[" * 2000),
    ("brackets", '{"a":' * 2000),
    ("digits", "9" * 5000),
]


@pytest.mark.parametrize(("kind", "text"), UNREADABLE)
def test_an_answer_that_makes_a_scorer_fail_is_unparsable(kind: str, text: str) -> None:
    record = record_of(Outcome.OK, text)
    (result,) = score_record(record, Sample("1", {}, "x", "1"), task_of(), [Reads(kind)])
    assert (result.status, result.value) == ("unparsable", 0.0)
    (row,) = score_record(record, Sample("1", {}, text, "1"), task_of(), [Reads(kind)])
    assert (row.status, row.value) == ("unscored", None), "the target holds it too"


@pytest.mark.parametrize(("kind", "text"), [("brackets", "no bracket"), ("digits", "seven")])
def test_a_scorer_that_fails_by_itself_leaves_an_answer_unscored(kind: str, text: str) -> None:
    record = record_of(Outcome.OK, text)
    (result,) = score_record(record, Sample("1", {}, "x", "1"), task_of(), [Reads(kind)])
    assert (result.status, result.value) == ("unscored", None)


@pytest.mark.parametrize("text", [text for _, text in UNREADABLE])
@pytest.mark.parametrize("name", ["exact", "contains", "numeric", "list", "date", "label_set"])
def test_no_unreadable_answer_leaves_the_count(name: str, text: str) -> None:
    target = {"numeric": 4, "date": "2026-01-02", "list": ["q"], "label_set": ["b"]}.get(name, "q")
    spec = ScorerSpec(name, {"labels": ["a", "b"]} if name == "label_set" else {})
    (result,) = score_record(
        record_of(Outcome.OK, text), Sample("1", {}, target, "1"), task_of(), load([spec])
    )
    assert result.value == 0, result.explanation


def test_a_target_the_scorer_cannot_use_is_unscored() -> None:
    (result,) = score_record(
        record_of(Outcome.OK, "3"), Sample("1", {}, "three", "1"), task_of(), load(["numeric"])
    )
    assert result.status == "unscored"
    assert "the target 'three' is not a number" in result.explanation


# -- loading -----------------------------------------------------------------------------------------------------------


def test_installed_names() -> None:
    assert {"exact", "json_fields", "label", "numeric", "regex"} <= set(names())


def test_unknown_scorer_names_the_nearest() -> None:
    with pytest.raises(PluginError, match="unknown scorer 'numerc'; did you mean 'numeric'"):
        load(["numerc"])


@pytest.mark.parametrize(("spec", "message"), [
    (ScorerSpec("numeric", {"tolerence": 1}), "unknown option 'tolerence'"),
    (ScorerSpec("numeric", {"tolerance": -1}), "tolerance: input should be greater than or equal to 0, got -1"),
    (ScorerSpec("regex"), "the option 'pattern' is missing"),
    (ScorerSpec("regex", {"pattern": "("}), "not a regular expression"),
    (ScorerSpec("json_fields", {"fields": {"a": "exakt"}}), "fields.a.compare"),
])  # fmt: skip
def test_wrong_options(spec: ScorerSpec, message: str) -> None:
    with pytest.raises(ScorerOptionError) as caught:
        load([spec])
    assert message in caught.value.message


def test_given_factories_come_first() -> None:
    (scorer,) = load(["odd"], {"odd": lambda options: Odd(options)})
    assert scorer.name == "odd"
