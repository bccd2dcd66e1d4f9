"""The wheel, installed as a user installs it: a fresh environment, no compiler, no extra; a shipped
suite runs by its name. For each Python of pyproject.toml that this machine has.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ARM = "gpt-5.4-mini"
PYTHONS = re.findall(r"Python :: (3\.\d+)", (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
HERE = f"{sys.version_info[0]}.{sys.version_info[1]}"
WHOLE = os.environ.get("BENCH_WHEEL_WHOLE") == "1"
"""Other Pythons than this get bytecode too, for the figures of README: pip spends half of its time
on what no test imports.
"""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]


def found(version: str) -> str | None:
    """An interpreter of a version on this machine: on PATH, or one that pyenv keeps."""
    if version == HERE:
        return sys.executable
    kept = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    named = [
        shutil.which(f"python{version}"),
        *map(str, kept.glob(f"{version}.*/bin/python{version}")),
    ]
    for python in named:
        # pyenv's own stand-in on PATH may know of no such version
        if (
            python is not None
            and not subprocess.run(
                [python, "-c", "import venv"], capture_output=True, check=False
            ).returncode
        ):
            return python
    return None


def ran(*words: str, **more: str) -> str:
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        words, capture_output=True, text=True, env={**kept, **more}, timeout=1200, check=False
    )
    assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built without a network where hatchling is here, else by pip, which fetches it."""
    folder = tmp_path_factory.mktemp("dist")
    if importlib.util.find_spec("hatchling") is not None:
        words = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    else:
        words = [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "-q",
            "--no-deps",
            "-w",
            str(folder),
            str(ROOT),
        ]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture
def port() -> Iterator[int]:
    """The scripted server, from this environment."""
    words = [sys.executable, "-m", "claimbench_providers.scripted.server"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        yield json.loads(server.stdout.readline())["port"]
        server.terminate()


def test_the_wheel_holds_the_suites_and_no_more_than_it_should(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        for file in sorted((ROOT / "suites").rglob("*")):
            if file.is_file():
                inside = f"claimbench/shipped/{file.relative_to(ROOT / 'suites').as_posix()}"
                assert archive.read(inside) == file.read_bytes()
        (meta,) = (name for name in names if name.endswith("METADATA"))
        metadata = archive.read(meta).decode()
        (points,) = (name for name in names if name.endswith("entry_points.txt"))
        assert "[pytest11]\nclaimbench = claimbench.pytest_plugin" in archive.read(points).decode()
    tops = {name.partition("/")[0] for name in names}
    info = meta.partition("/")[0]
    assert tops == {"claimbench", "claimbench_providers", "claimbench_reports", info}
    assert not [name for name in names if re.search(r"(?:^|/)(?:tests?[_/]|conftest)", name)]
    assert "Project-URL: Changelog, https://" in metadata
    body = metadata.partition("\n\n")[2]
    for target in re.findall(r"\]\(([^)\s]+)\)", body):
        assert target.startswith("https://"), f"the page of the package cannot show {target}"


@pytest.mark.parametrize("version", PYTHONS)
def test_a_shipped_suite_runs_in_a_clean_environment(
    version: str,
    wheel: Path,
    port: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    record_testsuite_property: Callable[[str, object], None],
) -> None:
    """Seconds and sizes stand in the JUnit file: README states those with bytecode."""
    python = found(version)
    if python is None:
        pytest.skip(f"no python{version} on this machine")
    home = tmp_path / "env"
    ran(python, "-m", "venv", str(home))
    begun = time.monotonic()
    pip = [
        str(home / "bin" / "python"),
        "-m",
        "pip",
        "--disable-pip-version-check",
        "install",
        "-q",
    ]
    if not (WHOLE or version == HERE):
        pip.append("--no-compile")
    ran(*pip, "--only-binary", ":all:", "-c", str(ROOT / "constraints.txt"), str(wheel))
    seconds = time.monotonic() - begun
    size = sum(file.stat().st_size for file in home.rglob("*") if file.is_file())
    bench = str(home / "bin" / "bench")
    words = ["run", "support", "--arm", ARM, "--limit", "5", "--tag", "clean", "--json"]
    words += ["--set", f"arms.{ARM}.base_url=http://127.0.0.1:{port}/v1"]
    words += ["--set", f"arms.{ARM}.cost={{price: {{input: 1, output: 4}}}}"]
    monkeypatch.chdir(tmp_path)
    done = subprocess.run(
        [bench, *words],
        capture_output=True,
        text=True,
        timeout=300,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "OPENAI_API_KEY": "sk-test-canary-4711-abcdefgh",
        },
        check=False,
    )
    assert done.returncode == 2, done.stderr  # one arm alone settles no claim
    said = json.loads(done.stdout)
    assert said["incomplete"] is None
    assert Path(said["report"]).is_file() or (tmp_path / said["report"]).is_file()
    (run,) = json.loads(ran(bench, "list", "--json"))["runs"]
    assert (run["suite_name"], run["tags"], run["n_finished"]) == ("support", ["clean"], 10)
    ran(bench, "init", "--example", "support", "--output", str(tmp_path / "mine"))
    ran(bench, "validate", str(tmp_path / "mine" / "support.yaml"))
    lacking = subprocess.run([bench, "demo"], capture_output=True, text=True, check=False)
    assert lacking.returncode == 3
    assert 'pip install "claimbench[local]"' in lacking.stderr
    measured = (
        f"{seconds:.0f} s, {size / 2**20:.0f} MiB, wheel {wheel.stat().st_size / 2**20:.1f} MiB"
        + (" (without bytecode)" if "--no-compile" in pip else "")
    )
    record_testsuite_property(f"python{version}", measured)
