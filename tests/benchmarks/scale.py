"""What a run of 10 thousand, 100 thousand and a million calls costs to read: seconds and memory of
each command, as a table.

``python tests/benchmarks/scale.py FOLDER [--calls 10000 100000 1000000] [--arms 10] [--epochs 1]``
writes what is missing of each results folder (``FOLDER/N``, with ``many_calls.py``) and runs each
command in a process of its own. A million calls take some 3 GB of disk and most of an hour.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).parent
RUN = "20261101T000000Z-aaaaaa"
COMMANDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("check", ("check",)),
    ("show", ("show",)),
    ("report", ("report",)),
    ("export jsonl", ("export", "--force", "--format", "jsonl", "--output", "{out}/calls.jsonl")),
    ("export csv", ("export", "--force", "--format", "csv", "--output", "{out}/calls.csv")),
)
"""Name in the table, and the command; ``{out}`` is a folder for what it writes."""
MEANT = frozenset({0, 1, 2, 4})
"""Exit codes of a command that did its work: a refuted claim or a failed call is none of its
faults.
"""


def measured(command: Sequence[str], log: Path) -> tuple[int, float, float, float]:
    """Run a command; return its exit code, wall and CPU seconds, and the most memory it held, MB."""
    began = time.perf_counter()
    pid = os.fork()
    if pid == 0:
        out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(out, 1)
        os.dup2(out, 2)
        os.execv(command[0], command)
    _, status, used = os.wait4(pid, 0)
    wall = time.perf_counter() - began
    code = os.waitstatus_to_exitcode(status)
    return code, wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def made(folder: Path, calls: int, arms: int, epochs: int) -> None:
    """Write the results folder unless it is there."""
    if (folder / "done").exists():
        return
    samples = str(calls // arms // epochs)
    command = [sys.executable, str(HERE / "many_calls.py"), str(folder), "--samples", samples]
    command += ["--arms", str(arms), "--epochs", str(epochs)]
    folder.mkdir(parents=True, exist_ok=True)
    code, wall, _, peak = measured(command, folder / "making.log")
    if code:
        raise SystemExit(f"{folder}: could not be written, see {folder / 'making.log'}")
    (folder / "done").write_text(f"{wall:.0f} s, {peak:.0f} MB\n", encoding="utf-8")


def row(folder: Path, name: str, command: Sequence[str]) -> str:
    """Measure one command on one results folder, as a line of the table."""
    out = folder / "out"
    out.mkdir(exist_ok=True)
    words = [word.replace("{out}", str(out)) for word in command]
    line = [sys.executable, "-m", "claimbench.cli", *words, "--results", str(folder / "results")]
    code, wall, cpu, peak = measured(line, out / f"{words[0]}.log")
    failed = "" if code in MEANT else f" FAILED with {code}: {out / words[0]}.log"
    return f"| {name} | {wall:.1f} | {cpu:.1f} | {peak:.0f} |{failed}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the commands that read a run.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--calls", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--arms", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=1)
    given = parser.parse_args()
    say = sys.stdout.write
    for calls in given.calls:
        folder = given.folder / f"{calls}-{given.arms}-{given.epochs}"
        made(folder, calls, given.arms, given.epochs)
        say(f"\n{calls:,} calls\n\n| command | wall s | CPU s | peak MB |\n|---|---|---|---|\n")
        for name, command in COMMANDS:
            say(f"{row(folder, name, command)}\n")
            sys.stdout.flush()
        page = folder / "results" / RUN / "report.html"
        if page.exists():
            say(f"\nreport.html: {page.stat().st_size / 1e6:.1f} MB\n")


if __name__ == "__main__":
    main()
