"""What a run left of each finished call, joined by columns: no row is made of any."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from claimbench.packed import Packed
from claimbench.packing.ids import Ids
from claimbench.packing.whole import whole_codes, whole_floats, whole_ints, whole_ragged
from claimbench.scorers.base import judges
from claimbench.tables import timing as tm
from claimbench.tables.text_sizes import text_sizes
from claimbench.tables.texts import slim
from claimbench.tables.types import BoolArray, FloatArray, IntArray
from claimbench.types import Attempt, CallRecord, Outcome, Score

CACHED = frozenset({"replayed", "provider_cached"})
"""Provenances whose answer was not produced for this call."""


@dataclass(frozen=True)
class Said:
    """What the records of an arm's, or a run's, calls say, each as a column."""

    ids: Ids
    arm: tuple[list[str], IntArray]
    place: tuple[list[tuple[str, str]], IntArray]
    """(task, sample) of each call."""
    epoch: IntArray
    outcome: tuple[list[Outcome], IntArray]
    attempt: IntArray
    cached: BoolArray


class Joined:
    """Every finished call of a run, by arm: the columns that
    :func:`claimbench.tables.rows.arm_rows` reads, but for dollars. Each arm's are given away once,
    so that no call is held twice.
    """

    def __init__(self, said: Said, columns: dict[str, Any], chunks: Chunks) -> None:
        arms, codes = said.arm
        calls = {arm: np.flatnonzero(codes == k) for k, arm in enumerate(arms)}
        calls[""] = np.empty(0, dtype=np.int64)  # no arm's name: of one without any call
        self._of: dict[str, dict[str, Any]] = {arm: {} for arm in calls}
        for arm, mine in calls.items():
            self._of[arm]["call_id"] = said.ids.taken(mine)
            self._of[arm]["gaps"] = chunks.gaps(mine, columns["timed"][mine])
        for name in list(columns):
            column = _slim(columns.pop(name))
            for arm, mine in calls.items():
                self._of[arm][name] = _at(column, mine)

    def of_arm(self, arm: str) -> dict[str, Any]:
        """Return the columns of one arm's calls, ``call_id`` as :class:`Ids`; ask once."""
        return self._of.pop(arm) if arm in self._of else dict(self._of[""])


def _slim(column: Any) -> Any:
    """Return a column, what is the same of all calls kept once."""
    if isinstance(column, tuple):
        return tuple(_slim(part) for part in column)
    return column if isinstance(column, list) else slim(column)


def _at(column: Any, calls: IntArray) -> Any:
    """Take a column's rows; one in two parts is values and places, or stamps and whether."""
    if isinstance(column, tuple):
        return tuple(_at(part, calls) for part in column)
    if isinstance(column, list):
        return column
    if column.strides == (0,):
        return np.broadcast_to(column[:1], calls.shape)
    return column[calls]


def joined(
    records: Iterable[CallRecord],
    attempts: Iterable[Attempt],
    scores: Iterable[Score],
    index: Mapping[tuple[str, str], int],
    headline: Mapping[str, str],
    origin: Mapping[int, tuple[float, int]],
    unscored: BoolArray | None,
) -> Joined:
    """Join the finished calls of the arms with their attempts and scores.

    Args:
        records: judges' calls among them are passed over.
        attempts: in any order.
        scores: in any order.
        index: (task, sample) -> its item.
        headline: task -> its scorer whose scores count.
        origin: session -> (UTC s, monotonic ns).
        unscored: the items that nobody meant to score.
    """
    mine = _subjects(records)
    said = said_by(mine)
    keys, place = said.place
    item = np.asarray([index[key] for key in keys], dtype=np.int64)[place]
    score, unparsable = scored(said, Packed.of_any(Score, scores), headline)
    if unscored is not None:
        score = np.where(unscored[item], math.nan, score)
        unparsable = unparsable & ~unscored[item]
    columns = tried(said, Packed.of_any(Attempt, attempts), origin)
    outcomes, outcome = said.outcome
    answered = flags(one.answered for one in outcomes)[outcome]
    columns |= text_sizes(mine)
    columns |= {
        "item": item,
        "epoch": said.epoch,
        "outcome": ([one.value for one in outcomes], outcome),
        "cached": said.cached,
        "timed": columns.pop("told") & ~said.cached & answered,
        "score": score,
        "unparsable": unparsable,
    }
    return Joined(said, columns, columns.pop("chunk_ns"))


def _subjects(records: Iterable[CallRecord]) -> Packed[CallRecord]:
    """Return the records of the arms' own calls."""
    rows = Packed.of_any(CallRecord, records)
    if set(rows.column("call.role")) <= {"subject"}:
        return rows
    return Packed.of(CallRecord, (one for one in rows if one.call.role == "subject"))


def said_by(records: Packed[CallRecord]) -> Said:
    """Read the records."""
    at = records.columns_at
    tasks, task = whole_codes(at("call.task"))
    samples, sample = whole_codes(at("call.sample_id"))
    pairs, place = np.unique(task * max(1, len(samples)) + sample, return_inverse=True)
    keys = [(tasks[p // len(samples)], samples[p % len(samples)]) for p in pairs.tolist()]
    provenances, provenance = whole_codes(at("provenance"))
    return Said(
        Ids(at("call.id")),
        whole_codes(at("call.arm")),
        (keys, place),
        whole_ints(at("call.epoch"))[0],
        whole_codes(at("outcome")),
        whole_ints(at("attempt"))[0],
        flags(one in CACHED for one in provenances)[provenance],
    )


def flags(values: Iterable[bool]) -> BoolArray:
    """Make an array of truths."""
    return np.asarray(list(values), dtype=np.bool_)


def tried(
    said: Said, attempts: Packed[Attempt], origin: Mapping[int, tuple[float, int]]
) -> dict[str, Any]:
    """Return, for each record, what its attempts tell: columns that
    :func:`claimbench.tables.rows.arm_rows` reads, and ``told``: whether its durations mean
    something.

    ``origin``: session -> (UTC s, monotonic ns). Stamps are those of the attempt that ended the
    call. Without attempts a call has zeros for stamps, and nan for what they would tell.
    """
    at = attempts.columns_at
    of = said.ids.places_of(Ids(at("call_id")))  # which record each attempt is of
    number, session = whole_ints(at("number"))[0], whole_ints(at("session"))[0]
    known = np.flatnonzero(of >= 0)
    order = known[np.lexsort((number[known], of[known]))]  # by call, then by number
    n = np.bincount(of[known], minlength=len(said.epoch))
    ends = np.cumsum(n)
    sent, ended = (whole_ints(at(f"timing.{name}_ns"))[0] for name in ("sent", "ended"))
    service = (ended - sent) / tm.NS_PER_S
    latency, sending = (_told(attempts, name) for name in ("latency_known", "sent_known"))
    some = n > 0
    last = np.full(len(n), -1)
    last[some] = order[ends[some] - 1]
    final, busy = last.copy(), np.full(len(n), math.nan)
    retries = busy.copy()
    known_s = _of(latency, final)
    one = n == 1
    busy[one & known_s] = service[final[one & known_s]]
    retries[one] = service[final[one]]
    for call in np.flatnonzero(n > 1).tolist():
        mine = order[ends[call] - n[call] : ends[call]]
        for k in mine.tolist():
            if number[k] == said.attempt[call]:
                final[call] = k
                break
        known_s[call] = latency[final[call]]
        if latency[mine].all():
            busy[call] = sum(service[mine].tolist())
        retries[call] = _with_retries_s(mine, session, sent, ended, service)
    found: dict[str, Any] = {
        "told": some & known_s,
        "busy_s": busy,
        "with_retries_s": retries,
        "opened_s": _opened_s(attempts, order, ends - n, some),
        "n_attempts": n,
        "session": _taken(session, final, some, 0),
        "sent_utc_s": _sent_utc(session, sent, origin, last, some & _of(sending, last)),
    }
    for name in ("sent_ns", "queued_ns", "ended_ns"):
        found[name] = _taken(whole_ints(at(f"timing.{name}"))[0], final, some, 0)
    for name in ("scheduled_ns", "first_content_ns", "first_answer_ns"):
        stamps, there = whole_ints(at(f"timing.{name}"))
        found[name] = _taken(stamps, final, some, 0), some & _of(there, final)
    found |= _words(attempts, final, some)
    found |= _tokens(attempts, final, some)
    found["chunk_ns"] = Chunks(*whole_ragged(at("timing.chunk_ns")), final)
    return found


def _opened_s(
    attempts: Packed[Attempt], order: IntArray, starts: IntArray, some: BoolArray
) -> FloatArray:
    """Return how long each call waited for a connection to be opened before its first send: TCP and
    TLS. 0 where one was kept; nan where the stamps are not those of our own client. One that lay
    ready before the call began was no wait (stored runs tell its opening too).
    """
    at = attempts.columns_at
    first = np.full(len(some), -1)
    first[some] = order[starts[some]]
    (tcp, there), (tls, _) = (whole_ints(at(f"timing.{name}_ns")) for name in ("connect", "tls"))
    queued, sent = (whole_ints(at(f"timing.{name}_ns"))[0] for name in ("queued", "sent"))
    sources, source = whole_codes(at("timing.stamp_source"))
    ours = flags(one in tm.OWN_CLIENT for one in sources)
    waited = there & (sent - queued >= tcp + tls)
    seconds = np.where(waited, (tcp + tls) / tm.NS_PER_S, 0.0)
    seconds[~(there | _of(ours, source))] = math.nan
    found: FloatArray = _taken(seconds, first, some, math.nan)
    return found


def _of(flags_of: BoolArray, places: IntArray) -> BoolArray:
    """Take flags at places; there may be none at all."""
    return flags_of[places] if len(flags_of) else np.zeros(len(places), dtype=np.bool_)


def _taken(values: Any, places: IntArray, where: BoolArray, otherwise: Any) -> Any:
    found = np.full(len(places), otherwise, dtype=values.dtype)
    found[where] = values[places[where]]
    return found


def _told(attempts: Packed[Attempt], what: str) -> BoolArray:
    """Say of each attempt whether a stamp means something: other tools' files (imports) often tell
    no send time or duration.
    """
    sources, source = whole_codes(attempts.columns_at("timing.stamp_source"))
    ours = flags(one != "reported" for one in sources)
    if ours.all():
        return np.ones(len(source), dtype=np.bool_)
    engines, engine = whole_codes(attempts.columns_at("timing.engine"))
    return ours[source] | flags(bool(one.get(what)) for one in engines)[engine]


def _with_retries_s(
    mine: IntArray, session: IntArray, sent: Any, ended: Any, service: FloatArray
) -> float:
    """First send to last end; attempts of earlier sessions add their own time (their clocks do not
    compare).
    """
    same = mine[session[mine] == session[mine[-1]]]
    earlier: float = sum(service[mine[session[mine] != session[mine[-1]]]].tolist())
    return earlier + (int(ended[same[-1]]) - int(sent[same[0]])) / tm.NS_PER_S


def _sent_utc(
    session: IntArray,
    sent: Any,
    origin: Mapping[int, tuple[float, int]],
    last: IntArray,
    told: BoolArray,
) -> FloatArray:
    """Return when each call was sent last, in UTC seconds; nan where nobody knows."""
    found = np.full(len(last), math.nan)
    of_last = _taken(session, last, told, 0)
    for number, (utc, mono) in origin.items():
        mine = told & (of_last == number)
        found[mine] = utc + (sent[last[mine]] - mono) / tm.NS_PER_S
    return found


def _words(attempts: Packed[Attempt], final: IntArray, some: BoolArray) -> dict[str, Any]:
    """Return where stamps came from and on what kind of node, as texts."""
    sources, source = whole_codes(attempts.columns_at("timing.stamp_source"))
    places, place = whole_codes(attempts.columns_at("place"))
    types = ["" if one is None else one.node_type for one in places]
    none = len(sources), len(types)
    return {
        "stamp_source": ([*sources, ""], np.where(some, _taken(source, final, some, 0), none[0])),
        "node_type": ([*types, ""], np.where(some, _taken(place, final, some, 0), none[1])),
    }


_TOKENS = {
    "n_in": "input_total",
    "n_out": "output_total",
    "cache_read": "cache_read",
    "n_reasoning": "output_reasoning",
}


def _tokens(attempts: Packed[Attempt], final: IntArray, some: BoolArray) -> dict[str, FloatArray]:
    """Return the tokens of each call, nan where unknown."""
    usages, usage = whole_codes(attempts.columns_at("usage"))
    found = {}
    for name, field in _TOKENS.items():
        of = [None if one is None else getattr(one, field) for one in usages]
        counts = np.asarray(of, dtype=np.float64)
        found[name] = _taken(counts[usage], final, some, math.nan)
    return found


class Chunks:
    """The stamps of the chunks of each call."""

    def __init__(self, lengths: IntArray, flat: Any, final: IntArray) -> None:
        self._starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        self._flat = flat
        self._final = final

    def gaps(self, calls: IntArray, timed: BoolArray) -> tuple[FloatArray, IntArray]:
        """Return the seconds between the chunks of some calls, one call's after another's, and how
        many each has; none of calls that are not ``timed``.
        """
        final = np.where(timed, self._final[calls], -1)
        starts, stops = self._starts[final], self._starts[final + 1]
        n = np.where(final < 0, 0, np.maximum(stops - starts - 1, 0))
        ahead = np.repeat(starts - (np.cumsum(n) - n), n) + np.arange(int(n.sum()))
        return (self._flat[ahead + 1] - self._flat[ahead]) / tm.NS_PER_S, n


def scored(
    said: Said, scores: Packed[Score], headline: Mapping[str, str]
) -> tuple[FloatArray, BoolArray]:
    """Return the headline score of each record, nan where it has none, and which answers could not
    be read; ``headline``: task -> its scorer.

    The outcome table (docs/architecture.md) holds: answered but not ok scores 0, unless the scorer
    judges such answers itself; a fault is missing.
    """
    at = scores.columns_at
    of = said.ids.places_of(Ids(at("call_id")))
    scorers, scorer = whole_codes(at("scorer"))
    keys, place = said.place
    mains = [headline.get(task) for task, _ in keys]
    main = np.asarray([-1 if m not in scorers else scorers.index(m) for m in mains], np.int64)
    is_main = of >= 0
    is_main[is_main] = main[place[of[is_main]]] == scorer[is_main]
    its = np.full(len(place), -1)
    its[of[is_main]] = np.flatnonzero(is_main)  # the last one holds
    some = its >= 0
    outcomes, outcome = said.outcome
    values = _taken(whole_floats(at("value")), its, some, math.nan)
    statuses, status = whole_codes(at("status"))
    is_ok = flags(one is Outcome.OK for one in outcomes)[outcome]
    missing = flags(one.missing for one in outcomes)[outcome]
    named = {name: flags(s == name for s in statuses) for name in ("unscored", "unparsable")}
    unscored, unreadable = (some & _of(_of(flag, status), its) for flag in named.values())
    found = np.where(is_ok & some & ~unscored, np.where(unreadable, 0.0, values), math.nan)
    other = ~is_ok & ~missing
    own = np.zeros(len(place), dtype=np.bool_)
    for call in np.flatnonzero(other & some).tolist():
        own[call] = judges(scorers[scorer[its[call]]], outcomes[outcome[call]])
    found = np.where(other, np.where(own & ~np.isnan(values), values, 0.0), found)
    return found, is_ok & unreadable
