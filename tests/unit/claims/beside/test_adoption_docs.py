"""The example of docs/adoption.md works as it is printed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from claimbench.claims.parse import parse_claims
from claimbench.errors import BenchError, ClaimError
from claimbench.evaluation.adopted import judge_adoption
from claimbench.suite.adoption.snapshots import Stated, read_snapshot, snapshot_text
from claimbench.suite.load import load_suite

DOCS = Path(__file__).parents[4] / "docs" / "adoption.md"
NAMES = ["Qwen/Qwen3", "deepseek-ai/D", "moonshotai/K", "zai-org/G", "google/gemma-3"]


@pytest.fixture
def example(tmp_path: Path) -> Path:
    text = re.search(r"```yaml\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert text is not None
    (tmp_path / "suite.yaml").write_text(text[1], encoding="utf-8")
    rows = [
        {
            "id": name,
            "downloads": 90 - i,
            "trendingScore": 9 - i,
            "pipeline_tag": "text-generation",
            "tags": ["safetensors"],
        }
        for i, name in enumerate(NAMES)
    ]
    (tmp_path / "t.json").write_text(json.dumps(rows))
    kept = read_snapshot(tmp_path / "t.json", "t.json", Stated("hub", "2026-11-28"))
    (tmp_path / "adoption").mkdir()
    named = re.search(r"adoption/\S+?\.json", text[1])
    assert named is not None
    (tmp_path / named[0]).write_text(snapshot_text(kept))
    (tmp_path / "all.csv").write_text("id,downloads\nQwen/Qwen3,90\n")
    return tmp_path / "suite.yaml"


def test_the_printed_suite_is_judged(example: Path) -> None:
    verdicts, left = judge_adoption(load_suite(example), "2026-11-29")
    assert [verdict.status for verdict in verdicts] == ["supported"]
    assert left == []


@pytest.mark.parametrize("claim", ["a is cheaper than b", "a is 90% accurate"])
def test_a_claim_that_needs_a_run_is_told(example: Path, claim: str) -> None:
    example.write_text(example.read_text() + f"  - claim: {claim}\n")
    with pytest.raises(ClaimError, match="measures nothing"):
        parse_claims(load_suite(example))


@pytest.mark.parametrize("extra", ["tasks: []\n", "arms: []\n"])
def test_a_half_of_a_suite_is_refused(example: Path, extra: str) -> None:
    example.write_text(extra + example.read_text())
    with pytest.raises(BenchError):
        load_suite(example)
