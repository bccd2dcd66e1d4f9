"""A claim as it is tested, in one plain line, and that line read back.

The line is made of :class:`Tested`, which holds nothing that the line does not say; reading it back
gives the same :class:`Tested`. Numbers have six significant digits.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from claimbench.claims.beside.asked import KIND, adoption_read_as
from claimbench.claims.bills import saved_label
from claimbench.claims.fields import ABSOLUTE, BILLS, RATES
from claimbench.claims.readings.latency import LABELS, METRICS, TIERS
from claimbench.claims.readings.limits import Limit, limits
from claimbench.claims.readings.price_limits import LABELS as PRICES
from claimbench.claims.turns.views import unit_note
from claimbench.types import Claim

SIDES = {
    ">=": "at least", "<=": "at most", ">": "more than", "<": "less than",
    "within": "between", "outside": "outside",
}  # fmt: skip
_OF_WORD = {word: side for side, word in SIDES.items()}
_BARE = {">=": "at least", "<=": "at most", ">": "above", "<": "below"}
_OF_BARE = {word: side for side, word in _BARE.items()}
_MIRROR = {
    "at least": "at most",
    "at most": "at least",
    "more than": "less than",
    "less than": "more than",
}
READ_AS = "Read as: "
_AGREE = " - all of these must agree"
_PER_COST = ("per request", "per correct answer", "by list price")
_COST_READINGS = {
    "per_request": "per request",
    "per_correct": "per correct answer",
    "list_price": "by list price",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One quantity and what it has to be; numbers as they are shown, empty without rounding."""

    quantity: str
    form: str
    side: str
    number: str
    high: str = ""
    rounded: str = ""


@dataclass(frozen=True, slots=True)
class Tested:
    """One simple claim as it is tested: arms, rivals, quantities, further readings, where."""

    arms: tuple[str, ...]
    rivals: tuple[str, ...]
    asked: tuple[Asked, ...]
    likewise: tuple[str, ...] = ()
    where: str = ""
    one_of: bool = False
    note: str = ""


def read_as(claim: Claim) -> str:
    """State a claim as it is tested; one line without a full stop."""
    if claim.kind == "not_measurable" and claim.metric == "egress":
        whose = " and ".join(_whose(arm) for arm in claim.treatments) or "the arm's"
        return f"{whose} prompts stay on this machine; {claim.note}"
    if claim.kind == "not_measurable":
        return f"nothing that a run of models can measure; {claim.note}"
    if claim.kind == KIND:
        return adoption_read_as(claim)
    if claim.kind == "compound":
        return "; and ".join(f"({i + 1}) {read_as(p)}" for i, p in enumerate(claim.parts))
    return words_of(stated(claim))


def stated(claim: Claim) -> Tested:
    """Return what a simple or class-level claim asks, from the limits that the engines use."""
    inner = claim.parts[0] if claim.kind == "class_level" else claim
    asked, likewise = _asked(inner)
    return Tested(
        claim.treatments,
        claim.baselines if inner.relation not in ABSOLUTE and inner.kind != "preference" else (),
        tuple(asked),
        likewise,
        _where(inner),
        claim.kind == "class_level",
        _note(inner),
    )


def _asked(claim: Claim) -> tuple[list[Asked], tuple[str, ...]]:
    if claim.relation in ABSOLUTE and claim.threshold is None:
        return [_without_limit(claim)], ()
    made = [limit for limit in limits(claim) if limit.headline]
    if claim.kind == "preference":
        rivals = " and ".join(claim.baselines) or "its rival"
        by = " by people" if claim.metric == "win_rate_people" else ""
        return [_level(made[0], f"win rate{by} against {rivals}", "%")], ()
    if claim.kind == "accuracy":
        pinned = [limit for limit in made if claim.reading in {None, limit.name}]
        rate = RATES.get(claim.metric)
        return [_accuracy(limit, rate) for limit in pinned or made], ()
    if claim.relation in BILLS:
        return [_saved(made[0], saved_label(claim))], ()
    if claim.kind == "cost":
        if claim.relation in ABSOLUTE:
            return [_level(made[0], PRICES[claim.metric], "$")], ()
        pinned_cost = _COST_READINGS.get(claim.reading or "", _PER_COST[0])
        others = () if claim.reading else _PER_COST[1:]
        return [_ratio(made[0], f"dollars {pinned_cost}")], others
    return _times(claim, made)


def _times(claim: Claim, made: Sequence[Limit]) -> tuple[list[Asked], tuple[str, ...]]:
    p = f"p{100 * (claim.quantile or 0.5):g} "
    metrics = METRICS if claim.metric == "latency" else (claim.metric,)
    if claim.reading in METRICS:
        metrics = (claim.reading,)
    others = tuple(LABELS[m] for m in metrics[1:])
    if claim.relation in ABSOLUTE:
        return [_level(made[0], p + LABELS[metrics[0]], " s")], others
    pinned = [limit for limit in made if claim.reading in {None, limit.name, *METRICS}] or made
    return [_ratio(limit, p + LABELS[metrics[0]]) for limit in pinned], others


def _without_limit(claim: Claim) -> Asked:
    if claim.kind == "latency":
        tiers = " or ".join(TIERS)
        return Asked(
            f"p{100 * (claim.quantile or 0.95):g} latency", "tiers", "", f"the public tier {tiers}"
        )
    what = (
        RATES.get(claim.metric) or "accuracy" if claim.kind == "accuracy" else "dollars per request"
    )
    return Asked(what, "open", "", "no limit is stated, so nothing can be tested")


def _digits(value: float) -> str:
    text = f"{value:.6g}"
    if "e" in text:
        text = f"{value:.12f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _percent(value: float) -> str:
    return f"{_digits(100 * value)}%"


def _accuracy(limit: Limit, rate: str | None = None) -> Asked:
    """``rate``: a rate of which less is better, in the place of accuracy."""
    if limit.family == "difference":
        return replace(_points(limit), quantity=rate or "accuracy")
    if limit.family == "level":
        return _level(limit, rate or "accuracy", "%")
    return _ratio(limit, "accuracy" if limit.family == "ratio" else "error rate")


def _points(limit: Limit) -> Asked:
    if limit.window is not None:
        low, high = (_digits(100 * w) for w in limit.window)
        return Asked("accuracy", "points", limit.side, low, high)
    rounded = "" if limit.threshold == limit.strict else _digits(100 * limit.threshold)
    return Asked("accuracy", "points", limit.side, _digits(100 * limit.strict), "", rounded)


def _ratio(limit: Limit, quantity: str) -> Asked:
    if limit.window is not None:
        low, high = (_percent(w) for w in limit.window)
        return Asked(quantity, "ratio", limit.side, low, high)
    rounded = "" if limit.threshold == limit.strict else _percent(limit.threshold)
    return Asked(quantity, "ratio", limit.side, _percent(limit.strict), "", rounded)


def _level(limit: Limit, quantity: str, unit: str) -> Asked:
    def shown(value: float) -> str:
        if unit == "%":
            return _percent(value)
        return f"${_digits(value)}" if unit == "$" else f"{_digits(value)}{unit}"

    if limit.window is not None:
        low, high = (shown(w) for w in limit.window)
        return Asked(quantity, "level", limit.side, low, high)
    return Asked(quantity, "level", limit.side, shown(limit.strict))


def _saved(limit: Limit, quantity: str) -> Asked:
    level = _level(limit, quantity, "$")
    return Asked(level.quantity, "saved", level.side, level.number, level.high)


def _where(claim: Claim) -> str:
    said = []
    if claim.negated and claim.modifier == "best":
        said.append("against at least one of them")
    if claim.modifier == "every":
        said.append("on every task")
    if claim.modifier == "count" and claim.count is not None:
        said.append(f"on at least {claim.count[0]} of {claim.count[1]} tasks")
    if claim.modifier in {"up_to", "sometimes"}:
        said.append("in at least one task or slice")
    if claim.task is not None:
        said.append(f"on task {claim.task}")
    if claim.slice is not None:
        said.append(f"for {claim.slice[0]} = {claim.slice[1]}")
    return " ".join(said)


def _note(claim: Claim) -> str:
    if claim.modifier == "vague":
        return '"a fraction" states no amount: this can be refuted, not supported'
    if claim.untested:
        return f'"{", ".join(claim.untested)}" states no amount and is not tested'
    return unit_note(claim)


# words --------------------------------------------------------------------------------------------


def words_of(said: Tested) -> str:
    """Write one line."""
    lead = f"at least one of {_list(said.arms)}: " if said.one_of else ""
    arms = ("its",) if said.one_of else tuple(_whose(a) for a in said.arms)
    subject = " and ".join(arms)
    each = " (each)" if len(arms) > 1 else ""
    rivals = " and ".join(_whose(r) for r in said.rivals) + (
        " (each)" if len(said.rivals) > 1 else ""
    )
    clauses = [_clause(a, subject, each, rivals) for a in said.asked]
    text = lead + "; ".join(clauses)
    if said.likewise:
        text += f"; likewise {' and '.join(said.likewise)}, where known"
    if len(clauses) > 1:
        text += _AGREE
    if said.where:
        text += f" [{said.where}]"
    return text + (f" ({said.note})" if said.note else "")


def _whose(name: str) -> str:
    return f"{name}'" if name.endswith(" models") else f"{name}'s"


def _list(names: Sequence[str]) -> str:
    return " and ".join(names) if names else "no arm"


def _clause(asked: Asked, subject: str, each: str, rivals: str) -> str:
    verb = "are" if asked.quantity.startswith("dollars") else "is"
    start = f"{subject} {asked.quantity}{each} "
    if asked.form == "open":
        return f"{start}{verb} judged: {asked.number}"
    if asked.form == "tiers":
        return f"{start}meets {asked.number}"
    return f"{start}{verb} {_demand(asked, rivals)}"


def _demand(asked: Asked, rivals: str) -> str:
    side = SIDES[asked.side]
    if asked.form == "saved":
        numbers = f"{asked.number} and {asked.high}" if asked.high else asked.number
        return f"{side} {numbers}, against {rivals}"
    if asked.high:
        join = " and "
        if asked.form == "points":
            return f"{side} {asked.number}{join}{asked.high} points from {rivals}"
        tail = f" of {rivals}" if asked.form == "ratio" else ""
        return f"{side} {asked.number}{join}{asked.high}{tail}"
    if asked.form == "level":
        return f"{side} {asked.number}"
    rounding = f" ({asked.rounded.lstrip('-')} with rounding)" if asked.rounded else ""
    if (asked.form, asked.number) in {("ratio", "100%"), ("points", "0")}:
        return f"{_BARE[asked.side]} {rivals}{rounding}"
    if asked.form == "points":
        if asked.number.startswith("-"):
            return f"{_MIRROR[side]} {asked.number[1:]} points below {rivals}{rounding}"
        return f"{side} {asked.number} points above {rivals}{rounding}"
    return f"{side} {asked.number} of {rivals}{rounding}"


# and back -----------------------------------------------------------------------------------------

_NUMBER = r"\$?-?\d[\d.]*(?:%| s)?"
_QUANTITY = (
    r"(?:p[\d.]+ )?(?:accuracy|error rate|attack success rate"
    r"|over-refusal rate|dollars [\w ,]+?|list price [\w ,]+?|latency|time [\w ]+?"
    r"|end-to-end time|win rate(?: by people)? against .+?(?= is (?:at|more|less|between|outside)))"
)
_CLAUSE = re.compile(
    rf"(?P<subject>.+?'s|its) (?P<quantity>{_QUANTITY})(?: \(each\))? "
    r"(?:(?:is|are) (?P<demand>.+)|meets (?P<tier>.+))"
)


def read_back(line: str) -> Tested:
    """Read a line that :func:`words_of` wrote. Arms' names must hold neither "'s" nor " and ".

    Raises:
        ValueError: the line has another form.
    """
    line, note = _end(line, r" \((?P<x>\"[^()]*)\)$")
    line, where = _end(line, r" \[(?P<x>[^\[\]]+)\]$")
    line = line.removesuffix(_AGREE)
    line, likewise = _end(line, r"; likewise (?P<x>.+), where known$")
    lead = re.match(r"at least one of (?P<arms>.+?): ", line)
    arms = tuple(lead["arms"].split(" and ")) if lead else ()
    clauses = line[lead.end() :] if lead else line
    asked: list[Asked] = []
    rivals: tuple[str, ...] = ()
    for clause in clauses.split("; "):
        match = _CLAUSE.fullmatch(clause)
        if match is None:
            raise ValueError(f"not a reading: {clause!r}")
        if lead is None:
            arms = _owners(match["subject"])
        one, rivals = _read_demand(match)
        asked.append(one)
    others = tuple(likewise.split(" and ")) if likewise else ()
    return Tested(arms, rivals, tuple(asked), others, where, lead is not None, note)


def _end(line: str, pattern: str) -> tuple[str, str]:
    match = re.search(pattern, line)
    return (line[: match.start()], match["x"]) if match else (line, "")


def _owners(text: str) -> tuple[str, ...]:
    return tuple(
        name.removesuffix("'s").removesuffix("'")
        for name in text.removesuffix(" (each)").split(" and ")
    )


def _read_demand(match: re.Match[str]) -> tuple[Asked, tuple[str, ...]]:
    quantity = match["quantity"]
    if match["tier"]:
        return Asked(quantity, "tiers", "", match["tier"]), ()
    text, rounded = _end(match["demand"], r" \((?P<x>[^()]+) with rounding\)$")
    if text.startswith("judged: "):
        return Asked(quantity, "open", "", text.removeprefix("judged: ")), ()
    saved = re.fullmatch(rf"([a-z ]+?) ({_NUMBER})(?: and ({_NUMBER}))?, against (.+)", text)
    if saved:
        numbers = (saved[2], saved[3] or "")
        return Asked(quantity, "saved", _OF_WORD[saved[1]], *numbers), _owners(saved[4])
    ranged = re.fullmatch(
        rf"(between|outside) ({_NUMBER}) and ({_NUMBER})(?: (points from|of) (.+))?", text
    )
    if ranged:
        form = {"points from": "points", "of": "ratio", None: "level"}[ranged[4]]
        side = _OF_WORD[ranged[1]]
        return Asked(quantity, form, side, ranged[2], ranged[3]), _owners(ranged[5]) if ranged[
            5
        ] else ()
    points = re.fullmatch(
        r"(at least|at most|more than|less than) ([\d.]+) points (above|below) (.+)", text
    )
    if points:
        below = points[3] == "below"
        word = _MIRROR[points[1]] if below else points[1]
        sign = "-" if below else ""
        shown = f"{sign}{rounded}" if rounded else ""
        return Asked(quantity, "points", _OF_WORD[word], sign + points[2], "", shown), _owners(
            points[4]
        )
    ratio = re.fullmatch(rf"(at least|at most|more than|less than) ({_NUMBER})(?: of (.+))?", text)
    if ratio:
        form = "ratio" if ratio[3] else "level"
        return Asked(quantity, form, _OF_WORD[ratio[1]], ratio[2], "", rounded), _owners(
            ratio[3]
        ) if ratio[3] else ()
    bare = re.fullmatch(r"(at least|at most|above|below) (.+)", text)
    if bare is None:
        raise ValueError(f"not a demand: {text!r}")
    differs = quantity == "accuracy" or quantity in RATES.values()
    form, number = ("points", "0") if differs else ("ratio", "100%")
    return Asked(quantity, form, _OF_BARE[bare[1]], number, "", rounded), _owners(bare[2])
