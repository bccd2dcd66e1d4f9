"""The time that a latency verdict about a remote arm speaks of.

A provider's latency swings over the day, so what was measured in one stretch of time is said of
that stretch alone. Three sessions at different hours lift it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from claimbench.claims.types import ClaimContext
from claimbench.stats import IntArray
from claimbench.tables.types import FloatArray
from claimbench.types import Reason

SESSIONS_WANTED = 3
APART_S = 3600.0
"""Sessions are at different hours where their starts lie this far apart, by the clock on the wall:
three days at nine in the morning are one hour."""
DAY_S = 86400.0


@dataclass(frozen=True)
class ArmWindow:
    """Hold a remote arm's send times (UTC seconds, nan = unknown) with the session of each."""

    arm: str
    sent_utc_s: FloatArray
    session: IntArray


def is_remote(arm: str, ctx: ClaimContext) -> bool:
    """Tell whether an arm answers from elsewhere: no device, and not on this machine."""
    return arm in ctx.devices and ctx.devices[arm] is None and arm not in ctx.loopback


def measured_window(arms: Sequence[ArmWindow]) -> tuple[str, tuple[Reason, ...]]:
    """Say in words which time a verdict is about, given its remote arms that were measured in too
    few sessions.

    Returns:
        (words, reasons that forbid a verdict). The words are empty without such arms. A time that
        nobody knows cannot be named: then ``window_unknown`` forbids the verdict.
    """
    if not arms:
        return "", ()
    unknown = [one.arm for one in arms if not np.isfinite(one.sent_utc_s).any()]
    if unknown:
        return "", (Reason("window_unknown", ", ".join(unknown)),)
    return window_text(arms), ()


def different_hours(arm: ArmWindow) -> int:
    """Count the sessions whose starts lie an hour apart on the clock, each from all others."""
    kept: list[float] = []
    for start, _ in sorted(spans(arm)):
        hour = start % DAY_S
        distances = [min(abs(hour - other), DAY_S - abs(hour - other)) for other in kept]
        if all(distance >= APART_S for distance in distances):
            kept.append(hour)
    return len(kept)


def spans(arm: ArmWindow) -> list[tuple[float, float]]:
    """List (first send, last send) of each session with known times, UTC seconds."""
    known = np.isfinite(arm.sent_utc_s)
    found: list[tuple[float, float]] = []
    for session in np.unique(arm.session[known]):
        sent = arm.sent_utc_s[known & (arm.session == session)]
        found.append((float(sent.min()), float(sent.max())))
    return found


def window_text(arms: Sequence[ArmWindow]) -> str:
    """Name the time of the arms' calls: ``in this 15-minute window (2026-11-29 09:00 to 09:15
    UTC)``.

    Sessions that overlap, or follow within an hour, are one window.
    """
    windows: list[tuple[float, float]] = []
    for start, end in sorted(span for arm in arms for span in spans(arm)):
        if windows and start - windows[-1][1] < APART_S:
            windows[-1] = (windows[-1][0], max(windows[-1][1], end))
        else:
            windows.append((start, end))
    when = ", ".join(_from_to(start, end) for start, end in windows[:3])
    if len(windows) > 1:
        more = f" and {len(windows) - 3} more" if len(windows) > 3 else ""
        return f"in these {len(windows)} windows ({when}{more} UTC)"
    start, end = windows[0]
    return f"in this {_length(end - start)} window ({when} UTC)"


def _from_to(start: float, end: float) -> str:
    first = datetime.fromtimestamp(start, UTC)
    last = max(datetime.fromtimestamp(end, UTC), first)
    if first.date() == last.date() and last - first >= timedelta(minutes=1):
        return f"{first:%Y-%m-%d %H:%M} to {last:%H:%M}"
    if last - first < timedelta(minutes=1):
        return f"{first:%Y-%m-%d %H:%M}"
    return f"{first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M}"


def _length(seconds: float) -> str:
    if seconds < 60:
        return f"{max(seconds, 1):.0f}-second"
    if seconds < 2 * 3600:
        return f"{seconds / 60:.0f}-minute"
    return f"{seconds / 3600:.3g}-hour"
