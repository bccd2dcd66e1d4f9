"""Reading JSON of other tools: errors with file and line, values by path without trusting the
shape.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from claimbench.importers.imported import ImportFault
from claimbench.types import Json


def read_bytes(path: Path) -> bytes:
    """Read a file; raises ImportFault with its name."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise ImportFault(f"{path}: cannot be read: {error.strerror or error}") from None


def load_json(path: Path, raw: bytes, member: str = "") -> Json:
    """Parse one JSON text (NaN and Infinity allowed: Python tools write them); raises ImportFault
    naming the line.
    """
    where = f"{path}{f' ({member})' if member else ''}"
    try:
        return json.loads(raw)
    except UnicodeDecodeError as error:
        raise ImportFault(f"{where}: not UTF-8 text (byte {error.start})") from None
    except (json.JSONDecodeError, RecursionError) as error:
        line = getattr(error, "lineno", 1)
        raise ImportFault(
            f"{where}:{line}: not JSON ({getattr(error, 'msg', 'nested too deeply')})",
            hint="a file that is cut short was perhaps not finished by the tool that wrote it",
        ) from None


def json_lines(path: Path, raw: bytes) -> Iterator[tuple[int, dict[str, Json]]]:
    """Yield (line number, object) of a JSON Lines file; raises ImportFault for a line that is no
    object.
    """
    for number, line in enumerate(raw.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise ImportFault(f"{path}:{number}: not JSON ({error})") from None
        if not isinstance(value, dict):
            raise ImportFault(f"{path}:{number}: not a JSON object")
        yield number, value


def get(value: Json, *path: str | int) -> Any:
    """Walk into nested objects and lists; None where the path ends early."""
    for step in path:
        if isinstance(value, dict) and isinstance(step, str):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and -len(value) <= step < len(value):
            value = value[step]
        else:
            return None
    return value


def number(value: Json) -> float | None:
    """Return a finite number (booleans as 0 and 1), or None."""
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, int | float) and math.isfinite(value):
        return float(value)
    return None


def whole(value: Json) -> int | None:
    """Return a count, or None."""
    found = None if isinstance(value, bool) else number(value)
    return int(found) if found is not None and found >= 0 and found == int(found) else None


def dollars(value: Json) -> Decimal | None:
    """Return a positive amount; 0, null and the rest are unknown: tools file 0 for "not
    measured".
    """
    if isinstance(value, bool) or value is None:
        return None
    try:
        amount = Decimal(str(value).strip().lstrip("$"))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and amount > 0 else None


def moment(value: Json) -> datetime | None:
    """Return an ISO 8601 text or a Unix time in seconds as an aware moment, or None."""
    if isinstance(value, str):
        try:
            found = datetime.fromisoformat(value.replace("Z", "+00:00"))
        except ValueError:
            return None
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    seconds = number(value)
    if (
        seconds is None or not 946_684_800 <= seconds < 4_102_444_800
    ):  # 2000 to 2100; others count from a boot
        return None
    return datetime.fromtimestamp(seconds, UTC)


def digest(*parts: Json) -> str:
    """Hash JSON values, for "is this the same item?"."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def sha256(raw: bytes) -> str:
    """Return the hash of a file's bytes."""
    return hashlib.sha256(raw).hexdigest()


def text_of(value: Json) -> str:
    """Return an answer as text: text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
