"""All rules in their order: of two that match equally much the first counts."""

from __future__ import annotations

from claimbench.claims.language import lexicon as words
from claimbench.claims.language.tables import answers, dollars, own, times
from claimbench.claims.language.tables.comparisons import comparisons
from claimbench.claims.language.tables.nouns import of_noun
from claimbench.claims.language.tables.pieces import Rule, needing

RULES: tuple[Rule, ...] = (
    *dollars.RULES,
    *times.RULES,
    *answers.RULES,
    *(rule for dim in words.NOUNS for rule in needing(words.NOUN_STEMS[dim], of_noun(dim))),
    *comparisons(),
    *own.RULES,
)


def rules_for(text: str) -> list[Rule]:
    """Return the rules that can match anywhere in a text, in their order."""
    return [rule for rule in RULES if rule.may_match(text)]
