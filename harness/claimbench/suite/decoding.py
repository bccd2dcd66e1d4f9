"""Bytes of a file -> text, strictly: a byte that does not fit is named with its line, never
replaced.
"""

from __future__ import annotations

import codecs
import contextlib
import encodings.aliases

from claimbench.error_words import did_you_mean
from claimbench.errors import SuiteError


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
    """Decode by the encoding that was stated, else a byte-order mark's, else UTF-8.

    Returns the text and the encoding's name; raises SuiteError for an encoding that does not exist,
    or with the line of a wrong byte.
    """
    if encoding is None:
        if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            encoding = "utf-16"
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
    """Say which encoding a file that is not UTF-8 probably has; never assume it."""
    for encoding in ("cp1252", "latin-1"):
        with contextlib.suppress(UnicodeDecodeError):
            raw.decode(encoding)
            return (
                f"if the file comes from Excel or Windows, add `encoding: {encoding}`; or save it"
                " as UTF-8"
            )
    return "save the file as UTF-8"
