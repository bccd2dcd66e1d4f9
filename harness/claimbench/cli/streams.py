"""Standard output and error that may go away: a closed terminal, a full disk, a reader that left.

A run goes on without an audience, and an exit code never says of claims what a stream did.
"""

from __future__ import annotations

import errno
import os
import sys
from typing import Any, TextIO, cast


class Audience:
    """A text stream on which foreign text is made visible, and whose faults are kept instead of
    raised; after the first nothing more is written.

    It is the one door to a terminal: names, answers and errors of others may hold what a terminal
    obeys. :attr:`drawn` takes what must stay as it is: data that is exported, drawings of rich.

    ``lost`` is the fault, None while it works. A reader that left (``| head``) wanted no more, and
    that is no loss.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self._gone = stream is None
        self.lost: str | None = "it is closed" if stream is None else None
        self.drawn: TextIO = cast("TextIO", _Drawn(self))

    def write(self, text: str) -> int:
        """Write ``text``, made visible, if somebody is there; return its length either way."""
        if not isinstance(text, str):
            raise TypeError(f"text is written here, not {type(text).__name__}")
        if not text.replace("\n", "").replace("\t", "").isprintable():
            from claimbench.privacy.visible import visible

            return self.write_drawn(visible(text))
        return self.write_drawn(text)

    def write_drawn(self, text: str) -> int:
        """Write ``text`` as it is."""
        if not self._gone and self._stream is not None:
            try:
                self._stream.write(text)
            except (OSError, ValueError) as error:
                self._leave(error)
        return len(text)

    def write_bytes(self, data: bytes) -> None:
        """Write bytes, which no terminal is to get."""
        if not self._gone and self._stream is not None:
            try:
                self._stream.flush()
                self._stream.buffer.write(data)
                self._stream.buffer.flush()
            except (OSError, ValueError) as error:
                self._leave(error)

    def writelines(self, lines: list[str]) -> None:
        """Write several texts."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Hand over what is buffered."""
        if not self._gone and self._stream is not None:
            try:
                self._stream.flush()
            except (OSError, ValueError) as error:
                self._leave(error)

    def isatty(self) -> bool:
        """Say whether a person reads it."""
        if self._gone or self._stream is None:
            return False
        try:
            return self._stream.isatty()
        except (OSError, ValueError):
            return False

    def _leave(self, error: OSError | ValueError) -> None:
        if isinstance(error, UnicodeError):
            raise error
        self._gone = True
        if not isinstance(error, BrokenPipeError) and getattr(error, "errno", 0) != errno.EPIPE:
            self.lost = str(getattr(error, "strerror", None) or error)

    def __getattr__(self, name: str) -> Any:
        if self._stream is None:
            known = {"encoding": "utf-8", "errors": "strict", "closed": False}
            if name in known:
                return known[name]
            raise AttributeError(name)
        return getattr(self._stream, name)


class _Drawn:
    """An audience that takes text as it is."""

    def __init__(self, audience: Audience) -> None:
        self._audience = audience

    def write(self, text: str) -> int:
        return self._audience.write_drawn(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._audience, name)


def drawn(stream: TextIO) -> TextIO:
    """Return where text is written as it is: for data that is exported, and for what rich draws."""
    return stream.drawn if isinstance(stream, Audience) else stream


def write_bytes(stream: TextIO, data: bytes) -> None:
    """Write bytes to standard output: a file that is not text, handed on to another program."""
    if isinstance(stream, Audience):
        stream.write_bytes(data)
    else:
        stream.buffer.write(data)


def open_streams() -> Audience:
    """Put audiences in place of standard output and error, and return the former.

    A number below 3 that is closed would be given to the next file that is opened, a database even,
    and a library that writes to it would write there: it is opened on nothing.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    out = sys.stdout if isinstance(sys.stdout, Audience) else Audience(sys.stdout)
    sys.stdout = out
    if not isinstance(sys.stderr, Audience):
        sys.stderr = Audience(sys.stderr)
    return out
