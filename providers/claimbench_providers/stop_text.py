"""From token bytes to text events: UTF-8 across tokens, stop strings across tokens, thinking kept
apart.
"""

from __future__ import annotations

import codecs
from collections.abc import Sequence

from claimbench.types import Delta

THINK_TAGS = ("<think>", "</think>")


class TextStream:
    """Turns pieces of bytes into :class:`Delta` events, holding back only what may still become a
    stop string or a tag.

    Stop strings end the answer, not the reasoning, and are not part of the text. With ``tags``,
    text between the pair at the very start of the output is reasoning; ``thinking`` says that the
    prompt itself opened the tag.
    """

    def __init__(
        self, stop: Sequence[str], tags: tuple[str, str] | None = None, *, thinking: bool = False
    ) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._stop = tuple(s for s in stop if s)
        self._tags = tags
        self._held = ""
        self._state = "thinking" if thinking and tags else ("start" if tags else "answer")
        self._answer: list[str] = []
        self.stopped = False

    @property
    def answer(self) -> str:
        """The answer so far, as it was handed out."""
        return "".join(self._answer)

    @property
    def thinking(self) -> bool:
        """Tell whether the last piece belonged to the reasoning."""
        return self._state == "thinking"

    def push(self, piece: bytes) -> list[Delta]:
        """Events for one more piece; sets ``stopped`` once a stop string is complete."""
        return self._take(self._decoder.decode(piece), final=False)

    def finish(self) -> list[Delta]:
        """Return what was held back, at the end of the output."""
        return [] if self.stopped else self._take(self._decoder.decode(b"", final=True), final=True)

    def _take(self, text: str, *, final: bool) -> list[Delta]:
        self._held += text
        events: list[Delta] = []
        if self._tags is not None:
            opening, closing = self._tags
            if self._state == "start":
                self._open(opening, final=final)
            if self._state == "thinking":
                self._close(closing, events, final=final)
            if self._state == "between":
                # The line breaks that templates put after the closing tag are no part of the
                # answer.
                self._held = self._held.lstrip()
                if self._held:
                    self._state = "answer"
        if self._state == "answer":
            self._give(events, final=final)
        return events

    def _open(self, tag: str, *, final: bool) -> None:
        seen = self._held.lstrip()
        if seen.startswith(tag):
            self._held = seen[len(tag) :].lstrip("\n")
            self._state = "thinking"
        elif final or (seen and not tag.startswith(seen)):
            self._state = "answer"

    def _close(self, tag: str, events: list[Delta], *, final: bool) -> None:
        at = self._held.find(tag)
        if at >= 0:
            thought = self._held[:at]
            self._held = self._held[at + len(tag) :]
            self._state = "between"
        else:
            keep = 0 if final else _overlap(self._held, (tag,))
            thought = self._held[: len(self._held) - keep]
            self._held = self._held[len(self._held) - keep :]
        if thought:
            events.append(Delta(thought, "reasoning"))

    def _give(self, events: list[Delta], *, final: bool) -> None:
        places = [self._held.find(stop) for stop in self._stop]
        found = [at for at in places if at >= 0]
        if found:
            text = self._held[: min(found)]
            self._held = ""
            self.stopped = True
        else:
            keep = 0 if final or not self._stop else _overlap(self._held, self._stop)
            text = self._held[: len(self._held) - keep]
            self._held = self._held[len(self._held) - keep :]
        if text:
            self._answer.append(text)
            events.append(Delta(text))


def _overlap(text: str, needles: Sequence[str]) -> int:
    """Length of the longest end of ``text`` that is a proper beginning of one of ``needles``."""
    longest = min(len(text), max(len(n) for n in needles) - 1)
    for size in range(longest, 0, -1):
        tail = text[-size:]
        if any(n.startswith(tail) for n in needles):
            return size
    return 0
