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

from claimbench.errors import SuiteError
from claimbench.importers.imported import ImportFault
from claimbench.suite.datasets import read_limited
from claimbench.types import Json

YEAR_S = 366 * 86_400


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
    """Make half surrogates, which no text can hold, visible in every text of a value."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {_sound(key): _sound(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_sound(item) for item in value]
    return value


def json_lines(path: Path, raw: bytes) -> Iterator[tuple[int, dict[str, Json]]]:
    """Yield (line number, object) of a JSON Lines file; raises ImportFault for a line that is no
    object.
    """
    for number, line in enumerate(raw.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            value = _sound(json.loads(line))
        except (ValueError, RecursionError) as error:
            raise ImportFault(
                f"{path}:{number}: not JSON ({error})",
                hint="a file that is cut short was perhaps not finished by the tool that wrote it",
            ) from None
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
    try:
        return float(value) if isinstance(value, int | float) and math.isfinite(value) else None
    except OverflowError:  # a whole number beyond every double
        return None


def seconds(value: Json) -> float | None:
    """Return a time that a call can have taken: above 0 and at most a year; else it is unknown."""
    found = number(value)
    return found if found is not None and 0 < found <= YEAR_S else None


def mapping(value: Json) -> dict[str, Json]:
    """Return an object; an empty one for anything else, so that shapes need not be trusted."""
    return value if isinstance(value, dict) else {}


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
            return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
        except (ValueError, OverflowError):
            return None
    stamp = number(value)
    # 2000 to 2100; others count from a boot
    if stamp is None or not 946_684_800 <= stamp < 4_102_444_800:
        return None
    return datetime.fromtimestamp(stamp, UTC)


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
