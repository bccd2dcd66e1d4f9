"""Answers of a table without scores are read for their targets, in every arm alike, or asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from claimbench.importers.detect import read_files
from claimbench.importers.imported import Imported, ImportFault, ImportOptions

Write = Callable[[str, Any], Path]
PLAIN = ImportOptions()
LETTERS = list("ABCD") * 6
LABELS = ["billing", "refund", "lost_card"] * 8
NUMBERS = [str(number) for number in range(5, 29)]
TRUTHS = ["yes", "no"] * 12
CITIES = [f"City{chr(97 + i)}" for i in range(24)]


def table(targets: Sequence[str], arms: dict[str, Callable[[str], str]]) -> str:
    rows = []
    for arm, form in arms.items():
        for i, target in enumerate(targets):
            rows.append({"id": i, "model": arm, "answer": form(target), "target": target})
    return "\n".join(map(json.dumps, rows))


def accuracy(found: Imported) -> dict[str, float]:
    return {one.arm: one.value for one in found.aggregates}


@pytest.mark.parametrize(
    ("targets", "form"),
    [
        (LETTERS, "{}."),
        (LETTERS, "({})"),
        (LETTERS, "The answer is {}."),
        (LETTERS, "**Answer: {}**"),
        (LETTERS, "答案：{}"),
        (LETTERS, "{}) Paris"),
        (LABELS, "Category: {}."),
        (LABELS, "Ich denke, es ist {}."),
        (LABELS, "<think>refund or billing?</think>{}"),
        (NUMBERS, "The answer is {}."),
        (NUMBERS, "{}.0"),
        (NUMBERS, "\\boxed{{{}}}"),
        (TRUTHS, "{}."),
        (TRUTHS, "Answer: {}"),
        (CITIES, "{}."),
        (CITIES, "  **{}** "),
    ],
)
def test_an_arm_that_says_more_is_read_like_one_that_does_not(
    written: Write, targets: list[str], form: str
) -> None:
    arms: dict[str, Callable[[str], str]] = {"bare": str, "chatty": form.format}
    long = [written("t.jsonl", table(targets, arms))]
    apart = [written(f"{arm}.jsonl", table(targets, {arm: how})) for arm, how in arms.items()]
    for files in (long, apart):
        found = read_files(files, PLAIN)
        assert accuracy(found) == {"bare": 1, "chatty": 1}


def test_a_wrong_answer_in_a_sentence_is_wrong(written: Write) -> None:
    other = dict(zip("ABCD", "BCDA", strict=True))
    arms: dict[str, Callable[[str], str]] = {"a": str, "b": lambda one: f"It is {other[one]}."}
    found = read_files([written("t.jsonl", table(LETTERS, arms))], PLAIN)
    assert accuracy(found) == {"a": 1, "b": 0}


def test_what_was_read_is_said(written: Write) -> None:
    arms: dict[str, Callable[[str], str]] = {"a": str, "b": "It is {}.".format}
    found = read_files([written("t.jsonl", table(LETTERS, arms))], PLAIN)
    assert any("as the scorer label reads them (b: 24 right so)" in note for note in found.notes)


@pytest.mark.parametrize(
    ("targets", "form", "said"),
    [
        (CITIES, "The capital is {}.", "no answer of b can equal"),
        (CITIES, "somewhere else", "no answer of b can equal"),
        (LABELS, "Abrechnung", "no answer of b can equal"),
        (LETTERS, "Paris", "no answer of b can equal"),
        (NUMBERS, "I am not sure", "no answer of b can equal"),
    ],
)
def test_an_arm_that_never_answers_in_the_targets_words_is_asked_about(
    written: Write, targets: list[str], form: str, said: str
) -> None:
    arms: dict[str, Callable[[str], str]] = {"a": str, "b": form.format}
    with pytest.raises(ImportFault, match=said) as fault:
        read_files([written("t.jsonl", table(targets, arms))], PLAIN)
    assert "--column score=NAME" in (fault.value.hint or "")


def test_texts_of_many_kinds_that_equal_none_are_asked_about(written: Write) -> None:
    text = table([f"target {i} of many" for i in range(40)], {"a": "A summary of {}, say.".format})
    with pytest.raises(ImportFault, match="no answer can equal a target"):
        read_files([written("t.jsonl", text)], PLAIN)


@pytest.mark.parametrize(
    ("targets", "form"),
    [(CITIES, "{}, the capital"), (LETTERS, "A or {}, I think"), (LETTERS, "no idea")],
)
def test_some_answers_that_cannot_be_told_are_asked_about(
    written: Write, targets: list[str], form: str
) -> None:
    odd = set(targets[::2])

    def some(target: str) -> str:
        return form.format(target) if target in odd else target

    with pytest.raises(ImportFault, match=r"answers of b (hold their target|name no target)"):
        read_files([written("t.jsonl", table(targets, {"a": str, "b": some}))], PLAIN)


@pytest.mark.parametrize(
    ("first", "last", "repeats", "start"),
    [(1, 3, 20, 1), (1, 4, 20, 1), (1, 2, 20, 1), (0, 3, 1, 0), (0, 2, 4, 0)],
)
def test_positions_count_from_where_the_targets_show_it(
    written: Write, first: int, last: int, repeats: int, start: int
) -> None:
    targets = [str(number) for number in range(first, last + 1)] * repeats
    found = read_files(
        [written("t.jsonl", table(targets, {"a": lambda one: chr(65 + int(one) - start)}))], PLAIN
    )
    assert accuracy(found) == {"a": 1}


@pytest.mark.parametrize("last", [2, 3, 4])
@pytest.mark.parametrize("start", [0, 1])
def test_few_positions_without_a_0_are_asked_about(written: Write, last: int, start: int) -> None:
    targets = [str(number) for number in range(1, last + 1)]
    text = table(targets, {"a": lambda one: chr(65 + int(one) - start)})
    with pytest.raises(ImportFault, match="whether A is 0 or 1 cannot be told"):
        read_files([written("t.jsonl", text)], PLAIN)


@pytest.mark.parametrize(
    ("targets", "answers", "wanted"),
    [
        ([None, "5", "6"], ["4", "5", "7"], [None, 1, 0]),
        (["", "yes", "no"], ["...", "yes", "No."], [None, 1, 1]),
        (["?", "!", "one"], ["?", "?", "one."], [1, 0, 1]),
        ([None, "A", "B"], ["A", "(a)", "A"], [None, 1, 0]),
    ],
    ids=str,
)
def test_items_without_a_target_and_signs_alone(
    written: Write, targets: list[Any], answers: list[str], wanted: list[int | None]
) -> None:
    rows = [
        {"id": i, "answer": answer, "target": target}
        for i, (answer, target) in enumerate(zip(answers, targets, strict=True))
    ]
    found = read_files([written("t.jsonl", "\n".join(map(json.dumps, rows)))], PLAIN)
    assert [next(iter(call.scores.values()), None) for call in found.calls] == wanted


@pytest.mark.parametrize("odd", ["\u200b", "🙂", "...", "—"])
def test_targets_without_words_are_texts(written: Write, odd: str) -> None:
    text = table([odd, "billing", "refund"] * 8, {"a": str})
    assert accuracy(read_files([written("t.jsonl", text)], PLAIN)) == {"a": 1}


def test_what_stands_beside_a_fault_is_no_answer(written: Write) -> None:
    rows = [
        json.loads(line)
        for line in table(LETTERS * 4, {"one": str, "two": "({})".format}).splitlines()
    ]
    for row in rows[:12]:
        row |= {"error": "429", "answer": "rate limit exceeded"}
    found = read_files([written("answers.jsonl", "\n".join(map(json.dumps, rows)))], PLAIN)
    assert accuracy(found) == {"one": 1.0, "two": 1.0}
    assert not any("rate limit" in note or "no target" in note for note in found.notes)
