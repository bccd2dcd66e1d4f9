"""Get the llama-cpp-python wheel once per machine, say what is happening, and reuse it the second
time.

Usage: ``python make/llama_wheel.py VERSION [--gpu] [--prebuilt-first]``; prints the wheel's path on
the last line. Standard library only.

A compiled wheel is kept in the user's cache folder under a key of everything that changes it:
version, CMake arguments, machine and CPU features (llama.cpp compiles for the CPU at hand, which is
the honest build for a benchmark). A GPU build therefore never replaces a CPU build. Only
``libllama`` and ``libggml`` are built: no vision tools, no server, no command line programs, and
not llama.cpp's ``common`` library (see llama_core_only.cmake).

A prebuilt wheel is for the oldest of CPUs, so that local arms are slower and dearer with it.
``--prebuilt-first`` (the demo) takes one whose hash is in requirements-demo.lock, where a registry
of pip has it and it loads here; else it compiles. ``CLAIMBENCH_LLAMA=prebuilt`` takes one of any
hash, for a machine without a compiler, and ``CLAIMBENCH_LLAMA=compile`` takes none.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
NAME = "llama-cpp-python"
OFF = (
    "LLAVA_BUILD",
    "LLAMA_BUILD_TOOLS",
    "LLAMA_BUILD_SERVER",
    "LLAMA_BUILD_TESTS",
    "LLAMA_BUILD_EXAMPLES",
)
NINJA_STEP = re.compile(r"\[(\d+)/(\d+)\]")


def cmake_args(gpu: bool) -> list[str]:
    """The CMake arguments of the build; what the user set in CMAKE_ARGS comes last and wins."""
    args = [
        f"-DCMAKE_PROJECT_llama_cpp_INCLUDE={HERE / 'llama_core_only.cmake'}",
        *(f"-D{name}=OFF" for name in OFF),
    ]
    if gpu:
        args.append("-DGGML_CUDA=ON")
    return args + os.environ.get("CMAKE_ARGS", "").split()


def cpu_features() -> str:
    """What ``-march=native`` depends on; the machine's name where the kernel does not list it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next(
        (line for line in lines if line.startswith(("flags", "Features"))), platform.processor()
    )


def cache_folder(version: str, args: list[str]) -> Path:
    """The folder of this very build."""
    cmake_file = (HERE / "llama_core_only.cmake").read_text()
    relative = [arg.replace(str(HERE), "") for arg in args]
    seed = "\n".join(
        [version, *relative, cmake_file, platform.machine(), platform.libc_ver()[1], cpu_features()]
    )
    key = hashlib.sha256(seed.encode()).hexdigest()[:16]
    root = Path(
        os.environ.get("CLAIMBENCH_CACHE")
        or os.environ.get("XDG_CACHE_HOME")
        or Path.home() / ".cache"
    )
    return root / "claimbench" / "wheels" / f"{version}-{key}"


def require_compilers(gpu: bool) -> None:
    """Stop with one clear line if a compiler is missing."""
    wanted = {"a C compiler": ("cc", "gcc", "clang"), "a C++ compiler": ("c++", "g++", "clang++")}
    if gpu:
        wanted["the CUDA compiler"] = ("nvcc",)
    for what, names in wanted.items():
        if not any(shutil.which(name) for name in names):
            looked = ", ".join(names)
            hint = "On Debian: apt-get install build-essential"
            sys.exit(
                f"error: {what} is needed to build llama-cpp-python (looked for {looked} on PATH)."
                f" {hint}; or take a prebuilt, slower one: CLAIMBENCH_LLAMA=prebuilt"
            )


def prebuilt(version: str, folder: Path, *, any_hash: bool) -> Path | None:
    """Fetch a wheel for this Python and machine from the registries that pip is set up with; None
    where none has one that may be taken.
    """
    kept = sorted(folder.glob("*.whl"))
    if kept:
        return kept[0]
    folder.mkdir(parents=True, exist_ok=True)
    print("[setup] asking the registries of pip for a prebuilt wheel", file=sys.stderr, flush=True)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "-q"]
    pip += ["--no-deps", "--only-binary", ":all:", "-d", str(folder)]
    with tempfile.TemporaryDirectory() as scratch:
        wanted = Path(scratch) / "wanted.txt"
        wanted.write_text(f"{NAME}=={version}\n" if any_hash else locked_lines(version))
        pip += [*([] if any_hash else ["--require-hashes"]), "-r", str(wanted)]
        done = subprocess.run(pip, capture_output=True, text=True, check=False)
    found = sorted(folder.glob("*.whl"))
    if done.returncode or not found:
        print("[setup]   none that may be taken fits here", file=sys.stderr, flush=True)
        return None
    if not loads(found[0]):
        print("[setup]   its library does not load here", file=sys.stderr, flush=True)
        found[0].unlink()
        return None
    print(
        f"[setup]   took {found[0].name}: for any CPU, so slower than a compiled one",
        file=sys.stderr,
        flush=True,
    )
    return found[0]


def locked_lines(version: str) -> str:
    """Return the lines of requirements-demo.lock with the hashes of llama-cpp-python."""
    lock = (HERE.parent / "requirements-demo.lock").read_text(encoding="utf-8")
    found = re.search(
        rf"^{re.escape(NAME)}=={re.escape(version)}[^\n]*(?:\n    --hash[^\n]*)*",
        lock,
        re.MULTILINE,
    )
    if found is None:
        sys.exit(f"error: requirements-demo.lock has no {NAME}=={version}: run make lock")
    return found[0] + "\n"


def loads(wheel: Path) -> bool:
    """Say whether the library in a wheel can be loaded here: libraries of the system may be older
    than those it was linked with.
    """
    ask = "import ctypes, sys; [ctypes.CDLL(path) for path in sys.argv[1:]]"
    with tempfile.TemporaryDirectory() as scratch, zipfile.ZipFile(wheel) as archive:
        archive.extractall(scratch)
        every = sorted(Path(scratch).rglob("libggml-base.*")) + sorted(
            Path(scratch).rglob("libllama.*")
        )
        libraries = [str(path) for path in every if path.suffix in (".so", ".dylib")]
        done = subprocess.run(
            [sys.executable, "-c", ask, *libraries],
            capture_output=True,
            env={**os.environ, "LD_LIBRARY_PATH": str(every[0].parent) if every else ""},
            check=False,
        )
        return bool(libraries) and done.returncode == 0


def build(version: str, args: list[str], folder: Path) -> Path:
    """Compile into ``folder`` and return the wheel; the compiler's output is kept in build.log
    beside it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    log_path = folder / "build.log"
    started = last_said = time.monotonic()
    say = (
        f"[setup] compiling llama-cpp-python {version} for this machine: once, 2 to 10 minutes;"
        f" log: {log_path}"
    )
    print(say, file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch, log_path.open("w") as log:
        pip = [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "-v",
            "--no-deps",
            "--no-binary",
            "llama-cpp-python",
        ]
        environment = {**os.environ, "CMAKE_ARGS": " ".join(args)}
        process = subprocess.Popen(
            [*pip, "--no-cache-dir", "-w", scratch, f"llama-cpp-python=={version}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=environment,
        )
        for line in process.stdout or ():
            log.write(line)
            step = NINJA_STEP.search(line)
            if step and time.monotonic() - last_said > 10:
                last_said = time.monotonic()
                say = f"[setup]   {step[1]} of {step[2]} files, {last_said - started:.0f} s"
                print(say, file=sys.stderr, flush=True)
        if process.wait() != 0:
            log.flush()
            tail = "".join(log_path.read_text().splitlines(keepends=True)[-25:])
            sys.exit(
                f"{tail}\nerror: llama-cpp-python {version} did not compile; the whole log is in"
                f" {log_path}"
            )
        built = next(Path(scratch).glob("*.whl"))
        wheel = folder / built.name
        built.replace(wheel)
    print(
        f"[setup] compiled in {time.monotonic() - started:.0f} s, kept in {folder}",
        file=sys.stderr,
        flush=True,
    )
    return wheel


def main() -> None:
    """See the module."""
    version, options = sys.argv[1], sys.argv[2:]
    gpu = "--gpu" in options
    how = os.environ.get("CLAIMBENCH_LLAMA", "")
    if how not in ("", "compile", "prebuilt"):
        sys.exit(f"error: CLAIMBENCH_LLAMA={how}: not known; compile, prebuilt, or leave it out")
    if gpu and how == "prebuilt":
        sys.exit("error: a GPU build is compiled here; leave CLAIMBENCH_LLAMA=prebuilt out")
    first = not gpu and (how == "prebuilt" or (how == "" and "--prebuilt-first" in options))
    args = cmake_args(gpu)
    folder = cache_folder(version, args)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with locked(folder.with_suffix(".lock")):
        compiled = sorted(folder.glob("*.whl"))
        if compiled and how != "prebuilt":
            say = f"[setup] {NAME} {version}: reusing the wheel compiled earlier"
            print(say, file=sys.stderr)
            print(compiled[0])
            return
        tag = f"{sys.implementation.cache_tag}-{platform.machine()}"
        place = folder.with_name(f"{version}-prebuilt{'-any' * (how == 'prebuilt')}-{tag}")
        found = prebuilt(version, place, any_hash=how == "prebuilt") if first else None
        if found is None:
            require_compilers(gpu)
            found = build(version, args, folder)
        print(found)


@contextmanager
def locked(place: Path) -> Iterator[None]:
    """Let one process at a time get a wheel: another checkout may be compiling the same one."""
    import fcntl

    with place.open("a", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say = (
                "[setup] another set-up on this machine is compiling llama.cpp; waiting for it ..."
            )
            print(say, file=sys.stderr, flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    main()
