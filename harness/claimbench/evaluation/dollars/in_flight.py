"""Calls that were under way when the process that sent them died: their bill is one nobody stated.

Whether they were answered, and billed, nobody knows. They count as an attempt of unknown bill, as
those of a sender that was lost do: what was reserved for them bounds it, and no sum drops it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain

from claimbench.packed import Packed, columns
from claimbench.pricing.calls import RunCosts
from claimbench.types import Attempt, Call, Intent, Outcome, Session, Timing

WHY = "a process died while the call was in flight"


def as_attempts(
    intents: Sequence[Intent], sessions: Sequence[Session], calls: Iterable[Call]
) -> tuple[Attempt, ...]:
    """Return the attempts that ``intents`` announced and nobody saw the end of.

    Args:
        intents: committed before sending, without their attempt. Where nothing was reserved (a
            machine paid by the hour, an answer replayed, a price of 0), nobody bills a request.
        sessions: their origins turn times of day into stamps.
        calls: those that are asked for; what is in flight of others is left out.
    """
    if not intents:
        return ()
    mine = set(columns(calls, "id"))
    origins = {session.n: session for session in sessions}
    return tuple(
        _unanswered(intent, origins[intent.session])
        for intent in intents
        if intent.call_id in mine and intent.session in origins and intent.reserved_usd != 0
    )


def _unanswered(intent: Intent, session: Session) -> Attempt:
    sent = datetime.fromisoformat(intent.created_utc)
    since = sent - datetime.fromisoformat(session.started_utc)
    at_ns = session.monotonic_origin_ns + round(since.total_seconds() * 1e9)
    return Attempt(
        call_id=intent.call_id,
        number=intent.attempt_number,
        session=intent.session,
        timing=Timing(None, at_ns, at_ns, None, None, (), at_ns, "transport"),
        outcome=Outcome.NETWORK,
        http_status=None,
        usage=None,
        usage_raw=None,
        billed_usd=None,
        billable="unknown",
        error=WHY,
        reserved_usd=intent.reserved_usd,
    )


def with_these(attempts: Sequence[Attempt], more: Sequence[Attempt]) -> Sequence[Attempt]:
    """Return ``attempts`` with ``more`` behind them."""
    return Packed.of(Attempt, chain(attempts, more)) if more else attempts


def of_stored(costs: RunCosts, attempts: Sequence[Attempt]) -> RunCosts:
    """Return the costs of calls whole, and of attempts those that are stored."""
    n = len(attempts)
    return costs if len(costs.attempts) == n else replace(costs, attempts=costs.attempts[:n])
