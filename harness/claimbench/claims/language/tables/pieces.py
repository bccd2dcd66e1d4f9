# ruff: noqa: E501 - tables of words
"""Pieces that the tables of predicates are made of: marks of amounts, objects, units, and a rule."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache

from claimbench.claims.language import lexicon as words

Q = r"<(?P<qk>[poxf])(?P<q>\d+)>"
PTS_PCT = r"<(?P<qk>[pof])(?P<q>\d+)>"
U = r"<(?P<qk>u)(?P<q>\d+)>"
D = r"<(?P<qk>d)(?P<q>\d+)>"
N = r"<(?P<qk>n)(?P<q>\d+)>"
P = r"(?:p-?(?P<p>\d{2}(?:\.\d+)?)|(?P<pth>\d{2}(?:\.\d+)?)(?:th|st|nd|rd|%)?[- ](?:percentile|pctl|%-?ile)|(?P<median>median|typical))"
ARM = r"⟦a\d+⟧"
VERB = rf"(?:{words.BE}|{words.HAVE}|can|also|not|never|{words.BEAT}|{words.MATCH}|{words.CUT})"
_MORE_ARMS = rf"(?:(?:, and |, or |, | and | or |/)(?:the |both )?{ARM}(?!(?:'s?)?,? (?:{VERB}|which|who|that)\b)(?!'))"
OBJ = rf"(?:the |either |both |all |any of |each of )?(?P<obj>{ARM}{_MORE_ARMS}*)"
DEG = rf"(?:(?P<deg>{words.DEGREES}) )?(?:even |still )?"
_ANY_NOUN = "|".join(f"(?:{n})" for n in words.NOUNS.values())
ITEMS = r"(?:the |all |its |our )?(?:test )?(?:questions?|items?|tasks?|problems?|cases|requests?|queries|prompts|samples|examples|answers|responses|replies|calls|inputs|times?|tickets|interactions|conversations|messages)"
PER = (
    r"(?:per|for|/|a|every|each|for every|for each) ?(?P<per>(?:<n(?P<count>\d+)>|thousand|million|1k)? ?"
    r"(?:(?:input |output |prompt |completion |blended )?tokens?|requests?|calls?|quer(?:y|ies)|prompts?|answers?|responses?|items?|messages?|documents?|classifications?"
    r"|correct answers?|right answers?)?)(?![\w])"
)


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: pattern, dimension, way, sign, and what else follows from the words.

    ``needs``: every match holds one of these; ``marks``: every match holds an amount of one of
    these kinds. Hundreds of patterns take half a second to compile, so that one is compiled only
    for a text that has what it needs.
    """

    source: str
    dim: str
    way: str
    sign: int = 0
    swap: bool = False
    attach: bool = False
    unit: str = ""
    needs: tuple[str, ...] = ()
    marks: str = ""

    @property
    def pattern(self) -> re.Pattern[str]:
        """Return the compiled pattern."""
        return compiled(self.source)

    def may_match(self, text: str) -> bool:
        """Tell at little cost whether the pattern can match anywhere in a text."""
        if self.marks and not any(f"<{kind}" in text for kind in self.marks):
            return False
        return not self.needs or any(need in text for need in self.needs)


@cache
def compiled(source: str) -> re.Pattern[str]:
    """Compile a pattern once."""
    return re.compile(source)


def rule(pattern: str, dim: str, way: str, sign: int = 0, **more: object) -> Rule:
    """Make a rule whose match ends at the end of a word."""
    kinds = re.search(r"\(\?P<qk>\[?([a-z]+)\]?\)", pattern)
    marks = kinds[1] if kinds else ""
    return Rule(pattern + r"(?![\w'])(?!>)", dim, way, sign, marks=marks, **more)  # type: ignore[arg-type]


def needing(needs: Iterable[str], rules: Iterable[Rule]) -> Iterator[Rule]:
    """Give rules what every match of them holds: one of these."""
    return (replace(made, needs=tuple(needs)) for made in rules)


def stems(alternatives: str) -> tuple[str, ...]:
    """Return the letters that each alternative of a pattern begins with; empty where one has none."""
    found = []
    for one in re.split(r"\|(?![^(]*\))", alternatives):
        letters = re.match(r"[a-z ]*", one)
        start = letters[0] if letters else ""
        optional = one[len(start) : len(start) + 1] in {"?", "*"}
        start = start[:-1] if optional else start
        if not start:
            return ()
        found.append(start)
    return tuple(found)
