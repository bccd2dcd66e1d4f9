"""Runs a pattern's program over a text, choice by choice, and counts the steps.

A choice that failed at a place in the text fails there again, whatever came before it, so it is
tried once: no text makes a search longer than its own length times the program's. Only where
something depends on what a group caught can nothing be kept of a failure; then the steps alone end
the search.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from claimbench.patterns.program import (
    AT,
    ATOMIC,
    BACK,
    CHAR,
    CHOOSE,
    EMPTY,
    END,
    ENTER,
    FAIL,
    JUMP,
    LOOK,
    SAVE,
    SPLIT,
    Program,
)

_RESTORE = -1
_FAILED = -2


class TooManySteps(Exception):
    """A search needed more steps than it may take."""


@dataclass(frozen=True, slots=True)
class Found:
    """One match, as :class:`re.Match` gives it."""

    text: str
    marks: tuple[int, ...]
    """Start and end of the whole and of each group; -1: it caught nothing."""

    def group(self, number: int = 0) -> str | None:
        """Return what the whole (0) or a group caught; None where it caught nothing."""
        begin, end = self.span(number)
        return None if begin < 0 or end < 0 else self.text[begin:end]

    def groups(self) -> tuple[str | None, ...]:
        """Return what each group caught."""
        return tuple(self.group(number) for number in range(1, len(self.marks) // 2))

    def span(self, number: int = 0) -> tuple[int, int]:
        """Return where the whole (0) or a group begins and ends."""
        return self.marks[2 * number], self.marks[2 * number + 1]


_Key = tuple[int, int, int]
"""A choice, a place, and which loops around it have read something in this round."""


@dataclass(frozen=True, slots=True)
class _Top:
    """What is asked of a whole match: to reach the text's end, or not to end ``after``."""

    whole: bool
    after: int | None
    failed: set[_Key] = field(default_factory=set)
    """Choices that failed where ``after`` may be the reason."""

    def takes(self, at: int, length: int) -> bool:
        """Return whether the match may end here."""
        return at != self.after and (not self.whole or at == length)


def _key(pc: int, at: int, loops: tuple[int, ...], marks: list[int]) -> _Key:
    moved = 0
    for loop in loops:
        moved = 2 * moved + (marks[loop] != at)
    return pc, at, moved


class Search:
    """The searches of one program in one text, which share what they found to fail.

    Args:
        most_steps: so many steps they may take together.
        whole: a match has to reach the text's end.
    """

    def __init__(
        self, program: Program, text: str, most_steps: int, *, whole: bool = False
    ) -> None:
        self._program, self._text, self._whole = program, text, whole
        self._left = most_steps
        self._failed: set[_Key | None] = set()
        self.steps = 0
        """How many were taken."""

    def at(self, start: int, *, empty: bool = True) -> Found | None:
        """Return the match that begins at a place, or None; ``empty``: it may be of no length.

        Raises:
            TooManySteps: see :class:`Search`.
        """
        marks = [-1] * self._program.registers
        end = self._run(0, start, marks, _Top(self._whole, None if empty else start))
        if end is None:
            return None
        return Found(self._text, (start, end, *marks[2 : 2 * self._program.groups + 2]))

    def every(self) -> Iterator[Found]:
        """Give the matches in order, as :func:`re.finditer` does; raises TooManySteps."""
        start, empty = 0, True
        while start <= len(self._text):
            found = self.at(start, empty=empty)
            if found is None:
                start, empty = start + 1, True
                continue
            yield found
            begin, start = found.span()
            empty = begin != start

    def _run(self, pc: int, at: int, marks: list[int], top: _Top | None = None) -> int | None:
        """Run from one instruction to its END; return where in the text that was, or None.

        ``top``: what is asked of the whole match; None: the program is one inside the program.
        """
        code, text, length = self._program.code, self._text, len(self._text)
        keeps = not self._program.remembers
        stack: list[Any] = []
        steps = 0
        try:
            while True:
                steps += 1
                if steps > self._left:
                    raise TooManySteps
                one = code[pc]
                kind = one[0]
                if kind == CHAR:
                    if at < length and one[1][text[at]]:
                        pc, at = pc + 1, at + 1
                        continue
                elif kind == SPLIT:
                    key = _key(pc, at, one[3], marks) if keeps else None
                    if key not in self._failed and (top is None or key not in top.failed):
                        stack += ((_FAILED, key), (one[2], at)) if keeps else ((one[2], at),)
                        pc = one[1]
                        continue
                elif kind == END:
                    if top is None or top.takes(at, length):
                        return at
                else:
                    self._left -= steps
                    self.steps += steps
                    steps = 0
                    there = self._other(one, pc, at, marks, stack)
                    if there is not None:
                        pc, at = there
                        continue
                back = self._back(stack, marks, top)
                if back is None:
                    return None
                pc, at = back
        finally:
            self._left -= steps
            self.steps += steps

    def _back(self, stack: list[Any], marks: list[int], top: _Top | None) -> tuple[int, int] | None:
        """Return the instruction and the place of the last choice that is left, or None."""
        while stack:
            back = stack.pop()
            if back[0] == _RESTORE:
                marks[back[1]] = back[2]
            elif back[0] != _FAILED:
                return back[0], back[1]
            elif top is not None and back[1][1] == top.after:
                top.failed.add(back[1])
            else:
                self._failed.add(back[1])
        return None

    def _other(
        self, one: tuple[Any, ...], pc: int, at: int, marks: list[int], stack: list[Any]
    ) -> tuple[int, int] | None:
        """Do an instruction that reads no character; return what is next and where, or None."""
        kind = one[0]
        if kind == JUMP:
            return one[1], at
        if kind in (SAVE, ENTER):
            stack.append((_RESTORE, one[1], marks[one[1]]))
            marks[one[1]] = at
            return pc + 1, at
        if kind == EMPTY:
            return one[2] if marks[one[1]] == at else pc + 1, at
        if kind == AT:
            return (pc + 1, at) if one[1](self._text, at) else None
        if kind == CHOOSE:
            return pc + 1 if marks[2 * one[1] + 1] >= 0 else one[2], at
        if kind == BACK:
            end = self._again(one, at, marks)
            return None if end is None else (pc + 1, end)
        if kind in (LOOK, ATOMIC):
            end = self._inner(one, at, marks, stack)
            return None if end is None else (one[2], end)
        assert kind == FAIL  # noqa: S101 - there is no other
        return None

    def _inner(
        self, one: tuple[Any, ...], at: int, marks: list[int], stack: list[Any]
    ) -> int | None:
        """Run a program inside the program; return where the outer one goes on, or None."""
        ahead = one[0] == ATOMIC or one[3] is None
        begin = at if ahead else at - one[3]
        inner = list(marks)
        end = self._run(one[1], begin, inner) if begin >= 0 else None
        if one[0] == LOOK and one[4]:
            return at if end is None else None
        if end is None:
            return None
        for place, value in enumerate(inner):
            if value != marks[place]:
                stack.append((_RESTORE, place, marks[place]))
                marks[place] = value
        return end if one[0] == ATOMIC else at

    def _again(self, one: tuple[Any, ...], at: int, marks: list[int]) -> int | None:
        """Return where what a group caught ends if it stands here again, else None."""
        begin, end = marks[2 * one[1]], marks[2 * one[1] + 1]
        if begin < 0 or end < begin:
            return None
        caught = self._text[begin:end]
        here = self._text[at : at + len(caught)]
        same = here.lower() == caught.lower() if one[2] else here == caught
        return at + len(caught) if same else None
