"""The limit of a run as a user meets it: kept by a resume, held against vendors that bill too much,
and said where it does not apply.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from claimbench.store.results import ResultsStore

from .conftest import Said
from .money_vendor import Biller, serve

Bench = Callable[..., Said]
Write = Callable[..., str]
N = 60
SUITE = """\
name: desk
version: 1-0
errors: {{max_retries: 1, backoff_s: 0.01, timeout_s: 20, connect_timeout_s: 2}}
{extra}
tasks:
  - name: route
    dataset: {{path: tickets.jsonl, id: id, target: team}}
    prompt: [{{system: "One label."}}, {{user: "{{{{ text }}}}"}}]
    answer: {{type: label, labels: [billing, delivery, tech], constrain: false}}
    scorers: [label]
    max_tokens: 8
arms:
  - {{name: a, provider: openai, model: m, base_url: "{url}", concurrency: {c}, options: {{{options}}},
     cost: {cost}}}
"""
PRICE = "{price: {input: 1, output: 4, source: test, dated: 2026-01-01}}"
BILL = Decimal("0.000032")  # 24 tokens in, 2 out


@pytest.fixture
def vendor() -> Iterator[Biller]:
    yield from serve(Biller(right=100))


@pytest.fixture
def write(tmp_path: Path, vendor: Biller) -> Write:
    rows = [
        {"id": f"t{i}", "text": f"ticket #{i} please help", "team": "billing"} for i in range(N)
    ]
    (tmp_path / "tickets.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    def suite(**changes: str) -> str:
        filled = {"extra": "", "c": "4", "options": "", "cost": PRICE, "url": vendor.url}
        (tmp_path / "desk.yaml").write_text(SUITE.format(**(filled | changes)))
        return "desk.yaml"

    return suite


def overbilling(vendor: Biller, times: int) -> None:
    """Let the vendor state what makes a call ``times`` times as dear as by its words."""
    tokens = int(BILL * times / 4 * 1_000_000)
    vendor.usage = {"completion_tokens": tokens, "total_tokens": None}


def spent(tmp_path: Path) -> Decimal:
    with ResultsStore.open(tmp_path / "results", create=False, read_only=True) as store:
        run = store.resolve_run(None)
        usages = [a.usage for a in store.attempts(run) if a.usage is not None]
    tokens = [(u.input_total or 0, u.output_total or 0) for u in usages]
    return sum((Decimal(i + 4 * o) / 1_000_000 for i, o in tokens), Decimal(0))


def test_the_command_that_is_printed_keeps_the_limit(
    write: Write, bench: Bench, vendor: Biller, tmp_path: Path
) -> None:
    said = bench("run", write(), "--max-cost", "0.0008", "--no-report")
    assert said.code == 4
    sent = len(vendor.asked)
    assert 0 < sent < N
    hint = re.search(r"go on with: bench (run --resume .*)", said.err)
    assert hint is not None
    again = bench(*hint[1].split(), "--no-report")
    assert "limit of $0.0008 holds on" in again.err
    assert again.code == 4
    more = len(vendor.asked) - sent
    assert spent(tmp_path) <= Decimal("0.0008")
    raised = bench(*hint[1].split(), "--no-report", "--max-cost", "0.0013")
    assert raised.code == 4
    assert len(vendor.asked) > sent + more
    assert spent(tmp_path) <= Decimal("0.0013")
    last = len(vendor.asked)
    bench(*hint[1].split(), "--no-report")
    assert len(vendor.asked) == last, "what was raised by name is kept, too"


@pytest.mark.parametrize(
    ("budget", "raised"),
    [
        ("max_cost_usd: 0.0008", "--set=budget.max_cost_usd=1"),
        ("per_arm_usd: {a: 0.0008}", "--set=budget.per_arm_usd={a: 1}"),
    ],
)
def test_a_suites_budget_is_the_runs_even_if_the_file_changes(
    write: Write, bench: Bench, vendor: Biller, tmp_path: Path, budget: str, raised: str
) -> None:
    bench("run", write(extra=f"budget: {{{budget}}}"), "--no-report")
    write(extra=f"budget: {{{budget.replace('0.0008', '5')}}}")
    bench("run", "--resume", "latest", "--no-report")
    assert spent(tmp_path) <= Decimal("0.0008")
    said = bench("run", "--resume", "latest", "--no-report", raised)
    assert said.code in (0, 2), said.err
    assert len(vendor.asked) == N


@pytest.mark.parametrize(
    ("times", "concurrency"), [(10, "1"), (10, "64"), (100, "16"), (1000, "64")]
)
def test_a_vendor_that_bills_too_much_is_stopped_after_one_request(
    write: Write, bench: Bench, vendor: Biller, tmp_path: Path, times: int, concurrency: str
) -> None:
    overbilling(vendor, times)
    limit = Decimal("0.003")
    said = bench("run", write(c=concurrency), "--max-cost", str(limit), "--no-report")
    assert said.code == 4, said.err
    assert spent(tmp_path) <= limit + times * BILL, "one request's excess"
    assert len(vendor.asked) == 1 or spent(tmp_path) <= limit
    if spent(tmp_path) > limit:
        assert "the limit of $0.003 was passed" in said.err


@pytest.mark.parametrize(
    ("options", "least"),
    [
        ("extra_body: {max_completion_tokens: 4000}", "0.016"),
        ("extra_body: {max_tokens: 4000}", "0.016"),
        ("extra_body: {n: 100}", "0.0032"),
        ("extra_body: {metadata: {note: '" + "x" * 5000 + "'}}", "0.005"),
        ("extra_body: {tools: [{type: function, function: {name: f}}]}", "0.001"),
    ],
)
def test_what_an_arm_adds_to_its_requests_is_reserved(
    write: Write, bench: Bench, vendor: Biller, options: str, least: str
) -> None:
    said = bench("run", write(options=options), "--max-cost", least, "--no-report")
    assert said.code == 4
    assert vendor.asked == []
    assert "could cost" in said.err


@pytest.mark.parametrize(
    ("cost", "options", "word"),
    [
        ("{list: {provider: deepseek, model: deepseek-chat}}", "", "no price after"),
        ("{price: {input: 2, output: 8, currency: CNY}}", "", "CNY"),
        ("{list: {provider: openai, model: gpt-4-turbo, tier: priority}}", "", "'priority'"),
        (
            "{price: {input: 2, output: 8, currency: EUR},"
            " fx: [{currency: EUR, usd_per_unit: 1.16, dated: 2026-01-01, source: ECB}]}",
            "",
            "EUR",
        ),
        (PRICE, "extra_body: {web_search_options: {}}", "web search"),
        (PRICE, "extra_body: {tools: [{type: web_search}]}", "web_search"),
        (PRICE, "extra_body: {max_tokens: null}", "max_tokens"),
    ],
)
def test_what_nobody_can_bound_is_not_sent_under_a_limit(
    write: Write, bench: Bench, vendor: Biller, cost: str, options: str, word: str
) -> None:
    suite = write(cost=cost, options=options)
    said = bench("run", suite, "--max-cost", "5", "--no-report")
    assert said.code == 3
    assert vendor.asked == []
    assert word in said.err
    allowed = bench("run", suite, "--max-cost", "5", "--allow-unknown-cost", "--no-report")
    assert "no limit applies to a: " in allowed.err
    assert vendor.asked
    if cost != PRICE:
        assert "$0.00" not in allowed.err
        assert "unknown dollars in all" in allowed.err


def test_a_search_tool_needs_no_permission_where_there_is_no_limit(
    write: Write, bench: Bench, vendor: Biller
) -> None:
    said = bench("run", write(options="extra_body: {web_search_options: {}}"), "--no-report")
    assert said.code in (0, 2), said.err
    assert len(vendor.asked) == N


@pytest.mark.parametrize(
    "charge",
    [
        {"cost": 1e-9},
        {"cost": "0.000000001"},
        {"cost": {"total_cost": 1e-9}},
        {"cost_in_usd_ticks": 10},
        {"cost": 1e-9, "service_tier": "priority"},
        {"cost": 1e-9, "prompt_tokens": None, "completion_tokens": None, "total_tokens": None},
    ],
)
def test_a_charge_below_the_prices_frees_nothing_of_a_limit(
    write: Write, bench: Bench, vendor: Biller, charge: dict[str, object]
) -> None:
    vendor.usage = dict(charge)
    said = bench("run", write(), "--max-cost", "0.0008", "--no-report")
    assert said.code == 4, said.err
    sent = len(vendor.asked)
    assert 0 < sent * BILL <= Decimal("0.0008")
    counts = re.search(
        r" \$([\d.]+) counts against limits: prices say more than was charged", said.err
    )
    assert counts is not None, said.err
    if len(charge) == 1:
        assert Decimal(counts[1]) == pytest.approx(sent * BILL, rel=Decimal("0.01"))
    again = bench("run", "--resume", "latest", "--no-report")
    assert again.code == 4
    assert len(vendor.asked) * BILL <= Decimal("0.0008"), "what earlier sessions cost is remembered"
    assert "counts against limits" in again.err


def test_a_charge_above_the_prices_counts_as_it_is(
    write: Write, bench: Bench, vendor: Biller
) -> None:
    vendor.usage = {"cost": 0.00004}
    said = bench("run", write(), "--max-cost", "0.0008", "--no-report")
    assert said.code == 4
    assert 0 < len(vendor.asked) * Decimal("0.00004") <= Decimal("0.0008")
    assert "counts against limits" not in said.err


@pytest.mark.parametrize(
    ("usage", "word"),
    [
        ({"cost": 0.5}, "the limit of $0.003 was passed"),
        ({"cost": {"total_cost": 70_000}}, "the limit of $0.003 was passed"),
        ({"service_tier": "priority"}, "no limit holds it"),
    ],
)
def test_a_bill_that_nobody_believes_or_can_price_stops_the_arm_at_once(
    write: Write, bench: Bench, vendor: Biller, usage: dict[str, object], word: str
) -> None:
    vendor.usage = dict(usage)
    said = bench("run", write(c="16"), "--max-cost", "0.003", "--no-report")
    assert said.code == 4
    assert len(vendor.asked) == 1
    assert word in said.err
    again = bench("run", "--resume", "latest", "--no-report")
    assert again.code == 4
    if "cost" in usage:
        assert len(vendor.asked) == 1, "what was said to be charged is remembered"
