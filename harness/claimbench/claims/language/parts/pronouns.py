"""Words that stand for arms named before: read where one reading is left, else refused."""

from __future__ import annotations

import re
from collections.abc import Sequence

from claimbench.claims.language import lexicon as words
from claimbench.claims.language.parts.chunks import Chunk
from claimbench.errors import ClaimError

_PLACES = frozenset(
    {"task", "slice", "in_dim", "noun", "dim", "dim_of", "quantile", "ttft", "e2e", "every"}
    | {"per_token", "per_request", "per_correct", "list_price"}
)
_BETWEEN = frozenset({"verb", "not", "always", "sometimes", "hedge", "never"})
TAKES_OBJECT = (
    r"(?:\b(?:what|as|with|to|than|of|by|from|behind|above|below|ahead of|on|over|under|for"
    r"|against|short of)"
    rf"|\b{words.BEAT}|\b{words.MATCH}|\b{words.EQUAL}|\b{words.OR_BETTER}"
    r"|\btrail(?:s|ing)?|\blead(?:s|ing)?"
    r"|\bunderperform(?:s|ed|ing)?|\bundercut(?:s|ting)?)$"
)
"""What an arm may follow: prepositions and verbs at the end of what is said."""
_PLURAL = re.compile(r"(?:are|were|have|do|cost|have been)\b.*")


def without_pronouns(chunks: Sequence[Chunk]) -> list[Chunk]:
    """Leave out each "both" and "this" that says nothing: "both cheaper and faster", "this model".

    Raises:
        ClaimError: a word that stands for arms named before, or that may.
    """
    _nobody_is_theirs(chunks)
    out = []
    for at, chunk in enumerate(chunks):
        if chunk.kind == "both" and not _says_nothing(chunks, at):
            raise ClaimError(
                "'both': which two are meant?",
                hint='name them: "beta and gamma are ...", "... than beta and gamma"',
            )
        if chunk.kind == "this" and any(earlier.kind == "arm" for earlier in chunks[:at]):
            raise _whom(chunk.text)
        if chunk.kind not in {"both", "this"}:
            out.append(chunk)
    return out


def is_apposition(before: Chunk | None, chunk: Chunk) -> bool:
    """Tell whether words say what the arm before them is: "than beta, a less accurate model"."""
    if before is None or not (before.kind == "comma" or before.text.strip() == "-"):
        return False
    text = chunk.match.string[before.start + len(before.text) :]
    between = chunk.match.string[before.start + len(before.text) : chunk.start]
    if chunk.rule is not None and chunk.rule.attach:
        return re.match(r" ?(?:an?|the) .*\b(?:model|system|llm|version)\b", between) is not None
    return re.match(r" ?(?:an?|the) ", text) is not None


def _nobody_is_theirs(chunks: Sequence[Chunk]) -> None:
    """Refuse "alpha is cheaper than beta and gamma, and their latency is lower"."""
    text = chunks[0].match.string if chunks else ""
    found = re.search(r"\btheir\b", text)
    if found is None:
        return
    arms = [chunk for chunk in chunks if chunk.kind == "arm" and chunk.start < found.start()]
    said = next((chunk.start for chunk in chunks if chunk.kind in {"said", "verb"}), len(text))
    subjects = [chunk for chunk in arms if chunk.start < said]
    if len(subjects) == 1 < len(arms):
        raise _whom("their")


def _whom(text: str) -> ClaimError:
    return ClaimError(f"it is not clear whom {text!r} means", hint="name the arm instead")


def _says_nothing(chunks: Sequence[Chunk], at: int) -> bool:
    before = chunks[at - 1] if at else None
    after = chunks[at + 1] if at + 1 < len(chunks) else None
    if before is not None and _takes_arms(before):
        return False
    if after is None:
        return _pair_before(chunks, at)
    joins = any(chunk.kind == "and" for chunk in chunks[at + 1 :])
    if after.kind in _PLACES:
        return joins
    if before is None or _of_two_subjects(chunks, at):
        return joins or before is not None
    return joins and _of_one_subject(chunks, at)


def _takes_arms(before: Chunk) -> bool:
    if before.kind in {"compare", "as", "unlike"}:
        return True
    return before.kind == "said" and re.search(TAKES_OBJECT, before.text.strip()) is not None


def _pair_before(chunks: Sequence[Chunk], at: int) -> bool:
    """Tell whether two arms stand right before a place: "beta and gamma both"."""
    kinds = [chunk.kind for chunk in chunks[max(at - 3, 0) : at]]
    return kinds == ["arm", "and", "arm"]


def _of_two_subjects(chunks: Sequence[Chunk], at: int) -> bool:
    """Tell whether two arms and no more are what the words at a place are said of."""
    start = at
    while start and chunks[start - 1].kind in _BETWEEN:
        start -= 1
    if not _pair_before(chunks, start):
        return False
    ahead = [chunk.kind for chunk in chunks[: start - 3]]
    if not ahead or ahead == ["compare", "arm", "comma"]:
        return True
    return ahead[-1] in {"comma", "and", "but"} and ahead[-2:-1] != ["arm"]


def _of_one_subject(chunks: Sequence[Chunk], at: int) -> bool:
    """Tell whether "both" opens a list of two things said of the sentence's first subject."""
    before = chunks[at - 1]
    kinds = [chunk.kind for chunk in chunks[:at]]
    if kinds in (["arm"], ["arm", "comma"]):
        return True
    if before.kind not in {"verb", "not"} or _PLURAL.fullmatch(before.text):
        return False
    joined = [chunk for chunk in chunks[:at] if chunk.kind in {"and", "but", "comma"}]
    return not joined or chunks[0].kind == "compare"
