"""Which numbers of an answer are meant: not those that it denies, compares with, gives as an
uncertainty, or adds up after an equals sign, and none beside one that it states as its answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from claimbench.number_text import Found
from claimbench.scorers.reading.stated import stated

_DENIED = re.compile(
    r"(?<![^\W\d_])(?:not|isn'?t|aren'?t|wasn'?t|never|neither|rather than|instead of|other than"
    r"|unlike|nicht|kein\w*|statt|anstatt|anstelle von|weder|pas|ni|plutôt que|au lieu de|no es"
    r"|no son|en lugar de|en vez de|non è|non sono|anziché|invece di|não é|não são|em vez de"
    r"|ao invés de|niet|geen|in plaats van|не|вместо|nie|zamiast|không phải|thay vì"
    r"|و?ليس|و?ليست|و?لا"
    r"|بدلا من|[וש]?לא|ו?אינו|במקום)(?: (?:a|an|the|just|exactly|die|der|das|le|la|el))? ?\Z"
    r"|(?:不是|並非|并非|而非|而不是|绝非|不等于|不等於|ไม่ใช่|ບໍ່ແມ່ນ|មិនមែន) ?\Z",
    re.IGNORECASE,
)
_DENIED_AFTER = re.compile(
    r"[^\d\n.。!?]{0,3}(?:ではな|じゃな|でなく)|(?:이|가)? ?(?:아니|아닌|아닙)"
    r"|[^\d\n.!?]{0,8} (?:नहीं|değil|نیست)|의? ?대신|の代わり"
)
_COMPARED = re.compile(
    r"(?<![^\W\d_])(?:(?:up|down|rose|fell|grew|increased|decreased|risen|fallen) from"
    r"|compared (?:to|with)|versus|vs\.?|previously|formerly|verglichen mit|gegenüber|zuvor"
    r"|par rapport à|contre|antes|frente a|rispetto a|по сравнению с)(?: the)? ?\Z",
    re.IGNORECASE,
)
_UNCERTAIN = re.compile(
    r"(?:±|\+ ?/ ?-|\+-|plus[ -]or[ -]minus|give or take|plus/minus|\\pm) ?[$€£]?\Z", re.IGNORECASE
)
_PLACED = re.compile(
    r"(?<!\w)(?:to|auf|à|до) \S{1,15}(?: [^\W\d]+)? (?:from|von|de|с)(?: the| an earlier)? ?\Z"
    r"|\d(?: [^\W\d]+)? (?:out of|of the|out of the|out of a total of|von|von insgesamt|von den|sur"
    r"|su|из|de un total de|de um total de|van de|van) ?\Z",
    re.IGNORECASE,
)
"""Behind "fell to 12 from" and "12 out of" stands what the answer is measured by."""
_BETWEEN = re.compile(
    r"(?<!\w)(?:between|zwischen|entre|tra|fra|между|mellan|mellem|tussen|między|pomiędzy)"
    r" [^\n.;]{0,12}\Z",
    re.IGNORECASE,
)
_AND = re.compile(r" ?[^\W\d]* ?(?:and|und|et|y|e|и|och|og|en|a|i|ed) [$€£]?\Z", re.IGNORECASE)
_TO = re.compile(r" ?[%$€£]? ?(?:to|bis|à|до|til|till|tot|do|到|至|から|에서|से) ?[$€£]?\Z")
_CHANGED = re.compile(
    r"(?<!\w)(?:from|von|vom|de|da|du|del|от|с|od|van|från|fra)\b[^\n.;]{0,20}\Z|[从從自][^\n]{0,6}\Z"
)
_RESULT = re.compile(r"\s*[*×·∙+]\s*")
_OPERATOR = re.compile(r"\s*[-+*/×÷·∙−]\s*")
_EQUALS = re.compile(r"\s*=\s*\$?\s*")
_LOOK = 40


def meant(found: Sequence[Found], text: str, *, last: bool = True) -> list[Found]:
    """Return the numbers of an answer that may be its answer, in order.

    Args:
        found: what :func:`claimbench.number_text.read_numbers` gave.
        text: the same answer by :func:`claimbench.number_text.normal_text`.
        last: the last number counts, so that what is said behind a stated one matters.
    """
    kept = [number for number in found if not is_aside(number.start, number.end, text)]
    kept = _without_sum(kept, text)
    places = [(number.start, number.end) for number in kept]
    chosen = [kept[index] for index in stated(places, text)] if last else kept
    if chosen and chosen[-1].value is not None and _has_no_one_value(chosen[-1], kept, text):
        chosen[-1] = replace(chosen[-1], value=None)
    return chosen


def is_aside(start: int, end: int, text: str) -> bool:
    """Return whether a value of a text is denied, compared with, or an uncertainty."""
    before = text[max(0, start - _LOOK) : start]
    for pattern in (_DENIED, _COMPARED, _UNCERTAIN, _PLACED):
        if pattern.search(before):
            return True
    return _DENIED_AFTER.match(text, end) is not None


def is_range(first: tuple[int, int], second: tuple[int, int], text: str) -> bool:
    """Return whether two values are the ends of a range: between 4 and 5, 4 to 5."""
    between = text[first[1] : second[0]]
    before = text[max(0, first[0] - _LOOK) : first[0]]
    if _BETWEEN.search(before) and _AND.match(between):
        return True
    return _TO.match(between) is not None and not _CHANGED.search(before)


def _has_no_one_value(number: Found, found: Sequence[Found], text: str) -> bool:
    """Return whether a number ends a range, or a product or sum that nobody worked out."""
    place = found.index(number)
    if place == 0:
        return False
    before = found[place - 1]
    if before.value is not None and number.value is not None and before.value < number.value:
        ends = (before.start, before.end), (number.start, number.end)
        if is_range(*ends, text):
            return True
    return (
        _RESULT.fullmatch(text[before.end : number.start]) is not None
        and "=" not in text[number.end :]
    )


def _without_sum(found: list[Found], text: str) -> list[Found]:
    """Leave out what follows "15 =" as a sum at the end: 12 + 3."""
    place = len(found) - 1
    while place > 0 and _OPERATOR.fullmatch(text[found[place - 1].end : found[place].start]):
        place -= 1
    summed = 0 < place < len(found) - 1
    if not summed or not _EQUALS.fullmatch(text[found[place - 1].end : found[place].start]):
        return found
    first = place - 1
    alone = first == 0 or not _OPERATOR.fullmatch(text[found[first - 1].end : found[first].start])
    return found[:place] if alone else found
