"""Files that the tools themselves wrote, where they are at hand: the figures the tools state."""

from __future__ import annotations

from pathlib import Path

import pytest

from claimbench.importers.model import Imported, ImportOptions
from claimbench.importers.reading import read_files

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


def test_lm_eval_without_samples_has_no_n_and_no_interval_unless_stated() -> None:
    found = read_files(sorted((PEERS / "lm_eval").glob("gen_google*/results_*.json")), ImportOptions())
    assert not found.calls
    assert all((a.interval() is None) == (a.n is None) for a in found.aggregates)


def test_inspect_popularity() -> None:
    found = read_files(sorted((PEERS / "inspect_ai").glob("2025-05-12*popularity.json")), ImportOptions())
    (aggregate,) = found.aggregates
    assert (round(aggregate.value, 3), round(aggregate.stderr or 0, 3), aggregate.n) == (0.667, 0.333, 3)
    assert tokens(found) == (192, 6)


@pytest.mark.parametrize("name", ["log_formats.eval", "log_formats.json", "mmlu-summary-choices.eval"])
def test_inspect_logs_of_several_years(name: str) -> None:
    found = read_files([PEERS / "inspect_ai" / name], ImportOptions())
    assert found.calls[0].scores
    assert not any("says" in note for note in found.notes)


def test_inspect_eval_and_json_of_one_log_agree() -> None:
    one, two = (read_files([PEERS / "inspect_ai" / f"log_formats.{s}"], ImportOptions()) for s in ("eval", "json"))
    assert one.aggregates == two.aggregates
    assert tokens(one) == tokens(two) == (66, 2)


@pytest.mark.parametrize("suffix", ["json", "jsonl"])
def test_promptfoo(suffix: str) -> None:
    found = read_files([PEERS / "promptfoo" / f"promptfoo_0.123.1_out.{suffix}"], ImportOptions())
    passed = [call.scores["pass"] for call in found.calls]
    assert (passed.count(1.0), passed.count(0.0)) == (4, 2)
    assert tokens(found) == (76, 20)
