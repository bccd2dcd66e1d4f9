"""Names in sentences: what classes of models are called, and the nearest known name."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

_NOUN = r"(?:models?|ones|llms?|rivals?|competitors?|alternatives?|systems?)"
_GRADE = r"(?:best |leading |top |frontier |state-of-the-art )?"
OPEN = rf"(?:the )?{_GRADE}open(?:[- ](?:weights?|source))? {_NOUN}"
CLOSED = rf"(?:the )?{_GRADE}(?:closed|proprietary|commercial)(?:[- ](?:weights?|source))? {_NOUN}"


def nearest(name: str, known: Sequence[str]) -> str:
    """Say what the nearest known name is: ``", did you mean 'x'?"`` or ``"; known: a, b"``."""
    lower = {k.lower(): k for k in known}
    close = difflib.get_close_matches(name.lower(), list(lower), n=1, cutoff=0.5)
    return (
        f", did you mean {lower[close[0]]!r}?"
        if close
        else f"; known: {', '.join(known) or 'none'}"
    )


def flexible(name: str) -> str:
    """Give a pattern of a name in which spaces, hyphens and underscores are alike."""
    return re.sub(r"(?:\\[-_ ]|[-_ ])+", "[-_ ]?", re.escape(name))
