r"""LaTeX in answers: ``\boxed``, ``\frac``, ``\text`` and spaces, as plain text."""

from __future__ import annotations

import re

UNREAD = "\ue000"
"""Stands for something that has a value but is no number: a root, pi, a fraction of letters."""

_BOXED = re.compile(r"\\f?boxed\s*(?=\{)")
_LONGEST_ARGUMENT = 2000
_SPACES = re.compile(
    r"\\[,;:! ]|\\q?quad(?![A-Za-z])|(?<=\d)~(?=[\d\\A-Za-z])|\\thinspace(?![A-Za-z])"
)
_WRAPPERS = re.compile(
    r"\\(?:text(?:bf|it|rm|tt|sf)?|math(?:rm|bf|it|sf|tt|bb)|operatorname|mbox|hbox|bm"
    r"|boldsymbol)\s*\{([^{}\\]*)\}"
)
_FRACTION = re.compile(r"\\[dtc]?frac\s*(?:\{([^{}]*)\}\s?\{([^{}]*)\}|(\d)\s*(\d))")
_PLAIN_NUMBER = re.compile(r"\s*[-+]?\d+(?:[.,]\d+)*\s*")


def boxed(text: str) -> str | None:
    r"""Return the contents of the last ``\boxed{…}``, braces paired; None if there is none."""
    start = None
    for found in _BOXED.finditer(text):
        start = found.end()
    if start is None:
        return None
    depth = 0
    for place in range(start, min(len(text), start + _LONGEST_ARGUMENT)):
        if text[place] == "{" and text[place - 1] != "\\":
            depth += 1
        elif text[place] == "}" and text[place - 1] != "\\":
            depth -= 1
            if not depth:
                return text[start + 1 : place]
    return None


def without_latex(text: str) -> str:
    r"""Return text with LaTeX's numbers as one writes them by hand; roots and constants become
    :data:`UNREAD`.
    """
    if "\\" not in text and "{,}" not in text:
        return text
    text = re.sub(r"\\[!]", "", text.replace("{,}", ",").replace("{.}", ".").replace("{~", "{"))
    text = _SPACES.sub(" ", text)
    text = re.sub(r"\\([%$#&_€£])", r"\1", text)
    for _ in range(3):  # wrappers inside wrappers
        text = _WRAPPERS.sub(r" \1 ", text)
    text = _FRACTION.sub(_fraction, text)
    text = re.sub(r"\\(?:sqrt|pi|e|frac|dfrac|infty|log|ln)(?![A-Za-z])", UNREAD, text)
    text = re.sub(r"\\(?:times|cdot)(?![A-Za-z])", "×", text)
    text = re.sub(r"\\(?:left|right|displaystyle|mathrm|approx|quad)(?![A-Za-z])", " ", text)
    return re.sub(r"\\[()\[\]]", " ", text)


def _fraction(found: re.Match[str]) -> str:
    above, below = found.group(1, 2) if found.group(3) is None else found.group(3, 4)
    if _PLAIN_NUMBER.fullmatch(above) and _PLAIN_NUMBER.fullmatch(below):
        blank = " " if found.string[max(0, found.start() - 1) : found.start()].isdigit() else ""
        return f"{blank}{above.strip()}/{below.strip()} "
    return f" {UNREAD} "
