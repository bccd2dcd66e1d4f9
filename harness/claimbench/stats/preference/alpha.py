"""Agreement of any number of raters: Krippendorff's alpha, by the package ``krippendorff``."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from claimbench.stats.arrays import FloatArray


def krippendorff_alpha(ratings: Sequence[FloatArray]) -> float | None:
    """Return the ordinal alpha of raters (one array each, nan where one said nothing).

    None where the package is not installed, where nobody shares an item with another rater, and
    where all ratings are one value: chance then explains everything.
    """
    table = np.array(ratings, dtype=np.float64)
    if table.ndim != 2 or len(table) < 2:
        return None
    shared = table[:, (~np.isnan(table)).sum(axis=0) >= 2]
    known = shared[~np.isnan(shared)]
    if len(known) == 0 or known.min() == known.max():
        return None
    try:
        import krippendorff
    except ImportError:
        return None
    return float(krippendorff.alpha(reliability_data=shared, level_of_measurement="ordinal"))
