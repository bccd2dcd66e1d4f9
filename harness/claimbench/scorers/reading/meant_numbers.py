"""Which numbers of an answer are meant: not those that it denies, compares with, gives as an
uncertainty, or adds up after an equals sign.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from claimbench.number_text import Found

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
_OPERATOR = re.compile(r"\s*[-+*/×÷·∙−]\s*")
_EQUALS = re.compile(r"\s*=\s*\$?\s*")
_LOOK = 40


def meant(found: Sequence[Found], text: str) -> list[Found]:
    """Return the numbers of an answer that may be its answer, in order.

    Args:
        found: what :func:`claimbench.number_text.read_numbers` gave.
        text: the same answer by :func:`claimbench.number_text.normal_text`.
    """
    kept = [number for number in found if not _is_aside(number, text)]
    return _without_sum(kept, text)


def _is_aside(number: Found, text: str) -> bool:
    before = text[max(0, number.start - _LOOK) : number.start]
    if _DENIED.search(before) or _COMPARED.search(before) or _UNCERTAIN.search(before):
        return True
    return _DENIED_AFTER.match(text, number.end) is not None


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
