"""A reading's number in the words of its claim: a cost ratio of 0.16 is "84% cheaper".

The claim checker tests one quantity per reading (a ratio, a difference, a level); people claim
effects. :func:`effect_of` turns both ends of the interval and the limit into the claimed effect
with the same function, so that what is shown can be compared with what was claimed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from claimbench.claims.fields import ABSOLUTE, BILLS
from claimbench.claims.readings.limits import Limit, limits
from claimbench.types import Claim, Estimate, Reading
from claimbench_reports.view.format import FORMATS, NEVER_NEGATIVE, NOTHING, Figure, figure

Turn = Callable[[float], float]
SIDES = {">=": "at least", ">": "more than", "<=": "at most", "<": "less than"}
MIRROR = {">=": "<=", "<=": ">=", ">": "<", "<": ">"}
COST_BASES = {
    "per_request": " per request",
    "per_correct": " per correct answer",
    "list_price": " by list price",
}
SPEEDS = frozenset({"time_cut", "time_up", "rate_up", "rate_down"})
"""Meanings of "30% faster": less time or more speed."""
TIMES = {
    "ttft": "time to first token",
    "tpot": "time per output token",
    "e2e": "time of a whole answer",
}


@dataclass(frozen=True, slots=True)
class Words:
    """How one kind of reading is said.

    ``turn`` gives the effect from the tested quantity, ``rising`` where it grows with it; an effect
    below 0 is said by its size with ``against_it``.
    """

    turn: Turn
    rising: bool
    unit: str
    with_it: str
    against_it: str


@dataclass(frozen=True, slots=True)
class Effect:
    """A measured effect, what was claimed of it, and where on the tested scale the limits lie.

    ``phrase`` is said of the arm ("84.0% cheaper than alpha-large per request"); ``short`` leaves
    the rival out; ``interval`` is that of the phrase; ``band`` are the ends of a margin or window.
    """

    figure: Figure
    phrase: str
    short: str
    interval: str
    claimed: str
    quoted: float | None
    band: tuple[float, float] | None


def inner_of(claim: Claim) -> Claim:
    """Return the claim whose limits the readings have: of a class, its member's."""
    return claim.parts[0] if claim.kind == "class_level" and claim.parts else claim


def said_of(claim: Claim) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the arms that a claim's words are said of, and those it names beside them: a claim is
    judged the other way round where it says less ("less accurate than big", of small).
    """
    if is_turned(claim):
        return claim.baselines, claim.treatments
    return claim.treatments, claim.baselines


def is_turned(claim: Claim) -> bool:
    """Tell a claim that is judged the other way round than its words are."""
    if not (claim.treatments and claim.baselines):
        return False
    theirs = "|".join(map(re.escape, claim.treatments))
    than = rf"\b(?:than|behind|against|to)\s+(?:{theirs})(?!\w)"
    return re.search(than, claim.text, re.IGNORECASE) is not None


def told_of(claim: Claim) -> tuple[str, ...]:
    """Return the arms that the words of the readings are about."""
    return claim.baselines if _in_turned_words(inner_of(claim)) else claim.treatments


def _in_turned_words(claim: Claim) -> bool:
    """Tell a turned claim without an amount: what was measured is told in its own direction."""
    return claim.relation in {"more", "less"} and is_turned(claim)


def effect_of(claim: Claim, r: Reading, unit: str, id_: str) -> Effect | None:
    """Return a reading in the words of its claim; None where it has no estimate or no own words."""
    inner, own = inner_of(claim), r.name.rpartition(": ")[2]
    e, limit = r.estimate, _limit_of(inner, own)
    if e is None or e.value is None or limit is None or not math.isfinite(e.value):
        return None
    words = _words(inner, limit, own, unit)
    if words is None:
        return None
    value = words.turn(e.value)
    if not math.isfinite(value):
        return None
    against = value < -NOTHING and bool(words.against_it)
    sign = -1.0 if against else 1.0
    low, high = _ends(e, words, sign, unit)
    shown = figure(f"{id_}.effect", sign * value, words.unit, low=low, high=high)
    tail = words.against_it if against else words.with_it
    number = _spoken(shown.text, words.unit)
    if words.unit == "points" and abs(value) <= NOTHING:
        number, tail = "exactly", " as accurate"
    elif words.unit == "points":  # its sign stands in the words: less accurate
        shown = replace(shown, text=number)
    others = inner.treatments if _in_turned_words(inner) else inner.baselines
    rival = others[0] if inner.baselines and inner.relation not in ABSOLUTE else ""
    than = _than(tail, rival)
    place = _place(inner, own)
    return Effect(
        figure=shown,
        phrase=f"{number}{tail}{than}{place}",
        short=f"{number}{tail}{place}",
        interval=_spoken_interval(shown.interval, words.unit),
        claimed=_claimed(inner, r, limit, words),
        quoted=limit.strict if limit.window is None else None,
        band=limit.window or _margin(inner, limit),
    )


def _limit_of(claim: Claim, own: str) -> Limit | None:
    if claim.kind not in {"accuracy", "cost", "latency"}:
        return None
    found = {limit.name: limit for limit in limits(claim)}
    last = own.rpartition(".")[2]
    return found.get(own) or found.get(last) or (next(iter(found.values()), None))


def _margin(claim: Claim, limit: Limit) -> tuple[float, float] | None:
    return (-claim.margin, claim.margin) if limit.name == "non_inferior" else None


def _words(claim: Claim, limit: Limit, own: str, unit: str) -> Words | None:
    """Return the words for one reading; None where none fit better than the tested quantity's."""
    if claim.relation in ABSOLUTE:
        return Words(_same, True, unit, "", "")
    if claim.relation in BILLS:  # dollars and months, no ratios: the tested quantity has its words
        return None
    if _in_turned_words(claim):
        return _turned_words(claim, unit)
    if unit == "points":
        return Words(_same, True, "points", " more accurate", " less accurate")
    if claim.kind == "accuracy":
        return _accuracy_words(claim, limit)
    if claim.relation == "times_less":
        word = " as fast" if claim.kind == "latency" else " cheaper"
        return Words(_inverse, False, "times", word, "")
    if claim.relation == "times_more":
        word = " as much time" if claim.kind == "latency" else " as expensive"
        return Words(_same, True, "times", word, "")
    if claim.kind == "cost":
        return Words(_less, False, "percent", " cheaper", " dearer")
    part = own.rpartition(".")[2]
    if part in {"rate_up", "rate_down"}:
        return Words(_speed, False, "percent", " more speed", " less speed")
    if part in {"time_cut", "time_up"}:
        return Words(_less, False, "percent", " less time", " more time")
    return Words(_less, False, "percent", " faster", " slower")


def _turned_words(claim: Claim, unit: str) -> Words | None:
    """Return the words of a claim that says less of its arm, which is judged the other way round;
    None where the tested quantity has words enough.
    """
    if unit == "points":
        return Words(_same, True, "points", " less accurate", " more accurate")
    if claim.kind == "cost":
        return Words(_speed, False, "percent", " dearer", " cheaper")
    if claim.kind == "latency":
        return Words(_speed, False, "percent", " slower", " faster")
    return None


def _accuracy_words(claim: Claim, limit: Limit) -> Words | None:
    if limit.family == "error":
        return Words(_less, False, "percent", " fewer errors", " more errors")
    if claim.relation == "share":
        return Words(_same, True, "of_baseline", " of the accuracy", "")
    if claim.relation == "times_more":
        return Words(_same, True, "times", " as accurate", "")
    if claim.relation == "times_less":
        return Words(_inverse, False, "times", " less accurate", "")
    return Words(_more, True, "percent", " more accurate", " less accurate")


def _same(x: float) -> float:
    return x


def _less(x: float) -> float:
    return 1 - x


def _more(x: float) -> float:
    return x - 1


def _inverse(x: float) -> float:
    return 1 / x if x else math.inf


def _speed(x: float) -> float:
    return 1 / x - 1 if x else math.inf


def _ends(e: Estimate, words: Words, sign: float, unit: str) -> tuple[float | None, float | None]:
    """Return the interval of the effect; an end without bound stays one."""
    if e.low is None or e.high is None:
        return None, None
    if unit in NEVER_NEGATIVE and e.low <= 0 and math.isinf(e.high):
        return -math.inf, math.inf  # any ratio at all: "at least -100%" says nothing
    ends = [sign * _turned(end, words) for end in (e.low, e.high)]
    return min(ends), max(ends)


def _turned(end: float, words: Words) -> float:
    if math.isinf(end):
        grows = (end > 0) == words.rising
        if words.turn in (_inverse, _speed) and end > 0:
            return words.turn(end)
        return math.inf if grows else -math.inf
    return words.turn(end)


def _spoken(text: str, unit: str) -> str:
    """Say a difference of shares in words: ``+0.3 pts`` is "0.3 points" more."""
    if unit != "points":
        return text
    return text.lstrip("+").replace(" pts", " points")


def _spoken_interval(text: str, unit: str) -> str:
    """Say an interval with its unit once: ``-3.9 to 4.6 points``."""
    if unit == "points":
        return text.replace(" pts to ", " to ").replace(" pts", " points").replace("+", "")
    return text.replace(" times to ", " to ") if unit == "times" else text


def _than(text: str, rival: str) -> str:
    if not rival:
        return ""
    if text.endswith(" of the accuracy"):
        return f" of {rival}"
    as_much = any(text.endswith(word) for word in (" as fast", " as accurate", " as expensive"))
    return f" as {rival}" if as_much or text.endswith(" as much time") else f" than {rival}"


def _place(claim: Claim, own: str) -> str:
    """Say which dollars or which time, where the sentence does not."""
    if claim.kind == "cost":
        return COST_BASES.get(own, "") if claim.relation not in ABSOLUTE else _level_of(own)
    if claim.kind == "latency":
        metric = own.partition(".")[0]
        name = TIMES.get(metric) or TIMES.get(claim.metric, "")
        if not name:
            return ""
        if claim.relation in ABSOLUTE:
            return f" of {name}"
        part = own.rpartition(".")[2]
        return f", {name}" if part in SPEEDS else f" by {name}"
    if claim.relation in ABSOLUTE:
        return " of the answers right"
    relative = own == "relative" and claim.relation in {"more_by", "less_by", "near"}
    return " in relative terms" if relative else ""


def _level_of(own: str) -> str:
    words = {
        "per_1k_requests": " per 1,000 requests",
        "per_1k_correct": " per 1,000 correct answers",
        "usd_per_correct": " per 1,000 correct answers",
    }
    return words.get(own, "")


def _claimed(claim: Claim, r: Reading, limit: Limit, words: Words) -> str:
    """Say what was claimed: the quoted number, and the limit that rounding makes of it."""
    if claim.relation in {"as", "caught_up"} and claim.kind == "accuracy":
        return f"as accurate, within {100 * claim.margin:g} points"
    if claim.relation in {"more", "less"}:
        return f"{words.with_it.strip()} at all"
    if limit.window is not None:
        ends = sorted(words.turn(end) for end in limit.window)
        low, high = (_number(end, words.unit) for end in ends)
        return f"{'outside ' if r.direction == 'outside' else ''}{low} to {high}"
    quoted, rounded = words.turn(limit.strict), words.turn(limit.threshold)
    side = str(r.direction or limit.side)
    side = side if words.rising else MIRROR.get(side, side)
    if quoted < 0 and words.against_it:
        quoted, rounded, side = -quoted, -rounded, MIRROR.get(side, side)
        tail = words.against_it
    else:
        tail = ""
    text = f"{_number(quoted, words.unit)}{tail}"
    said = text if side == ">=" and claim.relation not in ABSOLUTE else f"{SIDES[side]} {text}"
    if not math.isclose(quoted, rounded, rel_tol=1e-9, abs_tol=1e-12):
        said += f", {_number(rounded, words.unit)} with rounding"
    return said


def _number(value: float, unit: str) -> str:
    """Show a claimed number as claims write it: 80%, 79.5%, 30 points."""
    if unit in {"percent", "points"}:
        text = f"{100 * value:.4f}".rstrip("0").rstrip(".")
        return f"{text}{'%' if unit == 'percent' else ' points'}"
    return FORMATS[unit](value)
