"""``exact`` and ``regex``: the answer as text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from pydantic import Field, field_validator

from claimbench.number_text.accounts import is_account
from claimbench.number_text.plain import folded, is_word, plain, typographic
from claimbench.patterns.timed import PatternTooLong, TimedPattern
from claimbench.scorers.base import brief, scored, squeeze, unparsable, visible
from claimbench.scorers.options import ScorerOptions, read_options
from claimbench.scorers.reading.answers import as_text, right_answers
from claimbench.types import Json, Sample, Score, Task

_THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])")
_MEANT = re.compile(
    r"[\w\s+<>=≤≥≠±×÷√%‰#°¬∞$€£¥₹₩₽₺₫฿₴₦₱₪¢]"
    r"|[.,:/](?=\d)|(?<=\d)['](?=\d)|-(?=\s?[.,]?\d)|(?<=\w)-(?!\w)|\^(?=[-\d({])"
    r"|(?<=\d)[*](?=\d)|(?<=\d)!"
)
"""What is no punctuation: signs of numbers, units and names."""


def _without_punctuation(text: str) -> str:
    """Return a text without its punctuation, as long as that leaves no other number or name."""
    bare = _THOUSANDS.sub(lambda found: found.group().replace(",", ""), text)
    kept = "".join(
        char
        for place, char in enumerate(bare)
        if is_word(char) or _MEANT.match(bare, place) is not None
    )
    negative = is_account(text.strip()) and text.strip()[0] == "("
    return f"-{kept}" if negative else kept


class TextOptions(ScorerOptions):
    """Options of ``exact``."""

    ignore_case: bool = False
    """Compare without case."""
    ignore_punctuation: bool = False
    """Compare without punctuation. Signs that make another text are none: 3.5, AB-, C#, 5%."""
    aliases: list[str] = Field(default_factory=list)
    """Columns with further right answers: lists, or texts parted by the separator."""
    separator: str = Field(default="|", min_length=1)
    """What parts several answers in one cell."""


class ExactScorer:
    """1 if the answer is the target. Unicode form, blanks, invisible characters and the typography
    of quotes and hyphens never count; case and punctuation do unless told so. Superscripts are no
    digits.
    """

    name = "exact"
    version = "3"

    def __init__(self, options: Mapping[str, Json] | None = None) -> None:
        self._options = read_options(TextOptions, options or {}, self.name)

    def score(self, call_id: str, text: str, sample: Sample, task: Task) -> Score:  # noqa: ARG002 - the protocol's
        """See :class:`claimbench.scorers.base.Scorer`."""
        answer = self._normal(visible(text))
        right = [
            self._normal(each)
            for each in right_answers(sample, self._options.aliases, self._options.separator)
        ]
        why = f"{brief(answer)} against {' or '.join(map(brief, right[:5]))}"
        return scored(self, call_id, float(answer in right), why)

    def _normal(self, text: str) -> str:
        if self._options.ignore_punctuation:
            text = _without_punctuation(typographic(plain(text)))
        text = typographic(squeeze(text))
        return folded(text) if self._options.ignore_case else text


class RegexOptions(ScorerOptions):
    """Options of ``regex``."""

    pattern: str = Field(min_length=1)
    """With a group: what the group finds is compared with the target. Without: finding it is the
    score.
    """
    which: Literal["first", "last"] = "first"
    """Which occurrence counts."""
    ignore_case: bool = False
    """Search and compare without case."""

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, value: str) -> str:
        try:
            TimedPattern(value)
        except ValueError as exc:
            raise ValueError(str(exc).removeprefix(f"{value!r} is ")) from None
        return value


class RegexScorer:
    r"""Finds the answer by a pattern (``^`` and ``$`` are line ends), then compares as ``exact``
    does.

    A target that itself matches the pattern is read by it too, so that ``\(([A-Z])\)`` fits the
    target ``(B)``.
    """

    name = "regex"
    version = "4"

    def __init__(self, options: Mapping[str, Json] | None = None) -> None:
        self._options = read_options(RegexOptions, options or {}, self.name)
        flags = re.MULTILINE | (re.IGNORECASE if self._options.ignore_case else 0)
        self._pattern = TimedPattern(self._options.pattern, flags)

    def score(self, call_id: str, text: str, sample: Sample, task: Task) -> Score:  # noqa: ARG002 - the protocol's
        """See :class:`claimbench.scorers.base.Scorer`."""
        found = self._find(visible(text))
        if not self._pattern.groups:
            return scored(
                self,
                call_id,
                float(found is not None),
                "pattern found" if found else "pattern not found",
            )
        if found is None:
            return unparsable(self, call_id, f"the pattern finds nothing in {brief(text)}")
        target = as_text(sample.target)
        try:
            wanted = self._find(target)
        except PatternTooLong as error:  # the row's doing, not the answer's
            raise ValueError(f"the target {brief(target)}: {error}") from None
        right = self._normal(found) == self._normal(target if wanted is None else wanted)
        return scored(
            self, call_id, float(right), f"read as {brief(found)}; right is {brief(target)}"
        )

    def _find(self, text: str) -> str | None:
        group = 1 if self._pattern.groups else 0
        matches = [match.group(group) for match in self._pattern.finditer(text)]
        found = [match for match in matches if match is not None]
        if not found:
            return None
        return str(found[0] if self._options.which == "first" else found[-1])

    def _normal(self, text: str) -> str:
        return folded(squeeze(text)) if self._options.ignore_case else squeeze(text)
