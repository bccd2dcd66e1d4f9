"""``choice``: which of a row's own options the answer names, by its letter or by its text.

For tasks with ``choices:`` in their dataset, which puts each row's options under letters. Letters
are found as ``label`` finds a label; an answer that names no letter, or several, is read by the
texts of the row's options. A letter beside the text of another option ("B, London" where B is
Paris) contradicts itself and is ``unparsable``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from claimbench.number_text.plain import folded, joined
from claimbench.scorers.base import brief, scored, squeeze, unparsable, visible
from claimbench.scorers.labels import LabelScorer
from claimbench.scorers.options import ScorerOptions, read_options
from claimbench.scorers.reading.languages.joining import AND, OR
from claimbench.scorers.reading.negation import is_denied
from claimbench.scorers.reading.stated import without_explanation
from claimbench.types import AnswerSpec, Json, Sample, Score, Task

_OPENED = re.compile(
    r"[*_`\"')\]]*\s?(?:[,.:)\](（，：、。\-–—=→]|is\s|ist\s|est\s|es\s|は|의|の|是|번)?\s*"
    r"[*_`\"'(（\[]*"
)
_SAID = re.compile(r"[*_`\"')\]）]*\s*(?:\Z|[.,;:!?)\]（(。，；、]|です|입니다|이다)")
_BRACKET = re.compile(r"[*_`\"']*\s?[(\[（:：–—=→-]\s?[*_`\"']*(?:option |answer )?\Z")
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class ChoiceOptions(ScorerOptions):
    """Options of ``choice``."""

    texts: bool = True
    """An answer may name its option by its text; false: by its letter alone."""


class ChoiceScorer:
    """1 if the answer names the right option of its row, 0 if it names another."""

    name = "choice"
    version = "4"

    def __init__(self, options: Mapping[str, Json] | None = None) -> None:
        self._options = read_options(ChoiceOptions, options or {}, self.name)
        self._reader = LabelScorer()

    def check(self, answer: AnswerSpec) -> str | None:
        """Refuse an answer space that is not letters."""
        letters = answer.kind == "label" and all(label in LETTERS for label in answer.labels)
        if letters and answer.labels:
            return None
        return "the scorer choice needs answers of type label, with the labels A, B, …"

    def score(self, call_id: str, text: str, sample: Sample, task: Task) -> Score:  # noqa: ARG002 - the protocol's
        """See :class:`claimbench.scorers.base.Scorer`; raises ValueError for a row without
        options.
        """
        options = sample.input.get("options")
        if not isinstance(options, list) or len(options) < 2:
            raise ValueError("the row has no options: the dataset needs `choices:`")
        found = self._read(visible(text), [str(option) for option in options])
        if found is None:
            return unparsable(self, call_id, f"{brief(text)} names no option, or several")
        why = f"read as {found}; right is {sample.target}"
        return scored(self, call_id, float(found == sample.target), why)

    def _read(self, text: str, options: list[str]) -> str | None:
        """Return the letter of the option that an answer names; None for none, for several, and
        for a letter beside the text of another option.
        """
        letters = LETTERS[: len(options)]
        whole = LabelScorer({"search": False})
        texts = tuple(options)
        exact = whole.read(text, texts) if self._options.texts else ()
        alone = re.search(rf"(?<!\w)[{letters}](?!\w)", text)
        if alone and len(exact) == 1 and alone.group() not in exact[0]:
            exact = ()  # by its value: "B: 100" names no option 100
        if len(exact) == 1 and exact[0].strip().upper() not in letters:
            return letters[options.index(exact[0])]
        shown = _without_letters_of(text, options)
        named = self._reader.read(shown, tuple(letters))
        if len(named) != 1:
            named = self._reader.read(without_explanation(shown), tuple(letters)) or named
        if len(named) == 1 and _only_in_pairs(named[0], text, letters):
            return None
        if len(named) == 1:
            beside = _options_beside(named[0], text, options) if self._options.texts else set()
            own = letters.index(named[0]) in beside
            if (beside and not own) or (not own and _is_denied(named[0], text)):
                return None
            return named[0]
        by_text = self._reader.read(text, texts) if self._options.texts else ()
        return letters[options.index(by_text[0])] if len(by_text) == 1 and not named else None


def _only_in_pairs(letter: str, text: str, letters: str) -> bool:
    """Return whether a letter is named only as one of two: A or B."""
    alone = rf"(?<!\w)(?:{letter})(?!\w)"
    pairs = [
        found.span()
        for found in re.finditer(
            rf"(?<!\w)([{letters}])[.)*]{{0,3}} ?(?i:{OR}|{AND}) ?[(*]{{0,3}}([{letters}])(?!\w)",
            text,
        )
        if letter in found.groups() and len(set(found.groups())) == 2
    ]
    return bool(pairs) and all(
        any(start <= found.start() < end for start, end in pairs)
        for found in re.finditer(alone, text)
    )


def _is_denied(letter: str, text: str) -> bool:
    """Return whether an answer says of its last mention of a letter that it is wrong: B: wrong."""
    places = list(re.finditer(rf"(?<!\w){letter}(?!\w)", text))
    return bool(places) and is_denied(*places[-1].span(), text)


def _without_letters_of(text: str, options: list[str]) -> str:
    """Return a text without those option texts in which a letter stands alone: Vitamin C."""
    for option in options:
        if len(option.strip()) > 2 and re.search(r"(?<!\w)[A-Za-z](?!\w)", option):
            text = re.sub(re.escape(option.strip()), "…", text, flags=re.IGNORECASE)
    return text


def _options_beside(letter: str, text: str, options: list[str]) -> set[int]:
    """Return the indices of the options whose texts stand beside a letter: "B, Paris", "Paris (B)".

    Where a letter stands several times, one with its own text settles it.
    """
    plain = folded(squeeze(text))
    found: set[int] = set()
    for place in re.finditer(rf"(?<![a-z0-9à-ÿа-я]){letter.lower()}(?![a-z0-9à-ÿа-я])", plain):
        behind = _OPENED.match(plain, place.end())
        index = None if behind is None else _option_at(plain, behind.end(), options)
        if index is None:
            index = _option_before(plain, place.start(), options)
        if index is not None:
            found.add(index)
    return found


def _option_at(text: str, place: int, options: list[str]) -> int | None:
    """Return the option whose text stands at a place and ends there what is said."""
    best: tuple[int, int] | None = None
    for index, option in enumerate(options):
        form = folded(squeeze(option))
        if form and text.startswith(form, place) and _SAID.match(text, place + len(form)):
            best = max(best or (0, 0), (len(form), index))
    return None if best is None else best[1]


def _option_before(text: str, place: int, options: list[str]) -> int | None:
    before = _BRACKET.search(text[:place])
    if before is None:
        return None
    for index, option in enumerate(options):
        form = folded(squeeze(option))
        if form and text.endswith(form, 0, before.start()):
            first = before.start() - len(form)
            if first == 0 or not joined(text[first - 1], text[first]):
                return index
    return None
