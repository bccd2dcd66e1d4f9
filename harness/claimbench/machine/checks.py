"""What can be checked of a machine before a run: facts with a verdict each, nothing sent
anywhere.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from claimbench.types import Json

Standing = Literal["ok", "warning", "missing", "error"]
MIN_FREE_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class Check:
    """One line of ``bench doctor``; ``hint`` says what to do where something is not right."""

    name: str
    standing: Standing
    finding: str
    hint: str | None = None


def check_python() -> Check:
    """Check the interpreter's version."""
    version = sys.version.split()[0]
    good = sys.version_info >= (3, 11)
    return Check(
        "python",
        "ok" if good else "error",
        version,
        None if good else "Python 3.11 or newer is needed",
    )


def check_host(facts: Mapping[str, Json]) -> Check:
    """Show cores and memory; ``facts`` as provenance gives them."""
    memory = facts.get("memory_bytes")
    size = "unknown memory" if not isinstance(memory, int | float) else f"{memory / 2**30:.0f} GiB"
    return Check(
        "machine",
        "ok",
        f"{facts.get('cpu') or 'unknown CPU'}, {facts.get('cores') or '?'} cores, {size}",
    )


def check_load() -> Check:
    """Check whether other work would disturb local arms' clocks."""
    try:
        busy = os.getloadavg()[0]
    except OSError:
        return Check("load", "warning", "unknown here")
    cores = os.cpu_count() or 1
    if busy > 0.5 * cores:
        hint = "local arms share the cores with it: their latency and cost would be overstated"
        return Check("load", "warning", f"load average {busy:.1f} on {cores} cores", hint)
    return Check("load", "ok", f"load average {busy:.1f} on {cores} cores")


def check_results(folder: Path) -> Check:
    """Check whether results can be written, and for how long."""
    place = folder if folder.exists() else folder.absolute().parent
    if not os.access(place, os.W_OK):
        return Check(
            "results", "error", f"{folder}: not writable", "name another folder with --results"
        )
    free = shutil.disk_usage(place).free
    text = f"{folder}: writable, {free / 2**30:.0f} GiB free"
    return Check("results", "ok" if free > MIN_FREE_BYTES else "warning", text)


def check_clock() -> Check:
    """Measure the resolution of the monotonic clock."""
    steps = []
    for _ in range(200):
        before = time.monotonic_ns()
        while (after := time.monotonic_ns()) == before:
            pass
        steps.append(after - before)
    step = sorted(steps)[len(steps) // 2]
    return Check("clock", "ok" if step < 100_000 else "warning", f"monotonic, steps of {step} ns")


def check_keys(wanted: Mapping[str, str], environ: Mapping[str, str]) -> list[Check]:
    """Check which keys are set; ``wanted``: variable -> who wants it. Their values are never looked
    at beyond that.
    """
    found = []
    for name, who in wanted.items():
        if environ.get(name):
            found.append(Check(f"key {name}", "ok", f"set ({who})"))
        else:
            found.append(Check(f"key {name}", "missing", f"not set ({who})"))
    return found
