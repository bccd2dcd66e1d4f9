"""A scale that an answer repeats before it gives a grade: "on a scale from 1 to 5: 3"."""

from __future__ import annotations

import re

from claimbench.scorers.reading.languages.joining import AND, OR, TO

_EITHER = re.compile(
    rf" ?(?:{TO}|{OR}) ?|[\s,;/|&*_]*(?:{AND}[\s*_]*)?(?:[^\W\d]+ ?[:：=][ *_]*)?", re.IGNORECASE
)
"""Also nothing but signs, or the same word before each: "Grade: 1, Grade: 2"."""


def without_scale(text: str, lowest: str, highest: str) -> str:
    """Return text without the scale's two ends side by side, as long as a digit remains.

    Args:
        text: the answer.
        lowest: the scale's lowest grade as it is written.
        highest: its highest.
    """
    scale = re.compile(
        rf"(?<![\dA-Za-z.,/-]){re.escape(lowest)} ?{TO} ?{re.escape(highest)}"
        r"(?![\dA-Za-z/-]|[.,]\d)",
        re.IGNORECASE,
    )
    bare = scale.sub(" ", text)
    return bare if re.search(r"\d", bare) else text


def is_either(between: str) -> bool:
    """Return whether what stands between two grades leaves both: 2 or 3, 2-3, 2, 3."""
    return _EITHER.fullmatch(between) is not None
