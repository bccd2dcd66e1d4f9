"""Simulates latency claims under load that lasts: what the blocks of :mod:`claimbench.stats.blocks`
leave of wrong verdicts, and what their indecision costs. Run it as a script for the table.

Calls come evenly over a run; each arm has a load of its own, an AR(1) process in continuous time
(Ornstein-Uhlenbeck) that forgets with ``tau`` seconds and carries 30 % of the variance of the log
seconds, whose standard deviation is .5. The truth is the quantile over all times, unless a cell
asks about the window of the run alone.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy import special

from claimbench import stats
from claimbench.tables.rows import time_blocks

SIGMA, LOAD_SHARE = 0.5, 0.3
TAUS = (1.0, 60.0, 300.0, 900.0)
RUNS = {"15 min": (900.0, 300, 1), "60 min": (3600.0, 600, 1), "4 h": (14400.0, 1200, 1)}
"""Name -> (seconds of all sessions, calls of an arm, sessions)."""
SESSIONS = {"3 x 20 min": (3600.0, 600, 3), "3 x 80 min": (14400.0, 1200, 3)}
FASTER = 0.7
"""What arm A needs of B's time where power is asked for."""


@dataclass(frozen=True)
class Cell:
    """One situation: ``question`` is p50 or p95 of the ratio, or limit, p95 of one arm."""

    run: str
    question: str
    tau: float
    window: bool = False
    load_share: float = LOAD_SHARE


@dataclass
class Tally:
    """Counts over replicates: wrong, and wrong without the doubling; undecided for time alone."""

    reps: int = 0
    wrong: int = 0
    plain: int = 0
    autocorrelated: int = 0
    found: int = 0

    def share(self, name: str) -> float:
        return getattr(self, name) / self.reps  # type: ignore[no-any-return]


def load_paths(rng: np.random.Generator, times: np.ndarray, tau: float, reps: int) -> np.ndarray:
    """Standard normal load at ``times`` (ascending), shape (len(times), reps)."""
    keep = np.exp(-np.diff(times, prepend=times[0]) / tau)
    path = np.empty((len(times), reps))
    now = rng.standard_normal(reps)
    for k, rho in enumerate(keep):
        now = rho * now + math.sqrt(1 - rho * rho) * rng.standard_normal(reps)
        path[k] = now
    return path


GRID = 400


def run_cell(cell: Cell, reps: int, seed: int = 1) -> Tally:
    """Simulates one cell; its random numbers depend on the cell and the seed alone."""
    rng = np.random.default_rng([seed, *repr(cell).encode()])
    span, n, sessions = (RUNS | SESSIONS)[cell.run]
    each = span / sessions
    calls = np.sort(rng.random(n)) * each * sessions
    session = np.minimum((calls // each).astype(np.int64), sessions - 1)
    grid = (np.arange(GRID) + 0.5) * span / GRID
    order = np.argsort(np.concatenate([calls, grid]), kind="stable")
    at_call = order < n
    # Sessions lie eight hours apart, so that each has a load of its own.
    clock = np.concatenate([calls, grid])[order]
    clock = clock + np.minimum(clock // each, sessions - 1) * 8 * 3600
    block, _ = time_blocks(clock[at_call], np.zeros(n), session)
    own = math.sqrt(1 - cell.load_share)
    arms = []
    for _ in "AB":
        load = math.sqrt(cell.load_share) * load_paths(rng, clock, cell.tau, reps)
        noise = own * rng.standard_normal((n, reps))
        arms.append((np.exp(SIGMA * (load[at_call] + noise)), load[~at_call]))
    tally = Tally()
    for k in range(reps):
        a, b = (values[:, k] for values, _ in arms)
        truths = [window_quantile(load[:, k], own, cell) for _, load in arms]
        add(tally, cell, (a, b), truths, block, session)
    return tally


def window_quantile(load: np.ndarray, own: float, cell: Cell) -> float:
    """The true quantile: over all times, or over the times of this run, given its load."""
    p = 0.5 if cell.question == "p50" else 0.95
    if not cell.window:
        return math.exp(SIGMA * float(special.ndtri(p)))
    low, high = -8.0, 8.0
    for _ in range(40):
        middle = (low + high) / 2
        if special.ndtr((middle - load) / own).mean() < p:
            low = middle
        else:
            high = middle
    return math.exp(SIGMA * low)


def add(
    tally: Tally,
    cell: Cell,
    values: tuple[np.ndarray, np.ndarray],
    truths: list[float],
    block: np.ndarray,
    session: np.ndarray,
) -> None:
    """Judges one replicate with the threshold on the truth, and once more where A is faster."""
    p = 0.5 if cell.question == "p50" else 0.95
    used = values[:1] if cell.question == "limit" else values
    rows = [stats.TimedRows(x, block, session) for x in used]
    truth = truths[0] if cell.question == "limit" else truths[0] / truths[1]
    tally.reps += 1
    plain = interval(cell, used, p, (block,) * len(used))
    tally.plain += not plain.lo <= truth <= plain.hi
    made = plain
    if not cell.window:  # about its own window a verdict needs no longer blocks
        blocking = stats.independent_blocks(rows, p)
        if not blocking.enough:
            tally.autocorrelated += 1
            return
        made = interval(cell, used, p, blocking.labels)
    tally.wrong += not made.lo <= truth <= made.hi
    tally.found += made.hi * FASTER < truth


def interval(
    cell: Cell, used: tuple[np.ndarray, ...], p: float, labels: tuple[np.ndarray, ...]
) -> stats.Interval:
    data = [stats.quantile_data(x, p, label) for x, label in zip(used, labels, strict=True)]
    if cell.question == "limit":
        return stats.quantile_interval(data[0])
    return stats.quantile_ratio_interval(data[0], data[1])


def cells() -> Iterator[Cell]:
    for run, question, tau in product(RUNS, ("p50", "p95", "limit"), TAUS):
        yield Cell(run, question, tau)
    for run, question, tau in product(SESSIONS, ("p50", "limit"), TAUS):
        yield Cell(run, question, tau)
    for run, question, tau in product(("15 min", "60 min"), ("p50", "p95", "limit"), TAUS):
        yield Cell(run, question, tau, window=True)
    for question, tau in product(("p50", "limit"), (60.0, 900.0)):
        yield Cell("15 min", question, tau, window=True, load_share=0.6)


def table(reps: int, seed: int) -> Iterator[str]:
    """Markdown: for each tau wrong (without doubling), autocorrelated, found."""
    yield "| run | question | " + " | ".join(f"tau {tau:g} s" for tau in TAUS) + " |"
    yield "|---" * (len(TAUS) + 2) + "|"
    row: list[str] = []
    for cell in cells():
        tally = run_cell(cell, reps, seed)
        row.append(
            f"{tally.share('wrong'):.3f} ({tally.share('plain'):.2f}) /"
            f" {tally.share('autocorrelated'):.2f} / {tally.share('found'):.2f}"
        )
        if cell.tau == TAUS[-1]:
            said = ", window" if cell.window else ""
            said += f", load {cell.load_share:.0%}" if cell.load_share != LOAD_SHARE else ""
            yield f"| {cell.run}{said} | {cell.question} | " + " | ".join(row) + " |"
            row = []


def main() -> None:
    """Prints the table of docs/method_stats.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reps", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    for line in table(options.reps, options.seed):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
