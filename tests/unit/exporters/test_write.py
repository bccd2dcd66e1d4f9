"""Runs written for other tools; read back, they are the same results."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from claimbench.cli.commands.export import export_command
from claimbench.clock import FakeClock
from claimbench.errors import BenchError
from claimbench.evaluation.evaluate import Evaluation, evaluate
from claimbench.evaluation.stored import read_run
from claimbench.exporters.write import export_run
from claimbench.importers.detect import read_files
from claimbench.importers.imported import ImportOptions
from claimbench.importers.imported_run import build_run
from claimbench.importers.stored_run import store_run
from claimbench.pricing.price_lists.book import PriceBook
from claimbench.privacy.redact import MASK, WITHHELD, Redactor
from claimbench.store.results import ResultsStore

Write = Callable[[str, Any], Path]
PEERS = Path(__file__).parents[3].resolve().parent / "shared" / "data" / "peer_results"


@pytest.fixture
def evaluation(tmp_path: Path, peers: SimpleNamespace, written: Write) -> Evaluation:
    log = peers.inspect(["C", "I", "C", "C"])
    log["samples"][3] |= {"error": {"message": "rate limit"}, "scores": {}}
    return stored(tmp_path / "first", [written("log.json", log)])


def stored(folder: Path, files: list[Path]) -> Evaluation:
    clock = FakeClock(datetime(2026, 1, 2, tzinfo=UTC))
    run = build_run(
        read_files(files, ImportOptions()), name="x", claims=(), book=PriceBook(), clock=clock
    )
    with ResultsStore.open(folder) as store:
        return evaluate(read_run(store, store_run(store, run)))


@pytest.mark.parametrize("tool", ["inspect", "lm-eval"])
def test_what_is_written_reads_back(tmp_path: Path, evaluation: Evaluation, tool: str) -> None:
    files = export_run(evaluation, tool, tmp_path / "out")
    again = stored(tmp_path / "second", files)
    (arm,) = again.items.arms.values()
    mine = evaluation.items.arms["gpt-4o-mini"]
    assert np.array_equal(arm.score, mine.score, equal_nan=True)
    assert np.isnan(arm.score[3]), "a fault stays missing"
    if tool == "inspect":
        rows, before = next(iter(again.calls.arms.values())), evaluation.calls.arms["gpt-4o-mini"]
        assert rows.n_in.tolist() == before.n_in.tolist()
        assert rows.n_out.tolist() == before.n_out.tolist()
        assert rows.e2e_s[:3].tolist() == pytest.approx(before.e2e_s[:3].tolist())


def test_inspects_shape(tmp_path: Path, evaluation: Evaluation) -> None:
    (path,) = export_run(evaluation, "inspect", tmp_path / "out")
    log = json.loads(path.read_text())
    assert log["version"] == 2
    assert log["results"]["scores"][0]["metrics"]["accuracy"]["value"] == pytest.approx(2 / 3)
    assert log["results"]["scores"][0]["metrics"]["stderr"]["value"] == pytest.approx(1 / 3)
    assert log["results"]["completed_samples"] == 3
    assert log["stats"]["model_usage"]["openai/gpt-4o-mini"]["input_tokens"] == 256
    assert log["samples"][0]["messages"][-1] == {
        "role": "assistant",
        "content": "Yes",
        "source": "generate",
    }


def test_lm_evals_shape(tmp_path: Path, evaluation: Evaluation) -> None:
    files = export_run(evaluation, "lm-eval", tmp_path / "out")
    results = json.loads(next(p for p in files if p.name.startswith("results_")).read_text())
    assert results["results"]["popularity"]["imported,none"] == pytest.approx(2 / 3)
    assert results["results"]["popularity"]["imported_stderr,none"] == pytest.approx(1 / 3)
    assert results["n-samples"]["popularity"] == {"original": 4, "effective": 3}
    lines = next(p for p in files if p.name.startswith("samples_")).read_text().splitlines()
    assert [json.loads(line)["doc_id"] for line in lines] == [0, 1, 2, 3]
    assert "imported" not in json.loads(lines[3])


@pytest.mark.parametrize("tool", ["inspect", "lm-eval"])
def test_no_key_leaves_and_transcripts_only_as_the_profile_says(
    tmp_path: Path, evaluation: Evaluation, tool: str
) -> None:
    secret = "statement"  # part of every question of the log
    full = export_run(evaluation, tool, tmp_path / "full", redact=Redactor(secrets=(secret,)))
    texts = "".join(path.read_text() for path in full)
    assert secret not in texts
    assert MASK in texts
    withheld = export_run(evaluation, tool, tmp_path / "none", redact=Redactor("none"))
    texts = "".join(path.read_text() for path in withheld)
    assert "statement 1" not in texts
    assert WITHHELD in texts
    again = stored(tmp_path / "again", withheld)
    (arm,) = again.items.arms.values()
    assert np.array_equal(arm.score, evaluation.items.arms["gpt-4o-mini"].score, equal_nan=True)


@pytest.mark.skipif(not PEERS.is_dir(), reason="shared data is not here")
@pytest.mark.parametrize("tool", ["inspect", "lm-eval"])
def test_fields_are_those_of_the_tools_own_files(
    tmp_path: Path, evaluation: Evaluation, tool: str
) -> None:
    files = export_run(evaluation, tool, tmp_path / "out")
    if tool == "inspect":
        theirs = json.loads(
            (PEERS / "inspect_ai" / "2025-05-12T20-28-13-04-00_popularity.json").read_text()
        )
        ours = json.loads(files[0].read_text())
        (
            theirs["samples"][0].pop("error_retries"),
            theirs.pop("reductions"),
        )  # written where there are any
        for mine, other, unsaid in (
            (ours, theirs, set()),
            # where the task's source lies, and Inspect's own switches: nothing of ours answers to
            # them
            (
                ours["eval"],
                theirs["eval"],
                {
                    "task_file",
                    "task_registry_name",
                    "model_generate_config",
                    "model_roles",
                    "revision",
                    "scorers",
                },
            ),
            (ours["results"]["scores"][0], theirs["results"]["scores"][0], set()),
            (ours["samples"][0], theirs["samples"][0], {"total_time", "working_time", "uuid"}),
            (ours["samples"][0]["output"], theirs["samples"][0]["output"], set()),
        ):
            assert set(other) - set(mine) == unsaid
    else:
        folder = PEERS / "lm_eval" / "gen_meta-llama__Llama-3.1-8B"
        theirs = json.loads(next(folder.glob("results_*.json")).read_text())
        ours = json.loads(next(p for p in files if p.name.startswith("results_")).read_text())
        tokens = {
            "tokenizer_pad_token",
            "tokenizer_eos_token",
            "tokenizer_bos_token",
            "eot_token_id",
            "max_length",
        }
        assert set(theirs) - set(ours) == tokens
        first = json.loads(next(folder.glob("samples_*.jsonl")).read_text().splitlines()[0])
        line = json.loads(
            next(p for p in files if p.name.startswith("samples_")).read_text().splitlines()[0]
        )
        assert set(first) - set(line) == {"bleu_max", "bleu_acc", "bleu_diff"}
        assert set(line["arguments"]["gen_args_0"]) == set(first["arguments"]["gen_args_0"])


def exported(folder: Path, *args: str) -> str:
    """Standard output of ``bench export`` on the fixture's run."""
    done = CliRunner(catch_exceptions=False).invoke(
        export_command, ["--results", str(folder / "first"), *args], standalone_mode=False
    )
    return done.output


def test_the_command_writes_them(tmp_path: Path, evaluation: Evaluation) -> None:
    out = tmp_path / "files"
    assert evaluation.items.arms
    lines = exported(tmp_path, "--to", "lm-eval", "--output", str(out)).splitlines()
    assert [Path(line.removeprefix("wrote ")).parent.name for line in lines] == ["gpt-4o-mini"] * 2
    with pytest.raises(BenchError, match="is not empty"):
        exported(tmp_path, "--to", "lm-eval", "--output", str(out))
    exported(tmp_path, "--to", "inspect", "--output", str(out), "--force", "--arm", "gpt-4o-mini")
    assert len(list(out.glob("*.json"))) == 1


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--to", "inspect"], "--to inspect writes several files"),
        (["--to", "inspect", "--format", "csv", "--output", "x"], "two formats"),
        (["--arm", "gpt-4o-mini"], "--arm goes with --to"),
        (["--to", "inspect", "--output", "x", "--arm", "gpt-4o-min"], "did you mean 'gpt-4o-mini'"),
        (["--to", "inspect", "--output", __file__], "is a file"),
        (["--output", str(Path(__file__).parent)], "is a folder"),
    ],
)
def test_what_the_command_refuses(
    tmp_path: Path, evaluation: Evaluation, args: list[str], message: str
) -> None:
    assert evaluation.items.arms
    with pytest.raises(BenchError, match=message):
        exported(tmp_path, *args)


def test_an_unknown_tool_is_refused(tmp_path: Path, evaluation: Evaluation) -> None:
    with pytest.raises(ValueError, match="no exporter for 'excel'"):
        export_run(evaluation, "excel", tmp_path)
