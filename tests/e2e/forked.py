"""``bench`` as a process of its own, forked from one that has it imported (fork_server.py): what
tests use where starting Python anew is not the point. One server in each process of tests.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

BENCH = (sys.executable, "-m", "claimbench.cli")
"""What a user starts; for tests whose point is the process: its start, its death, its terminal."""

AT_THE_START = ("PYTHON", "LC_", "LANG", "LD_", "MALLOC", "OPENBLAS", "OMP", "TZ", "_BENCH", "MPL")
"""Variables that a Python, or a library, reads once, at its start."""


class _Server:
    """The process with everything imported."""

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="bench-fork-")
        self.address = str(Path(self.folder.name) / "s")
        self.at_start = at_start(os.environ)
        kept = {name: value for name, value in os.environ.items() if not name.endswith("_KEY")}
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("fork_server.py")), self.address],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=kept,
            start_new_session=True,  # an interrupt of the tests is none of the commands'
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"ready\n", "the server of forks did not start"

    def close(self) -> None:
        """End it, and the commands that nobody waits for any more end by themselves."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(30)
        self.folder.cleanup()


_SERVERS: dict[int, _Server] = {}
_LOCK = threading.Lock()


def at_start(env: Mapping[str, str]) -> dict[str, str]:
    """Return what of an environment decides how Python starts."""
    return {name: value for name, value in env.items() if name.startswith(AT_THE_START)}


def _server() -> _Server:
    """Return the server of this process, started when it is first needed."""
    with _LOCK:
        found = _SERVERS.get(os.getpid())
        if found is None:
            found = _SERVERS[os.getpid()] = _Server()
            atexit.register(found.close)
        return found


def run(
    words: Sequence[object],
    *,
    cwd: Path | str | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float = 240,
) -> subprocess.CompletedProcess[str]:
    """Run ``bench`` with these words and return what it said, as :func:`subprocess.run` would.

    Args:
        words: what follows ``bench``.
        cwd: the working folder; None for that of the tests.
        env: the whole environment; None for that of the tests.
        timeout: seconds after which it is killed.

    Raises:
        subprocess.TimeoutExpired: it was killed.
    """
    line = [*map(str, words)]
    given = dict(os.environ if env is None else env)
    folder = str(Path.cwd() if cwd is None else Path(cwd).resolve())
    server = _server()
    if at_start(given) != server.at_start:  # it would not be the Python that was asked for
        return subprocess.run(
            [*BENCH, *line],
            cwd=folder,
            env=given,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
    with socket.socket(socket.AF_UNIX) as asked, contextlib.ExitStack() as ends:
        asked.connect(server.address)
        out, err = _Heard(), _Heard()
        with Path(os.devnull).open("rb") as nothing, out.sent(), err.sent():
            streams = [nothing.fileno(), out.write, err.write]
            socket.send_fds(asked, [b"\n"], streams)
            order = {"words": line, "cwd": folder, "env": given}
            asked.sendall(json.dumps(order).encode() + b"\n")
            answers = ends.enter_context(asked.makefile("r"))
            pid = int(answers.readline())
        asked.settimeout(timeout)
        try:
            code = int(answers.readline())
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            said, complained = out.all(), err.all()
            raise subprocess.TimeoutExpired([*BENCH, *line], timeout, said, complained) from None
    return subprocess.CompletedProcess([*BENCH, *line], code, out.all(), err.all())


class _Heard:
    """A pipe that a thread reads to its end, as a user's terminal would."""

    def __init__(self) -> None:
        self._read, self.write = os.pipe()
        self._pieces: list[bytes] = []
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        while piece := os.read(self._read, 65536):
            self._pieces.append(piece)
        os.close(self._read)

    @contextlib.contextmanager
    def sent(self) -> Iterator[None]:
        """Close this process's end once the other has one."""
        try:
            yield
        finally:
            os.close(self.write)

    def all(self) -> str:
        """Return everything that was said, once all who could say more have ended."""
        self._thread.join()
        return b"".join(self._pieces).decode().replace("\r\n", "\n").replace("\r", "\n")
