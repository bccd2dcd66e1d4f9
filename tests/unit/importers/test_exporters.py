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

from claimbench.clock import FakeClock
from claimbench.evaluate import Evaluation, evaluate, read_run
from claimbench.exporters import export_run
from claimbench.importers.building import build_run, store_run
from claimbench.importers.model import ImportOptions
from claimbench.importers.reading import read_files
from claimbench.pricebook import PriceBook
from claimbench.store import ResultsStore

Write = Callable[[str, Any], Path]


@pytest.fixture
def evaluation(tmp_path: Path, peers: SimpleNamespace, written: Write) -> Evaluation:
    log = peers.inspect(["C", "I", "C", "C"])
    log["samples"][3] |= {"error": {"message": "rate limit"}, "scores": {}}
    return stored(tmp_path / "first", [written("log.json", log)])


def stored(folder: Path, files: list[Path]) -> Evaluation:
    clock = FakeClock(datetime(2026, 1, 2, tzinfo=UTC))
    run = build_run(read_files(files, ImportOptions()), name="x", claims=(), book=PriceBook(), clock=clock)
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
    assert log["samples"][0]["messages"][-1] == {"role": "assistant", "content": "Yes", "source": "generate"}


def test_lm_evals_shape(tmp_path: Path, evaluation: Evaluation) -> None:
    files = export_run(evaluation, "lm-eval", tmp_path / "out")
    results = json.loads(next(p for p in files if p.name.startswith("results_")).read_text())
    assert results["results"]["popularity"]["imported,none"] == pytest.approx(2 / 3)
    assert results["results"]["popularity"]["imported_stderr,none"] == pytest.approx(1 / 3)
    assert results["n-samples"]["popularity"] == {"original": 4, "effective": 3}
    lines = next(p for p in files if p.name.startswith("samples_")).read_text().splitlines()
    assert [json.loads(line)["doc_id"] for line in lines] == [0, 1, 2, 3]
    assert "imported" not in json.loads(lines[3])


def test_an_unknown_tool_is_refused(tmp_path: Path, evaluation: Evaluation) -> None:
    with pytest.raises(ValueError, match="no exporter for 'excel'"):
        export_run(evaluation, "excel", tmp_path)
