"""llama.cpp's log: kept for error messages, never printed over a progress bar."""

from __future__ import annotations

import ctypes
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_ERROR_LEVEL = 4  # GGML_LOG_LEVEL_ERROR
_CONTINUED = 5


class LlamaLog:
    """The last lines of llama.cpp's log while :meth:`capture` is active, and all its errors since
    the last reset.
    """

    def __init__(self, low: Any) -> None:
        self._low = low
        self.lines: deque[str] = deque(maxlen=400)
        self.errors: deque[str] = deque(maxlen=20)
        self._level = 0
        # The native side keeps the pointer, so the callback must live as long as this object.
        self._callback = low.llama_log_callback(self._take)

    def _take(self, level: int, text: bytes, _user_data: Any) -> None:
        line = text.decode("utf-8", "replace").strip()
        self._level = self._level if level == _CONTINUED else level
        if line and line != ".":
            self.lines.append(line)
            if self._level == _ERROR_LEVEL or "error" in line.lower() or "failed" in line.lower():
                self.errors.append(line)

    @contextmanager
    def capture(self) -> Iterator[None]:
        """Take the log in this block; afterwards llama-cpp-python's own quiet logger is back.

        It is never handed back to another :class:`LlamaLog`, which may be gone by then.
        """
        from llama_cpp import _logger

        _logger.set_verbose(False)
        self._low.llama_log_set(self._callback, ctypes.c_void_p(0))
        try:
            yield
        finally:
            self._low.llama_log_set(_logger.llama_log_callback, ctypes.c_void_p(0))

    def reason(self) -> str:
        """The errors as one text, for a message; empty if llama.cpp gave none."""
        return "; ".join(dict.fromkeys(self.errors))

    def reset(self) -> None:
        """Forget what was kept."""
        self.lines.clear()
        self.errors.clear()
