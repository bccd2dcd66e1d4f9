"""Which passages an answer cites: ``[1]``, ``[doc-3]``, ``[1, 2]``, ``(source: X)``, and a field
of JSON.

A name is compared with those of the row's passages without case. A number is a place among them
where no passage is called by a number. What is in brackets and no passage's name is a citation of
a passage that is not there if it holds a digit, and else no citation ("[sic]").
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from claimbench.number_text.plain import folded
from claimbench.scorers.base import squeeze
from claimbench.types import Json

Format = Literal["auto", "brackets", "source", "json"]
_BRACKETS = re.compile(r"\[\^?([^\[\]\n]{1,200})\](?!\()|【([^【】\n]{1,200})】")
_SOURCE = re.compile(
    r"[(\[]\s*(?:see |siehe |voir )?(?:sources?|quellen?|fuentes?|fontes?|fonti|fonte|cf\.?|ref\.?)"
    r"\s*[:：]\s*([^()\[\]\n]{1,200})[)\]]"
    r"|^[ \t>*_-]*(?:sources?|quellen?|fuentes?|fontes?|fonti|fonte|citations?|references?)[*_]*"
    r"\s*[:：][*_]*\s*(\S[^\n]{0,400})$",
    re.IGNORECASE | re.MULTILINE,
)
_PARTS = re.compile(r"\s*(?:[,;，、]|\band\b|\bund\b|\bet\b|&|\by\b|\be\b)\s*")
_RANGE = re.compile(r"(\d{1,3})\s*[-–]\s*(\d{1,3})")
_VALUE = re.compile(r"\s|\d:\d|[%‰€$£¥°]|^\d+[.,]\d")
"""Inside brackets: a time, an amount or words, which no passage is called by."""
_LEAD = re.compile(
    r"^(?:sources?|doc(?:ument)?|passage|ref(?:erence)?|quelle|§|#|no\.?|nr\.?)\s*[:#]?\s+",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Cited:
    """Names of the passages that an answer cites, each once and as the row spells it, and the
    answer without its citations.
    """

    names: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Known:
    """The row's passages: in their order, by their folded names, and whether a number is a place
    among them.
    """

    passages: Sequence[str]
    named: Mapping[str, str]
    by_place: bool

    @classmethod
    def of(cls, passages: Sequence[str]) -> Known:
        """Read the names of a row's passages."""
        named = {folded(squeeze(name)): name for name in passages}
        return cls(passages, named, not any(name.strip().isdecimal() for name in passages))

    def placed(self, number: str) -> str:
        """Return the passage that a number means: one of that name, else the one at that place."""
        if number in self.named:
            return self.named[number]
        if self.by_place and 0 < int(number) <= len(self.passages):
            return self.passages[int(number) - 1]
        return number


def cited(text: str, passages: Sequence[str], style: Format = "auto") -> Cited:
    """Find the citations in the words of an answer.

    Args:
        text: the answer.
        passages: names of the row's passages in their order; empty: they are not known.
        style: brackets or source: only these count; auto: both.
    """
    found: list[tuple[int, str]] = []
    rest = text
    known = Known.of(passages)
    if style in ("auto", "source"):
        for match in _SOURCE.finditer(rest):
            inner = (match[1] or match[2]).strip().strip("[]【】.")
            pieces = re.sub(r"[\[\]【】]", ",", inner)
            for name in _names(pieces, known, sure=True):
                found.append((match.start(), name))
        rest = _SOURCE.sub(lambda m: " " * len(m[0]), rest)
    if style in ("auto", "brackets"):
        for match in _BRACKETS.finditer(rest):
            for name in _names(match[1] or match[2], known, sure=False):
                found.append((match.start(), name))
        rest = _BRACKETS.sub(lambda m: _without(m, known), rest)
    if not _says(rest) and _says(text):
        # An answer all in brackets: "[19:50] [p1]". What names no passage of the row is its words.
        given = set(known.named.values())
        stray = [
            m for m in _BRACKETS.finditer(text) if not given & set(_names(m[1] or m[2], known))
        ]
        if passages and stray:
            rest = " ".join(m[1] or m[2] for m in stray)
            found = [one for one in found if one[1] in given]
    names = dict.fromkeys(name for _, name in sorted(found, key=lambda one: one[0]))
    return Cited(tuple(names), rest)


def cited_in_field(value: Json, passages: Sequence[str]) -> tuple[str, ...]:
    """Return the passages that a field of JSON names: a list of names, numbers or objects with an
    id, or one text.
    """
    items = value if isinstance(value, list) else [value]
    known = Known.of(passages)
    found: list[str] = []
    for item in items:
        if isinstance(item, Mapping):
            item = next((item[k] for k in ("id", "doc_id", "source", "name") if k in item), None)
        if item is None or isinstance(item, bool) or not isinstance(item, str | int):
            continue
        found += _names(str(item).strip("[]"), known, sure=True)
    return tuple(dict.fromkeys(found))


def _without(match: re.Match[str], known: Known) -> str:
    """Blank a citation out of the answer; brackets that are none stay."""
    inner = match[1] or match[2]
    return " " * len(match[0]) if _names(inner, known, sure=False) else match[0]


def _says(text: str) -> bool:
    return any(char.isalnum() for char in text)


def _names(inner: str, known: Known, *, sure: bool = False) -> list[str]:
    whole = known.named.get(folded(squeeze(inner)))
    if whole is not None:
        return [whole]
    found: list[str] = []
    for part in _PARTS.split(inner.strip()):
        bare = squeeze(part).strip(" .^*_\"'`")
        if not bare:
            continue
        name = known.named.get(folded(bare)) or known.named.get(folded(_LEAD.sub("", bare)))
        span = _RANGE.fullmatch(bare)
        if name is not None:
            found.append(name)
        elif span is not None and 0 < int(span[2]) - int(span[1]) <= 50:
            for number in range(int(span[1]), int(span[2]) + 1):
                found.append(known.placed(str(number)))
        elif _LEAD.sub("", bare).isdecimal():
            found.append(known.placed(_LEAD.sub("", bare)))
        elif sure or (any(c.isdigit() for c in bare) and not _VALUE.search(bare)):
            found.append(bare)
    return found


def agreement(found: Sequence[str], gold: Sequence[str]) -> tuple[float, float, float]:
    """Return precision, recall and F1 of the cited passages against the gold ones.

    An answer that cites nothing has no precision to speak of; where it should have cited, all
    three are 0.
    """
    hits = len(set(found) & set(gold))
    if not hits:
        return 0.0, 0.0, 0.0
    precision = hits / len(set(found))
    recall = hits / len(set(gold))
    return precision, recall, 2 * precision * recall / (precision + recall)
