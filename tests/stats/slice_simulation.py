"""Simulates the test of differences between slices: how often chance is called a finding, and what
the test still finds. Run it as a script for the table.

Right-or-wrong scores of one accuracy on all items; one slice of 10 to 60 items among 300, alone or
in clusters of three that share a latent with an intraclass correlation of .5 before thresholding.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy import special

from claimbench.stats.exchange import part_difference

ACCURACIES = (0.80, 0.90, 0.95, 0.98)
SIZES = (10, 20, 30, 40, 60)
ITEMS = 300
LEVELS = (0.05, 0.05 / 32)
WORSE = 0.25
"""Points that the slice is worse by where power is asked for."""


@dataclass(frozen=True)
class Cell:
    """One accuracy, items in the slice, and items in a cluster."""

    accuracy: float
    size: int
    cluster: int = 1


def scores(rng: np.random.Generator, cell: Cell, accuracy: np.ndarray) -> np.ndarray:
    """Right or wrong for each item of ``accuracy``, clustered."""
    latent = rng.standard_normal(len(accuracy))
    if cell.cluster > 1:
        shared = rng.standard_normal(len(accuracy) // cell.cluster).repeat(cell.cluster)
        latent = np.sqrt(0.5) * (latent + shared)
    return (latent < special.ndtri(accuracy)).astype(float)


def run_cell(cell: Cell, reps: int, seed: int = 1) -> tuple[float, float, float]:
    """Return the share of draws below .05 and below .05/32 without a difference, and below .05/32
    where the slice is worse.
    """
    rng = np.random.default_rng([seed, *repr(cell).encode()])
    size = cell.size // cell.cluster * cell.cluster
    inside = np.arange(ITEMS) < size
    cluster = np.arange(ITEMS) // cell.cluster
    hits = np.zeros(3)
    equal = np.full(ITEMS, cell.accuracy)
    worse = np.where(inside, cell.accuracy - WORSE, cell.accuracy)
    for _ in range(reps):
        null = part_difference(scores(rng, cell, equal), inside, cluster)
        real = part_difference(scores(rng, cell, worse), inside, cluster)
        if null is not None and real is not None:
            hits += (null.p <= LEVELS[0], null.p <= LEVELS[1], real.p <= LEVELS[1])
    return tuple(hits / reps)  # type: ignore[return-value]


def cells() -> Iterator[Cell]:
    for cluster, accuracy, size in product((1, 3), ACCURACIES, SIZES):
        yield Cell(accuracy, size, cluster)


def table(reps: int, seed: int) -> Iterator[str]:
    """Markdown: for each cell the three shares."""
    yield "| accuracy, clusters | " + " | ".join(f"{size} items" for size in SIZES) + " |"
    yield "|---" * (len(SIZES) + 1) + "|"
    row: list[str] = []
    for cell in cells():
        row.append(" / ".join(f"{x:.4f}" for x in run_cell(cell, reps, seed)))
        if cell.size == SIZES[-1]:
            kind = "single" if cell.cluster == 1 else f"of {cell.cluster}"
            yield f"| {cell.accuracy:.2f}, {kind} | " + " | ".join(row) + " |"
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
