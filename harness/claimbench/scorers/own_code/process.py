"""Runs a suite's own scorer or tool simulator in a process of its own, with limits of time, memory
and output.

Whoever calls has asked for consent (:mod:`claimbench.trust`). The process has none of this one's
environment beyond what Python needs, an empty folder of its own, and ends with the last answer. It
is no sandbox: a person has read the code.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from claimbench.scorers.own_code.reading import ScorerFile
from claimbench.types import Json

START_S = 30.0
"""Longest time that the process may take to start and to read the script."""
MEMORY_BYTES = 2 << 30
"""Address space of the process."""
MOST_STARTS = 5
"""How often a process that had to be killed is started again."""
_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "VIRTUAL_ENV")
_LONGEST_LINE = 1 << 20


class ScorerFails(Exception):
    """The script gave no score; the text says why, with its file and line where they are known."""


class ScorerStopped(ScorerFails):
    """The script had to be stopped: it took too long, or too much memory, with one answer."""


class ScorerProcess:
    """The process of one script, started with the first answer; used by one thread."""

    def __init__(self, script: ScorerFile, seconds: float, *, gives_json: bool = False) -> None:
        self._script = script
        self._seconds = seconds
        self._gives_json = gives_json
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._left = b""
        self._starts = 0

    def __enter__(self) -> ScorerProcess:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()

    def ask(self, given: Sequence[Json]) -> Json:
        """Return what the function gives for its arguments.

        Raises:
            ScorerFails: it raised, took too long or too much memory, or has done so too often.
        """
        answer = self._answer(json.dumps(list(given)).encode() + b"\n")
        if "error" in answer:
            raise ScorerFails(str(answer["error"]))
        return answer.get("value")

    def forgive(self) -> None:
        """Take back the last stop: an answer caused it, so the script is asked on."""
        self._starts = max(self._starts - 1, 0)

    def close(self) -> None:
        """End the process and what it started."""
        process, self._process, self._left = self._process, None, b""
        if process is not None:
            with contextlib.suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)
            with contextlib.suppress(OSError, ValueError):
                process.communicate()
        folder, self._folder = self._folder, None
        if folder is not None:
            folder.cleanup()

    def _answer(self, line: bytes) -> dict[str, Any]:
        if self._process is None:
            self._start()
        try:
            return self._exchange(line, self._seconds)
        except TimeoutError:
            why = f"it took longer than {self._seconds:g} s"
        except (OSError, EOFError, ValueError):
            why = f"its process ended; it may take {MEMORY_BYTES >> 20} MiB of memory"
        self.close()
        raise ScorerStopped(f"{self._script.file}: {why}")

    def _start(self) -> None:
        file = self._script.file
        if self._starts >= MOST_STARTS:
            raise ScorerFails(f"{file}: not asked any more: stopped {MOST_STARTS} times")
        self._starts += 1
        self._folder = tempfile.TemporaryDirectory(prefix="claimbench-scorer-")
        kept = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        self._process = subprocess.Popen(
            [sys.executable, "-I", str(Path(__file__).with_name("child.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**kept, "PYTHONHASHSEED": "0"},
            cwd=self._folder.name,
            start_new_session=True,
        )
        begin = {
            "file": file,
            "function": self._script.function,
            "source": self._script.source,
            "memory": MEMORY_BYTES,
        }
        if self._gives_json:
            begin |= {"json": True, "most": _LONGEST_LINE - 1024}
        try:
            said = self._exchange(json.dumps(begin).encode() + b"\n", START_S)
        except (OSError, EOFError, TimeoutError, ValueError):
            self.close()
            raise ScorerFails(f"{file}: reading it takes too long, or too much memory") from None
        if "error" in said:
            self.close()
            self._starts = MOST_STARTS
            raise ScorerFails(str(said["error"]))

    def _exchange(self, line: bytes, within_s: float) -> dict[str, Any]:
        process = self._process
        assert process is not None  # noqa: S101 - started by the caller
        assert process.stdin is not None  # noqa: S101 - asked for in _start
        assert process.stdout is not None  # noqa: S101
        until = time.monotonic() + within_s
        process.stdin.write(line)
        process.stdin.flush()
        parts = [self._left]
        while b"\n" not in parts[-1]:
            left_s = until - time.monotonic()
            if left_s <= 0 or not select.select([process.stdout.fileno()], [], [], left_s)[0]:
                raise TimeoutError
            part = os.read(process.stdout.fileno(), 1 << 16)
            if not part or sum(map(len, parts)) > _LONGEST_LINE:
                raise EOFError
            parts.append(part)
        answer, _, self._left = b"".join(parts).partition(b"\n")
        found = json.loads(answer)
        if not isinstance(found, dict):
            raise ValueError("no object")
        return found
