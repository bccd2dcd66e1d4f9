"""What a measurement was made with and on: host, versions, source state, the run's id.

Each function gives what the system says and ``None`` for what it does not; none of them fails a
run. Names of hosts and people, remotes of repositories and paths are left out on purpose: reports
are shown to other companies.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import secrets
import sqlite3
import subprocess
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from claimbench._version import __version__
from claimbench.plugins import GROUPS, installed
from claimbench.types import Json

PACKAGES = (
    "genai-prices",
    "httptools",
    "jinja2",
    "jsonschema",
    "litellm",
    "llama-cpp-python",
    "lm-eval",
    "matplotlib",
    "msgspec",
    "numpy",
    "openai",
    "pandas",
    "pydantic",
    "scipy",
    "sqlalchemy",
)
"""Distributions whose version can change a figure; plugins are added to them."""

_GIT_TIMEOUT_S = 10
_CONTAINERS = ("kubepods", "docker", "podman", "containerd", "lxc")


def tool_version() -> str:
    """Return the version of ClaimBench that is running."""
    return __version__


def new_run_id(now: datetime | None = None) -> str:
    """Make an id that sorts by time and never comes twice: ``20260131T235959Z-1a2b3c`` (UTC, 24
    random bits).
    """
    moment = (now or datetime.now(UTC)).astimezone(UTC)
    return f"{moment:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def package_versions(names: Iterable[str] = PACKAGES) -> dict[str, str]:
    """Return the versions of the installed packages that matter and of every plugin's; what is not
    installed is not listed.
    """
    plugins: set[metadata.Distribution] = set()
    for group in GROUPS:
        plugins.update(point.dist for point in installed(group).values() if point.dist)
    of_plugins = {_line(dist, "Name") or dist.name for dist in plugins}
    versions: dict[str, str] = {}
    for name in sorted({*names, *of_plugins}):
        if (version := _version(name)) is not None:
            versions[name] = version
    versions["sqlite"] = sqlite3.sqlite_version
    return versions


def _version(name: str) -> str | None:
    try:
        dist = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return None
    return _line(dist, "Version") or dist.version


def _line(dist: metadata.Distribution, name: str) -> str | None:
    """Return one line of a package's metadata; ``metadata`` would parse its whole description."""
    text = dist.read_text("METADATA") or ""
    found = re.search(rf"^{name}: *(\S+)", text, re.MULTILINE)
    return found.group(1) if found else None


def git_state(folder: Path) -> dict[str, Json]:
    """Read commit and cleanliness of the repository that holds ``folder``.

    Returns:
        ``commit`` (40 hex digits) and ``dirty`` (changed or untracked files), both None with a
        ``why_unknown`` where there is no git, no repository, no commit yet, or no answer within 10
        s.
    """
    try:
        commit = _git(folder, "rev-parse", "HEAD")
        asked = ("status", "--porcelain", "--ignore-submodules=dirty")
        return {"commit": commit, "dirty": bool(_git(folder, *asked, without=_commands(folder)))}
    except FileNotFoundError:
        why = "git is not installed" if folder.is_dir() else "the folder does not exist"
    except subprocess.TimeoutExpired:
        why = f"git did not answer within {_GIT_TIMEOUT_S} s"
    except subprocess.CalledProcessError as error:
        said = str(error.stderr).strip().splitlines()
        # git names the folder in some messages; its first words are enough
        why = (
            "not a git repository"
            if said and "not a git repository" in said[0]
            else "git gives no commit"
        )
    except OSError as error:
        why = f"git cannot be run: {error.strerror}"
    return {"commit": None, "dirty": None, "why_unknown": why}


_RUNS = r"^filter\..*\.(clean|smudge|process|required)$"


def _commands(folder: Path) -> dict[str, str]:
    """Return the settings of a repository that name a command which git would run to say how it
    stands, each without one: whoever made the suite may have made its repository.
    """
    try:
        asked = ("--includes", "--show-scope", "--null", "--name-only", "--get-regexp", _RUNS)
        told = _git(folder, "config", *asked).split("\0")
    except subprocess.CalledProcessError:  # it names none, or this git knows no scopes
        told = []
    found = {"core.fsmonitor": "false", "core.hooksPath": os.devnull}
    for scope, name in zip(told[::2], told[1::2], strict=False):
        if scope in ("local", "worktree") and name.startswith("filter."):
            found[name] = "false" if name.endswith(".required") else ""
    return found


def _git(folder: Path, *arguments: str, without: Mapping[str, str] | None = None) -> str:
    """Ask git about a folder; ``without``: settings that hold instead of the repository's."""
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    stated = os.environ.get("GIT_CONFIG_COUNT", "")
    first = int(stated) if stated.isdecimal() else 0
    for number, (name, value) in enumerate((without or {}).items(), first):
        environment[f"GIT_CONFIG_KEY_{number}"] = name
        environment[f"GIT_CONFIG_VALUE_{number}"] = value
        environment["GIT_CONFIG_COUNT"] = str(number + 1)
    done = subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        errors="replace",
        check=True,
        timeout=_GIT_TIMEOUT_S,
    )
    return done.stdout.strip()


def host_facts(root: Path = Path("/")) -> dict[str, Json]:
    """Read what stays the same on this machine: processor, memory, system, Python, container and
    virtual machine.

    ``host`` tells machines apart without naming them (a hash); ``region`` is what ``BENCH_REGION``
    says. ``cores_usable`` and ``memory_limit_bytes`` are what the container and the affinity mask
    leave of ``cores`` and ``memory_bytes``. ``root`` is the file system's root, for tests.
    """
    libc, libc_version = platform.libc_ver()
    return {
        "host": _host_id(root),
        "region": os.environ.get("BENCH_REGION") or None,
        "cpu": _cpu_model(root),
        "cores": os.cpu_count(),
        "cores_usable": _usable_cores(root),
        "memory_bytes": _memory_bytes(),
        "memory_limit_bytes": _memory_limit(root),
        "gpus": _gpus(root),
        "os": _os_name(root),
        "kernel": platform.release() or None,
        "machine": platform.machine() or None,
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "libc": f"{libc} {libc_version}".strip() or None,
        "container": _container(root),
        "virtual_machine": _virtual_machine(root),
    }


def session_facts(root: Path = Path("/")) -> dict[str, Json]:
    """Read :func:`host_facts` and how busy the machine is now: other load makes latency worse than
    it need be.
    """
    try:
        load: list[float] | None = [round(value, 2) for value in os.getloadavg()]
    except OSError:
        load = None
    return {
        **host_facts(root),
        "load_average": load,
        "memory_available_bytes": _kib(_read(root / "proc/meminfo"), "MemAvailable"),
    }


def busy_note(facts: Mapping[str, Json]) -> str | None:
    """Return a line if other work had all cores when a session began, by its :func:`session_facts`;
    else None.

    Engines that use every core wait for each other at every step: what shares their cores slows
    them many times over.
    """
    load = excess_load(facts)
    if load is None:
        return None
    return (
        f"the machine was busy when the session began ({load}): latency and cost of local arms are"
        " overstated by whatever else ran"
    )


def excess_load(facts: Mapping[str, Json]) -> str | None:
    """Return the load of a machine in words, where it is more than its cores bear; else None."""
    load, cores = facts.get("load_average"), facts.get("cores_usable") or facts.get("cores")
    if not load or not cores or load[0] <= cores:
        return None
    return f"load average {load[0]:.1f} on {cores} cores"


def _host_id(root: Path) -> str:
    identity = f"claimbench {_read(root / 'etc/machine-id').strip()} {platform.node()}"
    return hashlib.sha256(identity.encode()).hexdigest()[:12]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _value(text: str, key: str, separator: str) -> str | None:
    """Return the value of the first ``key<separator>value`` line."""
    found = re.search(rf"^{re.escape(key)}\s*{separator}\s*(.+?)\s*$", text, re.MULTILINE)
    return found.group(1).strip('"') if found else None


def _kib(text: str, key: str) -> int | None:
    value = _value(text, key, ":")
    return int(value.split()[0]) * 1024 if value else None


def _cpu_model(root: Path) -> str | None:
    text = _read(root / "proc/cpuinfo")
    found = _value(text, "model name", ":") or _value(text, "Model", ":")
    if found or platform.system() != "Darwin":
        return found or platform.processor() or None
    try:
        command = ["sysctl", "-n", "machdep.cpu.brand_string"]
        return (
            subprocess.run(
                command, capture_output=True, text=True, check=True, timeout=5
            ).stdout.strip()
            or None
        )
    except (OSError, subprocess.SubprocessError):
        return platform.processor() or None


def _usable_cores(root: Path) -> float | None:
    """Count the cores by affinity, or by the container's quota if that is less (1.5 = one and a
    half).
    """
    affinity = getattr(os, "sched_getaffinity", None)  # Linux only
    cores = len(affinity(0)) if affinity is not None else os.cpu_count()
    quota, period = "", ""
    if fields := _read(root / "sys/fs/cgroup/cpu.max").split():
        quota, period = fields[0], fields[-1]
    else:
        quota = _read(root / "sys/fs/cgroup/cpu/cpu.cfs_quota_us").strip()
        period = _read(root / "sys/fs/cgroup/cpu/cpu.cfs_period_us").strip()
    if cores is None or not (quota.isdigit() and period.isdigit() and int(period) > 0):
        return cores
    return min(float(cores), round(int(quota) / int(period), 2))


def _memory_bytes() -> int | None:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return None


def _memory_limit(root: Path) -> int | None:
    for name in ("memory.max", "memory/memory.limit_in_bytes"):
        text = _read(root / "sys/fs/cgroup" / name).strip()
        if (
            text.isdigit() and int(text) < 1 << 60
        ):  # version 1 writes "no limit" as a number near 2**63
            return int(text)
    return None


def _gpus(root: Path) -> list[Json]:
    """List the NVIDIA devices that the kernel's driver names; empty if it names none."""
    files = sorted((root / "proc/driver/nvidia/gpus").glob("*/information"))
    return [name for file in files if (name := _value(_read(file), "Model", ":"))]


def _os_name(root: Path) -> str:
    return (
        _value(_read(root / "etc/os-release"), "PRETTY_NAME", "=")
        or f"{platform.system()} {platform.release()}"
    )


def _container(root: Path) -> str | None:
    """Name the kind of container this process is in; None if there is no sign of one."""
    if (root / "run/.containerenv").exists():
        return "podman"
    control_groups = _read(root / "proc/1/cgroup")
    for name in _CONTAINERS:
        if name in control_groups:
            return "kubernetes" if name == "kubepods" else name
    return "docker" if (root / ".dockerenv").exists() else None


def _virtual_machine(root: Path) -> bool | None:
    """Return whether a hypervisor shows in the processor's flags; None where the flags are not
    told.
    """
    flags = _value(_read(root / "proc/cpuinfo"), "flags", ":")
    return None if flags is None else "hypervisor" in flags.split()
