"""A run of ours, exported and imported again, has its scores, dollars and times."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from claimbench.cli.books import price_book
from claimbench.cli.commands.export import export_command
from claimbench.clock import FakeClock
from claimbench.evaluation.evaluate import Evaluation, evaluate
from claimbench.evaluation.stored import read_run
from claimbench.importers.detect import read_files
from claimbench.importers.imported import ImportOptions
from claimbench.importers.imported_run import build_run
from claimbench.importers.stored_run import store_run
from claimbench.store.results import ResultsStore

Write = Callable[[str, Any], Path]
FORMATS = {"csv": ["--format", "csv"], "jsonl": ["--format", "jsonl"]}
TOOLS = {name: ["--to", name] for name in ("inspect", "lm-eval", "every-eval-ever")}


def stored(folder: Path, files: list[Path]) -> Evaluation:
    run = build_run(
        read_files(files, ImportOptions()),
        name="x",
        claims=(),
        book=price_book(),
        clock=FakeClock(datetime(2026, 1, 2, tzinfo=UTC)),
    )
    with ResultsStore.open(folder) as store:
        return evaluate(read_run(store, store_run(store, run)))


@pytest.fixture
def first(tmp_path: Path, peers: SimpleNamespace, written: Write) -> Evaluation:
    files = []
    for number, model in enumerate(("openai/gpt-4o-mini", "openai/gpt-4.1-mini")):
        log = peers.inspect(["C", "I", "C", "C", "I"], model=model)
        for place, sample in enumerate(log["samples"]):
            sample["output"]["time"] = 0.25 * (place + 1 + number)
            sample["input"] = '=HYPERLINK("x")' if place == 1 else f"- question {place}"
            sample["output"]["choices"][0]["message"]["content"] = "+1" if place else "Yes"
        log["samples"][3] |= {"error": {"message": "rate limit"}, "scores": {}}
        files.append(written(f"{number}.json", log))
    return stored(tmp_path / "first", files)


def exported(tmp_path: Path, form: str) -> list[Path]:
    output = tmp_path / ("out" if form in TOOLS else f"run.{form}")
    given = [*(TOOLS | FORMATS)[form], "--results", str(tmp_path / "first"), "--output"]
    done = CliRunner().invoke(export_command, [*given, str(output)], standalone_mode=False)
    assert done.exception is None, done.output
    return sorted(p for p in output.rglob("*") if p.is_file()) if output.is_dir() else [output]


@pytest.mark.parametrize("form", [*FORMATS, *TOOLS])
def test_scores_dollars_times_and_clusters_come_back(
    tmp_path: Path, first: Evaluation, form: str
) -> None:
    again = stored(tmp_path / "second", exported(tmp_path, form))
    assert sorted(again.items.arms) == sorted(first.items.arms)
    assert len(set(again.items.cluster)) == len(set(first.items.cluster)) == 5
    for name, mine in first.items.arms.items():
        other = again.items.arms[name]
        assert np.array_equal(other.score, mine.score, equal_nan=True)
        assert np.isnan(other.score[3])
        assert np.isfinite(mine.usd[:3]).all()
        assert other.usd[:3] == pytest.approx(mine.usd[:3], rel=1e-9)
        rows, before = again.calls.arms[name], first.calls.arms[name]
        assert rows.e2e_s[:3].tolist() == pytest.approx(before.e2e_s[:3].tolist())
        assert rows.n_in.tolist() == before.n_in.tolist()
        assert rows.n_out.tolist() == before.n_out.tolist()


@pytest.mark.parametrize("form", FORMATS)
def test_texts_come_back_as_they_were(tmp_path: Path, first: Evaluation, form: str) -> None:
    found = read_files(exported(tmp_path, form), ImportOptions())
    assert [s.shown for s in found.samples][:2] == ["- question 0", '=HYPERLINK("x")']
    assert [s.target for s in found.samples] == ["Yes"] * 5
    assert [c.text for c in found.calls[:2]] == ["Yes", "+1"]
    assert any("written by bench export" in note for note in found.notes)


ODD_IDS = ["007", "0,5", 'a "b"', "zwei\nZeilen", "=1+1", "naïve", "日本", "x" * 70, "5.0", "null"]


def odd_table(tmp_path: Path, metric: str, epochs: int) -> Path:
    """A table of two models and two tasks, with repeats, odd ids, and values that are not known."""
    path = tmp_path / "odd.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "model", "task", "epoch", metric, "cost", "latency_s", "ttft_s"])
        for task in ("one", "two"):
            for place, item in enumerate(ODD_IDS):
                for shift, model in enumerate(("großes Modell", "small, 2")):
                    for epoch in range(epochs):
                        share = (place * 3 + shift + epoch) % 10 / 10
                        cost = "" if place == 3 else 0.001 * (place + 1 + shift)
                        late = "" if place == 4 else 0.5 + place / 10
                        writer.writerow([item, model, task, epoch, share, cost, late, 0.125])
    return path


@pytest.mark.parametrize("metric", ["accuracy", "wer", "hallucination_rate"])
@pytest.mark.parametrize("form", [*FORMATS, *TOOLS])
def test_every_item_of_an_odd_run_comes_back(tmp_path: Path, form: str, metric: str) -> None:
    before = stored(
        tmp_path / "first", [odd_table(tmp_path, metric, 1 if form == "lm-eval" else 2)]
    )
    again = stored(tmp_path / "second", exported(tmp_path, form))
    assert sorted(again.items.arms) == sorted(before.items.arms)
    for name, mine in before.items.arms.items():
        other = again.items.arms[name]
        order = [list(again.items.items).index(item) for item in before.items.items]
        assert other.score[order] == pytest.approx(mine.score, nan_ok=True)
        assert other.usd[order] == pytest.approx(mine.usd, rel=1e-9, nan_ok=True)
        theirs, ours = again.calls.arms[name], before.calls.arms[name]
        assert sorted(theirs.e2e_s) == pytest.approx(sorted(ours.e2e_s), nan_ok=True)
