"""Answers of a table against its targets, where it has no column of scores.

What the targets are says how an answer is read: letters, positions, yes and no, numbers and labels
by the project's own readers, so that "B", "(B)" and "The answer is B." are one answer whichever arm
writes them; any other text has to be equal. What cannot be told so is asked, not scored 0.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from claimbench.error_words import one_of
from claimbench.importers.imported import ImportFault
from claimbench.importers.tables.cells import text_cell
from claimbench.number_text import parse_number
from claimbench.scorers.base import visible
from claimbench.scorers.labels import LabelScorer
from claimbench.scorers.numbers import NumericScorer
from claimbench.scorers.reading.words import loose_words, occurrences
from claimbench.types import AnswerSpec, Json, Sample, ScorerSpec, Task

EQUAL = "equal to the target"
_LETTER = re.compile(r"[(\[]?\s*([A-Za-z])\s*[)\].:]?\Z")
_FEWEST = 10
_LETTERS = 26
_TRUTH = {"true": "yes", "yes": "yes", "1": "yes", "false": "no", "no": "no", "0": "no"}
_UNREAD = 0.1
"""Share of an arm's answers that may name no target before a person is asked."""
_HELD = 0.02
"""Share of an arm's answers that may hold their target, and be more, before a person is asked."""
_CHANCE = 1e-3
_LONGEST_LABEL = 6
_MOST_LABELS = 200
_SIGNS = " .,;:!?\"'`*_()[]{}“”„«»‘’。！？、，"
_HINT = "write both the same way, or give a column of scores: --column score=NAME"


@dataclass(frozen=True, slots=True)
class _Answer:
    """One answer as it stands in the table, ``said`` as it is compared; ``written``: its targets,
    as they are compared -> as they stand there.
    """

    arm: str
    text: str
    said: str
    written: Mapping[str, str]

    @property
    def right(self) -> tuple[str, ...]:
        """Return the targets as they are compared."""
        return tuple(self.written)


@dataclass(frozen=True, slots=True)
class _Space:
    """How answers are read: ``read`` gives what an answer names, None where it names nothing;
    ``right`` what a target stands for. ``reader``: the scorer whose reading it is; ``others``: what
    an answer can be beside the targets of the table, and be an answer all the same.
    """

    reader: str
    read: Callable[[_Answer], str | None]
    right: Callable[[str], str]
    notes: tuple[str, ...] = ()
    others: frozenset[str] = frozenset()


def equal_scores(
    path: str, arms: Sequence[str], answers: Sequence[Json], targets: Sequence[Json]
) -> tuple[list[float | None], list[str]]:
    """Score each answer 1 if it is its target, or one of a list of them.

    Case, blanks and signs at the ends do not matter. Where the targets are letters, numbers, truth
    values or labels that recur, answers are read for them; letters against positions (A to D
    against 0 to 3, or 1 to 4) and yes against true are brought together. All that is said. An
    answer that is None has no score, nor has one to an item without a target.

    Args:
        path: of the file, for messages.
        arms: whose answer each row holds.
        answers: the column of answers.
        targets: the column of targets.

    Raises:
        ImportFault: letters against positions whose first is unclear; an arm whose answers are
            never a target, often name none, or often hold theirs and are more.
    """
    rows: list[_Answer | None] = []
    for arm, answer, target in zip(arms, answers, targets, strict=True):
        several = target if isinstance(target, list) else [target]
        written = {_folded(one): " ".join(text_cell(one).split()) for one in several}
        text = visible(text_cell(answer))
        is_told = answer is not None and any(written)
        rows.append(_Answer(arm, text, _folded(text), written) if is_told else None)
    there = [row for row in rows if row is not None]
    if not there:
        return [None for _ in rows], []
    space = _space_of(path, there)
    if space is None:
        return _as_texts(path, rows)
    named = [None if row is None else space.read(row) for row in rows]
    scores: list[float | None] = []
    for row, name in zip(rows, named, strict=True):
        right = () if row is None else {space.right(one) for one in row.right}
        scores.append(None if row is None else float(name in right))
    every = {space.right(one) for row in there for one in row.right}
    known = [name is not None and (name in every or name in space.others) for name in named]
    _refuse_never(path, rows, known)
    unread = [
        row is not None and bool(row.said) and name is None
        for row, name in zip(rows, named, strict=True)
    ]
    _refuse_share(path, rows, unread, _UNREAD, "name no target, or several")
    return scores, [*space.notes, *_notes(path, rows, named, scores, space)]


def _space_of(path: str, rows: Sequence[_Answer]) -> _Space | None:
    """Return how answers are read by what the targets are; None for texts."""
    said = {row.said for row in rows if row.said}
    right = {one for row in rows for one in row.right if one}
    per_arm = len(rows) // len({row.arm for row in rows})
    letters = {letter for one in said if (letter := _letter(one))}
    if all(map(_letter, right)) and not right <= _TRUTH.keys():
        meant = {_letter(one) or "" for one in right}
        positions = {int(one) for one in said if one.isdecimal()}
        if positions and not letters:
            first = _first_position(path, meant, positions, per_arm)
            note = _said(path, "answers are positions, targets letters", first)
            return _positions(first, note)
        return _letters(meant | letters)
    no_number = letters and not any(one.isdecimal() for one in said)
    if no_number and all(one.isdecimal() for one in right):
        first = _first_position(path, letters, set(map(int, right)), per_arm)
        note = _said(path, "answers are letters, targets positions", first)
        targets = {one: _name_of(int(one) - first) for one in right}
        return _letters(letters | set(targets.values()), targets, note)
    words = {one for one in said if one in _TRUTH}
    if right <= _TRUTH.keys() and (words or not right <= {"0", "1"}):
        return _truths(path, right, words)
    if all(parse_number(one) is not None for one in right):
        return _Space("numeric", _read_number, lambda one: one, (), frozenset({_ANOTHER}))
    written = {one: text for row in rows for one, text in row.written.items() if one}
    if _are_labels(written, per_arm):
        return _labels(written, rows)
    return None


def _letters(
    letters: Collection[str], targets: Mapping[str, str] | None = None, note: str = ""
) -> _Space:
    last = max(ord(one) for one in letters if len(one) == 1)
    labels = tuple(chr(code).upper() for code in range(ord("a"), last + 1))
    reader = LabelScorer()

    def read(row: _Answer) -> str | None:
        letter = _letter(row.said)
        found = () if letter else reader.read(row.text, labels)
        return letter or (found[0].casefold() if len(found) == 1 else None)

    def right(one: str) -> str:
        return (_letter(one) or one) if targets is None else targets.get(one, one)

    others = frozenset(map(_name_of, range(_LETTERS)))
    return _Space("label", read, right, (note,) if note else (), others)


def _positions(first: int, note: str) -> _Space:
    def read(row: _Answer) -> str | None:
        return _name_of(int(row.said) - first) if row.said.isdecimal() else None

    others = frozenset(map(_name_of, range(_LETTERS)))
    return _Space("label", read, lambda one: _letter(one) or one, (note,), others)


def _truths(path: str, right: Collection[str], words: Collection[str]) -> _Space:
    labels = tuple(sorted({*right, *words}))
    reader = LabelScorer()

    def read(row: _Answer) -> str | None:
        found = (row.said,) if row.said in _TRUTH else reader.read(row.text, labels)
        named = {_TRUTH[one] for one in found}
        return named.pop() if len(named) == 1 else None

    notes = []
    if not set(words) <= set(right):
        notes.append(f"{path}: yes, true and 1 (no, false and 0) are taken for the same")
    return _Space(
        "label", read, lambda one: _TRUTH.get(one, one), tuple(notes), frozenset(_TRUTH.values())
    )


_NO_TASK = Task("", (), (), (), AnswerSpec("text"), (ScorerSpec("numeric"),), 1)
_NUMERIC = NumericScorer()
_ANOTHER = "another number"


def _read_number(row: _Answer) -> str | None:
    """Return the target that an answer's number is, another word for another number or none."""
    if row.said in row.right:
        return row.said
    read = False
    for one in filter(None, row.right):
        score = _NUMERIC.score("", row.text, Sample("", {}, one, ""), _NO_TASK)
        if score.value == 1:
            return one
        read = read or score.status == "scored"
    if read:
        return _ANOTHER
    return None if re.search(r"\d", row.text) else "no number"


def _are_labels(labels: Collection[str], per_arm: int) -> bool:
    """Tell targets that recur, are short and have words: names of classes."""
    if len(labels) > min(per_arm // 2, _MOST_LABELS):
        return False
    return all(len(one.split()) <= _LONGEST_LABEL and loose_words(one).folded for one in labels)


def _labels(targets: Mapping[str, str], rows: Sequence[_Answer]) -> _Space:
    """Return the reading for labels: the targets (as compared -> as written), and what else is
    answered again and again.
    """
    reader = LabelScorer()
    most = max(len(one.split()) for one in targets)
    known = tuple(targets.values())
    others: dict[str, str] = {}
    for said, times in Counter(row.said for row in rows).items():
        is_short = len(said.split()) <= most and said not in targets and loose_words(said).folded
        if is_short and times > 1 and not reader.read(said, known):
            others[said] = said
    labels = {**targets, **dict(list(others.items())[:_MOST_LABELS])}
    names = {text: one for one, text in labels.items()}

    def read(row: _Answer) -> str | None:
        if row.said in labels:
            return row.said
        found = reader.read(row.text, tuple(names))
        if len(found) == 1:
            return names[found[0]]
        return row.said if not found and len(row.said.split()) <= most else None

    return _Space("label", read, lambda one: one)


def _as_texts(path: str, rows: Sequence[_Answer | None]) -> tuple[list[float | None], list[str]]:
    """Score texts by equality, signs at their ends aside."""
    every = {one.strip(_SIGNS) for row in rows if row is not None for one in row.right}
    scores: list[float | None] = []
    known = []
    held = []
    for row in rows:
        equal = row is not None and _is_equal(row)
        said = "" if row is None else row.said.strip(_SIGNS)
        scores.append(None if row is None else float(equal))
        known.append(equal or (bool(said) and said in every))
        held.append(row is not None and not equal and _holds(row))
    _refuse_never(path, rows, known)
    _refuse_share(path, rows, held, _HELD, "hold their target and are not equal to it")
    return scores, []


def _is_equal(row: _Answer) -> bool:
    if row.said in row.right:
        return True
    said = row.said.strip(_SIGNS)
    return bool(said) and said in {one.strip(_SIGNS) for one in row.right}


def _holds(row: _Answer) -> bool:
    """Tell an answer in which one of its targets stands as whole words."""
    bare = [one.strip(_SIGNS) for one in row.right]
    inside = [one for one in bare if one and one in row.said]
    if not inside:
        return False  # the common case, without a look at each sign
    words = loose_words(row.text)
    forms = [loose_words(one).folded for one in inside]
    return any(form and any(occurrences(form, words)) for form in forms)


def _refuse_never(path: str, rows: Sequence[_Answer | None], known: Sequence[bool]) -> None:
    """Refuse an arm of which no answer is any target, if it has some."""
    by_arm: dict[str, list[bool]] = defaultdict(list)
    for row, is_known in zip(rows, known, strict=True):
        if row is not None:
            by_arm[row.arm].append(is_known)
    never = [arm for arm, several in by_arm.items() if len(several) >= _FEWEST and not any(several)]
    if not never:
        return
    whose = "" if len(never) == len(by_arm) else f" of {one_of(never, 4)}"
    mine = [row for row in rows if row is not None and row.arm in never]
    said = sorted({_short(row.said) for row in mine})
    right = sorted({_short(one) for row in mine for one in row.right})
    raise ImportFault(
        f"{path}: no answer{whose} can equal a target: answers are {one_of(said, 6)}; targets are"
        f" {one_of(right, 6)}",
        hint=_HINT,
    )


def _refuse_share(
    path: str, rows: Sequence[_Answer | None], bad: Sequence[bool], most: float, what: str
) -> None:
    """Refuse an arm of which too many answers cannot be told right or wrong."""
    by_arm: dict[str, list[_Answer]] = defaultdict(list)
    answers: Counter[str] = Counter()
    for row, is_bad in zip(rows, bad, strict=True):
        if row is not None:
            answers[row.arm] += 1
            if is_bad:
                by_arm[row.arm].append(row)
    for arm, mine in by_arm.items():
        if len(mine) > most * answers[arm]:
            first = mine[0]
            raise ImportFault(
                f"{path}: {len(mine)} of {answers[arm]} answers of {arm} {what}, such as"
                f" {_short(first.text)!r} (target {_short(' or '.join(first.right))!r})",
                hint=_HINT,
            )


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else f"{line[:59]}…"


def _notes(
    path: str,
    rows: Sequence[_Answer | None],
    named: Sequence[str | None],
    scores: Sequence[float | None],
    space: _Space,
) -> list[str]:
    """Say how many answers were read as a target that they are not letter by letter."""
    read: Counter[str] = Counter()
    unread: Counter[str] = Counter()
    for row, name, score in zip(rows, named, scores, strict=True):
        if row is not None and score == 1 and row.said not in row.right and not space.notes:
            read[row.arm] += 1
        if row is not None and name is None:
            unread[row.arm] += 1
    notes = []
    if read:
        told = one_of([f"{arm}: {n}" for arm, n in read.items()], 6)
        notes.append(
            f"{path}: answers that are not the bare target are read as the scorer {space.reader}"
            f" reads them ({told} right so)"
        )
    if unread:
        told = one_of([f"{arm}: {n}" for arm, n in unread.items()], 6)
        notes.append(f"{path}: answers that name no target count as wrong ({told})")
    return notes


def _said(path: str, what: str, first: int) -> str:
    return f"{path}: {what}; {_name_of(0).upper()} is taken for {first}"


def _first_position(path: str, letters: set[str], positions: set[int], rows: int) -> int:
    """Return the number that A stands for: 0 where a 0 is there; 1 where the last letter fits and a
    0 would have been seen among so many rows.
    """
    highest = max(ord(letter) - ord("a") for letter in letters)
    if 0 in positions:
        return 0
    last = max(positions)
    if last > highest and (last / (last + 1)) ** rows <= _CHANCE:
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
    return chr(ord("a") + position) if 0 <= position < _LETTERS else f"#{position}"


def _folded(value: Json) -> str:
    """Return a cell as text for comparison: blanks squeezed, case folded."""
    return " ".join(text_cell(value).split()).casefold()
