"""How much memory a model takes while it is loaded: measured on this process, or not known."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

from claimbench.types import ArmFacts, Json

_LOCK = threading.Lock()
_STATE = {"loads": 0, "running": 0, "freed": 0}


def freed() -> None:
    """Note that a model's memory was freed: what is loaded next may reuse it, unseen."""
    with _LOCK:
        _STATE["freed"] += 1


class Meter:
    """Measures by how much this process grows at most from here on, by the kernel's own mark.

    Nothing is known where the system has no such mark, where another model is loaded meanwhile (its
    pages would be counted too), or after a model was freed (its pages would be missing).
    """

    def __init__(self, proc: Path = Path("/proc/self")) -> None:
        self._proc = proc
        with _LOCK:
            _STATE["loads"] += 1
            _STATE["running"] += 1
            self._loads = _STATE["loads"]
            self._alone = _STATE["running"] == 1 and _STATE["freed"] == 0
        self._over = False
        self._before = self._status("VmRSS") if self._reset() else None

    def peak_bytes(self) -> int | None:
        """Return the most that this process held above what it began with, bytes; None where that
        is not known. Ends the measurement.
        """
        with _LOCK:
            if not self._over:
                _STATE["running"] -= 1
            self._over = True
            alone = self._alone and _STATE["loads"] == self._loads and _STATE["freed"] == 0
        peak = self._status("VmHWM")
        if not alone or peak is None or self._before is None or peak <= self._before:
            return None
        return peak - self._before

    def told(self, facts: ArmFacts, file_bytes: int) -> ArmFacts:
        """Return what is known of an arm with the size of its files and its peak."""
        sizes: dict[str, Json] = {
            "file_bytes": file_bytes,
            "peak_resident_bytes": self.peak_bytes(),
        }
        return replace(facts, details={**facts.details, **sizes})

    def _reset(self) -> bool:
        """Set the kernel's mark back to what the process holds now; tell whether that worked."""
        try:
            (self._proc / "clear_refs").write_text("5", encoding="ascii")
        except OSError:
            return False
        return True

    def _status(self, name: str) -> int | None:
        try:
            lines = (self._proc / "status").read_text(encoding="ascii", errors="replace")
        except OSError:
            return None
        for line in lines.splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * 1024
        return None
