"""Work that no page can wait for, in processes of its own: a run is verified, judged and indexed.

One process at a time, which lets everything else on the machine go first, ended with the server.
It takes the memory that judging takes, and gives all of it back. What it says comes as lines on its
standard output; its last words on standard error are the fault.
"""

from __future__ import annotations

import contextlib
import queue
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from claimbench.errors import EXIT_INTEGRITY

Kind = Literal["judge", "verify", "draw"]
State = Literal["waiting", "working", "done", "failed", "tampered"]

_LAST_WORDS = 2_000
"""Characters of a fault that are kept."""


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of work on a run, and how it stands. ``said``: its latest line, or its fault."""

    run_id: str
    kind: Kind
    state: State = "waiting"
    said: str = ""
    for_state: str = ""
    """State of the database's files when it began."""
    ended: float = 0.0


class Work:
    """Takes jobs, does them one after the other, and says how they stand; thread-safe.

    ``command`` gives the command line of a job. ``files_state`` says how the database's files are
    now.
    """

    def __init__(
        self, command: Callable[[str, Kind], Sequence[str]], files_state: Callable[[], str]
    ) -> None:
        self._command = command
        self._files_state = files_state
        self._queue: queue.SimpleQueue[tuple[str, Kind] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._jobs: dict[tuple[str, Kind], Job] = {}
        self._child: subprocess.Popen[str] | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="browse-work", daemon=True)
        self._thread.start()

    def ask(self, run_id: str, kind: Kind) -> None:
        """Queue a job, unless the same one is waiting or working."""
        with self._lock:
            job = self._jobs.get((run_id, kind))
            if self._closed or (job is not None and job.state in ("waiting", "working")):
                return
            self._jobs[run_id, kind] = Job(run_id, kind)
            self._queue.put((run_id, kind))

    def job(self, run_id: str, kind: Kind) -> Job | None:
        """Return how a job stands; None if it was never asked for."""
        with self._lock:
            return self._jobs.get((run_id, kind))

    def close(self) -> None:
        """End the process that works, and take no more jobs."""
        with self._lock:
            self._closed = True
            child = self._child
        if child is not None:
            with contextlib.suppress(OSError):
                child.terminate()
        self._queue.put(None)
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while True:
            taken = self._queue.get()
            if taken is None or self._closed:
                return
            try:
                self._work(*taken)
            except OSError as error:
                self._set(*taken, state="failed", said=f"no process can be started: {error}")

    def _work(self, run_id: str, kind: Kind) -> None:
        began = self._files_state()
        self._set(run_id, kind, state="working", said="starting", for_state=began)
        child = subprocess.Popen(
            list(self._command(run_id, kind)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        with self._lock:
            self._child = child
            closed = self._closed
        if closed:
            child.terminate()
        faults: list[str] = []
        assert child.stdout is not None and child.stderr is not None  # noqa: S101, PT018 - pipes
        err = child.stderr
        reader = threading.Thread(target=lambda: faults.append(err.read()), daemon=True)
        reader.start()
        said = ""
        for line in child.stdout:
            said = line.strip()[:_LAST_WORDS]
            self._set(run_id, kind, state="working", said=said, for_state=began)
        code = child.wait()
        reader.join(timeout=5)
        child.stdout.close()
        child.stderr.close()
        with self._lock:
            self._child = None
        if code == 0:
            self._set(run_id, kind, state="done", said=said, for_state=began)
            return
        fault = "".join(faults).strip().removeprefix("error: ")[:_LAST_WORDS]
        state: State = "tampered" if code == EXIT_INTEGRITY else "failed"
        said = fault or f"the process ended with code {code}"
        self._set(run_id, kind, state=state, said=said, for_state=began)

    def _set(
        self, run_id: str, kind: Kind, *, state: State, said: str, for_state: str = ""
    ) -> None:
        with self._lock:
            job = replace(self._jobs[run_id, kind], state=state, said=said, for_state=for_state)
            self._jobs[run_id, kind] = replace(job, ended=time.time())
