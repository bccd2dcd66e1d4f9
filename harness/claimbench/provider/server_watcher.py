"""Runs one server and ends it, with everything it has started, as soon as standard input closes.
Standard library only.

``python serve_watch.py LOG COMMAND...``, started by :mod:`claimbench.provider.served`. The pipe on
standard input is held by the run alone, so that it closes whatever becomes of the run, ``kill -9``
included. On Linux this process adopts what the server leaves behind (a child subreaper), so that
nothing escapes by forking twice; and the server is killed by the kernel if this process is.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
GRACE_S = 3.0
POLL_S = 0.2


def _prctl(option: int, value: int) -> None:
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def descendants(root: int) -> list[int]:
    """Process ids below ``root`` that still run (Linux; elsewhere none are known)."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The name stands in brackets and may hold anything; state and parent follow the last of
            # them.
            state, parent = entry.read_text().rpartition(")")[2].split()[:2]
        except (OSError, ValueError):
            continue
        if state != "Z":
            parents.setdefault(int(parent), []).append(int(entry.parent.name))
    found, todo = [], [root]
    while todo:
        children = parents.get(todo.pop(), [])
        found += children
        todo += children
    return found


def _signal_all(child: int, number: signal.Signals) -> int:
    below = descendants(os.getpid())
    for pid in below:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, number)
    return len(below)


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def end_all(child: int) -> None:
    """Ask everything below this process to end, then make it."""
    deadline = time.monotonic() + GRACE_S
    number = signal.SIGTERM
    while _signal_all(child, number):
        time.sleep(0.02)
        _reap()
        if not descendants(os.getpid()):
            break
        if time.monotonic() > deadline:
            number = signal.SIGKILL
        elif number is signal.SIGTERM:
            time.sleep(0.1)
    _reap()


def main(log: str, command: list[str]) -> int:
    """Run ``command`` until it ends or standard input closes; the server's own exit code, or 0."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    asked: list[int] = []
    signal.signal(signal.SIGTERM, lambda n, _frame: asked.append(n))
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    with Path(log).open("ab") as out:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=lambda: _prctl(PR_SET_PDEATHSIG, signal.SIGKILL),
        )
    code = None
    while not asked and code is None:
        readable, _, _ = select.select([0], [], [], POLL_S)
        if readable and not os.read(0, 1024):
            break
        code = child.poll()
    end_all(child.pid)
    return 0 if code is None else (code if code >= 0 else 128 - code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
