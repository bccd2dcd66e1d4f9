"""Build the llama-cpp-python wheel once per machine, say what is happening, and reuse it the second
time.

Usage: ``python make/llama_wheel.py VERSION [--gpu]``; prints the wheel's path on the last line.
Standard library only.

The wheel is kept in the user's cache folder under a key of everything that changes it: version,
CMake arguments, machine and CPU features (llama.cpp compiles for the CPU at hand, which is the
honest build for a benchmark). A GPU build therefore never replaces a CPU build. Only ``libllama``
and ``libggml`` are built: no vision tools, no server, no command line programs, and not llama.cpp's
``common`` library (see llama_core_only.cmake).
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
from pathlib import Path

HERE = Path(__file__).resolve().parent
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
                f" {hint}"
            )


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
    version, gpu = sys.argv[1], "--gpu" in sys.argv[2:]
    args = cmake_args(gpu)
    folder = cache_folder(version, args)
    ready = sorted(folder.glob("*.whl"))
    if ready:
        print(
            f"[setup] llama-cpp-python {version}: reusing the wheel compiled earlier",
            file=sys.stderr,
        )
        print(ready[0])
        return
    require_compilers(gpu)
    print(build(version, args, folder))


if __name__ == "__main__":
    main()
