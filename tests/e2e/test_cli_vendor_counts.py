"""A vendor counts its own tokens and names its own tier: neither its impossible counts nor its word
alone decide a verdict.
"""

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
tasks:
  - name: route
    dataset: {{path: tickets.jsonl, id: id, target: team, cluster: person}}
    prompt: [{{system: "One label."}}, {{user: "{{{{ text }}}}"}}]
    answer: {{type: label, labels: [billing, delivery, tech], constrain: false}}
    scorers: [label]
    max_tokens: 8
arms:
  - {{name: honest, provider: openai, model: big-1, base_url: "{honest}", concurrency: 4, cost: {cost}}}
  - {{name: evil, provider: compatible, model: small-1, base_url: "{evil}", concurrency: 4, cost: {cost}}}
claims:
  - {{id: cheaper, claim: "30% cheaper than honest", arm: evil, reading: per_request}}
  - {{id: each, claim: "under $0.00002 per request", arm: evil}}
"""
ZH = "".join(chr(0x4E00 + i * 37 % 4000) for i in range(400))


@pytest.fixture
def honest() -> Iterator[Biller]:
    yield from serve(Biller(right=100))


@pytest.fixture
def evil() -> Iterator[Biller]:
    yield from serve(Biller(right=100))


@pytest.fixture
def judged(
    tmp_path: Path, honest: Biller, evil: Biller, bench: Bench
) -> Callable[..., tuple[dict[str, Any], str, str]]:
    """Run and return the verdict on the ratio, the run's id and the page."""

    def run(rates: str, text: str = "please help") -> tuple[dict[str, Any], str, str]:
        rows = (
            {
                "id": f"t{i}",
                "text": f"ticket #{i} {text}",
                "team": LABELS[i % 3],
                "person": f"p{i}",
            }
            for i in range(N)
        )
        (tmp_path / "tickets.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        cost = f"{{price: {{input: 1, output: 4, {rates}source: test, dated: 2026-01-01}}}}"
        (tmp_path / "desk.yaml").write_text(
            SUITE.format(honest=honest.url, evil=evil.url, cost=cost)
        )
        done = bench("run", "desk.yaml", "--json").json
        page = (tmp_path / done["report"]).read_text()
        return next(v for v in done["verdicts"] if v["claim"]["id"] == "cheaper"), done["run"], page

    return run


Judged = Callable[..., tuple[dict[str, Any], str, str]]


def usage(prompt: int, completion: int = 2, **details: Any) -> dict[str, Any]:
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        **details,
    }


@pytest.mark.parametrize(
    ("rates", "details"),
    [
        ("image: 0.1, ", {"prompt_tokens_details": {"image_tokens": 24}}),
        ("audio: 0.1, ", {"prompt_tokens_details": {"audio_tokens": 24}}),
        ("cache_write_5m: 0.1, ", {"prompt_tokens_details": {"cache_write_tokens": 24}}),
        ("output_reasoning: 0.1, ", {"completion_tokens_details": {"reasoning_tokens": 12}}),
    ],
)
def test_no_verdict_stands_on_a_class_that_the_request_cannot_have(
    judged: Judged, honest: Biller, evil: Biller, rates: str, details: dict[str, Any]
) -> None:
    honest.charge = lambda _n: usage(25, 12)
    evil.charge = lambda _n: usage(25, 12, **details)
    verdict, _, page = judged(rates)
    assert verdict["status"] == "inconclusive", verdict["sentence"]
    if "cache_write" not in rates:
        assert "usage that cannot be" in page.lower()


FLEX = "flex: {input: 0.5, output: 2}, batch: {input: 0.5, output: 2}, "


@pytest.mark.parametrize(
    ("head", "inside", "status", "code"),
    [
        ({"service_tier": "flex"}, {}, "inconclusive", "tiers_decide"),
        ({}, {"service_tier": "flex"}, "inconclusive", "tiers_decide"),
        ({"service_tier": "batch"}, {}, "refuted", ""),
    ],
)
def test_no_verdict_stands_on_a_tier_that_nobody_asked_for(
    judged: Judged,
    bench: Bench,
    evil: Biller,
    head: dict[str, Any],
    inside: dict[str, Any],
    status: str,
    code: str,
) -> None:
    evil.head, evil.usage = head, inside
    verdict, _, page = judged(FLEX)
    assert verdict["status"] == status, verdict["sentence"]
    assert (code in {one.partition(":")[0] for one in verdict["reasons"]}) == bool(code)
    if code:
        assert "its answers name a cheaper tier of service than was asked for" in page
        told = bench("reprice", "--price", "honest.input=2").out
        assert "at the tier that its vendor names (flex)" in told


def test_a_long_chinese_prompt_has_its_tokens(judged: Judged, honest: Biller, evil: Biller) -> None:
    honest.charge = lambda _n: usage(285)
    evil.charge = lambda _n: usage(50)
    verdict, _, page = judged("", ZH)
    assert verdict["status"] in ("inconclusive", "not_comparable"), verdict["sentence"]
    assert "50 input tokens for a prompt of" in page


def test_counts_far_apart_are_said_where_the_least_is_kept(
    judged: Judged, honest: Biller, evil: Biller
) -> None:
    honest.charge = lambda _n: usage(500)
    evil.charge = lambda _n: usage(150)
    _, _, page = judged("", ZH)
    assert "evil states 150 input tokens a request on average, honest 500" in page
