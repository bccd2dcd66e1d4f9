"""Intervals recomputed from exported calls by other means than ours: statsmodels, scipy and pandas
only.

Nothing here may import claimbench: this is the second opinion. Every variance is a loop of refits
that leave one cluster out, every ratio is found by inverting a test with brentq, every quantile's
ranks come from scipy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy import optimize, stats
from statsmodels.stats.proportion import proportion_confint

Ends = tuple[float, float]
Floats = np.ndarray[tuple[int], np.dtype[np.float64]]


@dataclass(frozen=True)
class Figure:
    """An estimate with its interval; infinite ends where the data bound nothing."""

    value: float
    lo: float
    hi: float


def load(path: str) -> pd.DataFrame:
    """The calls of ``bench export --format jsonl``."""
    calls = pd.read_json(path, lines=True, dtype={"sample_id": str, "cluster": str})
    calls["item"] = calls["task"] + "/" + calls["sample_id"].astype(str)
    return calls


def items(calls: pd.DataFrame, arm: str, task: str | None) -> pd.DataFrame:
    """One row per item of an arm: mean score, mean dollars, cluster; item-weighted."""
    mine = calls[(calls.arm == arm) & ((calls.task == task) if task else True)]
    return mine.groupby("item").agg(
        score=("score", "mean"), usd=("cost_usd", "mean"), cluster=("cluster", "first")
    )


def pair(calls: pd.DataFrame, ours: str, theirs: str, task: str | None) -> pd.DataFrame:
    """The items that both arms have."""
    one, two = (
        items(calls, ours, task).add_suffix("_a"),
        items(calls, theirs, task).add_suffix("_b"),
    )
    return one.join(two, how="inner")


def left_out(
    values: np.ndarray, weights: np.ndarray, cluster: np.ndarray
) -> tuple[float, float, int]:
    """Weighted mean, its leave-one-cluster-out variance and the number of clusters, by refits of an
    intercept.
    """

    def fit(keep: np.ndarray) -> float:
        return float(
            sm.WLS(values[keep], np.ones(int(keep.sum())), weights=weights[keep]).fit().params[0]
        )

    names = np.unique(cluster)
    centre = fit(np.ones(len(values), dtype=bool))
    without = np.array([fit(cluster != name) for name in names])
    g = len(names)
    return centre, (g - 1) / g * float(((without - centre) ** 2).sum()), g


def worth(cluster: np.ndarray) -> float:
    """What unequal clusters are worth, as a number of equal ones: (sum m)^2 / sum m^2."""
    _, sizes = np.unique(cluster, return_counts=True)
    return float(sizes.sum() ** 2 / (sizes**2).sum())


def accuracy(
    table: pd.Series, cluster: pd.Series, alpha: float = 0.05, *, whole: bool = True
) -> Figure:
    """One arm's accuracy: Wilson with the effective n of the clusters."""
    values = table.to_numpy(float)
    n, names = len(values), cluster.to_numpy(str)
    mean, var, g = left_out(values, np.ones(n), names)
    count = float(g) if whole else worth(names)
    n_eff = count
    if var > 1e-18:
        n_eff = min(max(mean * (1 - mean) / var, count / 2), n)
    df = count - 1
    n_eff *= (stats.norm.ppf(1 - alpha / 2) / stats.t.ppf(1 - alpha / 2, df)) ** 2
    lo, hi = proportion_confint(mean * n_eff, n_eff, alpha=alpha, method="wilson")
    return Figure(mean, float(lo), float(hi))


class Paired:
    """Two arms' scores in [0, 1] with four pseudo-items of half weight, and the guard against
    unseen disagreements.
    """

    def __init__(
        self, a: np.ndarray, b: np.ndarray, cluster: np.ndarray, alpha: float = 0.05
    ) -> None:
        self.a, self.b, self.cluster, self.alpha = a, b, cluster, alpha
        n, g = len(a), len(np.unique(cluster))
        self.df = worth(cluster) - 1
        _, clustered, _ = left_out(a - b, np.ones(n), cluster)
        iid = float((a - b).var(ddof=1)) / n
        mean_size = n / g
        w = (
            1.0
            if g == n
            else mean_size
            if iid <= 1e-18
            else float(np.clip(clustered / iid, 1, mean_size))
        )
        self.pa = np.append(a, [1.0, 0.0, 1.0, 0.0])
        self.pb = np.append(b, [0.0, 1.0, 1.0, 0.0])
        self.weights = np.append(np.ones(n), np.full(4, w / 2))
        self.names = np.append(cluster, [f"~pseudo{i}" for i in range(4)])
        self.up01 = self._unseen(np.maximum(b - a, 0))
        self.up10 = self._unseen(np.maximum(a - b, 0))

    def _unseen(self, disagree: np.ndarray) -> float:
        found = accuracy(pd.Series(disagree), pd.Series(self.cluster), self.alpha, whole=False)
        return found.hi - found.value

    def tilts(self) -> list[Ends]:
        a, b, x, y = self.a.mean(), self.b.mean(), self.up01, self.up10
        return [(a * (1 - x), b * (1 - x) + x), (a * (1 - y) + y, b * (1 - y))]

    def contrast(self, ca: float, cb: float, const: float = 0.0) -> tuple[float, float]:
        """Centre and standard error of ca*a + cb*b - const, pseudo-items included."""
        centre, var, _ = left_out(ca * self.pa + cb * self.pb - const, self.weights, self.names)
        return centre, math.sqrt(var)

    @property
    def t(self) -> float:
        return float(stats.t.ppf(1 - self.alpha / 2, self.df))

    def difference(self) -> Figure:
        centre, se = self.contrast(1, -1)
        tilted = [x - y for x, y in self.tilts()]
        lo, hi = min(centre - self.t * se, *tilted), max(centre + self.t * se, *tilted)
        return Figure(float(self.a.mean() - self.b.mean()), max(lo, -1.0), min(hi, 1.0))

    def ratio(self) -> Figure:
        lo, hi = self._invert(
            lambda r: self.contrast(1, -r), self.a.mean() / self.b.mean(), self.contrast(0, 1)
        )
        tilted = [x / y for x, y in self.tilts()]
        return _not_negative(
            float(self.a.mean() / self.b.mean()), min(lo, *tilted), max(hi, *tilted)
        )

    def errors(self) -> Figure:
        value = (1 - self.a.mean()) / (1 - self.b.mean())
        lo, hi = self._invert(
            lambda e: self.contrast(-1, e, e - 1), value, self.contrast(0, -1, -1)
        )
        tilted = [(1 - x) / (1 - y) for x, y in self.tilts()]
        return _not_negative(float(value), min(lo, *tilted), max(hi, *tilted))

    def _invert(self, test, start: float, below: tuple[float, float]) -> Ends:
        """The thresholds at which the t statistic of the contrast is +t and -t; ``below``: what is
        divided by.
        """

        def statistic(at: float) -> float:
            centre, se = test(at)
            return centre / se

        if abs(below[0]) <= self.t * below[1]:
            return -math.inf, math.inf
        # the statistic falls in the threshold; outside the bracket it stays beyond t for a bounded
        # set
        lo = _root(lambda r: statistic(r) - self.t, start, -1)
        hi = _root(lambda r: statistic(r) + self.t, start, +1)
        return lo, hi


def _not_negative(value: float, lo: float, hi: float) -> Figure:
    """A ratio of what is never negative; one that nothing bounds stays unbounded on both sides."""
    return Figure(value, lo if math.isinf(lo) and math.isinf(hi) else max(lo, 0.0), hi)


def _root(f, start: float, side: int) -> float:
    """The nearest root of ``f`` on one side of ``start``."""
    inner, step = start, 0.05 * max(abs(start), 0.1)
    for _ in range(60):
        outer = inner + side * step
        if f(inner) * f(outer) <= 0:
            return float(optimize.brentq(f, min(inner, outer), max(inner, outer), xtol=1e-12))
        inner, step = outer, step * 1.3
    return side * math.inf


def cost_ratio(a: np.ndarray, b: np.ndarray, cluster: np.ndarray, alpha: float) -> Figure:
    """Dollars of A over B: hull of Fieller and Hall's skew-corrected t, both by inverting the test
    in the ratio.
    """
    n = len(a)
    value = float(a.mean() / b.mean())
    names, g = np.unique(cluster), len(np.unique(cluster))
    t = float(stats.t.ppf(1 - alpha / 2, worth(cluster) - 1))
    weight = np.array([(cluster == name).sum() for name in names])
    sums_a = np.array([a[cluster == name].sum() for name in names])
    sums_b = np.array([b[cluster == name].sum() for name in names])

    def against_zero(x: np.ndarray) -> float:
        if g == n:  # the textbook test itself
            return float(stats.ttest_1samp(x, 0).statistic)
        mean, var, _ = left_out(x, np.ones(n), cluster)
        return mean / math.sqrt(var)

    def plain(r: float) -> float:
        return against_zero(a - r * b)

    def hall(r: float) -> float:
        d, mean = sums_a - r * sums_b, float((a - r * b).mean())
        influence = (d.sum() - d) / (n - weight) - mean
        k = float(stats.skew(-influence, bias=False))
        x, root = plain(r), math.sqrt(g)
        return x + k * x**2 / (3 * root) + k**2 * x**3 / (27 * g) + k / (6 * root)

    def far(side: int) -> float:
        """Where the last of the two tests begins to reject: Hall's may accept again beyond its
        first root.
        """
        end = _root(
            lambda r: plain(r) + side * t, value * (1 + side * 1e-9), side
        )  # at the estimate t is 0
        if math.isinf(end) or -side * hall(end) >= t:
            return end
        return _root(lambda r: hall(r) + side * t, end, side)

    if np.ptp(a * b.mean() - b * a.mean()) < 1e-15 * a.mean() * b.mean():
        return Figure(value, value, value)
    if abs(against_zero(b)) <= t:  # what is divided by may be nothing at all: no ratio is excluded
        return Figure(value, -math.inf, math.inf)
    return _not_negative(value, far(-1), far(1))


def per_correct_ratio(table: pd.DataFrame, alpha: float) -> Figure:
    """Dollars per correct answer, A over B: each item's first-order share in the products of means
    (dollars of the one times correct answers of the other), then as a ratio of dollars.
    """
    usd_a, usd_b = table.usd_a.to_numpy(float), table.usd_b.to_numpy(float)
    right_a, right_b = table.score_a.to_numpy(float), table.score_b.to_numpy(float)

    def share(usd: np.ndarray, right: np.ndarray) -> np.ndarray:
        return usd * right.mean() + usd.mean() * (right - right.mean())

    return cost_ratio(
        share(usd_a, right_b), share(usd_b, right_a), table.cluster_a.to_numpy(str), alpha
    )


@dataclass(frozen=True)
class Timed:
    """One arm's seconds with the item cluster, the time block and the session of each row."""

    seconds: np.ndarray
    cluster: np.ndarray
    block: np.ndarray
    session: np.ndarray

    def group(self, block: np.ndarray) -> np.ndarray:
        """Item clusters or time blocks, whichever are fewer."""
        fewer = 1 < len(np.unique(block)) < len(np.unique(self.cluster))
        return (block if fewer else self.cluster).astype(str)

    def joined(self, times: int) -> np.ndarray:
        """Blocks after joining two neighbours of a session so often."""
        frame = pd.DataFrame({"block": self.block, "session": self.session})
        first = frame.groupby("session").block.transform("min")
        local = (frame.block - first) // 2**times
        return (frame.session.rank(method="dense") * 1_000_000 + local).to_numpy(int)


def block_length(samples: list[Timed], p: float) -> int | None:
    """How often blocks have to be joined until neighbours are alike no longer; None = no length
    will do.
    """
    for times in range(60):
        labels = [sample.joined(times) for sample in samples]
        fewest = min(len(np.unique(label)) for label in labels)
        if fewest < 6:
            return None
        shown = [
            sums(x, label)
            for sample, label in zip(samples, labels, strict=True)
            for x in columns(sample.seconds, p)
        ]
        calm = all(one_step(total, len(samples) > 1) <= 0.15 for total in shown)
        if len(samples) == 1 and fewest < 24:
            calm = calm and all(piled_up(total) <= 0.20 for total in shown)
        if calm:
            return times
    return None


def columns(x: np.ndarray, p: float) -> list[np.ndarray]:
    """Above the quantile or not, above the median or not, and the rank."""
    above = [x > np.quantile(x, q, method="inverted_cdf") for q in sorted({p, 0.5})]
    return [*(one.astype(float) for one in above), stats.rankdata(x) / len(x)]


def sums(x: np.ndarray, label: np.ndarray) -> pd.Series:
    """What each block adds to the mean, in the order of time."""
    return pd.Series(x - x.mean()).groupby(label).sum().sort_index()


def one_step(total: pd.Series, of_two: bool) -> float:
    """Lag-1 autocorrelation of blocks within sessions, corrected for their number: wholly for one
    arm, for two arms by half below 24 blocks and else not.
    """
    if float((total**2).mean()) <= 1e-18:
        return 0.0
    of = total.index.to_numpy() // 1_000_000
    pairs = [x * y for x, y, k, m in zip(total, total[1:], of, of[1:], strict=False) if k == m]
    r = float(np.mean(pairs)) / float((total**2).mean()) if pairs else 0.0
    corrected = (0.5 if len(total) < 24 else 0.0) if of_two else 1.0
    return r + corrected * (1 + 4 * r) / len(total) if pairs else 0.0


def piled_up(total: pd.Series) -> float:
    """KPSS without lags."""
    spread = float((total**2).sum())
    return float((total.cumsum() ** 2).sum()) / len(total) / spread if spread > 1e-18 else 0.0


def latency_ratio(samples: list[Timed], p: float, alpha: float) -> Figure:
    """Quantile of A over that of B, by time blocks that are long enough."""
    groups = [sample.group(sample.block) for sample in samples]
    if all(len(np.unique(group)) >= 6 for group in groups):
        times = block_length(samples, p)
        if times is not None:
            groups = [sample.group(sample.joined(times)) for sample in samples]
    found = [quantile(s.seconds, p, group, alpha) for s, group in zip(samples, groups, strict=True)]
    return quantile_ratio(*found)


def latency(
    calls: pd.DataFrame, arm: str, metric: str, shared: set[str], task: str | None
) -> Timed:
    """One arm's seconds in time, on the items both arms answered."""
    mine = calls[
        (calls.arm == arm) & calls.item.isin(shared) & ((calls.task == task) if task else True)
    ]
    if metric == "tpot":
        mine = mine[mine.output_tokens >= 2]
        seconds = (mine.e2e_ms - mine.ttft_ms) / 1000 / (mine.output_tokens - 1)
    else:
        seconds = mine[f"{metric}_ms"] / 1000
    kept = mine[seconds.notna()]
    return Timed(
        seconds[seconds.notna()].to_numpy(float),
        kept.cluster.astype(str).to_numpy(),
        kept.block.to_numpy(int),
        kept.session.to_numpy(int) if "session" in kept else np.ones(len(kept), dtype=int),
    )


def quantile(x: np.ndarray, p: float, cluster: np.ndarray, alpha: float = 0.05) -> Figure:
    """Order-statistic interval; with groups, at the effective n of the share below the quantile."""
    n, names, high = len(x), np.unique(cluster), 1 - alpha / 2
    value = float(np.quantile(x, p, method="inverted_cdf"))
    if len(names) == n:
        found = stats.quantile_test(x, p=p).confidence_interval(1 - alpha)
        lo, hi = (float(found.low), float(found.high))
        return Figure(
            value, -math.inf if math.isnan(lo) else lo, math.inf if math.isnan(hi) else hi
        )
    below = (x <= value).astype(float)
    share, var, g = left_out(below, np.ones(n), cluster)
    spread = share * (1 - share)
    base = float(g) if spread <= 1e-15 else min(spread / var, n) if var > 1e-18 else float(n)
    n_eff = max(
        1, math.floor(base * (stats.t.ppf(high, n - 1) / stats.t.ppf(high, g - 1)) ** 2 + 1e-9)
    )
    first = int(stats.binom.ppf(alpha / 2, n_eff, p))
    last = int(stats.binom.ppf(high, n_eff, p)) + 1
    ordered = np.sort(x)
    at_lo = math.floor(first * (n + 1) / (n_eff + 1))
    at_hi = math.ceil(last * (n + 1) / (n_eff + 1))
    lo = float(ordered[at_lo - 1]) if at_lo >= 1 else -math.inf
    hi = float(ordered[at_hi - 1]) if last <= n_eff and at_hi <= n else math.inf
    return Figure(value, lo, hi)


def quantile_ratio(a: Figure, b: Figure) -> Figure:
    """MOVER on logarithms."""

    def log(x: float) -> float:
        return math.log(x) if 0 < x < math.inf else math.copysign(math.inf, x if x else -1.0)

    centre = log(a.value) - log(b.value)
    lo = centre - math.hypot(log(a.value) - log(a.lo), log(b.hi) - log(b.value))
    hi = centre + math.hypot(log(a.hi) - log(a.value), log(b.value) - log(b.lo))
    return Figure(math.exp(centre), math.exp(lo), math.exp(hi) if hi < 700 else math.inf)


def ppi_mean(truth: Floats, judge: Floats, rest: Floats, alpha: float = 0.05) -> Ends:
    """Prediction-powered interval of a mean, by the estimating equations of PPI++ and not in
    closed form.

    ``truth`` and ``judge``: the labelled items as people and as the judge score them; ``rest``: the
    judge on others.
    """
    n, others = len(truth), len(rest)
    start = rest.mean() + (truth - judge).mean()
    pull, pulled, pulled_rest = truth - start, judge - start, rest - start
    shared = 2 * ((pull - pull.mean()) @ (pulled - pulled.mean())) / n
    spread = np.cov(np.concatenate([pulled, pulled_rest]))
    weight = float(np.clip(shared / (2 * (1 + n / others) * spread), 0, 1))
    centre = weight * rest.mean() + (truth - weight * judge).mean()
    error = np.sqrt((weight * rest).std() ** 2 / others + (truth - weight * judge).std() ** 2 / n)
    z = float(stats.norm.ppf(1 - alpha / 2))
    return float(centre - z * error), float(centre + z * error)
