# ruff: noqa: E501 - tables of words
"""One spelling for many: digits of any script, quotes, dashes, contractions, signs, numbers."""

from __future__ import annotations

import re
import unicodedata

from claimbench.number_text.in_words import TENS, UNITS

_QUOTES = str.maketrans(
    {
        "’": "'", "‘": "'", "`": "'", "´": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"',
        "−": "-", "‐": "-", "‑": "-", "⁄": "/",
        "\u200b": "", "\u200d": "", "\ufeff": "", "\u00ad": "",
        "٪": "%", "٫": ".", "٬": ",",
    }
)  # fmt: skip
_CJK = r"[\u3040-\u30ff\u3400-\u9fff]"
_SIGNS = (
    (r"≥|>=|=>", " at least "),
    (r"≤|<=|=<", " at most "),
    (r">", " more than "),
    (r"<", " less than "),
    (r"[~≈≃]", " about "),
    (r"\s&\s", " and "),
    (r"\bw/o\b", "without"),
    (r"\bw/(?= )", "with"),
    (r"\bvs\b\.?|\bv\.(?= )", "versus"),
)
_FOOTNOTE = re.compile("[\u00b9\u00b2\u00b3\u2070-\u2079\u2080-\u2089]")
"""Raised and lowered digits: a footnote or a power, never the next digit of a number."""
_SHORT = (
    (r"\bain'?t\b", "is not"),
    (r"\b(is|are|was|does|do|did|has|have|ca)nt\b", r"\1n't"),
    (r"\bcan't\b", "can not"),
    (r"\bcannot\b", "can not"),
    (r"\bwon't\b", "will not"),
    (r"n't\b", " not"),
    (r"\b(it|that|there)'s\b", r"\1 is"),
    (r"'re\b", " are"),
    (r"'ve\b", " have"),
)
_ARM = r"((?:the )?⟦a\d+⟧)"
_TURNS = (
    (r"\bnot (?:only|just|merely|simply) (.+?),? but (?:it is |is )?(?:also )?", r"\1 and "),
    (
        rf"^(?:by )?(?:switching|moving|migrating|upgrading|going|changing) from {_ARM} to {_ARM},? (.+?)[.!]?$",
        r"\2 \3 compared with \1",
    ),
    (rf"^(?:by )?replacing {_ARM} (?:with|by) {_ARM},? (.+?)[.!]?$", r"\2 \3 compared with \1"),
    (
        r"\b(?:at least|no less than) (\S+) (?:but|and) (?:no more than|at most|not more than) (?=\d)",
        r"between \1 and ",
    ),
)
"""Turns of phrase that say the same in other words."""
_SMALL = {word: i for i, word in enumerate(UNITS)} | {w: 10 * i for i, w in enumerate(TENS) if w}
_BIG = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9}
_COUNTED = r"(?:requests?|calls?|tokens?|quer|prompts?|answers?|correct|anfragen|aufrufe|requêtes|solicitudes)"
"""What comes in whole numbers: "1.000 requests" are a thousand."""
_WORD = "|".join(sorted((*_SMALL, *_BIG), key=len, reverse=True))
_NUMBER_WORDS = re.compile(rf"\b(?:{_WORD})(?:(?:[- ]|\s+and\s+)(?:{_WORD}))*(?=\b|fold)")
_ONE_COUNTS = (
    r"(?= ?(?:%|points?|percentage|x\b|times|fold|thirds?|quarters?|fifths?|tenths?|in\b|out\b|of\b"
    r"|tasks?|orders?|cents?|dollars?|requests?|seconds?|hundred|thousand|million))"
)


def light(text: str) -> str:
    """Give one form to characters and spaces; keep case, so that names can be told from words."""
    text = re.sub(r"(?<=\d)[\u00a0\u202f\u2009](?=\d{3}(?!\d))", "", text)
    text = re.sub(r"(?<=\d) ?(?=[¼½¾⅓⅔⅛⅕⅖])", "+", text)
    text = _FOOTNOTE.sub(lambda m: f"^{m[0]}", text)
    text = unicodedata.normalize("NFKC", text).translate(_QUOTES)
    text = "".join(
        str(unicodedata.digit(c)) if c.isdigit() and not c.isascii() else c for c in text
    )
    text = re.sub(r"(?<=\d) ?[–—](?=\d)", "-", text)
    text = re.sub(r"\s*[–—]+\s*", " - ", text)
    if not text.isascii():
        text = re.sub(rf"(?<={_CJK})(?!{_CJK})|(?<!{_CJK})(?={_CJK})", " ", text)
    return re.sub(r"\s+", " ", text).strip()


def plain(text: str) -> str:
    """Lower case, signs and contractions as words, numbers as digits with a decimal point.

    Marks of masked names, ``⟦...⟧``, stay as they are.
    """
    text = text.lower()
    for pattern, word in (*_SIGNS, *_SHORT):
        text = re.sub(pattern, word, text)
    text = re.sub(
        r"(?<![\d.,])[1-9]\d{0,2}(?:,\d{3})+(?![\d])", lambda m: m[0].replace(",", ""), text
    )
    text = re.sub(r"(?<![\d.,])(\d+),(\d{1,2})(?![\d,])", r"\1.\2", text)
    text = re.sub(r"(?<![\d.,])0,(\d+)(?![\d,])", r"0.\1", text)
    text = re.sub(rf"(?<![\d.,])(\d{{1,3}})\.000(?= {_COUNTED})", r"\g<1>000", text)
    text = re.sub(r"(?<![\d.])\.(?=\d)", "0.", text)
    text = re.sub(r"(\d)(?:x|×)(?=[a-z])", r"\1x ", text)
    text = text.replace("×", "x ")
    text = re.sub(
        r"(?<![^\W\d])(?:per[ -]?cent\.?|percent|pct\.?|prozent(?!p)|pour cent|por ciento)(?!\w)",
        "%",
        text,
    )
    text = re.sub(r"%(?=\d)(\d+(?:\.\d+)?)", r"\1%", text.replace("% ", "%  ").replace("%  ", "% "))
    text = re.sub(r"/ ?(?:1 ?)?m(?= ?tok)|/ ?mtoks?\b|per mtoks?\b", " per million ", text)
    text = re.sub(
        r"\bper million +(?:toks?\b)?(?! *(?:input|output|tok))", "per million tokens ", text
    )
    text = re.sub(r"\b(?:toks?)\b(?! ?/)", "tokens", text)
    text = re.sub(r"\s+", " ", number_words(text)).strip()
    text = text.replace("time-to-first-token", "time to first token")
    text = re.sub(r"\btp-?(?=\d\d)", "p", text)
    for pattern, other in _TURNS:
        text = re.sub(pattern, other, text)
    return text


def number_words(text: str) -> str:
    """Write "ninety-five", "two hundred" and "a dozen" as digits; "one" only where it counts."""
    text = re.sub(r"\bhalf a dozen\b", "6", text)
    text = re.sub(r"\b(?:a|one) dozen\b", "12", text)
    text = re.sub(
        r"\b(?:a|one) (hundred|thousand|million)\b(?!th)", lambda m: str(_BIG[m[1]]), text
    )
    text = _NUMBER_WORDS.sub(_digits, text)
    return re.sub(r"(\d+(?:\.\d+)?) (hundred|thousand|million)\b", _scaled, text)


def _scaled(match: re.Match[str]) -> str:
    value = float(match[1]) * _BIG[match[2]]
    return f"{value:.10g}" if value < 1e9 else f"{value:.0f}"


def _digits(match: re.Match[str]) -> str:
    words = re.split(r"[- ]+(?:and )?", match[0])
    if words == ["one"]:
        after = match.string[match.end() :]
        return "1" if re.match(_ONE_COUNTS, after) else match[0]
    if words[0] in _BIG:
        return match[0]
    total = 0
    current = 0
    last = 0
    for word in words:
        if word in _SMALL:
            value = _SMALL[word]
            joins = last >= 20 and last % 10 == 0 and value < 10
            if current % 100 and not joins:
                return match[0]  # "two three" is no number
            current += value
            last = value
        elif _BIG[word] == 100:
            current *= 100
            last = 0
        else:
            total += current * _BIG[word]
            current = 0
            last = 0
    return str(total + current)
