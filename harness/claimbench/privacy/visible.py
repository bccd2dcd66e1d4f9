"""Foreign text made visible: what a terminal would obey, or a reader would not see, is shown by its
number.
"""

from __future__ import annotations

import re
import unicodedata

_INVISIBLE = re.compile(
    "[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff\ud800-\udfff\U000e0000-\U000e0fff]"
)
_VARIATION = frozenset("\ufe0f\u200d")


def visible(text: str) -> str:
    """Show controls, direction overrides, zero-width characters and lone surrogates as
    ``[U+202E]``.

    Line feed and tab stay. The joiner and the variation selector inside an emoji stay too: there
    they are part of a visible sign.
    """

    def show(match: re.Match[str]) -> str:
        char, at = match.group(), match.start()
        if (
            char in _VARIATION
            and at
            and unicodedata.category(text[at - 1]) in ("So", "Sk", "Po", "Nd")
        ):
            return char
        return f"[U+{ord(char):04X}]"

    return _INVISIBLE.sub(show, text.replace("\r\n", "\n"))


def json_visible(text: str) -> str:
    """Return JSON text with the same characters escaped: it says the same, and a terminal obeys
    nothing of it.
    """

    def escaped(match: re.Match[str]) -> str:
        units = match.group().encode("utf-16-be", "surrogatepass").hex()
        return "".join(f"\\u{units[i : i + 4]}" for i in range(0, len(units), 4))

    return _INVISIBLE.sub(escaped, text)
