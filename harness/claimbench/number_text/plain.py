"""Text in one plain form, and which characters belong to one word, by Unicode's own properties."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# Format characters that are seen: Arabic number signs and the like.
_SEEN = frozenset(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
)
# Default-ignorable characters that are no format characters: fillers, joiners, selectors.
_UNSEEN = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0"
    + "".join(map(chr, range(0xFE00, 0xFE10)))
)
# Seen by nobody either, without being default-ignorable: a Braille cell without dots.
_BLANK = "\u2800"
_UNSPACED = frozenset({
    "CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "BOPOMOFO", "IDEOGRAPHIC", "THAI", "LAO",
    "KHMER", "MYANMAR", "TIBETAN", "YI", "JAVANESE", "BALINESE", "TAI", "NEW",
})  # fmt: skip
# Quotes, hyphens and minus signs that differ in typography only.
_TYPOGRAPHY = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201b\u02bc", "'"),
        **dict.fromkeys("\u201c\u201d\u201f", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2212", "-"),
        "\u2044": "/",
    }
)


def plain(text: str) -> str:
    """Return text in NFKC without invisible characters; superscripts, fractions and subscripts of
    numbers stay apart from plain digits.

    ``5²`` stays ``5²`` and ``101₂`` stays as it is, ``H₂O`` becomes ``H2O`` and ``1½`` becomes
    ``1 1/2``.
    """
    if text.isascii():
        return (
            text
            if text.isprintable()
            else re.sub(r"[^\S\n]|[\x00-\x08\x0e-\x1f\x7f]", _blank, text)
        )
    pieces: list[str] = []
    run: list[str] = []
    before = ""
    for char in text:
        kept = _kept(char)
        if kept == "":
            continue
        if kept is None:
            run.append(char)
        else:
            pieces.append(unicodedata.normalize("NFKC", "".join(run)))
            run.clear()
            pieces.append(_small(char, kept, before))
        before = char
    pieces.append(unicodedata.normalize("NFKC", "".join(run)))
    return "".join(pieces)


def _blank(found: re.Match[str]) -> str:
    return " " if found.group().isspace() else ""


@lru_cache(maxsize=8192)
def _kept(char: str) -> str | None:
    """Return "" for an invisible character, the kind of a small one (super, sub, fraction), None
    for all others.
    """
    if char in _UNSEEN or 0xE0100 <= ord(char) <= 0xE01EF:
        return ""
    category = unicodedata.category(char)
    if (category == "Cf" and char not in _SEEN) or (category == "Cc" and not char.isspace()):
        return ""
    found = re.match(r"<(super|sub|fraction)>", unicodedata.decomposition(char))
    return found.group(1) if found else None


def _small(char: str, kind: str, before: str) -> str:
    flat = unicodedata.normalize("NFKC", char)
    if kind == "sub" and (before.isalpha() or before in ")]" + char) and before:
        return flat
    if kind == "fraction":
        return (" " if before.isdigit() else "") + flat.replace("\u2044", "/")
    return char


def shows(text: str) -> bool:
    """Return whether a reader sees anything of a text: blanks, invisible characters and marks
    without a letter to stand on are nothing to see.
    """
    return any(map(_shows, text))


@lru_cache(maxsize=8192)
def _shows(char: str) -> bool:
    if char.isspace() or char == _BLANK or _kept(char) == "":
        return False
    category = unicodedata.category(char)
    return category[0] != "M" and category != "Cs" and not _is_reserved(ord(char), category)


def _is_reserved(code: int, category: str) -> bool:
    """Return whether Unicode keeps a code point for nothing that is seen: noncharacters, and what
    may only become an invisible character.
    """
    return category == "Cn" and (
        code & 0xFFFE == 0xFFFE
        or 0xFDD0 <= code <= 0xFDEF
        or 0xFFF0 <= code <= 0xFFF8
        or 0xE0000 <= code <= 0xE0FFF
        or code == 0x2065
    )


def typographic(text: str) -> str:
    """Return text with one form of quotes, hyphens and minus signs."""
    return text if text.isascii() else text.translate(_TYPOGRAPHY)


def folded(text: str) -> str:
    """Return text without case, as its script writes capitals: Turkish dotted and dotless i alike,
    Greek letters without the accent that capitals lose, ß as ss.
    """
    return text.casefold() if text.isascii() else "".join(map(fold_char, text))


@lru_cache(maxsize=16384)
def fold_char(char: str) -> str:
    """Return one character without case; see :func:`folded`."""
    if char in "\u0130\u0131":
        return "i"
    if "\u0370" <= char <= "\u03ff" or "\u1f00" <= char <= "\u1fff":
        bare = unicodedata.normalize("NFD", char).replace("\u0301", "")
        return unicodedata.normalize("NFC", bare).casefold()
    return char.casefold()


@lru_cache(maxsize=16384)
def is_word(char: str) -> bool:
    """Return whether a character is part of words: a letter, a digit or a mark on one."""
    return unicodedata.category(char)[0] in "LMN"


@lru_cache(maxsize=16384)
def is_mark(char: str) -> bool:
    """Return whether a character is a vowel sign or another mark on the one before it."""
    return unicodedata.category(char)[0] == "M"


@lru_cache(maxsize=16384)
def is_unspaced(char: str) -> bool:
    """Return whether a character's script is written without blanks between words."""
    name = unicodedata.name(char, "")
    return name.partition(" ")[0] in _UNSPACED


@lru_cache(maxsize=16384)
def is_hangul(char: str) -> bool:
    """Return whether a character is Korean, whose particles follow a word without a blank."""
    return unicodedata.name(char, "").startswith("HANGUL")


def joined(first: str, second: str) -> bool:
    """Return whether two characters side by side belong to one word."""
    if not (is_word(first) and is_word(second)):
        return False
    if is_mark(second):
        return True
    if is_unspaced(first) or is_unspaced(second):
        return False
    return is_hangul(first) == is_hangul(second)
