"""Makes a program of instructions of a regular expression, from the tree that Python's own parser
gives.

An instruction is a tuple: its code, then what it needs. Repeats are written out, so that the place
in the program is all that a search has to remember of what it did.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import import_module
from typing import Any

import regex

MOST_INSTRUCTIONS = 20_000
"""Longest program; what needs more has none."""
MOST_EMPTY_LOOPS = 4
"""So many loops around one choice may have bodies that can be empty."""

(CHAR, SPLIT, JUMP, SAVE, AT, BACK, LOOK, ATOMIC, CHOOSE, ENTER, EMPTY, FAIL, END) = range(13)
"""Codes of the instructions, with what follows each:

CHAR table; SPLIT first, second, registers of the loops around; JUMP to; SAVE slot; AT test;
BACK group, without case; LOOK program's start, to, width (None: ahead), negated; ATOMIC start, to;
CHOOSE group, else; ENTER register; EMPTY register, to; FAIL; END.
"""

_PARSER: Any = import_module("re._parser")
_FOREVER = _PARSER.MAXREPEAT
_CATEGORIES = {
    "CATEGORY_DIGIT": r"\d",
    "CATEGORY_NOT_DIGIT": r"\D",
    "CATEGORY_SPACE": r"\s",
    "CATEGORY_NOT_SPACE": r"\S",
    "CATEGORY_WORD": r"\w",
    "CATEGORY_NOT_WORD": r"\W",
}
_FLAGS_OF_A_CHARACTER = re.IGNORECASE | re.DOTALL | re.ASCII
_OTHERS = {"\\p", "[:", "[[", "||", "&&", "~~", "--"}
_TOO_LARGE = f"its repeats, written out, are more than {MOST_INSTRUCTIONS:,} instructions"
_BRACE_WITH_LETTER = re.compile(r"\{[^{}0-9,]|\{[0-9,]*[^{}0-9,]")


class TooLarge(ValueError):
    """A pattern whose repeats, written out, are longer than a program may be."""


@dataclass(frozen=True)
class Program:
    r"""A pattern as instructions.

    Attributes:
        code: the instructions; the first is run first.
        groups: how many groups capture.
        registers: how many values a search keeps: two a group and one a loop.
        weight: at most so many steps are taken a character and match, where ``linear``.
        linear: a choice that failed at a place fails there always, so that none is tried twice.
        remembers: whether anything depends on what a group caught (``\1``), so that no choice may
            be taken as failed because it did before.
    """

    code: tuple[tuple[Any, ...], ...]
    groups: int
    registers: int
    weight: int
    linear: bool
    remembers: bool


def compiled(pattern: str, flags: int) -> Program:
    """Make a program of a pattern that Python reads.

    Raises:
        TooLarge: it would be longer than :data:`MOST_INSTRUCTIONS`.
    """
    tree = _PARSER.parse(pattern, flags)
    writer = _Writer(groups=tree.state.groups - 1)
    writer.write(tree, tree.state.flags)
    writer.add(END)
    return Program(
        tuple(tuple(one) for one in writer.code),
        writer.groups,
        2 * writer.groups + 2 + writer.loops,
        2 * sum(2 ** len(around) for around in writer.around),
        not writer.nested and not writer.remembers,
        writer.remembers,
    )


def examined(pattern: str, flags: int) -> tuple[int, bool]:
    """Return how long a pattern is with its repeats written out as often as they must at least
    match, which the package ``regex`` does when it compiles one, and whether anything in it depends
    on what a group caught.
    """
    text = pattern.replace("\\\\", "")
    asks = re.search(r"\\[1-9]|\(\?P=|\(\?\(", text) is not None
    return _length(_PARSER.parse(pattern, flags)), asks


def _length(node: Any) -> int:
    """Return the length of a part of the tree; a group counts sixfold, as it costs to copy."""
    if isinstance(node, _PARSER.SubPattern | list):
        return sum(_length(each) for each in node)
    if not isinstance(node, tuple):
        return 0
    kind = str(node[0])
    value: Any = node[1] if len(node) > 1 else None
    if kind in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        least, _, body = value
        return max(int(least), 1) * (_length(body) + 1)
    if kind in ("LITERAL", "NOT_LITERAL", "IN", "ANY", "AT"):
        return 1
    inside = sum(_length(each) for each in value) if isinstance(value, tuple) else _length(value)
    return inside + (7 if kind == "SUBPATTERN" and value[0] is not None else 1)


def reads_otherwise(pattern: str) -> bool:
    """Return whether the package ``regex`` may read more in a pattern than Python does: its classes
    in names, its sets of sets, its fuzzy counts.
    """
    return any(sign in pattern for sign in _OTHERS) or bool(_BRACE_WITH_LETTER.search(pattern))


@dataclass
class _Writer:
    """Writes the instructions of one pattern."""

    groups: int
    code: list[list[Any]] = field(default_factory=list)
    around: list[tuple[int, ...]] = field(default_factory=list)
    """The registers of the loops around each instruction, of those with bodies that can be
    empty."""
    loops: int = 0
    nested: bool = False
    remembers: bool = False
    _inside: tuple[int, ...] = ()
    _written: int = 0

    def add(self, *instruction: Any) -> int:
        """Add an instruction; return its place."""
        if len(self.code) >= MOST_INSTRUCTIONS:
            raise TooLarge(_TOO_LARGE)
        self.code.append(list(instruction))
        self.around.append(self._inside)
        return len(self.code) - 1

    def write(self, nodes: Iterable[Any], flags: int) -> None:
        """Write what a sequence of the tree's nodes asks for."""
        self._written += 1  # a repeat of nothing adds no instruction
        if self._written > 4 * MOST_INSTRUCTIONS:
            raise TooLarge(_TOO_LARGE)
        for kind, value in nodes:
            self._write(str(kind), value, flags)

    def _write(self, kind: str, value: Any, flags: int) -> None:
        if kind in ("LITERAL", "NOT_LITERAL", "IN", "ANY"):
            self.add(CHAR, _table(_source(kind, value), flags & _FLAGS_OF_A_CHARACTER))
        elif kind == "AT":
            self.add(AT, _place(str(value), flags))
        elif kind == "BRANCH":
            self._branch(value[1], flags)
        elif kind == "SUBPATTERN":
            group, more, fewer, body = value
            self._group(group, body, (flags | more) & ~fewer)
        elif kind in ("MAX_REPEAT", "MIN_REPEAT"):
            least, most, body = value
            self._repeat(least, most, body, flags, greedy=kind == "MAX_REPEAT")
        elif kind == "POSSESSIVE_REPEAT":
            self._atomic([(_PARSER.MAX_REPEAT, value)], flags)
        elif kind == "ATOMIC_GROUP":
            self._atomic(value, flags)
        elif kind in ("ASSERT", "ASSERT_NOT"):
            direction, body = value
            self._look(direction, body, flags, negated=kind == "ASSERT_NOT")
        elif kind == "GROUPREF":
            self.remembers = True
            self.add(BACK, value, bool(flags & re.IGNORECASE))
        elif kind == "GROUPREF_EXISTS":
            group, yes, no = value
            self._choose(group, yes, no, flags)
        else:
            self.add(FAIL)

    def _group(self, group: int | None, body: Any, flags: int) -> None:
        if group is not None:
            self.add(SAVE, 2 * group)
        self.write(body, flags)
        if group is not None:
            self.add(SAVE, 2 * group + 1)

    def _branch(self, bodies: list[Any], flags: int) -> None:
        ends = []
        for body in bodies[:-1]:
            split = self._split()
            self.write(body, flags)
            ends.append(self.add(JUMP, 0))
            self.code[split][1:3] = split + 1, len(self.code)
        self.write(bodies[-1], flags)
        for end in ends:
            self.code[end][1] = len(self.code)

    def _repeat(self, least: int, most: int, body: Any, flags: int, *, greedy: bool) -> None:
        endless = most == _FOREVER
        for _ in range(least - 1 if endless and least else least):
            self.write(body, flags)
        outside, register = self._inside, None
        if body.getwidth()[0] == 0:
            register = 2 * self.groups + 2 + self.loops
            self.loops += 1
            if len(outside) >= MOST_EMPTY_LOOPS:
                raise TooLarge(f"over {MOST_EMPTY_LOOPS} repeats inside each other can be empty")
            self._inside = (*outside, register)
        exits: list[tuple[int, int]] = []
        if endless:
            top = len(self.code)
            if not least:
                exits.append((self._split(), 2))
            self._once(body, flags, register, exits)
            if least:
                split = self._split()
                self.code[split][1] = top
                exits.append((split, 2))
            else:
                self.add(JUMP, top)
        else:
            for _ in range(most - least):
                exits.append((self._split(), 2))
                self._once(body, flags, register, exits)
        self._inside = outside
        for place, operand in exits:
            self.code[place][operand] = len(self.code)
            if self.code[place][0] == SPLIT:
                if self.code[place][1] is None:
                    self.code[place][1] = place + 1
                if not greedy:
                    self.code[place][1:3] = self.code[place][2], self.code[place][1]

    def _once(
        self, body: Any, flags: int, register: int | None, exits: list[tuple[int, int]]
    ) -> None:
        if register is None:
            self.write(body, flags)
            return
        self.add(ENTER, register)
        self.write(body, flags)
        exits.append((self.add(EMPTY, register, 0), 2))

    def _split(self) -> int:
        return self.add(SPLIT, None, None, self._inside)

    def _atomic(self, body: Any, flags: int) -> None:
        place = self.add(ATOMIC, 0, 0)
        self._apart(place, body, flags)

    def _look(self, direction: int, body: Any, flags: int, *, negated: bool) -> None:
        width = body.getwidth()[0] if direction < 0 else None
        place = self.add(LOOK, 0, 0, width, negated)
        self._apart(place, body, flags)

    def _apart(self, place: int, body: Any, flags: int) -> None:
        """Write a program inside the program, which ends by itself."""
        self.nested = True
        outside, self._inside = self._inside, ()
        self.code[place][1] = len(self.code)
        self.write(body, flags)
        self.add(END)
        self._inside = outside
        self.code[place][2] = len(self.code)

    def _choose(self, group: int, yes: Any, no: Any, flags: int) -> None:
        self.remembers = True
        choice = self.add(CHOOSE, group, 0)
        self.write(yes, flags)
        end = self.add(JUMP, 0)
        self.code[choice][2] = len(self.code)
        self.write(no or (), flags)
        self.code[end][1] = len(self.code)


class _Table(dict[str, bool]):
    """Character -> whether it is one of those that an instruction takes."""

    def __init__(self, source: str, flags: int) -> None:
        super().__init__()
        self._one: Any = regex.compile(source, flags_of(flags) | regex.VERSION0)

    def __missing__(self, char: str) -> bool:
        found = self[char] = self._one.fullmatch(char) is not None
        return found


@lru_cache(maxsize=4096)
def _table(source: str, flags: int) -> Mapping[str, bool]:
    return _Table(source, flags)


def flags_of(flags: int) -> int:
    """Return the package's flags for those of ``re``."""
    names = ("IGNORECASE", "MULTILINE", "DOTALL", "VERBOSE", "ASCII")
    return sum(int(getattr(regex, name)) for name in names if flags & getattr(re, name))


def _source(kind: str, value: Any) -> str:
    if kind == "ANY":
        return "."
    if kind == "IN":
        return f"[{''.join(_member(str(name), one) for name, one in value)}]"
    return _escaped(value) if kind == "LITERAL" else f"[^{_escaped(value)}]"


def _member(kind: str, value: Any) -> str:
    if kind == "NEGATE":
        return "^"
    if kind == "RANGE":
        return f"{_escaped(value[0])}-{_escaped(value[1])}"
    return _CATEGORIES[str(value)] if kind == "CATEGORY" else _escaped(value)


def _escaped(code: int) -> str:
    return f"\\U{code:08x}"


def _place(kind: str, flags: int) -> Callable[[str, int], bool]:
    if kind == "AT_BEGINNING_STRING" or (kind == "AT_BEGINNING" and not flags & re.MULTILINE):
        return lambda _text, at: at == 0
    if kind == "AT_BEGINNING":
        return lambda text, at: at == 0 or text[at - 1] == "\n"
    if kind == "AT_END_STRING":
        return lambda text, at: at == len(text)
    if kind == "AT_END" and flags & re.MULTILINE:
        return lambda text, at: at == len(text) or text[at] == "\n"
    if kind == "AT_END":
        return lambda text, at: at == len(text) or (at == len(text) - 1 and text[at] == "\n")
    words = _table(r"\w", flags & re.ASCII)
    wanted = kind == "AT_BOUNDARY"

    def parts(text: str, at: int) -> bool:
        before = at > 0 and words[text[at - 1]]
        return (before != (at < len(text) and words[text[at]])) == wanted

    return parts
