# ruff: noqa: E501 - tables of words
"""What is said of a named quantity: "30% lower error rate", "half the cost of X"."""

from __future__ import annotations

from collections.abc import Iterator

from claimbench.claims.language import lexicon as words
from claimbench.claims.language.tables.pieces import DEG, OBJ, P, Q, Rule, needing, rule, stems

_ITS = r"(?:the |its |their |an? |your )?"
_LEAD = r"(?:at |for |with |only |just |costs? |in |takes? |has |runs? at |delivers |gives )?(?:only |just )?"
_WITH = r"(?:with |at |an? |for )*"
_HALF = r"(?:(?P<more>nearly |almost |roughly |about |more than )?in|by) <(?P<qk>f)(?P<q>\d+)>"
_TIMES = r"(?P<more>more than |over |at least |nearly |almost |roughly |about )?"
_ALIKE = r"(?:the |an? )?(?:same|equal|identical|comparable|equivalent|similar)"
_KEEP = r"(?:maintain|retain|preserv|keep|kept|match|offer|provid|deliver|giv|achiev|reach)\w*"
_FEWER = r"(?:reductions?|decrease|drop|cut|savings?|decline)"
_CUT_STEMS = (
    "cut", "reduc", "lower", "slash", "decreas", "trim", "drop", "shr", "bring", "brought", "driv", "drove",
)  # fmt: skip
_GAIN_STEMS = (
    "improve",
    "gain",
    "advantage",
    "lead",
    "edge",
    "increase",
    "boost",
    "rise",
    "uplift",
    "jump",
)


def of_noun(dim: str) -> Iterator[Rule]:
    """Yield the rules of a named dimension; they match only where one of its nouns stands."""
    plain = f"(?:{words.NOUNS[dim]})"
    noun = f"(?:{P} )?{plain}" if dim == "time" else plain
    good = -1 if dim in words.FALLING else 1
    ways = ((words.LESS, -1), (words.MORE, 1), (words.GOOD, good), (words.BAD, -good))
    for way, sign in ways:
        yield from needing(stems(way), _more_or_less(dim, noun, way, sign))
    yield from _shares(dim, noun)
    yield rule(rf"{_LEAD}{Q} (?:of )?{OBJ}(?:'s?) {noun}", dim, "share", attach=True)
    yield rule(
        rf"{_LEAD}(?:an? )?{noun} (?:of |is )?{Q} of (?:that of )?(?:{OBJ})(?:'s?)?(?: {plain})?",
        dim,
        "share",
    )
    yield from needing(_CUT_STEMS, _cut(dim, noun))
    yield from needing(("rais", "increas", "boost", "lift"), _raised(dim, noun, words.RAISE, 1))
    yield from needing(("improv", "enhanc"), _raised(dim, noun, words.IMPROVE, good))
    yield from needing(("halv", "doubl", "tripl"), _multiplied(dim, noun))
    yield from needing(_GAIN_STEMS, _gains(dim, noun, good))
    yield from needing(
        ("reduction", "decrease", "drop", "cut", "saving", "decline"), _losses(dim, noun)
    )
    yield from needing(
        ("same", "equal", "identical", "comparable", "equivalent", "similar"), _alike(dim, noun)
    )
    most = (
        ("lowest|smallest|least|fewest", -1),
        ("highest|largest|most", 1),
        ("best", good),
        ("worst", -good),
    )
    for word, sign in most:
        made = rule(rf"(?:with )?(?:the |an? )?(?:{word}) {noun}", dim, "best", sign)
        yield from needing(stems(word), (made,))


def _more_or_less(dim: str, noun: str, way: str, sign: int) -> Iterator[Rule]:
    yield rule(rf"{_WITH}{Q} (?:{way})[- ]{noun}", dim, "comp", sign, attach=True)
    yield rule(rf"{_WITH}{DEG}(?:{way})[- ]{noun} by {Q}", dim, "comp", sign)
    yield rule(rf"{_WITH}{DEG}(?:{way})[- ]{noun}", dim, "comp", sign, attach=True)
    yield rule(rf"(?:an? )?{noun} (?:that|which) (?:is|are) {Q} (?:{way})", dim, "comp", sign)
    yield rule(rf"(?:an? )?{noun} (?:that|which) (?:is|are) {DEG}(?:{way})", dim, "comp", sign)
    yield rule(rf"(?:an? )?{noun} {Q} (?:{way})", dim, "comp", sign)


def _shares(dim: str, noun: str) -> Iterator[Rule]:
    """Shares of the rival's: "90% accuracy" is an amount of one's own, "90% of the accuracy" not."""
    if dim not in {"acc", "err"}:
        yield rule(rf"{_LEAD}{Q} (?:of )?{_ITS}{noun}(?: of)?", dim, "share", attach=True)
        return
    yield rule(rf"{_LEAD}{Q} of {_ITS}{noun}(?: of)?", dim, "share", attach=True)
    yield rule(rf"{_LEAD}{Q} {_ITS}{noun} of", dim, "share", attach=True)
    half = r"<(?P<qk>[fx])(?P<q>\d+)>"
    yield rule(rf"{_LEAD}{half} {_ITS}{noun}(?: of)?", dim, "share", attach=True)


def _cut(dim: str, noun: str) -> Iterator[Rule]:
    cut = words.CUT
    yield rule(rf"{cut} {_ITS}{noun} (?:by|of) {Q}", dim, "comp", -1)
    yield rule(rf"{cut} {OBJ}(?:'s?) {noun} by {Q}", dim, "comp", -1)
    yield rule(rf"{cut} {OBJ}(?:'s?) {noun}", dim, "comp", -1)
    to = rf"{cut} {_ITS}{noun} (?:to|down to)"
    yield rule(rf"{to} {Q} of (?:that of |those of )?{OBJ}(?:'s?)?", dim, "share")
    if dim in {"acc", "err"}:
        yield rule(rf"{to} <(?P<qk>p)(?P<q>\d+)>", dim, "level")
        yield rule(rf"{to} <(?P<qk>[fx])(?P<q>\d+)>", dim, "share")
    else:
        yield rule(rf"{to} {Q}", dim, "share")
    yield rule(rf"{cut} {OBJ}(?:'s?) {noun} {_HALF}", dim, "comp", -1)
    yield rule(rf"{cut} {_ITS}{noun} {_HALF}", dim, "comp", -1)
    yield rule(rf"{cut} {_ITS}{noun} {Q}", dim, "comp", -1)
    yield rule(rf"{cut} {_ITS}{noun}", dim, "comp", -1)


def _raised(dim: str, noun: str, verb: str, sign: int) -> Iterator[Rule]:
    yield rule(rf"{verb} {_ITS}{noun} by {Q}", dim, "comp", sign)
    yield rule(rf"{verb} {OBJ}(?:'s?) {noun} by {Q}", dim, "comp", sign)
    yield rule(rf"{verb} {_ITS}{noun}", dim, "comp", sign)
    yield rule(rf"{verb} {OBJ}(?:'s?) {noun}", dim, "comp", sign)


def _multiplied(dim: str, noun: str) -> Iterator[Rule]:
    for verb, way, sign in (("halv", "half", -1), ("doubl", "double", 1), ("tripl", "triple", 1)):
        does = rf"{_TIMES}{verb}(?:es|ed|ing|e)"
        yield rule(rf"{does} {_ITS}{noun}(?: of)?", dim, way, sign)
        yield rule(rf"{does} {OBJ}(?:'s?) {noun}", dim, way, sign)


def _gains(dim: str, noun: str, good: int) -> Iterator[Rule]:
    better = r"improvements?|gains?|advantage|lead|edge"
    for nouns, sign in ((better, good), ("increase|boost|rise|uplift|jump", 1)):
        yield rule(rf"(?:with )?(?:an? )?{Q} (?:{nouns}) (?:in|of) {_ITS}{noun}", dim, "comp", sign)
        yield rule(rf"(?:an? )?(?:{nouns}) (?:in|of) {_ITS}{noun} (?:of|by) {Q}", dim, "comp", sign)
        yield rule(rf"(?:with )?(?:an? )?{Q} {noun} (?:{nouns})", dim, "comp", sign)


def _losses(dim: str, noun: str) -> Iterator[Rule]:
    yield rule(rf"(?:with |at )?(?:an? )?{Q} {_FEWER} (?:in|of|on) {_ITS}{noun}", dim, "comp", -1)
    yield rule(rf"(?:with |at )?(?:an? )?{Q} {noun} {_FEWER}", dim, "comp", -1, attach=True)
    yield rule(rf"(?:an? )?{noun} {_FEWER} of {Q}", dim, "comp", -1)


def _alike(dim: str, noun: str) -> Iterator[Rule]:
    """Sameness: what is offered "at the same cost" may be better, what "has the same cost" not."""
    yield rule(rf"(?:at|for|with) {_ALIKE} {noun}(?: to| as)?", dim, "same", attach=True)
    near = r"(?:an? )?(?:comparable|equivalent|similar)"
    yield rule(rf"{near} {noun}(?: to| as)?", dim, "same", attach=True)
    equal = r"(?:exactly )?(?:the |an? )?(?:same|equal|identical)"
    yield rule(rf"{equal} {noun}(?: to| as)?", dim, "equal")
    yield rule(rf"{_KEEP} {_ALIKE} {noun}(?: to| as)?", dim, "same", attach=True)
