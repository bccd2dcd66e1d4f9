"""Bills that are worked out once: most requests of a run meet the same rates, and many have the
same token counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from claimbench.pricing.bill import compute
from claimbench.pricing.ceiling import Dearest, TokenBound, dearest
from claimbench.pricing.model import FxRate, Price, as_utc
from claimbench.types import Cost, Usage

MOST_MOMENTS = 2_000
"""Minutes remembered at once; a run may last for days."""


class Bills:
    """The bills of one arm's attempts. Equal usage in the same minute, at the same tier, has the
    same bill.

    One object belongs to one price, context and list of exchange rates: none of them is part of
    what it looks up.
    """

    def __init__(self, price: Price | None) -> None:
        self._by_minute = price is not None and price.changes_on_the_minute()
        self._known: dict[int | datetime, dict[tuple[Usage, str], Cost]] = {}
        self._dearest: dict[tuple[int | datetime, str], Dearest] = {}

    def _moment(self, at_utc: datetime) -> int | datetime:
        """The same for all moments between which no rate changes."""
        if len(self._known) + len(self._dearest) > MOST_MOMENTS:
            self._known.clear()
            self._dearest.clear()
        return (
            at_utc.toordinal() * 1440 + at_utc.hour * 60 + at_utc.minute
            if self._by_minute
            else at_utc
        )

    def at_most(
        self,
        bound: TokenBound,
        price: Price,
        at_utc: datetime,
        tier: str,
        context: Mapping[str, str] | None,
        fx: Sequence[FxRate],
    ) -> Decimal:
        """What :func:`claimbench.pricing.ceiling.upper_bound` gives, its rates looked up once a
        minute.
        """
        key = (self._moment(as_utc(at_utc)), tier)
        found = self._dearest.get(key)
        if found is None:
            found = self._dearest[key] = dearest(price, at_utc, tier, context, fx)
        return found.bill(bound)

    def computed(
        self,
        usage: Usage,
        price: Price,
        at_utc: datetime,
        tier: str,
        context: Mapping[str, str] | None,
        fx: Sequence[FxRate],
    ) -> Cost:
        """What :func:`claimbench.pricing.bill.compute` gives, worked out unless it was before;
        stamped with ``at_utc``.
        """
        at_utc = as_utc(at_utc)
        known = self._known.setdefault(self._moment(at_utc), {})
        key = (usage, tier)
        found = known.get(key)
        if found is None:
            found = known[key] = compute(usage, price, at_utc, tier, context, fx)
        elif self._by_minute:
            # Writing a moment anew takes longer
            stamp = f"{(found.priced_at or '')[:17]}{at_utc.second:02d}+00:00"
            if found.priced_at != stamp:
                found = known[key] = Cost(
                    found.amount,
                    found.currency,
                    found.basis,
                    found.price_id,
                    stamp,
                    found.low,
                    found.high,
                    found.components,
                    found.why_unknown,
                )
        return found
