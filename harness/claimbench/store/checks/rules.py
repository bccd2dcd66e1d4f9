"""Rules that the rows of a run keep among each other, whatever their hashes say.

The database's own triggers and keys refuse most of what is asked for here, but somebody with the
file in hand can drop them; these questions are asked again whenever a run is verified.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from sqlalchemy import Connection, exists, func, select
from sqlalchemy.sql.elements import ColumnElement

from claimbench.store.schema import attempts, calls, intents, looks, records, sessions
from claimbench.types import Outcome

_SHA256_HEX = 64
_UNSENT = '{"attempt":0,'
"""How the body of a record begins for which nothing was sent."""
_ANSWERED = tuple(outcome.value for outcome in Outcome if outcome.answered)


def broken_rules(connection: Connection, run_id: str, plan_sha256: str) -> Iterator[str]:
    """Give a sentence for each rule that the run's rows break, naming the first row that does.

    Args:
        connection: in one transaction, so that all is seen at one moment.
        run_id: the run.
        plan_sha256: the manifest's, of the planned calls' ids in their order; "" if it names none.
    """
    for table in (intents, attempts, records):
        unknown = ~exists().where(
            calls.c.run_id == table.c.run_id, calls.c.call_id == table.c.call_id
        )
        for call_id in _first(connection, table.c.call_id, table.c.run_id == run_id, unknown):
            yield f"{table.name}: call {call_id} was never planned"
    for table in (intents, attempts):
        unknown = ~exists().where(
            sessions.c.run_id == table.c.run_id, sessions.c.n == table.c.session
        )
        for n in _first(connection, table.c.session, table.c.run_id == run_id, unknown):
            yield f"{table.name}: there is no session {n}"
    yield from _answered_twice(connection, run_id)
    # A run of elsewhere holds no intents, and may hold answers without attempts
    if list(_first(connection, intents.c.call_id, intents.c.run_id == run_id)):
        yield from _finished_untried(connection, run_id)
        yield from _attempts_never_begun(connection, run_id)
    yield from _tried_after_success(connection, run_id)
    for table, column in ((sessions, sessions.c.n), (looks, looks.c.k)):
        query = select(column).where(table.c.run_id == run_id).order_by(column)
        numbers = list(connection.execute(query).scalars())
        if numbers != list(range(1, len(numbers) + 1)):
            yield f"{table.name}: they are numbered {numbers}, not 1, 2, ..."
    # An import's is shorter, and of another form
    if len(plan_sha256) == _SHA256_HEX and not _is_plan(connection, run_id, plan_sha256):
        yield "calls: they are not those that the manifest planned"


def _answered_twice(connection: Connection, run_id: str) -> Iterator[str]:
    earlier = records.alias("earlier")
    answered = exists().where(
        earlier.c.run_id == records.c.run_id,
        earlier.c.call_id == records.c.call_id,
        earlier.c.seq < records.c.seq,
        earlier.c.outcome.in_(_ANSWERED),
    )
    for call_id in _first(connection, records.c.call_id, records.c.run_id == run_id, answered):
        yield f"records: call {call_id} has a record after the one that holds its answer"


def _finished_untried(connection: Connection, run_id: str) -> Iterator[str]:
    """A record names the attempt that ended its call; 0 stands for none, where nothing was sent."""
    tried = exists().where(
        attempts.c.run_id == records.c.run_id, attempts.c.call_id == records.c.call_id
    )
    # Two steps: the first is answered by keys alone, side by side, for all rows; bodies are long
    untried = select(records.c.seq).where(records.c.run_id == run_id, ~tried)
    sent = func.substr(records.c.body, 1, len(_UNSENT)) != _UNSENT
    for call_id in _first(connection, records.c.call_id, records.c.seq.in_(untried), sent):
        yield f"records: call {call_id} is finished, but no attempt of it is there"


def _attempts_never_begun(connection: Connection, run_id: str) -> Iterator[str]:
    begun = exists().where(
        intents.c.run_id == attempts.c.run_id,
        intents.c.call_id == attempts.c.call_id,
        intents.c.attempt_number == attempts.c.number,
        intents.c.session == attempts.c.session,
    )
    for call_id in _first(connection, attempts.c.call_id, attempts.c.run_id == run_id, ~begun):
        yield f"attempts: one of call {call_id} was never begun (it has no intent)"


def _tried_after_success(connection: Connection, run_id: str) -> Iterator[str]:
    """A session that was killed may have lost the record of a good attempt; within one none is
    followed.
    """
    earlier, good = attempts.alias("earlier"), attempts.alias("good")
    follows = exists().where(
        earlier.c.run_id == attempts.c.run_id,
        earlier.c.call_id == attempts.c.call_id,
        earlier.c.number < attempts.c.number,
    )
    # Two steps, as above: few attempts follow another
    later = select(attempts.c.seq).where(attempts.c.run_id == run_id, follows)
    after = exists().where(
        good.c.run_id == attempts.c.run_id,
        good.c.call_id == attempts.c.call_id,
        good.c.session == attempts.c.session,
        good.c.number < attempts.c.number,
        good.c.outcome == Outcome.OK.value,
    )
    for call_id in _first(connection, attempts.c.call_id, attempts.c.seq.in_(later), after):
        yield f"attempts: call {call_id} was tried again after it had succeeded"


def _first(
    connection: Connection,
    column: ColumnElement[str] | ColumnElement[int],
    *where: ColumnElement[bool],
) -> list[object]:
    return list(connection.execute(select(column).where(*where).limit(1)).scalars())


def _is_plan(connection: Connection, run_id: str, plan_sha256: str) -> bool:
    query = select(calls.c.call_id).where(calls.c.run_id == run_id)
    ids = connection.execute(query.order_by(calls.c.position, calls.c.call_id)).scalars()
    return hashlib.sha256("\n".join(ids).encode()).hexdigest() == plan_sha256
