"""Conversations by turn in a report, and claims about turns, from a run on loopback vendors."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from statistics import fmean
from typing import Any

import openpyxl
import pytest

from claimbench.types import Outcome

from .conftest import Said
from .test_conversations import TALKS, TURNS, Talker, other, records, talker, talks
from .test_tools import verified

Bench = Callable[..., Said]
__all__ = ["other", "talker", "talks"]
CLAIMS = """\
  - {id: keeps, claim: "keeps its accuracy over three turns", arm: good}
  - {id: last, claim: "good is as accurate in turn 3 as in turn 2"}
  - {id: dear, claim: "good costs at least 1% more in turn 3 than in turn 1"}
  - {id: talk, claim: "cheap costs 80% less per conversation than good"}
  - {id: third, claim: "cheap is as accurate as good in the third turn"}
  - {id: limit, claim: "cheap costs less than $0.01 per conversation"}
"""


def shown(bench: Bench) -> dict[str, Any]:
    made = bench("export", "--format", "json", "--output", "report.json", "--force")
    assert made.code == 0, made.err
    return json.loads(Path("report.json").read_text())


@pytest.fixture
def claimed(talks: Path) -> Path:
    """The suite with claims about turns; its first turns have no target."""
    talks.write_text(talks.read_text() + CLAIMS)
    return talks


def test_a_claim_about_a_turn_without_target_is_an_error_before_anything_is_sent(
    claimed: Path, bench: Bench, talker: Talker
) -> None:
    refused = bench("run", str(claimed))
    assert refused.code == 3
    assert "no answer to turn 1 has a target" in refused.err
    assert not talker.asked


def test_the_report_shows_turns_and_claims_about_them_are_judged(
    claimed: Path, bench: Bench, talker: Talker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lines = claimed.read_text().splitlines(keepends=True)
    claimed.write_text("".join(line for line in lines if "id: keeps" not in line))
    talker.empty = lambda number: number == 12  # conversation 1 ends with its second turn
    assert bench("plan", str(claimed)).code == 0
    done = bench("run", str(claimed), "--json")
    assert done.code in (0, 1, 2), done.err
    report = shown(bench)
    (task,) = report["beside"]["turns"]
    assert task["conversations"]["value"] == TALKS
    arms = {arm["arm"]: arm for arm in task["arms"]}
    found = [r for r in records(tmp_path) if r.call.arm == "good"]
    for turn in arms["good"]["turns"]:
        n = turn["number"]
        mine = [r for r in found if r.call.sample_id.endswith(f":{n}")]
        asked = [r for r in mine if r.attempt > 0]
        assert turn["asked"]["value"] == len(asked)
        assert turn["ended"]["value"] == len(mine) - len(asked) == (n == 3)
        assert turn["ttft"]["value"] > 0
    assert arms["good"]["turns"][0]["quality"]["text"] == "no target"
    second = arms["good"]["turns"][1]["quality"]["value"]
    right = [r.outcome is Outcome.OK for r in found if r.call.sample_id.endswith(":2")]
    assert second == pytest.approx(fmean(right)), "its answers are right where it answers"
    tokens = [turn["tokens_in"]["value"] for turn in arms["good"]["turns"]]
    usd = [turn["usd_1k"]["value"] for turn in arms["good"]["turns"]]
    assert len(tokens) == len(usd) == TURNS
    whole = arms["good"]["conversation_usd"]
    assert whole["note"].startswith("11 of 12 conversations: those whose every turn was asked")
    assert (arms["good"]["whole"]["value"], arms["cheap"]["whole"]["value"]) == (11, 12)
    page = (tmp_path / done.json["report"]).read_text()
    assert 'id="turns"' in page
    assert "talk: by turn" in page, "the chart and its title"
    assert "no target" in page
    verdicts = {v["claim"]["id"]: v for v in done.json["verdicts"]}
    assert verdicts["last"]["read_as"].startswith("good/turn 3's accuracy")
    assert verdicts["third"]["claim"]["treatments"] == ["cheap/turn 3"]
    for verdict in verdicts.values():
        if verdict["claim"]["id"] in {"last", "dear", "talk", "third", "limit"}:
            assert any(f.startswith("by_turn") for f in verdict["flags"]), verdict["flags"]
    said = {v["claim"]["id"]: " ".join(v["flags"]) for v in done.json["verdicts"]}
    assert "12 conversations with turns 2 and 3" in said["last"]
    told = "conversations answered to their end: cheap/conversation 12 of 12, good/conversation 11"
    assert told in said["talk"]
    assert "cut short: 1 of good/conversation's 12 requests" in said["talk"]
    assert "some calls failed" not in said["talk"]
    assert "11 of 12 conversations" in page
    made = bench("export", "--format", "xlsx", "--output", "report.xlsx", "--force")
    assert made.code == 0, made.err
    sheet = openpyxl.load_workbook(tmp_path / "report.xlsx")["By turn"]
    assert [row[2].value for row in sheet.iter_rows(min_row=2)][-1] == "whole: 12 of 12"
    verified(bench)
