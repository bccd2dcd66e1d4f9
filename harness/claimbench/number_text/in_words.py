"""A whole number that is written in words: three, dreizehn, 八, 一千二百三十四, "two dozen".

The words from 0 to 99 are those of 37 languages (``number_words.txt``); larger ones are read in
English and Chinese numerals.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

UNITS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
"""English words, each at its number."""
TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
"""English words, each at a tenth of its number."""
_DIGITS = {sign: value for value, sign in enumerate("零一二三四五六七八九")} | {
    "〇": 0,
    "两": 2,
    "兩": 2,
}
_SMALL = {"十": 10, "百": 100, "千": 1000}
_LARGE = {"万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8}
_CHINESE = re.compile(rf"[负負]?[{''.join((*_DIGITS, *_SMALL, *_LARGE))}]+")
_LEAD = re.compile(
    r".*(?:(?<![^\W_])(?:is|are|was|were|equals|has|have|had|makes?|gets?|ist|sind|lautet|beträgt|est|sont"
    r"|es|son|è|é|sono|são|равно|ответ|это|є|відповідь|odpowiedź to|jest|wynosi|odpowiedź|je"
    r"|odpověď|este|răspunsul"
    r"|vastaus on|vastaus|är|er|svaret|a válasz|válasz|είναι|cevap|yanıt|sonuç|là|adalah"
    r"|jawabannya|هو|هي"
    r"|الجواب|الإجابة|היא|הוא|התשובה|است|پاسخ|उत्तर|जवाब|উত্তর|হল|হলো|సమాధానం|yra|ir)(?![^\W_])"
    r"|(?:il y (?:en )?a|reste|restent|quedan|hay|ci sono|restano|restam|há|bleiben|blijven"
    r"|получается|осталось|всего|итого)(?![^\W_])"
    r"|一共有?|总共有?|總共有?|共有|合計|全部で|คำตอบคือ|คือ"
    r"|(?:정답|답|답변)[은는]|[:：=是为為は])\s*",
    re.IGNORECASE | re.DOTALL,
)
_AFTER = re.compile(
    r"\s*(?:です|である|个|個|つ|人|次|天|年|元|円|입니다|이다|예요|이에요|है|হয়|ครับ|ค่ะ|است|dir|dır|dur|dür)\Z"
)
_LONGEST = 200
_MARKS = "*_`\"'.。!！।「」“”$ "
_ABOUT = re.compile(r"(?:about|approximately|around|roughly|exactly|only|just|precisely) ")
_MINUS = re.compile(r"(?:minus|negative)[ -]")
_SCALES = {"hundred": 100, "thousand": 10**3, "million": 10**6, "billion": 10**9}
_NO_NOUN_WORDS = (
    "and or to of out point half third thirds quarter quarters fifth fifths tenth tenths percent"
    " per times more less fewer than in by minus plus over not but hundredths"
)
_NO_NOUN = frozenset(_NO_NOUN_WORDS.split())
"""Behind a number, words with which it is another one, or none: two and a half, two thirds."""
_ALLOWED_END = re.compile(r" (?:in (?:total|all)|altogether|left|of them|in the \w+)\Z")
_DOZEN = re.compile(
    r"(?P<n>.+?)[ -]?(?:dozens?|dutzend|douzaines?|docenas?|dozzin[ae]|dúzias?|dozijn|dussin|dusin"
    r"|tuziny?|tucty?|дюжин[аыу]?|ダース|打|다스|दर्जन|ডজন|düzine|lusin|דזינות|โหล)"
)
_HALF = frozenset(("half a", "half", "ein halbes", "une demi", "media", "mezza", "meia"))
_ONE = frozenset(("a", "one", "ein", "une", "una", "uma", "een", "ett", "et", "jeden", "bir"))
_OTHER_WORDS = frozenset(("to", "on", "fire", "en", "et", "hat", "sex", "du", "an", "at", "a"))
"""Words of one language that are everyday words of another: no answer by themselves."""
_VARIANTS = {
    "zwo": 2, "veintiún": 21, "dezasseis": 16, "dezassete": 17, "dezanove": 19, "dezoito": 18,
    "одна": 1, "одно": 1, "две": 2, "дві": 2, "dwie": 2, "septante": 70, "nonante": 90, "een": 1,
    "εφτά": 7, "οχτώ": 8, "εννιά": 9, "पांच": 5, "छः": 6, "छे": 6, "पन्द्रह": 15, "hai tư": 24,
    "hai mươi tư": 24, "cinquenta": 50, "quatorze": 14, "catorze": 14, "hundert": 100,
    "cent": 100, "cien": 100, "cento": 100, "cem": 100, "сто": 100, "sto": 100, "honderd": 100,
    "hundra": 100, "yüz": 100, "száz": 100, "sata": 100, "백": 100, "सौ": 100, "مئة": 100,
    "مائة": 100,
}  # fmt: skip


def number_in_words(text: str) -> Decimal | None:
    """Return the number that is all of a short text, or what it says behind "is", "=" or a colon,
    in English with the things that are counted; None where that is no number word.
    """
    if len(text) > _LONGEST:
        return None
    bare = unicodedata.normalize("NFC", text).strip().strip(_MARKS).casefold()
    led = _LEAD.sub("", bare, count=1).strip(_MARKS)
    for form in dict.fromkeys((bare, led)):
        found = _of_form(_ABOUT.sub("", form))
        if found is not None:
            return found
    return None


def _of_form(form: str) -> Decimal | None:
    counted = _AFTER.sub("", form)
    if _CHINESE.fullmatch(counted):
        return _chinese(counted)
    for shown in (form, counted):
        value = _dozens(shown)
        value = _value(shown) if value is None else value
        if value is not None:
            return Decimal(value)
    return _with_things(form)


def _value(form: str) -> int | None:
    """Return the value of a number in words, in English also a large or negative one."""
    if (minus := _MINUS.match(form)) is not None:
        value = _value(form[minus.end() :])
        return None if value is None else -value
    if form in _OTHER_WORDS:
        return None
    found = _values().get(_key(form))
    return _english(form) if found is None else found


def _english(form: str) -> int | None:
    """Read hundreds and more: two thousand three hundred and five."""
    words = [word for word in form.replace("-", " ").replace(",", " ").split() if word != "and"]
    if not words or not set(words) & _SCALES.keys():
        return None
    total = part = 0
    for word in words:
        value = 1 if word == "a" else _of_english().get(word)
        if word == "hundred":
            part = (part or 1) * 100
        elif word in _SCALES:
            total, part = total + (part or 1) * _SCALES[word], 0
        elif value is None:
            return None
        else:
            part += value
    return total + part


def _dozens(form: str) -> int | None:
    found = _DOZEN.fullmatch(form)
    if found is None:
        return 12 if form == "dozen" else None
    number = found.group("n").strip()
    if number in _HALF:
        return 6
    value = 1 if number in _ONE else _value(number)
    return None if value is None else 12 * value


def _with_things(form: str) -> Decimal | None:
    """Return the number of "twenty-one apples in total"; None where another number, a fraction or
    "or" follows, or where the number is an article elsewhere.
    """
    form = _ALLOWED_END.sub("", form)
    words = form.split(" ")
    for n in range(min(len(words), 8), 0, -1):
        number, rest = " ".join(words[:n]), words[n:]
        value = _dozens(number)
        value = _value(number) if value is None else value
        if value is None or value < 2 or len(rest) > 4 or not set(number.split(" ")) & _parts():
            continue
        plain = all(re.fullmatch(r"[a-z'-]+", word) for word in rest)
        if not plain or set(rest) & _NO_NOUN or any(_value(word) is not None for word in rest):
            return None
        return Decimal(value)
    return None


@lru_cache(maxsize=1)
def _tables() -> Mapping[str, Mapping[str, int]]:
    lines = Path(__file__).with_name("number_words.txt").read_text(encoding="utf-8").splitlines()
    found: dict[str, dict[str, int]] = {}
    for line in lines:
        language, _, words = line.partition(": ")
        if not line.startswith("#"):
            found[language] = {
                _key(word.casefold()): n for n, word in reversed(list(enumerate(words.split("|"))))
            }
    return found


@lru_cache(maxsize=1)
def _values() -> Mapping[str, int]:
    """Return what each word means, without those that mean several numbers in several languages."""
    found: dict[str, int] = {}
    several: set[str] = set()
    for table in _tables().values():
        for word, value in table.items():
            if found.setdefault(word, value) != value:
                several.add(word)
    found = {word: value for word, value in found.items() if word not in several}
    found |= {_key(word): value for word, value in _VARIANTS.items()}
    arabic = _tables()["ar"].items()
    for word, value in arabic:  # the other case, as a sentence has it
        found.setdefault(word.replace("ون", "ين"), value)
    return found


@lru_cache(maxsize=1)
def _of_english() -> Mapping[str, int]:
    return _tables()["en"]


@lru_cache(maxsize=1)
def _parts() -> frozenset[str]:
    """Return the words of English numbers."""
    every = {f"{tens}-{unit}" for tens in TENS[2:] for unit in UNITS[1:10]}
    return frozenset({*TENS[2:], *UNITS[1:], "dozen"} | _SCALES.keys() | every)


def _key(word: str) -> str:
    """Return a number word without the blanks and hyphens that may part it."""
    return re.sub(r"[\s\-\u2010\u2011\u05be]+", "", unicodedata.normalize("NFC", word))


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
