"""The readings of a claim before any data: what would be tested, in words and numbers. Used to
explain and to plan.
"""

from __future__ import annotations

from dataclasses import dataclass

from claimbench.claims.bills import saved_label
from claimbench.claims.fields import ABSOLUTE, BILL_METRICS, BILLS
from claimbench.claims.readings.latency import LABELS, METRICS, TIERS
from claimbench.claims.readings.limits import Limit, limits
from claimbench.claims.readings.price_limits import LABELS as PRICES
from claimbench.claims.words import MEANS, number
from claimbench.types import Claim, Relation


@dataclass(frozen=True)
class ReadingRule:
    """One reading: its quantity, the side and threshold (rounded) that decide, and the unrounded
    one.

    ``family``: difference, ratio, error, cost, quantile_ratio, accuracy, usd, quantile - which
    engine tests it.
    """

    name: str
    means: str
    family: str
    side: Relation
    threshold: float
    strict: float
    window: tuple[float, float] | None = None
    headline: bool = True

    @property
    def text(self) -> str:
        """Return the rule as one line: quantity, comparison, number."""
        scales = {"difference": "points", "usd": "usd", "bill": "usd", "quantile": "seconds"}
        scale = scales.get(self.family, "ratio")
        unit = " points" if scale == "points" else ""
        if self.window is not None:
            low, high = (number(x, scale, figures=4) for x in self.window)
            if self.side == "outside":
                return f"{self.means}: below {low} or above {high}{unit}"
            return f"{self.means}: from {low} to {high}{unit}"
        word = {
            ">=": "at least",
            "<=": "at most",
            ">": "more than",
            "<": "less than",
            "within": "within",
            "outside": "outside",
        }[self.side]
        rounded = (
            f" (as quoted: {number(self.strict, scale, figures=4)}{unit})"
            if self.strict != self.threshold
            else ""
        )
        return f"{self.means}: {word} {number(self.threshold, scale, figures=4)}{unit}{rounded}"


def rules(claim: Claim) -> list[ReadingRule]:
    """List the readings of a simple claim (compound and class-level claims: of each part)."""
    if claim.kind == "accuracy":
        return _pin(claim, _accuracy(claim))
    if claim.kind == "cost":
        return _pin(claim, _cost(claim))
    if claim.kind == "preference":
        return _pin(claim, [_rule(limit, MEANS[limit.name], "accuracy") for limit in limits(claim)])
    if claim.kind == "latency":
        return _pin(claim, _latency(claim))
    return [rule for part in claim.parts for rule in rules(part)]


def _pin(claim: Claim, made: list[ReadingRule]) -> list[ReadingRule]:
    if claim.reading is None:
        return made
    return [r for r in made if claim.reading == r.name or claim.reading in r.name.split(".")]


def _accuracy(claim: Claim) -> list[ReadingRule]:
    if claim.relation in ABSOLUTE:
        return [_rule(limit, "accuracy", "accuracy") for limit in limits(claim)]
    names = {
        "difference": "difference in points",
        "ratio": MEANS["relative"],
        "error": "errors relative to the rival's",
    }
    return [_rule(limit, names[limit.family], limit.family) for limit in limits(claim)]


def _rule(limit: Limit, means: str, family: str, name: str | None = None) -> ReadingRule:
    return ReadingRule(
        limit.name if name is None else name,
        means,
        family,
        limit.side,
        limit.threshold,
        limit.strict,
        limit.window,
        limit.headline,
    )


def _cost(claim: Claim) -> list[ReadingRule]:
    made = limits(claim)
    if claim.relation in BILLS:
        return [_rule(limit, saved_label(claim), "bill", claim.relation) for limit in made]
    if claim.metric in BILL_METRICS:
        return [_rule(limit, PRICES[claim.metric], "bill", claim.metric) for limit in made]
    if claim.relation in ABSOLUTE:
        names = {"usd": "per_1k_requests", "usd_per_correct": "per_1k_correct"}
        name = names.get(claim.metric, "list_price")
        return [_rule(limit, PRICES[claim.metric], "usd", name) for limit in made]
    return [
        _rule(made[0], f"{MEANS[name]}, relative to the rival's", "cost", name)
        for name in ("per_request", "per_correct", "list_price")
    ]


def _latency(claim: Claim) -> list[ReadingRule]:
    metrics = METRICS if claim.metric == "latency" else (claim.metric,)
    p = f"p{100 * (claim.quantile or 0.5):g}"
    made: list[ReadingRule] = []
    for metric in metrics:
        means = f"{p} {LABELS[metric]}"
        if claim.relation in ABSOLUTE:
            made += _tiers(claim, metric, means)
            continue
        means += ", relative to the rival's"
        for limit in limits(claim):
            name = f"{metric}.{limit.name}" if limit.name else metric
            made.append(_rule(limit, means, "quantile_ratio", name))
    return made


def _tiers(claim: Claim, metric: str, means: str) -> list[ReadingRule]:
    if claim.threshold is not None:
        return [_rule(limit, means, "quantile", metric) for limit in limits(claim)]
    return [
        ReadingRule(f"{metric}.{tier}", means, "quantile", "<=", of[metric], of[metric])
        for tier, of in TIERS.items()
        if metric in of
    ]
