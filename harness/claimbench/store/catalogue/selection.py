"""Which of many runs are meant: by suite, time and tags."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from claimbench.errors import BenchError
from claimbench.store.runs import RunInfo

_AGO = re.compile(r"([0-9]{1,5})([hdw])")
_HOURS = {"h": 1, "d": 24, "w": 168}


@dataclass(frozen=True, slots=True)
class Selection:
    """Runs of a suite's name, begun at or after ``since``, with every one of ``tags``; None and
    empty choose all.
    """

    suite: str | None = None
    since: datetime | None = None
    tags: tuple[str, ...] = ()

    def of(self, runs: Iterable[RunInfo]) -> list[RunInfo]:
        """Return the runs that fit, in their order; one that says no time is in no time span."""
        return [info for info in runs if self._fits(info)]

    def _fits(self, info: RunInfo) -> bool:
        if self.suite is not None and info.suite_name != self.suite:
            return False
        if not set(self.tags) <= set(info.tags):
            return False
        if self.since is None:
            return True
        try:
            begun = datetime.fromisoformat(info.created_utc)
        except ValueError:  # a run of elsewhere may not say when it was made
            return False
        return _in_utc(begun) >= self.since


def selected(
    suite: str | None = None,
    since: str | date | None = None,
    tags: Iterable[str] = (),
    *,
    now: datetime | None = None,
) -> Selection:
    """Return the selection that a person names.

    Args:
        suite: name of a suite.
        since: a day, a moment (UTC where it names no zone), or a time ago: 12h, 7d, 4w.
        tags: all of them are wanted.
        now: the moment that times ago are counted from; default: the clock's.

    Raises:
        BenchError: ``since`` is none of these.
    """
    moment = None if since is None else _moment(since, now or datetime.now(UTC))
    return Selection(suite, moment, tuple(tags))


def _moment(since: str | date, now: datetime) -> datetime:
    if isinstance(since, datetime):
        return _in_utc(since)
    if isinstance(since, date):
        return datetime(since.year, since.month, since.day, tzinfo=UTC)
    text = since.strip()
    ago = _AGO.fullmatch(text)
    try:
        if ago is not None:
            return now - timedelta(hours=int(ago[1]) * _HOURS[ago[2]])
        return _in_utc(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        raise BenchError(
            f"since {text!r:.60}: no day, moment or time ago",
            hint="for example 2026-11-01, 2026-11-01T18:00, 12h, 7d or 4w",
        ) from None


def _in_utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
