"""``bench decide`` on a table that another tool measured: the sentence, and the exit code."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from . import forked

ARMS = {"old": (0.90, 0.010, 1.0), "small": (0.90, 0.001, 1.0), "weak": (0.50, 0.001, 1.0)}
DECISION = """
incumbent: old
requirements:
  - {name: quality, claim: at least 80% accurate}
criteria:
  - {name: quality, weight: 40, metric: accuracy, worst: 0.5, best: 1}
  - {name: dollars, weight: 60, metric: usd_per_1k, worst: 20, best: 0}
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("decide")
    rng = np.random.default_rng(3)
    rows = ["id,model,correct,cost_usd,latency_s"]
    for i in range(400):
        for arm, (share, usd, seconds) in ARMS.items():
            took = seconds * float(rng.lognormal(0, 0.1))
            rows.append(f"q{i},{arm},{int(rng.random() < share)},{usd},{took:.3f}")
    (folder / "table.csv").write_text("\n".join(rows) + "\n")
    done = bench("import", folder / "table.csv", "--results", folder / "r", "--no-report")
    assert done.returncode in (0, 2), done.stderr
    return folder


def bench(*words: Any) -> subprocess.CompletedProcess[str]:
    return forked.run(words)


def decide(folder: Path, text: str, *words: str) -> subprocess.CompletedProcess[str]:
    file = folder / "decision.yaml"
    file.write_text(text)
    return bench("decide", "--results", folder / "r", "--decision", file, *words)


def test_the_winner_is_named_with_its_reasons(results: Path) -> None:
    done = decide(results, DECISION)
    assert done.returncode == 0, done.stderr
    first = " ".join(done.stdout.split("\n\n")[0].split())
    assert first.startswith("Choose small: it meets the one requirement, and it has the highest")
    assert "90.0% cheaper per request than old (95%: 90.0% to 90.0%)" in first
    assert "written after the run" in first
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_json_holds_every_figure(results: Path) -> None:
    done = decide(results, DECISION, "--json")
    said = json.loads(done.stdout)
    assert (said["outcome"], said["choose"]) == ("recommended", "small")
    values = said["criteria"][0]["arms"]
    totals = said["totals"]
    dollars = {arm: 20 - 1000 * ARMS[arm][1] for arm in ARMS}
    for arm in ARMS:
        worth = (values[arm]["figure"] - 0.5) / 0.5
        by_hand = 40 * min(max(worth, 0), 1) + 60 * dollars[arm] / 20
        assert totals[arm]["points"] == pytest.approx(by_hand)
    states = {(row["requirement"], row["arm"]): row["state"] for row in said["requirements"]}
    assert states[("quality", "weak")] == "missed"


def test_nobody_is_recommended_where_all_miss(results: Path) -> None:
    done = decide(results, DECISION.replace("80%", "99%"))
    assert done.returncode == 1
    assert done.stdout.startswith("No recommendation: each arm misses a requirement")


def test_nobody_is_recommended_where_something_is_open(results: Path) -> None:
    done = decide(results, DECISION.replace("at least 80%", "at least 89%"))
    assert done.returncode == 2
    assert done.stdout.startswith("No recommendation yet: no arm meets every requirement")


def test_a_run_without_a_decision_says_what_to_do(results: Path) -> None:
    done = bench("decide", "--results", results / "r")
    assert done.returncode == 3
    assert "declares no decision" in done.stderr
    assert "--decision FILE" in done.stderr


def test_a_broken_decision_has_its_line(results: Path) -> None:
    done = decide(results, DECISION.replace("metric: accuracy", "metric: acuracy"))
    assert done.returncode == 3
    assert "decision.yaml:6: " in done.stderr
