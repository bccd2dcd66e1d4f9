"""What cannot be read is told in words of what it is, never in those of Python."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from claimbench.errors import BenchError, why_unreadable
from claimbench.pricing.price_lists.book import read_books


def fault(made: Callable[[], Any]) -> Exception:
    with pytest.raises(Exception) as raised:  # noqa: PT011 - whatever the reader's own code raises
        made()
    return raised.value


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda: {}["k"], "'k' is missing"),
        (lambda: [1].pop(7), "a list is shorter than it has to be"),
        (lambda: b"x".items(), "a value is of another kind than it has to be"),
        (lambda: 1 + "x", "a value is of another kind than it has to be"),
        (lambda: Decimal("x"), "a number is none that can be reckoned with"),
        (lambda: int("7,5"), "invalid literal for int() with base 10: '7,5'"),
    ],
)
def test_a_fault_of_form_is_told_in_words(made: Callable[[], Any], words: str) -> None:
    assert why_unreadable(fault(made)) == words


def test_a_book_of_another_form_names_no_class_of_python(tmp_path: Path) -> None:
    book = tmp_path / "book.yaml"
    book.write_text("book: mine\nprices: [{id: a, model: b, provider: c, eras: 7}]\n")
    with pytest.raises(BenchError) as raised:
        read_books([book])
    assert not re.search(r"\w+Error|object has no attribute|not iterable", str(raised.value))
