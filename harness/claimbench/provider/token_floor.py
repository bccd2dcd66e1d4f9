"""The fewest tokens that a text can have, whatever tokenizer counts them.

Words are parted by blanks in some scripts alone: a page of Chinese is a word or two by them, and so
is a line of hashes. Long texts of such characters are counted by their script.
"""

from __future__ import annotations

import re

BYTES_PER_TOKEN = 64
"""A token holds part of a word, seldom more than one, and never so many bytes of text."""
WORDS_PER_TOKEN = 3
LONG_WORDS = 40
LONG_WORDS_PER_TOKEN = 2
"""From so many words on, single tokens of several words even out: tokenizers that join words take
up to a third fewer tokens than others (SuperBPE, arXiv 2503.13423), which have one a word at least.
"""
LONG_DENSE = 120
"""Characters without blanks between words from which on single long tokens even out."""
HAN_PER_TOKEN, KANA_PER_TOKEN, UNSPACED_PER_TOKEN = 3, 4, 6
"""Characters a token has at most in such texts; o200k, which joins many, has 1.0 to 1.8 Han or kana
and 1.7 to 2.7 Thai, Khmer or Burmese ones.
"""
LONG_PIECES = 40
PIECES_PER_TOKEN = 1.5
"""Pieces are digits, five at most, and the letters before one: tokenizers part letters from digits,
and take one to three digits at once (a hash of 40 hex digits: 23 tokens by o200k, some 20 pieces).
"""
FEW_KINDS = 12
"""Fewer kinds of characters are a pattern, of which one token may hold much."""

_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_KANA = "\u3041-\u30ff\u31f0-\u31ff\uff66-\uff9f"
_UNSPACED = "\u0e01-\u0e5b\u0e81-\u0edf\u1000-\u109f\u1780-\u17ff"
"""Thai, Lao, Burmese and Khmer."""
_SCRIPTS = tuple(
    (re.compile(f"[{script}]+"), per_token)
    for script, per_token in (
        (_HAN, HAN_PER_TOKEN),
        (_KANA, KANA_PER_TOKEN),
        (_UNSPACED, UNSPACED_PER_TOKEN),
    )
)
_DENSE = re.compile(f"[{_HAN}{_KANA}{_UNSPACED}]+")
_PIECE = re.compile(r"[A-Za-z](?=[0-9])|([0-9])\1{3,}|[0-9]{1,5}")
_BLANKS = b" \t\n\r\v\f\x1c\x1d\x1e\x1f"
_MARK = "\x00"
_MARKED = str.maketrans(dict.fromkeys("0123456789", _MARK))

_WHOLE = 12
"""What a token counts for below, so that every share of one is a whole number."""


def can_have(text: str, tokens: int) -> bool:
    """Tell whether the text can have so few tokens."""
    if text.isascii():
        raw = text.encode()
        words = len(raw) - len(raw.translate(None, _BLANKS)) + 1  # at most; nearly all pass here
        if (
            2 * tokens >= words
            and tokens * BYTES_PER_TOKEN >= len(raw)
            and _digits(raw) < LONG_PIECES // 2
        ):
            return True
    return tokens >= least_tokens(text)


def least_tokens(text: str) -> int:
    """Return the fewest tokens that the text can have."""
    raw = text.encode("utf-8", "replace")
    of_bytes = -(-len(raw.translate(None, _BLANKS)) // BYTES_PER_TOKEN)
    counted = max(of_bytes * _WHOLE, _of_words(len(text.split())))
    dense = 0 if text.isascii() else _of_dense(text)
    pieces = 0 if _digits(raw) < LONG_PIECES // 2 else _of_pieces(text)
    if dense or pieces:
        marked = text.translate(_MARKED) if pieces else text
        marked = _DENSE.sub(_MARK, marked) if dense else marked
        others = sum(_MARK not in word for word in marked.split())
        counted = max(counted, dense + pieces + _of_words(others))
    return -(-counted // _WHOLE)


def _digits(raw: bytes) -> int:
    return len(raw) - len(raw.translate(None, b"0123456789"))


def _of_words(n: int) -> int:
    per_token = WORDS_PER_TOKEN if n < LONG_WORDS else LONG_WORDS_PER_TOKEN
    return n * _WHOLE // per_token


def _of_dense(text: str) -> int:
    """Count the scripts that put no blanks between words, in twelfths of a token; 0 where the text
    is not long.
    """
    runs = _DENSE.findall(text)
    whole = "".join(runs)
    if len(whole) < LONG_DENSE or len(set(whole)) < FEW_KINDS:
        return 0
    return sum(
        len("".join(script.findall(whole))) * _WHOLE // per_token for script, per_token in _SCRIPTS
    )


def _of_pieces(text: str) -> int:
    """Count digits and the letters before them, in twelfths of a token; 0 where there are few."""
    n = len(_PIECE.findall(text))
    return 0 if n < LONG_PIECES else int(n * _WHOLE / PIECES_PER_TOKEN)
