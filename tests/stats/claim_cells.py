"""Simulates verdicts with the truth exactly on the threshold: what the guards of the claim checker
leave of wrong verdicts, and what they cost in power. Run it as a script for the tables.

Every decision here is the product's own arithmetic on arrays, without tables: the test beside it
checks that :func:`claimbench.claims.verdicts.decide_claims` decides the same on the same data.
A verdict is wrong if it is one at all (the truth sits on the threshold), or, where a cell says so,
if it says "supported" of a claim that is false.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy import special

from claimbench import stats
from claimbench.claims.readings.runaways import AT_CAP, Runaways, Side, per_correct
from claimbench.claims.readings.size import LARGEST_SHARE, both_near_limit, too_few_wrong
from claimbench.stats import Decision, sequential

Rng = np.random.Generator
LIMIT = 0.056
RATIO = 0.105
"""Threshold of "90% cheaper" with its rounding."""


@dataclass
class Rate:
    """Counts of one cell; ``void``: decided on a condition that does not hold."""

    reps: int = 0
    wrong: int = 0
    decided: int = 0
    void: int = 0

    def add(self, status: str, *, wrong: bool) -> None:
        self.reps += 1
        self.decided += status != "inconclusive"
        self.void += status == ON_A_FALSE_CONDITION
        self.wrong += wrong


@dataclass(frozen=True)
class Cell:
    """One simulated situation: ``draw`` makes a sample and decides it.

    ``fast``: part of the quick tests. ``wrong`` says which decisions are false (none in a cell of
    power). Without a known cap a decision is judged as it is worded: under its condition.
    """

    table: str
    label: str
    draw: Callable[[Rng], str]
    wrong: frozenset[str] = frozenset({"supported", "refuted"})
    fast: bool = False

    def run(self, reps: int, seed: int = 1) -> Rate:
        rng = np.random.default_rng([seed, *f"{self.table}/{self.label}".encode()])
        rate = Rate()
        for _ in range(reps):
            status = self.draw(rng)
            rate.add(status, wrong=status in self.wrong)
        return rate


NEVER: frozenset[str] = frozenset()
FALSE_SUPPORT = frozenset({"supported"})


# --- dollars --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Found:
    """A decision; without a cap, ``arm`` and the largest bill (in the unit of its costs) on which
    it is conditional.
    """

    status: str
    arm: str = ""
    bill: float = math.inf


def decide_ratio(
    pm: stats.PairedMeans, caps: Runaways, ratio: float = RATIO, alpha: float = 0.05
) -> Found:
    """Decide "A / B <= ratio" as :mod:`claimbench.claims.decide` does."""
    if caps.unknown:
        pm = stats.distrust_tail(pm)
    test = stats.hull_test(pm, (1.0, -ratio))
    p = min(1.0, alpha / stats.tail_alpha(pm, alpha)[0] * test.p)
    if p > alpha or test.sign == 0:
        return Found("inconclusive")
    status: Decision = "supported" if test.sign < 0 else "refuted"
    checks = caps.checks(status, "<=", ratio, None, alpha)
    if any(check.p > alpha for check in checks):
        return Found("inconclusive")
    for check in checks:
        if check.bill is not None:
            return Found(status, check.arm, check.bill)
    return Found(status)


def side(name: str, usd: np.ndarray, cap: float | None, worth: float | None = None) -> Side:
    """Return what :func:`claimbench.claims.readings.caps.side_of` finds in ``usd``."""
    mean, n = float(usd.mean()), float(len(usd)) if worth is None else worth
    largest = float(usd.max())
    seen = 0 if cap is None or mean >= AT_CAP * cap else int((usd >= AT_CAP * cap).sum())
    return Side(name, mean, cap, seen * n / len(usd), n, largest)


def requests(
    a: np.ndarray,
    b: np.ndarray,
    caps: tuple[float | None, float | None] | None,
    cluster: np.ndarray | None = None,
    alpha: float = 0.05,
) -> Found:
    """Decide dollars per request."""
    if cluster is not None and dominated(cluster):
        return Found("inconclusive")
    pm = stats.paired_means(a, b, cluster, effective_df=True)
    caps = caps or (None, None)
    worth = None if cluster is None else stats.effective_clusters(np.bincount(cluster))
    both = Runaways(side("A", a, caps[0], worth), side("B", b, caps[1], worth))
    return decide_ratio(pm, both, alpha=alpha)


def correct_answers(
    costs: tuple[np.ndarray, np.ndarray],
    scores: tuple[np.ndarray, np.ndarray],
    caps: tuple[float, float] | None,
) -> Found:
    """Decide dollars per correct answer."""
    pm = stats.per_correct_means(costs, scores, effective_df=True)
    if pm is None:
        return Found("inconclusive")
    sides = []
    for name, usd, score, cap in zip("AB", costs, scores, caps or (None, None), strict=True):
        sides.append(per_correct(side(name, usd, cap), usd, score))
    return decide_ratio(pm, Runaways(sides[0], sides[1], loses=True))


@dataclass(frozen=True)
class Costs:
    """The dollars of one arm in units of its median: lognormal, and a share at the cap."""

    sigma: float
    runaway: float = 0.0
    cap: float = 100.0

    @property
    def mean(self) -> float:
        """Return the exact mean of min(X, cap), the runaways at the cap."""
        edge = math.log(self.cap) / self.sigma
        inside = math.exp(self.sigma**2 / 2) * special.ndtr(edge - self.sigma)
        usual = float(inside + self.cap * special.ndtr(-edge))
        return (1 - self.runaway) * usual + self.runaway * self.cap

    def draw(self, rng: Rng, n: int, shared: np.ndarray | None = None) -> np.ndarray:
        z = rng.standard_normal(n)
        if shared is not None:
            z = math.sqrt(0.6) * shared + math.sqrt(0.4) * z
        usual = np.minimum(np.exp(self.sigma * z), self.cap)
        return np.where(rng.random(n) < self.runaway, self.cap, usual)


RUNAWAYS = {
    "0.5% at 100x": Costs(0.6, 0.005, 100.0),
    "1% at 50x": Costs(0.6, 0.01, 50.0),
    "2% at 20x": Costs(0.6, 0.02, 20.0),
    "4% at 10x": Costs(0.6, 0.04, 10.0),
    "sigma 1.5": Costs(1.5),
    "sigma 2": Costs(2.0),
    "sigma 2.5": Costs(2.5),
}
RIVAL = Costs(0.5, 0.0, 100.0)
SIZES = (20, 50, 100, 200, 400, 1000, 3000)


def cost_draw(
    ours: Costs, theirs: Costs, n: int, ratio: float, *, known: bool = True, correct: bool = False
) -> Callable[[Rng], str]:
    """Return a draw of n items whose true ratio of dollars is ``ratio``."""
    scale = ratio * theirs.mean / ours.mean
    largest = (scale * ours.cap, theirs.cap)
    caps = largest if known else None

    def draw(rng: Rng) -> str:
        a, b = scale * ours.draw(rng, n), theirs.draw(rng, n)
        if not correct:
            return as_worded(requests(a, b, caps), largest)
        scores = tuple((rng.random((2, n)) < 0.8).astype(float))
        return as_worded(correct_answers((a, b), (scores[0], scores[1]), caps), largest)

    return draw


ON_A_FALSE_CONDITION = "void"
"""A decision whose own condition, that no bill is larger than it says, does not hold."""


def as_worded(found: Found, largest: tuple[float, float]) -> str:
    """Return what a decision says, given the largest bills that are possible in A and B."""
    possible = {"": 0.0, "A": largest[0], "B": largest[1]}[found.arm]
    return found.status if possible <= found.bill else ON_A_FALSE_CONDITION


def dear_errors(n: int, *, known: bool) -> Callable[[Rng], str]:
    """Return a draw in which A's wrong answers cost eight times as much (sigma 1.5)."""
    usual, theirs, cap = Costs(1.5, 0.0, 100.0), Costs(0.5, 0.0, 100.0), 800.0
    scale = RATIO * theirs.mean / (0.8 * usual.mean + 0.2 * 8 * usual.mean)

    def draw(rng: Rng) -> str:
        right = (rng.random((2, n)) < 0.8).astype(float)
        a = scale * usual.draw(rng, n) * np.where(right[0] > 0, 1.0, 8.0)
        largest = (scale * cap, theirs.cap)
        caps = largest if known else None
        found = correct_answers((a, theirs.draw(rng, n)), (right[0], right[1]), caps)
        return as_worded(found, largest)

    return draw


def looks_draw(ours: Costs, n: int) -> Callable[[Rng], str]:
    """Return a draw that is decided at the first of five looks that decides."""
    plan = sequential.plan_looks([1] * n)
    scale = RATIO * RIVAL.mean / ours.mean
    caps = (scale * ours.cap, RIVAL.cap)

    def draw(rng: Rng) -> str:
        a, b = scale * ours.draw(rng, n), RIVAL.draw(rng, n)
        for look in plan.looks:
            k = look.n_items
            found = requests(a[:k], b[:k], caps, alpha=look.alpha).status
            if found != "inconclusive":
                return found
        return "inconclusive"

    return draw


def dollar_cells() -> Iterator[Cell]:
    for name, ours in RUNAWAYS.items():
        for n in SIZES:
            shown = n in {50, 200, 1000}
            quick = name in {"0.5% at 100x", "1% at 50x", "sigma 2"} and n in {50, 200, 1000}
            yield Cell("cost", f"{name}, n={n}", cost_draw(ours, RIVAL, n, RATIO), fast=quick)
            if shown:
                free = cost_draw(ours, RIVAL, n, RATIO, known=False)
                yield Cell("cost, cap unknown", f"{name}, n={n}", free, fast=quick)
    for cap in (1.5, 5.0, 20.0, 100.0):
        for n in (50, 200, 1000):
            calm = Costs(0.2 if cap < 5 else 0.6, 0.0, cap)
            yield Cell(
                "cost, power at 4.2% against 10.5%",
                f"cap {cap:g}x, n={n}",
                cost_draw(calm, RIVAL, n, 0.042),
                NEVER,
                fast=n == 50 and cap in {1.5, 20.0},
            )
    for n in (20, 50, 200, 1000):
        free = cost_draw(Costs(0.6, 0.0, 20.0), RIVAL, n, 0.042, known=False)
        yield Cell(
            "cost, cap unknown, power at 4.2% against 10.5%", f"sigma .6, n={n}", free, NEVER
        )
    for name in ("1% at 50x", "2% at 20x", "sigma 2"):
        yield Cell("cost, five looks", f"{name}, n=500", looks_draw(RUNAWAYS[name], 500), fast=True)
    for name in ("sigma 1.5", "sigma 2", "4% at 10x", "1% at 50x"):
        for n in (20, 50, 100, 200, 1000):
            yield Cell(
                "per correct",
                f"{name}, n={n}",
                cost_draw(RUNAWAYS[name], RIVAL, n, RATIO, correct=True),
                fast=name in {"sigma 2", "1% at 50x"} and n in {50, 1000},
            )
            if n in {50, 200, 1000}:
                free = cost_draw(RUNAWAYS[name], RIVAL, n, RATIO, correct=True, known=False)
                yield Cell("per correct, cap unknown", f"{name}, n={n}", free)
    for n in (20, 50, 200, 1000):
        yield Cell("per correct", f"wrong answers 8x, n={n}", dear_errors(n, known=True))
        free = dear_errors(n, known=False)
        yield Cell("per correct, cap unknown", f"wrong answers 8x, n={n}", free)
        calm = Costs(0.6, 0.0, 20.0)
        yield Cell(
            "per correct, power at 4.2% against 10.5%",
            f"cap 20x, n={n}",
            cost_draw(calm, RIVAL, n, 0.042, correct=True),
            NEVER,
        )


# --- unequal clusters -----------------------------------------------------------------------------

SHAPES: dict[str, Callable[[Rng, int], np.ndarray]] = {
    "equal": lambda rng, g: np.full(g, 20),
    "lognormal": lambda rng, g: np.maximum(1, np.round(20 * np.exp(rng.standard_normal(g)))),
    "harmonic": lambda rng, g: np.round(120 / np.arange(1, g + 1)),
    "one giant": lambda rng, g: np.append(np.full(g - 1, 10), 10 * g),
}
"""Name -> sizes of g clusters; the last two are those of documents and conversations."""


def dominated(cluster: np.ndarray) -> bool:
    """Return whether one cluster holds more than a quarter of the items, or fewer than 6 exist."""
    counts = np.bincount(cluster)
    return bool(len(counts) < 6 or counts.max() > LARGEST_SHARE * counts.sum())


def answers(
    rng: Rng, sizes: np.ndarray, p: tuple[float, float], icc: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return right/wrong answers of two arms of accuracies ``p``, and their clusters."""
    cluster = np.repeat(np.arange(len(sizes)), sizes.astype(int))

    def pair(n: int) -> np.ndarray:
        shared = math.sqrt(0.6) * rng.standard_normal(n)
        return shared + math.sqrt(0.4) * rng.standard_normal((2, n))

    z = math.sqrt(icc) * pair(len(sizes))[:, cluster] + math.sqrt(1 - icc) * pair(len(cluster))
    x = (z < special.ndtri(np.array(p))[:, None]).astype(float)
    return x[0], x[1], cluster


def at_least_draw(
    shape: str, g: int, icc: float, truth: float, threshold: float
) -> Callable[[Rng], str]:
    """Return a draw of "at least ``threshold``"."""

    def draw(rng: Rng) -> str:
        x, _, cluster = answers(rng, SHAPES[shape](rng, g), (truth, truth), icc)
        if dominated(cluster):
            return "inconclusive"
        summary = stats.proportion(x, cluster, effective_df=True)
        if too_few_wrong(summary, threshold):
            return "inconclusive"
        found = stats.proportion_ci(summary, exact=True)
        return stats.verdict(found.lo, found.hi, threshold, ">=")

    return draw


def difference_draw(
    shape: str, g: int, icc: float, p: tuple[float, float], threshold: float
) -> Callable[[Rng], str]:
    """Return a draw of "A - B >= ``threshold``"."""

    def draw(rng: Rng) -> str:
        a, b, cluster = answers(rng, SHAPES[shape](rng, g), p, icc)
        if dominated(cluster):
            return "inconclusive"
        pm = stats.paired_means(a, b, cluster, bounded=True, effective_df=True)
        if both_near_limit(pm):
            return "inconclusive"
        found = stats.paired_ci(pm)
        return stats.verdict(found.lo, found.hi, threshold, ">=")

    return draw


def clustered_cost_draw(shape: str, g: int, ratio: float) -> Callable[[Rng], str]:
    """Return a draw of dollars (sigma .6, no runaways) in clusters of intraclass correlation .3."""
    ours, theirs = Costs(0.6, 0.0, 20.0), Costs(0.6, 0.0, 20.0)
    scale = ratio

    def draw(rng: Rng) -> str:
        sizes = SHAPES[shape](rng, g).astype(int)
        cluster = np.repeat(np.arange(g), sizes)
        of_cluster = rng.standard_normal((2, g))[:, cluster]
        z = math.sqrt(0.3) * of_cluster + math.sqrt(0.7) * rng.standard_normal((2, len(cluster)))
        a, b = np.minimum(np.exp(0.6 * z), 20.0)
        return requests(scale * a, b, (scale * ours.cap, theirs.cap), cluster).status

    return draw


def cluster_cells() -> Iterator[Cell]:
    for shape in SHAPES:
        for g in (12, 30, 60):
            for icc in (0.1, 0.5):
                name = f"{shape}, G={g}, ICC {icc:g}"
                quick = shape == "lognormal" and g in {12, 60} and icc == 0.5
                for limit in (0.8, 0.95):
                    yield Cell(
                        "clusters",
                        f"at least {limit:.0%}, {name}",
                        at_least_draw(shape, g, icc, limit, limit),
                        fast=quick,
                    )
                for p in ((0.57, 0.60), (0.95, 0.98)):
                    yield Cell(
                        "clusters",
                        f"as good as by 3 points {p[0]:g} v {p[1]:g}, {name}",
                        difference_draw(shape, g, icc, p, -0.03),
                        fast=quick,
                    )
                yield Cell(
                    "clusters",
                    f"more accurate .8 v .8, {name}",
                    difference_draw(shape, g, icc, (0.8, 0.8), 0.0),
                )
            cost_cell = clustered_cost_draw(shape, g, RATIO)
            yield Cell("clusters", f"cost, {shape}, G={g}", cost_cell)
    for shape in ("equal", "lognormal"):
        for g in (15, 60):
            yield Cell(
                "clusters, power",
                f"at least 80% at .92, {shape}, G={g}, ICC .1",
                at_least_draw(shape, g, 0.1, 0.92, 0.8),
                NEVER,
            )
            yield Cell(
                "clusters, power",
                f"more accurate .85 v .70, {shape}, G={g}, ICC .1",
                difference_draw(shape, g, 0.1, (0.85, 0.70), 0.0),
                NEVER,
            )
            yield Cell(
                "clusters, power",
                f"cost 4.2% against 10.5%, {shape}, G={g}",
                clustered_cost_draw(shape, g, 0.042),
                NEVER,
            )


# --- missing calls --------------------------------------------------------------------------------


def missing_draw(
    n: int, difference: float, share: float, *, at_random: bool
) -> Callable[[Rng], str]:
    """Return a draw of "as accurate as" (margin 3 points) with a share missing in each arm.

    Not at random: A loses only wrong answers, B any.
    """
    p = (0.8 + difference, 0.8)

    def draw(rng: Rng) -> str:
        a, b, _ = answers(rng, np.ones(n), p, 0.5)
        lost_b = rng.random(n) < share
        lost_a = rng.random(n) < share
        if not at_random:
            lost_a = (a == 0) & (rng.random(n) < share / (1 - p[0]))
        if max(lost_a.mean(), lost_b.mean()) > 0.05:
            return "inconclusive"
        seen = ~(lost_a | lost_b)
        status = _as_good(a[seen], b[seen])
        worst, best = (0.0, 1.0), (1.0, 0.0)
        fill = best if status == "refuted" else worst
        filled = _as_good(np.where(lost_a, fill[0], a), np.where(lost_b, fill[1], b))
        return status if filled == status else "inconclusive"

    return draw


def _as_good(a: np.ndarray, b: np.ndarray) -> str:
    found = stats.paired_ci(stats.paired_means(a, b, bounded=True))
    return stats.verdict(found.lo, found.hi, -0.03, ">=")


def failed_latency_draw(n: int, failed: float) -> Callable[[Rng], str]:
    """Return a draw of "p95 under T": T is the true p95 with failures at the last rank."""
    threshold = math.exp(0.5 * float(special.ndtri(0.95 / (1 - failed))))

    def draw(rng: Rng) -> str:
        x = np.where(rng.random(n) < failed, math.inf, np.exp(0.5 * rng.standard_normal(n)))
        if np.isinf(x).mean() > 0.05:
            return "inconclusive"
        found = stats.quantile_ci(x, 0.95)
        return stats.verdict(found.lo, found.hi, threshold, "<=")

    return draw


def missing_cells() -> Iterator[Cell]:
    for n in (400, 1000, 2000):
        for points in (-3, -4, -5):
            yield Cell(
                "missing not at random, 4.5%",
                f"{points} points, n={n}",
                missing_draw(n, points / 100, 0.045, at_random=False),
                FALSE_SUPPORT,
                fast=points == -3 and n < 2000,
            )
        for share in (0.0, 0.005, 0.02, 0.045):
            yield Cell(
                "missing at random, power of as good as",
                f"{share:.1%} missing, +1 point, n={n}",
                missing_draw(n, 0.01, share, at_random=True),
                NEVER,
            )
        yield Cell("failed calls", f"p95, 3% failed, n={n}", failed_latency_draw(n, 0.03))


def cells() -> Iterator[Cell]:
    """All cells, in the order of the tables."""
    yield from dollar_cells()
    yield from cluster_cells()
    yield from missing_cells()


def main() -> None:
    """Print every cell: wrong verdicts and decisions."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--reps", type=int, default=2000)
    parser.add_argument("--table", default="")
    parser.add_argument("--fast", action="store_true")
    given = parser.parse_args()
    for cell in cells():
        if given.table not in cell.table or (given.fast and not cell.fast):
            continue
        start = time.process_time()
        rate = cell.run(given.reps)
        sys.stdout.write(
            f"{cell.table} | {cell.label} | wrong {rate.wrong / rate.reps:.3f} |"
            f" decided {rate.decided / rate.reps:.3f}, void {rate.void / rate.reps:.3f} | {time.process_time() - start:.2f} s\n"
        )
        sys.stdout.flush()


if __name__ == "__main__":
    main()
