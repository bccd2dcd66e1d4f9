"""Whole conversations with a simulated user before judges, people and scripts: the transcript is
what they read, one of each conversation.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from .bills import bills_of_html
from .conftest import Said, _serve
from .judge_vendor import FENCED
from .pair_vendor import SHOWN
from .simulated_vendor import ORDERS, SimulatedDesk, rows, suite
from .test_conversations import records
from .test_tools import figures, verified

Bench = Callable[..., Said]
JUDGE = "judge-1"
JUDGES = """\
judges:
  - {{name: arbiter, provider: openai, model: judge-1, base_url: "{url}", lab: J, concurrency: 4,
     sampling: {{temperature: 0, seed: 2}},
     cost: {{price: {{input: 3, output: 9, source: test, dated: 2026-01-01}}}}}}
"""
ONE = (
    'scorers: [{name: judge, by: arbiter, rubric: "Was the day told?", choices: {good: 1, bad: 0}}]'
)
STATED = 400
"""Tokens of each request by its vendor's word: more than half of the words that a judge is told."""
TWO = 'scorers: [{name: pairwise, by: arbiter, rubric: "Which is shorter?"}]'
OWN = "scorers: [{name: python, file: own.py, binary: true}]"
SCRIPT = """\
def score(answer, target, row):
    turns = [part.split(":")[0] for part in answer.split("\\n\\n")]
    return turns[0] == turns[-1] == "assistant" and "user" in turns and target in answer
"""


@dataclass
class Court(SimulatedDesk):
    """The desk, its users, and a judge: an answer is good if the day is told in it, and of two the
    one with fewer turns of the assistant is better.
    """

    def desk_says(self, body: dict[str, Any]) -> tuple[dict[str, Any], str]:
        if body["model"] != JUDGE:
            return super().desk_says(body)
        told = body["messages"][-1]["content"]
        pair = SHOWN.search(told)
        if pair is not None:
            one, two = (pair[side].count("assistant:") for side in ("first", "second"))
            word = "tie" if one == two else "first" if one < two else "second"
        else:
            found = FENCED.search(told)
            assert found is not None, told
            word = "good" if "comes on day" in found[2] else "bad"
        return {"role": "assistant", "content": word}, "stop"


@pytest.fixture
def court() -> Iterator[Court]:
    usage = {"prompt_tokens": STATED, "total_tokens": STATED + 10}
    yield from _serve(Court(usage=usage))  # type: ignore[misc]


@pytest.fixture
def written(tmp_path: Path, court: Court) -> Callable[[str], Path]:
    def write(scorers: str) -> Path:
        (tmp_path / "rows.jsonl").write_text(rows("talk"))
        (tmp_path / "own.py").write_text(SCRIPT)
        path = tmp_path / "desk.yaml"
        text = suite("talk", court.url).replace("scorers: [contains]", scorers)
        path.write_text(text + (JUDGES.format(url=court.url) if "arbiter" in scorers else ""))
        return path

    return write


def judged(court: Court) -> list[dict[str, Any]]:
    return [body for body in map(json.loads, court.bodies) if body["model"] == JUDGE]


def test_a_judge_reads_the_whole_conversation_once_and_is_billed_apart(
    written: Callable[[str], Path], bench: Bench, court: Court, tmp_path: Path
) -> None:
    path = written(ONE)
    planned = bench("plan", str(path))
    assert f"judge arbiter: {2 * ORDERS} calls" in planned.out, planned.out
    done = bench("run", str(path), "--json")
    assert done.code in (0, 1, 2), done.err
    asked = judged(court)
    assert len(asked) == 2 * ORDERS, "one for each conversation, none for each turn"
    for body in asked:
        assert "what the assistant said in it" in body["messages"][0]["content"]
        found = FENCED.search(body["messages"][-1]["content"])
        assert found is not None
        spoke = re.findall(r"^(user|assistant): ", found[2], re.MULTILINE)
        assert spoke in (
            ["assistant", "user", "assistant"],
            ["assistant", "user"] * 2 + ["assistant"],
        )
        assert "###STOP###" not in found[2]
    arms = figures(bench)
    assert arms["good"]["quality"]["value"] == arms["cheap"]["quality"]["value"] == 1.0
    assert arms["good"]["n_items"]["value"] == ORDERS
    bill = bills_of_html(tmp_path / done.json["report"], "judge_bill")
    call = (STATED * Decimal(3) + 10 * Decimal(9)) / 1_000_000
    assert bill["arbiter"]["total"] == 2 * ORDERS * call
    assert bill["customer"]["total"] > 0
    drawn = bench("labels", "export", "--items", "4", "--output", "labels.csv")
    assert drawn.code == 0, drawn.err
    shown = (tmp_path / "labels.csv").read_text()
    assert shown.count("assistant: Order") == 2 * ORDERS, "people read what the judge read"
    again = bench("run", "--resume", "latest", "--json")
    assert again.code in (0, 1, 2), again.err
    assert len(judged(court)) == 2 * ORDERS, "and nothing is judged twice"
    verified(bench)


def test_a_conversation_that_broke_off_is_not_judged_until_it_is_over(
    written: Callable[[str], Path], bench: Bench, court: Court, tmp_path: Path
) -> None:
    path = written(ONE)
    court.user_status = 400
    broken = bench("run", str(path), "--no-report")
    assert broken.code == 4, broken.err
    assert not judged(court)
    court.user_status = 200
    done = bench("run", "--resume", "latest", "--retry-missing", "--json")
    assert done.code in (0, 1, 2), done.err
    assert len(judged(court)) == 2 * ORDERS
    assert figures(bench)["good"]["quality"]["value"] == 1.0


def test_two_conversations_are_compared_as_wholes_in_both_orders(
    written: Callable[[str], Path], bench: Bench, court: Court
) -> None:
    path = written(TWO)
    assert f"judge arbiter: {2 * ORDERS} calls" in bench("plan", str(path)).out
    done = bench("run", str(path), "--json")
    assert done.code in (0, 1, 2), done.err
    assert len(judged(court)) == 2 * ORDERS
    arms = figures(bench)
    assert arms["good"]["quality"]["value"] == 1.0, "it needs fewer turns"
    assert arms["cheap"]["quality"]["value"] == 0.0
    verified(bench)


def test_a_script_scores_the_whole_conversation(
    written: Callable[[str], Path], bench: Bench, tmp_path: Path
) -> None:
    path = written(OWN)
    done = bench("run", str(path), "--trust", "--json")
    assert done.code in (0, 1, 2), done.err
    assert f"{2 * ORDERS} answers scored by Python beside the suite" in done.err
    arms = figures(bench)
    assert arms["good"]["quality"]["value"] == arms["cheap"]["quality"]["value"] == 1.0
    assert sum(r.call.role == "subject" and r.attempt > 0 for r in records(tmp_path)) > 2 * ORDERS
    verified(bench)
