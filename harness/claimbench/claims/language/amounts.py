# ruff: noqa: E501 - tables of words
"""Amounts in a plain text: "at least 90%+", "two thirds", "10-fold", "$1,000", "80-90%" become marks.

A mark is ``<k3>``: ``k`` says what is counted (p percent, o points, x factor, f fraction, n bare
number, u dollars, d seconds), 3 is the place in the list of amounts.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Literal

Bound = Literal[">=", ">", "<=", "<", "within", "about", "up_to"]
NUM = r"\d+(?:\.\d+)?"
_ORDINALS = {
    "half": 2, "halve": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6,
    "seventh": 7, "eighth": 8, "ninth": 9, "tenth": 10, "twentieth": 20, "hundredth": 100,
    "thousandth": 1000,
}  # fmt: skip
_ORD = "|".join(_ORDINALS)
_PCT = r" ?%(?!-?points?\b)"
_PTS = r" ?(?:%-?|percentage |accuracy |% )?-?(?:points?|pts?|p\.p\.|pp|ppts?|%p|pct pts)(?!\w)"
_X = r"(?: ?x(?![\w])| ?times\b(?! out)|[- ]?folds?\b)"

_BEFORE: tuple[tuple[str, Bound], ...] = (
    (r"at least|no less than|not less than|no fewer than|no lower than|a minimum of|minimum", ">="),
    (r"not (?:below|under)|no worse than", ">="),
    (r"at most|no more than|not more than|a maximum of|maximum|not exceeding|max\.?", "<="),
    (r"no higher than|not (?:above|over|higher than)|no greater than|at or below", "<="),
    (r"within|to within|inside", "within"),
    (r"more than|over|above|upwards of|exceeding|greater than|in excess of|higher than", ">"),
    (r"well over|well above|north of|better than", ">"),
    (r"less than|well under|well below|under|below|fewer than|lower than", "<"),
    (r"up to|as much as|as many as|as little as|as low as|down to", "up_to"),
    (
        r"about|around|roughly|approximately|approx\.?|circa|ca\.|nearly|almost|close to|some",
        "about",
    ),
)
_AFTER: tuple[tuple[str, Bound], ...] = (
    (
        r"\+|plus\b|or more\b|or better\b|or higher\b|or above\b|and up\b|at least\b|at minimum\b",
        ">=",
    ),
    (r"or less\b|or lower\b|or fewer\b|or below\b|at most\b|max\b|or under\b", "<="),
)


@dataclass(frozen=True, slots=True)
class Amount:
    """A number as it stands in a sentence.

    ``value`` is a share for percent and points, else the number itself (dollars, seconds, factor);
    ``half`` is half a unit of its last digit on that scale, 0 for words and fractions; ``high`` is
    the other end of a range.
    """

    kind: str
    value: Fraction
    half: Fraction = Fraction(0)
    high: Fraction | None = None
    bound: Bound | None = None
    text: str = ""


Reader = Callable[[re.Match[str]], tuple[str, Fraction, Fraction, Fraction | None]]


def _half(digits: str) -> Fraction:
    return Fraction(1, 2 * 10 ** (len(digits.split(".")[1]) if "." in digits else 0))


def _scaled(kind: str, scale: int) -> Reader:
    def read(match: re.Match[str]) -> tuple[str, Fraction, Fraction, Fraction | None]:
        low = match["n"]
        high = match.groupdict().get("m")
        return (
            kind,
            Fraction(low) / scale,
            _half(low) / scale,
            None if high is None else Fraction(high) / scale,
        )

    return read


def _fraction(match: re.Match[str]) -> tuple[str, Fraction, Fraction, Fraction | None]:
    found = match.groupdict()
    if found.get("top"):
        return "f", Fraction(int(match["top"]), max(int(match["bottom"]), 1)), Fraction(0), None
    word = match["ord"].removesuffix("s")
    word = "half" if word in {"halve", "hal"} else word
    count = found.get("count") or "1"
    number = 1 if count in {"a", "an", "one"} else int(count)
    return "f", Fraction(number, _ORDINALS[word]), Fraction(0), None


def _magnitude(match: re.Match[str]) -> tuple[str, Fraction, Fraction, Fraction | None]:
    count = match["count"]
    power = 1 if count in {"a", "an", "one"} else int(count)
    return "x", Fraction(10**power), Fraction(0), None


def _dollars(match: re.Match[str]) -> tuple[str, Fraction, Fraction, Fraction | None]:
    digits = match["n"]
    scale = {"k": 1000, "m": 10**6}.get(match.groupdict().get("mult") or "", 1)
    return "u", Fraction(digits) * scale, Fraction(0), None


def _cents(match: re.Match[str]) -> tuple[str, Fraction, Fraction, Fraction | None]:
    said = match["n"]
    words = {
        "half a": Fraction(1, 2),
        "a": Fraction(1),
        "one": Fraction(1),
        "a tenth of a": Fraction(1, 10),
    }
    count = words[said] if said in words else Fraction(said)
    return "u", count / 100, Fraction(0), None


def _seconds(match: re.Match[str]) -> tuple[str, Fraction, Fraction, Fraction | None]:
    said = match["n"] or match["w"]
    words = {"half a": Fraction(1, 2), "a": Fraction(1), "one": Fraction(1)}
    count = words[said] if said in words else Fraction(said)
    unit = match["unit"]
    scale = (
        Fraction(60)
        if unit.startswith("min")
        else Fraction(1, 1000)
        if unit[0] == "m"
        else Fraction(1)
    )
    return "d", count * scale, Fraction(0), None


def _word_factor(match: re.Match[str]) -> tuple[str, Fraction, Fraction, Fraction | None]:
    factor = {"twice": 2, "double": 2, "thrice": 3, "triple": 3, "quadruple": 4, "2 times": 2}[
        match[0]
    ]
    return "x", Fraction(factor), Fraction(0), None


def _and_a_half(match: re.Match[str]) -> tuple[str, Fraction, Fraction, Fraction | None]:
    return "x", Fraction(match["n"]) + Fraction(1, 2), Fraction(1, 20), None


_RULES: tuple[tuple[str, Reader], ...] = (
    (rf"between (?P<n>{NUM})(?:{_PTS})? and (?P<m>{NUM}){_PTS}", _scaled("o", 100)),
    (rf"(?P<n>{NUM})(?:{_PTS})?(?: ?- ?| to )(?P<m>{NUM}){_PTS}", _scaled("o", 100)),
    (rf"between (?P<n>{NUM})(?:{_PCT})? and (?P<m>{NUM}){_PCT}", _scaled("p", 100)),
    (rf"(?P<n>{NUM})(?:{_PCT})?(?: ?- ?| to )(?P<m>{NUM}){_PCT}", _scaled("p", 100)),
    (rf"between (?P<n>{NUM})(?:{_X})? and (?P<m>{NUM}){_X}", _scaled("x", 1)),
    (rf"(?P<n>{NUM})(?:{_X})?(?: ?- ?| to )(?P<m>{NUM}){_X}", _scaled("x", 1)),
    (rf"(?P<n>{NUM}) and a half{_X}", _and_a_half),
    (rf"(?:a )?factors? of (?:about )?(?P<n>{NUM})(?![\w%])", _scaled("x", 1)),
    (rf"(?P<n>{NUM}){_PTS}", _scaled("o", 100)),
    (rf"(?P<n>{NUM}){_PCT}", _scaled("p", 100)),
    (r"(?P<count>a|an|one|\d+) orders? of magnitude", _magnitude),
    (rf"(?:between )?(?:\$|usd|us\$) ?(?P<n>{NUM})(?: ?- ?| to | and )(?:\$|usd|us\$)? ?(?P<m>{NUM})(?![\w%])", _scaled("u", 1)),
    (rf"(?:\$|usd|us\$) ?(?P<n>{NUM})(?P<mult>[km])?(?![\w])", _dollars),
    (rf"(?P<n>{NUM}) ?(?P<mult>[km])? ?(?:\$|usd|us dollars?|dollars?)(?![\w])", _dollars),
    (rf"(?P<n>half a|a tenth of a|{NUM}|a|one) ?(?:us )?(?:cents?|¢|penny)(?![\w])", _cents),
    (rf"(?:(?P<n>{NUM}) ?-?|(?P<w>half a|a|one) )(?P<unit>ms|msecs?|milliseconds?|s|secs?|seconds?|minutes?|mins?)(?![\w/'])", _seconds),
    (r"(?P<top>\d+)/(?P<bottom>\d+)(?:th|rd|nd|st|ths)?(?![\w/])", _fraction),
    (rf"(?P<count>an|a|one|\d+)[- ](?P<ord>(?:{_ORD})s?)\b", _fraction),
    (r"\btwice\b|\bthrice\b|\bdouble\b(?! digits)|\btriple\b|\bquadruple\b", _word_factor),
    (rf"(?P<n>{NUM}){_X}", _scaled("x", 1)),
    (r"(?P<ord>half)(?! a (?:cent|second|dozen|point))\b", _fraction),
    (rf"(?P<n>{NUM})(?![\w%])", _scaled("n", 1)),
)  # fmt: skip
_START = r"(?<![\w.,<⟦$-])"
_COMPILED = tuple(
    (re.compile((_START if "\\$|usd" not in p[:40] else r"(?<![\w.])") + f"(?:{p})"), reader)
    for p, reader in _RULES
)


def find_amounts(text: str, *, bounds: bool = True) -> tuple[str, list[Amount]]:
    """Replace every amount of a plain text by a mark; ``bounds``: with the English words of a bound
    before or after it.
    """
    text = re.sub(r"\bsub-?(?: )?(?=\d)", "under ", text)
    text = re.sub(r"\bsub[- ]second\b", "under 1 s", text)
    text = re.sub(r"\bsub[- ]millisecond\b", "under 1 ms", text)
    text = re.sub(r"(?<![$\w.])(\d+) ?k\b", r"\g<1>000", text)
    text = re.sub(r"(?<![$\w.])(\d+) ?m(?:m|io)?\b(?= ?(?:tok|input|output))", r"\g<1>000000", text)
    text = re.sub(r"\b(tokens?|toks?) (?:a|each|every) second", r"\1 per second", text)
    text = re.sub(rf"({NUM})\+ ?(?=%|x\b|times)", r"\1", _plus_inside(text))
    amounts: list[Amount] = []
    out: list[str] = []
    at = 0
    while at < len(text):
        match, reader = _longest(text, at)
        if match is None or reader is None:
            out.append(text[at])
            at += 1
            continue
        kind, value, half, high = reader(match)
        amounts.append(Amount(kind, value, half, high, None, match[0]))
        out.append(f"<{kind}{len(amounts) - 1}>")
        at = match.end()
    return _bounds("".join(out), amounts) if bounds else ("".join(out), amounts)


def _plus_inside(text: str) -> str:
    """Write "90+%" as "90%+", so that the sign stands after the unit."""
    return re.sub(rf"({NUM})\+ ?(%|x\b|times\b)", r"\1\2+", text)


def _longest(text: str, at: int) -> tuple[re.Match[str] | None, Reader | None]:
    best: re.Match[str] | None = None
    chosen: Reader | None = None
    for pattern, reader in _COMPILED:
        match = pattern.match(text, at)
        if match is not None and (best is None or match.end() > best.end()):
            best = match
            chosen = reader
    return best, chosen


def _bounds(text: str, amounts: list[Amount]) -> tuple[str, list[Amount]]:
    """Take the words of a bound into the amount they belong to."""
    for words, bound in _AFTER:
        behind = rf"<(?P<kind>[a-z])(?P<place>\d+)> ?(?:{words})"
        text = re.sub(behind, partial(_bind, bound=bound, amounts=amounts), text)
    for words, bound in _BEFORE:
        before = (
            rf"(?<![\w-])(?:{words}) ?(?:only |just |the |a )?<(?P<kind>[poxfnud])(?P<place>\d+)>"
        )
        text = re.sub(before, partial(_bind, bound=bound, amounts=amounts), text)
    return text, amounts


def _bind(match: re.Match[str], *, bound: Bound, amounts: list[Amount]) -> str:
    """Give an amount its bound; a second, other bound leaves words that nothing reads."""
    kind = match["kind"]
    place = match["place"]
    old = amounts[int(place)]
    if old.bound is not None and old.bound != bound:
        return f"unclear bound <{kind}{place}>"
    half = old.half if bound in {"about", "up_to"} else Fraction(0)
    amounts[int(place)] = Amount(old.kind, old.value, half, old.high, bound, old.text)
    return f"<{kind}{place}>"
