"""Find how much memory this process may still take."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from claimbench.errors import ModelError
from claimbench_providers.llama.gguf import GgufHeader
from claimbench_providers.models.catalogue import LocalModel


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


WORKSPACE_BYTES = 256 * 2**20
"""What llama.cpp needs besides weights and cache: compute buffers and tables."""


def check_fits(
    model: LocalModel, header: GgufHeader, settings: Any, available: int | None = None
) -> None:
    """Raise unless a model fits the memory of this machine; ``available``: bytes, as if measured.

    Raises:
        ModelError: it does not.
    """
    available = available_bytes() if available is None else available
    layers = header.number("block_count")
    on_host = 1.0
    if settings.n_gpu_layers:
        on_host = (
            0.0
            if settings.n_gpu_layers == -1
            else max(0.0, 1 - settings.n_gpu_layers / ((layers or 0) + 1))
        )
    cache = (header.kv_bytes_per_token() or 0) * settings.n_ctx * settings.n_slots
    need = round(on_host * (model.size_bytes + cache)) + WORKSPACE_BYTES
    if available is not None and need > available:
        raise ModelError(
            f"{model.id} does not fit the memory: {_gb(model.size_bytes)} of weights,"
            f" {_gb(cache)} of cache ({settings.n_slots} x {settings.n_ctx} tokens) and"
            f" {_gb(WORKSPACE_BYTES)} of workspace, but {_gb(available)} are available",
            hint=(
                "take a smaller model or quantisation, or lower options.n_ctx or"
                " options.prefix_slots"
            ),
        )


def _gb(n: int) -> str:
    return f"{n / 1e9:.2f} GB"
