"""Pages are compared exactly, but for roundings of the coordinates of paths."""

from __future__ import annotations

import pytest

from claimbench.evidence.compare import page_difference

PAGE = """<p>1.00</p><svg>
<g transform="translate(1.00 2.00) scale(0.0156 -0.0156)">
<path id="g" d="M 1.00 2.00 L 3.00 4.00" stroke-width="1.00"/>
<use x="1.00" href="#g"/>
</svg>"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("scale(0.0156", "scale(0.0001"),
        ("translate(1.00", "translate(1.05"),
        ('x="1.00"', 'x="1.01"'),
        ('stroke-width="1.00"', 'stroke-width="0.99"'),
        ("<p>1.00", "<p>1.01"),
        ("L 3.00", "L 3.20"),
        ("L 3.00", "M 3.00"),
        ('id="g"', 'id="h"'),
    ],
)
def test_any_other_number_or_word_is_found(old: str, new: str) -> None:
    assert page_difference(PAGE.replace(old, new), PAGE) is not None


def test_a_rounding_of_a_path_is_none() -> None:
    assert page_difference(PAGE.replace("L 3.00 4.00", "L 3.01 3.99"), PAGE) is None
    assert page_difference(PAGE, PAGE) is None
