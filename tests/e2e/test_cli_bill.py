"""The bill of a month as a user meets it: a run on loopback servers, at a stated volume."""

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
USAGE = {"prompt_tokens": 1500, "completion_tokens": 200, "total_tokens": 1700}
SUITE = """\
name: desk
version: 1-0
tasks:
  - name: route
    dataset: {{path: tickets.jsonl, id: id, target: team}}
    prompt: [{{user: "{{{{ text }}}}"}}]
    answer: {{type: label, labels: [billing, delivery, tech], constrain: false}}
    scorers: [label]
    max_tokens: 300
arms:
  - name: gpt
    provider: compatible
    model: big-1
    base_url: "{api}"
    concurrency: 4
    cost: {{price: {{input: 0.25, output: 2}}}}
  - name: rent
    provider: compatible
    model: small-1
    base_url: "{gpu}"
    concurrency: 8
    cost: {{host: {{usd_per_hour: 2.5}}}}
  - name: own
    provider: compatible
    model: small-1
    base_url: "{gpu}"
    concurrency: 8
    cost: {{host: {{purchase_usd: 35000, residual_usd: 5000, lifetime_years: 3, watts: 1000, pue: 1.3,
                  usd_per_kwh: 0.2, staff_usd_per_hour: 1}}}}
{volume}
claims:
  - {{id: cheaper, claim: "90% cheaper than gpt", arm: rent}}
  - {{id: month, claim: "under $2,000 a month", arm: rent}}
  - {{id: saves, claim: "gpt saves $200 a month over rent"}}
  - {{id: back, claim: "own pays for itself in 8 months against gpt"}}
"""
KEYS = 2 + 1 + 7 + 1
"""Keys of the worked example that speak of money."""


@pytest.fixture
def api() -> Iterator[Biller]:
    yield from serve(Biller(right=100, usage=USAGE))


@pytest.fixture
def gpu() -> Iterator[Biller]:
    yield from serve(Biller(right=100, usage=USAGE))


@pytest.fixture
def run(tmp_path: Path, api: Biller, gpu: Biller, bench: Bench) -> Callable[[str], Any]:
    rows = [{"id": f"t{i}", "text": f"ticket #{i} help", "team": LABELS[i % 3]} for i in range(N)]
    (tmp_path / "tickets.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    def ran(volume: str) -> Any:
        (tmp_path / "desk.yaml").write_text(SUITE.format(api=api.url, gpu=gpu.url, volume=volume))
        said = bench("run", "desk.yaml", "--json")
        assert said.code in (0, 1, 2), said.err
        return said.json

    return ran


def statuses(shown: Any) -> dict[str, str]:
    return {v["claim"]["id"]: v["status"] for v in shown["verdicts"]}


def test_the_worked_example_needs_eleven_keys_and_says_a_month_and_three_years(
    run: Callable[[str], Any], bench: Bench
) -> None:
    assert KEYS <= 12
    run("volume: {requests_per_month: 2000000}")
    shown = bench("show", "--json").json
    arms = {arm["arm"]: arm for arm in shown["outlook"]["arms"]}
    months = {name: arm["month"]["value"] for name, arm in arms.items()}
    assert months == pytest.approx({"gpt": 1550, "rent": 1825, "own": 1753.13}, abs=0.01)
    years = {name: arm["totals"][-1]["cost"]["value"] for name, arm in arms.items()}
    assert years == pytest.approx({"gpt": 55_800, "rent": 65_700, "own": 63_112.8}, abs=0.01)
    said = " ".join(shown["outlook"]["comparisons"])
    assert "rent costs less than gpt from 2,354,839 requests a month on" in said
    assert "own costs less than gpt from 2,262,108 requests a month on" in said
    # at two million the machine costs 118% of the endpoint, whatever it costs when busy
    assert statuses(shown) == {
        "cheaper": "refuted",
        "month": "supported",
        "saves": "supported",
        "back": "refuted",
    }


def test_without_a_volume_verdicts_say_what_they_lack_and_a_stated_one_decides_them(
    run: Callable[[str], Any], bench: Bench
) -> None:
    run("")
    shown = bench("show", "--json").json
    assert shown["outlook"] is None
    assert statuses(shown) == {
        "cheaper": "inconclusive",
        "month": "not_comparable",
        "saves": "not_comparable",
        "back": "not_comparable",
    }
    text = bench("show").out
    assert "conditional on utilisation" in text
    assert "state volume: {requests_per_month: " in text
    at_many = bench("show", "--volume", "40M", "--json").json
    assert statuses(at_many)["saves"] == "refuted"
    assert statuses(at_many)["month"] != "not_comparable"
    bills = bench("reprice", "--volume", "2M", "--price", "gpt.output=4", "--json").json["bills"]
    assert bills["gpt"]["old"]["usd_per_month"] == pytest.approx(1550)
    assert bills["gpt"]["new"]["usd_per_month"] == pytest.approx(2350)
    page = bench("report", "--volume", "2M", "--output", "report.html")
    assert page.code == 0


def test_a_volume_that_cannot_be_is_one_error(run: Callable[[str], Any], bench: Bench) -> None:
    run("")
    for text in ("0", "-3", "2M,peek_factor=3", "2M,currency=EUR"):
        said = bench("show", "--volume", text)
        assert said.code not in (0, 1, 2)
        assert "--volume" in said.err
