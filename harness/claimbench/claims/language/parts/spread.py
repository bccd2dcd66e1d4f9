# ruff: noqa: E501 - tables of words
"""A text of marks -> one text for each thing of a list: "p50 and p99 are 1 s and 2 s" says two things.

What a list of amounts belongs to is a list of as many arms, percentiles, quantities or tasks, the
first to the first; where there is no such list, or more than one, the sentence is refused.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import replace

from claimbench.claims.language import lexicon as words
from claimbench.claims.language.amounts import Amount, bounded
from claimbench.claims.language.tables.pieces import compiled
from claimbench.errors import ClaimError

_JOINT = r"(?:,? and |, |,? as well as |,? plus )"
_LAST = r"(?:,? and |,? as well as |,? plus )"
_MARK = r"<[poxfnud]\d+>"
_TAIL = r"(?: (?:tokens per second|per <n\d+> [a-z]+(?: tokens)?|accura(?:te|cy)|points|errors?))?"
_P = r"(?:p-?\d{2}(?:\.\d+)?|\d{2}(?:\.\d+)?(?:th|st|nd|rd)(?:[- ]percentile)?|median)"
_NOUN = "|".join(f"(?:{noun})" for noun in words.NOUNS.values())
_QUANTITY = rf"(?:the )?(?:(?:{_P} )?(?:{_NOUN})|{_P})(?![\w-])"
_ITEMS = (
    r"(?:the )?⟦a\d+⟧",
    r"(?:(?:on|for|in|at|across|with) (?:the )?)?⟦t\d+⟧",
    _QUANTITY,
)
"""What a list of amounts may belong to: arms, tasks, percentiles and quantities."""
_SCOPES = (
    rf"(?:at|in|for|on) (?:the )?{_P}",
    r"(?:on|for|in|at|across|with) (?:the )?⟦t\d+⟧",
    r"(?:on|for|in|at|across|with) (?:the )?⟦s\d+⟧",
    r"(?:costs? )?(?:per|for each|for every) (?:request|call|query|answer|prompt|(?:correct|right|solved) (?:answer|task|problem))s?",
    r"per (?:<n\d+>|million) (?:input|output|prompt) tokens",
    rf"(?:in|on|for|by) (?:the )?(?:{words.NOUNS['time']})",
)
"""Where and how something is said; several of one kind are as many statements."""
_ARM = r"(?:the )?⟦a\d+⟧"
_WHERE = "|".join(_SCOPES[:3])
_PAIRED = (
    rf"{_MARK}{_TAIL} (?:{_WHERE})",
    rf"{_MARK}{_TAIL} (?:versus|against|over|relative to|compared (?:with|to)) {_ARM}",
    rf"{_ARM} by {_MARK}{_TAIL}",
    rf"{_ARM} (?:{_WHERE})",
)
"""What may follow a verb twice, with one thing left out: "scores 91% on t1 and 88% on t2"."""
_ALL = r"(?:overall|on average|in total|in general|all in all|on the whole)"
_PLACE = (
    r"(?:on|for|in|at|across|with|over) (?:the |both )?⟦[ts]\d+⟧(?:(?:, and |, | and )⟦t\d+⟧)*"
    r"|(?:on|in|across|for|over) (?:every|each|all|both|most)(?: of)?(?: the)?(?: single)? (?:tasks?|benchmarks?|datasets?|tests?)"
)
_DENIES = r"\b(?:not|no|never|neither|nor|fails?|failed|unable|without)\b"

Found = tuple[int, int, list[str]]
"""Start and end of a list in a text, and its parts."""


def spread(text: str, amounts: list[Amount]) -> list[str]:
    """Return the texts that a text with lists stands for, itself where it has none.

    Amounts without a bound of their own take that of the first of their list.

    Raises:
        ClaimError: a list of amounts that belongs to nothing or to more than one thing.
    """
    places = _overall(text)
    if places is not None:
        return [found for place in places for found in spread(place, amounts)]
    for pattern in _PAIRED:
        for found in _listed(text, pattern):
            if found[0] and text[found[1] :].strip(" .!") == "":
                _one_bound(found, text, amounts)
                return _each(text, [found])
    _two_kinds_of_place(text)
    listed = _listed(text, rf"{_MARK}{_TAIL}", before=r"(?<!between )")
    listed = [found for found in listed if _of_one_kind(found, text, amounts)]
    items = [found for pattern in _ITEMS for found in _listed(text, pattern)]
    if listed:
        items += [found for pattern in (_SCOPES[0], _SCOPES[2]) for found in _listed(text, pattern)]
    if not listed:
        if re.search(r"\brespectively\b", text):
            raise ClaimError(
                '"respectively": which of them is said of which?', hint="write one claim for each"
            )
        _one_time(items, amounts)
        lists = [found for found in items if _of_one_time(text, found)]
        lists += [found for pattern in _SCOPES for found in _listed(text, pattern)]
        if not lists:
            return [text]
        return [made for one in _each(text, lists[:1]) for made in spread(one, amounts)]
    if len(listed) == 1:
        fitting = [found for found in items if len(found[2]) == len(listed[0][2])]
        if len(items) != 1 or not fitting:
            raise ClaimError(
                f"{text[listed[0][0] : listed[0][1]]!r}: which amount belongs to what?",
                hint="write one claim for each amount",
            )
        listed += fitting
    if len({len(found[2]) for found in listed}) > 1 or (len(listed) > 2):
        raise ClaimError("lists of different length", hint="write one claim for each amount")
    return _each(text, listed)


def _each(text: str, lists: Sequence[Found]) -> list[str]:
    """Write a text once for each place of its lists."""
    if not lists:
        return [text]
    if re.search(_DENIES, text):
        raise ClaimError(
            "the denial of a list has more than one meaning", hint="write one claim for each"
        )
    out = []
    for place in range(len(lists[0][2])):
        made = text
        for start, end, parts in sorted(lists, reverse=True):
            made = made[:start] + parts[place] + made[end:]
        out.append(re.sub(r",? ?\brespectively\b", "", made))
    return out


def _listed(text: str, item: str, before: str = "") -> list[Found]:
    """Find lists of at least two, joined by "and"."""
    if " and " not in text and " as well as " not in text and " plus " not in text:
        return []
    if len(compiled(item).findall(text)) < 2:
        return []
    pattern = compiled(rf"{before}(?<![\w-])(?:both )?({item}(?:, (?:{item}))*{_LAST}(?:{item}))")
    out = []
    for match in pattern.finditer(text):
        parts = [m[0] for m in compiled(item).finditer(match[1])]
        out.append((match.start(), match.end(), _completed(parts)))
    return out


def _completed(parts: list[str]) -> list[str]:
    """Give each of a list what only its last or its first names: "p50 and p99 latency"."""
    noun = compiled(rf"(?:{_P} )?(?P<noun>{_NOUN})").fullmatch(parts[-1])
    if noun is not None:
        named = (compiled(_P).fullmatch(part) for part in parts)
        parts = [
            f"{part} {noun['noun']}" if is_p else part
            for part, is_p in zip(parts, named, strict=True)
        ]
    if "percentile" in parts[-1]:
        parts = [
            re.sub(r"^(\d+(?:\.\d+)?(?:th|st|nd|rd))(?!.*percentile)", r"\1 percentile", part)
            for part in parts
        ]
    lead = re.match(r"(?:on|for|in|at|across|with) (?:the )?(?=⟦t)", parts[0])
    if lead is not None:
        parts = [
            part if part.startswith(lead[0]) else lead[0] + part[part.index("⟦") :]
            for part in parts
        ]
    tail = re.sub(r"^<\w+>", "", parts[-1])
    if parts[-1].startswith("<") and tail:
        parts = [part if " " in part else part + tail for part in parts]
    return parts


def _of_one_kind(found: Found, text: str, amounts: list[Amount]) -> bool:
    """Tell whether amounts are a list: of one kind, or bare numbers before a number with a unit."""
    marks = [re.match(r"<([a-z])(\d+)>", part) for part in found[2]]
    places = [int(mark[2]) for mark in marks if mark]
    kinds = [amounts[place].kind for place in places]
    last = amounts[places[-1]]
    if set(kinds) <= {kinds[-1], "n"} and len(set(kinds)) > 1:
        for place, part in zip(places, found[2], strict=True):
            if amounts[place].kind == "n":
                _take_unit(amounts, place, last)
                mark = f"<{last.kind}{place}>"
                found[2][found[2].index(part)] = re.sub(r"^<\w+>", mark, part)
    elif len(set(kinds)) > 1 and not set(kinds) <= {"x", "f"}:
        return False
    _one_bound(found, text, amounts)
    return True


def _two_kinds_of_place(text: str) -> None:
    """Refuse "on t1 and for German": where both are, or each of them?"""
    end = r"(?= ?(?:$|[.,;!]| than ))"
    for one, other in itertools.permutations(_SCOPES[:3], 2):
        found = compiled(rf"(?:{one}){_LAST}(?:{other}){end}").search(text)
        if found is not None:
            raise ClaimError(
                f"{found[0]!r}: where both hold, or two statements?",
                hint='leave the "and" out, or write one claim for each',
            )


def _one_bound(found: Found, text: str, amounts: list[Amount]) -> None:
    """Lay the bound of the first amount of a list over those that have none."""
    marks = [re.search(r"<[a-z](\d+)>", part) for part in found[2]]
    places = [int(mark[1]) for mark in marks if mark]
    if not places:
        return
    first = amounts[places[0]].bound
    for place in places[1:]:
        if first is not None and amounts[place].bound is None:
            made = bounded(amounts[place], first)
            if made is None:
                raise ClaimError(f"{text[found[0] : found[1]]!r}: a bound of which amount?")
            amounts[place] = made


def _take_unit(amounts: list[Amount], place: int, last: Amount) -> None:
    """Give a bare number the unit of the last number of its list."""
    number = re.match(r"\d+(?:\.\d+)?", last.text)
    if number is None or last.high is not None or not last.value:
        raise ClaimError(f"{amounts[place].text!r}: of which unit?")
    unit = last.value / type(last.value)(number[0])
    old = amounts[place]
    amounts[place] = replace(old, kind=last.kind, value=old.value * unit, half=old.half * unit)


def _of_one_time(text: str, found: Found) -> bool:
    """Tell whether a list names percentiles or times of which each is meant: "ttft and e2e"."""
    start, _, parts = found
    times = all(compiled(rf"(?:{_P} )?(?:{words.NOUNS['time']})").fullmatch(p) for p in parts)
    bare = all(compiled(rf"(?:the )?{_P}").fullmatch(part) for part in parts)
    led = text[:start].endswith(("'s ", "⟧ ", "at ", "at the ", "in ", "for "))
    return times or (bare and led)


def _one_time(items: Sequence[Found], amounts: Sequence[Amount]) -> None:
    """Refuse "alpha and beta take 1 minute and 30 seconds": one time for each, or two times?"""
    for amount in amounts:
        joined = amount.kind in {"d", "u"} and re.search(r"\d.* and \d", amount.text)
        if items and joined and not amount.text.startswith("between"):
            raise ClaimError(
                f"{amount.text!r} may be one amount or two",
                hint='write it in one unit, such as "90 s"',
            )


def _overall(text: str) -> list[str] | None:
    """Read "overall and on t2" as two statements, one of all items; None where nothing is so."""
    joint = rf"{_LAST}(?:also )?"
    found = compiled(
        rf"(?:both )?(?:{_ALL}{joint}(?P<first>{_PLACE})|(?P<last>{_PLACE}){joint}{_ALL})(?![\w⟦])"
    ).search(text)
    if found is None:
        return None
    if re.search(_DENIES, text):
        raise ClaimError(
            "the denial of a list has more than one meaning", hint="write one claim for each"
        )
    before = text[: found.start()]
    after = text[found.end() :]
    if after.startswith(" by "):
        raise ClaimError(
            f"{found[0]!r}: by how much in each?", hint="write one claim for each amount"
        )
    whole = re.sub(r"\s+", " ", f"{before}{after}").strip(" ,")
    return [whole, f"{before}{found['first'] or found['last']}{after}"]
