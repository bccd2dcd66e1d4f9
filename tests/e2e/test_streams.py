"""Standard output and error that cannot be written: measuring goes on, and the exit code says of
claims what is true of them, or that the output was lost.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.e2e.conftest import Said, environment
from tests.e2e.forked import BENCH

from claimbench.store.results import ResultsStore

Bench = Callable[..., Said]

LONG = "arm,task,item,score,usd\n" + "".join(
    f"{arm},t,i{n},1,{usd}\n" for n in range(40) for arm, usd in (("alpha", 0.001), ("beta", 0.002))
)


def shell(folder: Path, words: str, *args: str) -> int:
    """Run ``bench`` under a shell that redirects one of its streams; return its own exit code."""
    command = " ".join([*BENCH, *args])
    script = f"{command} {words}; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=120,
        check=False,
    )
    return done.returncode


@pytest.mark.parametrize("words", ["2>&-", "2>/dev/full", "2>&1 | true"])
def test_a_run_goes_on_without_an_audience(desk: Path, bench: Bench, words: str) -> None:
    code = shell(desk.parent, words, "run", "desk.yaml", "--no-report")
    assert code == 0
    with ResultsStore.open(desk.parent / "results", create=False, read_only=True) as store:
        info = store.runs()[-1]
        assert (info.status, info.n_finished) == ("complete", 240)
        assert store.sessions(info.run_id)[-1].end_reason == "finished"


def test_codes_of_check_stay_true_or_say_that_the_output_was_lost(
    tmp_path: Path, bench: Bench
) -> None:
    (tmp_path / "scores.csv").write_text(LONG, encoding="utf-8")
    claim = "alpha is 90% cheaper than beta"
    assert bench("import", "scores.csv", "--claim", claim, "--no-report").code == 1
    refuted = {
        "2>&-": 1,
        "2>/dev/full": 1,
        "| true": 1,
        "| head -c 1": 1,
        ">/dev/full": 3,
        ">&-": 3,
    }
    for words, code in refuted.items():
        assert shell(tmp_path, words, "check") == code, words
    assert shell(tmp_path, ">/dev/full", "--help") == 3
    assert shell(tmp_path, ">&-", "--version") == 3


def test_a_closed_stream_is_given_to_no_file(tmp_path: Path) -> None:
    """Else what a library writes to standard error would land in the database."""
    code = (
        "import os\nfrom claimbench.cli.streams import open_streams\nopen_streams()\n"
        "with open('victim', 'w') as file:\n    assert file.fileno() > 2\nos.write(2, b'noise')\n"
    )
    script = f'{sys.executable} -c "$CODE" 0<&- 1>&- 2>&-'
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=environment({"CODE": code}), check=False
    )
    assert done.returncode == 0
    assert (tmp_path / "victim").read_text() == ""
