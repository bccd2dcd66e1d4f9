"""Simulates what the engines promise: coverage, wrong verdicts, early stopping. Run it as a script
for the tables.

Truth is known exactly in every cell (closed form or a root), so nothing here is estimated but the
rates themselves. A verdict is wrong when an interval that the size rules allow to decide excludes
the truth: that is the error of a claim whose threshold sits exactly on the truth, the worst case.
Rates carry Monte-Carlo error sqrt(p(1-p)/replicates).
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy import optimize, special

from claimbench import stats
from claimbench.stats import sequential
from claimbench.stats.distributions import normal_quantile

Rng = np.random.Generator
SIZES = (20, 50, 200, 1000)
ACCURACIES = ((0.8, 0.7), (0.9, 0.9), (0.98, 0.95), (0.999, 0.95))
COST_RATIO = 0.12
COSTS: dict[str, tuple[float, float, float]] = {
    "sigma .6": (0.6, 0.6, 0.0),
    "sigma 1": (1.0, 1.0, 0.0),
    "sigma 1.5": (1.5, 1.5, 0.0),
    "runaway": (0.6, 0.6, 0.04),
    "runaway, sigma 1": (1.0, 1.0, 0.04),
}
"""Name -> (sigma of log cost in A, in B, share of A's answers that cost ten times as much)."""
LATENCY_RATIO, STALLS, STALL_FACTOR, LATENCY_SIGMA = 0.8, 0.02, 8.0, 0.5


@dataclass(frozen=True)
class Cell:
    """One simulated situation."""

    kind: str
    n: int
    clustered: bool
    epochs: int
    label: str


@dataclass
class Tally:
    """Counts over replicates for one quantity of one cell."""

    reps: int = 0
    low: int = 0
    high: int = 0
    allowed_wrong: int = 0
    bounded: int = 0

    def add(self, found: stats.Interval, truth: float, allowed: bool = True) -> None:
        below, above = found.lo > truth, found.hi < truth
        self.reps += 1
        self.low += below
        self.high += above
        self.allowed_wrong += allowed and (below or above)
        self.bounded += found.bounded

    @property
    def coverage(self) -> float:
        return 1 - (self.low + self.high) / self.reps

    @property
    def wrong(self) -> float:
        return self.allowed_wrong / self.reps

    @property
    def one_sided(self) -> float:
        return max(self.low, self.high) / self.reps


def cluster_labels(rng: Rng, n: int, clustered: bool) -> np.ndarray | None:
    """Clusters of 1..7 items (mean 4), or None."""
    if not clustered:
        return None
    sizes = rng.integers(1, 8, n)
    return np.repeat(np.arange(n), sizes)[:n]


def correlated(rng: Rng, groups: int, rho: float) -> np.ndarray:
    """Standard normal effects of two arms, shape (2, groups), correlation rho."""
    shared = rng.standard_normal(groups)
    return math.sqrt(rho) * shared + math.sqrt(1 - rho) * rng.standard_normal((2, groups))


def latent(
    rng: Rng, n: int, epochs: int, cluster: np.ndarray | None, shares: tuple[float, float, float]
) -> np.ndarray:
    """Standard normal latents, shape (2, n, epochs), with variance shares of cluster, item and
    epoch.
    """
    of_cluster, of_item, of_epoch = shares
    if cluster is None:
        of_item, of_cluster = of_item + of_cluster, 0.0
    z = math.sqrt(of_item) * correlated(rng, n, 0.6)
    if cluster is not None:
        z = z + math.sqrt(of_cluster) * correlated(rng, int(cluster[-1]) + 1, 0.6)[:, cluster]
    return z[:, :, None] + math.sqrt(of_epoch) * rng.standard_normal((2, n, epochs))


def accuracy_data(
    rng: Rng, n: int, epochs: int, p: tuple[float, float], clustered: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Item means of two arms whose true accuracies are exactly ``p``."""
    cluster = cluster_labels(rng, n, clustered)
    z = latent(rng, n, epochs, cluster, (0.2, 0.5, 0.3))
    x = (z < special.ndtri(np.array(p))[:, None, None]).mean(axis=2)
    return x[0], x[1], cluster


def cost_data(
    rng: Rng,
    n: int,
    epochs: int,
    shape: tuple[float, float, float],
    clustered: bool,
    ratio: float = COST_RATIO,
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Item-mean costs, lognormal, with true ratio of means exactly ``ratio``."""
    sigma_a, sigma_b, runaway = shape
    cluster = cluster_labels(rng, n, clustered)
    z = latent(rng, n, epochs, cluster, (0.3, 0.5, 0.2))
    a = np.exp(sigma_a * z[0] - sigma_a**2 / 2)
    a = a * np.where(rng.random((n, epochs)) < runaway, 10.0, 1.0) / (1 + 9 * runaway) * ratio
    return a.mean(axis=1), np.exp(sigma_b * z[1] - sigma_b**2 / 2).mean(axis=1), cluster


def latency_quantile(p: float) -> float:
    """The true quantile of arm B's latencies: lognormal with 2 % stalls of eight times as long."""

    def excess(log_x: float) -> float:
        normal = special.ndtr(log_x / LATENCY_SIGMA)
        stalled = special.ndtr((log_x - math.log(STALL_FACTOR)) / LATENCY_SIGMA)
        return float((1 - STALLS) * normal + STALLS * stalled - p)

    return math.exp(optimize.brentq(excess, -10, 10))


def latency_data(
    rng: Rng, n: int, epochs: int, clustered: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Call latencies of two interleaved arms; clustered = time blocks with intraclass correlation
    .3, else by item.
    """
    blocks = {20: 5, 50: 10, 200: 20, 1000: 25}[n]
    block = np.sort(np.arange(n) % blocks) if clustered else None
    z = latent(rng, n, epochs, block, (0.3, 0.35, 0.35))
    x = np.exp(LATENCY_SIGMA * z) * np.where(rng.random(z.shape) < STALLS, STALL_FACTOR, 1.0)
    rows = (
        None
        if block is None and epochs == 1
        else np.repeat(np.arange(n) if block is None else block, epochs)
    )
    return LATENCY_RATIO * x[0].ravel(), x[1].ravel(), rows


def decidable(n: int, cluster: np.ndarray | None) -> bool:
    """Whether the size rules let a verdict be given at all."""
    return "n_too_small" not in stats.size_reasons(
        n, n if cluster is None else len(np.unique(cluster))
    )


def run_accuracy(cell: Cell, reps: int, rng: Rng) -> dict[str, Tally]:
    p = ACCURACIES[[str(x) for x in ACCURACIES].index(cell.label)]
    names = (
        "difference",
        "ratio",
        "error ratio",
        "one accuracy",
        "one accuracy, exact",
        "iid t (control)",
    )
    tally = {name: Tally() for name in names}
    for _ in range(reps):
        a, b, cluster = accuracy_data(rng, cell.n, cell.epochs, p, cell.clustered)
        allowed = decidable(cell.n, cluster)
        draws = np.full(cell.n, cell.epochs)
        pm = stats.paired_means(a, b, cluster, bounded=True, draws=draws)
        tally["difference"].add(stats.paired_ci(pm), p[0] - p[1], allowed)
        tally["ratio"].add(stats.ratio_ci(pm), p[0] / p[1], allowed)
        tally["error ratio"].add(stats.error_ratio_ci(pm), (1 - p[0]) / (1 - p[1]), allowed)
        tally["one accuracy"].add(stats.accuracy_ci(b, cluster, draws), p[1], allowed)
        tally["one accuracy, exact"].add(
            stats.accuracy_ci(b, cluster, draws, exact=True), p[1], allowed
        )
        tally["iid t (control)"].add(
            stats.linear_ci(stats.paired_means(a, b)), p[0] - p[1], allowed
        )
    return tally


def run_cost(cell: Cell, reps: int, rng: Rng) -> dict[str, Tally]:
    tally = {name: Tally() for name in ("cost ratio", "cost difference", "Fieller 95 % (control)")}
    truth = COST_RATIO - 1
    for _ in range(reps):
        a, b, cluster = cost_data(rng, cell.n, cell.epochs, COSTS[cell.label], cell.clustered)
        allowed = decidable(cell.n, cluster)
        pm = stats.paired_means(a, b, cluster)
        tally["cost ratio"].add(stats.ratio_ci_hull(pm), COST_RATIO, allowed)
        tally["cost difference"].add(stats.contrast_ci_hull(pm), truth, allowed)
        tally["Fieller 95 % (control)"].add(stats.fieller_ci(pm), COST_RATIO, allowed)
    return tally


def run_latency(cell: Cell, reps: int, rng: Rng) -> dict[str, Tally]:
    p = float(cell.label[1:]) / 100
    truth = latency_quantile(p)
    tally = {name: Tally() for name in ("quantile", "quantile ratio", "blocks ignored (control)")}
    for _ in range(reps):
        a, b, rows = latency_data(rng, cell.n, cell.epochs, cell.clustered)
        allowed = decidable(cell.n, rows)
        qa, qb = stats.quantile_data(a, p, rows), stats.quantile_data(b, p, rows)
        tally["quantile"].add(stats.quantile_interval(qb), truth, allowed)
        tally["quantile ratio"].add(stats.quantile_ratio_interval(qa, qb), LATENCY_RATIO, allowed)
        tally["blocks ignored (control)"].add(stats.quantile_ci(b, p), truth, allowed)
    return tally


RUNNERS: dict[str, Callable[[Cell, int, Rng], dict[str, Tally]]] = {
    "accuracy": run_accuracy,
    "cost": run_cost,
    "latency": run_latency,
}
LABELS = {
    "accuracy": tuple(str(p) for p in ACCURACIES),
    "cost": tuple(COSTS),
    "latency": ("p50", "p95"),
}


def run_cell(cell: Cell, reps: int, seed: int = 1) -> dict[str, Tally]:
    """Simulates one cell; the stream of random numbers depends on the cell and the seed alone."""
    key = [seed, *repr(cell).encode()]
    return RUNNERS[cell.kind](cell, reps, np.random.default_rng(key))


def cells(kind: str) -> Iterator[Cell]:
    for n, clustered, epochs, label in product(SIZES, (False, True), (1, 4), LABELS[kind]):
        yield Cell(kind, n, clustered, epochs, label)


# --- early stopping -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Stream:
    """A claim "a - ratio*b >= const" (accuracy) or "a/b <= ratio" (cost) on a stream of at most
    ``n_max`` items.
    """

    name: str
    kind: str
    arms: tuple[float, float]
    ratio: float
    const: float
    at_boundary: bool

    def holds(self) -> bool:
        a, b = self.arms
        return (
            a - self.ratio * b >= self.const - 1e-12
            if self.kind == "accuracy"
            else a <= self.ratio * b + 1e-12
        )


N_MAX = 500
STREAMS = (
    Stream("superior, equal arms .8", "accuracy", (0.8, 0.8), 1.0, 0.0, True),
    Stream("non-inferior by 3 pp, .87 v .90", "accuracy", (0.87, 0.90), 1.0, -0.03, True),
    Stream("30 % more accurate, .78 v .60", "accuracy", (0.78, 0.60), 1.3, 0.0, True),
    Stream("superior, .85 v .70", "accuracy", (0.85, 0.70), 1.0, 0.0, False),
    Stream("non-inferior by 5 pp, .92 v .90", "accuracy", (0.92, 0.90), 1.0, -0.05, False),
    Stream("30 % more accurate, .75 v .70", "accuracy", (0.75, 0.70), 1.3, 0.0, False),
    Stream("cost ratio .12 against .12", "cost", (0.12, 1.0), 0.12, 0.0, True),
    Stream("cost ratio .05 against .105", "cost", (0.05, 1.0), 0.105, 0.0, False),
    Stream("cost ratio .25 against .105", "cost", (0.25, 1.0), 0.105, 0.0, False),
)


@dataclass
class Stopping:
    """What early stopping did over the replicates of one stream."""

    reps: int = 0
    wrong: int = 0
    decided: int = 0
    items: int = 0
    fixed_wrong: int = 0
    fixed_decided: int = 0
    total: int = 0

    @property
    def used(self) -> float:
        return self.items / self.total


def contrast_at(
    stream: Stream, a: np.ndarray, b: np.ndarray, cluster: np.ndarray | None
) -> Callable[[float], stats.Interval]:
    """alpha -> final interval of the claim's contrast against 0 (positive = claim holds)."""
    if stream.kind == "accuracy":
        pm = stats.paired_means(a, b, cluster, bounded=True)
        return lambda alpha: stats.paired_ci(pm, (1.0, -stream.ratio), alpha, stream.const)
    pm = stats.paired_means(a, b, cluster)
    return lambda alpha: stats.contrast_ci_hull(pm, (-1.0, stream.ratio), alpha)


def run_stream(stream: Stream, clustered: bool, reps: int, seed: int = 1) -> Stopping:
    """Five O'Brien-Fleming looks with futility, as a run does it; the fixed design on the same data
    beside it.
    """
    rng = np.random.default_rng([seed, clustered, *stream.name.encode()])
    out = Stopping()
    for _ in range(reps):
        if stream.kind == "accuracy":
            a, b, cluster = accuracy_data(rng, N_MAX, 1, stream.arms, clustered)
        else:
            a, b, cluster = cost_data(rng, N_MAX, 1, COSTS["sigma 1"], clustered, stream.arms[0])
        sizes = [1] * N_MAX if cluster is None else np.bincount(cluster).tolist()
        plan = sequential.plan_looks(sizes) if cluster is not None else EQUAL_PLAN
        decision, used = stop_when_decided(stream, plan, a, b, cluster)
        full = contrast_at(stream, a, b, cluster)(0.05)
        fixed = stats.verdict(full.lo, full.hi, 0.0, ">=")
        out.reps += 1
        out.total += N_MAX
        out.items += used
        out.wrong += is_wrong(stream, decision)
        out.decided += decision != "inconclusive"
        out.fixed_wrong += is_wrong(stream, fixed)
        out.fixed_decided += fixed != "inconclusive"
    return out


EQUAL_PLAN = sequential.plan_looks([1] * N_MAX)


def stop_when_decided(
    stream: Stream,
    plan: sequential.LookPlan,
    a: np.ndarray,
    b: np.ndarray,
    cluster: np.ndarray | None,
) -> tuple[str, int]:
    for look in plan.looks:
        k = look.n_items
        at = contrast_at(stream, a[:k], b[:k], None if cluster is None else cluster[:k])
        shown = at(look.alpha)
        decision = stats.verdict(shown.lo, shown.hi, 0.0, ">=")
        if decision != "inconclusive":
            return decision, k
        if 1 < look.number < len(plan.looks):
            p = stats.p_by_inversion(at, 0.0)
            if plan.futile(normal_quantile(max(p, 1e-300) / 2), look.number):
                return "inconclusive", k
    return "inconclusive", N_MAX


def is_wrong(stream: Stream, decision: str) -> bool:
    """At the boundary either decision would be wrong an instant further on; elsewhere the untrue
    one is.
    """
    if stream.at_boundary:
        return decision != "inconclusive"
    return decision == ("refuted" if stream.holds() else "supported")


# --- how far "needs about N more" can be trusted --------------------------------------------------


def run_n_more(gap: float, reps: int, seed: int = 1) -> tuple[float, float]:
    """Share of inconclusive pilots (100 items, accuracies .8+gap and .8); share of these decided
    after N more.
    """
    rng = np.random.default_rng([seed, int(gap * 1000)])
    inconclusive = decided = 0
    for _ in range(reps):
        a, b, _ = accuracy_data(rng, 100, 1, (0.8 + gap, 0.8), False)
        pilot = stats.difference_ci(a, b)
        if stats.verdict(pilot.lo, pilot.hi, 0.0, ">=") != "inconclusive":
            continue
        inconclusive += 1
        more = stats.n_more(pilot, 0.0).n_more
        if more is None or more > 20 * 100:
            more = 20 * 100
        c, d, _ = accuracy_data(rng, more, 1, (0.8 + gap, 0.8), False)
        full = stats.difference_ci(np.append(a, c), np.append(b, d))
        decided += full.lo > 0
    return inconclusive / reps, decided / max(inconclusive, 1)


# --- tables ---------------------------------------------------------------------------------------


def worst_table(kind: str, reps: Callable[[int], int], seed: int) -> Iterator[str]:
    """Markdown: worst coverage over the labels; four figures = singletons K=1, K=4, clustered K=1,
    K=4.
    """
    found: dict[tuple[str, int, bool, int], list[Tally]] = {}
    for cell in cells(kind):
        for name, tally in run_cell(cell, reps(cell.n), seed).items():
            row_name = f"{name} {cell.label}" if kind == "latency" else name
            if cell.label.startswith("runaway"):
                row_name += ", 4 % runaway"
            found.setdefault((row_name, cell.n, cell.clustered, cell.epochs), []).append(tally)
    yield f"| {kind} | " + " | ".join(f"n = {n}" for n in SIZES) + " | most wrong verdicts (at n) |"
    yield "|---" * (len(SIZES) + 2) + "|"
    for name in dict.fromkeys(key[0] for key in found):
        columns, worst = [], (0.0, 0)
        for n in SIZES:
            groups = [
                found[name, n, clustered, epochs]
                for clustered, epochs in product((False, True), (1, 4))
            ]
            columns.append(" ".join(shown(group) for group in groups))
            worst = max(worst, (max(t.wrong for group in groups for t in group), n))
        yield f"| {name} | " + " | ".join(columns) + f" | {worst[0]:.3f} ({worst[1]}) |"


def shown(tallies: list[Tally]) -> str:
    """Worst coverage over the labels without its leading zero; * where most intervals of a label
    had no bound.
    """
    value = min(t.coverage for t in tallies)
    mark = "*" if min(t.bounded / t.reps for t in tallies) < 0.5 else ""
    return ("1.00" if value > 0.9995 else f"{value:.3f}"[1:]) + mark


def stopping_table(reps: int, seed: int) -> Iterator[str]:
    """Markdown: early stopping beside the fixed design."""
    yield (
        "| claim on at most 500 items | clustered | wrong | wrong, fixed | decided | decided, fixed"
        " | requests used |"
    )
    yield "|---|---|---|---|---|---|---|"
    for stream, clustered in product(STREAMS, (False, True)):
        r = run_stream(stream, clustered, reps, seed)
        shares = [x / r.reps for x in (r.wrong, r.fixed_wrong, r.decided, r.fixed_decided)]
        yield (
            f"| {stream.name} | {'yes' if clustered else 'no'} | "
            + " | ".join(f"{x:.3f}" for x in shares)
            + f" | {r.used:.2f} |"
        )


def say(line: str) -> None:
    """One line of output at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    """Prints the tables of docs/method_stats.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--reps", type=int, default=2000, help="replicates of each cell (half at n = 1000)"
    )
    parser.add_argument("--stopping-reps", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--only", choices=["accuracy", "cost", "latency", "stopping", "n-more"], default=None
    )
    options = parser.parse_args()
    began = time.perf_counter()
    for kind in RUNNERS:
        if options.only in (None, kind):
            for line in worst_table(
                kind, lambda n: options.reps // (2 if n == 1000 else 1), options.seed
            ):
                say(line)
            say(f"\n({time.perf_counter() - began:.0f} s so far)\n")
    if options.only in (None, "stopping"):
        for line in stopping_table(options.stopping_reps, options.seed):
            say(line)
    if options.only in (None, "n-more"):
        say(
            "\n| true gap | inconclusive at 100 items | decided after following N-more"
            " |\n|---|---|---|"
        )
        for gap in (0.02, 0.05, 0.10):
            share, decided = run_n_more(gap, options.stopping_reps, options.seed)
            say(f"| {gap} | {share:.3f} | {decided:.3f} |")
    say(f"\n({time.perf_counter() - began:.0f} s in all, seed {options.seed})")


if __name__ == "__main__":
    main()
