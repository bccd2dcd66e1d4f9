"""Figures of dated snapshots that cannot all be true.

What a repository has of all time never falls. A snapshot gives it at two moments: on its day, and
30 days before (all time less the last 30 days). Days are known and hours are not, so two moments of
one day are in no order.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from itertools import combinations, pairwise
from urllib.parse import urlsplit

from claimbench.suite.adoption.snapshots import made_after, value_of
from claimbench.types import Reason
from claimbench.types.adoption import HubModel, Snapshot

WINDOW_DAYS = 30
_ALSO = {"hf.co": "huggingface.co"}
_ADDRESS = re.compile(r"(?:https?:)?//|[\w-]+(?:\.[\w-]+)+(?:[/?]|$)", re.IGNORECASE)


def hub_of(source: str) -> str:
    """Return the hub that a source is of: an address's host, else the words themselves."""
    return _host(source) or source.strip().lower()


def hubs_of(snapshots: Sequence[Snapshot]) -> list[str]:
    """Return the hosts that the snapshots' addresses are of; words tell no host."""
    hosts = [_host(one.source) for one in snapshots]
    return sorted({host for host in hosts if host is not None})


def _host(source: str) -> str | None:
    text = source.strip().lower()
    if not _ADDRESS.match(text):
        return None
    try:
        host = urlsplit(text if "//" in text else f"//{text}").hostname
    except ValueError:
        return None
    host = (host or "").removeprefix("www.")
    return _ALSO.get(host, host) or None


def contradictions(snapshots: Sequence[Snapshot]) -> Reason | None:
    """Say which figures of one hub's snapshots cannot all be true, with rows, files and dates; None
    where all can. Each two snapshots are compared; likes may fall, and so may 30 days' downloads.
    """
    ordered = sorted(snapshots, key=lambda one: one.date)
    for one in ordered:
        said = _two_totals(one) or _total_below(one, one)
        if said is not None:
            return Reason("totals_contradict", said)
    for one, two in combinations(ordered, 2):
        if hub_of(one.source) != hub_of(two.source):
            continue
        if one.date == two.date:
            said = _total_below(one, two) or _total_below(two, one)
            if said is not None:
                return Reason("totals_contradict", said)
        said = _of_two(one, two)
        if said is not None:
            return Reason("snapshots_contradict", said)
    return None


def _of_two(one: Snapshot, two: Snapshot) -> str | None:
    """``one`` is not the later."""
    known = {model.id.lower(): model for model in one.models}
    rules: tuple[_Rule, ...] = (_created_later, _falls, _gained, _fell_before, _least)
    if one.date == two.date:
        rules = (_another_count, _created_later, _least, _least_turned)
    for later in two.models:
        earlier = known.get(later.id.lower())
        if earlier is None:
            continue
        for rule in rules:
            said = rule(one, earlier, two, later)
            if said is not None:
                return said
    if one.date != two.date:
        return None
    return (
        _other_totals(one, two)
        or _other_places(one, two)
        or _ranks_against_counts(one, two)
        or _ranks_against_counts(two, one)
        or _not_all(one, two)
        or _not_all(two, one)
    )


# one repository in two snapshots ------------------------------------------------------------------

_Rule = Callable[[Snapshot, HubModel, Snapshot, HubModel], str | None]


def _at(snapshot: Snapshot, model: HubModel) -> str:
    return f"{snapshot.name} ({snapshot.date}, line {model.line})"


def _days(one: Snapshot, two: Snapshot) -> int:
    return (date.fromisoformat(two.date) - date.fromisoformat(one.date)).days


def _another_count(one: Snapshot, earlier: HubModel, two: Snapshot, later: HubModel) -> str | None:
    """Two counts on one day. Trending scores change by the hour: only of one and the same list."""
    found: list[tuple[str, float | None, float | None]] = [
        ("downloads of 30 days", earlier.downloads, later.downloads),
        ("downloads of all time", earlier.downloads_all, later.downloads_all),
    ]
    if one.source == two.source:
        found.append(("as its trending score", earlier.trending, later.trending))
    for what, a, b in found:
        if a is not None and b is not None and a != b:
            return (
                f"{later.id} has {a:,} {what} in {_at(one, earlier)} and {b:,} in"
                f" {_at(two, later)}, of the same day"
            )
    return None


def _created_later(one: Snapshot, earlier: HubModel, two: Snapshot, later: HubModel) -> str | None:
    """A repository that is listed before it was created."""
    for created, told, model, listed, row in (
        (later.created, two, later, one, earlier),
        (earlier.created, one, earlier, two, later),
    ):
        if created is not None and made_after(created, listed.date):
            return (
                f"{later.id} was created on {created} by {_at(told, model)} and is listed in"
                f" {_at(listed, row)}"
            )
    return None


def _falls(one: Snapshot, earlier: HubModel, two: Snapshot, later: HubModel) -> str | None:
    """An all-time count that falls."""
    a, b = earlier.downloads_all, later.downloads_all
    if a is None or b is None or b >= a:
        return None
    return (
        f"{later.id} has {a:,} downloads of all time in {_at(one, earlier)} and {b:,} in"
        f" {_at(two, later)}"
    )


def _gained(one: Snapshot, earlier: HubModel, two: Snapshot, later: HubModel) -> str | None:
    """A gain of more than 30 days below the last 30 of them, or one of fewer above the 30 days that
    hold it.
    """
    a, b, recent = earlier.downloads_all, later.downloads_all, later.downloads
    if a is None or b is None or recent is None:
        return None
    days = _days(one, two)
    gain = b - a
    less = days > WINDOW_DAYS and gain < recent
    more = days < WINDOW_DAYS and gain > recent
    if not less and not more:
        return None
    within = "the last 30 of these days" if less else "the 30 days that these are part of"
    span = "1 day" if days == 1 else f"{days} days"
    return (
        f"{later.id} has {a:,} downloads of all time in {_at(one, earlier)} and {b:,} in"
        f" {_at(two, later)}, {gain:,} more in {span}, and the second says {recent:,} in {within}"
    )


def _fell_before(one: Snapshot, earlier: HubModel, two: Snapshot, later: HubModel) -> str | None:
    """All time less the last 30 days is what it had 30 days before, which never falls."""
    if earlier.downloads_all is None or later.downloads_all is None:
        return None
    if earlier.downloads is None or later.downloads is None:
        return None
    a = earlier.downloads_all - earlier.downloads
    b = later.downloads_all - later.downloads
    if b >= a:
        return None
    return (
        f"{later.id} had {a:,} downloads of all time 30 days before {_at(one, earlier)}"
        f" ({earlier.downloads_all:,} less {earlier.downloads:,}) and {b:,} 30 days before"
        f" {_at(two, later)} ({later.downloads_all:,} less {later.downloads:,})"
    )


def _least(one: Snapshot, earlier: HubModel, two: Snapshot, later: HubModel) -> str | None:
    """All time holds the 30 days of the earlier snapshot, and its own beside them."""
    ever, before = later.downloads_all, earlier.downloads
    if ever is None or before is None:
        return None
    apart = _days(one, two) > WINDOW_DAYS and later.downloads is not None
    recent = (later.downloads or 0) if apart else 0
    if ever >= before + recent:
        return None
    beside = f" and {recent:,} in the 30 days before {two.date}" if apart else ""
    return (
        f"{later.id} has {before:,} downloads of 30 days in {_at(one, earlier)}{beside}, and only"
        f" {ever:,} of all time in {_at(two, later)}"
    )


def _least_turned(one: Snapshot, earlier: HubModel, two: Snapshot, later: HubModel) -> str | None:
    return _least(two, later, one, earlier)


# two files of one day -----------------------------------------------------------------------------


def _other_places(one: Snapshot, two: Snapshot) -> str | None:
    """One list of one day in two orders; rows that tie may stand either way."""
    if one.source != two.source or one.order is None or one.order != two.order:
        return None
    for place, (a, b) in enumerate(zip(one.models, two.models, strict=False), start=1):
        value = value_of(a, one.order)
        tie = value is not None and value == value_of(b, one.order)
        if a.id.lower() != b.id.lower() and not tie:
            return (
                f"place {place} of the list by {one.order} is {a.id} in {_at(one, a)} and {b.id} in"
                f" {_at(two, b)}, of the same day"
            )
    return None


def _ranks_against_counts(listed: Snapshot, counted: Snapshot) -> str | None:
    """A list by downloads whose rows stand otherwise than the other file counts them."""
    order = listed.order
    if order is None or order == "trending":
        return None
    counts = {model.id.lower(): model for model in counted.models}
    both = [
        (model, counts[model.id.lower()]) for model in listed.models if model.id.lower() in counts
    ]
    known = [pair for pair in both if value_of(pair[1], order) is not None]
    for (above, a), (below, b) in pairwise(known):
        high, low = value_of(a, order) or 0.0, value_of(b, order) or 0.0
        if low > high:
            return (
                f"{above.id} stands above {below.id} by {order} in {_at(listed, below)}, and"
                f" {counted.name} ({counted.date}, lines {a.line} and {b.line}) counts {high:,.0f}"
                f" and {low:,.0f}"
            )
    return None


def _not_all(whole: Snapshot, other: Snapshot) -> str | None:
    """A file that is declared to hold every repository, and lacks one that the other lists."""
    if not whole.complete:
        return None
    held = {model.id.lower() for model in whole.models}
    for model in other.models:
        if model.id.lower() not in held:
            return (
                f"{whole.name} ({whole.date}) is declared to hold every repository, and lacks"
                f" {model.id} of {_at(other, model)}, of the same day"
            )
    return None


# the hub's own sums -------------------------------------------------------------------------------


def _two_totals(one: Snapshot) -> str | None:
    if one.total is None or one.total_all is None or one.total <= one.total_all:
        return None
    return (
        f"{one.name} ({one.date}) is stated to have {one.total:,} downloads of 30 days in all and"
        f" {one.total_all:,} of all time"
    )


def _total_below(stated: Snapshot, counted: Snapshot) -> str | None:
    """A hub's own sum that is below that of the rows of a file of the day."""
    for total, what, values in (
        (stated.total, "of 30 days", [model.downloads for model in counted.models]),
        (stated.total_all, "of all time", [model.downloads_all for model in counted.models]),
    ):
        rows = sum(value for value in values if value is not None)
        if total is not None and rows > total:
            return (
                f"the rows of {counted.name} ({counted.date}) have {rows:,} downloads {what}, and"
                f" the hub's own sum in {stated.name} ({stated.date}) is {total:,}"
            )
    return None


def _other_totals(one: Snapshot, two: Snapshot) -> str | None:
    for what, a, b in (
        ("of 30 days", one.total, two.total),
        ("of all time", one.total_all, two.total_all),
    ):
        if a is not None and b is not None and a != b:
            return (
                f"the hub's own sum of downloads {what} is {a:,} in {one.name} and {b:,} in"
                f" {two.name}, both of {one.date}"
            )
    return None
