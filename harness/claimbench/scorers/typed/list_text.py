r"""What stands around the items of a list in an answer: fences, tags, brackets, numbers in a line,
descriptions behind them. What could as well be part of an item is taken off only where one of the
target's items is left.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from claimbench.number_text.latex import boxed
from claimbench.scorers.reading.stated import without_explanation

_NOTHING = (
    "none|there are none|there is none|there aren't any|no items|no item|nothing|no one|empty"
    "|empty list|not any|keine|keiner|keines|nichts|es gibt keine|aucun|aucune|rien|il n'y en a pas"
    "|ninguno|ninguna|nada|no hay|no hay ninguno|nessuno|nessuna|niente|nenhum|nenhuma|geen|niets"
    "|ingen|inga|inget|нет|ничего|никто|никаких|немає|brak|żaden|żadne|nic|yok|hiçbiri|无|無|没有"
    "|沒有|空|なし|無し|ありません|ない|없음|없다|없습니다|لا يوجد|لا شيء|לא|אין|कोई नहीं|कुछ नहीं|ไม่มี"
    "|không có|tidak ada|κανένα|κανένας|hakuna"
)
NOTHING = frozenset(_NOTHING.split("|"))
"""How models say that there is no item, without case and marks at the ends."""
_FENCE = re.compile(r"```[^\n`]*\n(.*?)\n?\s*```", re.DOTALL)
_TAGS = re.compile(r"<li[^>]*>\s*(.*?)\s*(?=</?(?:li|ul|ol)\b|\Z)", re.DOTALL | re.IGNORECASE)
_INLINE_TAGS = re.compile(
    r"</?(?:b|i|u|em|strong|code|span|mark|p|br)(?:\s[^<>]*)?/?>", re.IGNORECASE
)
_NOTE = re.compile(
    r"(?<=[.!?。])\s+\(?(?:note|explanation|reason|remark|hinweis|anmerkung|remarque|nota|примечание"
    r"|注|备注|備考|참고)(?!\w)[^:：\n.]{0,12}[:：].*\Z",
    re.IGNORECASE | re.DOTALL,
)
_BUT_NOT = re.compile(
    r",?\s+(?:but not|and not|not|aber nicht|nicht aber|und nicht|nicht|mais pas|et non|pero no"
    r"|y no|ma non"
    r"|e non|mas não|e não|maar niet|en niet|men inte|men ikke|но не|а не|але не|ale nie|a nie"
    r"|ale ne"
    r"|ama|değil|nhưng không|tetapi bukan|وليس|ולא|अपितु नहीं)\s.*\Z|(?:而不是|但不是|不包括).*\Z",
    re.IGNORECASE | re.DOTALL,
)
"""Behind an item, what the answer says not to be one: red but not green."""
_ANSWER = re.compile(r"<answer>(.*?)</answer>", re.DOTALL | re.IGNORECASE)
_PAIRS = {"{": "}", "(": ")", "[": "]", "（": "）", "［": "］", "<": ">"}
_CELL = re.compile(r"\s*\|([^|\n]*)\|\s*")
_RULE = re.compile(r"\s*:?-{2,}:?\s*")
_CIRCLED = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"
_BULLETS = re.compile(r"\s*[•●◦‣▪・]\s*")
_BEHIND = re.compile(
    r"\s*(?:[:：(（\[]|\s[-–—=]\s|\s(?:are|is|sind|sont|son|sono|são|zijn)\s"
    r"|,? (?:which|who|because|weil|car|porque)\s)"
)
_BEFORE = re.compile(
    r"^(?:(?:[וو] ?|only|just|solely|nur|lediglich|seulement|uniquement|solo|solamente|únicamente"
    r"|soltanto|apenas|somente|alleen|enkel|bara|endast|kun|bare|tylko|jen|pouze|только|лише|тільки"
    r"|само|samo|csak|doar|numai|vain|ainult|tik|tikai|μόνο|sadece|yalnızca|chỉ|hanya|فقط|רק|केवल|只有"
    r"|仅|僅|只|오직|and|but|or|first(?:ly)?|second(?:ly)?|third(?:ly)?|fourth|then|next|after that"
    r"|finally|last(?:ly)?|also|both|plus|und|dann|danach|zuerst|zuletzt|schließlich|sowohl|auch"
    r"|d'abord|ensuite|puis|enfin|à la fois|primero|luego|después|finalmente|por último|tanto|prima"
    r"|poi|infine|sia|primeiro|depois|сначала|потом|затем|наконец|首先|其次|然后|最后|まず|次に|最後に"
    r"|\d{1,2}(?:st|nd|rd|th)|第[一二三四五六七八九十\d]{1,2}(?:には?|は)?)[:,，、]? ?)+"
    r"|^[^\n=]{0,30}= ?",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r"\s?,?\s?(?:only|alone|exclusively|nothing else|nur|sonst nichts|seulement|uniquement"
    r"|solamente|únicamente|solo|soltanto|apenas|somente|tylko|только|и только|csak|doar|sadece"
    r"|فقط|בלבד|केवल|のみ|だけ|のみです|だけです|而已|뿐|만|です|でした|になります|である|입니다|이다|이에요|예요|이었습니다|हैं|है|ครับ|ค่ะ|आहेत|আছে|dir|dır|است|هستند)\Z"
)
"""What ends a sentence behind its last item."""
_LEADS_UP = re.compile(
    r"^[^\n=]{0,15}?(?:分别是|分别为|包括|有|是|为|為|はそれぞれ|は)(?=[一-鿿ぁ-ヿ])"
)
_DENIED = re.compile(
    r"^(?:but |and |aber |mais |pero |ma |mas |но |maar )?(?:not|nicht|kein\w*|pas|no|non|não|не"
    r"|а не|niet|nie|no hay|不是|而不是|不包括)\b",
    re.IGNORECASE,
)
_JOINS = re.compile(
    r"\s+(?:as well as|along with|together with|als auch|ainsi que|así como|nonché|bem como|oraz|i"
    r"|a|ve|ile|dan|serta|og|ja|sekä|și|si|și|και|és|та|й|এবং|ও|və|at|na|plus|með|ու|და|וגם|و|と|과"
    r"|와)\s+"
    r"|\s*(?:→|⇒|->|=>|<=|>=|[<>|≻≺≤≥/])\s*|(?<=\w)(?:和|と|및|以及)(?=\w)|(?<=\w)[과와]\s+",
    re.IGNORECASE,
)
Form = Callable[[str], str]


def unwrapped(text: str) -> str:
    """Return what an answer shows as its list, one item a line where tags or numbers part them."""
    inner = boxed(text)
    if inner is None and (told := _ANSWER.findall(text)):
        inner = told[-1]
    if inner is not None:
        text = inner
    if fences := _FENCE.findall(text):
        text = fences[-1]
    text = _NOTE.sub("", text)
    text = _INLINE_TAGS.sub("", without_explanation(text.strip())).strip()
    if items := _TAGS.findall(text):
        return "\n".join(f"- {item}" for item in items)
    if rows := _one_column(text):
        return "\n".join(f"- {row}" for row in rows)
    return _in_lines(_without_brackets(text))


def _without_brackets(text: str) -> str:
    text = text.strip("$").strip()
    text = text.replace("\\{", "{").replace("\\}", "}")
    text = re.sub(r"\\(?:text|mathrm|textbf|mathbf)\{([^{}]*)\}", r"\1", text)
    if len(text) > 1 and _PAIRS.get(text[0]) == text[-1] and text.count(text[0]) == 1:
        return text[1:-1].strip()
    return text


def _one_column(text: str) -> list[str]:
    """Return the cells under the header of a Markdown table of one column."""
    lines = [line for line in text.splitlines() if line.strip()]
    cells = [found.group(1).strip() for line in lines if (found := _CELL.fullmatch(line))]
    if len(cells) < 3 or len(cells) < len(lines) or not _RULE.fullmatch(cells[1]):
        return []
    return cells[2:]


def _in_lines(text: str) -> str:
    """Return numbers or bullets in a line as lines: 1) red 2) green; • red • green."""
    if "\n" in text:
        return text
    for marks in (r"\(({})\)", r"(?<![\w.,(])({})[.)、](?=\s|[^\W\d])"):
        places = _counted(text, marks)
        if places:
            ends = [place[0] for place in places[1:]] + [len(text)]
            items = (text[start:end] for (_, start), end in zip(places, ends, strict=True))
            return "\n".join(f"- {item.strip().rstrip(',;，；、')}" for item in items)
    if text[:1] in "•●◦‣▪・" and len(parts := [p for p in _BULLETS.split(text) if p]) > 1:
        return "\n".join(f"- {part.rstrip(',;')}" for part in parts)
    circled = re.split(f"[{_CIRCLED}]", text)
    if len(circled) > 2:
        return "\n".join(f"- {part.strip().rstrip(',;，；、')}" for part in circled[1:])
    return text


def _counted(text: str, marks: str) -> list[tuple[int, int]]:
    """Return where 1, 2, 3 ... (or a, b, c ...) stand in a line and their items begin, two at
    least; nothing where they do not begin it.
    """
    for names in (map(str, range(1, 100)), iter("abcdefghijklmnopqrstuvwxyz")):
        found: list[tuple[int, int]] = []
        for name in names:
            at = re.compile(marks.format(name)).search(text, found[-1][1] if found else 0)
            if at is None or (not found and text[: at.start()].strip(" :")):
                break
            found.append(at.span())
        if len(found) > 1:
            return found
    return []


def fitted(pieces: Iterable[str], right: frozenset[str], form: Form) -> list[str]:
    """Return pieces of a list with what belongs to none of them taken off.

    A piece that is no item of the target is parted at a word or sign for "and" or "then", or loses
    what leads up to it or describes it, only where an item of the target appears by that. What an
    answer says not to be one of them is left out beside others.
    """
    found: list[str] = []
    for piece in pieces:
        found += _parted(piece, right, form)
    kept = [piece for piece in found if form(piece) in right or not _DENIED.match(piece)]
    return kept or found


def _parted(piece: str, right: frozenset[str], form: Form) -> list[str]:
    piece = _shortened(piece, right, form)
    if form(piece) in right:
        return [piece]
    halves = [_shortened(half, right, form) for half in _JOINS.split(piece) if half.strip()]
    if len(halves) > 1 and any(form(half) in right for half in halves):
        return halves
    return [piece]


def _shortened(piece: str, right: frozenset[str], form: Form) -> str:
    if form(piece) in right:
        return piece
    bare = _BEFORE.sub("", piece.strip())
    for text in (bare, piece):
        behind = _BEHIND.search(text)
        bare_ends = (_TAIL.sub("", text), _LEADS_UP.sub("", text))
        for shorter in (
            *bare_ends,
            text,
            text[: behind.start()] if behind else text,
            _BUT_NOT.sub("", text),
        ):
            if form(shorter) in right:
                return shorter
    return piece
