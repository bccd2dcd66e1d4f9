"""What a task file of lm-eval would run, found by reading it: nothing of it is imported or called.

Python stands behind ``!function`` and ``class:``; a metric that lm-eval does not know is a script
that ``evaluate`` would fetch or read from a folder; a ``pandas`` data set is a pickle.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from claimbench.errors import why_unreadable
from claimbench.trust import Code
from claimbench.types import Json

MOST_FILES = 1000
MOST_BYTES = 32 * 2**20
_UNPICKLED = frozenset({"pandas", "cache", "generator", "spark", "sql", "webdataset"})
"""Kinds of data set whose reading runs code, or reaches a database."""


class TaskFileFault(ValueError):
    """A task file that cannot be read."""


class _Function(str):
    """The text behind ``!function``."""

    __slots__ = ()


class _Loader(yaml.SafeLoader):  # type: ignore[misc]  # it has no types
    """YAML's plain values, and the names of functions as such."""


def _function(loader: yaml.SafeLoader, node: yaml.Node) -> _Function:
    assert isinstance(node, yaml.ScalarNode)  # noqa: S101 - a tag on anything else is a fault below
    return _Function(loader.construct_scalar(node))


_Loader.add_constructor("!function", _function)


def code_of(path: Path) -> Code:
    """Read a task file with all that it includes.

    Raises:
        TaskFileFault: one of them cannot be read, or is no mapping.
    """
    files: dict[Path, bytes] = {}
    merged = _read(path.resolve(), files)
    runs = list(_runs(merged))
    if runs:
        for module in sorted(path.resolve().parent.rglob("*.py"))[:MOST_FILES]:
            files[module] = _bytes(module)
    hashes = {str(one): hashlib.sha256(raw).hexdigest() for one, raw in sorted(files.items())}
    return Code(tuple(f"{path.name}: {what}" for what in runs), hashes)


def code_of_config(config: Mapping[str, Json]) -> list[str]:
    """Return what a configuration that was stored would run; nothing, where it is honest."""
    return list(_runs(config))


def _read(path: Path, files: dict[Path, bytes]) -> dict[str, Any]:
    if path in files:
        raise TaskFileFault(f"{path} includes itself")
    if len(files) > MOST_FILES:
        raise TaskFileFault(f"{path}: more than {MOST_FILES} files are included")
    files[path] = _bytes(path)
    try:
        config = yaml.load(files[path], Loader=_Loader)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, ValueError, RecursionError, AssertionError) as error:
        raise TaskFileFault(
            f"{path}: not YAML: {why_unreadable(error).splitlines()[0]:.200}"
        ) from None
    if not isinstance(config, dict):
        raise TaskFileFault(f"{path}: is no mapping of keys")
    included = config.pop("include", None) or []
    merged: dict[str, Any] = {}
    for name in included if isinstance(included, list) else [included]:
        merged.update(_read((path.parent / str(name)).resolve(), files))
    return {**merged, **config}


def _bytes(path: Path) -> bytes:
    try:
        if not path.is_file() or path.stat().st_size > MOST_BYTES:
            raise TaskFileFault(f"{path}: no file of at most {MOST_BYTES >> 20} MiB")
        return path.read_bytes()
    except OSError as error:
        raise TaskFileFault(f"{path}: cannot be read: {error.strerror}") from None


def _runs(config: Mapping[str, Any]) -> Iterator[str]:
    for place, value in _values(config, ""):
        if isinstance(value, _Function):
            yield f"{place} runs the Python function {value}"
    if config.get("class") is not None:
        yield f"class runs the Python class {config['class']}"
    # Where a function gives the results, the list only names them
    for metric in () if config.get("process_results") is not None else _metrics(config):
        yield f"the metric {metric!r} is none of lm-eval's: it would be fetched as Python and run"
    data = str(config.get("dataset_path") or "")
    if data in _UNPICKLED or data.endswith(".py"):
        yield f"dataset_path {data!r} is read by running what it holds"
    if config.get("use_prompt") is not None:
        yield f"use_prompt runs the template {config['use_prompt']!r} of another package"
    if config.get("unsafe_code"):
        yield "unsafe_code runs what a model wrote"


def _metrics(config: Mapping[str, Any]) -> Iterator[str]:
    from lm_eval.api import metrics, registry

    assert metrics is not None  # noqa: S101 - importing it fills the registry
    listed = config.get("metric_list")
    for one in listed if isinstance(listed, list) else ():
        if not isinstance(one, Mapping) or isinstance(one.get("metric"), _Function):
            continue
        name = str(one.get("metric"))
        if one.get("hf_evaluate") or name not in registry.METRIC_REGISTRY:
            yield name


def _values(value: Any, place: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _values(inner, f"{place}.{key}" if place else str(key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _values(inner, f"{place}[{number}]")
    else:
        yield place, value
