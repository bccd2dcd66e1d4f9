"""Files that the tools themselves wrote, where they are at hand: the figures the tools state."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from claimbench.clock import FakeClock
from claimbench.evaluation.evaluate import evaluate
from claimbench.evaluation.stored import read_run
from claimbench.importers.detect import read_files
from claimbench.importers.imported import Imported, ImportOptions
from claimbench.importers.imported_run import build_run
from claimbench.importers.stored_run import store_run
from claimbench.pricing.price_lists.book import PriceBook
from claimbench.store.results import ResultsStore
from claimbench.types import ClaimSpec

PEERS = Path(__file__).parents[3].resolve().parent / "shared" / "data" / "peer_results"
pytestmark = pytest.mark.skipif(not PEERS.is_dir(), reason="shared data is not here")


def tokens(found: Imported) -> tuple[int, int]:
    used = [call.usage for call in found.calls if call.usage is not None]
    return sum(u.input_total or 0 for u in used), sum(u.output_total or 0 for u in used)


def test_lm_eval_truthfulqa() -> None:
    folder = PEERS / "lm_eval" / "gen_meta-llama__Llama-3.1-8B"
    found = read_files(sorted(folder.glob("results_*.json")), ImportOptions(metric="bleu_acc"))
    (aggregate,) = found.aggregates
    assert aggregate.n == 817
    assert round(aggregate.value, 6) == 0.356181
    assert aggregate.stderr == pytest.approx(0.01676379072844632, rel=1e-9), "divided by n - 1"
    assert not any("says" in note for note in found.notes)


def test_a_second_run_on_the_same_items_is_paired(tmp_path: Path) -> None:
    """The file's own 817 items beside a copy in which another model gets every tenth right that it
    had wrong.
    """
    folder = PEERS / "lm_eval" / "gen_meta-llama__Llama-3.1-8B"
    (results,), (samples,) = folder.glob("results_*.json"), folder.glob("samples_*.jsonl")
    lines = [json.loads(line) for line in samples.read_text(encoding="utf-8").splitlines()]
    before = np.array([line["bleu_acc"] for line in lines], float)
    for line in lines[::10]:
        line["bleu_acc"] = 1
    after = np.array([line["bleu_acc"] for line in lines], float)
    told = json.loads(results.read_text(encoding="utf-8"))
    told["model_name"] = "lab/other"
    for task in told["results"].values():
        task["bleu_acc,none"], task["bleu_acc_stderr,none"] = (
            after.mean(),
            after.std(ddof=1) / len(after) ** 0.5,
        )
    copy = tmp_path / results.name
    copy.write_text(json.dumps(told))
    (tmp_path / samples.name).write_text("\n".join(json.dumps(line) for line in lines) + "\n")

    imported = read_files([results, copy], ImportOptions(metric="bleu_acc"))
    assert not any("says" in note for note in imported.notes)
    claims = (ClaimSpec("c", "other is more accurate than Llama-3.1-8B", None, {}),)
    clock = FakeClock(datetime(2026, 1, 2, tzinfo=UTC))
    run = build_run(imported, name="two", claims=claims, book=PriceBook(), clock=clock)
    with ResultsStore.open(tmp_path / "results.db") as store:
        (verdict,) = evaluate(read_run(store, store_run(store, run))).verdicts
    assert verdict.status == "supported"
    estimate = verdict.readings[0].estimate
    assert estimate is not None
    assert estimate.n == 817
    gain = (after - before).mean()
    assert estimate.value == pytest.approx(gain)
    # paired: the interval is far narrower than two separate samples of 817 would give
    unpaired = 1.96 * np.hypot(before.std(ddof=1), after.std(ddof=1)) / 817**0.5
    assert estimate.high is not None
    assert estimate.high - estimate.value < unpaired / 2


def test_lm_eval_without_samples_has_no_n_and_no_interval_unless_stated() -> None:
    found = read_files(
        sorted((PEERS / "lm_eval").glob("gen_google*/results_*.json")), ImportOptions()
    )
    assert not found.calls
    assert all((a.interval() is None) == (a.n is None) for a in found.aggregates)


def test_inspect_popularity() -> None:
    found = read_files(
        sorted((PEERS / "inspect_ai").glob("2025-05-12*popularity.json")), ImportOptions()
    )
    (aggregate,) = found.aggregates
    assert (round(aggregate.value, 3), round(aggregate.stderr or 0, 3), aggregate.n) == (
        0.667,
        0.333,
        3,
    )
    assert tokens(found) == (192, 6)


@pytest.mark.parametrize(
    "name", ["log_formats.eval", "log_formats.json", "mmlu-summary-choices.eval"]
)
def test_inspect_logs_of_several_years(name: str) -> None:
    found = read_files([PEERS / "inspect_ai" / name], ImportOptions())
    assert found.calls[0].scores
    assert not any("says" in note for note in found.notes)


def test_inspect_eval_and_json_of_one_log_agree() -> None:
    one, two = (
        read_files([PEERS / "inspect_ai" / f"log_formats.{s}"], ImportOptions())
        for s in ("eval", "json")
    )
    assert one.aggregates == two.aggregates
    assert tokens(one) == tokens(two) == (66, 2)


@pytest.mark.parametrize("suffix", ["json", "jsonl"])
def test_promptfoo(suffix: str) -> None:
    found = read_files([PEERS / "promptfoo" / f"promptfoo_0.123.1_out.{suffix}"], ImportOptions())
    passed = [call.scores["pass"] for call in found.calls]
    assert (passed.count(1.0), passed.count(0.0)) == (4, 2)
    assert tokens(found) == (76, 20)
