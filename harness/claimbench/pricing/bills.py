"""Bills that are worked out once: most requests of a run meet the same rates, and many have the
same token counts.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from functools import cached_property

from claimbench.pricing.bill import cost_of_usage
from claimbench.pricing.bounds.ceiling import Dearest, TokenBound, dearest
from claimbench.pricing.model import Terms, UnknownPrice, as_utc
from claimbench.types import Cost, Usage

MOST_MOMENTS = 2_000
"""Minutes remembered at once; a run may last for days."""


class Bills:
    """The bills under one arm's terms. Equal usage in the same minute, at the same tier, has the
    same bill.
    """

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._costs: dict[int | datetime, dict[tuple[Usage | None, str], Cost]] = {}
        self._dearest: dict[tuple[int | datetime, str, tuple[str, ...]], Dearest] = {}

    @cached_property
    def _by_minute(self) -> bool:
        return self._terms.price.changes_on_the_minute()

    def cost(self, usage: Usage | None, at_utc: datetime, tier: str = "standard") -> Cost:
        """Return what :func:`claimbench.pricing.bill.cost_of_usage` gives, worked out unless it was
        before; stamped with ``at_utc``.
        """
        at_utc = as_utc(at_utc)
        moment = self._moment(at_utc)
        known = self._costs.get(moment)
        if known is None:
            self._forget()
            known = self._costs[moment] = {}
        key = (usage, tier)
        found = known.get(key)
        if found is None:
            found = known[key] = cost_of_usage(usage, self._terms, at_utc, tier)
        elif self._by_minute:
            # Writing a moment anew takes longer
            stamp = f"{(found.priced_at or '')[:17]}{at_utc.second:02d}+00:00"
            if found.priced_at != stamp:
                found = known[key] = _stamped(found, stamp)
        return found

    def at_most(self, bound: TokenBound, at_utc: datetime, tier: str = "standard") -> Decimal:
        """Return what :func:`claimbench.pricing.bounds.ceiling.upper_bound` gives, the rates looked
        up once a minute.

        Raises:
            UnknownPrice: the price cannot be known.
        """
        if bound.open is not None:
            raise UnknownPrice(bound.open)
        key = (self._moment(as_utc(at_utc)), tier, bound.classes)
        found = self._dearest.get(key)
        if found is None:
            self._forget()
            found = self._dearest[key] = dearest(self._terms, at_utc, tier, bound.classes)
        return found.bill(bound)

    def _forget(self) -> None:
        """Keep what is remembered within bounds; called before more is."""
        if len(self._costs) + len(self._dearest) > MOST_MOMENTS:
            self._costs.clear()
            self._dearest.clear()

    def _moment(self, at_utc: datetime) -> int | datetime:
        """Return the same for all moments between which no rate changes."""
        if not self._by_minute:
            return at_utc
        return at_utc.toordinal() * 1440 + at_utc.hour * 60 + at_utc.minute


def _stamped(cost: Cost, stamp: str) -> Cost:
    """Return ``cost`` with another stamp; ``replace`` takes several times as long."""
    return Cost(
        cost.amount,
        cost.currency,
        cost.basis,
        cost.price_id,
        stamp,
        cost.low,
        cost.high,
        cost.components,
        cost.why_unknown,
    )
