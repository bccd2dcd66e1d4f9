"""A statement -> fields of a claim: kind, relation, threshold, tolerance, reading."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction

from claimbench.claims.language import lexicon as words
from claimbench.claims.language.amounts import Amount
from claimbench.claims.language.meanings.effects import (
    Meaning,
    capped,
    half_of,
    level,
    level_of_rest,
    near,
    share_of,
    with_effect,
    with_floor,
)
from claimbench.claims.language.meanings.ratios import cost, seconds, speed
from claimbench.claims.language.meanings.steering import steered
from claimbench.claims.language.parts.statements import Statement, metric_of, reading_of
from claimbench.errors import ClaimError

_LOSS = re.compile(r"los[est]|giv|sacrific|forgo|drop|decrease|costs?")


def mean(said: Statement) -> Meaning:
    """Give the claim that a statement makes.

    Raises:
        ClaimError: known words of which no testable claim can be made, and what to say instead.
    """
    amount = said.amount
    if (
        amount is not None
        and amount.kind == "p"
        and "performance" in said.text
        and amount.value > 1
    ):
        raise ClaimError('"performance" may be quality or speed', hint="say accuracy or speed")
    made = _BY_DIM[said.dim](said, amount)
    made.every_other = said.way == "best"
    made.modifier = _modifier(said, made)
    made.negated = said.negated
    made.swap = made.swap != said.swap
    made.untested = tuple(w for w in (said.degree, *said.hedges) if w)
    if made.kind == "latency":
        made.metric = _metric(said, made)
        made.quantile = said.quantile if made.quantile is None else made.quantile
    if made.kind == "cost":
        made.reading = said.reading or reading_of(said.text)
    if said.negated:
        _deny_degree(said, made)
        _deny(said, made)
    return made


def _deny_degree(said: Statement, made: Meaning) -> None:
    """Read "not significantly dearer" as "as cheap as"; "not much cheaper" has no limit."""
    if not made.untested:
        return
    worse = made.swap and made.threshold is None and made.modifier is None
    if said.degree in words.SIGNIFICANT and worse and not said.hedges:
        if made.kind != "accuracy":
            made.relation = "as"
            made.swap = False
            made.negated = False
        return
    raise ClaimError(
        f"the denial of {' '.join(made.untested)!r} states no amount",
        hint="say how much at most, or what holds",
    )


def _deny(said: Statement, made: Meaning) -> None:
    """Deny: "not worse" is "as good as", with its margin; vague statements have no opposite."""
    sided = said.amount is not None and said.amount.bound in {"just_over", "just_under"}
    if sided or (made.threshold == 0 and made.upper is not None):
        raise ClaimError("the denial of this has more than one meaning", hint="say what holds")
    if said.way == "best" and (made.swap or made.modifier == "every"):
        raise ClaimError("the denial of this has more than one meaning", hint="say what holds")
    if not made.negated:
        return
    if made.kind == "accuracy" and made.relation == "more" and made.swap and made.modifier is None:
        made.relation = "as"
        made.negated = False
        made.swap = False
    if made.modifier in {"up_to", "sometimes", "most", "count", "vague", "about"}:
        raise ClaimError(
            "the denial of this has more than one meaning", hint="say positively what holds"
        )
    if made.relation in {"at_most", "at_least"} and made.threshold is None:
        raise ClaimError(
            "the denial of an adjective without a limit cannot be tested", hint="state a limit"
        )


def _modifier(said: Statement, made: Meaning) -> str | None:
    bound = None if said.amount is None else said.amount.bound
    of_amount = "up_to" if bound == "down_to" else bound if bound in {"about", "up_to"} else None
    if made.capped:
        of_amount = None
    if bound == "down_to" and made.kind == "latency" and made.relation in {"at_most", "at_least"}:
        raise ClaimError("the fastest answer says nothing of the others", hint="name a percentile")
    found = [m for m in (said.modifier, of_amount, made.modifier) if m]
    if set(found) == {"best", "every"}:
        return "every"
    if len(set(found)) > 1:
        raise ClaimError(f"{' and '.join(sorted(set(found)))} in one statement")
    return found[0] if found else None


def _metric(said: Statement, made: Meaning) -> str:
    if said.metric:
        return said.metric
    return metric_of(said.text) or made.metric


def _accuracy(said: Statement, amount: Amount | None) -> Meaning:
    way = said.way
    made = Meaning("accuracy", "more", "accuracy")
    if way in {"same", "as"}:
        made.relation = "as"
    elif way == "equal":
        return _equal(made)
    elif way == "caught":
        made.relation = "caught_up"
    elif way == "best":
        made.modifier = "best" if said.sign > 0 else None
        made.swap = said.sign < 0
    elif way == "bare":
        made.relation = "at_least"
    elif way == "level" and amount is not None:
        return level(made, amount, "at_least" if said.sign > 0 else "at_most")
    elif way == "near" and amount is not None:
        return near(made, amount)
    elif way in {"share", "times_as", "half", "double"}:
        return _accuracy_share(said, made, amount)
    elif way == "lose" and amount is not None:
        return _accuracy_loss(said, made, amount)
    elif amount is None:
        made.swap = said.sign < 0
    elif said.sign > 0:
        made.relation = "times_more" if amount.kind == "x" else "more_by"
        made.reading = "points" if amount.kind == "o" else None
        return with_floor(with_effect(made, amount))
    else:
        return _accuracy_less(made, amount)
    return made


def _equal(made: Meaning) -> Meaning:
    """Read "the same accuracy": within the margin of the suite either way, filled in later."""
    made.relation = "near"
    made.reading = "points"
    made.half = Fraction(0)
    return made


def _accuracy_less(made: Meaning, amount: Amount) -> Meaning:
    amount = capped(made, amount)
    made.relation = "times_less" if amount.kind == "x" else "less_by"
    made.reading = "points" if amount.kind == "o" else None
    return with_effect(made, amount)


def _accuracy_loss(said: Statement, made: Meaning, amount: Amount) -> Meaning:
    """Read a loss: "loses only 1%" concedes at most that, "5 points behind" states at least."""
    conceded = amount.bound is None and _LOSS.search(said.text) is not None
    found = _accuracy_less(made, amount)
    if conceded and amount.high is None:
        found.bound = "max"
    return found


def _accuracy_share(said: Statement, made: Meaning, amount: Amount | None) -> Meaning:
    value, half = share_of(said, amount)
    if amount is not None and amount.kind == "o":
        raise ClaimError("points are no share of an accuracy")
    if amount is not None and amount.kind == "x" and "performance" in said.text:
        raise ClaimError('"performance" may be quality or speed', hint="say accuracy or speed")
    if value >= 1:
        made.relation = "times_more"
        made = with_floor(with_effect(made, amount)) if amount is not None and value > 1 else made
        if value == 1:
            made.relation = "as"
            made.threshold = None
        elif amount is None:
            made.threshold = value
            made.half = half
        return made
    made.relation = "share"
    if amount is None:
        made.threshold = value
        made.half = half
        made.bound = "max"
        return made
    made = with_effect(made, amount)
    belittles = re.match(r"(?:has|with|at|gets|is|<)", said.text) is not None
    if amount.kind == "f" and amount.bound is None and belittles:
        made.bound = "max"
    return made


def _errors(said: Statement, amount: Amount | None) -> Meaning:
    way = said.way
    made = Meaning("accuracy", "more", "accuracy")
    if way == "level" and amount is not None:
        return level_of_rest(made, amount, "at_least")
    if way in {"same", "as"}:
        made.relation = "as"
        return made
    if way == "equal":
        return _equal(made)
    if way == "best":
        made.modifier = "best" if said.sign < 0 else None
        made.swap = said.sign > 0
        return made
    if way == "near" and amount is not None and amount.kind == "o":
        return near(made, amount)
    if way in {"half", "double"} or (way == "share" and amount is not None):
        return _error_share(said, made, amount)
    if way != "comp":
        raise ClaimError(f"{said.text!r}: errors cannot be compared like this")
    if amount is None:
        made.swap = said.sign > 0
        return made
    if amount.kind == "o":
        made.relation = "more_by" if said.sign < 0 else "less_by"
        made.reading = "points"
        made = with_effect(made, amount)
        return with_floor(made) if said.sign < 0 else made
    if said.sign < 0 and amount.kind in {"p", "f"}:
        if amount.value > 1:
            raise ClaimError("more than 100% fewer errors do not exist")
        made.relation = "more_by"
        made.reading = "error_reduction"
        return with_floor(with_effect(made, amount))
    if amount.bound in {"only", "up_to", "down_to", "exactly"}:
        raise ClaimError("state the errors as a share of the rival's", hint='"half the errors"')
    factor = amount.value if amount.kind == "x" else 1 + amount.value
    return _error_factor(made, amount, factor, said.sign)


def _error_factor(made: Meaning, amount: Amount, factor: Fraction, sign: int) -> Meaning:
    """Read "2x fewer" and "30% more" errors as a share of the rival's errors."""
    if factor <= 1 or amount.high is not None or amount.bound in {"<=", "<", "within", "about"}:
        raise ClaimError("state the errors as a share of the rival's", hint='"half the errors"')
    half = half_of(amount)
    made.relation = "error_share"
    made.strict = amount.bound == ">"
    if sign < 0:
        made.threshold = 1 / factor
        made.half = 1 / (factor - half) - 1 / factor
        made.bound = "max"
    else:
        made.threshold = factor
        made.half = half
    return made


def _error_share(said: Statement, made: Meaning, amount: Amount | None) -> Meaning:
    value, half = share_of(said, amount)
    if amount is not None and (amount.high is not None or amount.kind == "o"):
        raise ClaimError("state one share of the rival's errors")
    made.relation = "error_share"
    made.threshold = value
    made.half = half
    made.bound = "max" if value < 1 else "min"
    bound = None if amount is None else amount.bound
    if bound in {"<=", "<", "within", "only", "up_to"}:
        made.bound = "max"
    if amount is not None:
        capped(made, amount)
    if bound in {">=", ">"}:
        made.bound = "min"
    made.strict = bound in {"<", ">"}
    return made


_BY_DIM: dict[str, Callable[[Statement, Amount | None], Meaning]] = {
    "acc": _accuracy,
    "err": _errors,
    "cost": cost,
    "time": seconds,
    "rate": speed,
    "steer": steered,
    "refuse": steered,
}
