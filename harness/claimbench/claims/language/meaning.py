"""A statement -> fields of a claim: kind, relation, threshold, tolerance, reading.

Tolerance is what a court would read: words and fractions ("twice", "half", "a third") and bounds
("at least", "more than") have none, percentages half a unit of their last digit, factors that too
but at most 2% of the factor.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from claimbench.claims.language import lexicon as words
from claimbench.claims.language.amounts import Amount
from claimbench.claims.language.clauses import Statement, metric_of
from claimbench.errors import ClaimError

FACTOR_TOLERANCE = Fraction(1, 50)
"""Largest tolerance of a factor, as a share of it."""
_SPEED_OF_TOKENS = re.compile(r"throughput|tokens|tps|output|generation|decoding|inference speed")
_NAMED_TIME = re.compile(words.NOUNS["time"] + r"|\btime\b")
_LOSS = re.compile(r"los[est]|giv|sacrific|forgo|drop|decrease|costs?")


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
    if said.degree:
        made.untested = (said.degree,)
    if made.kind == "latency":
        made.metric = _metric(said, made)
        made.quantile = said.quantile if made.quantile is None else made.quantile
    if made.kind == "cost" and said.reading:
        made.reading = said.reading
    if said.negated:
        _deny(made)
    return made


def _deny(made: Meaning) -> None:
    """Deny: "not worse" is "as good as", with its margin; vague statements have no opposite."""
    if made.kind == "accuracy" and made.relation == "more" and made.swap and made.modifier is None:
        made.relation = "as"
        made.negated = False
        made.swap = False
    if made.modifier == "best" and made.swap:
        raise ClaimError("the denial of this has more than one meaning", hint="say what holds")
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
    of_amount = bound if bound in {"about", "up_to"} else None
    if (
        made.relation in {"at_most", "at_least"}
        and of_amount == "up_to"
        and made.kind != "accuracy"
    ):
        of_amount = None
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


def _half(amount: Amount) -> Fraction:
    if amount.bound in {">=", ">", "<=", "<", "within"} or amount.high is not None:
        return Fraction(0)
    if amount.kind == "x":
        return min(amount.half, FACTOR_TOLERANCE * amount.value)
    return amount.half


def _effect(made: Meaning, amount: Amount) -> Meaning:
    """Lay an amount over a relation: the effect is at least that unless a bound says most."""
    made.threshold = amount.value
    made.half = _half(amount)
    made.upper = amount.high
    if amount.bound in {"<=", "<", "within"}:
        made.bound = "max"
    made.strict = amount.bound in {">", "<"}
    if made.relation.startswith("times") and amount.value <= 1:
        raise ClaimError(
            "a factor must be above 1", hint='"10x cheaper" means a tenth of the dollars'
        )
    if amount.high is not None and amount.high <= amount.value:
        raise ClaimError("a range runs from the smaller number to the larger one")
    return made


def _points_only(amount: Amount, what: str) -> None:
    if amount.kind == "o":
        raise ClaimError(
            f"points measure accuracy, not {what}", hint="state a percentage or a factor"
        )


def _accuracy(said: Statement, amount: Amount | None) -> Meaning:
    way = said.way
    made = Meaning("accuracy", "more", "accuracy")
    if way in {"same", "as"}:
        made.relation = "as"
    elif way == "caught":
        made.relation = "caught_up"
    elif way == "best":
        made.modifier = "best" if said.sign > 0 else None
        made.swap = said.sign < 0
    elif way == "bare":
        made.relation = "at_least"
    elif way == "level" and amount is not None:
        return _level(made, amount, "at_least" if said.sign > 0 else "at_most")
    elif way == "near" and amount is not None:
        return _near(made, amount)
    elif way in {"share", "times_as", "half", "double"}:
        return _accuracy_share(said, made, amount)
    elif way == "lose" and amount is not None:
        return _accuracy_loss(said, made, amount)
    elif amount is None:
        made.swap = said.sign < 0
    elif said.sign > 0:
        made.relation = "times_more" if amount.kind == "x" else "more_by"
        made.reading = "points" if amount.kind == "o" else None
        return _effect(made, amount)
    else:
        return _accuracy_less(made, amount)
    return made


def _accuracy_less(made: Meaning, amount: Amount) -> Meaning:
    if amount.bound == "up_to":
        raise ClaimError('"up to" with a loss is unclear', hint='say "at most 5 points worse"')
    made.relation = "times_less" if amount.kind == "x" else "less_by"
    made.reading = "points" if amount.kind == "o" else None
    return _effect(made, amount)


def _accuracy_loss(said: Statement, made: Meaning, amount: Amount) -> Meaning:
    """Read a loss: "loses only 1%" concedes at most that, "5 points behind" states at least."""
    conceded = amount.bound is None and _LOSS.search(said.text) is not None
    if amount.bound == "up_to":
        amount = Amount(amount.kind, amount.value, Fraction(0), amount.high, "<=")
    found = _accuracy_less(made, amount)
    if conceded and amount.high is None:
        found.bound = "max"
    return found


def _accuracy_share(said: Statement, made: Meaning, amount: Amount | None) -> Meaning:
    value, half = _value(said, amount)
    if amount is not None and amount.kind == "o":
        raise ClaimError("points are no share of an accuracy")
    if amount is not None and amount.kind == "x" and "performance" in said.text:
        raise ClaimError('"performance" may be quality or speed', hint="say accuracy or speed")
    if value >= 1:
        made.relation = "times_more"
        made = _effect(made, amount) if amount is not None and value > 1 else made
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
    made = _effect(made, amount)
    belittles = re.match(r"(?:has|with|at|gets|is|<)", said.text) is not None
    if amount.kind == "f" and amount.bound is None and belittles:
        made.bound = "max"
    return made


def _value(said: Statement, amount: Amount | None) -> tuple[Fraction, Fraction]:
    if said.way == "half":
        return Fraction(1, 2), Fraction(0)
    if said.way == "double":
        return Fraction(2), Fraction(0)
    assert amount is not None  # noqa: S101  the other ways have an amount
    return amount.value, _half(amount)


def _near(made: Meaning, amount: Amount) -> Meaning:
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


def _level(made: Meaning, amount: Amount, usual: str) -> Meaning:
    """An absolute limit: the usual side, unless the words say the other."""
    made.threshold = amount.value
    made.half = Fraction(0)
    made.upper = amount.high
    low = amount.bound in {">=", ">"}
    high = amount.bound in {"<=", "<", "within"}
    made.relation = "at_least" if low else "at_most" if high else usual
    made.strict = amount.bound in {">", "<"}
    if made.kind == "accuracy" and not 0 <= amount.value <= 1:
        raise ClaimError(f"an accuracy of {float(amount.value):.0%} does not exist")
    if made.kind == "accuracy" and amount.kind not in {"p", "f", "o"}:
        raise ClaimError("an accuracy is stated as a percentage")
    return made


def _errors(said: Statement, amount: Amount | None) -> Meaning:
    way = said.way
    made = Meaning("accuracy", "more", "accuracy")
    if way == "level" and amount is not None:
        return _error_level(made, amount)
    if way == "same":
        made.relation = "as"
        return made
    if way == "best":
        made.modifier = "best" if said.sign < 0 else None
        made.swap = said.sign > 0
        return made
    if way == "near" and amount is not None and amount.kind == "o":
        return _near(made, amount)
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
        return _effect(made, amount)
    if said.sign < 0 and amount.kind in {"p", "f"}:
        if amount.value > 1:
            raise ClaimError("more than 100% fewer errors do not exist")
        made.relation = "more_by"
        made.reading = "error_reduction"
        return _effect(made, amount)
    factor = amount.value if amount.kind == "x" else 1 + amount.value
    return _error_factor(made, amount, factor, said.sign)


def _error_factor(made: Meaning, amount: Amount, factor: Fraction, sign: int) -> Meaning:
    """Read "2x fewer" and "30% more" errors as a share of the rival's errors."""
    if factor <= 1 or amount.high is not None or amount.bound in {"<=", "<", "within", "about"}:
        raise ClaimError("state the errors as a share of the rival's", hint='"half the errors"')
    half = _half(amount)
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
    value, half = _value(said, amount)
    if amount is not None and (amount.high is not None or amount.kind == "o"):
        raise ClaimError("state one share of the rival's errors")
    made.relation = "error_share"
    made.threshold = value
    made.half = half
    made.bound = "max" if value < 1 else "min"
    bound = None if amount is None else amount.bound
    if bound in {"<=", "<", "within"}:
        made.bound = "max"
    if bound in {">=", ">"}:
        made.bound = "min"
    made.strict = bound in {"<", ">"}
    return made


def _error_level(made: Meaning, amount: Amount) -> Meaning:
    flipped = {"<=": ">=", "<": ">", "within": ">=", ">=": "<=", ">": "<"}
    high = None if amount.high is None else 1 - amount.value
    value = 1 - (amount.value if amount.high is None else amount.high)
    bound = flipped.get(amount.bound or "", amount.bound)
    return _level(made, Amount(amount.kind, value, amount.half, high, bound), "at_least")  # type: ignore[arg-type]


def _cost(said: Statement, amount: Amount | None) -> Meaning:
    made = Meaning("cost", "less", "usd")
    if said.way == "vague":
        made.modifier = "vague"
        return made
    if said.way == "level" and amount is not None:
        return _price(said, made, amount)
    return _ratio(said, made, amount, "cost")


def _price(said: Statement, made: Meaning, amount: Amount) -> Meaning:
    number, kind, *side = (said.per or "1 request").split()
    count = int(number)
    if kind == "token":
        made.metric = "usd_per_mtok" + {"input": "_input", "prompt": "_input"}.get(
            side[0] if side else "", ""
        )
        if side and side[0] in {"output", "completion"}:
            made.metric = "usd_per_mtok_output"
        scale = Fraction(10**6, count)
    else:
        made.metric = "usd_per_correct" if kind == "correct" else "usd"
        scale = Fraction(1000, count)
    high = None if amount.high is None else amount.high * scale
    if amount.bound == "up_to":
        amount = Amount(amount.kind, amount.value, Fraction(0), amount.high, "<=")
    return _level(
        made,
        Amount("u", amount.value * scale, Fraction(0), high, amount.bound),
        "at_most",
    )


def _ratio(said: Statement, made: Meaning, amount: Amount | None, what: str) -> Meaning:
    """Everything that is said of dollars and of seconds alike: less is better."""
    way = said.way
    if way in {"same", "as"}:
        if way == "as" and said.sign > 0:
            raise ClaimError(f"{said.text!r} can mean at most or at least", hint="say which")
        made.relation = "as"
    elif way == "best":
        made.modifier = "best" if said.sign < 0 else None
        made.swap = said.sign > 0
    elif way == "bare":
        made.relation = "at_most"
    elif way in {"share", "half", "double"}:
        value, half = _value(said, amount)
        if amount is not None:
            _points_only(amount, what)
        return _ratio_share(made, value, half, amount)
    elif way == "near" and amount is not None:
        _points_only(amount, what)
        return _near(made, amount)
    elif way == "times_as" and amount is not None:
        return _ratio_as(said, made, amount)
    elif way != "comp":
        raise ClaimError(f"{said.text!r} is not said of {what}")
    elif amount is None:
        made.swap = said.sign > 0
    else:
        _points_only(amount, what)
        name = "less" if said.sign < 0 else "more"
        made.relation = f"times_{name}" if amount.kind == "x" else f"{name}_by"
        return _effect(made, amount)
    return made


def _ratio_as(said: Statement, made: Meaning, amount: Amount) -> Meaning:
    """Read "twice as cheap", "half as expensive", "twice as slow"."""
    _points_only(amount, "this")
    if said.sign > 0:
        return _ratio_share(made, amount.value, _half(amount), amount)
    if amount.kind != "x" and amount.value < 1:
        if made.kind == "cost":
            raise ClaimError(f"{said.text!r} has no clear meaning", hint='say "twice the cost"')
        return _slower_share(made, amount)
    made.relation = "times_less"
    return _effect(made, amount)


def _slower_share(made: Meaning, amount: Amount) -> Meaning:
    """Read "half as fast" as at least twice the time, "90% as fast" as at most 1/0.9 of it."""
    if amount.high is not None or amount.bound == "about":
        raise ClaimError("state the time instead", hint='such as "within 10% of beta\'s latency"')
    made.relation = "times_more"
    made.threshold = 1 / amount.value
    half = _half(amount)
    made.half = 1 / (amount.value - half) - made.threshold
    concedes = amount.kind == "p" or amount.bound in {">=", ">"}
    made.bound = "max" if concedes and amount.bound not in {"<=", "<"} else "min"
    made.strict = amount.bound in {">", "<"}
    return made


def _ratio_share(made: Meaning, value: Fraction, half: Fraction, amount: Amount | None) -> Meaning:
    bound = None if amount is None else amount.bound
    high = None if amount is None else amount.high
    made.half = half
    made.strict = bound in {"<", ">"}
    if value < 1:
        made.relation = "less_by"
        made.threshold = 1 - value
        if high is not None:
            if high > 1:
                raise ClaimError("a range on both sides of the rival's")
            made.threshold = 1 - high
            made.upper = 1 - value
        made.bound = "max" if bound in {">=", ">"} else "min"
        return made
    if value == 1:
        raise ClaimError("100% of the rival's is the same", hint='say "the same cost"')
    made.relation = "times_more"
    made.threshold = value
    made.upper = high
    made.bound = "max" if bound in {"<=", "<", "within"} else "min"
    return made


def _time(said: Statement, amount: Amount | None) -> Meaning:
    made = Meaning("latency", "less", "latency")
    if said.way == "level" and amount is not None:
        if said.share is not None:
            made.quantile = float(said.share.value)
            made.metric = "e2e"
        return _level(made, amount, "at_most")
    made = _ratio(said, made, amount, "time")
    named = said.own_dim or _NAMED_TIME.search(said.text) is not None
    if made.relation == "less_by" and (named or said.way in {"share", "half"}):
        made.reading = "time_cut"
    if made.relation == "more_by" and named:
        made.reading = "time_up"
    return made


def _rate(said: Statement, amount: Amount | None) -> Meaning:
    """More per second is less time: every relation is turned into one of seconds."""
    made = Meaning("latency", "less", "tpot" if _SPEED_OF_TOKENS.search(said.text) else "latency")
    if said.own_dim and said.metric is None:
        made.metric = "tpot"
    way = said.way
    if way == "level" and amount is not None:
        if amount.value <= 0:
            raise ClaimError("a speed of 0")
        flipped = {"<=": ">=", "<": ">", ">=": "<=", ">": "<", "within": ">="}.get(
            amount.bound or "", amount.bound
        )
        made.quantile = 0.5
        if amount.high is not None:
            turned = Amount("d", 1 / amount.high, Fraction(0), 1 / amount.value, None)
        else:
            turned = Amount("d", 1 / amount.value, Fraction(0), None, flipped)  # type: ignore[arg-type]
        return _level(made, turned, "at_most")
    if way in {"same", "as"}:
        made.relation = "as"
        return made
    if way == "best":
        made.modifier = "best" if said.sign > 0 else None
        made.swap = said.sign < 0
        return made
    if way in {"share", "half", "double"}:
        return _rate_share(said, made, amount)
    if way != "comp":
        raise ClaimError(f"{said.text!r} is not said of speed")
    if amount is None:
        made.swap = said.sign < 0
        return made
    _points_only(amount, "speed")
    name = "less" if said.sign > 0 else "more"
    made.relation = f"times_{name}" if amount.kind == "x" else f"{name}_by"
    made.reading = None if amount.kind == "x" else "rate_up" if said.sign > 0 else "rate_down"
    return _effect(made, amount)


def _rate_share(said: Statement, made: Meaning, amount: Amount | None) -> Meaning:
    value, half = _value(said, amount)
    if value > 1:
        made.relation = "times_less"
        if amount is not None:
            return _effect(made, amount)
        made.threshold = value
        made.half = half
        return made
    if amount is None:
        amount = Amount("f", value)
    if value == 1:
        raise ClaimError("100% of the speed is the same", hint='say "the same speed"')
    return _slower_share(made, amount)


_BY_DIM: dict[str, Callable[[Statement, Amount | None], Meaning]] = {
    "acc": _accuracy,
    "err": _errors,
    "cost": _cost,
    "time": _time,
    "rate": _rate,
}
