"""The words of an error: what was seen, what exists, and what was probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(seen: object, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the nearest of ``known``, or an empty string."""
    names = sorted({str(name) for name in known})
    folded: dict[str, str] = {}
    for name in names:
        folded.setdefault(name.casefold().replace("-", "_"), name)
    text = str(seen).casefold().replace("-", "_")
    close = difflib.get_close_matches(text, list(folded), n=1, cutoff=0.5)
    if close and len(text) <= _SHORT and not _one_slip(text, close[0]):
        close = []
    if not close:
        close = [
            name
            for name in folded
            if len(text) >= 3 and (name.startswith(text) or text.startswith(name))
        ][:1]
    return f"; did you mean '{folded[close[0]]}'?" if close else ""


_SHORT = 4
"""Letters of words that share half of them by chance: "nope" is no "open"."""


def _one_slip(text: str, name: str) -> bool:
    """Say whether one letter too many, too few, wrong or swapped parts two words."""
    if len(text) > len(name):
        text, name = name, text
    if len(name) - len(text) == 1:
        return any(name[:i] + name[i + 1 :] == text for i in range(len(name)))
    wrong = [i for i, sign in enumerate(text) if len(text) == len(name) and sign != name[i]]
    swapped = len(wrong) == 2 and text[wrong[0]] + text[wrong[1]] == name[wrong[1]] + name[wrong[0]]
    return len(wrong) == 1 or swapped


def one_of(known: Iterable[str], limit: int = 12) -> str:
    """Return the known names as a readable list, cut after ``limit``."""
    names = [str(name) for name in known]
    more = f", … ({len(names)} in all)" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


def show(value: object, limit: int = 60) -> str:
    """Return what was seen, short enough for one line."""
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
