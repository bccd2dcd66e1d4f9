"""The same calls read back by Inspect and by ``bench check``, in turns in one run: seconds and
memory of each, as a table.

``python tests/benchmarks/beside_inspect.py FOLDER --inspect PYTHON [--calls 10000] [--rounds 3]``:
PYTHON has ``inspect_ai`` (an environment of its own: it is no dependency). The run is made by
``many_calls.py``, 2 arms, and exported with ``bench export --to inspect``; Inspect writes these
logs anew in its own format (.eval) before anything is measured, and reads those. What is compared
is unlike on purpose and said so: ``read_eval_log`` parses; ``check`` also verifies hashes, scores
every answer again, prices it and judges three claims.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from statistics import median

from scale import made, measured

ARMS = 2
ANEW = """
import pathlib, sys
from inspect_ai.log import read_eval_log, write_eval_log
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.json")):
    write_eval_log(read_eval_log(str(path)), str(path.with_suffix(".eval")))
"""
READ = """
import pathlib, sys
from inspect_ai.log import read_eval_log
print(sum(len(read_eval_log(str(p)).samples) for p in pathlib.Path(sys.argv[1]).glob("*.eval")))
"""


def logs_of(folder: Path, python: str) -> Path:
    """Return the folder of Inspect's own logs of the run in ``folder``, written unless there."""
    logs = folder / "inspect"
    if not any(logs.glob("*.eval")):
        results = str(folder / "results")
        export = ("export", "--force", "--to", "inspect", "--output", str(logs))
        bench = [sys.executable, "-m", "claimbench.cli"]
        subprocess.run([*bench, *export, "--results", results], check=True)
        subprocess.run([python, "-c", ANEW, str(logs)], check=True)
    return logs


def main() -> None:
    parser = argparse.ArgumentParser(description="Read the same calls with Inspect and with bench.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--inspect", required=True, help="a Python that has inspect_ai")
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    folder = given.folder / f"{given.calls}-{ARMS}-1"
    made(folder, given.calls, ARMS, 1)
    logs = logs_of(folder, given.inspect)
    check = ("check", "--results", str(folder / "results"))
    commands = {
        "inspect_ai read_eval_log": [given.inspect, "-c", READ, str(logs)],
        "bench check": [sys.executable, "-m", "claimbench.cli", *check],
    }
    found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in commands}
    for _ in range(given.rounds):
        for name, command in commands.items():
            log = folder / f"{name.replace(' ', '_')}.log"
            _, wall, cpu, peak = measured(command, log)
            found[name].append((wall, cpu, peak))
    say = sys.stdout.write
    say(f"{given.calls:,} calls, {given.rounds} rounds in turns, medians\n\n")
    say("| command | wall s | CPU s | peak MB |\n|---|---|---|---|\n")
    for name, rounds in found.items():
        wall, cpu, peak = (median(column) for column in zip(*rounds, strict=True))
        say(f"| {name} | {wall:.1f} | {cpu:.1f} | {peak:.0f} |\n")


if __name__ == "__main__":
    main()
