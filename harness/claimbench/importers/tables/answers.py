"""Answers of a table against its targets, where it has no column of scores."""

from __future__ import annotations

import re
from collections.abc import Sequence

from claimbench.error_words import one_of
from claimbench.importers.imported import ImportFault
from claimbench.importers.tables.cells import text_cell
from claimbench.types import Json

_LETTER = re.compile(r"[(\[]?\s*([A-Za-z])\s*[)\].:]?\Z")
_FEWEST = 10
_MOST_DIFFERENT = 26
_TRUTH = {"true": "yes", "yes": "yes", "1": "yes", "false": "no", "no": "no", "0": "no"}


def equal_scores(
    path: str, answers: Sequence[Json], targets: Sequence[Json]
) -> tuple[list[float | None], list[str]]:
    """Score each answer 1 if it equals its target (case and blanks aside), or one of a list.

    Letters against positions (A to D against 0 to 3, or 1 to 4) and yes against true are brought
    together, and that is said. An answer that is None has no score.

    Raises:
        ImportFault: letters against positions whose first is unclear, or answers and targets that
            can never be equal.
    """
    given = [None if answer is None else _folded(answer) for answer in answers]
    wanted = [_wanted(target) for target in targets]
    notes: list[str] = []
    said = {answer for answer in given if answer is not None}
    right = {one for several in wanted for one in several}
    if said and right and not said & right:
        given, wanted, notes = _brought_together(path, given, wanted, said, right)
    scores: list[float | None] = []
    for answer, several in zip(given, wanted, strict=True):
        scores.append(None if answer is None else float(answer in several))
    return scores, notes


def _brought_together(
    path: str,
    given: list[str | None],
    wanted: list[list[str]],
    said: set[str],
    right: set[str],
) -> tuple[list[str | None], list[list[str]], list[str]]:
    if all(map(_letter, said)) and all(one.isdecimal() for one in right):
        first = _first_position(path, {_letter(one) or "" for one in said}, set(map(int, right)))
        letters = [None if one is None else _letter(one) for one in given]
        named = [[_name_of(int(one) - first) for one in several] for several in wanted]
        return letters, named, [_said(path, "answers are letters, targets positions", first)]
    if all(map(_letter, right)) and all(one.isdecimal() for one in said):
        first = _first_position(path, {_letter(one) or "" for one in right}, set(map(int, said)))
        positions = [None if one is None else _name_of(int(one) - first) for one in given]
        named = [[_letter(one) or one for one in several] for several in wanted]
        return positions, named, [_said(path, "answers are positions, targets letters", first)]
    if all(map(_letter, said)) and all(map(_letter, right)):
        letters = [None if one is None else _letter(one) for one in given]
        return letters, [[_letter(one) or one for one in several] for several in wanted], []
    if said <= _TRUTH.keys() and right <= _TRUTH.keys():
        truths = [None if one is None else _TRUTH[one] for one in given]
        note = f"{path}: yes, true and 1 (no, false and 0) are taken for the same"
        return truths, [[_TRUTH[one] for one in several] for several in wanted], [note]
    few = max(len(said), len(right)) <= _MOST_DIFFERENT
    if few and len(given) >= _FEWEST:
        raise ImportFault(
            f"{path}: no answer can equal a target: answers are {one_of(sorted(said), 6)}; targets"
            f" are {one_of(sorted(right), 6)}",
            hint="write both the same way, or give a column of scores: --column score=NAME",
        )
    return given, wanted, []


def _said(path: str, what: str, first: int) -> str:
    return f"{path}: {what}; {_name_of(0).upper()} is taken for {first}"


def _first_position(path: str, letters: set[str], positions: set[int]) -> int:
    """Return the number that A stands for: 0 where a 0 is there, 1 where the last one fits."""
    highest = max(ord(letter) - ord("a") for letter in letters)
    if 0 in positions:
        return 0
    if max(positions) > highest:
        return 1
    raise ImportFault(
        f"{path}: letters ({one_of(sorted(letters))}) stand against positions"
        f" ({one_of(sorted(map(str, positions)))}), and whether A is 0 or 1 cannot be told",
        hint="write both as letters, or give a column of scores: --column score=NAME",
    )


def _letter(text: str) -> str | None:
    found = _LETTER.match(text)
    return found.group(1).casefold() if found else None


def _name_of(position: int) -> str:
    return chr(ord("a") + position) if 0 <= position < _MOST_DIFFERENT else f"#{position}"


def _wanted(target: Json) -> list[str]:
    several = target if isinstance(target, list) else [target]
    return [_folded(one) for one in several]


def _folded(value: Json) -> str:
    """Return a cell as text for comparison: blanks squeezed, case folded."""
    return " ".join(text_cell(value).split()).casefold()
