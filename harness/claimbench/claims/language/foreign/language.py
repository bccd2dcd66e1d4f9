"""What a language needs to be read: its words for bounds, numbers and joints, and its forms."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Language:
    """Words of one language.

    ``marks``: letters of which a sentence in it holds at least one; ``joints``: what stands between
    two statements; ``elided``: what a second statement leaves out before and after itself;
    ``fillers``: words that say nothing.
    ``forms``: pattern, dimension, way, sign; ``A`` and ``B`` stand for arms, ``Q`` for an amount,
    ``IST`` for "is", ``NEG`` for an optional "not", ``DEG`` for an optional degree without amount.
    """

    name: str
    marks: tuple[str, ...]
    bounds: tuple[tuple[str, str], ...]
    after: tuple[tuple[str, str], ...]
    factors: tuple[tuple[str, Fraction], ...]
    numbers: tuple[tuple[str, int], ...]
    times: str
    copula: str
    negation: str
    degrees: str
    joints: str
    elided: tuple[tuple[str, str], ...]
    fillers: str
    forms: tuple[tuple[str, str, str, int], ...]
