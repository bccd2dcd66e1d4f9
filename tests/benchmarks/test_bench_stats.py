"""Speed of the engines: 100 claims on 100,000 paired rows belong under 2 s (``pytest
--benchmark-enable``).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from claimbench import stats

ROWS, CLAIMS = 100_000, 100


def test_hundred_claims_on_hundred_thousand_rows(benchmark: Any) -> None:
    rng = np.random.default_rng(0)
    cluster = rng.integers(0, ROWS // 4, ROWS)
    base = rng.random(ROWS)
    right = [(base < 0.8).astype(float), (base + rng.normal(0, 0.1, ROWS) < 0.75).astype(float)]
    dollars = [rng.lognormal(-6, 1, ROWS), rng.lognormal(-4, 1, ROWS)]
    seconds = [rng.lognormal(0, 0.5, ROWS), rng.lognormal(0.1, 0.5, ROWS)]

    def claims() -> int:
        decided = 0
        for i in range(CLAIMS):
            kind = i % 3
            if kind == 0:  # three readings and a p
                pm = stats.paired_means(right[0], right[1], cluster, bounded=True)
                found = [stats.paired_ci(pm), stats.ratio_ci(pm), stats.error_ratio_ci(pm)]
                p = stats.p_by_inversion(
                    lambda alpha, pm=pm: stats.paired_ci(pm, alpha=alpha), 0.05
                )
            elif kind == 1:
                pm = stats.paired_means(dollars[0], dollars[1], cluster)
                found = [stats.ratio_ci_hull(pm), stats.contrast_ci_hull(pm)]
                p = stats.p_by_inversion(lambda alpha, pm=pm: stats.ratio_ci_hull(pm, alpha), 0.13)
            else:
                a, b = (stats.quantile_data(x, 0.95, cluster) for x in seconds)
                found = [stats.quantile_ratio_interval(a, b)]
                p = stats.p_by_inversion(
                    lambda alpha, a=a, b=b: stats.quantile_ratio_interval(a, b, alpha), 0.9
                )
            decided += p <= 0.05 and all(x.bounded for x in found)
        return decided

    assert benchmark.pedantic(claims, rounds=3, iterations=1) >= 0
