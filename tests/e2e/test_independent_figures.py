"""The verdicts' figures against a second computation that shares no code with ours: from exported
calls alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from claimbench.claims.verdicts import decide_claims, parse_claim
from claimbench.tables.rows import time_blocks
from claimbench.testing.tables import tables_from_arrays
from claimbench.types import Arm, ClaimSpec
from claimbench_providers.models.catalogue import cache_dir

from . import independent_figures as other
from .bills import bills_of_html, bills_of_json, bills_of_xlsx
from .conftest import Said, Vendor
from .independent_figures import Figure

Bench = Callable[..., Said]
TOLERANCE = 1e-6
LOCAL = ("SmolLM2-135M-Instruct.Q4_1.gguf", "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf")
SUITES = Path(__file__).parents[2] / "suites"


def expected(
    calls: pd.DataFrame, ours: str, theirs: str, task: str | None, reading: str, alpha: float
) -> Figure | None:
    """What the second computation says of a reading; None where it knows none (list prices are
    arithmetic).
    """
    table = other.pair(calls, ours, theirs, task)
    a, b = table.score_a.to_numpy(float), table.score_b.to_numpy(float)
    cluster = table.cluster_a.to_numpy(str)
    if reading in ("points", "non_inferior", "equivalent", "more"):
        return other.Paired(a, b, cluster, alpha).difference()
    if reading == "relative":
        return other.Paired(a, b, cluster, alpha).ratio()
    if reading == "error_reduction":
        return other.Paired(a, b, cluster, alpha).errors()
    if reading == "per_request":
        return other.cost_ratio(
            table.usd_a.to_numpy(float), table.usd_b.to_numpy(float), cluster, alpha
        )
    if reading == "per_correct":
        return other.per_correct_ratio(table, alpha)
    metric = reading.partition(".")[0]
    if metric in ("ttft", "tpot", "e2e"):
        shared = set(table.index)
        samples = [other.latency(calls, arm, metric, shared, task) for arm in (ours, theirs)]
        return other.latency_ratio(samples, 0.95, alpha)
    return None


def same(name: str, ours: float | None, theirs: float) -> None:
    """Equal to 1e-6 of the larger; ``null`` in JSON stands for an unbounded end."""
    if ours is None:
        assert math.isinf(theirs), f"{name}: unbounded here, {theirs} there"
    else:
        assert ours == pytest.approx(theirs, rel=TOLERANCE, abs=TOLERANCE), name


def compare(verdicts: list[dict[str, Any]], calls: pd.DataFrame) -> set[tuple[str, str]]:
    """Check every reading with an interval; return the (claim, reading) pairs that were checked."""
    checked = set()
    for verdict in verdicts:
        claim = verdict["claim"]
        for reading in verdict["readings"]:
            found = reading["estimate"]
            if found is None:
                continue
            want = expected(
                calls,
                claim["treatments"][0],
                claim["baselines"][0],
                claim["task"],
                reading["name"],
                1 - found["level"],
            )
            if want is None:
                continue
            where = f"{claim['id']}, {reading['name']}"
            same(f"{where}: estimate", found["value"], want.value)
            same(f"{where}: lower end", found["low"], want.lo)
            same(f"{where}: upper end", found["high"], want.hi)
            checked.add((claim["id"], reading["name"]))
    return checked


CLAIMS = """\
  - {id: thirty, claim: "30% more accurate than cheap", arm: good}
  - {id: p95, claim: "faster at p95 than good", arm: cheap}
  - {id: fifty-faster, claim: "50% faster at p95 than good", arm: cheap}
"""
READINGS = {
    ("cheaper", "per_request"), ("cheaper", "per_correct"), ("as-good", "non_inferior"), ("as-good", "equivalent"),
    ("thirty", "relative"), ("thirty", "points"), ("thirty", "error_reduction"),
    ("p95", "ttft"), ("p95", "tpot"), ("p95", "e2e"), ("fifty-faster", "e2e.time_cut"), ("fifty-faster", "e2e.rate_up"),
}  # fmt: skip


def test_every_reading_of_a_run_at_endpoints(
    desk: Path, bench: Bench, vendor: Vendor, rival: Vendor
) -> None:
    vendor.delay_s, rival.delay_s = 0.004, 0.001
    vendor.more_tokens, rival.more_tokens = (
        (lambda i: 37 * i % 101),
        (lambda i: 400 if i % 17 == 0 else i % 5),
    )
    desk.write_text(desk.read_text() + CLAIMS)
    run = bench("run", str(desk), "--json", "--no-report")
    assert run.code == 0, run.err
    said = bench("show", "--json").json
    assert bench("export", "--format", "jsonl", "--output", "calls.jsonl").code == 0
    calls = other.load(str(desk.parent / "calls.jsonl"))
    assert compare(said["verdicts"], calls) >= READINGS
    arms = {arm["arm"]: arm for arm in said["arms"] if arm["scope"] == "all tasks"}
    for name in ("good", "cheap"):
        mine = other.items(calls, name, None)
        want = other.accuracy(mine.score, mine.cluster)
        shown = dict(arms[name]["figures"])["quality"]
        same(f"{name}: accuracy", shown["value"], want.value)
        same(f"{name}: accuracy, lower end", shown["low"], want.lo)
        same(f"{name}: accuracy, upper end", shown["high"], want.hi)


ARMS = (Arm("A", "p", "ma", weights="open"), Arm("B", "p", "mb", weights="proprietary"))
SENTENCES = (
    "A is 90% cheaper than B", "A is as accurate as B", "A is 30% more accurate than B", "A is faster at p95 than B",
    "A is 50% faster at p95 than B",
)  # fmt: skip


@pytest.mark.parametrize("seed", [56, 123, 142, 178, 316, 343, 1, 2, 3, 4])
def test_every_reading_of_small_random_runs(seed: int) -> None:
    """Few clusters, hardly ever right, runaway costs, more time blocks than clusters: where
    intervals lose an end.
    """
    draw = np.random.default_rng(seed)
    n, size = int(draw.integers(20, 48)), int(draw.integers(1, 4))
    n_route = n * 3 // 4
    task = ["route"] * n_route + ["extract"] * (n - n_route)
    cluster = [f"c{i // size}" for part in (n_route, n - n_route) for i in range(part)]
    right = {"A": draw.choice([0.2, 0.4, 0.8]), "B": draw.choice([0.05, 0.5, 0.7])}
    parts = [0, 0.25, 0.5, 0.75, 1.0]
    score = {
        arm: np.r_[draw.random(n_route) < right[arm], draw.choice(parts, n - n_route)]
        for arm in right
    }
    slow = draw.choice([1, 3, 20])
    e2e = {
        a: (
            slow
            * (0.5 * draw.lognormal(0, 0.4, n) + (draw.random(n) < 0.1) * draw.lognormal(1, 1, n))
        )
        for a in "AB"
    }
    n_out = {arm: draw.integers(1, 30, n) for arm in "AB"}
    ttft = {arm: e2e[arm] * draw.uniform(0.3, 0.9, n) for arm in "AB"}
    gaps = {arm: (e2e[arm] - ttft[arm]) / np.maximum(n_out[arm] - 1, 1) for arm in "AB"}
    tpot = {arm: np.where(n_out[arm] >= 2, gaps[arm], np.nan) for arm in "AB"}
    order, both = draw.permutation(n), e2e["A"] + e2e["B"]
    before = np.empty(n)
    before[order] = np.cumsum(both[order]) - both[order]
    sent = {"A": before, "B": before + e2e["A"]}
    usd = {arm: e2e[arm] * 1e-4 * (1 if arm == "A" else draw.choice([0.7, 2, 20])) for arm in "AB"}
    items, calls = tables_from_arrays(
        score,
        usd=usd,
        ttft_s=ttft,
        tpot_s=tpot,
        e2e_s=e2e,
        sent_utc_s=sent,
        cluster=cluster,
        task=task,
    )
    exported = pd.DataFrame(
        [
            {
                "task": task[i],
                "item": f"{task[i]}/{i}",
                "arm": arm,
                "score": score[arm][i],
                "cost_usd": usd[arm][i],
                "cluster": cluster[i],
                "ttft_ms": ttft[arm][i] * 1e3,
                "e2e_ms": e2e[arm][i] * 1e3,
                "output_tokens": n_out[arm][i],
                "block": calls.arms[arm].block[i],
            }
            for arm in "AB"
            for i in range(n)
        ]
    )
    claims = [
        parse_claim(ClaimSpec(f"c{i}", text, None, {}), ARMS, ())
        for i, text in enumerate(SENTENCES)
    ]
    verdicts = [asdict(verdict) for verdict in decide_claims(claims, items, calls, None)]
    assert len(compare(_null_ends(verdicts), exported)) >= 10


@pytest.mark.parametrize("tau", [1.0, 60.0, 300.0, 900.0])
@pytest.mark.parametrize("sessions", [1, 3])
def test_joined_time_blocks_a_second_time(tau: float, sessions: int) -> None:
    """Loads that last more or less long, in one hour or in three sessions of 20 minutes."""
    draw = np.random.default_rng([int(tau), sessions])
    n = 400
    session = np.repeat(np.arange(sessions), math.ceil(n / sessions))[:n]
    sent = np.sort(draw.random(n)) * 3600 + session * 8 * 3600.0
    columns: dict[str, dict[str, Any]] = {"ttft_s": {}, "sent_utc_s": {}, "calls": {}}
    block, _ = time_blocks(sent, np.zeros(n), session)
    for arm in "AB":
        load = np.empty(n)
        for i, gap in enumerate(np.diff(sent, prepend=-np.inf)):
            rho = math.exp(-gap / tau)
            before = load[i - 1] if i else 0.0
            load[i] = rho * before + math.sqrt(1 - rho**2) * draw.standard_normal()
        columns["ttft_s"][arm] = np.exp(0.3 * load + 0.4 * draw.standard_normal(n))
        columns["sent_utc_s"][arm] = sent
        columns["calls"][arm] = {"block": block, "session": session}
    items, calls = tables_from_arrays({arm: np.ones(n) for arm in "AB"}, **columns)
    spec = ClaimSpec("c", "A is faster at p95 than B", None, {"metric": "ttft"})
    [reading] = decide_claims([parse_claim(spec, ARMS, ())], items, calls, None)[0].readings
    found = reading.estimate
    assert found is not None
    samples = [other.Timed(columns["ttft_s"][arm], np.arange(n), block, session) for arm in "AB"]
    want = other.latency_ratio(samples, 0.95, 0.05)
    same("estimate", found.value, want.value)
    same("lower end", found.low, want.lo)
    same("upper end", found.high, want.hi)
    stuck = other.block_length(samples, 0.95) is None
    assert stuck == ("autocorrelated" in {reason.code for reason in reading.reasons})


def _null_ends(value: Any) -> Any:
    """As JSON has it: an unbounded end is null."""
    if isinstance(value, dict):
        return {key: _null_ends(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_null_ends(one) for one in value]
    return None if isinstance(value, float) and math.isinf(value) else value


@pytest.mark.alone
@pytest.mark.model
@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.skipif(
    not all((cache_dir() / name).exists() for name in LOCAL),
    reason="local models are not here: bench models pull",
)
def test_every_reading_of_a_run_on_real_models(tmp_path: Path, bench: Bench) -> None:
    suite, arms = str(SUITES / "support.yaml"), ("--arm", "smollm2-local", "--arm", "qwen-local")
    # Clusters of one to three tickets; those to extract from, which take longest, are among those
    # to route.
    rows = ("--set", "tasks.route.dataset.limit=24", "--set", "tasks.extract.dataset.limit=8")
    run = bench("run", suite, *arms, *rows, "--json", timeout=1500)
    assert run.code in (0, 1, 2), run.err
    same_bill_everywhere(bench, tmp_path / run.json["report"])
    other_prices_change_dollars_only(bench)
    verdicts = [
        v
        for v in bench("show", "--json").json["verdicts"]
        if v["claim"]["id"].startswith(("qwen-30", "smollm2-")) and v["readings"]
    ]
    (tmp_path / "calls.jsonl").write_text(bench("export").out)
    checked = compare(verdicts, other.load(str(tmp_path / "calls.jsonl")))
    wanted = {
        "qwen-30-more-accurate": {"relative", "points", "error_reduction"},
        "smollm2-as-accurate": {"non_inferior", "equivalent"},
        "smollm2-90-cheaper": {"per_request", "per_correct"},
        "smollm2-faster-p95": {"ttft", "tpot", "e2e"},
    }
    assert checked >= {
        (claim, reading) for claim, readings in wanted.items() for reading in readings
    }


def same_bill_everywhere(bench: Bench, report: Path) -> None:
    """HTML, XLSX and JSON show one bill, whose total is the sum of its parts to the micro-dollar."""
    folder = report.parents[2]
    bench("export", "--format", "xlsx", "--output", "out.xlsx")
    bench("export", "--format", "json", "--output", "out.json")
    html = bills_of_html(report)
    assert set(html) == {"smollm2-local", "qwen-local"}
    assert bills_of_xlsx(folder / "out.xlsx") == html
    assert bills_of_json(folder / "out.json") == html
    for arm, parts in html.items():
        total = parts.pop("total")
        assert total > 0
        assert sum(parts.values()) == total, arm


def other_prices_change_dollars_only(bench: Bench) -> None:
    """A machine's price knows no date; twice the hourly price is twice the dollars, from the same
    records.
    """
    dated = bench("reprice", "--as-of", "2027-02-01", "--json").json
    assert all(sides["old"]["usd"] == sides["new"]["usd"] for sides in dated["arms"].values())
    assert not any(verdict["changed"] for verdict in dated["verdicts"])
    idle = bench("reprice", "--price", "qwen-local.utilisation=1")
    assert idle.code == 3
    assert "does nothing: a volume is stated" in idle.err
    half = ("--price", "qwen-local.usd_per_hour=0.1")
    sides = bench("reprice", *half, "--json").json["arms"]
    assert sides["smollm2-local"]["old"] == sides["smollm2-local"]["new"]
    assert Decimal(sides["qwen-local"]["new"]["usd"]) < Decimal(sides["qwen-local"]["old"]["usd"])
