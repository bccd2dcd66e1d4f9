"""A process that stays calm: no threads that numpy would start for large matrices."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from claimbench.machine.garbage_collection import BLAS_THREADS, load_numpy


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads are counted in /proc")
def test_numpy_is_loaded_without_threads() -> None:
    code = (
        "import os, claimbench.machine.garbage_collection as q; q.load_numpy(); import numpy;"
        " print(len(os.listdir('/proc/self/task')))"
    )
    inherited = {name: value for name, value in os.environ.items() if name != BLAS_THREADS}
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, env=inherited, check=True
        ).stdout
        == b"1\n"
    )


@pytest.mark.parametrize("value", [None, "3"])
def test_the_environment_is_left_as_it_was(
    monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    monkeypatch.delenv(BLAS_THREADS, raising=False)
    if value is not None:
        monkeypatch.setenv(BLAS_THREADS, value)
    load_numpy()
    assert os.environ.get(BLAS_THREADS) == value
