"""``list``: several things in one answer, compared with the target's as a set or in their order.

The answer is a JSON list (alone, in a fence, or the last one in the text), a list of lines with
bullets or numbers, or a text parted by commas, semicolons and the word "and" in the languages of
the tests. Items are compared in one Unicode form, without case unless told, numbers by value. How
often an item stands counts unless ``repeats`` is false.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import Field

from claimbench.number_text import parse_number
from claimbench.number_text.plain import folded, typographic
from claimbench.scorers.base import brief, scored, squeeze, unparsable, visible
from claimbench.scorers.options import ScorerOptions, read_options
from claimbench.scorers.reading.answers import as_text
from claimbench.scorers.typed.bullets import with_plain_bullets
from claimbench.scorers.typed.list_text import NOTHING, fitted, unwrapped
from claimbench.scorers.typed.open_lists import has_or, is_open
from claimbench.types import Json, Sample, Score, Task

METRICS = ("f1", "precision", "recall", "exact", "jaccard")
Metric = Literal["f1", "precision", "recall", "exact", "jaccard"]
_ITEM = re.compile(
    r"^\s*(?:[・•●◦‣▪]\s*|[一二三四五六七八九十]{1,3}[、.．]\s*"
    r"|(?:[-*–—]|#?\d{1,3}[.)、．:：]|#\d{1,3}|\(\d{1,3}\)|[a-z][.)]|[ivx]{1,5}[.)]"
    r"|(?:step|item|schritt|étape|paso|passo|шаг) \d{1,3}[.:)])\s+)(.*\S)\s*$",
    re.IGNORECASE,
)
_AND = re.compile(
    r"\s(?:and|und|sowie|et|y|e|и|và|och|en|तथा|और|和|以及|及|&|/)\s+|\s?(?:และ)\s?"
    r"|\s(?:그리고|및)\s",
    re.IGNORECASE,
)
_CLINGING = re.compile(
    r"\s(?=[وו])|(?<=[\u4e00-\u9fff\u3040-\u30ff])(?:和|以及|及|と)"
    r"(?=[\u4e00-\u9fff\u3040-\u30ff])|(?<=[가-힣])(?:과|와|이랑|랑|하고)\s"
)
"""Words for "and" that cling to their neighbours: they part only what is then one of the target's
items."""
_STATED = re.compile(
    r"^(?:the|these|they|it|die|das|es|les|la|le|las|los|il|i|gli|sono|são|os|as|de|het|de)\b[^,;:]{0,60}?"
    r"\b(?:is|are|ist|sind|est|sont|es|son|è|sono|são|zijn|är|er)\s+(?!(?:not|nicht|pas|no|non|não)\b)",
    re.IGNORECASE,
)
_EITHER = re.compile(
    r"^(?:either|entweder|soit|o bien|ou bien|либо|или|albo|buď|ya|entweder|hoặc|إما|या तो)\s+",
    re.IGNORECASE,
)
_SEMICOLONS = re.compile(r"\s*[;；\n]\s*")
_COMMAS = re.compile(r"\s*(?:[、，،;\n]|,(?!\d)|(?<!\d),)\s*")
_ALL_COMMAS = re.compile(r"\s*[,、，،;\n]\s*")
_THOUSANDS = re.compile(r"(?<![\d,])\d{1,3}(?:,\d{3})+(?![\d,])")
_LEAD = re.compile(r"^[^\n:：]{0,80}[:：]\s*(?=\S)", re.DOTALL)
_MARKS = " .。*_`\"'„“”«»‹›「」『』《》〈〉"
"""What may stand around an item and is no part of it."""
_LONGEST_ITEMS = 2000


class ListOptions(ScorerOptions):
    """Options of ``list``."""

    metric: Metric = "f1"
    """What the score is; all are parts. f1: of precision and recall of the items; in order, of the
    longest common subsequence. exact: the same items, and in order, if told. jaccard: shared items
    over all."""
    ordered: bool = False
    """The order counts."""
    repeats: bool = True
    """An item that stands twice is not one that stands once; false: as sets."""
    ignore_case: bool = True
    """Compare items without case."""
    separator: str | None = Field(default=None, min_length=1)
    """What parts the items of answers and targets that are texts. Left out: commas, semicolons,
    lines, and the word "and"; for targets, semicolons, else commas."""
    empty: str = "none"
    """What says that there is no item."""


class ListScorer:
    """How well an answer's items are the target's; 1 if they are the same."""

    name = "list"
    version = "5"

    def __init__(self, options: Mapping[str, Json] | None = None) -> None:
        self._options = read_options(ListOptions, options or {}, self.name)

    def part_names(self, sample: Sample, task: Task) -> tuple[str, ...]:  # noqa: ARG002 - the protocol's
        """Return the metrics."""
        return METRICS

    def score(self, call_id: str, text: str, sample: Sample, task: Task) -> Score:  # noqa: ARG002 - the protocol's
        """See :class:`claimbench.scorers.base.Scorer`."""
        right = self._forms(self._target(sample.target))
        items = self._answer(visible(text), frozenset(right))
        if items is None:
            zeros = dict.fromkeys(METRICS, 0.0)
            return unparsable(self, call_id, f"no full list in {brief(text)}", zeros)
        found = self._forms(items)
        parts = overlap(found, right, ordered=self._options.ordered)
        why = f"read as {brief(found)}; right is {brief(right)}"
        return scored(self, call_id, parts[self._options.metric], why, parts)

    def _forms(self, items: Sequence[str]) -> list[str]:
        forms = [self._form(item) for item in items]
        return forms if self._options.repeats else list(dict.fromkeys(forms))

    def _form(self, item: str) -> str:
        number = parse_number(item)
        if number is not None:
            return f"{number.normalize():f}"
        text = typographic(squeeze(item)).strip(_MARKS)
        return folded(text) if self._options.ignore_case else text

    def _target(self, target: Json) -> list[str]:
        if isinstance(target, list):
            return [as_text(item) for item in target]
        text = as_text(target).strip()
        if text.startswith("["):
            listed = _json_list(text)
            if listed is not None:
                return listed
        if self._is_empty(text):
            return []
        sign = self._options.separator or (";" if ";" in text else ",")
        return [part.strip() for part in text.split(sign) if part.strip()]

    def _answer(self, text: str, right: frozenset[str]) -> list[str] | None:
        text = with_plain_bullets(text)
        listed = _json_list(text)
        if listed is not None:
            return listed
        if not text.strip():
            return None
        text = unwrapped(text)
        if is_open(text, lambda word: self._form(word) in right):
            return None
        if self._is_empty(text) or (not right and self._says_none(text)):
            return []
        if self._options.separator is not None:
            return [part.strip() for part in text.split(self._options.separator) if part.strip()]
        lines = [found.group(1) for line in text.splitlines() if (found := _ITEM.match(line))]
        if len(lines) > 1 or (lines and len(text.splitlines()) == 1):
            bare = [line.rstrip(",;.") for line in lines[:_LONGEST_ITEMS]]
            return fitted(bare, right, self._form)
        parts = _split(text)
        if any(self._leaves_open(part, right) for part in parts):
            return None
        pieces = [piece for part in parts for piece in self._pieces(part, right)]
        items = fitted(pieces, right, self._form)
        return self._by_blanks(items[0], right) if len(items) == 1 else items

    def _leaves_open(self, part: str, right: frozenset[str]) -> bool:
        """Return whether "or" parts items of the target: the answer means one of them."""
        halves = [_EITHER.sub("", half.strip()) for half in has_or(part)]
        named = [half for half in halves if self._form(half) in right]
        return len(halves) > 1 and self._form(part) not in right and bool(named)

    def _by_blanks(self, text: str, right: frozenset[str]) -> list[str]:
        """Return the words of a text as items where some are the target's: 2 3 5, red green."""
        words = text.split()
        if len(words) < 2 or self._form(text) in right:
            return [text]
        numbers = all(parse_number(word) is not None for word in words)
        known = sum(self._form(word) in right for word in words)
        return words if numbers or known > max(1, len(words) - 2) else [text]

    def _pieces(self, part: str, right: frozenset[str]) -> list[str]:
        """Part one piece of a running text at "and", unless it is an item as it stands."""
        if self._form(part) in right:
            return [part]
        pieces = [piece.strip() for piece in _AND.split(f" {part} ") if piece.strip()]
        found: list[str] = []
        for piece in pieces:
            split = [
                re.sub(r"^[וو](?=\w)", "", half).strip() for half in _CLINGING.split(piece) if half
            ]
            known = self._form(piece) not in right and any(self._form(h) in right for h in split)
            found += split if known and len(split) > 1 else [piece]
        return found

    def _says_none(self, text: str) -> bool:
        return squeeze(text).casefold().strip(" .。![](){}*'\"") in NOTHING

    def _is_empty(self, text: str) -> bool:
        said = squeeze(text).casefold().strip(" .![](){}*'\"")
        return said in (self._options.empty.casefold(), "")


def _split(text: str) -> list[str]:
    """Part a running text at commas, without what leads up to a colon or to "are"."""
    lead = _LEAD.match(text)
    if lead is not None and not text[lead.end() - 1 :].startswith("//"):
        text = text[lead.end() :]
    text = text.strip().rstrip(".。")
    if not _SEMICOLONS.search(text):
        text = _STATED.sub("", text)
    cleaned = [
        re.sub(r"^(?:and|und|et|y|e|и|và|和|以及)\s+", "", part.strip(" []"))
        for part in _separated(text.strip("[]"))
    ]
    return [part for part in cleaned if part][:_LONGEST_ITEMS]


def _separated(text: str) -> list[str]:
    """Part a text at semicolons where there are any, else at commas that part no thousands."""
    if re.search(r"[;；]", text):
        return _SEMICOLONS.split(text)
    grouped = _THOUSANDS.search(text) is not None
    return (_COMMAS if grouped else _ALL_COMMAS).split(text)


def _json_list(text: str) -> list[str] | None:
    """Return the last JSON list of single values in a text, or None."""
    decoder = json.JSONDecoder()
    found: list[str] | None = None
    place = text.find("[")
    tried = 0
    while place >= 0 and tried < 200:
        tried += 1
        try:
            value, end = decoder.raw_decode(text, place)
        except (ValueError, RecursionError):
            place = text.find("[", place + 1)
            continue
        if isinstance(value, list) and not any(isinstance(item, list | dict) for item in value):
            found = [as_text(item) for item in value]
        place = text.find("[", end)
    return found


def overlap(found: Sequence[str], right: Sequence[str], *, ordered: bool) -> dict[str, float]:
    """Return every metric of two lists; items as often as they stand, in order if ``ordered``."""
    if not found and not right:
        return dict.fromkeys(METRICS, 1.0)
    if ordered:
        same = _longest_common(found, right)
        exact = list(found) == list(right)
    else:
        same = sum((Counter(found) & Counter(right)).values())
        exact = Counter(found) == Counter(right)
    precision = same / len(found) if found else 0.0
    recall = same / len(right) if right else 0.0
    return {
        "f1": 2 * same / (len(found) + len(right)),
        "precision": precision,
        "recall": recall,
        "exact": float(exact),
        "jaccard": same / (len(found) + len(right) - same),
    }


def _longest_common(one: Sequence[str], two: Sequence[str]) -> int:
    """Return the length of the longest common subsequence."""
    row = [0] * (len(two) + 1)
    for item in one:
        before = 0
        for place, other in enumerate(two, start=1):
            kept = row[place]
            row[place] = before + 1 if item == other else max(row[place], row[place - 1])
            before = kept
    return row[-1]
