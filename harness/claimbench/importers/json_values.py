"""Reading JSON of other tools: errors with file and line, values by path without trusting the
shape.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator
from pathlib import Path

from claimbench.errors import SuiteError, why_unreadable
from claimbench.importers.imported import ImportFault
from claimbench.suite.datasets import read_limited
from claimbench.suite.files.values import (
    YEAR_S,
    as_list,
    digest,
    disjoint,
    dollars,
    get,
    mapping,
    moment,
    number,
    seconds,
    text_of,
    whole,
)
from claimbench.types import Json


def read_bytes(path: Path) -> bytes:
    """Read a regular file of at most 1 GiB; raises ImportFault with its name."""
    try:
        return read_limited(path, str(path))
    except SuiteError as error:
        raise ImportFault(f"{path}: {error.message}", hint=error.hint) from None


def load_json(path: Path, raw: bytes, member: str = "") -> Json:
    """Parse one JSON text (NaN and Infinity allowed: Python tools write them); raises ImportFault
    naming the line.
    """
    where = f"{path}{f' ({member})' if member else ''}"
    try:
        return _sound(json.loads(raw))
    except UnicodeDecodeError as error:
        raise ImportFault(f"{where}: not UTF-8 text (byte {error.start})") from None
    except (json.JSONDecodeError, RecursionError) as error:
        line = getattr(error, "lineno", 1)
        raise ImportFault(
            f"{where}:{line}: not JSON ({getattr(error, 'msg', 'nested too deeply')})",
            hint="a file that is cut short was perhaps not finished by the tool that wrote it",
        ) from None
    except ValueError as error:
        raise ImportFault(f"{where}: a number too long to read ({error})") from None
    except MemoryError:
        raise ImportFault(f"{where}: too large for the memory of this machine") from None


def _sound(value: Json) -> Json:
    """Make half surrogates, which no text can hold, visible in every text of a value; a number that
    is none (NaN, an infinity) is unknown.
    """
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {_sound(key): _sound(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_sound(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def json_lines(path: Path, raw: bytes) -> Iterator[tuple[int, dict[str, Json]]]:
    """Yield (line number, object) of a JSON Lines file; raises ImportFault for a line that is no
    object.
    """
    for position, line in enumerate(raw.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            value = _sound(json.loads(line))
        except (ValueError, RecursionError) as error:
            raise ImportFault(
                f"{path}:{position}: not JSON ({why_unreadable(error)})",
                hint="a file that is cut short was perhaps not finished by the tool that wrote it",
            ) from None
        if not isinstance(value, dict):
            raise ImportFault(f"{path}:{position}: not a JSON object")
        yield position, value


def sha256(raw: bytes) -> str:
    """Return the hash of a file's bytes."""
    return hashlib.sha256(raw).hexdigest()


__all__ = [
    "YEAR_S",
    "as_list",
    "digest",
    "disjoint",
    "dollars",
    "get",
    "json_lines",
    "load_json",
    "mapping",
    "moment",
    "number",
    "read_bytes",
    "seconds",
    "sha256",
    "text_of",
    "whole",
]
