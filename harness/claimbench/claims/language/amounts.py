# ruff: noqa: E501 - tables of words
"""Amounts in a plain text: "at least 90%+", "two thirds", "10-fold", "$1,000", "80-90%" become marks.

A mark is ``<k3>``: ``k`` says what is counted (p percent, o points, x factor, f fraction, n bare
number, u dollars, d seconds), 3 is the place in the list of amounts.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache, partial
from typing import Literal

Bound = Literal[
    ">=",
    ">",
    "<=",
    "<",
    "within",
    "about",
    "up_to",
    "down_to",
    "only",
    "exactly",
    "just_over",
    "just_under",
]
NEARBY = Fraction(1, 10)
"""How far "just over" reaches, as a share of the number: as far as "about"."""
NUM = r"\d+(?:\.\d+)?"
_ORDINALS = {
    "half": 2, "halve": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6,
    "seventh": 7, "eighth": 8, "ninth": 9, "tenth": 10, "twentieth": 20, "hundredth": 100,
    "thousandth": 1000,
}  # fmt: skip
_ORD = "|".join(_ORDINALS)
_PCT = r" ?%(?!-?points?\b)"
_PTS = r" ?(?:%-?|percentage |accuracy |% )?-?(?:points?|pts?|p\.p\.|pp|ppts?|%p|pct pts|prozentpunkte?|points? de pourcentage|puntos?(?: porcentuales)?|个百分点)(?!\w)"
_X = r"(?: ?-?x(?![\w])| ?times\b(?! out)|[- ]?folds?\b)"

_UNIT = (
    r"ms|msecs?|millis|milliseconds?|millisekunden?|millisecondes?|milisegundos?|μs|us|microseconds?|s|secs?|seconds?|sekunden?|secondes?"
    r"|segundos?|minutes?|mins?|minuten?|minutos?|hours?|hrs?|秒|毫秒"
)
_AND = r"(?:,? (?:and|und|et|y) |, | ?)"
_FEW = r"(?:\d+ ?-?|(?:an?|one) )"
_H = rf"{_FEW}(?:hours?|hrs?|h|stunden?|heures?|horas?|小时)(?![^\W\d])"
_M = rf"{_FEW}(?:minutes?|mins?|m|minuten?|minutos?|分钟?)(?![^\W\d秒])"
_S = r"[0-5]?\d(?:\.\d+)? ?-?(?:s|secs?|seconds?|sekunden?|secondes?|segundos?|秒)(?![^\W\d])"
_MS = r"\d{1,3}(?:\.\d+)? ?-?(?:ms|msecs?|millis|milliseconds?|millisekunden?|millisecondes?|milisegundos?|毫秒)"
"""Parts of one time in several units, the larger first; the smaller are less than one larger."""
_BIT = (
    r"(?:only )?(?:just|(?:ever so )?slightly|(?:a )?little|a (?:bit|little bit|touch|hair|shade|tad|fraction|whisker)|barely|narrowly"
    r"|marginally|fractionally|minimally|scarcely|hardly|somewhat)"
)
_BEFORE: tuple[tuple[str, Bound], ...] = (
    (r"at least|no less than|not less than|no fewer than|no lower than|a minimum of|minimum", ">="),
    (
        r"not (?:below|under)|no worse than|at or above|(?:reach(?:es|ing)?|match(?:es|ing)?|meets?|equals?) or (?:even )?exceed(?:s|ing)?",
        ">=",
    ),
    (r"at most|no more than|not more than|a maximum of|maximum|not exceeding|max\.?", "<="),
    (
        r"no higher than|not (?:above|over|higher than)|no greater than|at or below|(?:does|do) not exceed",
        "<=",
    ),
    (r"within|to within|inside", "within"),
    (r"just about", "about"),
    (
        rf"{_BIT} (?:over|above|more than|higher than|greater than|better than|longer than|beyond|past|north of|upwards of|in excess of)",
        "just_over",
    ),
    (
        rf"{_BIT} (?:under|below|less than|lower than|fewer than|smaller than|shorter than|shy of|short of|south of)",
        "just_under",
    ),
    (r"well over|well above|north of|better than|well beyond|far more than|much more than", ">"),
    (
        r"more than|over|above|upwards of|exceed(?:ing|s)?|surpass(?:es)?|greater than|in excess of|higher than",
        ">",
    ),
    (r"well under|well below|far less than|south of", "<"),
    (
        r"less than|under|below|fewer than|lower than",
        "<",
    ),
    (r"up to|upto|as much as|as many as|as high as|a maximum saving of", "up_to"),
    (r"as little as|as low as|as few as|down to|starting at|starting from", "down_to"),
    (r"only|just|merely|a mere|nothing but", "only"),
    (r"exactly|precisely", "exactly"),
    (
        r"about|around|roughly|approximately|approx\.?|circa|ca\.|nearly|almost|close to|some|virtually|or so",
        "about",
    ),
)
_AFTER: tuple[tuple[str, Bound], ...] = (
    (
        r"\+|plus\b|-plus\b|or more\b|or better\b|or higher\b|or above\b|and up\b|at least\b|at minimum\b",
        ">=",
    ),
    (
        r"or less\b|or lower\b|or fewer\b|or below\b|at most\b|max\b|or under\b|or cheaper\b|or faster\b",
        "<=",
    ),
    (r"or so\b", "about"),
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
    found = match.groupdict()
    said = match["n"] or match["w"]
    words = {
        w: Fraction(1, 2 if w[0] == "h" else 1) for w in ("half a", "half an", "an", "a", "one")
    }
    count = words[said] if said in words else Fraction(said)
    scale = _unit(match["unit"])
    low = _unit(found["low"]) if found.get("low") else scale
    more = found.get("m")
    return "d", count * low, Fraction(0), None if more is None else Fraction(more) * scale


def _sum_of_units(match: re.Match[str]) -> tuple[str, Fraction, Fraction, Fraction | None]:
    """Read "1 minute and 30 seconds" as one time."""
    parts = re.findall(rf"({NUM}|\b(?:an?|one)\b) ?-?([^\W\d]+)", match[0])
    counts = ((1 if count[0] in "ao" else Fraction(count), unit) for count, unit in parts)
    return "d", sum((n * _unit(unit) for n, unit in counts), Fraction(0)), Fraction(0), None


def _half_more(match: re.Match[str]) -> tuple[str, Fraction, Fraction, Fraction | None]:
    """Read "a minute and a half" and "2 and a half seconds"."""
    count = Fraction(match["n"]) if match["n"].isdigit() else Fraction(1)
    return "d", (count + Fraction(1, 2)) * _unit(match["unit"] or match["short"]), Fraction(0), None


def _half_a_percent(match: re.Match[str]) -> tuple[str, Fraction, Fraction, Fraction | None]:
    kind = "p" if match["pct"] else "o"
    return kind, (Fraction(match["n"]) + Fraction(1, 2)) / 100, Fraction(1, 2000), None


def _dollars_and_cents(match: re.Match[str]) -> tuple[str, Fraction, Fraction, Fraction | None]:
    whole = Fraction(match["n"]) if match["n"].isdigit() else Fraction(1)
    return "u", whole + Fraction(match["m"]) / 100, Fraction(0), None


def _unit(unit: str) -> Fraction:
    """Return the seconds of a unit of time."""
    for start, seconds in _UNITS:
        if unit.startswith(start):
            return seconds
    return Fraction(1)


_UNITS = (
    ("mil", Fraction(1, 1000)), ("ms", Fraction(1, 1000)), ("micro", Fraction(1, 10**6)), ("m", Fraction(60)),
    ("分", Fraction(60)), ("小", Fraction(3600)), ("st", Fraction(3600)), ("h", Fraction(3600)), ("us", Fraction(1, 10**6)),
    ("μs", Fraction(1, 10**6)), ("毫", Fraction(1, 1000)),
)  # fmt: skip


def _word_factor(match: re.Match[str]) -> tuple[str, Fraction, Fraction, Fraction | None]:
    factor = {"twice": 2, "double": 2, "thrice": 3, "triple": 3, "quadruple": 4}[match[0]]
    return "x", Fraction(factor), Fraction(0), None


def _and_a_half(match: re.Match[str]) -> tuple[str, Fraction, Fraction, Fraction | None]:
    found = match.groupdict()
    whole = Fraction(found["n"] if found.get("n") not in {None, "one", "a"} else 1)
    part = Fraction(found["part"]) if found.get("part") else Fraction(1, 2)
    return "x", whole + part, Fraction(1, 20), None


def _half_again(match: re.Match[str]) -> tuple[str, Fraction, Fraction, Fraction | None]:
    del match
    return "x", Fraction(3, 2), Fraction(0), None


def _out_of(match: re.Match[str]) -> tuple[str, Fraction, Fraction, Fraction | None]:
    """Read "9 out of 10 questions" and "20 cents on the dollar" as fractions."""
    found = match.groupdict()
    bottom = found.get("of") or "100"
    return "f", Fraction(match["n"]) / max(Fraction(bottom), Fraction(1)), Fraction(0), None


def _fractions(match: re.Match[str]) -> tuple[str, Fraction, Fraction, Fraction | None]:
    """Read "a fifth to a quarter" as a range, the smaller first."""
    one, other = (_fraction_of(match, n) for n in ("a", "b"))
    return "f", min(one, other), Fraction(0), max(one, other)


def _fraction_of(match: re.Match[str], which: str) -> Fraction:
    if match[f"top{which}"]:
        return Fraction(int(match[f"top{which}"]), max(int(match[f"bottom{which}"]), 1))
    count = match[f"count{which}"]
    number = 1 if count in {"a", "an", "one"} else int(count)
    return Fraction(number, _ORDINALS[match[f"ord{which}"].removesuffix("s")])


def _FRACTION(name: str) -> str:
    return (
        rf"(?P<top{name}>\d+)/(?P<bottom{name}>\d+)(?:ths?|rds?)?"
        rf"|(?P<count{name}>an|a|one|\d+)[- ](?P<ord{name}>(?:{_ORD})s?)"
    )


_RULES: tuple[tuple[str, Reader], ...] = (
    (rf"between (?P<n>{NUM})(?:{_PTS})? and (?P<m>{NUM}){_PTS}", _scaled("o", 100)),
    (rf"(?P<n>{NUM})(?:{_PTS})?(?: ?- ?| to )(?P<m>{NUM}){_PTS}", _scaled("o", 100)),
    (rf"between (?P<n>{NUM})(?:{_PCT})? and (?P<m>{NUM}){_PCT}", _scaled("p", 100)),
    (rf"(?P<n>{NUM})(?:{_PCT})?(?: ?- ?| to )(?P<m>{NUM}){_PCT}", _scaled("p", 100)),
    (rf"between (?P<n>{NUM})(?:{_X})? and (?P<m>{NUM}){_X}", _scaled("x", 1)),
    (rf"(?P<n>{NUM})(?:{_X})?(?: ?- ?| to )(?P<m>{NUM}){_X}", _scaled("x", 1)),
    (rf"(?P<n>{NUM}|one|a)[- ]and[- ]a[- ]half{_X}", _and_a_half),
    (rf"(?P<n>\d+) ?\+ ?(?P<part>\d/\d){_X}", _and_a_half),
    (rf"(?P<n>\d+)(?:(?P<pct>{_PCT})|{_PTS}) and a half", _half_a_percent),
    (r"half again(?= as\b)", _half_again),
    (rf"(?:{_FRACTION('a')}) (?:to|or) (?:{_FRACTION('b')})", _fractions),
    (rf"(?P<n>{NUM}) (?:out of|in|of) (?:every |each )?(?P<of>\d+)(?= (?:questions?|items|problems|cases|requests|queries|prompts|samples|examples|answers|calls|inputs|tickets|times|right|correct|wrong))", _out_of),
    (rf"(?P<n>{NUM}) times (?:out of|in) (?P<of>\d+)(?![\w%])", _out_of),
    (rf"(?P<n>{NUM}) ?cents? (?:on|to|in) the dollar", _out_of),
    (rf"(?P<n>{NUM}) ?(?:basis points?|bps?)(?!\w)", _scaled("o", 10000)),
    (rf"(?:a )?factors? of (?:about )?(?P<n>{NUM})(?![\w%])", _scaled("x", 1)),
    (rf"(?P<n>{NUM}){_PTS}", _scaled("o", 100)),
    (rf"(?P<n>{NUM}){_PCT}", _scaled("p", 100)),
    (r"(?P<count>a|an|one|\d+) orders? of magnitude", _magnitude),
    (rf"between (?:\$|usd|us\$) ?(?P<n>{NUM}) and (?:\$|usd|us\$)? ?(?P<m>{NUM})(?![\w%])", _scaled("u", 1)),
    (rf"(?:\$|usd|us\$) ?(?P<n>{NUM})(?: ?- ?| to )(?:\$|usd|us\$)? ?(?P<m>{NUM})(?![\w%])", _scaled("u", 1)),
    (r"(?:\$|usd|us\$) ?(?P<n>\d+),? and (?P<m>\d\d?) ?(?:us )?(?:cents?|¢)(?![\w])", _dollars_and_cents),
    (r"(?P<n>\d+|a|one) ?(?:us )?dollars?,?(?: and)? (?P<m>\d\d?) ?(?:us )?(?:cents?|¢)(?![\w])", _dollars_and_cents),
    (rf"(?:\$|usd|us\$) ?(?P<n>{NUM})(?P<mult>[km])?(?![\w])", _dollars),
    (rf"(?P<n>{NUM}) ?(?P<mult>[km])? ?(?:\$|usd|us dollars?|dollars?)(?![\w])", _dollars),
    (rf"between (?P<n>{NUM})(?: ?(?:cents?|¢))? and (?P<m>{NUM}) ?(?:us )?(?:cents?|¢)(?![\w])", _scaled("u", 100)),
    (rf"(?P<n>{NUM})(?: ?(?:cents?|¢))?(?: ?- ?| to )(?P<m>{NUM}) ?(?:us )?(?:cents?|¢)(?![\w])", _scaled("u", 100)),
    (rf"(?P<n>half a|a tenth of a|{NUM}|a|one) ?(?:us )?(?:cents?|¢|penny)(?![\w])", _cents),
    (rf"between (?P<n>{NUM})(?: ?(?P<low>{_UNIT}))? and (?P<m>{NUM}) ?-?(?P<unit>{_UNIT})(?![\w/'])", _seconds),
    (rf"(?P<n>{NUM})(?: ?(?P<low>{_UNIT}))?(?: ?- ?| to )(?P<m>{NUM}) ?-?(?P<unit>{_UNIT})(?![\w/'])", _seconds),
    (rf"(?:{_H}{_AND}(?:{_M}(?:{_AND}{_S})?|{_S})|{_M}{_AND}{_S}(?:{_AND}{_MS})?|{_S}{_AND}{_MS})(?![\w/'])", _sum_of_units),
    (rf"(?P<n>\d+|an?|one) (?:and a half (?P<unit>{_UNIT})|(?P<short>{_UNIT}) and a half)(?![\w/'])", _half_more),
    (rf"(?:(?P<n>{NUM}) ?-?|(?P<w>half a|half an|an|a|one) )(?P<unit>{_UNIT})(?![\w/'])", _seconds),
    (rf"(?:between (?P<n>{NUM}) and (?P<m>{NUM}))(?= ?(?:output )?(?:tok|t/s|tps))", _scaled("n", 1)),
    (rf"(?P<n>{NUM})(?: ?- ?| to )(?P<m>{NUM})(?= ?(?:output )?(?:tok|t/s|tps))", _scaled("n", 1)),
    (r"(?P<top>\d+)/(?P<bottom>\d+)(?:th|rd|nd|st|ths)?(?![\w/])", _fraction),
    (rf"(?P<count>an|a|one|\d+)[- ](?P<ord>(?:{_ORD})s?)\b", _fraction),
    (r"\btwice\b|\bthrice\b|\bdouble\b(?! digits)|\btriple\b|\bquadruple\b", _word_factor),
    (rf"(?P<n>{NUM}){_X}", _scaled("x", 1)),
    (r"(?P<ord>half)(?! a (?:cent|second|dozen|point))\b", _fraction),
    (rf"(?P<n>{NUM})(?![\w%]|\.\d)", _scaled("n", 1)),
)  # fmt: skip
_START = r"(?<![\w.,<⟦$-])"


@cache
def _compiled() -> tuple[tuple[re.Pattern[str], Reader], ...]:
    """Compile the rules at the first sentence: most commands read none."""
    return tuple(
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
    for pattern, reader in _compiled():
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
        before = rf"(?<![\w-])(?:{words}) ?(?:the |a |an )?<(?P<kind>[poxfnud])(?P<place>\d+)>"
        text = re.sub(before, partial(_bind, bound=bound, amounts=amounts), text)
    return text, amounts


def on_one_side(amount: Amount, bound: Bound) -> Amount | None:
    """Read "just over 90%" as 90% to 99%, "just under 90%" as 81% to 90%; a range has no such side.

    As near as "about", and on the side that the words say.
    """
    if amount.high is not None or amount.bound is not None:
        return None
    other = amount.value * (1 + NEARBY if bound == "just_over" else 1 - NEARBY)
    low, high = sorted((amount.value, other))
    return replace(amount, value=low, half=Fraction(0), high=high, bound=bound)


def _bind(match: re.Match[str], *, bound: Bound, amounts: list[Amount]) -> str:
    """Give an amount its bound; a second, other bound leaves words that nothing reads."""
    kind = match["kind"]
    place = match["place"]
    mark = f"<{kind}{place}>"
    old = amounts[int(place)]
    if bound == "only" and old.bound is not None:
        return mark  # "only about 10%", "just over 10%": the other word says more
    if old.bound is not None and old.bound != bound:
        return f"unclear bound {mark}"
    made = bounded(old, bound)
    if made is None:
        return f"unclear bound {mark}"
    amounts[int(place)] = made
    return mark


def bounded(old: Amount, bound: Bound) -> Amount | None:
    """Lay a bound over an amount; None where the two do not go together."""
    if bound in {"just_over", "just_under"}:
        return on_one_side(old, bound)
    value = old.value
    high = old.high
    half = old.half if bound in {"about", "up_to", "down_to", "only"} else Fraction(0)
    if high is not None:
        if bound in {"about", "up_to", "down_to", "only", "exactly"}:
            return None
        value = value if bound in {">=", ">"} else high
        high = None
    if bound == "exactly":
        if not old.half:
            return None
        return Amount(old.kind, value - old.half, Fraction(0), value + old.half, None, old.text)
    return Amount(old.kind, value, half, high, bound, old.text)
