"""Claims about adoption: decided by exact counts of dated snapshots, in every way of counting."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from claimbench.claims.beside.contradictions import contradictions, hubs_of
from claimbench.claims.beside.counting import (
    Counter,
    NotKnown,
    Place,
    Way,
    ways,
)
from claimbench.claims.beside.places import (
    count_first,
    within_reach,
    without_doubt,
    without_ties,
)
from claimbench.claims.language.adoption.ask import Ask, Who
from claimbench.claims.types import Finding
from claimbench.claims.words import explain_reason
from claimbench.types import Estimate, Reading, Reason, VerdictStatus
from claimbench.types.adoption import Adoption, HubModel, Snapshot

MAX_AGE_DAYS = 31
"""A snapshot that is older when a claim is judged decides nothing, unless the suite says which day
the claim speaks of.
"""
METHOD = "exact count"


@dataclass(frozen=True)
class _Cell:
    """One way of counting: what was found, and what it makes of the claim."""

    way: Way
    status: VerdictStatus | str
    value: float | None = None
    said: str = ""
    reason: Reason | None = None


def adoption_finding(ask: Ask, adoption: Adoption, judged_on: str, alpha: float) -> Finding:
    """Decide a claim: supported or refuted only where all ways of counting agree.

    Args:
        ask: the claim.
        adoption: snapshots and table.
        judged_on: the day of the run, to tell what is stale.
        alpha: of the report; exact counts have no sampling noise.
    """
    last = min(adoption.as_of or judged_on, judged_on)[:10]
    used = [one for one in adoption.snapshots if one.date <= last]
    if not used:
        days = ", ".join(sorted({one.date for one in adoption.snapshots}))
        reason = Reason("no_snapshot", f"none is of {last} or before: {days}")
        return Finding("not_comparable", None, reasons=(reason,))
    flags = (Reason("as_of", _sources(used)),)
    clash = contradictions(used)
    if clash is not None:
        return Finding("not_comparable", None, flags=flags, reasons=(clash,))
    fresh = _Fresh(used, adoption, _oldest_day(adoption, judged_on))
    cells = [_cell(ask, way, fresh) for way in ways(ask.listed, adoption)]
    readings = tuple(_reading(ask, cell, alpha) for cell in cells)
    formed = [cell for cell in cells if cell.status != "n/a"]
    unknown = [cell.reason for cell in formed if cell.status == "not_comparable" and cell.reason]
    declared = bool(adoption.readings) and len(formed) < len(cells)
    decided = {cell.status for cell in formed} & {"supported", "refuted"}
    if len(decided) < 2 and (not formed or unknown or declared):
        why = unknown or [cell.reason for cell in cells if cell.reason is not None]
        reasons = tuple(dict.fromkeys(why))
        return Finding("not_comparable", None, readings, flags=flags, reasons=reasons)
    formed = [cell for cell in formed if cell.status != "not_comparable"]
    statuses = {cell.status for cell in formed}
    if statuses == {"inconclusive"}:
        detail = f"{formed[0].said}: at least so many it is, exactly so many it is not"
        reason = Reason("depends_on_counting", detail)
        return Finding("inconclusive", None, readings, flags=flags, reasons=(reason,))
    if len(statuses) > 1:
        holds = sum(cell.status == "supported" for cell in formed)
        detail = f"it holds in {holds} of {len(formed)} ways"
        reason = Reason("depends_on_counting", detail)
        return Finding("inconclusive", None, readings, flags=flags, reasons=(reason,))
    head = formed[0]
    status: VerdictStatus = "supported" if head.status == "supported" else "refuted"
    return Finding(status, None, readings, headline=head.way.name, flags=flags)


def _sources(used: Sequence[Snapshot]) -> str:
    return "; ".join(_source(one) for one in used)


def _source(one: Snapshot) -> str:
    rows = f"{len(one.models):,} rows" + (", declared to be all" if one.complete else "")
    return f"{one.date}, {one.source} ({rows}, sha256 {one.sha256[:12]})"


def _oldest_day(adoption: Adoption, judged_on: str) -> str:
    """Return the first day of which a snapshot still decides."""
    if adoption.as_of is not None and adoption.max_age_days is None:
        return ""
    most = MAX_AGE_DAYS if adoption.max_age_days is None else adoption.max_age_days
    day = date.fromisoformat((adoption.as_of or judged_on)[:10])
    return date.fromordinal(max(1, day.toordinal() - most)).isoformat()


@dataclass(frozen=True)
class _Fresh:
    """The snapshots that may be used, and from which day on one is not stale."""

    used: Sequence[Snapshot]
    adoption: Adoption
    oldest: str

    def check(self, day: str, name: str) -> None:
        """Raise where a snapshot of ``day`` is too old to decide."""
        if day < self.oldest:
            raise NotKnown("snapshot_stale", f"{name} is of {day}, before {self.oldest}")


def _reading(ask: Ask, cell: _Cell, alpha: float) -> Reading:
    estimate = None
    if cell.value is not None:
        estimate = Estimate(cell.value, cell.value, cell.value, 1 - alpha, METHOD, 0, 0)
    status = cell.status if cell.status != "not_comparable" else "n/a"
    needed = float(ask.k) if ask.kind == "top_n" else ask.share if ask.kind == "share" else None
    return Reading(
        cell.way.name,
        estimate,
        needed,
        None,
        None,
        status,  # type: ignore[arg-type]
        reasons=() if cell.reason is None else (cell.reason,),
        sentence=cell.said or ("" if cell.reason is None else str(cell.reason.detail)),
    )


def _cell(ask: Ask, way: Way, fresh: _Fresh) -> _Cell:
    """Count in one way, in the newest snapshot that can be; say why where none can."""
    try:
        if ask.kind == "overtook":
            return _overtook(ask, way, fresh)
        last: NotKnown | None = None
        for snapshot in sorted(fresh.used, key=lambda one: (one.date, one.complete), reverse=True):
            try:
                cell = _once(ask, way, Counter(snapshot, way, fresh.adoption))
            except NotKnown as why:
                # a list of another kind says nothing; the right one that is too short decides
                if last is None or last.absent:
                    last = why
                if not why.further:
                    raise
            else:
                fresh.check(snapshot.date, snapshot.name)
                return replace(cell, said=f"{cell.said}, on {snapshot.date}")
        assert last is not None  # noqa: S101 - a suite's snapshots are never empty
        raise last
    except NotKnown as why:
        status = "n/a" if why.absent else "not_comparable"
        return _Cell(way, status, reason=Reason(why.code, why.detail))


def _once(ask: Ask, way: Way, counter: Counter) -> _Cell:
    if ask.kind == "top_n":
        return _top(ask, way, counter)
    if ask.kind == "share":
        return _share(ask, way, counter)
    if ask.kind == "most":
        return _most(ask, way, counter)
    assert ask.rival is not None  # noqa: S101 - of this kind
    return _more(ask.who, ask.rival, way, counter)


def _top(ask: Ask, way: Way, counter: Counter) -> _Cell:
    places = within_reach(counter.first(ask.n), ask.n)
    low, high = _in_first(ask, places, counter)
    words = f"{low} of {ask.n}" if low == high else f"{low} to {high} of {ask.n}"
    held = _results(ask, low, high)
    if len(held) > 1:
        raise _why_open(ask, places, counter, words)
    names = ", ".join(place.model.id for place in places[: ask.n])
    return _Cell(way, _as_status(held.pop()), float(low), f"{words} ({names})")


def _results(ask: Ask, low: int, high: int) -> set[bool | None]:
    needed = 1.0 if ask.kind == "most" else float(ask.k)
    bound = "at_least" if ask.kind == "most" else ask.bound
    return {_holds(float(value), needed, bound) for value in range(low, high + 1)}


def _why_open(ask: Ask, places: Sequence[Place], counter: Counter, words: str) -> NotKnown:
    """Return why the first rows do not decide: what would decide them, were it known."""
    n = 1 if ask.kind == "most" else ask.n
    if len(_results(ask, *_in_first(ask, without_ties(places), counter))) == 1:
        detail = f"rows tie at rank {n}: {words}, as they are ordered"
        return NotKnown("tie_at_rank", detail)
    gap = counter.gaps([place.model for place in places if place.doubtful][:1])
    if gap is not None and len(_results(ask, *_in_first(ask, without_doubt(places), counter))) == 1:
        return NotKnown(gap.code, f"{gap.detail}: {words}")
    unknown = [place.model.id for place in places[:n] if _whose(ask, place, counter) is None]
    named = ", ".join(unknown) or "a row"
    return NotKnown(
        "family_unknown", f"{named} in the first {n}: the table does not say whose ({words})"
    )


def _whose(ask: Ask, place: Place, counter: Counter) -> bool | None:
    if ask.who.level != "one":
        return counter.belongs(place.model, ask.who)
    return None if counter.entity(place.model, ask.who.name) is None else True


def _in_first(ask: Ask, places: Sequence[Place], counter: Counter) -> tuple[int, int]:
    """Return the least and the most of the first rows that are whose; of any one where the sentence
    speaks of one.
    """
    n = 1 if ask.kind == "most" else ask.n
    if ask.who.level != "one":
        return count_first(places, n, lambda model: counter.belongs(model, ask.who))
    names = {place.model.id: counter.entity(place.model, ask.who.name) for place in places}
    low = high = 0
    for one in {None, *names.values()}:  # None: of one that nobody has named

        def mine(model: HubModel, one: str | None = one) -> bool | None:
            name = names[model.id]
            return None if name is None else name == one

        least, most = count_first(places, n, mine)
        low = max(low, least)
        high = max(high, most)
    return low, high


def _holds(value: float, needed: float, bound: str) -> bool | None:
    """Tell whether a count meets a bound; None where a bare number is exceeded, so that it depends
    on whether "at least" is meant.
    """
    if bound == "stated":
        return True if value == needed else None if value > needed else False
    return {
        "exactly": value == needed,
        "at_least": value >= needed,
        "at_most": value <= needed,
        "more_than": value > needed,
        "less_than": value < needed,
    }[bound]


def _as_status(held: bool | None) -> str:
    return "inconclusive" if held is None else "supported" if held else "refuted"


def _share(ask: Ask, way: Way, counter: Counter) -> _Cell:
    ends, (low, high), whole = counter.share(ask.who)
    if ask.bound in ("stated", "exactly"):  # a percentage is rounded as it is written
        half = ask.half + 1e-12
        inside = [abs(end - ask.share) <= half for end in ends]
        held = set(inside)
        if not any(inside) and ends[0] < ask.share < ends[1]:
            held = {True, False}
    else:
        held = {bool(_holds(end, ask.share, ask.bound)) for end in ends}
    said = f"{100 * ends[0]:.4g}%" + ("" if ends[0] == ends[1] else f" to {100 * ends[1]:.4g}%")
    of = _span(*whole)
    if len(held) > 1:
        raise _open(counter, f"{said} of {of}", "of some the table does not say whose")
    return _Cell(way, _as_status(held.pop()), ends[0], f"{said} ({_span(low, high)} of {of})")


def _open(counter: Counter, said: str, why: str) -> NotKnown:
    """Return why sums do not decide: what the file does not tell of a row, else whose it is."""
    gap = counter.gaps(counter.models)
    if gap is not None:
        return NotKnown(gap.code, f"{gap.detail}: {said}")
    return NotKnown("family_unknown", f"{said}: {why}")


def _most(ask: Ask, way: Way, counter: Counter) -> _Cell:
    if ask.listed == "trending" or (ask.who.level == "repository" and way.count == "own"):
        places = within_reach(counter.first(1), 1)
        least, most = _in_first(ask, places, counter)
        if least != most:
            raise _why_open(ask, places, counter, f"{least} to {most} of 1")
        _only_first(places)
        return _Cell(way, _as_status(least == 1), float(least), f"first: {places[0].model.id}")
    low, high = counter.total(ask.who)
    name, top, nobody = counter.others(ask.who)
    said = f"{ask.who.name} {_span(low, high)}, {name or 'nobody'} {_span(*top)}"
    # downloads of nobody known may be a rival's, whole, or one's own
    if low > top[1] + nobody:
        return _Cell(way, "supported", float(low), said)
    if high < top[0]:
        return _Cell(way, "refuted", float(low), said)
    if low == high == top[0] == top[1] and not nobody:
        return _Cell(way, "refuted", float(low), f"{said}: a tie")
    raise _open(counter, said, f"of {_number(nobody)} the table does not say whose")


def _only_first(places: Sequence[Place]) -> None:
    """Raise where the first rows tie and both are whose, so that no one is first."""
    values = [place.value for place in places if not place.doubtful]
    if len(values) > 1 and values[0] is not None and values[0] == values[1]:
        tied = [place.model.id for place in places if place.value == values[0]]
        raise NotKnown("tie_at_rank", f"rows tie at rank 1: {', '.join(tied)}")


def _more(who: Who, rival: Who, way: Way, counter: Counter) -> _Cell:
    low, high = counter.total(who)
    other_low, other_high = counter.total(rival)
    said = f"{who.name} {_span(low, high)}, {rival.name} {_span(other_low, other_high)}"
    if low > other_high:
        return _Cell(way, "supported", float(low - other_low), said)
    if high < other_low or (low == high == other_low == other_high):
        return _Cell(way, "refuted", float(low - other_low), said)
    raise _open(counter, said, "the bounds overlap")


def _span(low: float, high: float) -> str:
    return _number(low) if low == high else f"{_number(low)} to {_number(high)}"


def _number(value: float) -> str:
    return "no known end" if math.isinf(value) else f"{value:,.0f}"


def _overtook(ask: Ask, way: Way, fresh: _Fresh) -> _Cell:
    """Was behind or level at an earlier date, and is ahead at the last."""
    assert ask.rival is not None  # noqa: S101 - of this kind
    found: dict[str, _Cell] = {}
    counted: list[Snapshot] = []
    unknown: dict[str, NotKnown] = {}
    last: NotKnown | None = None
    for snapshot in sorted(fresh.used, key=lambda one: (one.date, one.complete)):
        try:
            cell = _more(ask.who, ask.rival, way, Counter(snapshot, way, fresh.adoption))
        except NotKnown as why:
            last = why
            if not why.further:  # it holds both, and not what the count needs
                unknown[snapshot.date] = why
            continue
        found[snapshot.date] = cell
        counted.append(snapshot)
    newest = max(unknown, default="")
    if newest and newest not in found and newest > max(found, default=""):
        raise unknown[newest]
    if not found:
        assert last is not None  # noqa: S101 - a suite's snapshots are never empty
        raise last
    days = sorted(found)
    fresh.check(days[-1], "the newest snapshot that counts both")
    end = found[days[-1]]
    said = "; ".join(f"{day}: {found[day].said}" for day in days)
    if end.status == "refuted":
        return replace(end, said=said)
    hubs = hubs_of(counted)
    if len(hubs) > 1:
        raise NotKnown("hubs_differ", f"{said}; counts of {', '.join(hubs)}")
    if len(days) < 2:
        raise NotKnown("one_date", f"{said}; one date shows no overtaking: add an earlier snapshot")
    if all(found[day].status == "supported" for day in days):
        raise NotKnown("ahead_all_along", f"{said}; it was ahead at the first date already")
    return replace(end, said=said)


def by_result(readings: Sequence[Reading]) -> list[tuple[str, str, list[str]]]:
    """Group ways of counting that found the same: (status, what was found, ways)."""
    found: dict[tuple[str, str], list[str]] = {}
    for one in readings:
        found.setdefault((str(one.status), one.sentence), []).append(one.name)
    return [(status, said, names) for (status, said), names in found.items()]


def adoption_sentence(finding: Finding) -> str:
    """Say what the snapshots show of a claim, as of which day and by whom."""
    as_of = next((flag.detail for flag in finding.flags if flag.code == "as_of"), "")
    lead = finding.status.replace("_", " ").capitalize()
    said = next((r.sentence for r in finding.readings if r.status == finding.status), "")
    if finding.status in ("inconclusive", "not_comparable"):
        why = "; ".join(f"{explain_reason(reason)}" for reason in finding.reasons)
        return f"{lead}: {why}. As of {as_of}."
    n = sum(r.status == finding.status for r in finding.readings)
    left = _not_asked(finding.readings)
    every = "the one way of counting" if n == 1 else f"all {n} ways of counting"
    return f"{lead} in {every} that the snapshots allow: {said}.{left} As of {as_of}."


def _not_asked(readings: Sequence[Reading]) -> str:
    """Say which ways of counting the snapshots hold nothing for, and what they lack."""
    parts = {r.name: frozenset(r.name.split(", ")) for r in readings}
    everywhere = frozenset.intersection(*parts.values()) if parts else frozenset()
    groups: dict[str, list[str]] = {}
    for one in readings:
        if one.status == "n/a":
            groups.setdefault(one.sentence, []).append(one.name)
    said: list[str] = []
    for why, names in groups.items():
        common = frozenset.intersection(*(parts[name] for name in names)) - everywhere
        words = [word for word in names[0].split(", ") if word in common]
        ways_ = f"{len(names)} way" + ("" if len(names) == 1 else "s")
        said.append(f"{ways_} ({', '.join(words) or '; '.join(names)}): {why}")
    return f" Could not be asked: {'; '.join(said)}." if said else ""
