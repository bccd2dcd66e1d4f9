"""All rules in their order: of two that match equally much the first counts."""

from __future__ import annotations

from functools import cache

from claimbench.claims.language import lexicon as words
from claimbench.claims.language.tables import answers, bills, dollars, own, steering, times
from claimbench.claims.language.tables.comparisons import comparisons
from claimbench.claims.language.tables.nouns import of_noun
from claimbench.claims.language.tables.pieces import Rule


@cache
def _of_noun(dim: str) -> tuple[Rule, ...]:
    return tuple(of_noun(dim))


@cache
def _comparisons() -> tuple[Rule, ...]:
    return tuple(comparisons())


def rules_for(text: str) -> list[Rule]:
    """Return the rules that can match anywhere in a text, in their order."""
    named = [dim for dim, stems in words.NOUN_STEMS.items() if any(s in text for s in stems)]
    rules = [*dollars.RULES, *bills.RULES, *times.RULES, *answers.RULES, *steering.RULES]
    for dim in named:
        rules += _of_noun(dim)
    rules += [*_comparisons(), *own.RULES]
    return [rule for rule in rules if rule.may_match(text)]
