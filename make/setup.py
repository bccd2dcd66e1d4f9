"""Set the virtual environment up, once at a time, and say how far it is.

Usage: ``python3 make/setup.py demo|dev [--gpu]``. ``demo`` installs what ``bench demo`` needs
(requirements-demo.lock), ``dev`` what the tests need besides (requirements.lock). Standard library
only. What is there already is not installed again; two set-ups at once wait for each other.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOCKS = {"demo": "requirements-demo.lock", "dev": "requirements.lock"}
INPUTS = ("pyproject.toml", "constraints.txt", "make/llama_wheel.py", "make/llama_core_only.cmake")
LEAST = (3, 11)
SAID_EVERY_S = 5.0
LOCKED = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)", re.MULTILINE)
STEP = re.compile(r"^(?:Collecting|Requirement already satisfied:) ")

ASK = """
import sys
from importlib.metadata import PackageNotFoundError, version
missing = []
for line in sys.stdin.read().split():
    name, _, wanted = line.partition("==")
    try:
        found = version(name)
    except PackageNotFoundError:
        found = ""
    if found != wanted:
        missing.append(name)
print("\\n".join(missing))
"""
"""Runs in the environment: prints what of name==version is not there."""


def say(text: str) -> None:
    """Print a line of progress."""
    print(f"[setup] {text}", file=sys.stderr, flush=True)


def python() -> Path:
    """Return the environment's Python."""
    return VENV / "bin" / "python"


def marker(kind: str, gpu: bool) -> Path:
    """Return the file that says that this kind of set-up is whole."""
    names = {"dev": ".ready", "demo": ".ready-demo"}
    return VENV / (names[kind] + ("-gpu" if gpu else ""))


def fingerprint(kind: str) -> str:
    """Return the hash of what the set-up is made from."""
    seed = hashlib.sha256()
    for name in (*INPUTS, LOCKS[kind]):
        seed.update(name.encode() + b"\0" + (ROOT / name).read_bytes() + b"\0")
    return seed.hexdigest()


def is_ready(kind: str, gpu: bool) -> bool:
    """Say whether the set-up is whole and of these inputs; what is set up for tests serves the demo
    too.
    """
    kinds = ("demo", "dev") if kind == "demo" else ("dev",)
    for one in kinds:
        try:
            if marker(one, gpu).read_text(encoding="ascii").strip() == fingerprint(one):
                return python().exists()
        except OSError:
            continue
    return False


@contextmanager
def alone() -> Iterator[None]:
    """Hold the lock of this checkout's environment; the system frees it when the process ends,
    however it ends.
    """
    place = ROOT / ".cache" / "setup.lock"
    place.parent.mkdir(exist_ok=True)
    with place.open("a+", encoding="ascii") as file:
        if not _take(file, wait=False):
            file.seek(0)
            who = file.read().strip() or "unknown"
            say(f"another set-up is at work here (process {who}); waiting until it ends ...")
            begun = time.monotonic()
            _take(file, wait=True)
            say(f"it ended; waited {time.monotonic() - begun:.0f} s")
        file.seek(0)
        file.truncate()
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


def _take(file: IO[str], *, wait: bool) -> bool:
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    return True


def run(command: list[str], doing: str) -> None:
    """Run a command; end with its output where it fails."""
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    if done.returncode:
        sys.exit(f"{(done.stdout + done.stderr)[-3000:]}\nerror: {doing} failed")


def pip(*words: str) -> list[str]:
    """Return a command of the environment's pip."""
    return [str(python()), "-m", "pip", "--disable-pip-version-check", *words]


def lacking(lock: str) -> list[str]:
    """Return the packages of a lock that the environment has not in its version."""
    wanted = "\n".join(f"{name}=={version}" for name, version in LOCKED.findall(lock))
    done = subprocess.run(
        [str(python()), "-c", ASK], input=wanted, capture_output=True, text=True, check=False
    )
    return done.stdout.split() if done.returncode == 0 else ["everything"]


def install(kind: str) -> None:
    """Install what the lock names and is not there, with a line now and then."""
    path = ROOT / LOCKS[kind]
    lock = path.read_text(encoding="utf-8")
    total = len(LOCKED.findall(lock))
    if not lacking(lock):
        say(f"3/4 Python packages: all {total} are there")
        return
    say(f"3/4 Python packages: {total} at most, with their hashes checked")
    begun = said = time.monotonic()
    command = pip("install", "--require-hashes", "--progress-bar", "off", "-r", str(path))
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )
    lines: list[str] = []
    seen, unpacking = 0, False
    for line in process.stdout or ():
        lines.append(line)
        seen += bool(STEP.match(line))
        if line.startswith("Installing collected"):
            say(f"  unpacking, {time.monotonic() - begun:.0f} s")
            unpacking = True
        elif not unpacking and time.monotonic() - said > SAID_EVERY_S:
            said = time.monotonic()
            say(f"  {min(seen, total)} of {total} packages, {said - begun:.0f} s")
    if process.wait():
        sys.exit("".join(lines[-25:]) + "\nerror: the packages could not be installed")


def llama(kind: str, gpu: bool) -> None:
    """Install llama-cpp-python as make/llama_wheel.py finds or compiles it."""
    pins = dict(LOCKED.findall((ROOT / "constraints.txt").read_text(encoding="utf-8")))
    version = pins["llama-cpp-python"]
    built = VENV / (".llama-gpu" if gpu else ".llama-cpu")
    if built.exists() and not lacking(f"llama-cpp-python=={version}"):
        say(f"2/4 llama.cpp: {version} is there")
        return
    say("2/4 llama.cpp")
    command = [str(python()), str(ROOT / "make" / "llama_wheel.py"), version]
    options = ["--gpu"] if gpu else ["--prebuilt-first"] if kind == "demo" else []
    done = subprocess.run([*command, *options], stdout=subprocess.PIPE, text=True, check=False)
    wheels = done.stdout.split("\n")
    if done.returncode or not wheels[-2:-1]:
        sys.exit(done.returncode or 1)
    run(
        pip("install", "-q", "--force-reinstall", "--no-deps", wheels[-2]),
        "installing llama-cpp-python",
    )
    for other in (*VENV.glob(".llama-*"), *VENV.glob(".ready*")):
        other.unlink()
    built.touch()


def main() -> None:
    """See the module."""
    words = [word for word in sys.argv[1:] if word != "--gpu"]
    gpu = "--gpu" in sys.argv[1:]
    if len(words) != 1 or words[0] not in LOCKS:
        sys.exit("usage: python3 make/setup.py demo|dev [--gpu]")
    kind = words[0]
    if os.name == "nt":
        sys.exit("error: ClaimBench runs on Linux and macOS; on Windows use WSL 2")
    if sys.version_info < LEAST:
        sys.exit(
            "error: Python 3.11 or newer is needed; this is"
            f" {sys.version.split()[0]}. Try: make PYTHON=python3.12"
        )
    if is_ready(kind, gpu):
        return
    with alone():
        if is_ready(kind, gpu):  # the set-up that was waited for did it
            return
        begun = time.monotonic()
        if not python().exists():
            say("1/4 virtual environment in .venv")
            run([sys.executable, "-m", "venv", str(VENV)], "making .venv")
            run(pip("install", "-q", "--upgrade", "pip>=25.1"), "upgrading pip")
        else:
            say("1/4 virtual environment: .venv is there")
        llama(kind, gpu)
        install(kind)
        say("4/4 ClaimBench")
        editable = ("install", "-q", "--no-deps", "--no-build-isolation", "-e", str(ROOT))
        run(pip(*editable), "installing ClaimBench")
        marker(kind, gpu).write_text(fingerprint(kind) + "\n", encoding="ascii")
        say(f"done in {time.monotonic() - begun:.0f} s")


if __name__ == "__main__":
    main()
