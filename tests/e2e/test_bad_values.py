"""More than 300 bad inputs through the command line: each is refused with one error that says where
and what, code 3; none is a bug, none hangs, none writes a run.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path
from types import FrameType

import pytest

from claimbench.cli import main

from .bad_values import ROWS, SUITE, Case, cases

LIMIT_S = 40
"""Seconds of work for one input."""
CASES = list(cases())
KINDS = sorted({case.name.split()[0] for case in CASES})


def stop(_number: int, _frame: FrameType | None) -> None:
    raise SystemError("it hangs")


def wrong(case: Case, capsys: pytest.CaptureFixture[str], folder: Path) -> str | None:
    """Return what is wrong with how a case ends; None if nothing is."""
    folder.mkdir()
    for name, raw in case.files.items():
        (folder / name).write_bytes(raw)
    os.chdir(folder)
    old = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, LIMIT_S)
    try:
        main(case.args)
    except SystemExit as ended:
        code = ended.code
    except BaseException as error:  # noqa: BLE001 - what is looked for
        return f"{type(error).__name__}: {error}"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, old)
    said = capsys.readouterr()
    if "a bug in ClaimBench" in said.err or "Traceback" in said.err:
        return said.err[:300]
    if code not in case.codes:
        return f"code {code}: {(said.err or said.out)[:200]}"
    if code and not any(line.lower().startswith("error:") for line in said.err.splitlines()):
        return f"no error: {said.err[:200]}"
    if (folder / "results").exists() and any((folder / "results").glob("*/")):
        return "a run was stored"
    return None


def test_the_good_suite_is_good(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {"s.yaml": SUITE.encode(), "rows.csv": ROWS.encode()}
    good = Case("good", files, ("validate", "s.yaml"), (0,))
    assert wrong(good, capsys, tmp_path / "a") is None


def test_there_are_more_than_300() -> None:
    assert len(CASES) > 300
    assert len({(case.args, *case.files.values()) for case in CASES}) == len(CASES)


@pytest.mark.parametrize("part", range(8))
def test_each_is_refused_in_words(
    part: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BENCH_DEBUG", raising=False)
    found = {}
    for number, case in enumerate(CASES[part::8]):
        said = wrong(case, capsys, tmp_path / str(number))
        if said is not None:
            found[case.name] = said
    monkeypatch.chdir(tmp_path)
    assert found == {}
