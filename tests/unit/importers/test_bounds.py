"""Dollars, seconds and tokens beyond what can be are refused where they stand; all that can be
stays.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tests.unit.importers.test_logs import litellm_row, put

from claimbench.cli.commands.export import export_command
from claimbench.cli.commands.importing import import_command
from claimbench.clock import FakeClock
from claimbench.evaluation.evaluate import evaluate
from claimbench.evaluation.stored import read_run
from claimbench.importers.detect import read_files
from claimbench.importers.imported import ImportFault, ImportOptions
from claimbench.importers.imported_run import build_run
from claimbench.importers.inspect_spending import usage_of as inspect_usage
from claimbench.importers.stored_run import store_run
from claimbench.importers.tools.every_eval_ever import usage_of as eee_usage
from claimbench.importers.tools.promptfoo import usage_of as promptfoo_usage
from claimbench.pricing.price_lists.book import PriceBook
from claimbench.store.results import ResultsStore
from claimbench.suite.files.traffic.requests import tokens
from claimbench.types import ClaimSpec

PLAIN = ImportOptions()
COLUMNS = ("cost", "latency_s", "latency_ms", "ttft_s", "ttft_ms", "input_tokens", "output_tokens")


def table(path: Path, column: str, *cells: Any) -> Path:
    rows = [f"{n},{n % 2},{cell}" for n, cell in enumerate(cells)]
    path.write_text("\n".join([f"id,score,{column}", *rows]) + "\n")
    return path


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("cell", ["1e100", "1e308", "1e400", "1.5E+9999", "1e30", "9" * 40])
def test_a_cell_that_cannot_be_is_refused_with_its_line(
    tmp_path: Path, column: str, cell: str
) -> None:
    path = table(tmp_path / "a.csv", column, 2, 3, cell)
    with pytest.raises(ImportFault, match=r"a\.csv:4: .*more (than|tokens|repeats)"):
        read_files([path], PLAIN)


def test_an_epoch_that_cannot_be_is_refused(tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", "epoch", 1, 1e15)
    with pytest.raises(ImportFault, match=r"a\.csv:3: epoch .*more repeats"):
        read_files([path], PLAIN)


@pytest.mark.parametrize("cell", [1e16, 1e100, 10**30, "1e100", "$1e20"])
def test_so_is_one_of_records(tmp_path: Path, cell: Any) -> None:
    rows = [{"id": n, "score": 1, "cost": 0.1 if n else cell} for n in range(3)]
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n")
    with pytest.raises(ImportFault, match=r"a\.jsonl:1: usd.*all the money"):
        read_files([path], PLAIN)


def test_a_leaderboard_with_a_cost_that_cannot_be_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "board.csv"
    path.write_text("model,score,cost\na,0.5,2\nb,0.6,1e40\n")
    with pytest.raises(ImportFault, match=r"board\.csv:3: usd.*all the money"):
        read_files([path], PLAIN)


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("spend", 1e16, "all the money"),
        ("spend", "1e100", "all the money"),
        ("completion_tokens", 10**13, "tokens"),
        ("prompt_tokens", 1e300, "tokens"),
    ],
)
def test_a_log_names_the_file_and_the_item(
    tmp_path: Path, field: str, value: Any, why: str
) -> None:
    rows = [litellm_row(n, **({field: value} if n == 2 else {})) for n in range(4)]
    with pytest.raises(ImportFault, match=rf"s\.jsonl: .*item .*{why}"):
        read_files([put(tmp_path / "s.jsonl", rows)], PLAIN)


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("cost", "1e15"),
        ("cost", "1e-30"),
        ("cost", "1e-300"),
        ("input_tokens", 10**12),
        ("latency_ms", 31_000_000_000),
        ("latency_s", 299),
    ],
)
def test_the_largest_and_least_that_can_be_are_judged(
    tmp_path: Path, column: str, cell: Any
) -> None:
    run = build_run(
        read_files([table(tmp_path / "a.csv", column, *[cell] * 30)], PLAIN),
        name="t",
        claims=[ClaimSpec("c", "accuracy(a) >= 20%", None, {})],
        book=PriceBook(),
        clock=FakeClock(datetime(2026, 1, 2, tzinfo=UTC)),
    )
    with ResultsStore.open(tmp_path / "results") as store:
        found = evaluate(read_run(store, store_run(store, run)))
    assert found.verdicts[0].status == "supported"


def test_what_no_measure_can_be_below_stays_unknown(tmp_path: Path) -> None:
    found = read_files([table(tmp_path / "a.csv", "cost", -5, "nan", "-1e400", 0.5)], PLAIN)
    assert [call.billed_usd for call in found.calls] == [None, None, None, Decimal("0.5")]


@pytest.mark.parametrize(
    ("usage", "given", "key"),
    [
        (promptfoo_usage, {"prompt": 100, "completion": 5}, "completionDetails"),
        (inspect_usage, {"input_tokens": 100, "output_tokens": 5}, "input_tokens_cache_read"),
        (eee_usage, {"input_tokens": 100, "output_tokens": 5}, "input_tokens_cache_read"),
    ],
)
def test_cached_tokens_that_a_file_does_not_tell_are_unknown_and_no_zero(
    usage: Any, given: dict[str, Any], key: str
) -> None:
    silent = usage(given)
    said = usage({**given, key: {"cacheReadInputTokens": 0} if "Details" in key else 0})
    assert (silent.cache_read, silent.input_total) == (None, 100)
    assert (said.cache_read, said.input_total) == (0, 100)


def test_totals_without_a_cached_part_leave_it_unknown() -> None:
    silent, said = tokens(100, 5), tokens(100, 5, 0)
    assert silent is not None
    assert said is not None
    assert (silent.cache_read, said.cache_read) == (None, 0)


def test_no_throughput_is_shown_under_a_concurrency_that_no_file_states(tmp_path: Path) -> None:
    rows = [{"id": i, "model": m, "score": 1, "latency_s": 0.1} for i in range(9) for m in "ab"]
    path = put(tmp_path / "t.jsonl", rows)
    results = ["--results", str(tmp_path / "r")]
    runner = CliRunner()
    runner.invoke(import_command, [str(path), "--no-report", *results], standalone_mode=False)
    output = tmp_path / "o.json"
    given = ["--format", "json", "--output", str(output), *results]
    done = runner.invoke(export_command, given, standalone_mode=False)
    assert done.exception is None
    told = output.read_text()
    assert "throughput" in told
    assert "concurrency 1" not in told
