"""make/setup.py: nothing twice, one at a time, and what is missing is known."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, on a checkout of its own that is one but for the environment."""
    spec = importlib.util.spec_from_file_location("make_setup", ROOT / "make" / "setup.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in (*module.INPUTS, *module.LOCKS.values()):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "VENV", tmp_path / ".venv")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").symlink_to(sys.executable)
    return module


def make_ready(setup: ModuleType, kind: str, gpu: bool = False) -> None:
    setup.marker(kind, gpu).write_text(setup.fingerprint(kind) + "\n")


def test_a_set_up_for_tests_serves_the_demo_and_not_the_other_way(setup: ModuleType) -> None:
    assert not setup.is_ready("demo", False)
    make_ready(setup, "dev")
    assert setup.is_ready("demo", False)
    assert setup.is_ready("dev", False)
    assert not setup.is_ready("dev", True)
    setup.marker("dev", False).unlink()
    make_ready(setup, "demo")
    assert setup.is_ready("demo", False)
    assert not setup.is_ready("dev", False)


@pytest.mark.parametrize(
    "changed",
    ["pyproject.toml", "constraints.txt", "requirements-demo.lock", "make/llama_wheel.py"],
)
def test_a_changed_input_asks_for_a_new_set_up(
    setup: ModuleType, tmp_path: Path, changed: str
) -> None:
    make_ready(setup, "demo")
    with (tmp_path / changed).open("a") as file:
        file.write("# changed\n")
    assert not setup.is_ready("demo", False)


@pytest.mark.parametrize("text", ["", "ready", "0" * 64])
def test_a_marker_that_says_something_else_is_none(setup: ModuleType, text: str) -> None:
    setup.marker("demo", False).write_text(text)
    assert not setup.is_ready("demo", False)


def test_what_is_there_is_not_asked_for_again(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setup, "python", lambda: Path(sys.executable))
    here = f"click=={version('click')}"
    lock = (
        f"{here} \\\n    --hash=sha256:0\nno-such-thing==1.0 ; python_version > '3'\npytest==0.1\n"
    )
    assert setup.lacking(lock) == ["no-such-thing", "pytest"]
    assert setup.lacking(here) == []


WAITS = """
import importlib.util, pathlib, sys, time
spec = importlib.util.spec_from_file_location("make_setup", {script!r})
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
module.ROOT = pathlib.Path({root!r})
with module.alone():
    print("in", flush=True)
    sys.stdin.readline()
"""


def test_the_second_waits_says_for_whom_and_goes_on_after_a_kill(tmp_path: Path) -> None:
    code = WAITS.format(script=str(ROOT / "make" / "setup.py"), root=str(tmp_path))

    def started() -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    with started() as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "in\n"
        with started() as waiter:
            assert waiter.stdout is not None
            assert waiter.stderr is not None
            assert f"(process {holder.pid})" in waiter.stderr.readline()
            holder.kill()
            assert waiter.stdout.readline() == "in\n"
            _, said = waiter.communicate("\n", timeout=60)
            assert waiter.returncode == 0
            assert "it ended; waited" in said
        holder.communicate()


@pytest.mark.parametrize("words", [[], ["both"], ["demo", "dev"], ["--gpu"]])
def test_wrong_words_are_refused(words: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "make" / "setup.py"), *words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "usage: " in done.stderr


def test_readme_says_which_pythons_were_tried_and_that_newer_ones_were_not() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    tried = re.findall(r"Python :: 3\.(\d+)", project)
    assert re.search(rf'requires-python = ">=3\.{tried[0]}"\n', project)
    listed = [f"3.{minor}" for minor in tried]
    words = f"{', '.join(listed[:-1])} or {listed[-1]}"
    assert f"With Python {words} (pip admits newer ones, which were not tried)" in readme
    assert f"the installed wheel on {words.replace(' or ', ' and ')}" in readme
    assert f"Not tried: Python 3.{int(tried[-1]) + 1} and\nnewer" in readme
