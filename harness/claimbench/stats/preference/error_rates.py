"""An accuracy corrected by a judge's sensitivity and specificity, both known from people's labels.

The estimator is that of Rogan & Gladen (1978), ``(p + q0 - 1) / (q0 + q1 - 1)``, with ``p`` the
share that the judge calls right, ``q1`` its sensitivity and ``q0`` its specificity. As Lee et al.
(2025, arXiv 2511.21140; after Lang & Reiczigel 2014) ask, the interval counts the uncertainty of
all three, at their adjusted counts: ``z^2/2`` of ``z^2`` added to ``p``, one of two to each rate.
Where they shift a normal interval, here the test is inverted (Fieller), which needs no shift.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy.typing as npt

from claimbench.stats.intervals import Interval, floats, z_crit

FEWEST_OF_EACH = 10
"""Labelled answers that people call right, and wrong, below which a rate is not known."""


@dataclass(frozen=True, slots=True)
class ErrorRates:
    """A judge against people's labels: ``sensitivity`` over ``right`` answers, ``specificity`` over
    ``wrong`` ones.
    """

    sensitivity: float
    right: int
    specificity: float
    wrong: int


def error_rates(people: npt.ArrayLike, judge: npt.ArrayLike) -> ErrorRates | None:
    """Measure a judge on answers that people labelled; both say 1 or 0.

    None where either says anything else, or people call fewer than :data:`FEWEST_OF_EACH` right or
    wrong.
    """
    truth, said = floats(people, "people"), floats(judge, "judge")
    if not (set(truth.tolist()) | set(said.tolist())) <= {0.0, 1.0}:
        return None
    right, wrong = int((truth == 1).sum()), int((truth == 0).sum())
    if min(right, wrong) < FEWEST_OF_EACH:
        return None
    found = float(said[truth == 1].mean()), float(1 - said[truth == 0].mean())
    return ErrorRates(found[0], right, found[1], wrong)


def corrected_by_error_rates(
    judged: npt.ArrayLike, rates: ErrorRates, alpha: float = 0.05
) -> Interval | None:
    """Correct the share that the judge calls right over ``judged`` (1 or 0, independent answers
    that nobody labelled).

    None where the judge is no better than chance (sensitivity + specificity - 1 <= 0): it then
    tells nothing.
    """
    said = floats(judged, "judged")
    n = len(said)
    youden = rates.sensitivity + rates.specificity - 1
    if n == 0 or youden <= 0:
        return None
    z = z_crit(alpha)
    p = (float(said.sum()) + z * z / 2) / (n + z * z)
    q1 = (rates.sensitivity * rates.right + 1) / (rates.right + 2)
    q0 = (rates.specificity * rates.wrong + 1) / (rates.wrong + 2)
    slope = q0 + q1 - 1
    if slope <= 0:
        return None
    est = (float(said.mean()) + rates.specificity - 1) / youden
    var_p = p * (1 - p) / (n + z * z)
    var_1 = q1 * (1 - q1) / (rates.right + 2)
    var_0 = q0 * (1 - q0) / (rates.wrong + 2)
    top = p + q0 - 1
    # (top - t slope)^2 <= z^2 (var_p + (1 - t)^2 var_0 + t^2 var_1), solved for t
    a = slope**2 - z * z * (var_0 + var_1)
    b = top * slope - z * z * var_0
    c = top**2 - z * z * (var_p + var_0)
    low, high = 0.0, 1.0
    if a > 0 and b * b >= a * c:
        root = math.sqrt(b * b - a * c)
        low, high = max((b - root) / a, 0.0), min((b + root) / a, 1.0)
    low, high = min(low, 1.0), max(high, 0.0)
    return Interval(
        min(max(est, 0.0), 1.0), low, high, 1 - alpha, "sensitivity-specificity", n, n, float(n)
    )
