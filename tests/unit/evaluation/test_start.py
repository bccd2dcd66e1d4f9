"""No command that reports loads scipy: it costs more than a second of CPU time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

REPORTED = """
import contextlib, io, sys
from claimbench.cli import main

def bench(*args):
    sys.argv = ["bench", *args]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
        main()

bench("import", "t.csv", "--claim", "one is more accurate than two", "--name", "s")
bench("show")
bench("report")

import numpy as np
from claimbench.claims.slices import difference_lines
from claimbench.testing.tables import tables_from_arrays
items, _ = tables_from_arrays(
    {"a": np.arange(80) % 2 * 1.0}, slices={"part": ["x" if i < 40 else "y" for i in range(80)]}
)
print(len(difference_lines(items)), "claimbench.evaluation.evaluate" in sys.modules)
print(sorted(name for name in sys.modules if name.split(".")[0] == "scipy"))
"""


def test_no_report_command_loads_scipy(tmp_path: Path) -> None:
    rows = [
        f"{arm},{i},{(i * k) % 3 % 2}" for arm, k in (("one", 1), ("two", 2)) for i in range(60)
    ]
    (tmp_path / "t.csv").write_text("model,id,score\n" + "\n".join(rows) + "\n")
    done = subprocess.run(
        [sys.executable, "-c", REPORTED],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    assert (tmp_path / "results" / "bench.db").exists(), done.stderr
    assert done.stdout.splitlines() == ["1 True", "[]"], done.stderr
