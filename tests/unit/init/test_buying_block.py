"""The commented volume and decision of a new suite: uncommented they hold, and say how."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from claimbench.decision.gates import check_decision
from claimbench.economics.volume.stated import volume_of
from claimbench.init.propose import StatedColumns, propose_suite, write_proposal
from claimbench.suite.load import load_suite
from claimbench.types import Suite

FIRST = "# What a month costs, and whom to choose:"
ROWS = {
    "labels": [{"text": f"ticket {i}", "team": "ab"[i % 2]} for i in range(40)],
    "numbers": [{"text": f"{i} plus {i}", "sum": str(2 * i)} for i in range(40)],
    "long texts": [
        {"text": f"tell me {i}", "answer": f"Well, {'this and that ' * 12}{i}."} for i in range(40)
    ],
}


def uncommented(text: str) -> str:
    """Take the first two characters off each line of the block, as an editor does."""
    head, first, block = text.partition(FIRST)
    lines = [line.removeprefix("# ") for line in (first + block).splitlines()[2:]]
    return head + "\n".join(lines) + "\n"


@pytest.mark.parametrize("kind", list(ROWS))
@pytest.mark.parametrize(
    "models",
    [(), ("openai:gpt-5.4-mini",), ("smollm2-135m-q4_1", "openai:org/odd: name's, #1")],
    ids=["default", "one endpoint", "an odd name"],
)
def test_it_can_be_uncommented(tmp_path: Path, kind: str, models: tuple[str, ...]) -> None:
    rows = ROWS[kind]
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    target = list(rows[0])[1]
    made = propose_suite(file, StatedColumns(("text",), target), models=models)
    path = write_proposal(made, tmp_path / "out")
    text = path.read_text(encoding="utf-8")
    plain = loaded(path)
    assert plain.decision is None
    assert volume_of(plain) is None
    path.write_text(uncommented(text), encoding="utf-8")
    suite = loaded(path)
    check_decision(suite)
    volume, decision = volume_of(suite), suite.decision
    assert volume is not None
    assert volume.requests == 100_000
    assert decision is not None
    assert decision.incumbent == suite.arms[-1].name
    assert [one.name for one in decision.requirements] == [
        "quality",
        "speed",
        "budget",
        "our data",
        "certificate",
    ]
    assert sum(one.weight for one in decision.criteria) == 100
    assert all(len(line) <= 110 for line in text.partition(FIRST)[2].splitlines())


def loaded(path: Path) -> Suite:
    return load_suite(path, providers=("llama_cpp", "openai"))
