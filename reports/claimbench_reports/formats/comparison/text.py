"""A comparison as text of at most 80 columns: the sentence first, then what it rests on."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from claimbench.monitoring import words
from claimbench.monitoring.as_json import by_arm
from claimbench.monitoring.types import Comparison, Step

WIDTH = 80
MOST_DIFFERENCES = 12
"""Differences shown of one arm; the files hold all."""


def comparison_lines(comparison: Comparison) -> list[str]:
    """Return the comparison as lines; nothing is cut but the list of differences."""
    step = comparison.last
    lines = _wrapped(words.headline(comparison))
    for note in step.notes:
        lines += _wrapped(f"{note}.")
    lines += _wrapped(words.look_words(step))
    lines += _block("", words.arm_sentences(step))
    lines += _block("Samples", words.pairing_words(step.pairing))
    lines += _block("Model", (f"{words.drift_words(one)}." for one in step.drifts))
    lines += _block("Flips", (f"{words.flip_words(one)}." for one in step.flips))
    lines += _block(
        "Dollars per 1,000 requests", (f"{words.bill_lines(one)}." for one in step.bills)
    )
    lines += _block("What else differs", _differences(step))
    if len(comparison.steps) > 1:
        lines += ["", "Runs against this baseline"]
        lines += _series(comparison)
    lines += _block("Left out", (f"{run}: {why}." for run, why in comparison.skipped.items()))
    return lines


def _differences(step: Step) -> Iterable[str]:
    for arm, found in by_arm(step.differences).items():
        for one in found[:MOST_DIFFERENCES]:
            of = f"{arm}, " if arm else ""
            yield f"{of}{one.key}: {one.base} -> {one.new}"
        if len(found) > MOST_DIFFERENCES:
            yield f"{arm or 'the runs'}: {len(found) - MOST_DIFFERENCES} more, in --json"


def _series(comparison: Comparison) -> list[str]:
    rows = [("look", "run", "state", "changed"), *words.series_rows(comparison.steps)]
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    lines: list[str] = []
    for row in rows:
        head = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False))
        lines += _wrapped(f"{head}  {row[3]}", "  ")
    return lines


def _block(head: str, texts: Iterable[str]) -> list[str]:
    told = list(texts)
    if not told:
        return []
    lines = ["", head] if head else [""]
    for text in told:
        lines += _wrapped(text, "  " if head else "")
    return lines


def _wrapped(text: str, indent: str = "") -> list[str]:
    """Wrap at 80 columns; a word that is longer is broken, for a name may be."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        break_on_hyphens=False,
    )
