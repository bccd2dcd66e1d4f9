"""Units in text and what they convert to: pint's registry, and the words of the tests' languages.

Only a unit's own letters ever reach pint, a short run of them; numbers are read by
:mod:`claimbench.number_text`. pint is imported when the first unit is read (0.5 s).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from claimbench.number_text import normal_text, read_numbers
from claimbench.number_text.in_words import chinese_number
from claimbench.number_text.plain import is_unspaced
from claimbench.scorers.reading.languages.unit_words import UNIT_WORDS

_AS_WRITTEN = frozenset({"kb", "mb", "gb", "tb", "k", "to", "go", "mo", "ko", "w"})
"""Of these only some spellings with capitals are meant (:func:`_known`)."""
_USUAL = (
    "kg mg mm cm dm dl cl dB yd oz lb lbs ft Hz kHz MHz GHz kW kWh MWh kPa hPa mmHg kcal kJ ms"
    " min mins sec secs hr hrs mL mph km/h kmh mol mmol nm"
)
_USUAL_CASE = {form.casefold(): form for form in _USUAL.split()}
"""Units that people write in capitals too: 5 KG, 3 GHZ. As written, pint finds none, or one that
nobody means: megagauss for MG."""
_MEGA_AS_WRITTEN = frozenset({"ML", "Ml", "Mm", "Mg", "Ms"})
"""Of these the capital may mean what it says; ``quantity`` decides beside the target."""
_TOGETHER = re.compile(
    r"(?<![^\W_])([kMGmµμ]?N|[kMG]?VA|[mk]?A|[kM]?V)[ ]?(m{1,2}|cm|s|h)(?![^\W_])"
)
"""Two units side by side as one word, of which pint knows none or another one: Nm is no nm."""
_NO_UNITS = frozenset(
    {"a", "an", "as", "at", "are", "in", "to", "go", "per", "and", "or", "is", "of", "the", "be"}
)
"""Words that pint knows as units and sentences as words; they count only beside a same target."""
_SIGNS = r"\u0900-\u0dff\u0e00-\u0eff"  # vowel signs of India and Thailand
_ATOM = (
    r"(?:°[ ]?)?[^\W\d_]"
    rf"(?:[^\W\d_]|[\u0300-\u036f{_SIGNS}\"'״׳-](?=[^\W\d_]|[{_SIGNS}]))*[{_SIGNS}]*"
)
_POWER = r"(?:⁻[¹²³⁴]|[²³⁴]|\^-?[1-4]|-?[1-4](?!\d))?"
_CHAIN = re.compile(
    rf"[ -]{{0,2}}(?:{_ATOM}{_POWER}(?:[ ]?[/·*][ ]?{_ATOM}{_POWER}){{0,3}}|[%°′″'\"])"
)
_PER = r"(?:per|por|par|pro|à l'|al|all')"
_MORE = re.compile(rf"[ ](?:{_PER}[ ]?)?{_ATOM}(?:\^-?[1-4]|⁻[¹²³⁴]|[²³⁴]|-[1-4](?!\d))?")
_NUMERAL = re.compile(
    r"(?<![\d.,])[一二三四五六七八九十两][一二三四五六七八九十百千万两零〇]{0,7}(?=(?:公里|公斤|公升|米|克|升|吨|小时|小時|分钟|分鐘|秒|天|周|个月|個月|年|摄氏度))"
)
_PER_TIME = {"时速": "小时", "時速": "小时", "시속": "小时", "秒速": "秒", "초속": "秒"}
_SPEED = re.compile(
    rf"({'|'.join(_PER_TIME)})[为為は约約]? ?(\d+(?:[.,]\d+)* ?"
    r"(?:公里|千米|米|キロメートル|メートル|킬로미터|미터|英里|マイル))"
)
"""時速36公里: the hour stands before the number."""
_HOURS = (
    r"(?<![\w.,:/])(?:PT)?(\d{1,3}) ?(?:h|hr|hrs|hours?|heures?|horas?|ore|ora|std\.?|stunden?|uur"
    r"|ч\.?|часа?|часов|小时|小時|時間|시간|ชั่วโมง)"
)
_HOURS_AND_MINUTES = re.compile(
    rf"{_HOURS} ?([0-5]?\d) ?(?:m|mn|min\.|мин\.)(?![^\W_]|[²³^/])"
    rf"|{_HOURS} ?([0-5]\d)(?! ?[^\W_]|[.,:/]\d|[²³^/%°])",
    re.IGNORECASE,
)
_HALF_HOURS = re.compile(rf"{_HOURS} ?(?:半|반|ครึ่ง)", re.IGNORECASE)
_BRACED_POWER = re.compile(
    r"(?<=[^\W\d_])(?:\^\{[ ]?([-−]?[1-4])[ ]?\}|[ ]\^[ ]?\{?[ ]?([-−]?[1-4])(?!\d)[ ]?\}?)"
)
_BELOW = re.compile(r"(?<=[^\W\d_])[ ]?/[ ]?\(([^\W\d_]+)[ ]?[ ·*⋅×][ ]?([^\W\d_]+)\)")
"""J/(mol·K), which is J/mol/K."""
_FEET_AND_INCHES = re.compile(
    r"(?<![\d'.,])(\d{1,2})[ ]?['′][ ]?(\d{1,2})(?:[ ]?(?:\"|″|''))?(?!\d)"
)
_INCHES = re.compile(r" ?in\.?\Z")
_LATIN = re.compile(r"[ -]{0,2}[A-Za-z°µμ]+(?:[²³]|/[A-Za-z]+)*(?=[^\W\dA-Za-z_])")
_MARKS = {"'": "foot", "′": "foot", '"': "inch", "″": "inch"}
_LONGEST = 40
_JOINS = re.compile(r"(?:,? ?(?:and|und|et|y|e|и|和)? ?)\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Amount:
    """A number with its unit; ``value`` None: it can be read in several ways; ``unit`` None: there
    is none that is known.
    """

    value: Decimal | None
    unit: str | None
    start: int
    end: int


def amount_text(text: str) -> str:
    """Return a text as amounts are read in it, in which ``start`` and ``end`` are places."""
    plain = normal_text(_BRACED_POWER.sub(_plain_power, text))
    plain = _FEET_AND_INCHES.sub(r"\1 foot \2 inch", plain)
    plain = _NUMERAL.sub(lambda found: str(chinese_number(found.group())), plain)
    plain = _SPEED.sub(lambda found: f"{found.group(2)}/{_PER_TIME[found.group(1)]} ", plain)
    plain = _HALF_HOURS.sub(r"\1 hour 30 minute", plain)
    plain = _BRACED_POWER.sub(_plain_power, plain)
    plain = _BELOW.sub(r"/\1/\2", plain)
    return _HOURS_AND_MINUTES.sub(_minutes, plain)


def _plain_power(found: re.Match[str]) -> str:
    return f"^{found.group(1) or found.group(2)}"


def _minutes(found: re.Match[str]) -> str:
    """Write 1h30, 1 h 30 m and 1 ч. 30 мин. out, in which the minutes name no unit of their own."""
    hours, minutes = (group for group in found.groups() if group is not None)
    return f"{hours} hour {minutes} minute"


def read_amounts(text: str, decimal: str = ".") -> list[Amount]:
    """Return every number of a text with the unit behind it; ``5 ft 10 in`` is one amount."""
    plain = amount_text(text)
    found: list[Amount] = []
    for number in read_numbers(plain, decimal):
        unit, end = _unit_at(plain, number.end)
        if unit is None and found and found[-1].unit == "foot":  # 5 ft 10 in
            inch = re.compile(r" ?in(?![^\W_])").match(plain, number.end)
            unit, end = ("inch", inch.end()) if inch else (None, end)
        if number.percent:
            unit, end = "percent", number.end
        amount = Amount(number.value, unit, number.start, end)
        joined = _joined(found[-1], amount, plain) if found else None
        if joined is not None:
            found[-1] = joined
        else:
            found.append(amount)
    return found


def converted(amount: Amount, unit: str) -> float | None:
    """Return an amount in another unit; None where their dimensions differ."""
    if amount.value is None or amount.unit is None:
        return None
    registry = _registry()
    try:
        return float(registry.Quantity(float(amount.value), amount.unit).to(unit).magnitude)
    except (registry_errors(), OverflowError, ZeroDivisionError):
        return None


def known_unit(text: str) -> str | None:
    """Return pint's name of a unit that is the whole text, or None."""
    return _known(normal_text(text).strip())


@lru_cache(maxsize=1)
def _registry() -> Any:
    from pint import UnitRegistry

    return UnitRegistry(cache_folder=None)


def registry_errors() -> type[Exception]:
    """Return the class of pint's errors."""
    from pint import PintError

    return PintError


@lru_cache(maxsize=1)
def _table() -> dict[str, str]:
    return {
        normal_text(word).replace("_", " ").casefold(): unit
        for unit, words in UNIT_WORDS.items()
        for word in words
    }


@lru_cache(maxsize=4096)
def _known(text: str) -> str | None:
    """Return pint's name of a unit as it is written, or None."""
    if not text or len(text) > _LONGEST:
        return None
    text = re.sub(r"[ ]?([/·*])[ ]?", r"\1", text.rstrip("."))
    text = re.sub(rf"[ ]{_PER}[ ]?", "/", text)
    text = re.sub("⁻([¹²³⁴])", _negative_power, text)
    text = text.replace("⁴", "^4")
    text = re.sub(r"(?<=[^\W\d_])-([1-4])(?!\d)", r"^-\1", text)
    text = re.sub(r"(?<=[^\s/*·]) (?=[^\W\d_]+\^-\d)", "*", text)
    text = _TOGETHER.sub(r"\1*\2", text)
    words = text.split(" ")
    if len(words) > 1 and any(word in _NO_UNITS or word == "au" for word in words):
        return None
    text = re.sub(r"(?<=[^\W\d_])([1-4])\Z", r"^\1", text)
    folded = text.casefold().replace("° ", "°")
    if folded in _AS_WRITTEN:
        if text in ("kB", "KB", "MB", "GB", "TB", "Ko", "Mo", "Go", "To", "K", "W", "ko"):
            return _table()[folded]
        return None
    if folded in _table():
        return _table()[folded]
    usual = _USUAL_CASE.get(folded)
    if usual is not None and text not in _MEGA_AS_WRITTEN:
        text = usual
    if text.isascii() or all(char in "°µμΩÅ²³·" or char.isascii() for char in text):
        for form in (text, folded if len(folded) > 3 else text):
            found = _of_pint(form.replace("·", "*").replace("^", "**"))
            if found is not None:
                return found
        if " " in folded:  # fluid ounces
            found = _of_pint(folded.replace(" ", "_"))
            if found is not None:
                return found
    parts = re.split(r"([/*])", folded)
    if len(parts) > 1 and len(parts) < 6:
        named = [part if part in "/*" else _table().get(part) for part in parts]
        return "".join(map(str, named)) if all(named) else None
    return None


def _negative_power(found: re.Match[str]) -> str:
    return f"^-{' ¹²³'.index(found.group(1))}"


def _of_pint(text: str) -> str | None:
    if re.search(r"\*\*-?\d\d|\d{2}", text):
        return None
    try:
        return str(_registry().parse_units(text))
    except Exception:  # noqa: BLE001 - pint raises what its tokenizer does, for any text
        return None


def _unit_at(text: str, place: int) -> tuple[str | None, int]:
    """Return the longest unit that begins behind a number, and where it ends."""
    chain = _CHAIN.match(text, place)
    if chain is None:
        return None, place
    ends = [chain.end()]
    for _ in range(2):
        more = _MORE.match(text, ends[0])
        if more is None:
            break
        ends.insert(0, more.end())
    for end in ends:
        written = text[place:end].lstrip(" -")
        if written in _MARKS:
            return _MARKS[written], end
        found = None if written in _NO_UNITS else _known(written)
        if found is not None:
            return found, end
    if _INCHES.match(text, place):
        return "inch", chain.end()
    latin = _LATIN.match(text, place)
    if latin is not None and latin.end() < chain.end():  # 5km입니다
        found = _known(latin.group().lstrip(" -"))
        if found is not None:
            return found, latin.end()
    return _unspaced_at(text, place, chain.end())


def _unspaced_at(text: str, place: int, end: int) -> tuple[str | None, int]:
    """Read a unit of a script without blanks, which may run into the next word."""
    first = place + (text[place] == " ")
    if first >= len(text) or not (is_unspaced(text[first]) or "\uac00" <= text[first] <= "\ud7a3"):
        return None, place
    for stop in range(min(end, first + 12), first, -1):
        found = _table().get(text[first:stop].casefold())
        if found is not None:
            return found, stop
    return None, place


def _joined(before: Amount, amount: Amount, text: str) -> Amount | None:
    """Return ``5 ft`` and ``10 in`` as one amount; None where they are two."""
    if before.value is None or amount.value is None or before.unit is None or amount.unit is None:
        return None
    if before.unit == amount.unit or not _JOINS.fullmatch(text[before.end : amount.start]):
        return None
    if "degree" in before.unit or amount.value < 0 or before.unit == "percent":
        return None
    one = converted(Amount(Decimal(1), amount.unit, 0, 0), before.unit)
    if one is None or not 0 < one < 1:
        return None
    rest = Decimal(str(one)) * amount.value
    if rest > 1:
        return None
    return Amount(before.value + rest, before.unit, before.start, amount.end)
