"""Attempts and their costs, for tests: one attempt priced the way a run prices it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from claimbench.pricing.arms import ArmPrice
from claimbench.pricing.bounds.ceiling import TokenBound
from claimbench.pricing.model import FxRate, Price
from claimbench.types import Attempt, Cost, Outcome, Timing, Usage

TERMS = ("tier", "context", "why_unknown")


def cost_of_attempt(
    usage: Usage | None,
    price: Price | None,
    at_utc: datetime,
    *,
    bound: TokenBound | None = None,
    fx: Sequence[FxRate] = (),
    **more: Any,
) -> Cost:
    """Price one attempt of an arm; ``more`` says tier, context or why_unknown of the arm, billed_usd,
    billable or reserved_usd of the attempt.
    """
    terms = {name: more.pop(name) for name in TERMS if name in more}
    arm = ArmPrice("arm", "list_price", price=price, fx=tuple(fx), **terms)
    timing = Timing(None, 0, 0, None, None, (), 1_000_000_000, "in_process")
    attempt = Attempt("c1", 1, 1, timing, Outcome.OK, 200, usage, None, None, "yes")
    return arm.cost(replace(attempt, **more), at_utc, bound=bound)
