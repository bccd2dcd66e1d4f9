"""RouterBench's table made anew from its records: every model alone, a router, the mixture on the
hull ("Zero router") and the oracle, as counted here by other means.

The records are our own, true to the published columns (Hu et al. 2024, arXiv 2403.12031).
"""

from __future__ import annotations

import csv
import itertools
import random
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import pytest

from claimbench.clock import SystemClock
from claimbench.evaluation.evaluate import Evaluation, evaluate
from claimbench.evaluation.stored import read_run
from claimbench.importers.detect import read_files
from claimbench.importers.imported import ImportOptions
from claimbench.importers.imported_run import build_run
from claimbench.importers.stored_run import store_run
from claimbench.pricing.price_lists.book import PriceBook
from claimbench.routes.beside import Beside
from claimbench.store.results import ResultsStore
from claimbench.suite.purpose.later_routes import with_later_routes

MODELS = ("small-7b", "middle-70b", "large-1")
RIGHT, USD = (0.5, 0.7, 0.85), (0.00002, 0.0004, 0.002)
N = 300
Row = tuple[list[float], list[float], int]
"""Scores and dollars by model, and which one a router chose."""


def records() -> list[Row]:
    drawn = random.Random(11)
    rows = []
    for _ in range(N):
        hard = drawn.random()
        scores = [float(drawn.random() < right * (1.3 - 0.6 * hard)) for right in RIGHT]
        usd = [price * (0.5 + drawn.random()) for price in USD]
        rows.append((scores, usd, min(int(3 * (hard + 0.3 * (drawn.random() - 0.5))), 2)))
    return [(scores, usd, max(chosen, 0)) for scores, usd, chosen in rows]


def written(folder: Path, rows: list[Row]) -> Path:
    names = ["sample_id", "prompt", "eval_name", *MODELS]
    names += [f"{m}|model_response" for m in MODELS] + [f"{m}|total_cost" for m in MODELS]
    with (folder / "routerbench_0shot.csv").open("w", newline="") as out:
        table = csv.writer(out)
        table.writerow([*names, "oracle_model_to_route_to"])
        for i, (scores, usd, _) in enumerate(rows):
            best = max(range(3), key=lambda k, s=scores, u=usd: (s[k], -u[k]))
            answers = [f"answer {k} to {i}" for k in range(3)]
            table.writerow(
                [f"mmlu.{i}", f"Question {i}?", "mmlu", *scores, *answers, *usd, MODELS[best]]
            )
    with (folder / "router.csv").open("w", newline="") as out:
        table = csv.writer(out)
        table.writerow(["sample_id", "arm", "usd", "seconds"])
        for i, (_, _, chosen) in enumerate(rows):
            table.writerow([f"mmlu.{i}", MODELS[chosen], 0, 0])
    (folder / "routes.yaml").write_text("routes: [{name: learned, decisions: router.csv}]\n")
    return folder / "routerbench_0shot.csv"


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    folder = tmp_path_factory.mktemp("router-bench")
    imported = read_files([written(folder, records())], ImportOptions())
    run = build_run(imported, name="rb", claims=[], book=PriceBook(), clock=SystemClock())
    with ResultsStore.open(folder / "results") as store:
        stored = read_run(store, store_run(store, run))
    suite, _ = with_later_routes(stored.suite, folder / "routes.yaml")
    return evaluate(replace(stored, suite=replace(suite, claims=())))


def test_each_model_alone_has_its_score_and_dollars(judged: Evaluation) -> None:
    rows = records()
    for k, model in enumerate(MODELS):
        arm = judged.items.arms[model]
        assert float(arm.score.mean()) == pytest.approx(fmean(s[k] for s, _, _ in rows))
        assert float(arm.usd.mean()) == pytest.approx(fmean(u[k] for _, u, _ in rows))


def test_the_router_the_oracle_and_the_mixture_are_those_of_the_records(
    judged: Evaluation,
) -> None:
    rows = records()
    (route,) = judged.routes
    assert isinstance(route, Beside)
    assert route.n == N
    assert route.score.value == pytest.approx(fmean(s[chosen] for s, _, chosen in rows))
    assert route.usd.value == pytest.approx(fmean(u[chosen] for _, u, chosen in rows))
    for k, model in enumerate(MODELS):
        share = fmean(chosen == k for _, _, chosen in rows)
        assert route.shares[model] == pytest.approx(share)
    assert route.oracle_score == pytest.approx(fmean(max(s) for s, _, _ in rows))
    cheapest = [min(u[k] for k in range(3) if s[k] == max(s)) for s, u, _ in rows]
    assert route.oracle_usd == pytest.approx(fmean(cheapest))
    assert route.best == MODELS[2]
    score = [fmean(s[k] for s, _, _ in rows) for k in range(3)]
    usd = [fmean(u[k] for _, u, _ in rows) for k in range(3)]
    at = route.usd.value or 0.0
    # The best that any two models reach, drawn at random, for at most the router's dollars.
    mixed = [score[k] for k in range(3) if usd[k] <= at]
    for a, b in itertools.permutations(range(3), 2):
        if usd[a] <= at < usd[b]:
            part = (at - usd[a]) / (usd[b] - usd[a])
            mixed.append((1 - part) * score[a] + part * score[b])
    assert route.mixture == pytest.approx(max(mixed))
    assert route.gain is not None
    assert route.gain.value == pytest.approx((route.score.value or 0.0) - max(mixed))
