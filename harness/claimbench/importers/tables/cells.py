"""Cells of tables of other tools -> scores, numbers and faults, read by column so that one
convention holds for all of its cells.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from claimbench.error_words import show
from claimbench.importers.imported import ImportFault
from claimbench.importers.json_values import number
from claimbench.number_text import parse_number
from claimbench.types import Json

_NOTHING = frozenset(
    {"", "nan", "none", "null", "n/a", "na", "#n/a", "nat", "-", "–", "—", "<na>", "nil"}
)
_NO_FAULT = _NOTHING | {
    "false",
    "0",
    "0.0",
    "no",
    "ok",
    "success",
    "[]",
    "{}",
    "no error",
    "n",
    "f",
    '""',
    "''",
}
_BARE_FAULT = frozenset({"true", "1", "1.0", "yes", "y", "t", "error", "fail", "failed"})
_RIGHT = frozenset(
    {
        *("true", "yes", "y", "t", "pass", "passed", "correct", "right", "success", "ok", "✓", "✔"),
        *("c", "solved", "resolved", "match", "matched", "👍", "✅", "☑", "○", "◯", "√"),
        *("ja", "wahr", "richtig", "korrekt", "bestanden", "oui", "vrai", "juste", "réussi"),
        *("sí", "si", "verdadero", "correcto", "correcta", "sim", "correto", "certo", "verdadeiro"),
        *("sì", "vero", "corretto", "giusto", "waar", "goed", "juist", "tak", "prawda", "poprawne"),
        *(
            "да",
            "верно",
            "правильно",
            "истина",
            "evet",
            "doğru",
            "是",
            "对",
            "正确",
            "正確",
            "正解",
        ),
        *("はい", "합격", "예", "네", "정답", "맞음", "نعم", "صحيح", "हाँ", "सही"),
    }
)
_WRONG = frozenset(
    {
        *("false", "no", "n", "f", "fail", "failed", "incorrect", "wrong", "failure", "✗", "✘"),
        *("i", "unsolved", "unresolved", "mismatch", "👎", "❌", "☐", "×", "✕", "✖"),
        *("nein", "falsch", "nicht bestanden", "non", "faux", "échec", "échoué", "falso", "falsa"),
        *("incorrecto", "incorrecta", "não", "nao", "incorreto", "errado", "sbagliato", "errato"),
        *("onwaar", "fout", "onjuist", "nee", "nie", "fałsz", "błędne", "нет", "неверно"),
        *("неправильно", "ложь", "hayır", "yanlış", "否", "错", "错误", "不正确", "錯誤", "不正解"),
        *("いいえ", "불합격", "아니오", "아니요", "오답", "틀림", "لا", "خطأ", "नहीं", "गलत"),
    }
)
_PERCENT = re.compile(r"(.*?)\s*[%％٪]\Z")
_COMMA = re.compile(
    r"[-+−]?(?:0,\d+|\d+,(?:\d{1,2}|\d{4,}))(?:\s*%)?\Z|[-+−]?\d{1,3}(?:\.\d{3})+,\d+"
)
_POINT = re.compile(
    r"[-+−]?(?:0?\.\d+|\d+\.(?:\d{1,2}|\d{4,}))(?:\s*%)?\Z|[-+−]?\d{1,3}(?:,\d{3})+\.\d+"
)
_AMBIGUOUS = re.compile(r"[-+−]?[1-9]\d{0,2},\d{3}(?:\s*%)?\Z")
_MOST_STEPS = 11
HIGHEST_MARK = 10
"""Highest end of a scale of marks that is believed without being stated."""


def is_nothing(value: Json) -> bool:
    """Tell a cell that holds no value: empty, null, or a word for it (``nan``, ``n/a``)."""
    if isinstance(value, float) and math.isnan(value):
        return True
    return value is None or (isinstance(value, str) and value.strip().casefold() in _NOTHING)


def text_cell(value: Json) -> str:
    """Return a cell as text, as one writes it: whole floats without a point, null empty."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value).strip()


def fault_of(value: Json) -> str | None:
    """Return what an error column says went wrong; None where it says that nothing did.

    False, 0, null, ``"None"``, ``"[]"`` and their like are no fault; a bare true is one without
    words.
    """
    if value is None or value is False or value in ([], {}):
        return None
    text = text_cell(value)
    if text.casefold() in _NO_FAULT:
        return None
    return "an error, without words" if text.casefold() in _BARE_FAULT else text


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a column, and the line of its record."""

    value: Json
    line: int


def decimal_sign(path: str, columns: Sequence[Sequence[Cell]]) -> str:
    """Find the decimal sign of a table's numbers, "." or ",", from the cells that leave no doubt.

    Raises:
        ImportFault: some cells can only be read one way and some only the other.
    """
    comma = point = None
    for cells in columns:
        for cell in cells:
            text = cell.value.strip() if isinstance(cell.value, str) else ""
            if comma is None and _COMMA.match(text):
                comma = cell
            elif point is None and _POINT.match(text):
                point = cell
    if comma is not None and point is not None:
        raise ImportFault(
            f"{path}: the decimal sign is a comma on line {comma.line} ({show(comma.value)}) and a"
            f" point on line {point.line} ({show(point.value)})",
            hint="write all numbers of the file one way",
        )
    return "," if comma is not None else "."


def number_cell(value: Json, decimal: str) -> float | None:
    """Return a cell's number, truth values as 1 and 0; None where it is none."""
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, str) and value.strip().casefold() in ("true", "false"):
        return float(value.strip().casefold() == "true")
    found = parse_number(value, decimal)
    return None if found is None else number(float(found))


@dataclass(frozen=True, slots=True)
class Scale:
    """The ends of a scale: ``worst`` counts 0 and ``best`` 1; ``worst`` above ``best``: lower is
    better.
    """

    worst: float = 0.0
    best: float = 1.0

    def share(self, value: float) -> float:
        """Return where a value lies between the ends, exactly at both."""
        if self.worst == 0:
            return value / self.best
        return (value - self.worst) / (self.best - self.worst)


def parse_scale(text: str) -> Scale:
    """Read ``100`` (0 to 100) or ``1..5`` (1 counts 0, 5 counts 1; ``5..1`` the other way).

    Raises:
        ImportFault: neither form, or two equal ends.
    """
    low, dots, high = text.strip().partition("..")
    if not dots:
        low, high = "0", low
    worst = parse_number(low)
    best = parse_number(high)
    if worst is None or best is None or worst == best or (not dots and best <= 0):
        raise ImportFault(
            f"--scale {text}: scores cannot be read by it",
            hint=(
                "give the scale's maximum, e.g. 100, or both ends, e.g. 1..5 (5..1: lower is"
                " better)"
            ),
        )
    return Scale(float(worst), float(best))


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of a column between 0 and 1, None where a cell holds none, and what was assumed."""

    values: tuple[float | None, ...]
    notes: tuple[str, ...] = ()


def may_be_scores(cells: Sequence[Json]) -> bool:
    """Tell cells that all can be read as scores: numbers, per cent, words; some are there."""
    there = [cell for cell in cells if not is_nothing(cell)]
    return bool(there) and all(_may_be_score(cell) for cell in there)


def _may_be_score(cell: Json) -> bool:
    if isinstance(cell, bool | int | float):
        return True
    if not isinstance(cell, str):
        return False
    word = cell.strip().casefold()
    if word in _RIGHT or word in _WRONG:
        return True
    percent = _PERCENT.match(cell.strip())
    return number_cell(percent.group(1) if percent else cell, ".") is not None


@dataclass(frozen=True, slots=True)
class Numbers:
    """A column of scores as numbers, None where a cell holds none; words count 1 and 0, per cent
    as shares. ``percent``, ``words``, ``plain``: which kinds of cells there are.
    """

    values: tuple[float | None, ...]
    percent: bool = False
    words: bool = False
    plain: bool = False


def read_numbers(path: str, column: str, cells: Sequence[Cell], decimal: str) -> Numbers:
    """Read a column of scores: numbers, per cent, truth values and words such as PASS and yes.

    Raises:
        ImportFault: a cell that is no score, per cent beside plain numbers, or letters that are
            grades, each with its line.
    """
    numbers: list[float | None] = []
    percents = plain = None
    words: dict[str, int] = {}
    for cell in cells:
        value = None if is_nothing(cell.value) else cell.value
        word = value.strip().casefold() if isinstance(value, str) else ""
        if value is None:
            numbers.append(None)
        elif isinstance(value, bool) or word in _RIGHT or word in _WRONG:
            numbers.append(float(value is True or word in _RIGHT))
            words.setdefault(word, cell.line)
        else:
            percent = _PERCENT.match(value.strip()) if isinstance(value, str) else None
            read_as = "," if isinstance(value, str) and _AMBIGUOUS.match(value.strip()) else decimal
            found = number_cell(percent.group(1) if percent else value, read_as)
            if found is None:
                raise ImportFault(
                    f"{path}:{cell.line}: score (column {column!r}) is no number: {show(value)}",
                    hint="scores are numbers, per cent, or words such as true, PASS, yes, correct",
                )
            numbers.append(found / 100 if percent else found)
            percents = percents or (cell if percent else None)
            plain = plain or (None if percent else cell)
    if percents is not None and plain is not None:
        raise ImportFault(
            f"{path}:{plain.line}: a plain score ({show(plain.value)}) beside per cent (line"
            f" {percents.line}: {show(percents.value)})",
            hint="write all scores of the column one way",
        )
    if {"c", "f"} <= words.keys():
        raise ImportFault(
            f"{path}:{words['f']}: the score (column {column!r}) 'F' beside 'C' (line"
            f" {words['c']}): letters from A to F are grades, no scores",
            hint="write them as numbers, and state the scale's ends: --scale 1..5",
        )
    return Numbers(tuple(numbers), percents is not None, bool(words), plain is not None)


def to_scores(
    path: str,
    column: str,
    cells: Sequence[Cell],
    numbers: Numbers,
    scale: Scale | None,
    rating: Scale | None,
) -> Scores:
    """Place a column's numbers between 0 and 1.

    Args:
        path: of the file, for errors.
        column: its name.
        cells: of the column, for the lines of errors.
        numbers: what they were read as.
        scale: as a person stated it.
        rating: as it was found in the data (:func:`rating_of`), which is said.

    Raises:
        ImportFault: a score outside the scale, with its line.
    """
    if numbers.percent:
        return _within(path, cells, numbers.values, Scale(), [f"column {column}: per cent"])
    if numbers.words and not numbers.plain:
        return Scores(numbers.values)
    if scale is not None:
        return _within(path, cells, numbers.values, scale, [])
    if rating is None:
        return _within(path, cells, numbers.values, Scale(), [])
    note = (
        f"column {column}: whole numbers from {rating.worst:g} to {rating.best:g} are read as a"
        f" scale ({rating.worst:g} counts 0, {rating.best:g} counts 1), its ends as found in the"
        f" data; if they are others, state them: --scale {rating.worst:g}..{rating.best:g}"
    )
    return _within(path, cells, numbers.values, rating, [note])


def rating_of(known: Collection[float]) -> Scale | None:
    """Return the ends of a rating scale: whole numbers from 0 or 1 up to at most 10, of three or
    more kinds; None for scores between 0 and 1 and everything else.
    """
    if len(set(known)) < 3 or any(number != int(number) for number in known):
        return None
    low, high = min(known), max(known)
    if low not in (0, 1) or not 2 <= high <= HIGHEST_MARK or len(set(known)) > _MOST_STEPS:
        return None
    return Scale(low, high)


def _within(
    path: str,
    cells: Sequence[Cell],
    numbers: Sequence[float | None],
    scale: Scale,
    notes: Sequence[str],
) -> Scores:
    made: list[float | None] = []
    for cell, found in zip(cells, numbers, strict=True):
        share = None if found is None else scale.share(found)
        if share is not None and not 0 <= share <= 1:
            ends = "0 and 1"
            if scale != Scale():
                low, high = sorted((scale.worst, scale.best))
                ends = f"{low:g} and {high:g}"
            raise ImportFault(
                f"{path}:{cell.line}: the score {show(cell.value)} is not between {ends}",
                hint=(
                    "give --scale 100 for percent, or the scale's lowest and highest: --scale 1..5"
                ),
            )
        made.append(share)
    return Scores(tuple(made), tuple(notes))
