"""Negative numbers as accounts write them: (1,037.50) and 1,037.50-."""

from __future__ import annotations

import re

_SIGN = r"[$€£¥₹₩₽₺₫฿₴₦₱₪]"
_CODE = r"(?:[A-Z]{3}|kr|zł|Kč)"
_AMOUNT = r"(?:\d{1,3}(?:[.,' ]\d{3})+(?:[.,]\d{1,2})?|\d+[.,]\d\d)"
_BRACKETS = re.compile(
    rf"\((?:(?:{_SIGN}|{_CODE} ?) ?{_AMOUNT}|{_AMOUNT}(?: ?(?:{_SIGN}|{_CODE}))?|{_SIGN} ?\d+)\)"
)
_BEHIND = re.compile(rf"(?:{_SIGN} ?)?{_AMOUNT}-(?: ?(?:{_SIGN}|{_CODE}))?(?=[\s.;*_`$]*\Z)")
_LED = re.compile(
    r"(?:\A|\n|[:：=|])[ \t*_`$-]*\Z"
    r"|(?<!\w)(?:is|are|was|of|ist|beträgt|lautet|est|es|è|é|to|wynosi|är|er|on|равен|равна"
    r"|составляет)"
    r"[ *_`]+(?:[A-Z]{3} )?\Z"
)
_ENDS = re.compile(r"[*_`]*(?:\s*[.;,。]?(?:\s|[*_`$]|\Z))")


def is_account(text: str) -> bool:
    """Return whether a text is a negative amount of an account and nothing else."""
    return (_BRACKETS.fullmatch(text) or _BEHIND.fullmatch(text)) is not None


def account_at(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Return where the negative amount around a number begins and ends; None where it is none.

    Brackets count at the begin of a text or line, behind a colon or "=" and behind "is", for
    elsewhere they say the same once more: five million ($5,000,000). A number without thousands,
    decimals or a currency in brackets ("(42)") is no account's.
    """
    if text.startswith("-", end):
        found = _BEHIND.match(text, start)
        return (start, found.end()) if found is not None and found.end() > end else None
    if start == 0 or text[start - 1] != "(":
        return None
    found = _BRACKETS.match(text, start - 1)
    if found is None or found.end() < end or not _LED.search(text[max(0, start - 41) : start - 1]):
        return None
    return (start - 1, found.end()) if _ENDS.match(text, found.end()) else None
