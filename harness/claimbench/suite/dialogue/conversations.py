"""Rows whose user turns are asked one after the other, with the model's own answers between them.

A row becomes one sample per turn; all samples of a row are one cluster. A turn has the target that
it states itself; the row's target is that of the last turn. A turn without a target is asked and
paid, and not scored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from claimbench.error_words import show
from claimbench.types import Json, Sample, Turn

ROLE = "conversation"
SLICE = "turn"
"""The slice by which reports break a conversation down, where the data has no column of the name.
"""
TARGET = "(the turn's target)"
"""Stands for the column of the target where turns state theirs and rows have none."""
MOST_TURNS = 200
_KEYS = ("user", "content", "target", "role")


class ConversationFault(ValueError):
    """A row's turns cannot be asked; the text says why."""


@dataclass(frozen=True, slots=True)
class UserTurn:
    """One turn of a row: what the user says, and what is right; ``target`` None: nothing is said
    of it.
    """

    text: str
    target: Json = None


def read_turns(value: Json) -> list[UserTurn]:
    """Read a row's turns: texts, or objects {user, target}, of which target may be left out.

    Raises:
        ConversationFault: it is no list of such, is empty, or holds a turn that says nothing.
    """
    if not isinstance(value, list):
        raise ConversationFault(
            f"the conversation is {show(value)}, not a list of the user's turns"
        )
    if not value:
        raise ConversationFault("the conversation has no turn")
    if len(value) > MOST_TURNS:
        raise ConversationFault(f"the conversation has {len(value)} turns, above {MOST_TURNS}")
    return [_turn(one, number) for number, one in enumerate(value, start=1)]


def _turn(value: Json, number: int) -> UserTurn:
    if isinstance(value, str):
        text, target = value, None
    elif isinstance(value, Mapping):
        unknown = sorted(str(key) for key in value if key not in _KEYS)
        if unknown:
            raise ConversationFault(f"turn {number} has '{unknown[0]}'; known: user, target")
        role = value.get("role", "user")
        if role != "user":
            raise ConversationFault(
                f"turn {number} is the {role}'s; a conversation holds the user's turns alone, for"
                " the answers are the model's own (`- turns:` asks for the last of given turns)"
            )
        text, target = value.get("user", value.get("content")), value.get("target")
    else:
        text, target = None, None
    if not isinstance(text, str):
        raise ConversationFault(
            f"turn {number} is {show(value)}, not a text or {{user: text, target: …}}"
        )
    if not text.strip():
        raise ConversationFault(f"turn {number} says nothing")
    return UserTurn(text, target)


def expanded(turns: list[UserTurn], last_target: bool) -> list[bool]:
    """Tell of each turn whether it is scored; ``last_target``: the row itself has a target.

    Raises:
        ConversationFault: no turn is.
    """
    scored = [turn.target is not None for turn in turns]
    scored[-1] = scored[-1] or last_target
    if not any(scored):
        raise ConversationFault(
            "no turn has a target: give the row one (for its last turn), or {user: …, target: …}"
        )
    return scored


def as_turn(sample: Sample, number: int, last: int, *, scored: bool) -> Sample:
    """Return the sample of a row as its turn ``number``."""
    slices = sample.slices if SLICE in sample.slices else {**sample.slices, SLICE: str(number)}
    return replace(
        sample,
        id=f"{sample.id}:{number}",
        slices=slices,
        turn=Turn(sample.id, number, last, scored),
    )
