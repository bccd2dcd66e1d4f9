"""Dollars that a file of ours tells of a call: a vendor's charge, or what the call came to at the
prices of the run that measured it. An export writes them, an import has them back as what they
were.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, get_args

from claimbench.packed import columns, some_values
from claimbench.pricing.asked import tier_said
from claimbench.types import Attempt, Cost, CostBasis, Json

if TYPE_CHECKING:  # numpy is not before it is needed
    from claimbench.pricing.calls import RunCosts

OWN = ("cost_usd", "cost_usd_low", "cost_usd_high")
"""A call's dollars, and where they are not known what they lie between."""
PRICED = ("at_prices_usd", "at_prices_usd_low", "at_prices_usd_high")
"""The same at the prices, of a call whose vendor says what it charged."""
BASIS = "cost_basis"
TOLD_FIELDS = (OWN[0], BASIS, *OWN[1:], *PRICED)
"""What an export tells of a call's dollars, by name."""
_KEY = "claimbench"
"""Under it an imported attempt keeps them, in the place of what a provider says of its usage."""


@dataclass(frozen=True, slots=True)
class ToldDollars:
    """What a call came to at its own run's prices; ``amount`` None = unknown, between ``low`` and
    ``high`` where those are told.
    """

    basis: CostBasis
    amount: Decimal | None = None
    low: Decimal | None = None
    high: Decimal | None = None

    def raw(self) -> dict[str, Json]:
        """Return it as an imported attempt keeps it."""
        given = {"usd": self.amount, "low": self.low, "high": self.high}
        known = {name: str(usd) for name, usd in given.items() if usd is not None}
        return {_KEY: {"basis": self.basis, **known}}

    def over(self, cost: Cost) -> Cost:
        """Return an attempt's cost as the file tells it."""
        return Cost(
            self.amount,
            basis=self.basis,
            priced_at=cost.priced_at,
            low=self.low,
            high=self.high,
            why_unknown="the imported file does not tell it" if self.amount is None else None,
        )


def beside_charges(
    attempts: Iterable[Attempt], costs: RunCosts, at_prices: RunCosts | None
) -> dict[str, Cost]:
    """Return call id -> its dollars at the prices, of the calls of which a vendor says what it
    charged, or that it served them at a cheaper tier than was asked for; ``costs``: as they are
    stated, ``at_prices``: of all calls without any vendor's word, None where none says anything.
    """
    if at_prices is None:
        return {}
    charged: set[str] = set()
    tiers: set[str] = set()
    for call_id, billed, raw in columns(attempts, "call_id", "billed_usd", "usage_raw"):
        if billed:
            charged.add(call_id)
        elif tier_said(raw) != "standard":
            tiers.add(call_id)
    stated = some_values(costs.calls, tiers)
    found = some_values(at_prices.calls, charged | tiers)
    return {
        call_id: cost
        for call_id, cost in found.items()
        if call_id in charged or stated.get(call_id) != cost
    }


def dollar_fields(cost: Cost | None, at_prices: Cost | None) -> dict[str, Decimal | str | None]:
    """Return what an export tells of a call's dollars, by :data:`TOLD_FIELDS`; unknown is None.

    ``at_prices``: the same call without its vendor's word, None where there is none. Where no price
    can be held against that word, there is nothing to tell beside it.
    """
    made: dict[str, Decimal | str | None] = dict.fromkeys(TOLD_FIELDS)
    if cost is None or cost.currency != "USD":
        return made
    made[BASIS] = cost.basis
    made |= _ends(OWN, cost)
    if at_prices is not None and at_prices.basis != "billed" and at_prices.currency == "USD":
        made |= _ends(PRICED, at_prices)
    return made


def _ends(names: tuple[str, str, str], cost: Cost) -> dict[str, Decimal | str | None]:
    if cost.amount is not None:
        return {names[0]: cost.amount}
    return {names[1]: cost.low, names[2]: cost.high}


def read_dollars(
    fields: Mapping[str, Json], *, failed: bool
) -> tuple[Decimal | None, ToldDollars | None]:
    """Return (charge, dollars at the prices) of what a file tells by :data:`TOLD_FIELDS`.

    A file that names no basis tells a charge, which nothing can be held against. ``failed``: the
    call has no answer; only then $0 is a bill and not a word for "not measured".
    """
    usd = _usd(fields.get(OWN[0]), zero=failed)
    basis = _basis(fields.get(BASIS))
    if basis is None:
        return usd or None, None
    own = ToldDollars(basis, usd, *_between(fields, OWN, usd))
    priced = _usd(fields.get(PRICED[0]), zero=failed)
    beside = ToldDollars("list_price", priced, *_between(fields, PRICED, priced))
    held = (beside.amount, beside.low, beside.high) != (None, None, None)
    if usd and (basis == "billed" or held):
        return usd, beside if held else None
    return None, None if basis == "billed" and usd is None else own


def _basis(value: Json) -> CostBasis | None:
    return next((one for one in get_args(CostBasis) if one == value), None)


def _between(
    fields: Mapping[str, Json], names: tuple[str, str, str], usd: Decimal | None
) -> tuple[Decimal | None, Decimal | None]:
    low, high = (_usd(fields.get(name), zero=True) for name in names[1:])
    if usd is not None or (low is not None and high is not None and low > high):
        return None, None
    return low, high


def _usd(value: Json, *, zero: bool) -> Decimal | None:
    """Return an amount that is told; ``zero``: $0 is one."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        amount = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    if not amount.is_finite() or amount < 0 or (amount == 0 and not zero):
        return None
    return amount


def with_told(costs: RunCosts, attempts: Iterable[Attempt], *, charges: bool) -> RunCosts:
    """Put what the file told in place of what this tool's prices say of an imported run's attempts.

    ``charges``: a vendor's word on its own charge stands before them.
    """
    told: dict[int, tuple[str, ToldDollars]] = {}
    read = columns(attempts, "call_id", "usage_raw", "billed_usd")
    for index, (call_id, raw, billed) in enumerate(read):
        one = _kept(raw)
        if one is not None and not (billed and charges):
            told[index] = call_id, one
    if not told:
        return costs
    of_attempts, of_calls = list(costs.attempts), dict(costs.calls)
    for index, (call_id, one) in told.items():
        of_attempts[index] = of_calls[call_id] = one.over(of_attempts[index])
    return replace(costs, attempts=of_attempts, calls=of_calls)


def _kept(raw: Json) -> ToldDollars | None:
    kept = raw.get(_KEY) if isinstance(raw, Mapping) else None
    if not isinstance(kept, Mapping):
        return None
    basis = _basis(kept.get("basis"))
    if basis is None:
        return None
    amount, low, high = (_usd(kept.get(name), zero=True) for name in ("usd", "low", "high"))
    return ToldDollars(basis, amount, low, high)
