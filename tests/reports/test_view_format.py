"""Rounding and the handling of foreign text."""

from __future__ import annotations

import math

import pytest

from claimbench_reports.view import format as f


@pytest.mark.parametrize(
    ("unit", "value", "text"),
    [
        ("percent", 0.8425, "84.2%"),
        ("percent", 0.9991, "99.91%"),
        ("percent", 1.0, "100.0%"),
        ("percent", 0.0, "0.0%"),
        ("points", 0.0314, "+3.1 pts"),
        ("points", -0.0314, "−3.1 pts"),
        ("points", 0.0, "0.0 pts"),
        ("seconds", 0.0123, "12 ms"),
        ("seconds", 0.9996, "1.00 s"),
        ("seconds", 75.04, "75.0 s"),
        ("usd", 0.0, "$0.00"),
        ("usd", 0.2, "$0.20"),
        ("usd", 0.999, "$1.00"),
        ("usd", 0.0000123, "$0.0000123"),
        ("usd", 12.3, "$12.30"),
        ("usd", 1234.5, "$1,234"),
        ("ratio", 0.0999, "0.0999×"),
        ("ratio", 9.996, "10.0×"),
        ("of_baseline", 0.042, "4.2%"),
        ("of_baseline", 1.2, "120%"),
        ("p", 0.0004, "<0.001"),
        ("p", 0.0500, "0.050"),
        ("count", 12345, "12,345"),
        ("hours", 0.25, "15 min"),
        ("hours", 100, "4 days"),
        ("score", 1.0, "1"),
        ("score", 2 / 3, "0.67"),
    ],
)
def test_units(unit: str, value: float, text: str) -> None:
    assert f.figure("x", value, unit).text == text


def test_unknown_is_never_zero() -> None:
    for value in (None, math.nan):
        shown = f.figure("x", value, "usd")
        assert shown.value is None
        assert shown.text == "unknown"
    assert f.figure("x", math.inf, "seconds").text == "timed out"


def test_open_ends_are_worded() -> None:
    assert f.figure("x", 1, "seconds", low=0.5, high=math.inf).interval == "at least 500 ms"
    assert f.figure("x", 1, "ratio", low=-math.inf, high=2).interval == "at most 2.00×"
    assert f.figure("x", 1, "ratio", low=-math.inf, high=math.inf).interval == "no bounds"
    assert f.figure("x", 1, "ratio", low=0, high=math.inf).interval == "no bounds"
    assert f.figure("x", 0.1, "points", low=0, high=math.inf).interval == "at least 0.0 pts"
    assert f.figure("x", 1, "seconds", low=0.5, high=math.inf).high is None
    assert f.figure("x", 1, "ratio").interval == ""


def test_invisible_characters_become_visible() -> None:
    assert f.visible("a\u202eb\u200bc\u0000d\ud800e\u2028f\r") == (
        "a[U+202E]b[U+200B]c[U+0000]d[U+D800]e[U+2028]f[U+000D]"
    )
    assert f.visible("line\r\nnext\tcell") == "line\nnext\tcell"
    assert (
        f.visible("\u05e9\u05dc\u05d5\u05dd") == "\u05e9\u05dc\u05d5\u05dd"
    )  # right-to-left letters are text
    assert f.visible("\u2764\ufe0f") == "\u2764\ufe0f"
    assert f.visible("a\u200db") == "a[U+200D]b"


def test_cuts_say_so() -> None:
    cut = f.excerpt("x" * 1_000_000, 600)
    assert len(cut.text) == 600
    assert "600 of 1,000,000" in cut.note
    assert f.excerpt("short", 600).note == ""
    assert f.excerpt(None, 600).text == ""


@pytest.mark.parametrize(
    ("unit", "value", "low", "high", "text", "interval"),
    [
        ("of_baseline", 0.16, 0.15998, 0.16003, "16%", "15.998% to 16.003%"),
        ("percent", 0.84, 0.83999, 0.84002, "84.000%", "83.999% to 84.002%"),
        ("points", 0.01, 0.00999, 0.01001, "+1.000 pts", "+0.999 pts to +1.001 pts"),
        ("usd", 1.0, 0.9999, 1.0001, "$1.0000", "$0.9999 to $1.0001"),
        ("usd", 1234.5, 1234.4, 1234.6, "$1,234.50", "$1,234.40 to $1,234.60"),
        ("seconds", 1.5, 1.4999, 1.5001, "1.5000 s", "1.4999 s to 1.5001 s"),
        ("of_baseline", 0.16, 0.16, 0.16, "16%", "exactly 16%"),
        ("usd", 0.0, 0.0, 0.0, "$0.00", "exactly $0.00"),
        ("percent", 0.5, 0.4, 0.6, "50.0%", "40.0% to 60.0%"),
    ],
)
def test_the_ends_of_an_interval_are_told_apart(
    unit: str, value: float, low: float, high: float, text: str, interval: str
) -> None:
    shown = f.figure("x", value, unit, low=low, high=high)
    assert (shown.text, shown.interval) == (text, interval)


@pytest.mark.parametrize("unit", sorted(f.FINER))
@pytest.mark.parametrize("width", [1e-2, 1e-3, 1e-4, 1e-5])
def test_no_interval_says_one_number_twice(unit: str, width: float) -> None:
    for value in (0.037, 0.16, 0.5, 0.97, 3.2):
        text = f.interval(value, value * (1 + width), unit)
        low, _, high = text.partition(" to ")
        assert low != high, (unit, value, width, text)


@pytest.mark.parametrize("unit", ["percent", "points", "of_baseline"])
@pytest.mark.parametrize("ends", [(-1e-10, 1e-10), (0.0, 0.0), (-1e-16, -1e-17), (0.0, 3e-10)])
def test_what_rounding_alone_tells_from_nothing_is_nothing(
    unit: str, ends: tuple[float, float]
) -> None:
    found = f.figure("x", ends[0], unit, low=ends[0], high=ends[1])
    assert found.text == f.figure("x", 0.0, unit).text
    assert found.interval == f"exactly {found.text}"


@pytest.mark.parametrize(
    ("unit", "low", "high", "note", "interval", "said"),
    [
        ("ratio", 0.467391298, 0.467391311, "", "exactly 0.467×", ""),
        ("usd", 0.045, 0.045, "99.5% interval", "exactly $0.045", ""),
        ("usd", 0.045, 0.045, "99.5% interval; few", "exactly $0.045", "few"),
        ("usd", 0.04, 0.05, "99.5% interval", "$0.04 to $0.05", "99.5% interval"),
        ("ratio", 0.467, 0.468, "", "0.4670× to 0.4680×", ""),
    ],
)
def test_an_exact_figure_has_no_level_and_no_noise_of_a_search(
    unit: str, low: float, high: float, note: str, interval: str, said: str
) -> None:
    found = f.figure("x", (low + high) / 2, unit, low=low, high=high, note=note)
    assert (found.interval, found.note) == (interval, said)
