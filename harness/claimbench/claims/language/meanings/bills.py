"""What is said of a month's or a year's dollars, and when a cost pays for itself."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from claimbench.claims.language.amounts import Amount
from claimbench.claims.language.meanings.effects import Meaning, capped, level, with_effect
from claimbench.claims.language.parts.statements import Statement
from claimbench.errors import ClaimError

WAYS = frozenset({"bill", "save", "payback"})
METRICS = {"month": "usd_per_month", "year": "usd_per_year"}


def bill(said: Statement, made: Meaning, amount: Amount | None) -> Meaning:
    """Read a limit of a month's dollars, a saving, or a time after which a cost has paid for
    itself.

    Raises:
        ClaimError: an amount that states no limit, or none at all.
    """
    if said.way == "payback":
        return _payback(said, made, amount)
    if amount is None:
        raise ClaimError(f"{said.text!r} states no dollars", hint='say "under $2,000 a month"')
    made.metric = METRICS[said.per or "month"]
    if said.way == "bill":
        amount = capped(made, amount) if amount.bound == "up_to" else amount
        return level(made, replace(amount, half=Fraction(0)), "at_most")
    if amount.bound in {"up_to", "down_to", "only"}:
        raise ClaimError(
            f"{said.text!r} states no least saving", hint='say "at least", or the amount alone'
        )
    made.relation = "saves"
    return with_effect(made, amount)


def _payback(said: Statement, made: Meaning, amount: Amount | None) -> Meaning:
    """Read "pays for itself in 8 months": by the end of that month no more has been paid."""
    unit = 12 if said.per == "year" else 1
    stated = amount or Amount("n", Fraction(1))
    if stated.high is not None or stated.bound in {">", ">=", "only", "down_to"}:
        raise ClaimError(
            f"{said.text!r} states no last month", hint='say "pays for itself in 8 months"'
        )
    made.relation = "pays_back"
    made.metric = METRICS["month"]
    made.threshold = stated.value * unit
    made.half = Fraction(0)
    made.strict = stated.bound == "<"
    if not 1 <= made.threshold <= 120:
        raise ClaimError(f"{said.text!r}: a time from 1 month to 10 years can be judged")
    return made
