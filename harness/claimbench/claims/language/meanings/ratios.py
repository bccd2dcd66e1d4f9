"""What is said of dollars, seconds and speed, as ratios to the rival's or limits of one's own."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction

from claimbench.claims.language import lexicon as words
from claimbench.claims.language.amounts import Amount
from claimbench.claims.language.meanings.bills import WAYS as BILL_WAYS
from claimbench.claims.language.meanings.bills import bill
from claimbench.claims.language.meanings.effects import (
    Meaning,
    capped,
    half_of,
    level,
    near,
    refuse_points,
    share_of,
    with_effect,
    with_floor,
)
from claimbench.claims.language.parts.statements import Statement
from claimbench.errors import ClaimError

ALIKE = Fraction(1, 10)
"""The same cost and the same time allow this share either way, like "as cheap as" one way."""
_SPEED_OF_TOKENS = re.compile(
    r"throughput|tokens|tps|t/s|tok/s|output|generation|decoding|inference speed"
)
_NAMED_TIME = re.compile(words.NOUNS["time"] + r"|\btime\b")


def cost(said: Statement, amount: Amount | None) -> Meaning:
    """Read what is said of dollars."""
    made = Meaning("cost", "less", "usd")
    if said.way == "vague":
        made.modifier = "vague"
        return made
    if said.way in BILL_WAYS:
        return bill(said, made, amount)
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
        amount = capped(made, amount)
    return level(
        made,
        Amount("u", amount.value * scale, Fraction(0), high, amount.bound),
        "at_most",
    )


def _ratio(said: Statement, made: Meaning, amount: Amount | None, what: str) -> Meaning:
    """Everything that is said of dollars and of seconds alike: less is better."""
    way = said.way
    if way == "equal" or (way == "as" and said.sign > 0):
        made.relation = "near"
        made.threshold = ALIKE
        made.half = Fraction(0)
    elif way in {"same", "as"}:
        made.relation = "as"
    elif way == "best":
        made.modifier = "best" if said.sign < 0 else None
        made.swap = said.sign > 0
    elif way == "bare":
        made.relation = "at_most"
    elif way in {"share", "half", "double"}:
        value, half = share_of(said, amount)
        if amount is not None:
            refuse_points(amount, what)
        return _ratio_share(made, value, half, amount)
    elif way == "near" and amount is not None:
        refuse_points(amount, what)
        return near(made, amount)
    elif way == "times_as" and amount is not None:
        return _ratio_as(said, made, amount)
    elif way != "comp":
        raise ClaimError(f"{said.text!r} is not said of {what}")
    elif amount is None:
        made.swap = said.sign > 0
    else:
        refuse_points(amount, what)
        name = "less" if said.sign < 0 else "more"
        made.relation = f"times_{name}" if amount.kind == "x" else f"{name}_by"
        if said.sign > 0:
            return with_effect(made, capped(made, amount))
        made = with_floor(with_effect(made, amount))
        if made.relation == "less_by" and made.upper is not None:
            made.upper = min(made.upper, Fraction(1))
    return made


def _ratio_as(said: Statement, made: Meaning, amount: Amount) -> Meaning:
    """Read "twice as cheap", "half as expensive", "twice as slow"."""
    refuse_points(amount, "this")
    if said.sign > 0:
        return _ratio_share(made, amount.value, half_of(amount), amount)
    if amount.kind != "x" and amount.value < 1:
        if made.kind == "cost":
            raise ClaimError(f"{said.text!r} has no clear meaning", hint='say "twice the cost"')
        return _slower_share(made, amount)
    made.relation = "times_less"
    return with_floor(with_effect(made, amount))


def _slower_share(made: Meaning, amount: Amount) -> Meaning:
    """Read "half as fast" as at least twice the time, "90% as fast" as at most 1/0.9 of it."""
    if amount.high is not None or amount.bound == "about":
        raise ClaimError("state the time instead", hint='such as "within 10% of beta\'s latency"')
    made.relation = "times_more"
    made.threshold = 1 / amount.value
    half = half_of(amount)
    made.half = 1 / (amount.value - half) - made.threshold
    concedes = amount.kind == "p" or amount.bound in {">=", ">"}
    made.bound = "max" if concedes and amount.bound not in {"<=", "<"} else "min"
    made.strict = amount.bound in {">", "<"}
    return made


def _ratio_share(made: Meaning, value: Fraction, half: Fraction, amount: Amount | None) -> Meaning:
    if amount is not None and amount.bound == "up_to":
        amount = capped(made, amount)
        half = Fraction(0)
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
    made.bound = "max" if bound in {"<=", "<", "within", "only"} else "min"
    return made


def seconds(said: Statement, amount: Amount | None) -> Meaning:
    """Read what is said of time."""
    made = Meaning("latency", "less", "latency")
    if said.way == "level" and amount is not None:
        if said.share is not None:
            amount = _of_share(said, made, said.share, amount)
        if amount.bound == "up_to":
            amount = capped(made, amount)
        return level(made, amount, "at_most")
    made = _ratio(said, made, amount, "time")
    named = said.own_dim or _NAMED_TIME.search(said.text) is not None
    factor = amount is not None and amount.kind == "x"
    if made.relation == "less_by" and (named or factor or said.way in {"share", "half"}):
        made.reading = "time_cut"
    if made.relation == "more_by" and named:
        made.reading = "time_up"
    return made


def _of_share(said: Statement, made: Meaning, share: Amount, amount: Amount) -> Amount:
    """Read "95% of requests in under 2 s" as p95, "fewer than 5% take over 2 s" as p95 too."""
    slow = amount.bound in {">", ">="}
    few = share.bound in {"<", "<=", "only", "within"}
    if slow != few or share.bound in {"about", "up_to", "down_to"} or share.high is not None:
        raise ClaimError(
            f"{said.text!r} states no limit for most requests",
            hint='such as "answers 95% of requests in under 2 s"',
        )
    made.quantile = float(1 - share.value if slow else share.value)
    if not 0 < made.quantile < 1:
        raise ClaimError("no sample shows every request", hint='name a percentile, such as "99%"')
    made.metric = "e2e"
    return replace(amount, bound="<=") if slow else amount


def speed(said: Statement, amount: Amount | None) -> Meaning:
    """Read what is said of speed: more per second is less time, so it is turned into seconds."""
    made = Meaning("latency", "less", "tpot" if _SPEED_OF_TOKENS.search(said.text) else "latency")
    if said.own_dim and said.metric is None:
        made.metric = "tpot"
    way = said.way
    if way == "level" and amount is not None:
        if amount.value <= 0:
            raise ClaimError("a speed of 0")
        flipped = {"<=": ">=", "<": ">", ">=": "<=", ">": "<", "within": ">=", "only": ">="}.get(
            amount.bound or "", amount.bound
        )
        made.quantile = said.quantile or 0.5
        if amount.high is not None:
            turned = Amount("d", 1 / amount.high, Fraction(0), 1 / amount.value, None)
        else:
            turned = Amount("d", 1 / amount.value, Fraction(0), None, flipped)  # type: ignore[arg-type]
        return level(made, turned, "at_most")
    if way in {"same", "as"}:
        made.relation = "as"
        return made
    if way == "equal":
        made.relation = "near"
        made.threshold = ALIKE
        made.half = Fraction(0)
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
    refuse_points(amount, "speed")
    name = "less" if said.sign > 0 else "more"
    if said.sign < 0:
        amount = capped(made, amount)
    made.relation = f"times_{name}" if amount.kind == "x" else f"{name}_by"
    made.reading = None if amount.kind == "x" else "rate_up" if said.sign > 0 else "rate_down"
    made = with_effect(made, amount)
    return _cut(with_floor(made)) if said.sign > 0 else made


def _cut(made: Meaning) -> Meaning:
    """Name the reading of a share of time that a factor of speed became."""
    if made.relation == "less_by" and made.reading is None:
        made.reading = "time_cut"
    return made


def _rate_share(said: Statement, made: Meaning, amount: Amount | None) -> Meaning:
    value, half = share_of(said, amount)
    if value > 1:
        made.relation = "times_less"
        if amount is not None:
            return _cut(with_floor(with_effect(made, amount)))
        made.threshold = value
        made.half = half
        return made
    if amount is None:
        amount = Amount("f", value)
    if value == 1:
        raise ClaimError("100% of the speed is the same", hint='say "the same speed"')
    return _slower_share(made, amount)
