"""Slices: a suite states them, claims are about them, and differences between them are corrected
for their number.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from claimbench.claims.slices import difference_lines, slice_differences
from claimbench.claims.verdicts import decide_claims, parse_claims
from claimbench.suite.load import load_suite
from claimbench.tables.types import ItemTable
from claimbench.testing.tables import tables_from_arrays

SUITE = """name: s
version: 1-0
tasks:
  - name: t
    dataset: {path: d.csv, target: y, slices: [language]}
    prompt: [{user: "{{ x }}"}]
    answer: {type: label, labels: [a, b]}
    scorers: [label]
arms:
  - {name: one, provider: p, model: m}
  - {name: two, provider: p, model: n}
claims:
  - {claim: "one is more accurate than two", id: all}
  - {claim: "one is more accurate than two", id: german, slice: {language: de}}
"""


def table(n: int, effect: float, seed: int, *, n_values: int = 4) -> ItemTable:
    """Scores with one slice value that is ``effect`` easier; items come in clusters of two."""
    rng = np.random.default_rng(seed)
    labels = rng.choice([f"v{i}" for i in range(n_values)], n)
    share = np.where(labels == "v0", 0.5 + effect, 0.5)
    made, _ = tables_from_arrays(
        {"a": (rng.random(n) < share).astype(float)},
        cluster=[f"c{i // 2}" for i in range(n)],
        slices={"part": labels.tolist()},
    )
    return made


def test_a_claim_is_about_its_slice_alone(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text(
        "x,y,language\n" + "".join(f"q{i},a,{'de' if i % 2 else 'en'}\n" for i in range(4))
    )
    (tmp_path / "s.yaml").write_text(SUITE)
    suite = load_suite(tmp_path / "s.yaml", providers={"p"})
    claims = parse_claims(suite)
    assert claims[1].slice == ("language", "de")
    german = np.arange(400) % 2 == 1
    rng = np.random.default_rng(1)
    two = (rng.random(400) < 0.5).astype(float)
    one = np.where(german, 1.0, 0.0)  # better in German, worse elsewhere
    items, calls = tables_from_arrays(
        {"one": one, "two": two},
        task=["t"] * 400,
        slices={"language": ["de" if g else "en" for g in german]},
    )
    everywhere, in_german = decide_claims(claims, items, calls)
    assert everywhere.status != "supported"
    assert in_german.status == "supported"
    assert in_german.readings[0].estimate is not None
    assert in_german.readings[0].estimate.n == 200


def test_a_true_difference_is_found_and_said() -> None:
    items = table(1200, 0.3, 7)
    found = {d.value: d for d in slice_differences(items)}
    best = found["v0"]
    inside = items.slices["part"] == "v0"
    score = items.arms["a"].score
    assert best.difference == pytest.approx(score[inside].mean() - score[~inside].mean())
    assert best.low < 0.3 < best.high
    assert best.p_holm <= 0.05
    assert len(found) == 4
    lines = difference_lines(items)
    assert any("higher on part=v0" in line for line in lines)
    assert "of 4 differences between slices hold after Holm's correction" in lines[-1]


def test_without_a_difference_at_most_five_percent_of_runs_find_one() -> None:
    """400 runs of 8 differences each, none of them true: the familywise error stays near alpha
    (s.e. 1.1 points).
    """
    wrong = sum(
        any(d.p_holm <= 0.05 for d in slice_differences(table(480, 0.0, s, n_values=8)))
        for s in range(400)
    )
    assert wrong / 400 <= 0.08
    naive = sum(
        any(d.p <= 0.05 for d in slice_differences(table(480, 0.0, s, n_values=8)))
        for s in range(100)
    )
    assert naive / 100 > 0.15, "without the correction many would"


def test_copies_in_a_cluster_add_nothing() -> None:
    rng = np.random.default_rng(3)
    score, part = (rng.random(200) < 0.5).astype(float), rng.choice(["x", "y", "z"], 200)
    single, _ = tables_from_arrays(
        {"a": score}, slices={"part": part.tolist()}, cluster=[str(i) for i in range(200)]
    )
    tripled, _ = tables_from_arrays(
        {"a": np.repeat(score, 3)},
        slices={"part": np.repeat(part, 3).tolist()},
        cluster=[str(i // 3) for i in range(600)],
    )
    for one, three in zip(slice_differences(single), slice_differences(tripled), strict=True):
        assert three.p == pytest.approx(one.p)
        assert (three.low, three.high) == pytest.approx((one.low, one.high))


def test_two_values_are_one_difference_and_few_items_none() -> None:
    assert len(slice_differences(table(400, 0.0, 1, n_values=2))) == 1
    assert slice_differences(table(30, 0.0, 1)) == ()
    assert difference_lines(table(30, 0.0, 1)) == []
    assert (
        "None of 4 differences between slices after Holm's"
        in difference_lines(table(800, 0.0, 5))[-1]
    )
