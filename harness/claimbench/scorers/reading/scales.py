"""A scale that an answer repeats before it gives a grade: "on a scale from 1 to 5: 3"."""

from __future__ import annotations

import re

_TO = (
    r"(?:-|–|—|~|～|〜|to|through|bis|à|a|al|до|tot|til|till|do|đến|sampai"
    r"|到|至|から|에서|से|ถึง|إلى|עד)"
)
_EITHER = re.compile(
    rf" ?(?:{_TO}|or|oder|ou|o|или|of|lub|veya|hoặc|atau|或|或者|か|または|또는|या|หรือ|أو|או) ?",
    re.IGNORECASE,
)


def without_scale(text: str, lowest: str, highest: str) -> str:
    """Return text without the scale's two ends side by side, as long as a digit remains.

    Args:
        text: the answer.
        lowest: the scale's lowest grade as it is written.
        highest: its highest.
    """
    scale = re.compile(
        rf"(?<![\dA-Za-z.,/-]){re.escape(lowest)} ?{_TO} ?{re.escape(highest)}"
        r"(?![\dA-Za-z/-]|[.,]\d)",
        re.IGNORECASE,
    )
    bare = scale.sub(" ", text)
    return bare if re.search(r"\d", bare) else text


def is_either(between: str) -> bool:
    """Return whether what stands between two grades leaves both: 2 or 3, 2-3."""
    return _EITHER.fullmatch(between) is not None
