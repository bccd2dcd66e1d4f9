"""A label speaks of the text that was drawn, whatever a spreadsheet did to its cell."""

from __future__ import annotations

import pytest

from claimbench.cli.commands.labels import LONGEST_CELL, same_cell

LONG = "a word and " * 5000


@pytest.mark.parametrize(
    ("cell", "text", "same"),
    [
        ("Yes.", "Yes.", True),
        ("  Yes.\r\n\r\nNo. ", "Yes.\n\nNo.", True),
        ("'=1+1", "=1+1", True),
        ("=1+1", "=1+1", True),
        ("TRUE", "true", True),
        (7, "007", True),
        ("1.5", "1.50", True),
        ("", "", True),
        (None, "", True),
        ("[U+0007]bell", "\x07bell", True),
        (LONG[:LONGEST_CELL], LONG, True),
        ("No.", "Yes.", False),
        ("Yes", "Yes.", False),
        ("5", "-5", False),
        ("", "Yes.", False),
        (None, "Yes.", False),
        ("a word", LONG, False),
        ("x" + LONG[:LONGEST_CELL], LONG, False),
    ],
)
def test_a_cell_is_the_text_it_was(cell: object, text: str, same: bool) -> None:
    assert same_cell(cell, text) is same
