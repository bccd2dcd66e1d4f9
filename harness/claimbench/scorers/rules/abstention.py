"""Whether an answer says that it cannot be given: "The passages do not say." in several languages.

An answer is taken apart into statements, at every sign and word that joins two of them. One that
abstains, and says nothing else but why, what was looked at, whom to ask and that it is sorry, is an
abstention. One with a claim beside it ("unanswerable. 19:50", "It is 12; they do not say why") is
an answer, whichever stands first. That depends on the answer's words alone and not on what is
right, so that no answer can be paid as both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from claimbench.number_text.plain import typographic
from claimbench.scorers.rules import abstention_words as w

SHORT = frozenset(
    {
        "unanswerable", "not answerable", "unknown", "n/a", "na", "none", "null", "nothing",
        "no answer", "not stated", "not given", "not mentioned", "not specified", "not found",
        "not available", "not provided", "no information", "insufficient information",
        "cannot answer", "can't answer", "i don't know", "i do not know", "don't know", "no idea",
        "unbekannt", "nicht beantwortbar", "keine angabe", "keine antwort", "weiß nicht",
        "nicht angegeben", "inconnu", "sans réponse", "je ne sais pas", "non précisé",
        "desconocido", "sin respuesta", "no lo sé", "no se sabe", "sconosciuto", "non lo so",
        "no especificado", "no indicado", "não informado", "niet vermeld", "не указано",
        "无", "無", "なし", "不明",
    }
)  # fmt: skip
"""Whole statements that abstain, without case and the signs at their ends."""

VALUE = "\ufdd0"
"""A sign (no character of any text) for a right answer that stands in the words; see `abstains`."""

_SIGNS = " .!。*_\"'`()[]#>-–—:,;~^“”«»"
_ALTERNATIVES = re.compile(r"\b(?:and|or|nor|und|oder|et|ou|y|o|e|en|of|и|или)\b", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*|" + VALUE)
_SHORTHAND = re.compile(
    r"\b(e\.g|i\.e|n/a|p\.|pp\.|no\.|nr\.|u\.a|z\.b|p\.ej)(?=\W|\d|\Z)\.?", re.I
)
_SUBJECT_IS = re.compile(
    r"\b(?:is|are|was|were|remains?|ist|sind|bleibt|est|sont|es|è|é|is het)\W*\Z", re.IGNORECASE
)
"""What stands before "unknown" is what is unknown: "the fare is unknown"."""


def abstains(text: str, further: Sequence[str] = ()) -> bool:
    """Return whether an answer says that it cannot be given, and claims nothing beside that.

    Args:
        text: the answer without its citations; right answers in it may be replaced by
            :data:`VALUE`, which is always a claim where it is a statement of its own.
        further: the suite's own words for it, found anywhere in the answer without case.
    """
    said = typographic(text).replace("\u2019", "'")
    said = _SHORTHAND.sub(lambda m: "unknown" if m[1].lower() == "n/a" else " ", said)
    own = [typographic(one).strip() for one in further if one.strip()]
    if own:
        words = "|".join(r"\s+".join(map(re.escape, one.split())) for one in own)
        said = re.sub(rf"(?<!\w)(?:{words})(?!\w)", "; unanswerable; ", said, flags=re.IGNORECASE)
    found = False
    for statement in _statements(said):
        if statement.strip(_SIGNS).casefold() in SHORT:
            found = True
            continue
        match = w.ABSTAINS.search(statement)
        if match is None:
            if _claims(statement):
                return False
            continue
        found = True
        if _claims_beside(statement, match):
            return False
    return found


def _statements(text: str) -> Iterator[str]:
    """Yield the statements of a text: what stands between signs and words that join two."""
    for one in w.SPLITS.split(text):
        if one.strip(_SIGNS):
            yield " ".join(one.split())


def _claims_beside(statement: str, found: re.Match[str]) -> bool:
    """Return whether a claim stands in the statement that abstains, before it or behind."""
    lead = w.COMMA.split(statement[: found.start()])
    if any(_claims(piece) for piece in lead[:-1]):
        return True
    bare = w.IS_BARE.fullmatch(found[0]) is not None
    if bare and _claims(lead[-1]) and _SUBJECT_IS.search(lead[-1]) is None:
        return True
    first, *rest = w.COMMA.split(statement[found.end() :])
    spoken = first.strip(_SIGNS)
    again = w.ABSTAINS.search(first)
    if bare and spoken and again is None and not w.OBJECT.match(first) and _claims(first):
        return True
    if not rest:
        return False
    listed = _ALTERNATIVES.search(" ".join(rest)) is not None
    for piece in rest:
        if not _claims(piece) or w.OBJECT.match(piece):
            continue
        if not spoken or w.STATES.match(piece) or (_has_value(piece) and not listed):
            return True
    return False


def _claims(statement: str) -> bool:
    """Return whether a statement without an abstention claims something."""
    if not _telling(statement) or w.ABSTAINS.search(statement):
        return False
    value = _has_value(statement)
    if w.ADVICE.search(statement):
        return bool(w.STATES.match(statement)) and value
    reason = w.REASON.match(statement)
    if reason and w.STATES.match(statement[reason.end() :]):
        return True
    head, *rest = w.COMMA.split(statement)
    if rest and not _telling(w.ASIDE.sub(" ", head)):
        return any(_claims(piece) for piece in rest)
    if reason or w.ASIDE.search(statement):
        return value and not w.ONLY.search(statement)
    if w.ABOUT_TEXTS.search(statement):
        return not w.ONLY.search(statement) and (value or bool(w.SUGGESTS.search(statement)))
    return True


def _telling(statement: str) -> bool:
    """Return whether anything but filler stands in a statement."""
    return any(word not in w.FILLER for word in _WORD.findall(statement.casefold()))


def _has_value(text: str) -> bool:
    """Return whether a right answer or a number stands in a text."""
    return VALUE in text or any(char.isdigit() for char in text)
