"""Lists that are not given in full."""

from __future__ import annotations

import pytest

from claimbench.scorers.typed.open_lists import has_or, is_all_but, is_open


def never(_text: str) -> bool:
    return False


@pytest.mark.parametrize(
    "text",
    [
        "red, green, etc.",
        "red, green and more",
        "rot, grün usw.",
        "红、绿等",
        "赤、緑など",
        "красный и т. д.",
        "red, ...",
        "colours such as red",
        "z. B. rot",
        "all but red",
        "toutes sauf rouge",
    ],
)
def test_a_list_that_goes_on_is_open(text: str) -> None:
    assert is_open(text, never)


@pytest.mark.parametrize("text", ["red, green", "more", "the rest is red", "nothing", "all: red"])
def test_a_full_list_is_not(text: str) -> None:
    assert not is_open(text, never)


def test_an_item_of_the_target_is_none_of_these_words() -> None:
    assert not is_open("red and others", lambda word: word == "others")


def test_exceptions_are_known_from_idioms() -> None:
    assert is_all_but("everything except red")
    assert not is_all_but("all but certain")
    assert not is_all_but("all signs are red, but small")


@pytest.mark.parametrize(
    ("text", "n"), [("red or green", 2), ("rot oder grün", 2), ("红或绿", 2), ("orange", 1)]
)
def test_or_parts_alternatives(text: str, n: int) -> None:
    assert len(has_or(text)) == n
