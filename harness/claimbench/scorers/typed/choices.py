"""``choice``: which of a row's own options the answer names, by its letter or by its text.

For tasks with ``choices:`` in their dataset, which puts each row's options under letters. Letters
are found as ``label`` finds a label; an answer that names no letter, or several, is read by the
texts of the row's options.
"""

from __future__ import annotations

from collections.abc import Mapping

from claimbench.scorers.base import brief, scored, unparsable, visible
from claimbench.scorers.labels import LabelScorer
from claimbench.scorers.options import ScorerOptions, read_options
from claimbench.types import AnswerSpec, Json, Sample, Score, Task

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class ChoiceOptions(ScorerOptions):
    """Options of ``choice``."""

    texts: bool = True
    """An answer may name its option by its text; false: by its letter alone."""


class ChoiceScorer:
    """1 if the answer names the right option of its row, 0 if it names another."""

    name = "choice"
    version = "1"

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
        """Return the letter of the option that an answer names; None for none, or several."""
        letters = LETTERS[: len(options)]
        whole = LabelScorer({"search": False})
        texts = tuple(options)
        exact = whole.read(text, texts) if self._options.texts else ()
        if len(exact) == 1 and exact[0].strip().upper() not in letters:
            return letters[options.index(exact[0])]
        named = self._reader.read(text, tuple(letters))
        if len(named) == 1:
            return named[0]
        by_text = self._reader.read(text, texts) if self._options.texts else ()
        return letters[options.index(by_text[0])] if len(by_text) == 1 else None
