"""Vendors' rate-limit headers, read as: nothing more may be sent for so many seconds. Pure
functions.

OpenAI and those who copy it send ``x-ratelimit-remaining-requests`` with
``x-ratelimit-reset-requests: 1m2.5s``, Anthropic ``anthropic-ratelimit-requests-remaining`` with
``-reset`` as an RFC 3339 time, others plain seconds. Whether the limit is a bucket that refills or
a window that ends, waiting for the reset once nothing is left loses nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_KINDS = ("requests", "tokens", "input-tokens", "output-tokens")
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_SECONDS = {"ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def nothing_left_for_s(headers: Mapping[str, str], in_flight: int) -> float | None:
    """Return the seconds until a limit resets of which nothing is left; None where there is
    something left, or nothing said.

    Requests under way will still take their share: ``in_flight`` or fewer remaining requests count
    as nothing.
    """
    if not headers:
        return None
    found = {name.lower(): value for name, value in headers.items()}
    waits = []
    for kind in _KINDS:
        remaining, reset = _pair(found, kind)
        count = _count(remaining)
        if count is None or count > (in_flight if kind == "requests" else 0):
            continue
        wait = reset_s(reset, found.get("date"))
        if wait is not None:
            waits.append(wait)
    return max(waits, default=None)


def _pair(headers: Mapping[str, str], kind: str) -> tuple[str | None, str | None]:
    named = headers.get(f"x-ratelimit-remaining-{kind}"), headers.get(f"x-ratelimit-reset-{kind}")
    if named[0] is not None:
        return named
    named = (
        headers.get(f"anthropic-ratelimit-{kind}-remaining"),
        headers.get(f"anthropic-ratelimit-{kind}-reset"),
    )
    if named[0] is not None or kind != "requests":
        return named
    for prefix in ("x-ratelimit-", "ratelimit-"):
        if f"{prefix}remaining" in headers:
            return headers[f"{prefix}remaining"], headers.get(f"{prefix}reset")
    return None, None


def _count(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


def reset_s(text: str | None, date: str | None) -> float | None:
    """Return the seconds that a reset header speaks of: ``1m2.5s``, ``12``, or a time against the
    reply's own ``date``.
    """
    if not text:
        return None
    if re.fullmatch(r"\d+(\.\d+)?", text):
        value = float(text)
        return value if value < 1e8 else None  # larger ones are times since 1970, in whatever unit
    parts = _DURATION.findall(text)
    if parts and "".join(number + unit for number, unit in parts) == text:
        return sum(float(number) * _SECONDS[unit] for number, unit in parts)
    try:
        until = datetime.fromisoformat(text)
        now = parsedate_to_datetime(date) if date else datetime.now(UTC)
        return max(0.0, (until - now).total_seconds())
    except (ValueError, TypeError):
        return None
