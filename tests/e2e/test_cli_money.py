"""Dollars as a user meets them: a run on loopback vendors, its bill in every file, and what changes
it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from claimbench.evaluation.stored import read_run
from claimbench.store.results import ResultsStore

from .bills import bills_of_html, bills_of_json, bills_of_xlsx
from .conftest import LABELS, Said
from .money_vendor import Biller, codecarbon, installed, litellm_map, serve

Bench = Callable[..., Said]

N = 60
SUITE = """\
name: desk
version: 1-0
sampling: {{temperature: 0, seed: 1}}
errors: {{max_retries: 2, backoff_s: 0.01, timeout_s: 20, connect_timeout_s: 2}}
{extra}
tasks:
  - name: route
    dataset: {{path: tickets.jsonl, id: id, target: team, cluster: person}}
    prompt: [{{system: "One label."}}, {{user: "{{{{ text }}}}"}}]
    answer: {{type: label, labels: [billing, delivery, tech], constrain: false}}
    scorers: [label]
    max_tokens: 8
arms:
  - {{name: good, provider: {provider}, model: {model}, base_url: "{good}", weights: proprietary, concurrency: 4,
     cost: {good_cost}}}
  - {{name: cheap, provider: {provider}, model: small-1, base_url: "{cheap}", weights: open, concurrency: 4,
     cost: {cheap_cost}}}
claims:
  - {{id: cheaper, claim: "90% cheaper than good", arm: cheap}}
"""
GOOD = "{price: {input: 1, output: 4, cache_read: 0.1, source: test, dated: 2026-01-01}}"
CHEAP = "{price: {input: 0.05, output: 0.2, source: test, dated: 2026-01-01}}"


@pytest.fixture
def good() -> Iterator[Biller]:
    yield from serve(Biller(right=100))


@pytest.fixture
def cheap() -> Iterator[Biller]:
    yield from serve(Biller(right=100))


@pytest.fixture
def write(tmp_path: Path, good: Biller, cheap: Biller) -> Callable[..., str]:
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

    def suite(**changes: str) -> str:
        filled = {
            "extra": "",
            "provider": "openai",
            "model": "big-1",
            "good_cost": GOOD,
            "cheap_cost": CHEAP,
        }
        path = tmp_path / "desk.yaml"
        path.write_text(SUITE.format(good=good.url, cheap=cheap.url, **(filled | changes)))
        return path.name

    return suite


def ran(said: Said) -> dict[str, Any]:
    assert said.code in (0, 1, 2), said.err
    result: dict[str, Any] = said.json
    return result


def test_total_is_the_sum_of_its_parts_in_html_xlsx_and_json(
    write: Callable[..., str], bench: Bench, tmp_path: Path, good: Biller
) -> None:
    good.prefix = 10
    result = ran(
        bench(
            "run",
            write(
                cheap_cost=(
                    "{host: {purchase_usd: 2999, lifetime_years: 3, watts: 71,"
                    " usd_per_kwh: 0.31, staff_usd_per_hour: 0.7, utilisation: 0.37}}"
                )
            ),
            "--json",
        )
    )
    bench("export", result["run"], "--format", "xlsx", "--output", "out.xlsx")
    bench("export", result["run"], "--format", "json", "--output", "out.json")
    html = bills_of_html(tmp_path / result["report"])
    assert bills_of_xlsx(tmp_path / "out.xlsx") == html
    assert bills_of_json(tmp_path / "out.json") == html
    for arm, parts in html.items():
        total = parts.pop("total")
        assert sum(parts.values()) == total, arm
    # the same bill by hand: 24 prompt tokens, 10 of them cached from the second request on
    with ResultsStore.open(tmp_path / "results", create=False, read_only=True) as store:
        attempts = [a for a in store.attempts(result["run"]) if a.model_returned == "big-1"]
    cached = sum((a.usage.cache_read or 0) for a in attempts if a.usage)
    assert (
        (N - 4) * 10 <= cached < N * 10
    )  # four calls are in flight before the first has left its prefix
    hand: dict[str, Decimal | int] = {
        "input_fresh": N * 24 - cached,
        "cache_read": cached * Decimal("0.1"),
        "output_visible": N * 2 * 4,
    }
    assert html["good"] == {name: Decimal(usd) / 10**6 for name, usd in hand.items()}
    assert set(html["cheap"]) == {"depreciation", "energy", "staff", "idle"}


def test_prefix_cache_hit_rate_is_reported_by_arm_and_a_cold_run_has_none(
    write: Callable[..., str], bench: Bench, tmp_path: Path, good: Biller, cheap: Biller
) -> None:
    good.prefix = 12

    def share(said: Said) -> float:
        run = ran(said)["run"]
        exported = bench("export", run, "--format", "json", "--output", f"{run}.json")
        assert exported.code == 0, exported.err
        figures = json.loads((tmp_path / f"{run}.json").read_text())["arms"]
        mine = next(a for a in figures if a["arm"] == "good")
        return float(dict(mine["figures"])["cache_share"]["value"])

    warm = share(bench("run", write(), "--json", "--no-report"))
    assert 0.4 < warm < 0.5  # 12 of 24 tokens, but not at first
    assert (
        share(bench("run", write(), "--json", "--no-report")) == 0.5
    )  # a second run finds what the first one left
    first = share(bench("run", write(extra="load: {cold_cache: run}"), "--json"))
    assert 0.4 < first < 0.5, "nothing of earlier runs"
    assert (
        share(bench("run", write(extra="load: {cold_cache: call}"), "--json", "--no-report")) == 0.0
    )
    for log in (good.first, cheap.first):
        before, by_run, by_call = log[: 2 * N], log[2 * N : 3 * N], log[3 * N :]
        assert set(before) == {"One label."}
        assert len(set(by_run)) == 1
        assert len(set(by_call)) == N
        assert all(text.endswith("]\nOne label.") for text in by_run + by_call)
    assert set(good.first[2 * N :]) == set(cheap.first[2 * N :]), "every arm gets the same bytes"
    report = (tmp_path / "results").glob("*/report.html")
    assert any("caches cold: a unique line per run" in path.read_text() for path in report)


def test_an_unknown_price_needs_permission_and_is_not_comparable(
    write: Callable[..., str], bench: Bench
) -> None:
    suite = write(good_cost="{list: {}}", model="nobody-sells-this")
    said = bench("run", suite)
    assert said.code == 3
    assert "what a run would cost is unknown: good" in said.err
    assert "--allow-unknown-cost" in said.err
    result = ran(bench("run", suite, "--allow-unknown-cost", "--json"))
    (verdict,) = result["verdicts"]
    assert verdict["status"] == "not_comparable"
    assert any(reason.startswith("price_unknown") for reason in verdict["reasons"])


def test_plan_says_budgets_and_what_retries_could_add(
    write: Callable[..., str], bench: Bench
) -> None:
    suite = write(extra="budget: {max_cost_usd: 0.05, per_arm_usd: {good: 0.002}}")
    said = bench("plan", suite)
    assert said.code == 0, said.err
    assert "the whole run: stops before $0.05" in said.out
    assert "good: stops before $0.002" in said.out
    assert "with every one of its 2 retries" in said.out
    plan = bench("plan", suite, "--json").json
    mine = next(a for a in plan["arms"] if a["arm"] == "good")
    low, typical, high, bound = (
        Decimal(mine[k]) for k in ("usd_low", "usd_typical", "usd_high", "usd_bound")
    )
    assert low < typical < high <= bound
    assert Decimal(plan["budget"]["arms"]["good"]["worst_usd"]) == 3 * bound
    assert plan["budget"]["arms"]["good"]["limit_usd"] == "0.002"


def test_an_arm_stops_at_its_own_budget_while_the_other_goes_on(
    write: Callable[..., str], bench: Bench, good: Biller, cheap: Biller
) -> None:
    said = bench(
        "run", write(extra="budget: {per_arm_usd: {good: 0.0008}}"), "--json", "--no-report"
    )
    assert said.code == 4
    assert "good: budget" in said.json["incomplete"]
    assert len(cheap.asked) == N
    assert len(good.asked) < N
    assert len(good.asked) * Decimal("0.000032") <= Decimal("0.0008")


def test_a_self_hosted_endpoint_is_charged_each_machine_second_once(
    write: Callable[..., str], bench: Bench, tmp_path: Path, cheap: Biller
) -> None:
    cheap.delay_s = 0.02
    host = "{host: {usd_per_hour: 3.6, utilisation: 0.5}}"
    result = ran(bench("run", write(provider="compatible", cheap_cost=host), "--json"))
    bill = bills_of_html(tmp_path / result["report"])["cheap"]
    with ResultsStore.open(tmp_path / "results", create=False, read_only=True) as store:
        stored = read_run(store, result["run"])
    mine = {c.id for c in stored.calls if c.arm == "cheap"}
    spans = sorted(
        (a.timing.sent_ns, a.timing.ended_ns) for a in stored.attempts if a.call_id in mine
    )
    covered, end = 0, 0
    for start, stop in spans:
        covered += max(0, stop - max(start, end))
        end = max(end, stop)
    each = sum(stop - start for start, stop in spans)
    assert each > 2 * covered, "calls overlapped"
    assert float(bill["total"]) == pytest.approx(3.6 / 3600 * covered / 1e9 / 0.5, abs=1e-6)


def test_a_second_opinion_on_a_price_shows_both_numbers(
    write: Callable[..., str], bench: Bench, tmp_path: Path
) -> None:
    theirs = {
        "gpt-5-mini": {
            "litellm_provider": "openai",
            "mode": "chat",
            "input_cost_per_token": 9.5e-07,
            "output_cost_per_token": 2e-06,
        }
    }
    env = installed(tmp_path / "site", litellm_map(theirs))
    suite = write(good_cost="{list: {provider: openai, model: gpt-5-mini}}")
    result = ran(bench("run", suite, "--json", env=env))
    text = (tmp_path / result["report"]).read_text()
    assert "good: two sources differ on the input price per million tokens: $0.25" in text
    assert "$0.95 (litellm" in text
    assert "two sources differ on the output price" not in text, "they agree on that one"


@pytest.mark.parametrize(("silent", "status"), [(1, "supported"), (100, "inconclusive")])
def test_a_verdict_holds_at_both_ends_of_unknown_bills(
    write: Callable[..., str], bench: Bench, cheap: Biller, silent: int, status: str
) -> None:
    cheap.silent = silent
    (verdict,) = ran(bench("run", write(), "--json"))["verdicts"]
    assert verdict["status"] == status
    codes = {code.partition(":")[0] for code in verdict["reasons"]}
    assert ("billing_unknown" in codes) == (status == "inconclusive")


def test_the_tier_that_was_served_is_the_tier_that_is_billed(
    write: Callable[..., str], bench: Bench, tmp_path: Path, good: Biller
) -> None:
    suite = write(good_cost="{list: {provider: openai, model: gpt-5-mini, tier: flex}}")
    flex = bills_of_html(tmp_path / ran(bench("run", suite, "--json"))["report"])["good"]
    good.head = {
        "service_tier": "default"
    }  # asked for flex, served at the standard tier: OpenAI says it per chunk
    plain = bills_of_html(tmp_path / ran(bench("run", suite, "--json"))["report"])["good"]
    assert plain["total"] == 2 * flex["total"]


def test_what_the_provider_billed_is_preferred_and_the_difference_shown(
    write: Callable[..., str], bench: Bench, tmp_path: Path, good: Biller
) -> None:
    good.usage = {"cost": 0.00005}
    bill = bills_of_html(tmp_path / ran(bench("run", write(), "--json"))["report"])["good"]
    assert bill["total"] == N * Decimal("0.00005")
    assert bill["billed_minus_computed"] == N * (Decimal("0.00005") - Decimal("0.000032"))


def test_reprice_says_old_and_new_side_by_side(
    write: Callable[..., str], bench: Bench, good: Biller
) -> None:
    run = ran(bench("run", write(), "--json", "--no-report"))["run"]
    asked = len(good.asked)
    again = bench(
        "reprice", run, "--price", "good.input=0.05", "--price", "good.output=0.2", "--json"
    ).json
    (verdict,) = again["verdicts"]
    assert (verdict["old"]["status"], verdict["new"]["status"]) == ("supported", "refuted")
    sides = again["arms"]["good"]
    assert Decimal(sides["old"]["usd"]) == 20 * Decimal(sides["new"]["usd"])
    assert len(good.asked) == asked, "nothing was sent"


def test_replayed_answers_are_marked_have_no_latency_and_cost_what_they_would_have(
    write: Callable[..., str], bench: Bench, tmp_path: Path, good: Biller
) -> None:
    host = "{host: {usd_per_hour: 3.6, utilisation: 0.5}}"
    run = ran(bench("run", write(cheap_cost=host), "--json"))
    first = bills_of_html(tmp_path / run["report"])
    asked = len(good.asked)
    text = Path(tmp_path / "desk.yaml").read_text()
    for url in {
        line.split('base_url: "')[1].split('"')[0]
        for line in text.splitlines()
        if "base_url" in line
    }:
        text = text.replace(f'base_url: "{url}"', f"options: {{run: {run['run']}}}")
    (tmp_path / "again.yaml").write_text(text.replace("provider: openai", "provider: replay"))
    again = ran(bench("run", "again.yaml", "--max-cost", "0.000001", "--json"))
    assert len(good.asked) == asked, "nothing was sent"
    assert bills_of_html(tmp_path / again["report"]) == first, "counterfactual price"
    assert [v["status"] for v in again["verdicts"]] == [v["status"] for v in run["verdicts"]]
    rows = [
        json.loads(line)
        for line in bench("export", again["run"], "--format", "jsonl").out.splitlines()
    ]
    assert len(rows) == 2 * N
    assert {row["provenance"] for row in rows} == {"replayed"}
    assert {row["e2e_ms"] for row in rows} == {row["ttft_ms"] for row in rows} == {None}
    assert {row["score"] for row in rows} == {1.0}
    assert (
        "replayed or cached answers are left out of latency"
        in (tmp_path / again["report"]).read_text()
    )


def test_what_was_not_asked_cannot_be_replayed(
    write: Callable[..., str], bench: Bench, tmp_path: Path
) -> None:
    run = ran(bench("run", write(), "--json", "--no-report"))["run"]
    text = (tmp_path / "desk.yaml").read_text().replace("One label.", "One word.")
    text = text.replace("provider: openai", f"options: {{run: {run}}}, provider: replay")
    (tmp_path / "again.yaml").write_text("\n".join(text.splitlines()))
    said = bench("run", "again.yaml")
    assert said.code == 4
    assert "the stored run was not asked this" in said.err


def test_answers_from_a_gateway_cache_are_marked_and_have_no_latency(
    write: Callable[..., str], bench: Bench, good: Biller
) -> None:
    good.headers = {"cf-aig-cache-status": "HIT"}
    run = ran(bench("run", write(), "--json", "--no-report"))["run"]
    rows = [json.loads(line) for line in bench("export", run, "--format", "jsonl").out.splitlines()]
    marks = {(row["arm"], row["provenance"], row["e2e_ms"] is None) for row in rows}
    assert marks == {("good", "provider_cached", True), ("cheap", "measured", False)}
    assert all(row["cost_usd"] == pytest.approx(0.000032) for row in rows if row["arm"] == "good")


@pytest.mark.parametrize(("mode", "word"), [("intel_rapl", "measured"), ("cpu_load", "modelled")])
def test_electricity_is_read_from_a_meter_or_called_modelled(
    write: Callable[..., str], bench: Bench, tmp_path: Path, mode: str, word: str
) -> None:
    # Price and electricity are high enough for a micro-dollar of any busy moment, however fast the
    # machine.
    host = "{host: {purchase_usd: 8760000, lifetime_years: 1, usd_per_kwh: 0.5, utilisation: 1}}"
    env = installed(tmp_path / "site", codecarbon(mode, 10.0))
    result = ran(bench("run", write(provider="compatible", cheap_cost=host), "--json", env=env))
    text = (tmp_path / result["report"]).read_text()
    assert f"W {word}, $0.5 per kWh" in text
    assert ("no meter" in text) == (word == "modelled")
    bill = bills_of_html(tmp_path / result["report"])["cheap"]
    assert bill["energy"] > 0
    assert bill["depreciation"] > 0


def test_electricity_that_nothing_can_tell_is_unavailable_not_zero(
    write: Callable[..., str], bench: Bench, tmp_path: Path
) -> None:
    host = "{host: {usd_per_hour: 1, usd_per_kwh: 0.5, utilisation: 1}}"
    none = installed(tmp_path / "site", {"sitecustomize.py": HIDE_CODECARBON})
    result = ran(bench("run", write(provider="compatible", cheap_cost=host), "--json", env=none))
    assert "unavailable: no meter" in (tmp_path / result["report"]).read_text()
    assert set(bills_of_html(tmp_path / result["report"])["cheap"]) == {"rental", "total"}


HIDE_CODECARBON = """
import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name == "codecarbon" else found(name, package)
"""


def test_a_price_by_the_hour_is_asked_for_at_moments_and_over_a_weeks_traffic(
    write: Callable[..., str], bench: Bench
) -> None:
    said = bench(
        "run",
        write(good_cost="{list: {provider: deepseek, model: deepseek-v4-pro}}"),
        "--json",
        "--no-report",
    )
    run = ran(said)["run"]
    assert "good: the price depends on the hour" in said.err

    def good(*args: str) -> dict[str, Any]:
        found: dict[str, Any] = bench("reprice", run, *args, "--json").json["arms"]["good"]["new"]
        return found

    off = Decimal(good("--as-of", "2026-11-27T12:00Z")["usd"])
    assert off > 0
    assert Decimal(good("--as-of", "2026-11-27T10:00+08:00")["usd"]) == 2 * off
    business = Decimal(
        good("--as-of", "2026-11-23", "--traffic", "mon-fri 09-18 = 1 +08:00")["usd"]
    )
    assert abs(business - off * 16 / 9) < Decimal("1e-15")
    later = good("--as-of", "2027-01-08T02:00Z")
    assert later["usd"] is None
    assert (Decimal(later["low"]), Decimal(later["high"])) == (off, 2 * off)
    bad = bench("reprice", run, "--as-of", "2026-11-27T02:00")
    assert bad.code == 3
    assert "no time zone" in bad.err
