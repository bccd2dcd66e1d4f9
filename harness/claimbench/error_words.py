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
    if not close:
        close = [
            name
            for name in folded
            if len(text) >= 3 and (name.startswith(text) or text.startswith(name))
        ][:1]
    return f"; did you mean '{folded[close[0]]}'?" if close else ""


def one_of(known: Iterable[str], limit: int = 12) -> str:
    """Return the known names as a readable list, cut after ``limit``."""
    names = [str(name) for name in known]
    more = f", … ({len(names)} in all)" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


def show(value: object, limit: int = 60) -> str:
    """Return what was seen, short enough for one line."""
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
