"""An answer as words with the clauses they stand in, and the places of labels among them."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from claimbench.number_text.plain import (
    fold_char,
    is_hangul,
    is_mark,
    is_unspaced,
    is_word,
    joined,
    plain,
)

STRONG = "."
"""Kind of a border between sentences, lines, or around a colon."""
QUESTION = "?"
WEAK = ","
ELISION = "'"
HYPHEN = "-"

OPENING = "("
"""Kind of an opening bracket, behind which something else begins."""
ENCLOSURE = '"'
"""Kind of a quote, a bracket or bold type: it parts what is enclosed, but a negation reaches in."""

_STRONG_SIGNS = frozenset(".!:;|。！．:;…→⇒=>؛۔।॥።፡\n•#<")
_ENCLOSING_SIGNS = frozenset("*\"“”«»「」『』()[]{}（）【】„`'‘’‹›/_《》〈〉")
_OPENING_SIGNS = frozenset("([（【")
_QUESTION_SIGNS = frozenset("?？؟՞")
_WEAK_SIGNS = frozenset(",，、،፣—–")
_PARTS = (STRONG, QUESTION, WEAK, OPENING, ENCLOSURE)
_KOREAN_PARTICLES = re.compile(
    r"(?:입니다|이에요|예요|이다|이고|이며|이라고|라고|이라|으로|에서|에게|보다|처럼|부터|까지|은|는|이|가|을|를|의|에|로|와|과|도|만|임|요|다)+"
    r"(?![가-힣])"
)
_GEORGIAN_ENDING = re.compile(r"(?:ა|აა|ს|ის|თან)(?![\u10d0-\u10ff])")
# Vowel points and stretching, which Arabic and Hebrew may leave out.
_OPTIONAL_MARKS = re.compile(
    "[\u0640\u064b-\u0652\u0670\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7]"
)
_ARABIC_ARTICLE = re.compile(r"[وف]?(?:[بك]?ال|لل)\Z")
_HEBREW_PREFIX = re.compile(r"[הו]\Z")


@dataclass(frozen=True, slots=True)
class Words:
    """A text in which every run of blanks and signs between words is one blank.

    ``folded`` has no case, ``kept`` has; both have the same length. ``kinds``: place of a blank ->
    what stands there. ``soft`` are the borders of clauses and of what is
    enclosed, ``hard`` those of sentences, ``scope`` those that end what a word negates.
    """

    folded: str
    kept: str
    kinds: Mapping[int, str]
    soft: tuple[int, ...]
    hard: tuple[int, ...]
    scope: tuple[int, ...]

    def clause(self, start: int, end: int) -> tuple[int, int]:
        """Return the start and end of the clause around a span, or of its quotes or brackets."""
        return _around(self.soft, start, end, len(self.folded))

    def negated_with(self, start: int, end: int) -> tuple[int, int]:
        """Return the start and end of the clause around a span, quotes and brackets left open."""
        return _around(self.scope, start, end, len(self.folded))

    def sentence(self, start: int, end: int) -> tuple[int, int]:
        """Return the start and end of the sentence around a span."""
        return _around(self.hard, start, end, len(self.folded))

    def kind_at(self, place: int) -> str:
        """Return what stands at a blank, or nothing."""
        return self.kinds.get(place, "")

    def is_border(self, place: int) -> bool:
        """Return whether a clause ends at a place."""
        return self.kinds.get(place, "") in (STRONG, QUESTION, WEAK, OPENING)


def _around(borders: tuple[int, ...], start: int, end: int, length: int) -> tuple[int, int]:
    before = bisect_left(borders, start)
    after = bisect_left(borders, end)
    first = borders[before - 1] + 1 if before else 0
    return first, borders[after] if after < len(borders) else length


def loose_words(text: str) -> Words:
    """Read a text as words only; signs matter as borders of clauses."""
    text = _OPTIONAL_MARKS.sub("", plain(text))
    folded: list[str] = []
    kept: list[str] = []
    kinds: dict[int, str] = {}
    length = 0
    gap: list[str] = []
    for index, char in enumerate(text):
        if not _belongs(text, index):
            gap.append(char)
            continue
        if gap and length:
            kind = _kind(gap, char)
            if kind:
                kinds[length] = kind
            folded.append(" ")
            kept.append(" ")
            length += 1
        gap.clear()
        small = fold_char(char)
        folded.append(small)
        kept.append(char * len(small))
        length += len(small)
    if length and _kind(gap, " "):
        kinds[length] = _kind(gap, " ")
    hard = tuple(place for place, kind in kinds.items() if kind in (STRONG, QUESTION))
    scope = tuple(place for place, kind in kinds.items() if kind in (STRONG, QUESTION, WEAK))
    soft = tuple(place for place, kind in kinds.items() if kind in _PARTS)
    return Words("".join(folded), "".join(kept), kinds, soft, hard, scope)


def strict_words(text: str) -> Words:
    """Read a text with its signs, blanks collapsed."""
    kept = " ".join(plain(text).split())
    folded: list[str] = []
    wide: list[str] = []
    for char in kept:
        small = fold_char(char)
        folded.append(small)
        wide.append(char * len(small))
    return Words("".join(folded), "".join(wide), {}, (), (), ())


def _belongs(text: str, index: int) -> bool:
    char = text[index]
    if is_word(char):
        return True
    if char in ".," and 0 < index < len(text) - 1:  # 4.5 is one word
        return text[index - 1].isdigit() and text[index + 1].isdigit()
    if char == ":" and index > 0:  # and 10:30
        return text[index - 1].isdigit() and _MINUTES.match(text, index) is not None
    if char == "%":
        return index > 0 and text[index - 1].isdigit()
    if char in "-\u2212" and index < len(text) - 1:  # so is -3
        return text[index + 1].isdigit() and (index == 0 or text[index - 1] in " \n=:([{\"'*_`")
    return False


def _kind(gap: list[str], after: str) -> str:
    """Return what a run of signs between two words means."""
    if len(gap) == 1:
        sign = gap[0]
        if sign in "'’":
            return ELISION
        if sign in "-‐‑":
            return HYPHEN
        if sign == "." and not after.isspace():  # e.g, U.S
            return ""
    found = set(gap)
    if found & _QUESTION_SIGNS:
        return QUESTION
    if found & _STRONG_SIGNS:
        return STRONG
    if found & _WEAK_SIGNS or (len(gap) > 2 and "-" in found):
        return WEAK
    if found & _OPENING_SIGNS:
        return OPENING
    return ENCLOSURE if found & _ENCLOSING_SIGNS else ""


_NUMBERS = re.compile(
    r"(?:(?<!\w)[-\u2212+])?(?:(?<!\d)\d{4}-\d{1,2}(?:-\d{1,2})?(?![-\d])"
    r"|(?<!\d)\d{1,3}(?:[, '\u2019]\d{3})+(?:\.\d+)?(?![\d,])"
    r"|(?<!\d)\d{1,3}(?:\.\d{3})+,\d+"
    r"|\d+(?:,\d+){2,}"
    r"|\d*[.,/:\u066b\u066c]?\d+(?:[./:\u066b\u066c]\d+)*)"
)
"""Numbers, dates and times as one writes them: 1,100, 42.5, 10:30, 2026-03-04, -5."""
_MINUTES = re.compile(r":[0-5]\d(?!\d)")
_LISTED = re.compile(r"\d+(?:,\d+){2,}")
_LONGEST_NUMBER = 40


def _parts_a_number(start: int, end: int, text: str) -> bool:
    """Return whether a span begins or ends inside a number: 100 in 100,000, 5 in -5."""
    if not (text[start].isdigit() or text[end - 1].isdigit() or text[start] in ".,"):
        return False
    first = max(0, start - _LONGEST_NUMBER)
    for found in _NUMBERS.finditer(text, first, min(len(text), end + _LONGEST_NUMBER)):
        if found.start() >= end:
            break
        if _LISTED.fullmatch(found.group()) and not _THOUSANDS.fullmatch(found.group()):
            continue  # 1,2,3
        if found.start() < start < found.end() or found.start() < end < found.end():
            return True
    return False


_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{2,3})*,\d{3}")


def occurrences(form: str, words: Words, *, percent: bool = False) -> Iterator[tuple[int, int]]:
    """Yield the places of a label's form as whole words of its script, and not inside a number.

    Args:
        form: without case, in the form of ``words``.
        words: the answer.
        percent: a number before a percent sign counts.
    """
    text = words.folded
    start = text.find(form)
    while start >= 0:
        end = start + len(form)
        whole = _begins(text, start, form) and _ends(text, end)
        if not percent and form[-1].isdigit() and text.startswith("%", end):
            whole = False
        if whole and not _clings(words, start, end) and not _parts_a_number(start, end, text):
            yield start, end
        start = text.find(form, start + 1)


def _begins(text: str, start: int, form: str) -> bool:
    if start == 0 or not joined(text[start - 1], text[start]):
        return True
    if len(form) < 3 or is_unspaced(form[0]):
        return False
    first = start
    while first > 0 and start - first < 4 and joined(text[first - 1], text[first]):
        first -= 1
    prefix = text[first:start]
    if first > 0 and joined(text[first - 1], text[first]):
        return False
    pattern = _ARABIC_ARTICLE if "\u0600" <= form[0] <= "\u06ff" else _HEBREW_PREFIX
    return pattern.fullmatch(prefix) is not None


def _ends(text: str, end: int) -> bool:
    if end == len(text):
        return True
    if is_mark(text[end]):
        return False
    if not joined(text[end - 1], text[end]):
        return True
    if "\u10d0" <= text[end - 1] <= "\u10ff":
        return _GEORGIAN_ENDING.match(text, end) is not None
    return is_hangul(text[end - 1]) and _KOREAN_PARTICLES.match(text, end) is not None


def _clings(words: Words, start: int, end: int) -> bool:
    """Return whether a single letter is part of c'est, T-shirt or don't."""
    if end - start > 1 or not words.folded[start].isalpha() or is_unspaced(words.folded[start]):
        return False
    around = (words.kind_at(start - 1), words.kind_at(end))
    return ELISION in around or HYPHEN in around
