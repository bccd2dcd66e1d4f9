"""A whole number that is written as a word: three, dreizehn, 八, 一千二百三十四."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

_LANGUAGES = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty
null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn neunzehn zwanzig
zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept dix-huit dix-neuf vingt
cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete dieciocho diecinueve veinte
zero uno due tre quattro cinque sei sette otto nove dieci undici dodici tredici quattordici quindici sedici diciassette diciotto diciannove venti
zero um dois três quatro cinco seis sete oito nove dez onze doze treze catorze quinze dezesseis dezessete dezoito dezenove vinte
ноль один два три четыре пять шесть семь восемь девять десять одиннадцать двенадцать тринадцать четырнадцать пятнадцать шестнадцать семнадцать восемнадцать девятнадцать двадцать
"""  # noqa: E501 - a table
_TENS = "thirty forty fifty sixty seventy eighty ninety"
_DIGITS = {sign: value for value, sign in enumerate("零一二三四五六七八九")} | {
    "〇": 0,
    "两": 2,
    "兩": 2,
}
_SMALL = {"十": 10, "百": 100, "千": 1000}
_LARGE = {"万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8}
_CHINESE = re.compile(rf"[负負]?[{''.join((*_DIGITS, *_SMALL, *_LARGE))}]+")
_LEAD = re.compile(
    r".*(?:(?<![^\W_])(?:is|are|equals|ist|sind|est|es|son|è|é|sono|são|равно|ответ)(?![^\W_])|[:：=是为為は])\s*",
    re.IGNORECASE | re.DOTALL,
)
_AFTER = re.compile(r"(?:です|个|個|つ|人|次|天|年|元|円)\Z")
_LONGEST = 200


def _words() -> dict[str, int]:
    found: dict[str, int] = {}
    for line in _LANGUAGES.strip().splitlines():
        for value, word in enumerate(line.split()):
            found.setdefault(word, value)
    units = list(_LANGUAGES.split("\n")[1].split()[1:10])
    for place, word in enumerate(_TENS.split(), start=3):
        found[word] = 10 * place
    for word, tens in [(word, found[word]) for word in ("twenty", *_TENS.split())]:
        for value, unit in enumerate(units, start=1):
            found[f"{word}-{unit}"] = found[f"{word} {unit}"] = tens + value
    found |= {"hundred": 100, "one hundred": 100, "a hundred": 100, "one thousand": 1000}
    return found


_VALUES = _words()


def number_in_words(text: str) -> Decimal | None:
    """Return the number that is all of a short text, or what it says behind "is", "=" or a colon;
    None where that is no number word.
    """
    if len(text) > _LONGEST:
        return None
    bare = unicodedata.normalize("NFC", text).strip().strip("*_`\"'.。!！ ").casefold()
    for form in (bare, _LEAD.sub("", bare, count=1)):
        form = form.strip("*_`\"'.。!！ ")
        if form in _VALUES:
            return Decimal(_VALUES[form])
        counted = _AFTER.sub("", form)
        if _CHINESE.fullmatch(counted):
            return _chinese(counted)
    return None


def chinese_number(text: str) -> Decimal | None:
    """Return the value of a Chinese numeral that is all of a text, or None."""
    return _chinese(text) if _CHINESE.fullmatch(text) else None


def _chinese(text: str) -> Decimal | None:
    negative = text[0] in "负負"
    if negative:
        text = text[1:]
    if not text:
        return None
    if all(sign in _DIGITS for sign in text):  # 二〇二六, digit by digit
        value = int("".join(str(_DIGITS[sign]) for sign in text))
        return Decimal(-value if negative else value)
    total = section = digit = 0
    for sign in text:
        if sign in _DIGITS:
            digit = _DIGITS[sign]
        elif sign in _SMALL:
            section += (digit or 1) * _SMALL[sign]
            digit = 0
        else:
            total = (total + section + digit) * _LARGE[sign]
            section = digit = 0
    value = total + section + digit
    return Decimal(-value if negative else value)
