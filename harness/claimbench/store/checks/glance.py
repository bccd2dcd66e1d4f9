"""Rows of a run against their own columns and against the rows before them, many at a glance.

What does not agree here is not a fault yet: it is to be asked with care, row by row
(:mod:`claimbench.store.verify`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Table

from claimbench.codec import read_lines
from claimbench.store.schema import attempts, calls, chain, records

PLANNED = ("call_id", "task", "sample_id", "epoch", "arm", "position")
"""Columns of a planned call that its body says too."""


class _CallKeys(msgspec.Struct):
    """What of a planned call stands in columns too."""

    id: str
    task: str = ""
    sample_id: str = ""
    epoch: int = 0
    arm: str = ""
    position: int = -1


class _AttemptKeys(msgspec.Struct):
    """What of an attempt stands in columns too."""

    call_id: str
    number: int
    session: int
    outcome: str


class _RecordKeys(msgspec.Struct):
    """What of a record stands in columns too."""

    call: _CallKeys
    outcome: str


class Glance(NamedTuple):
    """Columns that a body must agree with, and where they stand in it."""

    columns: tuple[str, ...]
    places: tuple[str, ...]
    decoder: msgspec.json.Decoder[Any]
    """Reads them alone, many times faster than the whole with care."""

    def read(self, bodies: Sequence[str]) -> Sequence[Any]:
        """Read what stands in columns too; Nones where one of the bodies takes some care."""
        return read_lines(self.decoder, bodies) or [None] * len(bodies)

    def agrees(self, stated: Sequence[Sequence[Any]], made: Sequence[Any]) -> bool:
        """Say whether columns, the values of all rows in each, are what was ``made`` of the bodies;
        no: it is to be asked with care.
        """
        return None not in made and all(
            list(map(attrgetter(place), made)) == list(column)
            for place, column in zip(self.places, stated, strict=True)
        )


_TRIED = ("call_id", "number", "session", "outcome")
GLANCE: Mapping[Table, Glance] = {
    calls: Glance(PLANNED, ("id", *PLANNED[1:]), msgspec.json.Decoder(_CallKeys)),
    attempts: Glance(_TRIED, _TRIED, msgspec.json.Decoder(_AttemptKeys)),
    records: Glance(
        ("call_id", "outcome"), ("call.id", "outcome"), msgspec.json.Decoder(_RecordKeys)
    ),
}


def follow(previous: str, bodies: Sequence[str], hashes: Sequence[str]) -> bool:
    """Say whether chained rows follow one another; no: it is to be asked row by row."""
    try:
        return tuple(map(chain, (previous, *hashes), bodies)) == hashes
    except (AttributeError, ValueError):  # a value is no text
        return False


def plan_agrees(rows: Sequence[Any]) -> bool:
    """Say whether rows of the table of planned calls agree with their columns."""
    columns = dict(zip(calls.c.keys(), zip(*rows, strict=True), strict=True))
    glance = GLANCE[calls]
    made = glance.read(columns["body"])
    return glance.agrees([columns[name] for name in glance.columns], made)
