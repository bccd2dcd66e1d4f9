# ruff: noqa: E501 - tables of words
"""Adjectives: "cheaper", "the best", "fast", "as accurate as"."""

from __future__ import annotations

from collections.abc import Iterator

from claimbench.claims.language import lexicon as words
from claimbench.claims.language.tables.pieces import DEG, Q, Rule, needing, rule, stems


def comparisons() -> Iterator[Rule]:
    """Yield the rules of comparatives, superlatives, bare adjectives and "as ... as"."""
    for adjective, dim, sign in words.COMPARATIVES:
        yield from needing(
            stems(adjective),
            (
                rule(rf"{Q} (?:{adjective})", dim, "comp", sign),
                rule(rf"{DEG}(?:{adjective}) by (?:a margin of )?{Q}", dim, "comp", sign),
                rule(rf"{DEG}(?:{adjective})", dim, "comp", sign),
                rule(
                    rf"(?:an? |the )?{DEG}(?:{adjective}) (?:alternative|option|choice|model) (?:to|than)",
                    dim,
                    "comp",
                    sign,
                ),
            ),
        )
    for adjective, dim, sign in words.SUPERLATIVES:
        yield rule(
            rf"(?:the |our )?(?:very |single )?(?:{adjective})(?: (?:one|choice|option|provider|performer|ttft|time to first token))?",
            dim,
            "best",
            sign,
            needs=stems(adjective),
        )
    for adjective, dim, sign in words.BARE:
        yield rule(
            rf"(?:very |really |extremely )?(?:{adjective})",
            dim,
            "bare",
            sign,
            needs=stems(adjective),
        )
    for adjective, dim, sign in words.POSITIVES:
        yield rule(
            rf"(?:(?:just|every bit|almost|nearly|about|roughly|virtually) )?as (?:{adjective})(?: as)?",
            dim,
            "as",
            sign,
            needs=stems(adjective),
        )
        yield rule(
            rf"{Q} as (?:{adjective})(?: as)?", dim, "times_as", sign, needs=stems(adjective)
        )
        yield rule(
            rf"(?:equally|(?:exactly|precisely) as|just precisely as) (?:{adjective})(?: as)?",
            dim,
            "equal",
            sign,
            needs=stems(adjective),
        )
        yield rule(
            rf"as (?:{adjective})(?: as)?,? or (?:even )?(?:\w+er|(?:more|less) \w+)(?: than)?",
            dim,
            "atleast",
            sign,
            needs=stems(adjective),
        )
        yield rule(
            rf"at least as (?:{adjective})(?: as)?", dim, "atleast", sign, needs=stems(adjective)
        )
