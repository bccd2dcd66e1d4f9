"""Names of months: one number each, in every language of the table."""

from __future__ import annotations

import pytest

from claimbench.scorers.reading.dates import read_dates
from claimbench.scorers.reading.languages.month_names import LINES


def test_a_name_stands_for_one_month() -> None:
    lines = LINES.strip().splitlines()
    names = [name for line in lines for name in line.split()]
    assert len(lines) == 12
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("4 березня 2026", "2026-03-04"),
        ("2026. március 4.", "2026-03-04"),
        ("৪ মার্চ ২০২৬", "2026-03-04"),
        ("民國113年3月4日", "2024-03-04"),
        ("4 มีนาคม พ.ศ. 2569", "2026-03-04"),
        ("15 listopada 2025", "2025-11-15"),
        ("15. listopada 2025", "unclear"),
        ("4 March 2569 BE", "unclear"),
        ("4 March 44 BC, 4 March 2026 BC", "unclear"),
    ],
)
def test_dates_are_read_by_them_or_not_at_all(text: str, shown: str) -> None:
    assert [found.shown for found in read_dates(text)] == [shown]
