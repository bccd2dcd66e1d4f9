"""A route in one plain line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from claimbench.types.routes import ChooseSpec, FitSpec, RouteSpec, StageSpec

MOST_NAMED = 12
"""Slices that a line names one by one."""
SIGNALS = {
    "probability": "the probability of its label",
    "repeats": "the share of its repeats that agree",
    "length": "the length of its answer in tokens",
    "field": "the field {of} of its answer",
    "scorer": "the checker {of}",
    "file": "the number in {of}",
}


def said_of_route(spec: RouteSpec) -> str:
    """Say what a route does, with its threshold or how that was fitted."""
    if spec.choose is not None:
        return f"the arm fitted for each {spec.slice} ({choose_words(spec.choose)})"
    if spec.kind == "slice":
        named = _slices_words(spec.arms)
        rest = f", else {spec.otherwise}" if spec.otherwise is not None else ""
        return f"by {spec.slice} ({named}{rest})"
    if spec.kind == "decisions":
        return f"as {spec.file} decided (sha256 {spec.sha256[:12]})"
    several = len(spec.stages) > 1
    steps = [
        f", then {stage.then} where {_causes(stage, spec.fit, several)}" for stage in spec.stages
    ]
    whole = f"; all thresholds together: {fit_words(spec.fit, several)}" if spec.fit else ""
    return f"{spec.first}{''.join(steps)}{whole if several else ''}"


def _slices_words(arms: Mapping[str, str]) -> str:
    """Say which slice goes to which arm; of many, how many go to each."""
    if len(arms) <= MOST_NAMED:
        return ", ".join(f"{value}: {arm}" for value, arm in arms.items())
    counts = Counter(arms.values())
    shares = ", ".join(f"{n:,} to {arm}" for arm, n in counts.items())
    return f"{len(arms):,} values: {shares}"


def _causes(stage: StageSpec, fit: FitSpec | None, several: bool) -> str:
    causes = ["its answer cannot be read"] if stage.unparsable else []
    if stage.signal is not None:
        what = SIGNALS[stage.signal].format(of=stage.of)
        side = "below" if stage.below is not None else "above"
        if stage.threshold is not None:
            causes.append(f"{what} is {side} {stage.threshold:g}")
        else:
            aim = f" ({fit_words(fit)})" if fit is not None and not several else ""
            causes.append(f"{what} is {side} a threshold fitted out of fold{aim}")
    return " or ".join(causes)


def choose_words(choose: ChooseSpec) -> str:
    """Say what a choice by slice aims at, and over how many folds."""
    among = ", ".join(choose.among)
    aim = "the best" if choose.keep == 1 else f"the cheapest that keeps {100 * choose.keep:g}%"
    return f"{aim} of {among} there; {choose.folds} folds by cluster"


def fit_words(fit: FitSpec, several: bool = False) -> str:
    """Say what a fit aims at, and over how many folds; ``several``: of more than two arms."""
    if fit.keep is not None:
        which = "last" if several else "second"
        aim = f"keeps {100 * fit.keep:g}% of the {which} arm's score"
    elif fit.share is not None:
        aim = f"passes on at most {100 * fit.share:g}%"
    else:
        aim = f"at most ${fit.max_usd_per_1k:g} per 1,000 requests"
    return f"{aim}; {fit.folds} folds by cluster"
