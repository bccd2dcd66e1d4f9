"""Dollars of a call, with what they rest on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

CostBasis = Literal["billed", "list_price", "host_time", "projected"]


@dataclass(frozen=True, slots=True)
class Cost:
    """The dollars of one attempt or call; ``amount`` None = unknown. ``low``/``high`` bound an
    unknown bill.
    """

    amount: Decimal | None
    currency: str = "USD"
    basis: CostBasis | None = None
    price_id: str | None = None
    priced_at: str | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    components: Mapping[str, Decimal] = field(default_factory=dict)
    why_unknown: str | None = None
