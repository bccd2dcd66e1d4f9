"""A judge that errs, by simulation: its own intervals miss the truth, those corrected by people's
labels hold it.

The judge passes 92% of good and 25% of bad answers; two arms, 80% and 60% right with a shared
difficulty, so that the true difference is 20 points.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from claimbench import stats

TRUTH = 0.2
REPS = 500


def run(n: int, labelled: int, seed: int) -> tuple[float, float, float]:
    """Coverage of the corrected interval and of the judge's own, and the width beside that of the
    labels alone.
    """
    rng = np.random.default_rng(seed)
    corrected, own, widths = 0, 0, []
    for _ in range(REPS):
        difficulty = rng.random(n)
        arms = [
            (rng.random(n) < best - slope * difficulty).astype(float)
            for best, slope in ((0.9, 0.2), (0.75, 0.3))
        ]
        seen = [(rng.random(n) < np.where(arm == 1, 0.92, 0.25)).astype(float) for arm in arms]
        truth, judge = arms[0] - arms[1], seen[0] - seen[1]
        found = stats.ppi_mean(truth[:labelled], judge[:labelled], judge[labelled:])
        alone = stats.ppi_mean(truth[:labelled], np.zeros(labelled), np.zeros(n - labelled))
        half = 1.96 * judge.std() / math.sqrt(n)
        corrected += found.lo <= TRUTH <= found.hi
        own += abs(judge.mean() - TRUTH) <= half
        widths.append((found.hi - found.lo) / (alone.hi - alone.lo))
    return corrected / REPS, own / REPS, float(np.mean(widths))


@pytest.mark.parametrize(("n", "labelled"), [(300, 50), (1000, 50), (1000, 200)])
def test_labels_of_people_repair_a_judges_interval(n: int, labelled: int) -> None:
    corrected, own, width = run(n, labelled, seed=n + labelled)
    assert corrected >= 0.94 - 3 * math.sqrt(0.94 * 0.06 / REPS)
    assert own < 0.7, "the judge's own interval is a control that fails"
    assert width < 0.9, "and the judge's scores are worth something"
