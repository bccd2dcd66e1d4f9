"""``label_set``: several labels at once, in any order.

The answer is a JSON list, or a text in which labels are found as ``label`` finds one; a negated
label does not count. An answer that goes through the labels ("price: yes", "[ ] tech",
``{"price": true}``) means those of which it says yes. "none" (or what ``empty`` says) is
the empty set; a label of that name stands for it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Literal

from pydantic import Field

from claimbench.scorers.base import brief, scored, squeeze, unparsable, visible
from claimbench.scorers.labels import LabelScorer, all_named
from claimbench.scorers.options import ScorerOptions, read_options
from claimbench.scorers.reading.answers import parts_of
from claimbench.scorers.reading.flags import flagged, flagged_keys
from claimbench.scorers.typed.open_lists import has_or, is_all_but
from claimbench.types import Json, Sample, Score, Task

_EITHER = re.compile(
    r"^(?:it is |either|entweder|soit|o bien|либо|или|albo|buď|ya)\s+", re.IGNORECASE
)


class LabelSetOptions(ScorerOptions):
    """Options of ``label_set``."""

    labels: list[str] = Field(min_length=2)
    """Every label there is."""
    metric: Literal["f1", "subset", "jaccard"] = "f1"
    """What the score is; all three are parts. subset: 1 if the sets are equal, else 0."""
    separator: str = Field(default=";", min_length=1)
    """What parts the labels of a target that is a text."""
    empty: str = "none"
    """What says that no label applies."""


class LabelSetScorer:
    """F1, Jaccard index or equality of the answer's labels and the target's, per item."""

    name = "label_set"
    version = "5"

    def __init__(self, options: Mapping[str, Json] | None = None) -> None:
        self._options = read_options(LabelSetOptions, options or {}, self.name)
        self._labels = tuple(self._options.labels)
        self._reader = LabelScorer({"search": False})
        none = [label for label in self._labels if self._says_empty(label)]
        self._nothing = frozenset(none[:1])
        """What the empty set is: the label that says so, where there is one."""

    def part_names(self, sample: Sample, task: Task) -> tuple[str, ...]:  # noqa: ARG002 - the protocol's
        """Return the three metrics."""
        return ("f1", "jaccard", "subset")

    def score(self, call_id: str, text: str, sample: Sample, task: Task) -> Score:  # noqa: ARG002 - the protocol's
        """See :class:`claimbench.scorers.base.Scorer`; raises ValueError for a target that names an
        unknown label.
        """
        right = self.target_labels(sample.target)
        found = self.read(text)
        if found is None:
            nothing = dict.fromkeys(("f1", "jaccard", "subset"), 0.0)
            return unparsable(self, call_id, f"{brief(text)} names no label", nothing)
        same = len(found & right)
        parts = {
            "f1": 2 * same / (len(found) + len(right)) if found or right else 1.0,
            "jaccard": same / len(found | right) if found or right else 1.0,
            "subset": float(found == right),
        }
        why = f"read as {sorted(found)}; right is {sorted(right)}"
        return scored(self, call_id, parts[self._options.metric], why, parts)

    def target_labels(self, target: Json) -> set[str]:
        """Return a target's labels; raises ValueError for one that names an unknown label."""
        found: set[str] = set()
        for part in parts_of(target, self._options.separator):
            if self._is_empty(part):
                continue
            label = self._reader.read(part, self._labels)
            if len(label) != 1:
                raise ValueError(f"the target names {part!r}, which is none of the labels")
            found.add(label[0])
        return found or set(self._nothing)

    @property
    def labels(self) -> tuple[str, ...]:
        """Return every label there is."""
        return self._labels

    def read(self, text: str) -> set[str] | None:
        """Return the labels that an answer names; None if it names none and is not empty.

        Where a label says that none applies, it stands for the empty set.
        """
        found = self._named(visible(text))
        return set(self._nothing) if found is not None and not found else found

    def _named(self, text: str) -> set[str] | None:
        fenced = re.fullmatch(r"\s*```[^\n`]*\n(.*?)\s*```\s*", text, re.DOTALL)
        try:
            value = json.loads(fenced.group(1) if fenced else text)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, list):
            read = [self._reader.read(str(item), self._labels) for item in value]
            return {names[0] for names in read if len(names) == 1} if all(read) else None
        if isinstance(value, dict):
            keys = flagged_keys(value, self._name_of)
            if keys is not None:
                return keys
        said = flagged(text, self._name_of)
        if said is not None:
            return said
        if is_all_but(text) or self._leaves_open(text):
            return None
        found = set(all_named(text, self._labels))
        if found:
            return found
        return set() if self._is_empty(text) else None

    def _leaves_open(self, text: str) -> bool:
        """Return whether "or" stands between two labels."""
        parts = has_or(text)
        for before, after in pairwise(parts):
            one = _EITHER.sub("", re.split(r"[,;:\n]", before.strip())[-1].strip())
            two = re.split(r"[,;.\n]", after.strip())[0]
            if self._name_of(one) is not None and self._name_of(two) is not None:
                return True
        return False

    def _name_of(self, text: str) -> str | None:
        named = self._reader.read(text, self._labels)
        return named[0] if len(named) == 1 else None

    def _is_empty(self, text: str) -> bool:
        return self._says_empty(text) or not _bare(text)

    def _says_empty(self, text: str) -> bool:
        return _bare(text) == self._options.empty.casefold()


def _bare(text: str) -> str:
    return squeeze(text).casefold().strip(" .![](){}*'\"")
