"""What the loop asks of prices: dollars before a request is sent, and after."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from claimbench.types import Arm, Attempt, Request


@dataclass(frozen=True, slots=True)
class Money:
    """The two questions that the loop asks of prices: an upper bound before sending, the cost
    after. None means unknown.

    ``bills`` is False for an arm whose requests add to nobody's bill (a machine that is paid by the
    hour): its cost is shown, and takes nothing from the budget. ``cost_then`` is the cost of an
    attempt of an earlier session, at the moment it was sent. ``why_open`` says why nothing bounds
    what an arm's requests could cost if they were sent now; None where something does, or where
    that is allowed. ``why_beyond`` says so of an attempt that was made: why its bill, which is
    unknown, may be above what was reserved for it. ``at_prices`` says the most that an attempt
    whose vendor states a charge, or a tier that nobody asked for, can come to without its word, as
    of a moment (None: now); None where it states none or nothing else bounds it. ``doubt`` marks
    what of an attempt's usage no request of the arm has (:func:`claimbench.pricing.doubted.doubt`).
    """

    reserve: Callable[[Arm, Request], Decimal | None]
    cost: Callable[[Arm, Attempt], Decimal | None]
    bills: Callable[[Arm], bool] = lambda _arm: True
    cost_then: Callable[[Arm, Attempt, datetime], Decimal | None] | None = None
    why_open: Callable[[Arm], str | None] = lambda _arm: None
    why_beyond: Callable[[Arm, Attempt], str | None] = lambda _arm, _attempt: None
    at_prices: Callable[[Arm, Attempt, datetime | None], Decimal | None] = (
        lambda _arm, _attempt, _at_utc: None
    )
    doubt: Callable[[Arm, Attempt], tuple[Attempt, str | None]] = lambda _arm, attempt: (
        attempt,
        None,
    )
