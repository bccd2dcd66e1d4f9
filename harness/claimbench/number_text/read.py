"""How one number is read: separators, fractions, powers, percent, currency, magnitudes.

The decimal sign is the option's; the other sign parts thousands. Where the digits allow only the
other convention (``3,14``, ``1.234,5``) they are read by it. What has two meanings (``1.2.3``,
``1,2,3``, ``3-5``, ``5M``, ``2π``) has no value. Dates and times of day are no numbers.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, DecimalException
from functools import lru_cache

from claimbench.number_text.accounts import account_at
from claimbench.number_text.latex import UNREAD, without_latex
from claimbench.number_text.magnitudes import (
    SIGNS,
    cased,
    decimal_of,
    follows_magnitude,
    magnitude,
)
from claimbench.number_text.plain import is_hangul, is_unspaced, plain
from claimbench.types import Json


@dataclass(frozen=True, slots=True)
class Found:
    """One number in a text.

    ``value`` is None where it can be read in several ways. ``percent``: it stands before a percent
    sign or word. ``over``: the denominator where it is written as a fraction a/b. ``start`` and
    ``end`` are places in the normalised text, sign and currency included.
    """

    value: Decimal | None
    percent: bool = False
    over: Decimal | None = None
    start: int = 0
    end: int = 0


_CODES = (
    "AED ARS AUD BDT BGN BRL CAD CHF CLP CNY COP CZK DKK EGP EUR GBP HKD HUF IDR ILS INR IQD IRR"
    " ISK JPY KES KHR KRW KWD KZT LAK LKR MAD MMK MXN MYR NGN NOK NPR NZD PEN PHP PKR PLN QAR RMB"
    " RON RSD RUB SAR SEK SGD THB TRY TWD TZS UAH USD UYU UZS VND XAF XOF ZAR"
)
_CURRENCY_WORD = re.compile(
    rf"(?:{'|'.join(_CODES.split())}|US|HK|NT|Rs\.?|Rp\.?|kr\.?|Fr\.?|zł|Kč|Ft|lei|RM)\Z"
)
_GROUP = r"[.,'’_٫٬]"
_NUMBER = re.compile(
    rf"""
    0[xX][0-9a-fA-F]+
    | (?P<date>\d{{4}}-\d{{1,2}}-\d{{1,2}}(?!\d)|\d{{1,4}}([/.])\d{{1,2}}\2\d{{4}}(?!\d)
              |\d{{4}}/\d{{1,2}}/\d{{1,2}}(?!\d)
              |\d{{1,2}}/\d{{1,2}}/\d{{2}}(?!\d)
              |\d{{1,2}}:[0-5]\d(?::[0-5]\d)?(?!\d))
    | (?P<run>
        \d{{1,3}}(?:[ ]\d{{3}}(?!\d))+(?:[.,]\d+)?
        | \d+(?:{_GROUP}\d+)*
        | \.\d+
      )
      (?:[eE](?P<exp>[-+−]?\d+)(?![\w]))?
    """,
    re.VERBOSE | re.ASCII,
)
_PERCENT = re.compile(
    r"[ ]?(?:%|٪|(?:percent(?!age)|per cent(?!age)|prozent(?!punkt)|procent(?!enhet|punt|point)"
    r"|pour ?cent|por ?ciento|por ?cento|per ?cento"
    r"|процент|パーセント|퍼센트|프로|प्रतिशत|फ़ीसदी|เปอร์เซ็นต์"
    r"|بالمئة|بالمائة|في المئة|في المائة|אחוז|yüzde))",
    re.IGNORECASE,
)
_PERCENT_BEFORE = re.compile(r"(?:(?<![\d%] )(?<![\w%)])%[ ]?|(?<![^\W_])yüzde )\Z", re.IGNORECASE)
_POWER = re.compile(
    r"[ ]?(?:\^[ ]?\{?[ ]?\(?([-+]?\d{1,6})\)?[ ]?\}?|\*\*[ ]?\(?([-+]?\d{1,6})\)?"
    r"|([⁻⁺]?[⁰¹²³⁴-⁹]{1,6}))"
)
_TIMES_TEN = re.compile(r"[ ]?[x×*·⋅∙][ ]?10(?=[ ]?\^|\*\*|[⁻⁺⁰¹²³⁴-⁹])", re.IGNORECASE)
_SLASH = re.compile(r"[ ]?[/∕][ ]?(\d+(?:[.,]\d+)?)(?![\d/]|[.,]\d)")
_MIXED = re.compile(r"[ ](\d{1,6})[/∕](\d{1,6})(?![\d/.,])")
_UNIT = re.compile(r"[^\W\d_]+")
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_DOZENS = re.compile(
    r"[ ]?(?:(?:dozens?|dozs?|dutzend|douzaines?|docenas?|dozzin[ae]|dúzias?|dozijn(?:en)?|dussin"
    r"|dusin|tusina|tusinaa|tuzin\w{0,2}|tucet\w{0,2}|tucat|дюжин\w{0,3}|duzin[ăe]?|düzine|lusin"
    r"|ντουζίν\w{1,3}|ডজন|दर्जन|डज़न|டஜன்|תריסר\w{0,3}|دزينة|دزينات|دوجین|โหล)(?![^\W\d])\.?"
    r"|ダース|다스|打(?![\d印工架电開开]))",
    re.IGNORECASE,
)
_MINUS_WORD = re.compile(
    r"(?:minus|negative|negativ|négatif|négative|negatif|negativ[oa]|negatie[fv]e?|moins|menos|meno"
    r"|минус|мінус|отрицательн\w+|від'ємн\w+|ujemn\w+|záporn\w+|μείον|πλην|αρνητικ\w+|mínusz"
    r"|mínus|mīnus|miinus|hasi|trừ|âm|負の?|负的?|マイナス|마이너스|음수|음의|零下|氷点下|영하"
    r"|ลบ|ติดลบ|سالب|ناقص|منفی|मिनस|माइनस|ऋण|ऋणात्मक|शून्य से नीचे|מינוס|eksi"
    r"|sıfırın altında)[ ]?\Z",
    re.IGNORECASE,
)
_MINUS_WINDOW = 20
"""The longest of these words, and a blank."""
_UNREAD = re.compile(rf"[{UNREAD}√π∞∛](?:[({{ ]?\d[\d.,]*)?", re.ASCII)
_BEGIN = re.compile(rf"[{UNREAD}√π∞∛]|(?<![0-9])\.?[0-9]", re.ASCII)
_RATIO = re.compile(r"[:/]\d+", re.ASCII)
_EQUALS = re.compile(r" ?[-+*/]?\d* ?=", re.ASCII)
_MONEY_AFTER = re.compile(
    rf" ?(?:[{SIGNS}]|(?:{'|'.join(_CODES.split())}|kr|zł|Kč|Ft|元|円|원|บาท)(?![^\W_]))"
)
_LARGEST_EXPONENT = 400


def find_numbers(text: str, decimal: str = ".") -> list[Decimal]:
    """Return every finite number in ``text`` that has one reading, in order; ``decimal`` is the
    decimal sign, "." or ",".
    """
    return [found.value for found in read_numbers(text, decimal) if found.value is not None]


def counts_dozens(found: Found, text: str) -> bool:
    """Return whether a number stands before a word for a dozen, and was taken 12 times."""
    return _DOZENS.search(text, found.start, found.end) is not None


def parse_number(value: Json, decimal: str = ".") -> Decimal | None:
    """Return ``value`` as a finite number: a JSON number, or a text that is one number and at most
    a currency or %.
    """
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int):
        return Decimal(value)  # of any length, where str() and float() have limits
    if isinstance(value, float):
        return Decimal(str(value)) if math.isfinite(value) else None
    text = normal_text(str(value)).strip()
    if len(text) > 2 and text[0] == text[-1] == "$":  # LaTeX's
        text = text.strip("$").strip()
    found = list(_read(text, decimal))
    if len(found) != 1 or text[: found[0].start].strip() or text[found[0].end :].strip():
        return None
    return found[0].value


def read_numbers(text: str, decimal: str = ".") -> list[Found]:
    """Return every number in ``text`` in order, also those without one reading."""
    return list(_read(normal_text(text), decimal))


def normal_text(text: str) -> str:
    """Return a text as numbers are read in it: LaTeX, dashes and digits in plain form."""
    text = without_latex(plain(text.replace("№", "#")))
    if not text.isascii():
        text = text.translate(_DASHES)
        text = "".join(map(_ascii_digit, text))
    return text


_DASHES = str.maketrans("−–‒‘’", "---''")


@lru_cache(maxsize=4096)
def _ascii_digit(char: str) -> str:
    return str(unicodedata.decimal(char)) if not char.isascii() and char.isdecimal() else char


def _read(text: str, decimal: str) -> Iterator[Found]:
    foreign = _proves_other(text, decimal)
    place = 0
    last_end = -1
    while (begin := _BEGIN.search(text, place)) is not None:
        start = begin.start()
        if unread := _UNREAD.match(text, start):
            place = unread.end()
            yield Found(None, start=start, end=place)
            continue
        match = _NUMBER.match(text, start)
        if match is None:  # a full stop before a digit that is no part of it
            place = start + 1
            continue
        place = match.end()
        if match.group("date") or _in_a_word(text, start, match.end()):
            last_end = match.end()
            continue
        found = _number(text, match, decimal, foreign, last_end)
        last_end = place = found.end
        yield found


def _in_a_word(text: str, start: int, end: int) -> bool:
    """Return whether digits are part of a name (B12, x_1, covid-19, x^2), not a number."""
    before = text[start - 1] if start else ""
    if before in ("_", "^"):
        return True
    if before == "-" and start > 1 and cased(text[start - 2]):
        return True
    if cased(before):
        return not _CURRENCY_WORD.search(_word_before(text, start))
    unit = _UNIT.match(text, end)
    if unit is None or not cased(text[end]) or len(unit.group()) > 8:
        return False
    after = text[unit.end() : unit.end() + 1]
    return after.isdecimal() and not re.fullmatch(r"[kcdm]?m|ft|in", unit.group())


def _word_before(text: str, place: int) -> str:
    first = place
    while first > 0 and place - first < 5 and (text[first - 1].isalpha() or text[first - 1] == "."):
        first -= 1
    word = text[first:place]
    return word if first == 0 or not text[first - 1].isalnum() else "x" + word


def _number(text: str, match: re.Match[str], decimal: str, foreign: bool, last_end: int) -> Found:
    start, end = match.span()
    value = None if match.group("run") is None else _digits(match.group("run"), decimal, foreign)
    if match.group("exp") and value is not None:
        value = _scaled(value, match.group("exp"))
    over = None
    if (mixed := _MIXED.match(text, end)) and "." not in match.group() and value is not None:
        value = _sum(value, mixed)
        end = mixed.end()
    elif slash := _SLASH.match(text, end):
        over = _digits(slash.group(1), decimal, foreign)
        value = _quotient(value, over)
        end = slash.end()
    elif ratio := _RATIO.match(text, end):
        value, end = None, ratio.end()
    value, end = _powers(text, value, end)
    value, end = magnitude(text, value, start, end)
    if follows_magnitude(text, start, last_end):
        value = None
    if dozens := _DOZENS.match(text, end):
        value, end = (None if value is None else 12 * value), dozens.end()
    percent = _PERCENT.match(text, end)
    sign_first = None if percent else _PERCENT_BEFORE.search(text[max(0, start - 7) : start])
    if percent:
        end = percent.end()
    elif _UNREAD.match(text, end + (text[end : end + 1] == " ")):
        value = None
    if sign_first is not None:  # %50
        start -= len(sign_first.group())
    start, negative, joined_to = _sign(text, start, last_end)
    if joined_to and not _EQUALS.match(text, end):
        value = None
    if negative and value is not None:
        value = -value
    end = _after(text, end)
    if not negative and (account := account_at(text, start, end)) is not None:
        start, end = account
        negative = True
        value = None if value is None else -value
    if value is not None and not _is_finite(value):
        value = None
    return Found(value, (percent or sign_first) is not None, over, start, end)


def _proves_other(text: str, decimal: str) -> bool:
    """Return whether some number in a text can only be read with the other decimal sign."""
    other = "," if decimal == "." else "."
    pattern = re.compile(
        rf"(?<![\d.,])(?:\d{{1,3}}(?:{re.escape(decimal)}\d{{3}})+{re.escape(other)}\d+"
        rf"|\d+{re.escape(other)}(?:\d{{1,2}}|\d{{4,}}))(?![\d.,]\d|\d)",
        re.ASCII,
    )
    return pattern.search(text) is not None


def _digits(run: str, decimal: str, foreign: bool) -> Decimal | None:
    """Read digits with their separators; None where they can be read in several ways."""
    signs = re.findall(r"[^0-9]", run)
    groups = re.split(r"[^0-9]", run)
    if not signs:
        return decimal_of(run)
    if not groups[0]:  # .5
        return decimal_of(run) if run[0] == "." and len(signs) == 1 else None
    last = signs[-1]
    if len(signs) == 1 and last in ".,٫٬":
        return _one_sign(groups, last, decimal, foreign)
    if len(set(signs)) == 1:
        return decimal_of("".join(groups)) if _thousands(groups, last) else None
    if signs.count(last) > 1 or len(set(signs)) > 2 or last not in ".,٫":
        return None
    whole = groups[:-1]
    if not _thousands(whole, signs[0]):
        return None
    return decimal_of("".join(whole) + "." + groups[-1])


def _one_sign(groups: list[str], sign: str, decimal: str, foreign: bool) -> Decimal | None:
    point = decimal_of(".".join(groups))
    if sign in "٫٬":
        if sign == "٫":
            return point
        return decimal_of("".join(groups)) if _thousands(groups, sign) else None
    could_be_thousands = _thousands(groups, sign) and groups[0] != "0"
    if not could_be_thousands:
        return point
    if foreign:
        return None
    return point if sign == decimal else decimal_of("".join(groups))


def _thousands(groups: list[str], sign: str) -> bool:
    if groups[0].startswith("0") or not 1 <= len(groups[0]) <= 3:
        return False
    if all(len(group) == 3 for group in groups[1:]):
        return True
    lakh = sign == "," and len(groups) > 2 and len(groups[0]) <= 2 and len(groups[-1]) == 3
    return lakh and all(len(group) == 2 for group in groups[1:-1])


def _scaled(value: Decimal, exponent: str) -> Decimal | None:
    power = int(exponent) if len(exponent) < 8 else 10**7
    return value.scaleb(power) if abs(power) <= _LARGEST_EXPONENT else None


def _sum(value: Decimal, mixed: re.Match[str]) -> Decimal | None:
    above, below = Decimal(mixed.group(1)), Decimal(mixed.group(2))
    return value + above / below if 0 < above < below else None


def _quotient(value: Decimal | None, over: Decimal | None) -> Decimal | None:
    return value / over if value is not None and over else None


def _powers(text: str, value: Decimal | None, end: int) -> tuple[Decimal | None, int]:
    """Read ``^3``, ``**3``, superscripts and ``x 10^3`` behind a number."""
    times = _TIMES_TEN.match(text, end)
    at = times.end() if times else end
    power = _POWER.match(text, at)
    if power is None:
        return value, end
    exponent = int(
        (power.group(1) or power.group(2) or power.group(3)).translate(_SUPERSCRIPTS) or 0
    )
    if value is None or abs(exponent) > _LARGEST_EXPONENT:
        return None, power.end()
    if times:
        return value.scaleb(exponent), power.end()
    try:
        return value**exponent, power.end()
    except DecimalException:
        return None, power.end()


def _sign(text: str, start: int, last_end: int) -> tuple[int, bool, bool]:
    """Return where a number begins with its currency and sign, whether it is negative, and whether
    a hyphen joins it to the number before it.
    """
    at = _before_currency(text, start)
    if at > 0 and text[at - 1] in "-+":
        minus = text[at - 1] == "-"
        first = at - 1
        before = text[first - 1] if first else ""
        if first == last_end:
            return start, False, minus
        parts_words = is_unspaced(before) or is_hangul(before) if before else True
        if (before.isalnum() and not parts_words) or before == ")":
            return at, False, False
        return _before_currency(text, first), minus, False
    word = _MINUS_WORD.search(text[max(0, at - _MINUS_WINDOW) : at])
    if word and not re.search(
        r"\d ?\Z", text[max(0, at - _MINUS_WINDOW - 2) : at - len(word.group())]
    ):
        letter_before = text[max(0, at - len(word.group()) - 1) : at - len(word.group())]
        if not cased(letter_before):
            return at - len(word.group()), True, False
    return at, False, False


def _before_currency(text: str, start: int) -> int:
    at = start
    while at > 0 and (
        text[at - 1] in SIGNS or (text[at - 1] == " " and at > 1 and text[at - 2] in SIGNS)
    ):
        at -= 1
    letters = re.search(r"(?<![^\W_])[A-Z]{1,2}\Z", text[max(0, at - 3) : at])
    if at < start and letters:  # US$, R$
        return at - len(letters.group())
    blank = at - (at > 0 and text[at - 1] == " ")
    word = _word_before(text, blank)
    found = _CURRENCY_WORD.search(word)
    return blank - len(word) if found and found.group() == word else at


def _after(text: str, end: int) -> int:
    """Return where a number ends with its currency."""
    found = _MONEY_AFTER.match(text, end)
    return found.end() if found else end


def _is_finite(value: Decimal) -> bool:
    try:
        return value.is_finite() and math.isfinite(float(value))
    except (OverflowError, ValueError):
        return False
