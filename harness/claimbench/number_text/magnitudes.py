"""Words and signs of magnitude behind a number: 5 million, 12万, $5k, 1 million 250 thousand."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal, DecimalException

SIGNS = "$€£¥₹₩₽₺₫฿₴₦₱₪₡₲₵₸₮₭៛﷼¢"
"""Of currencies."""
_POWERS_OF_TEN = {
    2: "hundred hundert honderd hundra hundre sadas sata száz yüz सौ ร้อย 百 백",
    3: "k thousand tausend tsd mille mil mila тыс тысяч тысячи тысяча हज़ार हजार พัน ألف آلاف אלף"
    " nghìn ngàn ribu 千 천 thousands duizend tusen tusind tys tysiąc tysiące tysięcy tis tisíc"
    " tisíce tisíců tisoč tuhatta tuhat tūkst tūkstančių ezer bin mijë mii hiljada hiljade tisuća"
    " тисяч тисячі тисяча тыщ хиляди хил хиљада хиљаде χιλιάδες χιλ elfu हज़ार हजार হাজার ஆயிரம்"
    " هزار ہزار",
    4: "หมื่น 万 萬 만 vạn",
    5: "lakh lakhs लाख แสน",
    6: "million millions mio millionen millón millones milhão milhões milione milioni miljoen mln"
    " млн миллион миллиона миллионов ล้าน مليون ملايين מיליון triệu juta milyon"
    " miljoni मिलियन 百万 百萬 백만"
    " mn mln miljon miljoner miljoonaa miljoona millioner milion miliony milionów milionů milión"
    " milióny miliónov milijun milijuna milijon milijona milioane millió мільйон мільйони"
    " мільйонів милиона милиони εκατομμύρια εκατομμύριο εκατ میلیون ملین মিলিয়ন",
    7: "crore crores करोड़",
    8: "亿 億 억",
    9: "billion bn milliarde milliarden milliard milliards mrd миллиард миллиарда миллиардов млрд"
    " مليار מיליארד tỷ miliar 十亿 十億 bln mld mlrd mia miljard miljarden miljarder miljardia"
    " milliarder miliard miliardy miliardów miliardů miliarde milijarda milijarde milijardi"
    " miliardi"
    " milyar мільярд мільярди мільярдів милиарда δισεκατομμύρια δισ میلیارد",
    12: "trillion trn 兆 조 billionen billón billones bilhões bilioni biljoen biljoner billioner"
    " bilion"
    " biliony bilionów triliun trilyon триллион триллиона триллионов трлн трильйон трильйонів",
}
_MAGNITUDES = {word: power for power, words in _POWERS_OF_TEN.items() for word in words.split()}
_MAGNITUDE = re.compile(
    r"[ ]?(" + "|".join(sorted(map(re.escape, _MAGNITUDES), key=len, reverse=True)) + r")(\.?)",
    re.IGNORECASE,
)
_EAST_ASIAN = {
    "兆": 12, "조": 12, "亿": 8, "億": 8, "억": 8, "万": 4, "萬": 4, "만": 4, "千": 3, "천": 3,
    "百": 2, "백": 2, "十": 1, "십": 1,
}  # fmt: skip
_COMPOUND = re.compile(
    rf"[ ]?(\d+(?:,\d{{3}})*(?:\.\d+)?)[ ]?([{''.join(_EAST_ASIAN)}]{{0,2}})", re.ASCII
)
_AND_WORDS = ("and", "und", "et", "y", "e", "и", "і", "i", "va", "və", "ve", "na", "și", "και")
_AND = rf"(?:(?:{'|'.join(_AND_WORDS)})[ ]|و[ ]?)?"
_LONG_WORDS = tuple(word for word in _MAGNITUDES if len(word) > 2)
_MAGNITUDE_BEFORE = re.compile(
    r"(?<![^\W_])(?:"
    + "|".join(sorted(map(re.escape, _LONG_WORDS), key=len, reverse=True))
    + rf")[ ]{_AND}\Z",
    re.IGNORECASE,
)
_LOWER = re.compile(
    rf"[ ]?{_AND}(\d{{1,3}}(?:,\d{{3}})+|\d+)(?![.,:/-]?\d)",
    re.ASCII,
)
_LOWER_ENDS = re.compile(r"[ ]?(?:[%°€$£]|[^\W\d]{1,12}\.?|)[.,;:!?*_)\]]*(?:\s|\Z)")
_AMBIGUOUS_LETTER = re.compile(r"[KMB](?![^\W_])")
_MONEY_LETTER = re.compile(r"m(?![^\W_])")


def cased(char: str) -> bool:
    """Return whether a character is a letter of a script with capitals."""
    return char != "" and unicodedata.category(char) in ("Lu", "Ll", "Lt")


def decimal_of(text: str) -> Decimal | None:
    """Return digits as a number; None where they are none."""
    try:
        return Decimal(text)
    except DecimalException:
        return None


def follows_magnitude(text: str, start: int, last_end: int) -> bool:
    """Return whether a magnitude without digits of its own stands before a number, as its higher
    part: mil 500, a million 250 thousand. ``last_end``: of the number before.
    """
    before = text[max(last_end, start - 24, 0) : start]
    if before.isascii():  # nearly all numbers need no more than a look at the word before them
        words = before.lower().split()
        if words and words[-1] in _AND_WORDS:
            words.pop()
        if not words or not words[-1].endswith(_LONG_WORDS):
            return False
    return _MAGNITUDE_BEFORE.search(before) is not None


def magnitude(text: str, value: Decimal | None, start: int, end: int) -> tuple[Decimal | None, int]:
    """Read ``5 million``, ``12万``, ``$5k``; a bare K, M or B behind digits may be a unit.

    Returns the value, None where it has no one reading, and where it ends.
    """
    money = start > 0 and text[start - 1] in SIGNS
    letter = _AMBIGUOUS_LETTER.match(text, end)
    if letter:
        power = {"K": 3, "M": 6, "B": 9}[letter.group()]
        return (value.scaleb(power) if money and value is not None else None), letter.end()
    if money and _MONEY_LETTER.match(text, end):  # $1.5m, £2bn: bn is read below
        return (value.scaleb(6) if value is not None else None), end + 1
    for _ in range(2):  # 10万亿, 2 lakh crore
        found = _MAGNITUDE.match(text, end)
        if found is None:
            break
        word = found.group(1)
        if word.lower() == "k" and (found.group(0)[0] == " " or word == "K"):
            break
        after = text[found.end(1) : found.end(1) + 1]
        if (word.isascii() and after.isalpha()) or (cased(word[-1]) and cased(after)):
            break
        if word[0] in _EAST_ASIAN and re.match(r"[ ]?\d", text[found.end() : found.end() + 2]):
            return _compound(text, value, start, end)  # 1万2千
        power = _MAGNITUDES[word.lower()]
        value = value.scaleb(power) if value is not None else None
        end = found.end(1)
        if value is not None and word not in _EAST_ASIAN:
            value, end = _with_lower(text, value, power, found.end())
    return value, end


def _with_lower(text: str, value: Decimal, power: int, end: int) -> tuple[Decimal | None, int]:
    """Add what stands behind a magnitude as a lower part of the number: 1 million 250 thousand, 4
    thousand 200; None where it may be another number.
    """
    part = _LOWER.match(text, end)
    if part is None:
        return value, end
    lower = decimal_of(part.group(1).replace(",", ""))
    after, last = magnitude(text, lower, part.start(1), part.end())
    if last == part.end():  # no magnitude of its own: hundreds behind a thousand
        if _LOWER_ENDS.match(text, last) is None:
            return value, end
        fits = power == 3 and lower is not None and 100 <= lower < 1000
        return (value + lower if fits and lower is not None else None), last
    if after is None or not 0 < after < Decimal(1).scaleb(power):
        return None, last
    return value + after, last


def _compound(text: str, value: Decimal | None, start: int, end: int) -> tuple[Decimal | None, int]:
    """Read 1万2千 or 3억 5000만: magnitudes that fall; None where they do not."""
    total = Decimal(0)
    last = 99
    place = start
    parts = 0
    while (part := _COMPOUND.match(text, place)) is not None and part.end() > part.start():
        number, word = part.groups()
        power = sum(_EAST_ASIAN[sign] for sign in word)  # 千万 is 7
        if parts and (power >= last or value is None):
            return None, part.end()
        if len(number.partition(".")[0]) > max(last - power, 1) and parts:
            return None, part.end()
        total += Decimal(number.replace(",", "")).scaleb(power)
        last, place, parts = power, part.end(), parts + 1
        if not word:
            break
    return (total, place) if parts > 1 else (None, max(place, end))
