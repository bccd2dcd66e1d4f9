"""What a claim asks of its quantities: side, threshold and tolerance of each reading.

One place for the engines, for planning and for the words, so that what is explained is what is
tested. Thresholds are formed from exact fractions and rounded once: 90% cheaper asks for 0.1 of the
rival's dollars, not for 0.0999...
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from claimbench.claims.fields import MIRRORED
from claimbench.claims.types import Needed
from claimbench.types import Claim, Relation

AS_CHEAP = 1.10
"""'As cheap as' and 'as fast as' allow this ratio."""
ABOUT = Fraction(1, 10)
"""'About' allows this share of the quoted number on either side."""
_OPPOSITE: dict[Relation, Relation] = {
    ">=": "<",
    "<": ">=",
    "<=": ">",
    ">": "<=",
    "within": "outside",
    "outside": "within",
}


_MIRROR: dict[Relation, Relation] = {
    ">=": "<=",
    "<=": ">=",
    ">": "<",
    "<": ">",
    "within": "within",
    "outside": "outside",
}


@dataclass(frozen=True)
class Limit:
    """The limit of one reading.

    ``threshold`` has the tolerance, ``strict`` is as quoted. ``family``: difference, ratio, error,
    cost, time, level. ``ceiling``: the baseline's accuracy above which the claim is impossible.
    ``headline``: whether the reading counts for the verdict.
    """

    name: str
    family: str
    side: Relation
    threshold: float
    strict: float
    window: tuple[float, float] | None = None
    ceiling: float | None = None
    headline: bool = True

    @property
    def needed(self) -> Needed:
        """Return what the quantity has to be."""
        return Needed(self.side, self.threshold, self.strict, self.window)


def exact(value: float | None) -> Fraction:
    """Give the decimal number that a float was written as."""
    return Fraction(repr(value or 0.0))


def limits(claim: Claim) -> list[Limit]:
    """List the limits of a simple claim; of a latency claim those of one time."""
    if claim.metric in MIRRORED:
        made = _mirrored(claim)
    elif claim.kind == "accuracy":
        made = _accuracy(claim)
    elif claim.kind == "preference":
        made = _preference(claim)
    elif claim.relation in {"at_most", "at_least"}:
        made = _level(claim, "level")
    elif claim.relation in {"saves", "pays_back"}:
        made = [_saved(claim)]
    elif claim.kind == "cost":
        made = [_ratio(claim, "cost")]
    else:
        made = _time(claim)
    return [_denied(limit) for limit in made] if claim.negated else made


def _denied(limit: Limit) -> Limit:
    """The opposite statement, which has to be shown in its turn."""
    return replace(limit, side=_OPPOSITE[limit.side], ceiling=None)


@dataclass(frozen=True)
class _Effect:
    """The claimed size: exact threshold, tolerance, range and bound."""

    x: Fraction
    h: Fraction
    window: tuple[Fraction, Fraction] | None
    most: bool
    strict: bool


def _effect(claim: Claim) -> _Effect:
    x = exact(claim.threshold)
    window = None
    if claim.upper is not None:
        window = (x, exact(claim.upper))
    elif claim.modifier == "about":
        window = ((1 - ABOUT) * x, (1 + ABOUT) * x)
    return _Effect(x, exact(claim.quoted_precision), window, claim.bound == "max", claim.strict)


def _rising(
    name: str, family: str, effect: _Effect, at: tuple[Fraction, int], **more: object
) -> Limit:
    """A quantity that grows with the effect: ``at`` = (its value without effect, +1 or -1).

    +1: quantity = base + effect. -1: quantity = base - effect.
    """
    base, sign = at
    if effect.window is not None:
        ends = sorted(base + sign * w for w in effect.window)
        low, high = (float(e) for e in ends)
        value = float(base + sign * effect.x)
        return Limit(name, family, "within", value, value, (low, high), **more)  # type: ignore[arg-type]
    quoted = base + sign * effect.x
    upward = (sign > 0) != effect.most
    rounded = quoted - effect.h if upward else quoted + effect.h
    side: Relation = (
        (">" if effect.strict else ">=") if upward else ("<" if effect.strict else "<=")
    )
    return Limit(name, family, side, float(rounded), float(quoted), **more)  # type: ignore[arg-type]


def _inverse(name: str, family: str, effect: _Effect) -> Limit:
    """A quantity that is 1 / factor."""
    if effect.window is not None:
        low, high = float(1 / effect.window[1]), float(1 / effect.window[0])
        value = float(1 / effect.x)
        return Limit(name, family, "within", value, value, (low, high))
    factor = effect.x + effect.h if effect.most else effect.x - effect.h
    side: Relation = (
        (">" if effect.strict else ">=") if effect.most else ("<" if effect.strict else "<=")
    )
    return Limit(name, family, side, float(1 / factor), float(1 / effect.x))


def _level(claim: Claim, family: str) -> list[Limit]:
    if claim.threshold is None:
        return []
    name = {"accuracy": "accuracy", "usd": "per_1k_requests"}.get(claim.metric, claim.metric)
    effect = _effect(claim)
    if effect.window is not None:
        low, high = (float(w) for w in effect.window)
        return [Limit(name, family, "within", float(effect.x), float(effect.x), (low, high))]
    up = claim.relation == "at_least"
    side: Relation = (">" if claim.strict else ">=") if up else ("<" if claim.strict else "<=")
    return [Limit(name, family, side, float(effect.x), float(effect.x))]


def _saved(claim: Claim) -> Limit:
    """Return the limit of the dollars that an arm saves; none has to be left to save when it has
    paid for itself.
    """
    if claim.relation == "pays_back":
        return Limit("pays_back", "saved", ">=", 0.0, 0.0)
    return _rising("saves", "saved", _effect(claim), (Fraction(0), 1))


def _accuracy(claim: Claim) -> list[Limit]:
    one = Fraction(1)
    effect = _effect(claim)
    x = effect.x
    relation = claim.relation
    if relation in {"at_least", "at_most"}:
        return _level(claim, "level")
    if relation == "more":
        return [Limit("more", "difference", ">", 0.0, 0.0)]
    if relation in {"as", "caught_up"}:
        m = claim.margin
        return [
            Limit("non_inferior", "difference", ">=", -m, -m),
            Limit("equivalent", "difference", "within", 0.0, 0.0, (-m, m), headline=False),
        ]
    if relation in {"times_more", "share"}:
        return [_rising("relative", "ratio", effect, (Fraction(0), 1))]
    if relation == "times_less":
        return [_inverse("relative", "ratio", effect)]
    if relation == "error_share":
        return [_rising("error_reduction", "error", effect, (Fraction(0), 1))]
    if relation == "near":
        around = replace(effect, window=(-x, x))
        return [
            _rising("relative", "ratio", around, (one, 1)),
            _rising("points", "difference", around, (Fraction(0), 1)),
        ]
    if relation == "less_by":
        return [
            _rising("relative", "ratio", effect, (one, -1)),
            _rising("points", "difference", effect, (Fraction(0), -1)),
        ]
    least = x - effect.h
    possible = effect.window is not None or effect.most
    ceilings = (None, None) if possible else (float(1 / (1 + least)), float(1 - least))
    return [
        _rising("relative", "ratio", effect, (one, 1), ceiling=ceilings[0]),
        _rising("points", "difference", effect, (Fraction(0), 1), ceiling=ceilings[1]),
        _rising("error_reduction", "error", effect, (one, -1)),
    ]


def _mirrored(claim: Claim) -> list[Limit]:
    """The limits of a rate of which less is better: those of accuracy, seen from the other side."""
    if claim.relation in {"at_least", "at_most"}:
        return _level(claim, "level")
    made: list[Limit] = []
    for limit in _accuracy(claim):
        if limit.family != "difference":
            continue
        window = None if limit.window is None else (-limit.window[1], -limit.window[0])
        side = _MIRROR[limit.side]
        ends = (-limit.threshold + 0.0, -limit.strict + 0.0)
        made.append(
            replace(
                limit, side=side, threshold=ends[0], strict=ends[1], window=window, ceiling=None
            )
        )
    return made


def _preference(claim: Claim) -> list[Limit]:
    """The limits of a win rate, ties counted half: all readings ask the same of theirs."""
    if claim.relation == "wins":
        made = _rising("win_rate", "level", _effect(claim), (Fraction(0), 1))
    elif claim.relation == "as":
        least = float(Fraction(1, 2) - exact(claim.margin))
        made = Limit("win_rate", "level", ">=", least, least)
    else:
        made = Limit("win_rate", "level", ">", 0.5, 0.5)
    if claim.metric == "win_rate_people":
        return [made]
    return [
        made,
        replace(made, name="length_controlled"),
        replace(made, name="similar_length", headline=False),
    ]


def _ratio(claim: Claim, family: str) -> Limit:
    """The limit of a ratio of dollars or seconds, treatment to baseline."""
    one = Fraction(1)
    effect = _effect(claim)
    relation = claim.relation
    if relation == "less":
        return Limit("", family, "<", 1.0, 1.0)
    if relation == "as":
        return Limit("", family, "<=", AS_CHEAP, AS_CHEAP)
    if relation == "near":
        return _rising("", family, replace(effect, window=(-effect.x, effect.x)), (one, 1))
    if relation == "times_less":
        return _inverse("", family, effect)
    if relation == "times_more":
        return _rising("", family, effect, (Fraction(0), 1))
    return _rising("", family, effect, (one, -1 if relation == "less_by" else 1))


def _time(claim: Claim) -> list[Limit]:
    """Read "30% faster" as less time or more speed, "30% slower" as more time or less speed."""
    if claim.relation not in {"less_by", "more_by"}:
        return [_ratio(claim, "time")]
    effect = _effect(claim)
    faster = claim.relation == "less_by"
    made = []
    largest = effect.x - effect.h if effect.window is None else effect.window[1]
    if not faster or largest < 1:  # more than 100% less time does not exist: nobody can mean it
        made.append(replace(_ratio(claim, "time"), name="time_cut" if faster else "time_up"))
    if faster or largest < 1:
        made.append(_speed(effect, faster))
    return made


def _speed(effect: _Effect, faster: bool) -> Limit:
    sign = 1 if faster else -1
    name = "rate_up" if faster else "rate_down"
    if effect.window is not None:
        low, high = sorted(1 / (1 + sign * w) for w in effect.window)
        value = float(1 / (1 + sign * effect.x))
        return Limit(name, "time", "within", value, value, (float(low), float(high)))
    h = -effect.h if effect.most else effect.h
    upward = faster == effect.most
    side: Relation = (
        (">" if effect.strict else ">=") if upward else ("<" if effect.strict else "<=")
    )
    rounded = 1 / (1 + sign * (effect.x - h))
    return Limit(name, "time", side, float(rounded), float(1 / (1 + sign * effect.x)))
