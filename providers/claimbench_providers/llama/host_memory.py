"""Find how much memory this process may still take."""

from __future__ import annotations

from pathlib import Path


def available_bytes(root: Path = Path("/")) -> int | None:
    """Bytes that can be allocated without swapping: the kernel's estimate, or the container's limit
    if that is less.

    None where the system does not say (no ``/proc``). ``root`` is the file system's root, for
    tests.
    """
    bounds = [
        b
        for b in (_meminfo(root / "proc/meminfo"), _cgroup(root / "sys/fs/cgroup"))
        if b is not None
    ]
    return min(bounds) if bounds else None


def _meminfo(path: Path) -> int | None:
    try:
        lines = path.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return None
    for line in lines:
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return None


def _cgroup(folder: Path) -> int | None:
    pairs = (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    )
    for limit_name, used_name in pairs:
        limit, used = _number(folder / limit_name), _number(folder / used_name)
        if limit is not None and used is not None and limit < 1 << 60:
            # Page cache counts as used but is given back on demand; without its figure the limit
            # itself is the bound.
            cache = _statistic(folder / Path(limit_name).parent / "memory.stat", ("file", "cache"))
            return max(0, limit - used + (cache or 0))
    return None


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError):  # absent, or "max"
        return None


def _statistic(path: Path, names: tuple[str, ...]) -> int | None:
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    for line in lines:
        name, _, value = line.partition(" ")
        if name in names and value.isdigit():
            return int(value)
    return None
