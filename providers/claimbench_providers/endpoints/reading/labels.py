"""Take the label out of an answer that was constrained to one."""

from __future__ import annotations

import json
import re


class LabelText:
    """Takes the label out of a streamed ``{"label": "..."}``, so that scorers see what other arms
    give them.

    Text of another shape passes unchanged.
    """

    _OPENING = re.compile(r'\s*\{\s*"label"\s*:\s*"')
    # A character beyond U+FFFF is two escapes, which must not be torn apart; a first one alone is
    # no text at all.
    _CHARACTERS = re.compile(
        r"""(?:[^"\\]|\\u[dD][89abAB][0-9a-fA-F]{2}(?:\\u[0-9a-fA-F]{4}|(?=[^\\]))|"""
        r"""\\u(?![dD][89abAB])[0-9a-fA-F]{4}|\\[^u])*"""
    )
    _COULD_OPEN = re.compile(r'\s*(\{\s*("(l(a(b(e(l("\s*(:\s*)?)?)?)?)?)?)?)?)?\Z')

    def __init__(self) -> None:
        self._held = ""
        self._state = "start"

    def push(self, text: str) -> str:
        """The visible part of one more piece."""
        if self._state == "raw":
            return text
        if self._state == "done":
            return ""
        self._held += text
        if self._state == "start":
            opening = self._OPENING.match(self._held)
            if opening is None:
                return "" if self._COULD_OPEN.match(self._held) else self.finish()
            self._held = self._held[opening.end() :]
            self._state = "inside"
        return self._inside()

    def _inside(self) -> str:
        end = self._CHARACTERS.match(self._held)
        whole = end.group() if end else ""
        rest = self._held[len(whole) :]
        if rest.startswith('"'):
            self._state = "done"
            rest = ""
        self._held = rest
        return str(json.loads(f'"{whole}"', strict=False))

    def finish(self) -> str:
        """Return what was held back, at the end or when the text proves to be of another shape."""
        if self._state == "start":
            held = self._held
            self._held = ""
            self._state = "raw"
            return held
        return ""
