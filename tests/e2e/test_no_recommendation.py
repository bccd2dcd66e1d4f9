"""Runs that must not end in a recommendation, through the command line: all equal, all undecided,
one arm, no volume, requirements that contradict each other, every requirement open.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from . import forked

QUALITY = """
incumbent: old
requirements:
  - {name: quality, claim: at least 70% accurate}
"""
CRITERIA = """
criteria:
  - {name: quality, weight: 40, metric: accuracy, worst: 0.5, best: 1}
  - {name: dollars, weight: 60, metric: usd_per_1k, worst: 20, best: 0}
"""
MONTHLY = CRITERIA.replace("usd_per_1k, worst: 20", "usd_per_month, worst: 2000")
GOOD, FAIR = 0.92, 0.72
Arms = Mapping[str, tuple[float, float]]
TABLES: Mapping[str, tuple[Arms, int]] = {
    "equal": (dict.fromkeys(("old", "new", "third"), (GOOD, 0.01)), 200),
    "few": (dict.fromkeys(("old", "new", "third"), (FAIR, 0.01)), 24),
    "single": ({"old": (GOOD, 0.01)}, 200),
    "two": ({"old": (GOOD, 0.01), "new": (GOOD, 0.002)}, 200),
}


def bench(*words: Any) -> subprocess.CompletedProcess[str]:
    return forked.run(words)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Results of each table; arms answer rightly on the same items."""
    found = {}
    for name, (arms, n) in TABLES.items():
        folder = tmp_path_factory.mktemp(name)
        luck = np.random.default_rng(5).random(n)
        rows = ["id,model,correct,cost_usd,latency_s"]
        for i in range(n):
            rows += [f"q{i},{arm},{int(luck[i] < p)},{usd},1.0" for arm, (p, usd) in arms.items()]
        (folder / "table.csv").write_text("\n".join(rows) + "\n")
        done = bench("import", folder / "table.csv", "--results", folder / "results", "--no-report")
        assert done.returncode in (0, 2), done.stderr
        found[name] = folder
    return found


CASES = {
    "all are equal": (
        "equal",
        QUALITY + CRITERIA,
        2,
        "No recommendation yet: old, new and third all meet the one requirement; your weights do"
        " not separate them on these data. old, new and third have the same total under all"
        " weights",
    ),
    "all are undecided": (
        "few",
        QUALITY + CRITERIA,
        2,
        "No recommendation yet: no arm meets every requirement; nearest is old, open: quality.",
    ),
    "one arm": (
        "single",
        QUALITY + CRITERIA,
        2,
        "No recommendation: old alone was measured and meets the one requirement; there is nothing"
        " to choose between.",
    ),
    "one arm and no requirement": (
        "single",
        CRITERIA,
        2,
        "No recommendation: old alone was measured; there is nothing to choose between.",
    ),
    "no volume for dollars a month": (
        "two",
        QUALITY + MONTHLY,
        2,
        "No recommendation yet: old and new both meet the one requirement; no arm has a total (the"
        " dollars a month are not known",
    ),
    "no volume for a budget": (
        "two",
        QUALITY + '  - {name: budget, claim: "under $2,000 a month"}\n' + CRITERIA,
        2,
        "No recommendation yet: no arm meets every requirement; nearest is old, open: budget.",
    ),
    "requirements contradict each other": (
        "two",
        QUALITY + "  - {name: low, claim: at most 30% accurate}\n" + CRITERIA,
        1,
        "No recommendation: each arm misses a requirement (old misses low; new misses low).",
    ),
    "contradictory comparisons": (
        "two",
        QUALITY
        + "  - {name: cheaper, claim: cheaper than old}\n"
        + "  - {name: dearer, claim: more expensive than old}\n",
        1,
        "No recommendation: each arm misses a requirement (old misses cheaper and dearer; new"
        " misses dearer).",
    ),
    "no criteria": (
        "two",
        QUALITY,
        2,
        "No recommendation yet: old and new both meet the one requirement; no criteria are"
        " declared that would choose between them",
    ),
}


@pytest.mark.parametrize("name", list(CASES))
def test_nobody_is_recommended_and_the_words_say_why(
    results: dict[str, Path], name: str, tmp_path: Path
) -> None:
    table, text, code, said = CASES[name]
    file = tmp_path / "decision.yaml"
    file.write_text(text)
    where = ("--results", results[table] / "results", "--decision", file)
    done = bench("decide", *where)
    assert "Choose" not in done.stdout
    assert done.returncode == code, done.stderr
    assert " ".join(done.stdout.split()).startswith(said)
    assert max(map(len, done.stdout.splitlines())) <= 80
    found = json.loads(bench("decide", *where, "--json").stdout)
    assert found["choose"] is None
    assert found["outcome"] in ("tied", "alone", "open", "none")


def test_every_requirement_open_names_them_all(results: dict[str, Path], tmp_path: Path) -> None:
    file = tmp_path / "decision.yaml"
    file.write_text(
        QUALITY
        + "  - {name: lab, fact: lab, is: [ours]}\n"
        + "  - {name: paper, attested: {third: {text: x, dated: 2026-01-01, until: 2026-02-01}}}\n"
        + '  - {name: budget, claim: "under $2,000 a month"}\n'
        + CRITERIA
    )
    done = bench("decide", "--results", results["few"] / "results", "--decision", file)
    assert done.returncode == 2, done.stderr
    first = " ".join(done.stdout.split())
    assert first.startswith(
        "No recommendation yet: no arm meets every requirement; nearest is old, open: quality,"
        " lab, paper and budget."
    )
    assert "third, paper: x, attested 2026-01-01: it ended on 2026-02-01" in first
    assert "MISSED" not in done.stdout


def test_a_volume_that_is_stated_afterwards_settles_what_it_can(
    results: dict[str, Path], tmp_path: Path
) -> None:
    file = tmp_path / "decision.yaml"
    file.write_text(QUALITY + '  - {name: budget, claim: "under $2,000 a month"}\n' + MONTHLY)
    done = bench(
        "decide", "--results", results["two"] / "results", "--decision", file, "--volume", "150000"
    )
    assert done.returncode == 0, done.stderr
    first = " ".join(done.stdout.split())
    assert first.startswith("Choose new: it meets all 2 requirements, and it has the highest total")
    bill = r"\$300(\.00)? (\([^)]*\) )?a month instead of \$1,500 (\([^)]*\) )?of old"
    assert re.search(bill, first), first
    assert "weights written after the run" in first
    assert "The volume was stated after the run" in first


def test_a_claim_at_fault_is_said_with_the_line_of_the_file(
    results: dict[str, Path], tmp_path: Path
) -> None:
    file = tmp_path / "decision.yaml"
    file.write_text(QUALITY.replace("at least 70% accurate", "old is at least 70% accurate"))
    done = bench("decide", "--results", results["two"] / "results", "--decision", file)
    assert done.returncode == 3
    assert f"{file}:4: " in done.stderr
