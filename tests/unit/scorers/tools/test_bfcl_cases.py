"""Published cases of the Berkeley Function Calling Leaderboard, scored as its own checker scores
them.

``tests/golden/bfcl_cases.jsonl`` holds ten published cases of each of eight kinds (bfcl_eval
2026.3.23, Apache 2.0; descriptions left out, dots in names written as _), each with right calls and
changed ones, and what bfcl_eval's ``ast_checker`` says of every one of them.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from claimbench.scorers.tools.scorer import ToolCallScorer
from claimbench.scorers.tools.targets import read_target
from claimbench.types import AnswerSpec, Call, CallRecord, Outcome, Sample, Task, ToolCall, ToolSpec

GOLDEN = Path(__file__).parents[3] / "golden" / "bfcl_cases.jsonl"
CASES = [json.loads(line) for line in GOLDEN.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_calls_of_a_published_case_are_scored_as_bfcl_scores_them(case: dict[str, Any]) -> None:
    tools = tuple(ToolSpec(of["name"], "", of["parameters"]) for of in case["functions"])
    read_target(case["answer"], tools)
    task = Task("t", (), (), (), AnswerSpec("tool_call"), (), 64, tools=tools)
    sample = Sample("s", {}, case["answer"], "s")
    for calls, valid in case["cases"]:
        made = tuple(
            ToolCall(name, json.dumps(arguments))
            for one in calls
            for name, arguments in one.items()
        )
        call = Call("r", "c", "t", "s", 0, "a", 0, 0)
        record = CallRecord(call, "", Outcome.OK, "tool_calls", 1, tool_calls=made)
        found = ToolCallScorer({}).score_record(record, sample, task)
        assert (found.value or 0.0) == float(valid), (calls, found.explanation)


def test_both_kinds_of_outcome_and_every_kind_of_case_are_there() -> None:
    said = Counter(valid for case in CASES for _, valid in case["cases"])
    assert min(said.values()) >= 200
    kinds = Counter(case["id"].rpartition("_")[0].rstrip("0123456789-_") for case in CASES)
    assert len(kinds) >= 4
    assert len(CASES) == 80
