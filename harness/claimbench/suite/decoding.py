"""Bytes of a file -> text, strictly: a byte that does not fit is named with its line, never
replaced.
"""

from __future__ import annotations

import codecs
import encodings.aliases
import re
import unicodedata
from dataclasses import dataclass

from claimbench.error_words import did_you_mean, show
from claimbench.errors import SuiteError

_SAMPLE = 256 * 1024
_PREVIEW = 60
_MOST_CANDIDATES = 7
_FEW = 3
_USUAL = ("cp1252", "cp1251", "cp1250", "cp1254", "gb18030", "cp932", "big5", "euc-kr")
_WESTERN = frozenset(
    "àáâãäåæçèéêëìíîïñòóôõöøùúûüßœÿÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜŒŸ"
    "€£§©®°²³µ·½¼¾±×«»‹›„“”‘’‚–—…•¡¿ª\u00b4\u00a0™"
)
_ODD_RUN = re.compile(
    # three letters beyond ASCII in a row, or a sign in the middle of a word, or before a letter
    r"[^\W\d_\x00-\x7f]{3}|[^\W\d_][€£§©®°²³µ½¼¾±×¡¿ª\u00b4™•…‚„][^\W\d_]|[²³¼½¾±×µ][a-z]"
)
_BLANK = "\t\n\r\ufeff"


def decode_utf8(raw: bytes, path: str, *, hint: str | None = None) -> str:
    """Decode UTF-8 with or without a mark; raises SuiteError with the line of a wrong byte."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        bad = exc.start
        line = raw.count(b"\n", 0, bad) + 1
        raise SuiteError(
            f"not UTF-8: byte 0x{raw[bad]:02x} at position {bad - raw.rfind(bytes([10]), 0, bad)}"
            " of the line",
            path=path,
            line=line,
            hint=hint or "save the file as UTF-8",
        ) from None


def decode(raw: bytes, encoding: str | None, path: str) -> tuple[str, str]:
    """Decode by the encoding that was stated, else a byte-order mark's, else UTF-16 where the bytes
    can be nothing else, else UTF-8.

    Returns the text and the encoding's name; raises SuiteError for an encoding that does not exist,
    or with the line of a wrong byte.
    """
    if encoding is None:
        # the mark of UTF-32 (little endian) begins with that of UTF-16
        if raw.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
            encoding = "utf-32"
        elif raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            encoding = "utf-16"
        elif (unmarked := _utf16_without_mark(raw)) is not None:
            encoding = unmarked
        else:
            return decode_utf8(raw, path, hint=_encoding_hint(raw)), "utf-8"
    try:
        codec = codecs.lookup(encoding)
    except LookupError:
        known = [
            name.replace("_", "-")
            for name in {*encodings.aliases.aliases, *encodings.aliases.aliases.values()}
        ]
        raise SuiteError(
            f"unknown encoding '{encoding}'{did_you_mean(encoding, known)}", path=path
        ) from None
    if codec.name == "utf-8":
        return decode_utf8(raw, path, hint=_encoding_hint(raw)), "utf-8"
    try:
        return raw.decode(encoding), codec.name
    except (UnicodeDecodeError, UnicodeError) as exc:
        start = exc.start if isinstance(exc, UnicodeDecodeError) else 0
        line = raw.count(b"\n", 0, start) + 1
        raise SuiteError(
            f"not {encoding}: byte 0x{raw[start]:02x} cannot be read",
            path=path,
            line=line,
            hint=_encoding_hint(raw),
        ) from None


def _encoding_hint(raw: bytes) -> str:
    """Say which encodings a file that is not UTF-8 may have, each with the line that would read
    so; never assume one.
    """
    found = candidates(raw)
    if not found:
        return "save the file as UTF-8"
    first, *others = found
    shown = "; ".join(f"{one.encoding}: {show(one.preview)}" for one in found)
    more = f" (or {', '.join(one.encoding for one in others)})" if others else ""
    return (
        f"choose the encoding in which this line is readable, {shown}; add `encoding:"
        f" {first.encoding}`{more} (bench init: --encoding), or save it as UTF-8"
    )


@dataclass(frozen=True, slots=True)
class Candidate:
    """An encoding that a file may have, and how its first telling line reads in it."""

    encoding: str
    preview: str


def candidates(raw: bytes) -> list[Candidate]:
    """Return up to five encodings in which the whole file can be read, the likeliest first.

    The order is charset-normalizer's (coherence with the languages it knows), with cp1252 first
    where every sign is one of western European text.
    """
    names: list[str] = ["cp1252"] if is_western(raw) else []
    names += [name for name in _detected(raw)[:_FEW] if name not in names]
    names += [name for name in _USUAL if name not in names]
    found: list[Candidate] = []
    seen: set[str] = set()
    for name in names:
        try:
            text = raw.decode(name)
        except (UnicodeDecodeError, LookupError):
            continue
        preview = _telling_line(text)
        if preview in seen or any(ord(char) < 32 and char not in "\t" for char in preview):
            continue
        seen.add(preview)
        found.append(Candidate(name, preview))
    return found[:_MOST_CANDIDATES]


def _detected(raw: bytes) -> list[str]:
    from charset_normalizer import from_bytes  # needed for odd files alone

    names: list[str] = []
    for match in from_bytes(raw[:_SAMPLE]):
        names.append(match.encoding.replace("_", "-"))
    return names


def _telling_line(text: str) -> str:
    """Return the part of the first line with signs beyond ASCII where those stand."""
    for line in text.splitlines():
        at = next((i for i, char in enumerate(line) if ord(char) > 127), None)
        if at is not None:
            start = max(0, at - 20)
            return line[start : start + _PREVIEW].strip()
    return text[:_PREVIEW]


def is_western(raw: bytes) -> bool:
    """Tell proof that a file is cp1252, the encoding of Excel on Windows in western Europe.

    Every sign beyond ASCII must be a usual one of western European text, letters stand inside
    words of ASCII letters (two beyond ASCII in a row at most), and most letters are ASCII: Russian,
    Greek, Polish or Chinese bytes read as cp1252 break one of these.
    """
    try:
        text = raw.decode("cp1252")
    except UnicodeDecodeError:
        return False
    beyond = [char for char in text if ord(char) > 127]
    if not beyond or any(char not in _WESTERN for char in beyond):
        return False
    ascii_letters = sum(1 for char in text if char.isascii() and char.isalpha())
    letters = [char for char in beyond if char.isalpha()]
    if len(letters) * 4 > ascii_letters:
        return False
    # õ before another letter than e is Hungarian ő (cp1250), not Portuguese
    return _ODD_RUN.search(text) is None and re.search(r"[õÕ](?![eE])", text) is None


def _utf16_without_mark(raw: bytes) -> str | None:
    """Return the UTF-16 of a file without a byte-order mark: text of any script has many zero or
    equal high bytes on one side, and decodes without unassigned signs.
    """
    sample = raw[:_SAMPLE]
    if len(raw) < 4 or len(raw) % 2 or b"\x00" not in sample:
        return None
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    encoding = "utf-16-le" if odd > even else "utf-16-be"
    if max(even, odd) < len(sample) / 2 * 0.02 or min(even, odd) > max(even, odd) * 0.05:
        return None
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError:
        return None
    for char in text:
        if char not in _BLANK and unicodedata.category(char) in ("Cn", "Co", "Cc"):
            return None
    return encoding if any(char in text for char in ",;\t\n") else None
