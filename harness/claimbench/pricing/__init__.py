"""Dollars: dated price books, bills from token usage, hosts by the hour, energy.

``model`` is what a price is, ``book`` and ``genai`` where list prices come from, ``bill`` and
``bills`` what an attempt cost, ``ceiling`` what it can cost at most, ``arms`` how an arm of a
suite is priced, ``frozen`` the book kept with a run, ``calls`` what its calls cost, ``run`` what
the loop asks. Money is :class:`decimal.Decimal`; an unknown
price is None or :class:`UnknownPrice`, never 0. What one would pay under other assumptions is
:mod:`claimbench.economics`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from claimbench._lazy import lazy

if TYPE_CHECKING:
    from claimbench.pricing.arms import ArmPrice, resolve_arm
    from claimbench.pricing.calls import RunCosts, cost_run
    from claimbench.pricing.model import Price, UnknownPrice
    from claimbench.pricing.money import Money
    from claimbench.pricing.price_lists.book import PriceBook
    from claimbench.pricing.run import Pricing

__all__ = [
    "ArmPrice",
    "Money",
    "Price",
    "PriceBook",
    "Pricing",
    "RunCosts",
    "UnknownPrice",
    "cost_run",
    "resolve_arm",
]
__getattr__ = lazy(
    __name__,
    {
        "ArmPrice": "arms",
        "Money": "money",
        "Price": "model",
        "PriceBook": "price_lists.book",
        "Pricing": "run",
        "RunCosts": "calls",
        "UnknownPrice": "model",
        "cost_run": "calls",
        "resolve_arm": "arms",
    },
)
