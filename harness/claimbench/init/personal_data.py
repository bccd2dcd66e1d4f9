"""``bench init``: personal data that patterns can find, before anything is sent to a provider.

Patterns find what has a form: e-mail addresses, telephone and card numbers (with their check
digit), IBANs (with theirs), IP addresses, US social security numbers. They do not find names,
addresses or health: ``claimbench[mask]`` (presidio) does more, and neither replaces a person's look
at the data.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from claimbench.init.columns import UsableRow
from claimbench.types import Json

LIMITS = "found by patterns alone: names and addresses in prose are not found"


def _luhn(text: str) -> bool:
    digits = [int(c) for c in text if c.isdigit()]
    if not 13 <= len(digits) <= 19:
        return False
    digits.reverse()
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _iban(text: str) -> bool:
    plain = re.sub(r"\s", "", text).upper()
    if not 15 <= len(plain) <= 34:
        return False
    turned = plain[4:] + plain[:4]
    return int("".join(str(int(c, 36)) for c in turned)) % 97 == 1


_DATE = re.compile(r"(?:19|20)\d\d([-. ])\d\d\1\d\d|\d\d([-. ])\d\d\2(?:19|20)\d\d")


def _phone(text: str) -> bool:
    if _DATE.fullmatch(text):
        return False
    return 8 <= sum(c.isdigit() for c in text) <= 15


def _address(text: str) -> bool:
    return all(int(part) <= 255 for part in text.split("."))


PATTERNS: tuple[tuple[str, str, Callable[[str], bool]], ...] = (
    ("EMAIL", r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", lambda _: True),
    ("IBAN", r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b", _iban),
    ("CARD", r"(?<![\w.])(?:\d[ -]?){12,18}\d(?![\w.])", _luhn),
    ("SSN", r"(?<!\w)\d{3}-\d{2}-\d{4}(?!\w)", lambda _: True),
    ("IP", r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])", _address),
    (
        "PHONE",
        (
            r"(?<![\w.])(?:\+\d{1,3}[ .-]?)?(?:\(\d{1,4}\)[ .-]?)?\d{2,4}(?:["
            r" .-]\d{2,4}){2,4}(?![\w.])"
        ),
        _phone,
    ),
)
"""Kind, pattern, check; the first kind that takes a text keeps it."""


ENTITIES = {
    "EMAIL": "EMAIL_ADDRESS",
    "IBAN": "IBAN_CODE",
    "CARD": "CREDIT_CARD",
    "SSN": "US_SSN",
    "IP": "IP_ADDRESS",
    "PHONE": "PHONE_NUMBER",
}
"""Our kinds -> the names that a suite's ``mask:`` knows them by."""


def mask_text(text: str) -> tuple[str, Counter[str]]:
    """Replace what looks personal by ``<KIND>`` and count the kinds."""
    seen: Counter[str] = Counter()
    for kind, pattern, check in PATTERNS:

        def swap(
            match: re.Match[str], kind: str = kind, check: Callable[[str], bool] = check
        ) -> str:
            if not check(match.group()):
                return match.group()
            seen[kind] += 1
            return f"<{kind}>"

        text = re.sub(pattern, swap, text)
    return text, seen


def mask_value(value: Json) -> tuple[Json, Counter[str]]:
    """Replace what looks personal in every text of a value, such as a list of turns, and count the
    kinds.
    """
    seen: Counter[str] = Counter()

    def clean(inner: Json) -> Json:
        if isinstance(inner, str):
            text, found = mask_text(inner)
            seen.update(found)
            return text
        if isinstance(inner, list):
            return [clean(one) for one in inner]
        if isinstance(inner, dict):
            return {key: clean(one) for key, one in inner.items()}
        return inner

    return clean(value), seen


def scan(items: Sequence[UsableRow], columns: Sequence[str]) -> tuple[Counter[str], int | None]:
    """Count what looks personal in the rows' columns; returns the kinds, and the line of the
    first.
    """
    total: Counter[str] = Counter()
    first: int | None = None
    for item in items:
        for column in columns:
            _, seen = mask_value(item.values.get(column))
            if seen and first is None:
                first = item.line
            total += seen
    return total, first


def masked(items: Sequence[UsableRow], columns: Sequence[str]) -> list[UsableRow]:
    """Return the items with what looks personal replaced in their columns."""
    cleaned = []
    for item in items:
        mine = [name for name in columns if name in item.values]
        changed = {name: mask_value(item.values[name])[0] for name in mine}
        cleaned.append(replace(item, values={**item.values, **changed}))
    return cleaned


def describe(found: Counter[str], line: int | None) -> str:
    """Say what was found, in one line."""
    kinds = ", ".join(f"{n} {kind}" for kind, n in found.most_common())
    return f"possible personal data: {kinds} (first on line {line}; {LIMITS})"
