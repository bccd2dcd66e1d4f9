"""RouterBench's records: a file true to the published columns, made here."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from claimbench.importers.detect import kind_of, read_files
from claimbench.importers.imported import ImportFault, ImportOptions

MODELS = ("mistralai/mistral-7b-chat", "gpt-4-1106-preview")


def write(folder: Path, **changed: str) -> Path:
    names = ["sample_id", "prompt", "eval_name", *MODELS]
    names += [f"{m}|model_response" for m in MODELS] + [f"{m}|total_cost" for m in MODELS]
    file = folder / "routerbench_0shot.csv"
    with file.open("w", newline="") as out:
        rows = csv.writer(out)
        rows.writerow([*names, "oracle_model_to_route_to"])
        for i in range(24):
            cells = [f"mmlu.{i}", f"Q{i}?", "mmlu", str(i % 2), "1.0", "A", "B"]
            cells += [changed.get("cost", "0.00002") if i == 3 else "0.00002", "0.001", MODELS[1]]
            if i == 3:
                cells[3] = changed.get("score", cells[3])
            rows.writerow(cells)
    return file


def test_each_model_is_an_arm_with_scores_answers_and_dollars(tmp_path: Path) -> None:
    file = write(tmp_path)
    assert kind_of(file) == "router-bench"
    found = read_files([file], ImportOptions())
    assert [arm.name for arm in found.arms] == ["mistral-7b-chat", "gpt-4-1106-preview"]
    assert len(found.samples) == 24
    cheap = [call for call in found.calls if call.arm == "mistral-7b-chat"]
    assert sum(call.scores["score"] for call in cheap) == 12
    assert {str(call.billed_usd) for call in cheap} == {"0.00002"}
    assert {call.text for call in cheap} == {"A"}


def test_a_cost_of_nothing_is_unknown(tmp_path: Path) -> None:
    found = read_files([write(tmp_path, cost="0")], ImportOptions())
    assert [c.sample_id for c in found.calls if c.billed_usd is None] == ["mmlu.3"]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"score": "7"}, "no number from 0 to 1"),
        ({"score": "good"}, "no number from 0 to 1"),
        ({"cost": "-1"}, "no amount of dollars"),
        ({"cost": "cheap"}, "no amount of dollars"),
    ],
)
def test_a_bad_cell_is_told_with_its_line(
    tmp_path: Path, changed: dict[str, str], told: str
) -> None:
    with pytest.raises(ImportFault) as caught:
        read_files([write(tmp_path, **changed)], ImportOptions())
    assert told in str(caught.value)
    assert "routerbench_0shot.csv:5" in str(caught.value)
