"""A decision reckoned a second time, from the rows of the database alone: SQL, JSON, numpy, scipy.

Nothing here may import claimbench. Every variance is a loop that leaves one cluster out, the share
of weights is drawn, the smallest change of weights is a linear programme.
"""

from __future__ import annotations

import itertools
import json
import math
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import optimize, stats
from statsmodels.stats.proportion import proportion_confint

from .independent_figures import Ends, Figure, Paired, left_out, quantile, worth

DRAWS = 400_000
GUARD_ITEMS, GUARD_KISH, GUARD = 200, 75, 10
TOO_FEW = 72
"""Effective calls that a two-sided 95% bound of a 95th percentile takes."""
State = str


@dataclass
class Run:
    """The last run of a database: its suite, and one row a call."""

    suite: dict[str, Any]
    created: str
    not_run: dict[str, str]
    calls: pd.DataFrame

    @property
    def arms(self) -> list[str]:
        return [a["name"] for a in self.suite["arms"] if a["name"] not in self.not_run]

    def of(self, arm: str) -> pd.DataFrame:
        return self.calls[self.calls.arm == arm].sort_values("item").reset_index(drop=True)


def load(database: Path) -> Run:
    """Read the rows of the last run; score and price them here."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as held:
        run_id, body = held.execute(
            "SELECT run_id, body FROM runs ORDER BY seq DESC LIMIT 1"
        ).fetchone()
        manifest = json.loads(body)
        records = held.execute("SELECT body FROM records WHERE run_id = ?", (run_id,)).fetchall()
        attempts = held.execute("SELECT body FROM attempts WHERE run_id = ?", (run_id,)).fetchall()
    suite = manifest["suite"]
    task = suite["tasks"][0]
    samples = {one["id"]: one for one in task["samples"]}
    costs = {arm["name"]: arm["cost_model"] for arm in suite["arms"]}
    tried = {one["call_id"]: one for one in (json.loads(row[0]) for row in attempts)}
    rows = []
    for (text,) in records:
        record = json.loads(text)
        call = record["call"]
        timing, usage = tried[call["id"]]["timing"], tried[call["id"]]["usage"]
        sample = samples[call["sample_id"]]
        price = costs[call["arm"]].get("price")
        usd = math.nan
        if price is not None:
            fresh, out = usage["input_fresh"], usage["output_visible"]
            usd = (fresh * float(price["input"]) + out * float(price["output"])) / 1e6
        rows.append(
            {
                "arm": call["arm"],
                "item": call["sample_id"],
                "cluster": str(sample["cluster"]),
                "score": float(record["text"].strip().lower() == sample["target"]),
                "usd": usd,
                "sent": timing["sent_ns"] / 1e9,
                "e2e": (timing["ended_ns"] - timing["sent_ns"]) / 1e9,
            }
        )
    return Run(suite, manifest["created_utc"], manifest["arms_not_run"], pd.DataFrame(rows))


def blocks(rows: pd.DataFrame) -> np.ndarray:
    """Stretches of time: a twelfth of the span, at most a minute."""
    start = rows.sent.min()
    length = min(60.0, float((rows.sent + rows.e2e).max() - start) / 12)
    return ((rows.sent - start) // length).to_numpy(int)


def groups(rows: pd.DataFrame) -> np.ndarray:
    """Item clusters or stretches of time, whichever are fewer."""
    found = blocks(rows)
    fewer = 1 < len(np.unique(found)) < rows.cluster.nunique()
    return found.astype(str) if fewer else rows.cluster.to_numpy(str)


def effective(values: np.ndarray, cluster: np.ndarray, alpha: float) -> float:
    """The number of independent items that these clusters are worth."""
    mean, var, _ = left_out(values, np.ones(len(values)), cluster)
    count = worth(cluster)
    n = count
    if var > 1e-18:
        n = min(max(mean * (1 - mean) / var, count / 2), len(values))
    z, t = stats.norm.ppf(1 - alpha / 2), stats.t.ppf(1 - alpha / 2, count - 1)
    return float(n * (z / t) ** 2)


def accuracy(rows: pd.DataFrame, alpha: float, method: str) -> Figure:
    """Wilson ("wilson") as shown, Clopper-Pearson ("beta") as judged."""
    values, cluster = rows.score.to_numpy(), rows.cluster.to_numpy(str)
    n, mean = effective(values, cluster, alpha), float(values.mean())
    lo, hi = proportion_confint(mean * n, n, alpha=alpha, method=method)
    return Figure(mean, float(lo), float(hi))


def late(rows: pd.DataFrame, p: float, alpha: float = 0.05) -> Figure:
    """A percentile of the seconds with its interval."""
    return quantile(rows.e2e.to_numpy(), p, groups(rows), alpha)


def memo(method: Callable[..., Any]) -> Callable[..., Any]:
    """Keep what a method found for the same arguments."""

    @wraps(method)
    def kept(self: Buyer, *args: Any) -> Any:
        key = (method.__name__, repr(args))
        if key not in self.known:
            self.known[key] = method(self, *args)
        return self.known[key]

    return kept


@dataclass
class Buyer:
    """Everything that the page says, from the rows."""

    run: Run
    states: dict[tuple[str, str], State] = field(default_factory=dict)
    levels: dict[tuple[str, str], float] = field(default_factory=dict)
    known: dict[Any, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.alpha = float(self.run.suite["alpha"])
        self.volume = self.run.suite["options"]["volume"]
        self.decision = self.run.suite["decision"]
        self.criteria = self.decision["criteria"]
        total = sum(float(c["weight"]) for c in self.criteria)
        self.weights = np.array([float(c["weight"]) / total for c in self.criteria])
        self._judge()

    @property
    def requests(self) -> float:
        stated = self.volume["requests_per_month"]
        return float(stated["base"] if isinstance(stated, dict) else stated)

    def host(self, arm: str) -> dict[str, Any] | None:
        found = next(a for a in self.run.suite["arms"] if a["name"] == arm)
        return found["cost_model"].get("host")

    def bill(self, arm: str, each: float, month: int = 1) -> float:
        """Dollars of a month at so many dollars a request, without what comes once."""
        terms = self.volume.get("arms", {}).get(arm, {})
        host = self.host(arm)
        growth = float(self.volume.get("growth_per_year", 0))
        requests = self.requests * (1 + growth) ** ((month - 1) / 12)
        if host is None:
            return requests * each * (1 - float(terms.get("discount", 0)))
        rate = float(terms["capacity_per_hour"])
        peak = float(self.volume.get("peak_factor", 4))
        machines = max(1, math.ceil(requests * peak / 730 / rate))
        return machines * 730 * float(host["usd_per_hour"])

    def year(self, arm: str, each: float) -> float:
        """Dollars of the first twelve months, with what comes once."""
        terms = self.volume.get("arms", {}).get(arm, {})
        once = [float(usd) for usd in terms.get("one_off_usd", {}).values()]
        found = next(a for a in self.run.suite["arms"] if a["name"] == arm)
        once.append(float((found["cost_model"].get("training") or {"usd": 0})["usd"]))
        return sum(self.bill(arm, each, month) for month in range(1, 13)) + sum(once)

    @memo
    def saved(self, arm: str) -> Figure:
        """What an arm saves in a year against the incumbent: paired, or each at half of alpha."""
        rival = self.decision["incumbent"]
        one, two = self.run.of(arm), self.run.of(rival)
        cluster = one.cluster.to_numpy(str)
        each = [0.0 if self.host(a) else float(self.run.of(a).usd.mean()) for a in (arm, rival)]
        value = self.year(rival, each[1]) - self.year(arm, each[0])
        if self.host(arm) is None and self.host(rival) is None:
            slopes = [self.year(a, 1.0) - self.year(a, 0.0) for a in (arm, rival)]
            apart = slopes[1] * two.usd.to_numpy() - slopes[0] * one.usd.to_numpy()
            lo, hi = mean_interval(apart, cluster, self.alpha)
            return Figure(value, value + lo - apart.mean(), value + hi - apart.mean())
        ends = []
        for name, rows in ((arm, one), (rival, two)):
            span = (0.0, 0.0)
            if self.host(name) is None:
                span = mean_interval(rows.usd.to_numpy(), cluster, self.alpha / 2)
            ends.append([self.year(name, end) for end in span])
        return Figure(value, ends[1][0] - ends[0][1], ends[1][1] - ends[0][0])

    @memo
    def month(self, arm: str, alpha: float) -> Figure:
        """The first month with its interval: of the dollars per request, scaled."""
        if self.host(arm) is not None:
            usd = self.bill(arm, 0.0)
            return Figure(usd, usd, usd)
        rows = self.run.of(arm)
        lo, hi = mean_interval(rows.usd.to_numpy(), rows.cluster.to_numpy(str), alpha)
        return Figure(*(self.bill(arm, each) for each in (float(rows.usd.mean()), lo, hi)))

    @memo
    def accuracy(self, arm: str, alpha: float, method: str) -> Figure:
        return accuracy(self.run.of(arm), alpha, method)

    @memo
    def late(self, arm: str, p: float) -> Figure:
        return late(self.run.of(arm), p)

    def _judge(self) -> None:
        """Requirements step down over the arms: all at alpha/m, those that pass leave."""
        fixed = [r for r in self.decision["requirements"] if r.get("claim") is None]
        asked = [r for r in self.decision["requirements"] if r.get("claim") is not None]
        for requirement in fixed:
            for arm in self.run.arms:
                attested = requirement.get("attested") or {}
                met = requirement.get("fact") is not None or arm in attested
                self.states[requirement["name"], arm] = "met" if met else "open"
        left = list(self.run.arms)
        while left:
            alpha = self.alpha / len(left)
            passed = []
            for arm in left:
                for requirement in asked:
                    key = requirement["name"], arm
                    self.states[key] = self._state(requirement["claim"], arm, alpha)
                    self.levels[key] = alpha
                if all(self.states[r["name"], arm] == "met" for r in asked):
                    passed.append(arm)
            if not passed:
                break
            left = [arm for arm in left if arm not in passed]

    def _state(self, claim: str, arm: str, alpha: float) -> State:
        if claim.endswith("% accurate"):
            least = float(claim.split()[2].rstrip("%")) / 100
            found = self.accuracy(arm, alpha, "beta")
            return "met" if found.lo >= least else "missed" if found.hi < least else "open"
        if claim.endswith("a month"):
            most = float(claim.split("$")[1].split(maxsplit=1)[0].replace(",", ""))
            found = self.month(arm, alpha)
            return "met" if found.hi < most else "missed" if found.lo > most else "open"
        return "open"  # a percentile of so short a run is never bounded

    def state(self, arm: str) -> State:
        states = {state for (_, name), state in self.states.items() if name == arm}
        return "missed" if "missed" in states else "open" if "open" in states else "met"

    @property
    def candidates(self) -> list[str]:
        return [arm for arm in self.run.arms if self.state(arm) == "met"]

    def figure(self, arm: str, metric: str, rows: pd.DataFrame) -> float:
        """One criterion's figure on some rows."""
        if metric == "accuracy":
            return float(rows.score.mean())
        if metric == "usd_per_month":
            return self.bill(arm, float(rows.usd.mean()))
        p = float(metric.split("_p")[1].split("_", maxsplit=1)[0]) / 100
        return float(np.quantile(rows.e2e, p, method="inverted_cdf"))

    def value(self, criterion: dict[str, Any], figure: float) -> float:
        worst, best = float(criterion["worst"]), float(criterion["best"])
        if math.isinf(figure):
            return 0.0
        return min(max((figure - worst) / (best - worst), 0.0), 1.0)

    @memo
    def values(self, arm: str) -> list[float]:
        rows = self.run.of(arm)
        return [self.value(c, self.figure(arm, c["metric"], rows)) for c in self.criteria]

    def raw(self, criterion: dict[str, Any], figure: float) -> float:
        """What a figure would be worth on a scale without ends."""
        worst, best = float(criterion["worst"]), float(criterion["best"])
        return (figure - worst) / (best - worst)

    @memo
    def contrast(self, signs: dict[str, float]) -> tuple[Figure, float]:
        """A signed sum of totals in points with its interval, and its two-sided p.

        A value beyond an end of its scale does not move with its figure; of one whose interval
        holds an end nobody knows, and the widest of all choices counts.
        """
        est = sum(s * float(self.weights @ self.values(arm)) for arm, s in signs.items())
        parts = [
            self._part(i, arm, sign)
            for i in range(len(self.criteria))
            for arm, sign in signs.items()
        ]
        g = self.run.calls.cluster.nunique()
        t = float(stats.t.ppf(1 - self.alpha / 2, g - 1))
        moved = np.array([part["moved"] for part in parts])
        moved -= moved.mean(axis=1, keepdims=True)
        widest = 0.0
        for chosen in itertools.product(*(part["follows"](t) for part in parts)):
            total = sum(c * row for c, row in zip(chosen, moved, strict=True))
            var = (g - 1) / g * float((total**2).sum())
            for i in range(len(self.criteria)):
                var += self._unseen(i, list(zip(chosen, parts, moved, strict=True)), t, g)
            widest = max(widest, var)
        for arm in signs:
            for weight, c in zip(self.weights, self.criteria, strict=True):
                if c["metric"].startswith(("e2e", "ttft")):
                    widest += weight**2 * self._spread(arm, c)
        se = math.sqrt(widest)
        p = float(2 * stats.t.sf(abs(est) / se, g - 1))
        lo, hi = max(est - t * se, -1.0), min(est + t * se, 1.0)
        return Figure(100 * est, 100 * lo, 100 * hi), p

    def _part(self, i: int, arm: str, sign: float) -> dict[str, Any]:
        """One arm's value of one criterion: how it moves without each cluster, whether it follows
        its figure, and the ends of its own interval.
        """
        criterion, rows, factor = self.criteria[i], self.run.of(arm), sign * self.weights[i]
        figure = self.figure(arm, criterion["metric"], rows)
        names = sorted(set(self.run.calls.cluster))
        timed = criterion["metric"].startswith(("e2e", "ttft"))
        without = []
        for name in names:
            rest = rows if timed else rows[rows.cluster != name]
            without.append(self.raw(criterion, self.figure(arm, criterion["metric"], rest)))
        moved, g = factor * np.array(without), len(names)
        se = math.sqrt((g - 1) / g * float(((moved - moved.mean()) ** 2).sum()))
        own: Ends | None = None
        at = self.raw(criterion, figure)
        if criterion["metric"] == "accuracy":
            found = self.accuracy(arm, self.alpha, "beta")
            own = self.raw(criterion, found.lo), self.raw(criterion, found.hi)

        def follows(t: float) -> tuple[float, ...]:
            lo, hi = own or (at - t * se / abs(factor), at + t * se / abs(factor))
            if timed or (lo >= 0 and hi <= 1):
                return (1.0,)
            return (0.0,) if lo >= 1 or hi <= 0 else (0.0, 1.0)

        return {
            "i": i,
            "arm": arm,
            "factor": factor,
            "moved": moved,
            "follows": follows,
            "half": None if own is None else max(at - own[0], own[1] - at),
        }

    def _unseen(self, i: int, parts: list[Any], t: float, g: int) -> float:
        """What a criterion's own interval has beyond the jackknife, as a variance."""
        mine = [(part, row) for chosen, part, row in parts if part["i"] == i and chosen]
        if not mine or mine[0][0]["half"] is None:
            return 0.0
        total = sum(row for _, row in mine)
        plain = (g - 1) / g * float((total**2).sum())
        if len(mine) == 1:
            part, row = mine[0]
            seen = (g - 1) / g * float((row**2).sum())
            return max(max((part["factor"] * part["half"] / t) ** 2, seen) - plain, 0.0)
        one, two = (self.run.of(part["arm"]) for part, _ in mine)
        cluster = one.cluster.to_numpy(str)
        found = Paired(one.score.to_numpy(), two.score.to_numpy(), cluster, self.alpha).difference()
        scale = abs(float(self.criteria[i]["best"]) - float(self.criteria[i]["worst"]))
        half = max(found.hi - found.value, found.value - found.lo) / scale
        return max((mine[0][0]["factor"] * half / t) ** 2 - plain, 0.0)

    def _spread(self, arm: str, criterion: dict[str, Any]) -> float:
        """From the farther end of a percentile's interval."""
        p = float(criterion["metric"].split("_p")[1].split("_")[0]) / 100
        found = self.late(arm, p)
        ends = [self.value(criterion, end) for end in (found.lo, found.hi)]
        middle = self.value(criterion, found.value)
        far = max(abs(end - middle) for end in ends)
        return (far / float(stats.norm.ppf(0.975))) ** 2

    def ranking(self) -> tuple[str, dict[str, tuple[Figure, float]]]:
        """The candidate with the highest total, and its lead over each other."""
        names = self.candidates
        leader = max(names, key=lambda arm: float(self.weights @ self.values(arm)))
        rivals = [arm for arm in names if arm != leader]
        return leader, {arm: self.contrast({leader: 1.0, arm: -1.0}) for arm in rivals}

    def recommended(self) -> str | None:
        """The leader, if Holm's procedure rejects every rival."""
        leader, leads = self.ranking()
        ordered = sorted(p for _, p in leads.values())
        m = len(ordered)
        sure = all(p * (m - i) <= self.alpha for i, p in enumerate(ordered))
        return leader if sure else None

    @memo
    def wins(self, leader: str) -> float:
        """The share of weights, drawn uniformly, under which it is ahead."""
        rng = np.random.default_rng(7)
        weights = rng.dirichlet(np.ones(len(self.criteria)), DRAWS)
        totals = {arm: weights @ np.array(self.values(arm)) for arm in self.candidates}
        best = np.max(list(totals.values()), axis=0)
        return float((totals[leader] >= best - 1e-12).mean())

    @memo
    def move(self, leader: str) -> tuple[str, np.ndarray]:
        """The rival that draws level with the least weight moved, and how weights change."""
        found = []
        for rival in self.candidates:
            if rival == leader:
                continue
            gain = np.array(self.values(leader)) - np.array(self.values(rival))
            k = len(gain)
            # w' = w + up - down; minimise what is moved; gain . w' <= 0
            lines = np.concatenate([gain, -gain])
            solved = optimize.linprog(
                np.full(2 * k, 0.5),
                A_ub=np.vstack([lines, np.hstack([-np.eye(k), np.eye(k)])]),
                b_ub=np.concatenate([[-float(gain @ self.weights)], self.weights]),
                A_eq=[np.concatenate([np.ones(k), -np.ones(k)])],
                b_eq=[0.0],
            )
            if solved.status == 0:
                found.append((float(solved.fun), rival, solved.x[:k] - solved.x[k:]))
        least = min(found, key=lambda one: one[0])
        return least[1], least[2]

    @memo
    def difference(self, arm: str) -> Figure:
        """Accuracy of an arm less the incumbent's."""
        one, two = self.run.of(arm), self.run.of(self.decision["incumbent"])
        cluster = one.cluster.to_numpy(str)
        return Paired(one.score.to_numpy(), two.score.to_numpy(), cluster, self.alpha).difference()


def mean_interval(x: np.ndarray, cluster: np.ndarray, alpha: float) -> Ends:
    """Dollars a request: hull of t and of Hall's skew-corrected t, at a tenth of alpha where too
    few items could show a tail.
    """
    kish = float(x.sum() ** 2 / (x**2).sum())
    used = alpha if len(x) >= GUARD_ITEMS and kish >= GUARD_KISH else alpha / GUARD
    names = np.unique(cluster)
    g = len(names)
    mean, var, _ = left_out(x, np.ones(len(x)), cluster)
    without = np.array([float(x[cluster != name].mean()) for name in names])
    k, se, root = float(stats.skew(mean - without, bias=False)), math.sqrt(var), math.sqrt(g)
    t = float(stats.t.ppf(1 - used / 2, worth(cluster) - 1))

    def hall(s: float) -> float:
        return s + k * s**2 / (3 * root) + k**2 * s**3 / (27 * g) + k / (6 * root)

    ends = [t, -t]
    for wanted in (t, -t):
        ends.append(float(optimize.brentq(lambda s, w=wanted: hall(s) - w, -50, 50, xtol=1e-13)))
    return mean - se * max(ends), mean - se * min(ends)
