"""The size of a claim: thresholds, tolerances and bounds, whatever they are said of.

Tolerance is what a court would read: words and fractions ("twice", "half", "a third") and bounds
("at least", "more than") have none, percentages half a unit of their last digit, factors that too
but at most 2% of the factor.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from claimbench.claims.language.amounts import Amount
from claimbench.claims.language.parts.statements import Statement
from claimbench.errors import ClaimError

FACTOR_TOLERANCE = Fraction(1, 50)
"""Largest tolerance of a factor, as a share of it."""


@dataclass
class Meaning:
    """Fields of a claim that follow from the words; thresholds are exact until they are stored."""

    kind: str
    relation: str
    metric: str
    threshold: Fraction | None = None
    half: Fraction | None = None
    bound: str = "min"
    strict: bool = False
    upper: Fraction | None = None
    reading: str | None = None
    modifier: str | None = None
    quantile: float | None = None
    negated: bool = False
    swap: bool = False
    untested: tuple[str, ...] = ()
    every_other: bool = False
    capped: bool = False


def half_of(amount: Amount) -> Fraction:
    """Return the tolerance that an amount leaves."""
    if amount.bound in {">=", ">", "<=", "<", "within"} or amount.high is not None:
        return Fraction(0)
    if amount.kind == "x":
        return min(amount.half, FACTOR_TOLERANCE * amount.value)
    return amount.half


def with_effect(made: Meaning, amount: Amount) -> Meaning:
    """Lay an amount over a relation: the effect is at least that unless a bound says most."""
    made.threshold = amount.value
    made.half = half_of(amount)
    made.upper = amount.high
    if amount.bound in {"<=", "<", "within", "only"}:
        made.bound = "max"
    made.strict = amount.bound in {">", "<"}
    if made.relation.startswith("times") and amount.value <= 1:
        raise ClaimError(
            "a factor must be above 1", hint='"10x cheaper" means a tenth of the dollars'
        )
    if amount.high is not None and amount.high <= amount.value:
        raise ClaimError("a range runs from the smaller number to the larger one")
    return made


def with_floor(made: Meaning) -> Meaning:
    """Read "at most 30% cheaper", "beats by at most 2 points" of an arm that wins at all.

    The effect lies between none and that; a factor of the time is a share of it.
    """
    if made.bound != "max" or made.threshold is None:
        return made
    most = made.threshold + (made.half or 0)
    if made.relation == "times_less":
        most = 1 - 1 / most
        made.relation = "less_by"
    elif made.relation == "times_more":
        most = most - 1
        made.relation = "more_by"
        made.reading = "relative" if made.kind == "accuracy" else made.reading
    made.upper = most
    made.threshold = Fraction(0)
    made.half = Fraction(0)
    made.bound = "min"
    made.strict = False
    return made


_OTHER_SIDE = {"<=": ">=", "<": ">", "within": ">=", ">=": "<=", ">": "<"}


def level_of_rest(made: Meaning, amount: Amount, usual: str) -> Meaning:
    """Read a limit of 1 less a share: "errors of at most 5%" is an accuracy of at least 95%."""
    amount = capped(made, amount) if amount.bound == "up_to" else amount
    high = None if amount.high is None else 1 - amount.value
    value = 1 - (amount.value if amount.high is None else amount.high)
    bound = _OTHER_SIDE.get(amount.bound or "", amount.bound)
    return level(made, Amount(amount.kind, value, amount.half, high, bound), usual)  # type: ignore[arg-type]


def capped(made: Meaning, amount: Amount) -> Amount:
    """Read "up to" before a loss or a price as its cap: no more than that."""
    if amount.bound == "down_to":
        raise ClaimError('"as little as" with a loss is unclear', hint='say "at most"')
    if amount.bound != "up_to":
        return amount
    made.capped = True
    return replace(amount, half=Fraction(0), bound="<=")


def refuse_points(amount: Amount, what: str) -> None:
    """Refuse points where only a percentage or a factor has a meaning."""
    if amount.kind == "o":
        raise ClaimError(
            f"points measure accuracy, not {what}", hint="state a percentage or a factor"
        )


def share_of(said: Statement, amount: Amount | None) -> tuple[Fraction, Fraction]:
    """Return a share of the rival's with its tolerance."""
    if said.way == "half":
        return Fraction(1, 2), Fraction(0)
    if said.way == "double":
        return Fraction(2), Fraction(0)
    assert amount is not None  # noqa: S101  the other ways have an amount
    return amount.value, half_of(amount)


def near(made: Meaning, amount: Amount) -> Meaning:
    """Read "within 2 points of"."""
    if amount.bound not in {None, "within", "<=", "<"} or amount.high is not None:
        raise ClaimError("within of what?", hint='such as "within 2 points of beta"')
    if amount.bound is None:
        raise ClaimError(
            "an amount of whom?",
            hint='such as "95% of beta\'s accuracy" or "within 2 points of beta"',
        )
    made.relation = "near"
    made.threshold = amount.value
    made.half = Fraction(0)
    made.reading = "points" if amount.kind == "o" else None
    if amount.kind not in {"p", "o"}:
        raise ClaimError("within needs a percentage or points")
    return made


def level(made: Meaning, amount: Amount, usual: str) -> Meaning:
    """An absolute limit: the usual side, unless the words say the other."""
    made.threshold = amount.value
    made.half = Fraction(0)
    made.upper = amount.high
    low = amount.bound in {">=", ">"}
    high = amount.bound in {"<=", "<", "within", "only"}
    if amount.high is not None and amount.high <= amount.value:
        raise ClaimError("a range runs from the smaller number to the larger one")
    made.relation = "at_least" if low else "at_most" if high else usual
    made.strict = amount.bound in {">", "<"}
    if made.kind == "accuracy" and not 0 <= amount.value <= 1:
        raise ClaimError(f"an accuracy of {float(amount.value):.0%} does not exist")
    if made.kind == "accuracy" and made.upper is not None:
        made.upper = min(made.upper, Fraction(1))
    if made.kind == "accuracy" and amount.kind not in {"p", "f", "o"}:
        raise ClaimError("an accuracy is stated as a percentage")
    return made
