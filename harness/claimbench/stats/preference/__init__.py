"""Statistics of comparisons in pairs, and of judges against people.

The win rate itself is a mean of shares and uses engine A (:func:`claimbench.stats.proportion`: the
cluster jackknife); here stands what no other claim needs.
"""

from __future__ import annotations

from claimbench.stats.preference.alpha import krippendorff_alpha
from claimbench.stats.preference.bradley_terry import Strengths, bradley_terry
from claimbench.stats.preference.error_rates import (
    ErrorRates,
    corrected_by_error_rates,
    error_rates,
)
from claimbench.stats.preference.length import LengthFit, at_equal_length, length_ci, one_sided

__all__ = [
    "ErrorRates",
    "LengthFit",
    "Strengths",
    "at_equal_length",
    "bradley_terry",
    "corrected_by_error_rates",
    "error_rates",
    "krippendorff_alpha",
    "length_ci",
    "one_sided",
]
