"""Dates in text, in the languages of the tests; one with two readings has none.

``03/04/2026`` is read only where the order of day and month is told, or only one is possible;
``3.4.2026`` is day first, as wherever dots part dates. A year of two digits is read only where the
order is told (69 to 99: 19.., as POSIX has it). Thai years are Buddhist.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Literal

from claimbench.number_text import normal_text
from claimbench.number_text.in_words import chinese_number
from claimbench.scorers.reading.languages.month_names import LINES

Order = Literal["dmy", "mdy", "ymd"]

_MONTHS = """
january jan januar jänner janvier janv enero ene gennaio gen janeiro januari января январь stycznia ocak 1월
february feb febr februar feber février fevr févr febrero febbraio fevereiro fev februari февраля февраль lutego şubat
march mar mär märz maerz mrz mars marzo março maart mrt марта март marca mart
april apr avril avr abril abr aprile апреля апрель kwietnia nisan
may mai mayo maggio mag maio mei мая май maja mayıs
june jun juni juin junio giugno giu junho июня июнь czerwca haziran
july jul juli juillet juil julio luglio lug julho июля июль lipca temmuz
august aug août aout agosto ago augustus августа август sierpnia ağustos
september sep sept septembre septiembre setiembre settembre set setembro сентября сентябрь września eylül
october oct oktober okt octobre octubre ottobre ott outubro out октября октябрь października ekim
november nov novembre noviembre novembro ноября ноябрь listopada kasım
december dec dezember dez décembre déc decembre diciembre dic dicembre dezembro декабря декабрь grudnia aralık
"""  # noqa: E501 - a table
_OTHER_MONTHS = {
    "ar": "يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر",
    "he": "ינואר פברואר מרץ אפריל מאי יוני יולי אוגוסט ספטמבר אוקטובר נובמבר דצמבר",
    "hi": "जनवरी फ़रवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर अक्टूबर नवंबर दिसंबर",
    "th": "มกราคม กุมภาพันธ์ มีนาคม เมษายน พฤษภาคม มิถุนายน กรกฎาคม สิงหาคม กันยายน ตุลาคม พฤศจิกายน ธันวาคม",
}

_THAI_SHORT = "ม.ค. ก.พ. มี.ค. เม.ย. พ.ค. มิ.ย. ก.ค. ส.ค. ก.ย. ต.ค. พ.ย. ธ.ค."
_LEVANT = "شباط آذار نيسان أيار حزيران تموز آب أيلول"
"""February to September in Syria, Lebanon, Iraq; the others are two words each."""


def _month_table() -> dict[str, int]:
    found: dict[str, int] = {}
    for number, line in enumerate(_MONTHS.strip().splitlines(), start=1):
        found.update(dict.fromkeys((normal_text(word).casefold() for word in line.split()), number))
    for number, line in enumerate(LINES.strip().splitlines(), start=1):
        found.update(dict.fromkeys((word.replace("_", " ") for word in line.split()), number))
    for words in _OTHER_MONTHS.values():
        for number, word in enumerate(words.split(), start=1):
            found[normal_text(word).casefold()] = number
    for number, word in enumerate(_THAI_SHORT.split(), start=1):
        found[normal_text(word).casefold()] = number
    for number, word in enumerate(_LEVANT.split(), start=2):
        found[normal_text(word).casefold()] = number
    found[normal_text("फरवरी")] = 2
    found[normal_text("ابريل")] = 4
    return found


_MONTH = _month_table()
MONTH_NAMES = "|".join(sorted(map(re.escape, _MONTH), key=len, reverse=True))
"""A pattern of all names of months."""
_YEAR = r"(?P<y>\d{4})"
_DAY = r"(?P<d>\d{1,2})(?:st|nd|rd|th|er|º|ª|°|-?го|-?е)?"
_FORMS = (
    # 2026-03-04, 2026/3/4, 2026.3.4, 20260304
    rf"(?<![\d./-]){_YEAR}(?P<s>[-/.])[ ]?(?P<m>\d{{1,2}})(?P=s)[ ]?(?P<d>\d{{1,2}})(?!\d|[-/]\d)",
    r"(?<![\d.,])(?P<y>(?:19|20)\d\d)(?P<m>0[1-9]|1[0-2])(?P<d>0[1-9]|[12]\d|3[01])(?![\d.,]\d|\d)",
    # 2026年3月4日, 2026년 3월 4일
    rf"{_YEAR} ?[年년] ?(?P<m>\d{{1,2}}) ?[月월] ?(?:(?P<d>\d{{1,2}}) ?[日号號일])?",
    # 4 March 2026, 4. März 2026, 4 de marzo de 2026, 4 มีนาคม 2569
    rf"(?:(?<![\d.,/-])|(?<=[א-ת]-)){_DAY}\.?[ -]?(?:of |de |d'|del |ب|ב)?"
    rf"(?P<n>{MONTH_NAMES})\.?,?[ -]?"
    rf"[،]? ?(?:de |del |года |พ\.ศ\. ?)?{_YEAR}(?!\d)",
    # March 4, 2026
    rf"(?<![^\W_])(?=\w)(?P<n>{MONTH_NAMES})\.? {_DAY},? {_YEAR}(?!\d)",
    # 2026 March 4
    rf"(?<!\d){_YEAR}(?:\.|,| ?m\.| ?ж\.| ?г\.| ?оны|\. gada| gada|e?ko)?,? (?P<n>{MONTH_NAMES})\.?"
    rf" {_DAY}(?!\d)",
    # 2026. gada 4. marts, 2026 ж. 4 наурыз
    rf"(?<!\d){_YEAR}(?:\.? gada| ?ж\.) {_DAY}\.? (?P<n>{MONTH_NAMES})(?![^\W_])",
    # ngày 4 tháng 3 năm 2026
    rf"(?P<d>\d{{1,2}}) tháng (?P<m>\d{{1,2}})(?: năm|,)? {_YEAR}(?!\d)",
    # March 2026, 2026-03, 03/2026
    rf"(?<![^\W_])(?=\w)(?P<n>{MONTH_NAMES})\.?,? (?:de |del |พ\.ศ\. ?)?{_YEAR}(?!\d)",
    rf"(?<![\d./-]){_YEAR}-(?P<m>0[1-9]|1[0-2])(?![\d-])",
    rf"(?<![\d./-])(?P<m>0?[1-9]|1[0-2])/{_YEAR}(?!\d)",
    # 3.4.2026, 03/04/2026, 3-4-26
    r"(?<![\d./-])(?P<a>\d{1,2})(?P<s>[-/.])[ ]?(?P<b>\d{1,2})(?P=s)[ ]?(?P<c>\d{4}|\d{2})"
    r"(?![\d/-]|\.\d)",
)
_ERAS = {
    "中華民國": 1912,
    "中华民国": 1912,
    "民國": 1912,
    "民国": 1912,
    "令和": 2019,
    "平成": 1989,
    "昭和": 1926,
    "大正": 1912,
    "明治": 1868,
}
_ERA = re.compile(rf"({'|'.join(_ERAS)})(\d{{1,3}}|元)年")
_NUMERAL = re.compile(r"[〇零一二三四五六七八九十百]+(?=[年月日号號])")
_OTHER_ERA = re.compile(
    r"[ ,]*(?:\(? ?(?:b\.? ?e\.?|a\. ?h\.?|AH|b\. ?c\.?(?: ?e\.?)?|bce?|v\. ?chr|a\. ?c\.|av\. ?j"
    r"|до н\.|hijri|buddhist era|anno hegirae|minguo|roc|ዓ\.ም)(?![^\W\d_])|هـ|ه\. ?ش"
    r"|ព\.ស|พ\.ศ)",
    re.IGNORECASE,
)
"""Behind a year, the name of another count than the common era."""
_CROATIAN = re.compile(r"\d\. ?listopada?(?![^\W_])|\A\W*listopad(?![^\W_])", re.IGNORECASE)
_ANY = [re.compile(form, re.IGNORECASE) for form in _FORMS]


@dataclass(frozen=True, slots=True)
class FoundDate:
    """One date in a text; ``day`` None: only its month is told. ``year`` None: it can be read in
    several ways, or is no date of the calendar.
    """

    year: int | None
    month: int = 0
    day: int | None = None
    start: int = 0
    end: int = 0

    @property
    def shown(self) -> str:
        """Return the date in ISO form."""
        if self.year is None:
            return "unclear"
        month = f"{self.year:04d}-{self.month:02d}"
        return month if self.day is None else f"{month}-{self.day:02d}"


def date_text(text: str) -> str:
    """Return a text as dates are read in it, in which ``start`` and ``end`` are places."""
    return _east_asian(normal_text(text))


def read_dates(text: str, order: Order | None = None) -> list[FoundDate]:
    """Return every date of a text in its order.

    Args:
        text: any text.
        order: of day, month and year where all are numbers; None: only what has one reading.
    """
    plain = date_text(text)
    found: list[FoundDate] = []
    taken: list[tuple[int, int]] = []  # in their order; none overlaps another
    for pattern in _ANY:
        for match in pattern.finditer(plain):
            place = bisect_left(taken, match.span())
            if place and taken[place - 1][1] > match.start():
                continue
            if place < len(taken) and taken[place][0] < match.end():
                continue
            taken.insert(place, match.span())
            read = _date(match, order)
            if read.year is not None and _OTHER_ERA.match(plain, match.end()):
                read = FoundDate(None)
            found.append(replace(read, start=match.start(), end=match.end()))
    return sorted(found, key=lambda one: one.start)


def _east_asian(text: str) -> str:
    """Return text with Chinese numerals and Japanese eras of dates as years, months and days of the
    common calendar.
    """
    if not ("年" in text or "月" in text):
        return text
    text = re.sub(rf"({'|'.join(_ERAS)}) (?=\d|元)", r"\1", _NUMERAL.sub(_in_digits, text))
    text = re.sub(r"(?<=\d) (?=[年月日])|(?<=[年月]) (?=\d)", "", text)
    text = re.sub(rf"(?<=年)\(?(?:{'|'.join(_ERAS)})(?:\d{{1,3}}|元)年\)?", "", text)
    return _ERA.sub(_in_years, text)


def _in_digits(found: re.Match[str]) -> str:
    value = chinese_number(found.group())
    return found.group() if value is None else str(int(value))


def _in_years(found: re.Match[str]) -> str:
    era, year = found.groups()
    return f"{_ERAS[era] + (1 if year == '元' else int(year)) - 1}年"


def parse_date(value: object, order: Order | None = None) -> FoundDate | None:
    """Return a target's one date, or None."""
    found = read_dates(str(value), order)
    return found[0] if len(found) == 1 and found[0].year is not None else None


def _date(match: re.Match[str], order: Order | None) -> FoundDate:
    groups = match.groupdict()
    if groups.get("a") is not None:
        return _only(list(_numeric(match, order)))
    year = int(groups["y"])
    name = groups.get("n")
    month = _MONTH[name.casefold()] if name else int(groups["m"])
    if year > 2400 and _is_thai(name):
        year -= 543
    elif year > 2400 and (
        name or set("年년") & set(match.group())
    ):  # of the Buddhist era, or a slip
        return FoundDate(None)
    if name and _CROATIAN.search(match.group()):
        return FoundDate(None)
    day = int(groups["d"]) if groups.get("d") else None
    return _only([(year, month, day)])


def _numeric(match: re.Match[str], order: Order | None) -> Iterator[tuple[int, int, int | None]]:
    one, two, last = (int(match.group(name)) for name in "abc")
    if len(match.group("c")) == 2:
        if order is None:
            return
        if order == "ymd":
            yield _century(one), two, last
            return
        last = _century(last)
    dotted = match.group("s") == "."
    if order == "mdy":
        yield last, one, two
    elif order in ("dmy", "ymd") or dotted:
        yield last, two, one
    else:
        yield last, two, one
        yield last, one, two


def _century(year: int) -> int:
    return year + (1900 if year >= 69 else 2000)


def _only(options: list[tuple[int, int, int | None]]) -> FoundDate:
    """Return the one reading that is a day of the calendar; without a year where there are none or
    several.
    """
    real = list(dict.fromkeys(option for option in options if _exists(*option)))
    if len(real) != 1:
        return FoundDate(None)
    year, month, day = real[0]
    return FoundDate(year, month, day)


def _exists(year: int, month: int, day: int | None) -> bool:
    try:
        date(year, month, 1 if day is None else day)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=64)
def _is_thai(name: str | None) -> bool:
    return bool(name) and any("\u0e00" <= char <= "\u0e7f" for char in name or "")
