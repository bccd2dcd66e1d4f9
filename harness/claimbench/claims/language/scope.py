"""Marks for what the suite names: arms, classes of arms, tasks and values of slices."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from claimbench.claims.language import lexicon as words
from claimbench.claims.language.names import CLOSED, OPEN, flexible
from claimbench.errors import ClaimError
from claimbench.types import Arm, Task

_COMMON = frozenset(
    {w for w in words.FILLERS if " " not in w}
    | {"both", "this"}
    | {"one", "two", "three", "we", "they", "you", "good", "cheap", "fast", "best", "b", "x"}
)
"""Names that are ordinary words; they count only as they are written."""
_LETTER = re.compile(
    r"(?<![\w.⟦$-])[A-Z](?='s|\s*$|[.,;!]"
    r"| (?:is|are|was|costs?|has|beats?|matches|outperforms|than|and|or)\b)"
)
"""A capital letter that stands for a model where no arm is known: "A is cheaper than B"."""
_EDGE = r"(?![\w⟧]|[-.]\w)"


@dataclass
class Names:
    """What marks stand for: ``arms[n]`` names (several for a class), ``groups[n]`` the class."""

    arms: list[tuple[str, ...]] = field(default_factory=list)
    groups: list[str | None] = field(default_factory=list)
    tasks: list[str] = field(default_factory=list)
    slices: list[tuple[str, str]] = field(default_factory=list)

    def add(self, owners: tuple[str, ...], group: str | None = None) -> str:
        """Give the mark of an arm."""
        if (owners, group) in zip(self.arms, self.groups, strict=True):
            number = list(zip(self.arms, self.groups, strict=True)).index((owners, group))
        else:
            self.arms.append(owners)
            self.groups.append(group)
            number = len(self.arms) - 1
        return f"⟦a{number}⟧"


def mask(text: str, arms: Sequence[Arm], tasks: Sequence[Task]) -> tuple[str, Names]:
    """Replace names by marks, the longest first; ``text`` still has its capitals.

    An arm is known by its name and, where only one arm has it, by its model id; spaces, hyphens and
    underscores are alike. A name that is an ordinary word counts only as it is written. Tasks and
    slices are known after on, for, in, at, across.
    """
    names = Names()
    text = _mask_tasks(text, tasks, names)
    for spoken, owners in sorted(_spoken(arms).items(), key=lambda x: -len(x[0])):
        exact = spoken.lower() in _COMMON
        flags = 0 if exact else re.IGNORECASE
        pattern = rf"(?<![\w.⟦-]){flexible(spoken)}{_EDGE}"
        found = re.search(pattern, text, flags)
        if found is None:
            continue
        if len(owners) > 1:
            raise ClaimError(
                f"the model id in {text!r} belongs to several arms: {', '.join(owners)}",
                hint="name the arm instead, or set `arm:` and `than:`",
            )
        mark = names.add(owners)
        text = re.sub(pattern, mark, text, flags=flags)
    if not arms:
        text = _LETTER.sub(lambda match: names.add((match[0],)), text)
    for pattern, group, weights in ((OPEN, "open", "open"), (CLOSED, "closed", "proprietary")):
        members = tuple(a.name for a in arms if a.weights == weights)
        if not arms:
            members = (f"{weights} models",)
        if re.search(rf"(?<![\w.⟦-])(?:{pattern}){_EDGE}", text, re.IGNORECASE):
            mark = names.add(members, group)
            text = re.sub(rf"(?<![\w.⟦-])(?:{pattern}){_EDGE}", mark, text, flags=re.IGNORECASE)
    return text, names


def _spoken(arms: Sequence[Arm]) -> dict[str, tuple[str, ...]]:
    spoken: dict[str, tuple[str, ...]] = {}
    lower: set[str] = set()
    for arm in arms:
        spoken.setdefault(arm.name, (arm.name,))
        lower.add(arm.name.lower())
    for arm in arms:
        model = arm.model.rsplit("/", 1)[-1].removesuffix(".gguf").removesuffix(".GGUF")
        if model and model.lower() not in lower:
            spoken.setdefault(model, tuple(a.name for a in arms if a.model == arm.model))
            lower.add(model.lower())
    return spoken


def _mask_tasks(text: str, tasks: Sequence[Task], names: Names) -> str:
    lead = r"((?<![\w⟦])(?:on|for|in|at|across|with)(?: the| both)? )"
    known = sorted({t.name for t in tasks}, key=len, reverse=True)
    for name in known:
        names.tasks.append(name)
        mark = f"⟦t{len(names.tasks) - 1}⟧"
        text = re.sub(rf"{lead}{flexible(name)}{_EDGE}", rf"\g<1>{mark}", text, flags=re.IGNORECASE)
        more = rf"(⟦t\d+⟧(?:, and |, | and )){flexible(name)}{_EDGE}"
        text = re.sub(more, rf"\g<1>{mark}", text, flags=re.IGNORECASE)
    if len(known) > 1:
        for name in known:
            mark = f"⟦t{names.tasks.index(name)}⟧"
            more = rf"(⟦t\d+⟧(?:, and |, | and )){flexible(name)}{_EDGE}"
            text = re.sub(more, rf"\g<1>{mark}", text, flags=re.IGNORECASE)
    pairs = sorted({(c, str(v)) for t in tasks for s in t.samples for c, v in s.slices.items()})
    for column, value in pairs:
        owners = [p for p in pairs if p[1].lower() == value.lower()]
        if len(value) < 2 or len(owners) > 1:
            continue
        pattern = rf"{lead}(?:{flexible(column)} ?(?:=|is|:)? ?)?{flexible(value)}{_EDGE}"
        if re.search(pattern, text, re.IGNORECASE):
            names.slices.append((column, value))
            mark = f"⟦s{len(names.slices) - 1}⟧"
            text = re.sub(pattern, rf"\g<1>{mark}", text, flags=re.IGNORECASE)
    return text
