"""Which numbers of an answer are meant: not those that it denies, compares with, gives as an
uncertainty, or adds up after an equals sign, and none beside one that it states as its answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from claimbench.number_text import Found
from claimbench.number_text.changed import is_changed
from claimbench.scorers.reading.languages.joining import AND, OR, TO
from claimbench.scorers.reading.negation import is_denied
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
    r"|which (?:is|was|are) (?:\w+ )?(?:more|less|greater|larger|smaller|higher|lower|fewer"
    r"|above|below)(?: than)?"
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
    r"(?:(?<!\w)(?:between|zwischen|entre|tra|fra|между|між|mellan|mellem|mellom|tussen|między"
    r"|pomiędzy|mezi|medzi|između|med|între|μεταξύ|giữa|antara|kati ya|بين|בין)"
    r"|ระหว่าง) [^\n.;]{0,12}\Z",
    re.IGNORECASE,
)
_AND = re.compile(rf" ?[^\W\d]* ?{AND} ?[$€£]?\Z", re.IGNORECASE)
_TO = re.compile(rf" ?[%$€£]? ?(?!-){TO} ?[$€£]?\Z", re.IGNORECASE)
_CHANGED = re.compile(
    r"(?<!\w)(?:from|von|vom|de|da|du|del|от|с|od|van|från|fra)\b[^\n.;]{0,20}\Z|[从從自][^\n]{0,6}\Z"
)
_UNWORKED = re.compile(r"\s*[*×·∙÷+]\s*|[ \t]+-[ \t]+")
_OPERATOR = re.compile(r"\s*[-+*/×÷·∙−]\s*")
_EQUALS = re.compile(r"\s*=\s*\$?\s*")
_HYPHEN = re.compile(r"-[ \u00a0]+[$€£]?")
_ITEM_MARK = re.compile(r"\(?(?:\d{1,3}|[a-zA-Z])[.)]")
_SAYS = re.compile(
    r"(?<!\w)(?:is|are|was|equals?|be|ist|sind|gleich|est|sont|vaut|égale?|es|son|è|sono|é|são"
    r"|равно|равен|равна|составляет|ответ|to|jest|wynosi|är|er|on|là|adalah|هو|هي|है|是|为|為)\Z"
)
_IN = (
    "in|into|inside|with|across|among|on|over|per|for|from|at|by|containing|holding|each with"
    "|mit|auf|pro|für|zu je|zu|je|aus|bei|innerhalb von|dans|avec|sur|par|pour|contenant|en|con"
    "|por|para|nel|nei|nelle|su|em|com|met|voor|verdeeld over|с|со|по|на|в|из|за|для|w|z|po|na"
    "|dla|ve|v|i|på|til|till|för|med|trong|dalam|dengan|untuk|في|مع|لكل|ב|עם|में|प्रति|के लिए"
)
_NOUNS = (
    r"(?: ?(?!(?:so|thus|gives?|makes?|leaves?|left|is|are|has"
    r"|have)(?!\w))[^\W\d_][^\s\d.,;:!?()*=]*){0,3}"
)
_CONNECTED = re.compile(
    rf"[*_]*(?:{_NOUNS}[*_]* (?:{_IN})(?: (?:the|a|an|each|every|all|only|den|die|das|der|les|des"
    rf"|la|los|las|i|gli|le|os|as|de))?|{_NOUNS}[*_]*(?:,| ?;|,? ?(?:{AND}|{OR}))|"
    rf"(?:{_NOUNS},? (?:and|und|et|y|e|и) [^\W\d]+ (?:has|have|had|gets?|got|hat|a|tiene|ha|tem) )|"
    r"(?:(?![有共是等得为剩余成到为就才即共总])[一-鿿]){1,5}|(?:(?![はでがもを])[ぁ-ヿ一-鿿]){0,4}[にの]"
    r"|[가-힣]{1,5}(?:에|마다|당) ?| [^\W\d]+[dt][ae] |[ \u0e00-\u0e7f]{0,16}(?:ใน|ต่อ|ละ) ?"
    r"|[一-鿿]{1,4}(?:装在|裝在|放在|分装在|在|和|与|與)|[가-힣]{0,3} ?(?:와|과|이나|및) ?"
    r"|[ぁ-ヿ一-鿿]{0,4}(?:と|や|か)|,? ) ?[*_$€£]*",
    re.IGNORECASE,
)
_INTRODUCED = re.compile(
    r"(?:\A|[.!?:;\n] *)(?:in|im|en|em|nel|au|by|on|at|am|since|after|before|with|for|of|from|as of"
    r"|step|during|given|if|when|um|el|le|il|nach|mit|с|в|на|к|после)(?!\w)[^.,\n]{0,40}\Z",
    re.IGNORECASE,
)
_IN_ALL = re.compile(
    r"[*_]*(?: [^\W\d]+)?,? (?:in all|in total|altogether|all together|combined|insgesamt"
    r"|zusammen|en tout"
    r"|au total|en total|in totale|no total|ao todo|in totaal|totalt|всего|итого|razem|łącznie"
    r"|celkem)(?!\w)",
    re.IGNORECASE,
)
_BOLD = re.compile(r"(?<![*\w])(?:\*\*|__)[^*_\n]{0,12}\Z")
_CALCULATES = re.compile(r"(?:[-+/×÷=]|(?<!\*)\*)\s*\Z")
_DIGITS = re.compile(r"[^\d\n]{0,8}\d[\d.,']*")
_POINTS = re.compile(
    r" ?(?:percentage[ -]points?|percent[ -]points?|%[ -]?(?:points?|punkte?n?|pts?|p(?!\w)|포인트"
    r"|ポイント)"
    r"|pp(?!\w)|p\. ?p\.|ppts?(?!\w)|pct\.? ?pts?|basis points?|bps?(?!\w)|bp(?!\w)|‰|per ?mille?"
    r"|promille|prozentpunkt\w*|basispunkt\w*|points? de pourcentage|points? de base"
    r"|puntos? porcentual\w*|punt[io] percentual\w*|pontos? percentua\w*|procentpunt\w*"
    r"|procentenhet\w*|procentpoint|procentní\w* bod\w*|prosentpoeng|prosenttiyksik\w*"
    r"|punkt\w* procentow\w*"
    r"|процентн\w+ пункт\w*|п\. ?п\.|відсотков\w+ пункт\w*|százalékpont\w*|puncte? procentual\w*"
    r"|ποσοστιαί\w+ μονάδ\w+|yüzde puan\w*|điểm phần trăm|poin persen\w*|[个個]?百分[点點]|基点"
    r"|基點|パーセントポイント|ポイント|퍼센트 ?포인트|نقاط مئوية|نقطة مئوية|נקודות אחוז"
    r"|प्रतिशत अंक|จุดเปอร์เซ็นต์)",
    re.IGNORECASE,
)
_BELOW_ZERO = re.compile(
    r"(?: ?[°º]? ?(?:[CFK](?![^\W\d])|degrees?|grad|degrés?|grados?|gradi|graus?|градус\w*"
    r"|stopni\w*|graden|graders?|stupňů|βαθμοί|βαθμούς)?(?: (?:celsius|fahrenheit))?)?,? "
    r"(?:(?:below|under|unter|sous|bajo|sotto|abaixo de|ниже|нижче|poniżej|onder|pod|κάτω από το)"
    r" (?:the |lo )?(?:zero|null|zéro|cero|нуля|zera|nul|noll|nulou|nulu|μηδέν)(?!\w)"
    r"|تحت الصفر)",
    re.IGNORECASE,
)
_OLD_COUNTS = re.compile(r" score(?= and| years)| gross(?= of|[\s.!*]*\Z)", re.IGNORECASE)
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
    kept = [_with_sign(number, text) for number in kept]
    places = [(number.start, number.end) for number in kept]
    chosen = [kept[index] for index in stated(places, text)] if last else kept
    chosen = [_unchanged(number, text) for number in chosen]
    if not chosen or chosen[-1].value is None:
        return chosen
    beside = last and _stands_beside(chosen[-1], kept, text)
    if beside and (bold := _only_bold(chosen[-1], kept, text)) is not None:
        return [*chosen[:-1], bold]
    if beside or _has_no_one_value(chosen[-1], kept, text):
        chosen[-1] = replace(chosen[-1], value=None)
    return chosen


def minus_apart(start: int, text: str) -> Literal["minus", "bullet", "unclear"] | None:
    """Return what a hyphen with a blank before a value is; None where there is none.

    Behind "=", a colon or a word of the same line, and in a box, it is a minus sign; at the begin
    of a further line a bullet. An answer of nothing else ("- 3") may be either.
    """
    hyphen = _HYPHEN.search(text, max(0, start - 12), start)
    if hyphen is None or hyphen.end() != start:
        return None
    line = text.rfind("\n", 0, hyphen.start()) + 1
    before = text[line : hyphen.start()].strip(" *_`>")
    if "$" in before[-1:] or before[-1:] in ("{", "(", "["):
        return "minus"
    if not before:
        return "bullet" if text[:line].strip() or "\n" in text[start:].strip() else "unclear"
    if _ITEM_MARK.fullmatch(before):
        return "unclear"
    if before[-1] in "=:：<>≈" or _SAYS.search(before):
        return "minus"
    return None


def is_below_zero(end: int, text: str) -> bool:
    """Return whether words behind a value say that it is below zero: 3 degrees below zero."""
    return _BELOW_ZERO.match(text, end) is not None


def is_points(start: int, end: int, text: str) -> bool:
    """Return whether a number counts percentage points, basis points or per mille."""
    digits = _DIGITS.match(text, start, max(end, start))
    return _POINTS.match(text, end if digits is None else digits.end()) is not None


def is_old_count(start: int, end: int, text: str) -> bool:
    """Return whether a number counts twenties or twelve dozens: 3 score and ten, 2 gross."""
    money = any(sign in text[start:end] for sign in "$€£¥₹")
    return not money and _OLD_COUNTS.match(text, end) is not None


def _with_sign(number: Found, text: str) -> Found:
    """Return a number with the minus sign that a blank parts from it, or as far below zero as the
    words behind it say; without a value where the sign may be a bullet.
    """
    if number.value is None or number.value <= 0:
        return number
    if is_below_zero(number.end, text):
        return replace(number, value=-number.value)
    what = minus_apart(number.start, text)
    if what in (None, "bullet"):
        return number
    return replace(number, value=None if what == "unclear" else -number.value)


def _unchanged(number: Found, text: str) -> Found:
    """Return a number, without a value where the words beside it make another one of it."""
    return replace(number, value=None) if is_changed(number.start, number.end, text) else number


def _stands_beside(number: Found, found: Sequence[Found], text: str) -> bool:
    """Return whether another number stands beside one with nothing that says which of them is the
    answer: 12 eggs in 3 boxes, 2 apples and 3 pears.
    """
    place = found.index(number)
    if place == 0:
        return False
    before = found[place - 1]
    if before.value is None or before.value == number.value:
        return False
    return are_beside((before.start, before.end), (number.start, number.end), text)


def _only_bold(number: Found, found: Sequence[Found], text: str) -> Found | None:
    """Return the one of two numbers side by side that is in bold: pay **$64** for 16 glasses."""
    before = found[found.index(number) - 1]
    bold = [one for one in (before, number) if _BOLD.search(text[: one.start])]
    return bold[0] if len(bold) == 1 else None


def are_beside(first: tuple[int, int], second: tuple[int, int], text: str) -> bool:
    """Return whether nothing but "and", "in" or a comma and the things counted parts two values."""
    between = text[first[1] : second[0]]
    if _CONNECTED.fullmatch(between) is None:
        return False
    if _IN_ALL.match(text, second[1]):
        return False
    if "," in between and _INTRODUCED.search(text[: first[0]]):
        return False
    before = text[max(0, first[0] - _LOOK) : first[0]]
    return not (_CHANGED.search(before) or _CALCULATES.search(before))


def is_aside(start: int, end: int, text: str) -> bool:
    """Return whether a value of a text is denied, compared with, or an uncertainty."""
    before = text[max(0, start - _LOOK) : start]
    for pattern in (_DENIED, _COMPARED, _UNCERTAIN, _PLACED):
        if pattern.search(before):
            return True
    return _DENIED_AFTER.match(text, end) is not None or is_denied(start, end, text)


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
        _UNWORKED.fullmatch(text[before.end : number.start]) is not None
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
