"""``bench init``: texts that equality says little of (code, summaries, translations, long replies)
and how a model judges them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_CODE = re.compile(
    r"^\s*(def |class |import |from \w+ import|return\b|for .+:|if .+:|while .+:|#include|public |"
    r"function |const |let |var |SELECT |INSERT |UPDATE )|[;{}]\s*$",
    re.MULTILINE,
)
_LONG_TEXT = 200
_SQL = re.compile(
    r"\s*(SELECT\b.+\bFROM\b|INSERT\s+INTO\b|UPDATE\b.+\bSET\b|DELETE\s+FROM\b|WITH\b.+\bAS\s*\()",
    re.I | re.S,
)
_SUMMARY_NAMES = re.compile(
    r"(^|[\W_])(summar(y|ies)|highlights?|abstract|tl_?dr|zusammenfassung|résumé|resumen|摘要)([\W_]|$)",
    re.I,
)
_TRANSLATION_NAMES = re.compile(
    r"(^|[\W_])(translations?|translated|übersetzung|traduction|traducción|traduzione|翻译|翻訳)([\W_]|$)",
    re.I,
)
_SAYS_THE_SAME = (
    "Good if it says what the reference says, without wrong additions; partly if something that"
    " matters is missing."
)
_TRANSLATED = (
    "Good if it says in the reference's language all that the reference says, in natural words;"
    " partly if a detail is wrong or missing."
)
_CODES = """
    ar:Arabic bg:Bulgarian cs:Czech da:Danish de:German el:Greek en:English es:Spanish et:Estonian
    fa:Persian fi:Finnish fr:French he:Hebrew hi:Hindi hr:Croatian hu:Hungarian id:Indonesian
    it:Italian ja:Japanese ko:Korean lt:Lithuanian lv:Latvian nl:Dutch no:Norwegian pl:Polish
    pt:Portuguese ro:Romanian ru:Russian sk:Slovak sl:Slovenian sr:Serbian sv:Swedish sw:Swahili
    ta:Tamil th:Thai tr:Turkish uk:Ukrainian ur:Urdu vi:Vietnamese zh:Chinese
"""
_LANGUAGES = dict(pair.split(":") for pair in _CODES.split())
_BY_NAME = {name.casefold(): name for name in _LANGUAGES.values()}


def rubric_of(targets: Sequence[str]) -> tuple[str, str]:
    """Return how a model should judge the targets, and what they are; no rubric where equality
    can.
    """
    several = [text for text in targets if "\n" in text.strip()]
    code = sum(1 for text in targets if len(_CODE.findall(text)) >= 2 or _SQL.match(text))
    if code > len(targets) / 2 or (several and code > 0.8 * len(several) > len(targets) * 0.3):
        return (
            "Good if the code does the same as the reference for every input; partly if only for"
            " common inputs.",
            "code",
        )
    if sorted(map(len, targets))[len(targets) // 2] > _LONG_TEXT:
        return _SAYS_THE_SAME, "long texts"
    return "", "free text"


def rubric_by_name(
    targets: Sequence[str], column: str, inputs: Sequence[str]
) -> tuple[str, str] | None:
    """Return the rubric of summaries and translations that their names tell, where they are more
    than a word or two: none is equal to another one that is as good; None for other texts.
    """
    lengths = sorted(len(text.split()) for text in targets)
    if _SUMMARY_NAMES.search(column) and lengths[len(lengths) // 2] > 2:
        return _SAYS_THE_SAME, f"summaries, by the name {column}"
    into = _language(column)
    given = [_language(name) for name in inputs]
    if into and any(language not in ("", into) for language in given):
        return _TRANSLATED, f"translations into {into}, by the names of the columns"
    if _TRANSLATION_NAMES.search(column.rpartition(".")[2]):
        return _TRANSLATED, f"translations, by the name {column}"
    return None


def _language(column: str) -> str:
    """Return the language that a column is called by (``en``, ``text_en``, ``german``); else
    empty.
    """
    words = re.split(r"[\W_]+", column.strip().casefold())
    last = words[-1]
    return _BY_NAME.get(last) or _LANGUAGES.get(last, "")
