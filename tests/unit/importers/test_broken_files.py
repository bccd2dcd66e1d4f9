"""Files that are broken or lie: one error, never a traceback, and nothing invented."""

from __future__ import annotations

import copy
import json
import pickle
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.fuzz.readers import READERS
from tests.unit.importers.test_logs import (
    GENERATIONS,
    generation,
    litellm_row,
    observation,
    otlp,
    put,
)
from tests.unit.importers.test_pairwise_votes import human_judgments
from tests.unit.importers.test_tau2 import results as tau2_results
from tests.unit.importers.test_tau2 import simulation
from tests.unit.importers.test_tools import (
    deepeval_run,
    eee_log,
    eee_samples,
    evals_log,
    old_review,
    review,
    stat,
)

from claimbench.errors import BenchError
from claimbench.importers import inspect_log
from claimbench.importers.detect import read_files
from claimbench.importers.imported import ImportOptions
from claimbench.suite import datasets

PLAIN = ImportOptions()
ODD: tuple[Any, ...] = (
    None,
    [],
    {},
    "x",
    -1,
    1e308,
    10**400,
    True,
    [None],
    ["x"],
    {"a": [1]},
    "2026",
    "NaN",
    float("nan"),
    "\ud800",
)


def seed_of(reader: str) -> Any:
    """Return the first object of the file that fuzzing a reader starts from."""
    return json.loads(READERS[reader].make()[0].split(b"\n")[0])


MADE: dict[str, Callable[[], Any]] = {
    "eee.json": eee_log,
    "eee_samples.jsonl": lambda: eee_samples([1.0, 0.0]),
    "review.jsonl": lambda: [review(i, 1.0) for i in range(2)],
    "deepeval.json": deepeval_run,
    "helm.json": lambda: [
        {"instance_id": "i", "train_trial_index": 0, "stats": [stat("exact_match", 1.0)]}
    ],
    "evals.jsonl": evals_log,
    "old.json": lambda: {
        "results": {"t": {"acc": 0.5, "acc_stderr": 0.1}},
        "versions": {"t": 0},
        "config": {"model": "hf", "model_args": "pretrained=x"},
    },
    "spend.jsonl": lambda: [litellm_row(i) for i in range(2)],
    "obs.json": lambda: [observation(i) for i in range(2)],
    "activity.csv": lambda: [generation(i) for i in range(2)],
    "otel.json": lambda: otlp(*(made(i) for i, made in enumerate(GENERATIONS))),
    "vllm.json": lambda: {
        "ttfts": [0.1, 0.2],
        "itls": [[0.1], [0.1]],
        "input_lens": [1, 2],
        "output_lens": [2, 2],
        "errors": ["", ""],
        "start_times": [1.0, 2.0],
        "date": "20260901-120000",
        "duration": 3.0,
    },
    "guide.json": lambda: {
        "benchmarks": [
            {
                "config": {"strategy": {"type_": "constant", "rate": 1}},
                "metrics": {},
                "requests": {
                    "successful": [{"request_id": "a", "request_latency": 1.0}],
                    "errored": [],
                    "incomplete": [],
                },
            }
        ]
    },
    "inspect.json": lambda: seed_of("inspect-json"),
    "promptfoo.json": lambda: seed_of("promptfoo"),
    "lm_eval.json": lambda: seed_of("lm-eval-results"),
    "lm_eval.jsonl": lambda: [seed_of("lm-eval-samples") | {"doc_id": i} for i in range(2)],
    "tau2.json": lambda: tau2_results(simulation("1", 0, 1.0), simulation("1", 1, 0.0)),
    "votes.jsonl": lambda: human_judgments(2),
    "report.json": lambda: {
        "name": "m@t",
        "dataset_name": "t",
        "model_name": "m",
        "metrics": [
            {
                "name": "mean_acc",
                "num": 8,
                "score": 0.6,
                "categories": [{"subsets": [{"name": "main", "score": 0.6, "num": 8}]}],
            }
        ],
    },
    "old_review.jsonl": lambda: [old_review(i, 1.0) for i in range(2)],
    "lighteval.json": lambda: {
        "config_general": {"model_name": "org/model"},
        "results": {"gsm8k|0": {"em": 0.6, "em_stderr": 0.2}, "all": {"em": 0.6}},
        "versions": {"gsm8k|0": 0},
    },
    "aiperf.jsonl": lambda: [
        {
            "metadata": {"request_start_ns": 1_788_000_000_000_000_000},
            "metrics": {"request_latency": {"value": 3.0, "unit": "ms"}},
            "error": None,
        }
    ],
}


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the paths of all values inside a value; of a list, of its first and its last: what a
    file is told by is often its first row alone.
    """
    if not isinstance(value, dict | list):
        return []
    found = []
    ends = sorted({0, len(value) - 1}) if isinstance(value, list) and value else []
    for key in value if isinstance(value, dict) else ends:
        found += [(*at, key), *places(value[key], (*at, key))]
    return found


GONE = object()
"""Stands for a value that is taken out."""


def all_changed(value: Any) -> Iterator[Any]:
    """Yield copies in which one value is another or missing: every place, every odd value."""
    for *path, last in places(value):
        for odd in (*ODD, GONE):
            made = copy.deepcopy(value)
            inner = made
            for step in path:
                inner = inner[step]
            if odd is GONE:
                del inner[last]
            else:
                inner[last] = odd
            yield made


@pytest.mark.parametrize("name", list(MADE))
def test_a_file_with_one_odd_value_is_read_or_refused_in_words(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    for value in all_changed(MADE[name]()):
        if name.endswith(".csv"):
            value = [row for row in value if isinstance(row, dict)] or [{}]
            value = [{key: row.get(key) for key in value[0]} for row in value]
            if any("\ud800" in row.values() for row in value):
                continue  # no CSV file holds it
        put(path, value)
        try:
            found = read_files([path], PLAIN)
        except BenchError:
            continue
        for call in found.calls:
            assert call.latency_s is None or call.latency_s > 0
            assert call.billed_usd is None or call.billed_usd > 0
            assert all(0 <= score <= 1 for score in call.scores.values())


@pytest.mark.parametrize("name", ["a.pkl", "a.json", "a.jsonl", "a.parquet", "a.xlsx", "a.eval"])
def test_nothing_is_ever_unpickled(tmp_path: Path, name: str) -> None:
    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (tmp_path / "touched",)

    path = tmp_path / name
    path.write_bytes(pickle.dumps(Evil()))
    with pytest.raises(BenchError):
        read_files([path], PLAIN)
    assert not (tmp_path / "touched").exists()


def test_an_archive_that_explodes_or_escapes_harms_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspect_log, "MOST_BYTES", 1 << 20)
    bomb = tmp_path / "log.json"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("header.json", b"0" * (2 << 20))
    with pytest.raises(BenchError, match="unpacks to more than"):
        read_files([bomb], PLAIN)
    slip = tmp_path / "in" / "slip.eval"
    slip.parent.mkdir()
    with zipfile.ZipFile(slip, "w") as archive:
        archive.writestr("header.json", json.dumps({"eval": {"model": "m", "task": "t"}}))
        archive.writestr("samples/../../evil.json", "{}")
    before = sorted(tmp_path.rglob("*"))
    read_files([slip], PLAIN)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_parquet_file_that_unpacks_to_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": ["x" * 10_000] * 5_000, "label": ["a"] * 5_000}), path)
    assert path.stat().st_size < 1 << 20
    monkeypatch.setattr(datasets, "MOST_BYTES", 1 << 20)
    with pytest.raises(BenchError, match="unpacks to more than"):
        read_files([path], PLAIN)


def nested(tmp_path: Path, depth: int) -> Path:
    deep = '{"a":' * depth + "1" + "}" * depth
    text = json.dumps(litellm_row(0, metadata="HERE")).replace('"HERE"', deep)
    path = tmp_path / "deep.jsonl"
    path.write_text(text + "\n")
    return path


def test_deep_json_is_read_or_refused(tmp_path: Path) -> None:
    assert len(read_files([nested(tmp_path, 100)], PLAIN).calls) == 1
    with pytest.raises(BenchError, match="deep"):
        read_files([nested(tmp_path, 100_000)], PLAIN)


@pytest.mark.parametrize("name", ["a.parquet", "a.jsonl", "a.csv", "a.json"])
def test_a_pointer_of_git_lfs_is_named(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 12\n")
    with pytest.raises(BenchError, match="pointer of Git LFS"):
        read_files([path], PLAIN)


def test_an_archive_with_two_members_of_one_name_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.eval"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("header.json", "{}")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("header.json", '{"status": "success"}')
    with pytest.raises(BenchError, match=r"two members are named 'header\.json'"):
        read_files([path], PLAIN)
