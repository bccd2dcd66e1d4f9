"""The readings of a claim before any data: what would be tested, in words and numbers. Used to
explain and to plan.
"""

from __future__ import annotations

from dataclasses import dataclass

from claimbench.claims.readings.cost import needed_ratio
from claimbench.claims.readings.latency import LABELS, METRICS, TIERS, needed_rate
from claimbench.claims.types import Needed
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
        scale = {"difference": "points", "usd": "usd", "quantile": "seconds"}.get(
            self.family, "ratio"
        )
        unit = " points" if scale == "points" else ""
        if self.window is not None:
            low, high = (number(x, scale, figures=4) for x in self.window)
            return f"{self.means}: from {low} to {high}{unit}"
        word = {
            ">=": "at least",
            "<=": "at most",
            ">": "more than",
            "<": "less than",
            "within": "within",
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
    if claim.kind == "latency":
        return _pin(claim, _latency(claim))
    return [rule for part in claim.parts for rule in rules(part)]


def _pin(claim: Claim, made: list[ReadingRule]) -> list[ReadingRule]:
    if claim.reading is None:
        return made
    return [r for r in made if claim.reading == r.name or claim.reading in r.name.split(".")]


def _accuracy(claim: Claim) -> list[ReadingRule]:
    x, h, m = claim.threshold or 0.0, claim.quoted_precision or 0.0, claim.margin
    about = claim.modifier == "about"
    if claim.relation == "at_least":
        return (
            []
            if claim.threshold is None
            else [ReadingRule("accuracy", "accuracy", "accuracy", ">=", x, x)]
        )
    if claim.relation == "more":
        return [ReadingRule("more", "difference in points", "difference", ">", 0.0, 0.0)]
    if claim.relation in {"as", "caught_up"}:
        return [
            ReadingRule("non_inferior", "difference in points", "difference", ">=", -m, -m),
            ReadingRule(
                "equivalent",
                "difference in points",
                "difference",
                "within",
                0.0,
                0.0,
                (-m, m),
                False,
            ),
        ]
    side: Relation = "within" if about else ">="
    if claim.relation == "times_more":
        window = (0.9 * x, 1.1 * x) if about else None
        return [ReadingRule("relative", MEANS["relative"], "ratio", side, x - h, x, window)]
    low, high = 0.9 * x, 1.1 * x
    return [
        ReadingRule(
            "relative",
            MEANS["relative"],
            "ratio",
            side,
            1 + x - h,
            1 + x,
            (1 + low, 1 + high) if about else None,
        ),
        ReadingRule(
            "points",
            "difference in points",
            "difference",
            side,
            x - h,
            x,
            (low, high) if about else None,
        ),
        ReadingRule(
            "error_reduction",
            "errors relative to the rival's",
            "error",
            "within" if about else "<=",
            1 - x + h,
            1 - x,
            (1 - high, 1 - low) if about else None,
        ),
    ]


def _cost(claim: Claim) -> list[ReadingRule]:
    if claim.relation == "at_most":
        limit = claim.threshold
        return (
            []
            if limit is None
            else [
                ReadingRule(
                    "per_1k_requests", "dollars per 1,000 requests", "usd", "<=", limit, limit
                )
            ]
        )
    made: list[ReadingRule] = []
    for name in ("per_request", "per_correct", "list_price"):
        means = f"{MEANS[name]}, relative to the rival's"
        made.append(_ratio_rule(name, means, "cost", needed_ratio(claim)))
    return made


def _ratio_rule(name: str, means: str, family: str, needed: Needed) -> ReadingRule:
    return ReadingRule(
        name, means, family, needed.side, needed.threshold, needed.strict, needed.window
    )


def _latency(claim: Claim) -> list[ReadingRule]:
    metrics = METRICS if claim.metric == "latency" else (claim.metric,)
    p = f"p{100 * (claim.quantile or 0.5):g}"
    made: list[ReadingRule] = []
    for metric in metrics:
        made += _of_metric(claim, metric, f"{p} {LABELS[metric]}")
    return made


def _of_metric(claim: Claim, metric: str, means: str) -> list[ReadingRule]:
    if claim.relation == "at_most":
        limits = [(metric, claim.threshold)]
        if claim.threshold is None:
            limits = [
                (f"{metric}.{tier}", of[metric]) for tier, of in TIERS.items() if metric in of
            ]
        return [
            ReadingRule(name, means, "quantile", "<=", limit, limit)
            for name, limit in limits
            if limit is not None
        ]
    means += ", relative to the rival's"
    family = "quantile_ratio"
    if claim.relation != "less_by":
        return [_ratio_rule(metric, means, family, needed_ratio(claim))]
    made: list[ReadingRule] = []
    if (claim.threshold or 0.0) - (claim.quoted_precision or 0.0) < 1:
        made.append(_ratio_rule(f"{metric}.time_cut", means, family, needed_ratio(claim)))
    made.append(_ratio_rule(f"{metric}.rate_up", means, family, needed_rate(claim)))
    return made
