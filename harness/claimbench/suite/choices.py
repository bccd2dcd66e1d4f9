"""Multiple choice from columns: each row's options under letters, in a seeded order if asked, and
its target as a letter.

What the target column holds (a letter, an index from 0 or from 1, or the option's text) is found
from all rows together, or stated; where two readings are possible it has to be stated.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from claimbench.scorers.base import squeeze
from claimbench.suite.schema.choices import ChoicesModel, TargetKind
from claimbench.types import Json

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_REFERS = re.compile(
    r"\b(?:of|all|none|both|neither)\b.{0,20}\b(?:above|these|them|below)\b"
    r"|\b[A-H] (?:and|or|und|et|y) [A-H]\b"
    r"|\b(?:keine?|alle|aucune?|toutes?|ninguna?|todas?)\b.{0,20}"
    r"\b(?:oben|dessus|anteriores|antworten|réponses)\b"
    r"|以上|上述",
    re.IGNORECASE,
)
"""Options that speak of others: a row with one keeps its order."""


@dataclass(frozen=True, slots=True)
class RowChoices:
    """One row's options in the order shown, as lines, and the letter of the right one."""

    options: tuple[str, ...]
    lines: str
    target: str


class ChoicesFault(ValueError):
    """A row, or all of them, whose options or target cannot be read."""


@dataclass(frozen=True)
class ChoiceReader:
    """Reads the options of rows; ``kind``: what the target column holds."""

    model: ChoicesModel
    target: str
    kind: TargetKind

    @classmethod
    def of(
        cls, model: ChoicesModel, target: str, rows: Iterable[Mapping[str, Json]]
    ) -> ChoiceReader:
        """Find what the target column holds, if the suite does not say; raises
        :class:`ChoicesFault` where it cannot be told.
        """
        if model.answer != "auto":
            return cls(model, target, model.answer)
        possible: set[TargetKind] = {"letter", "index", "index_from_1", "text"}
        for row in rows:
            options = options_of(model, row)
            value = row.get(target)
            found = {kind for kind in possible if _place(kind, value, options) is not None}
            if not found:
                raise ChoicesFault(
                    f"target {value!r} is no letter, index or text of its options"
                    f" ({', '.join(options)})"
                )
            possible = found
        if len(possible) > 1 and "text" in possible:
            # an option may be spelt like a letter or a number; its text says more
            possible = {"text"}
        if len(possible) > 1:
            raise ChoicesFault(
                f"the targets may be {' or '.join(sorted(possible))}; say which: choices.answer"
            )
        return cls(model, target, possible.pop())

    def read(self, row: Mapping[str, Json], sample_id: str) -> RowChoices:
        """Return a row's options as they are shown; raises :class:`ChoicesFault`."""
        options = options_of(self.model, row)
        value = row.get(self.target)
        place = _place(self.kind, value, options)
        if place is None:
            what = {"letter": "letter", "text": "text"}.get(self.kind, "index")
            raise ChoicesFault(f"target {value!r} is no {what} of its {len(options)} options")
        order = list(range(len(options)))
        if self.model.shuffle and not any(_REFERS.search(option) for option in options):
            random.Random(f"{self.model.seed}/choices/{sample_id}").shuffle(order)  # noqa: S311 - a recorded draw
        shown = tuple(options[at] for at in order)
        lines = "\n".join(f"{LETTERS[at]}. {text}" for at, text in enumerate(shown))
        return RowChoices(shown, lines, LETTERS[order.index(place)])


def options_of(model: ChoicesModel, row: Mapping[str, Json]) -> tuple[str, ...]:
    """Return a row's options, empty cells at the end left out; raises :class:`ChoicesFault`."""
    if model.column is not None:
        value = row.get(model.column)
        if isinstance(value, str) and value.lstrip().startswith("["):
            try:
                value = json.loads(value)
            except (ValueError, RecursionError):
                raise ChoicesFault(f"'{model.column}' is no JSON list of options") from None
        if isinstance(value, str):
            value = value.split(model.separator)
        if not isinstance(value, list):
            raise ChoicesFault(f"'{model.column}' holds no list of options")
        cells: Sequence[Json] = value
    else:
        cells = [row.get(column) for column in model.columns]
    texts = ["" if cell is None else _text(cell) for cell in cells]
    while texts and not texts[-1]:
        texts.pop()
    if len(texts) < 2 or not all(texts):
        raise ChoicesFault("a row needs two options or more, none empty before another")
    if len(texts) > len(LETTERS):
        raise ChoicesFault(f"a row has {len(texts)} options, more than letters")
    if len({squeeze(text).casefold() for text in texts}) < len(texts):
        raise ChoicesFault("two options of a row are the same")
    return tuple(texts)


def _text(cell: Json) -> str:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return cell.strip() if isinstance(cell, str) else json.dumps(cell, ensure_ascii=False)


def _place(kind: TargetKind, value: Json, options: Sequence[str]) -> int | None:
    """Return which option a target means, from 0; None where it means none."""
    if value is None or isinstance(value, bool | list | dict):
        return None
    text = _text(value)
    place: int | None = None
    if kind == "text":
        forms = [squeeze(option).casefold() for option in options]
        form = squeeze(text).casefold()
        return forms.index(form) if form in forms else None
    if kind == "letter":
        bare = text.strip("().[] ").upper()
        place = LETTERS.find(bare) if len(bare) == 1 else -1
    elif re.fullmatch(r"\d{1,2}(?:\.0)?", text):
        place = int(float(text)) - (kind == "index_from_1")
    return place if place is not None and 0 <= place < len(options) else None
