"""What a vendor says it charged is the word of a party: no verdict stands on it alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import LABELS, Said
from .money_vendor import Biller, serve

Bench = Callable[..., Said]

N = 60
SUITE = """\
name: desk
version: 1-0
sampling: {{temperature: 0, seed: 1}}
errors: {{max_retries: 0, timeout_s: 20, connect_timeout_s: 2}}
volume: {{requests_per_month: 1000000}}
thresholds: {{usd_per_1k: {{cheap: 0.01}}}}
decision:
  requirements: [{{name: quality, claim: at least 70% accurate}}]
  criteria:
    - {{name: dollars, metric: usd_per_1k, weight: 1, best: 0, worst: 1}}
tasks:
  - name: route
    dataset: {{path: tickets.jsonl, id: id, target: team, cluster: person}}
    prompt: [{{system: "One label."}}, {{user: "{{{{ text }}}}"}}]
    answer: {{type: label, labels: [billing, delivery, tech], constrain: false}}
    scorers: [label]
    max_tokens: 8
arms:
  - {{name: good, provider: openai, model: big-1, base_url: "{good}", concurrency: 4,
     cost: {{price: {{input: 1, output: 4, source: test, dated: 2026-01-01}}}}}}
  - {{name: cheap, provider: openai, model: small-1, base_url: "{cheap}", concurrency: 4,
     cost: {cost}}}
claims:
  - {{id: cheaper, claim: "90% cheaper than good", arm: cheap, reading: per_request}}
  - {{id: month, claim: "under $5 a month", arm: cheap}}
  - {{id: each, claim: "under $0.005 per 1,000 requests", arm: cheap}}
"""
HALF = "{price: {input: 0.5, output: 2, source: test, dated: 2026-01-01}}"
"""$0.000016 a request, half of what ``good`` takes: no claim of the suite holds."""
DEAR = "{price: {input: 2, output: 8, source: test, dated: 2026-01-01}}"
"""Twice what ``good`` takes."""


@pytest.fixture
def good() -> Iterator[Biller]:
    yield from serve(Biller(right=100))


@pytest.fixture
def cheap() -> Iterator[Biller]:
    yield from serve(Biller(right=100))


@pytest.fixture
def write(tmp_path: Path, good: Biller, cheap: Biller) -> Callable[[str], str]:
    rows = [
        {
            "id": f"t{i}",
            "text": f"ticket #{i} please help",
            "team": LABELS[i % 3],
            "person": f"p{i}",
        }
        for i in range(N)
    ]
    (tmp_path / "tickets.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    def suite(cost: str) -> str:
        path = tmp_path / "desk.yaml"
        path.write_text(SUITE.format(good=good.url, cheap=cheap.url, cost=cost))
        return path.name

    return suite


def said(usd: Any) -> Callable[[int], dict[str, Any]]:
    return lambda _number: {"cost": usd}


def without_tokens(_number: int) -> dict[str, Any]:
    return {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0, "cost": 1e-9}


@pytest.mark.parametrize(
    ("cost", "of_cheap", "status", "codes"),
    [
        (HALF, said(1e-9), "inconclusive", {"charges_differ", "charges_decide"}),
        (HALF, without_tokens, "inconclusive", {"charges_decide"}),
    ],
)
def test_no_verdict_stands_on_a_charge_alone(
    write: Callable[[str], str],
    bench: Bench,
    cheap: Biller,
    cost: str,
    of_cheap: Callable[[int], dict[str, Any]],
    status: str,
    codes: set[str],
) -> None:
    cheap.charge = of_cheap
    run = bench("run", write(cost), "--json", "--no-report").json["run"]
    found = bench("check", run, "--json").json
    verdict = next(v for v in found["verdicts"] if v["claim"]["id"] == "cheaper")
    assert verdict["status"] == status, verdict["sentence"]
    told = {code.partition(":")[0] for code in (*verdict["reasons"], *verdict["flags"])}
    assert {code for code in told if code.startswith("charges_")} == codes
    if "charges_differ" in codes:
        assert " stated, " in verdict["sentence"]
        assert " at its prices" in verdict["sentence"]


def test_bills_limits_decisions_and_the_report_ask_the_prices_too(
    write: Callable[[str], str], bench: Bench, tmp_path: Path, cheap: Biller
) -> None:
    cheap.charge = said(1e-9)
    found = bench("run", write(DEAR), "--json")
    by_id = {v["claim"]["id"]: v for v in found.json["verdicts"]}
    for name in ("month", "each"):
        assert by_id[name]["status"] == "inconclusive"
        assert any(code.startswith("charges_decide") for code in by_id[name]["reasons"])
    page = (tmp_path / found.json["report"]).read_text()
    assert "cheap: the charges that came with its answers are far from its prices" in page
    checked = bench("check", found.json["run"], "--json")
    assert "usd_per_1k" in checked.out
    assert checked.code == 1
    decided = bench("decide", found.json["run"]).out
    assert "it would be cheap, at their prices good" in " ".join(decided.split())


def test_reprice_shows_what_is_stated_and_what_the_prices_make_of_it(
    write: Callable[[str], str], bench: Bench, cheap: Biller
) -> None:
    cheap.charge = said(1e-9)
    bench("run", write(DEAR), "--no-report")
    asked = ("reprice", "--price", "cheap.input=1", "--price", "cheap.output=4")
    arms = bench(*asked, "--json").json["arms"]
    found = {name: float(side["usd"]) for name, side in arms["cheap"].items()}
    assert found["old"] == found["new"] == pytest.approx(N * 1e-9), "as stated: it does not move"
    assert found["old_at_prices"] == pytest.approx(2 * found["new_at_prices"])
    assert set(arms["good"]) == {"old", "new"}, "its vendor states nothing"
    told = [line for line in bench(*asked).out.splitlines() if line.startswith("  cheap: ")]
    assert told[0].endswith("as its vendor states its charges")
    assert told[1].endswith("at its prices")
