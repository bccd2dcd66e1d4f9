"""Values of JSON that other tools wrote: by path without trusting the shape, unknown as None."""

from __future__ import annotations

import hashlib
import json
import math
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from claimbench.types import Json, Usage

YEAR_S = 366 * 86_400


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


def as_list(value: Json) -> list[Json]:
    """Return a list; an empty one for anything else."""
    return value if isinstance(value, list) else []


def whole(value: Json) -> int | None:
    """Return a count, or None."""
    found = None if isinstance(value, bool) else number(value)
    return int(found) if found is not None and found >= 0 and found == int(found) else None


def disjoint(
    total_in: int,
    total_out: int,
    cached: int | None = None,
    written: int | None = None,
    reasoning: int | None = None,
) -> Usage:
    """Return tokens in disjoint buckets: totals, of which cached input and reasoning are parts; a
    part that is not told is unknown.
    """
    read = None if cached is None else min(cached, total_in)
    wrote = None if written is None else min(written, total_in - (read or 0))
    thought = None if reasoning is None else min(reasoning, total_out)
    return Usage(
        input_fresh=total_in - (read or 0) - (wrote or 0),
        cache_read=read,
        cache_write_5m=wrote,
        output_visible=total_out - (thought or 0),
        output_reasoning=thought,
    )


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


def text_of(value: Json) -> str:
    """Return an answer as text: text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
