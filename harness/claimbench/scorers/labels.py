"""``label``: which of the task's labels does the answer name?

Reading, in this order, after Unicode NFKC, case folding, and punctuation and blanks taken as one
blank:

1. the whole answer is a label;
2. one label occurs in the answer as whole words (``lost_card`` in "a lost card"); a label inside a
   longer one that also occurs does not count. Several different labels, or none, are
   ``unparsable``.

Where every label begins or ends with punctuation (``(A)``, ``(B)``) it is looked for as written
first, so that "(B) a film" is not read as two. Labels that lose their difference with their
punctuation (``c`` and ``c++``) keep it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

from claimbench.scorers.base import brief, outermost_names, scored, squeeze, unparsable, visible
from claimbench.types import AnswerSpec, Json, Sample, Score, Task


class LabelScorer:
    """1 if the answer names the target, 0 if it names another label."""

    name = "label"
    version = "1"

    def __init__(self, options: Mapping[str, Json] | None = None) -> None:
        self._search = True
        if options:
            from claimbench.scorers.options import LabelOptions, read_options

            self._search = read_options(LabelOptions, options, self.name).search

    def check(self, answer: AnswerSpec) -> str | None:
        """Refuse an answer space without labels."""
        return (
            None
            if answer.kind == "label"
            else f"the scorer label needs answers of type label, not {answer.kind}"
        )

    def score(self, call_id: str, text: str, sample: Sample, task: Task) -> Score:
        """See :class:`claimbench.scorers.base.Scorer`."""
        found = _read(text, task.answer.labels, self._search)
        if len(found) != 1:
            what = f"names {len(found)} labels ({', '.join(found)})" if found else "names no label"
            return unparsable(self, call_id, f"{brief(text)} {what}")
        right = found[0] == sample.target
        return scored(self, call_id, float(right), f"read as {found[0]}; right is {sample.target}")

    def read(self, text: str, labels: tuple[str, ...]) -> tuple[str, ...]:
        """Return the labels that ``text`` names, in order of first appearance; one means it could
        be read.
        """
        return _read(text, labels, self._search)


@lru_cache(maxsize=4096)
def _read(text: str, labels: tuple[str, ...], search: bool) -> tuple[str, ...]:
    """What answers are read as; models that classify give the same few answers again and again."""
    strict, loose = _forms(labels)
    shown = visible(text)
    readings = [(strict, squeeze(shown).casefold())] if strict else []
    if loose:
        readings.append((loose, _loose(shown)))
    for forms, answer in readings:
        whole = [label for label, form in forms.items() if form == answer]
        if whole:
            return tuple(whole)
    if search:
        for forms, answer in readings:
            found = _search(forms, answer)
            if found:
                return found
    return ()


@lru_cache(maxsize=64)
def _forms(labels: tuple[str, ...]) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """How labels may be written: label -> strict form, label -> loose form; empty where that
    reading is not used.

    The loose one (words only) is used unless it makes two labels one; the strict one where signs at
    the ends of a label may matter, or the loose one cannot be used.
    """
    strict = {label: squeeze(label).casefold() for label in labels}
    loose = {label: _loose(label) for label in labels}
    if not (all(loose.values()) and len(set(loose.values())) == len(labels)):
        return strict, {}
    signs = all(not (form[0].isalnum() and form[-1].isalnum()) for form in strict.values())
    return (strict if signs else {}), loose


def _search(forms: Mapping[str, str], answer: str) -> tuple[str, ...]:
    spans = [(*span, label) for label, form in forms.items() for span in _occurrences(form, answer)]
    return tuple(outermost_names(spans))


def _loose(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(re.sub(r"[\W_]+", " ", folded).split())


def _occurrences(form: str, answer: str) -> list[tuple[int, int]]:
    # scripts without blanks between words have no word ends to ask for
    unspaced = any(unicodedata.category(char) == "Lo" for char in form)
    pattern = re.escape(form) if unspaced else rf"(?<!\w){re.escape(form)}(?!\w)"
    return [match.span() for match in re.finditer(pattern, answer)]
