"""Rows that are packed as their bodies come by: those that are verified, so that they are read
once, and the plan.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar

from sqlalchemy import Connection, select

from claimbench.codec import readers_to_pack
from claimbench.errors import StoreError
from claimbench.packed import Packed, Packer
from claimbench.store.schema import calls
from claimbench.store.seals import AT_ONCE
from claimbench.types import Call

T = TypeVar("T")


class SeenRows(Generic[T]):
    """Packs the rows of one table as their bodies come by; :meth:`ResultsStore.verify` calls it
    with some of them at a time, in order.
    """

    def __init__(self, kind: type[T]) -> None:
        self._read, self._read_all = readers_to_pack(kind)
        self._rows = Packer(kind)
        self._fault: StoreError | None = None

    def __call__(self, bodies: Sequence[str]) -> Sequence[T | None]:
        """Take rows; return them, None for one that cannot be read: verification says first what it
        finds, and :meth:`done` what it was.
        """
        made = self._read_all(bodies)
        if made is not None:
            self._rows.extend(made)
            return made
        return [self._one(body) for body in bodies]

    def _one(self, body: str) -> T | None:
        try:
            row = self._read(body)
        except StoreError as error:
            self._fault = self._fault or error
            return None
        self._rows.append(row)
        return row

    def done(self) -> Packed[T]:
        """Return all rows.

        Raises:
            StoreError: the first one that could not be read.
        """
        if self._fault is not None:
            raise self._fault
        return self._rows.done()


def plan_bodies(connection: Connection, run_id: str) -> Iterator[Sequence[str]]:
    """Read the bodies of the planned calls in their order, some at a time."""
    query = select(calls.c.body).where(calls.c.run_id == run_id)
    query = query.order_by(calls.c.position, calls.c.call_id)
    yield from connection.execute(query).scalars().partitions(AT_ONCE)


def packed_plan(connection: Connection, run_id: str) -> Packed[Call]:
    """Read the planned calls in their order.

    Raises:
        StoreError: the first one that cannot be read.
    """
    seen = SeenRows(Call)
    for bodies in plan_bodies(connection, run_id):
        seen(bodies)
    return seen.done()
