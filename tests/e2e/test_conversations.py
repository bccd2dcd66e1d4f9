"""Conversations through ``bench``: the model's own answers carried on, faults that end them, kill -9 and resume."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from claimbench.store.results import ResultsStore
from claimbench.types import CallRecord, Outcome

from .conftest import LABELS, Said, Vendor, _serve, environment
from .forked import BENCH

Bench = Callable[..., Said]
TALKS = 12
TURNS = 3


@dataclass
class Talker(Vendor):
    """A vendor that answers with a label and what it had said before, so that every answer tells
    which history it was given. ``number`` of a turn: conversation x 10 + turn.
    """

    said: dict[str, str] = field(default_factory=dict)
    empty: Callable[[int], bool] = lambda _number: False

    def reply(self, number: int, _text: str) -> str:
        if self.empty(number):
            return ""
        talk, turn = divmod(number, 10)
        right = talk % 100 < self.right or turn == 1
        label = LABELS[(talk + turn) % 3] if right else "nothing"
        return f"{label} is my word {number}"


@pytest.fixture
def talker() -> Iterator[Talker]:
    yield from _serve(Talker())  # type: ignore[misc]


@pytest.fixture
def other() -> Iterator[Talker]:
    yield from _serve(Talker(right=50))  # type: ignore[misc]


SUITE = """\
name: talks
version: 1-0
sampling: {{temperature: 0, seed: 1}}
errors: {{max_retries: 1, backoff_s: 0.01, timeout_s: 20, connect_timeout_s: 2}}
tasks:
  - name: talk
    dataset: {{path: talks.jsonl, id: id, target: last}}
    prompt: [{{system: "Be brief."}}, {{conversation: turns}}]
    answer: {{type: text}}
    scorers: [contains]
    max_tokens: 8
arms:
  - {{name: good, provider: openai, model: big-1, base_url: "{good}", api_key_env: GOOD_KEY,
     concurrency: 4, cost: {{price: {{input: 1, output: 4, source: test, dated: 2026-01-01}}}}}}
  - {{name: cheap, provider: openai, model: small-1, base_url: "{cheap}",
     concurrency: 4, cost: {{price: {{input: 0.05, output: 0.2, source: test, dated: 2026-01-01}}}}}}
claims:
  - {{id: cheaper, claim: "80% cheaper than good", arm: cheap}}
  - {{id: as-good, claim: "as accurate as good", arm: cheap}}
"""


@pytest.fixture
def talks(tmp_path: Path, talker: Talker, other: Talker) -> Path:
    """Twelve conversations of three turns: the first has no target, the second its own, the last
    the row's.
    """
    rows = []
    for talk in range(TALKS):
        turns = [
            f"ask #{talk * 10 + 1} hello",
            {"user": f"ask #{talk * 10 + 2} and then?", "target": LABELS[(talk + 2) % 3]},
            f"ask #{talk * 10 + 3} so which?",
        ]
        rows.append({"id": f"c{talk}", "turns": turns, "last": LABELS[(talk + 3) % 3]})
    (tmp_path / "talks.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    path = tmp_path / "talks.yaml"
    path.write_text(SUITE.format(good=talker.url, cheap=other.url))
    return path


def records(folder: Path) -> list[CallRecord]:
    with ResultsStore.open(folder / "results", create=False, read_only=True) as store:
        run = store.runs()[-1].run_id
        store.verify(run)
        return list(store.records(run))


def number_of(message: dict[str, Any]) -> int:
    return int(message["content"].split("#")[1].split()[0])


def test_each_turn_sends_the_models_own_earlier_answers(
    talks: Path, bench: Bench, talker: Talker
) -> None:
    done = bench("run", str(talks), "--json", "--no-report")
    assert done.code in (0, 1, 2), done.err
    assert len(talker.bodies) == TALKS * TURNS
    for body in map(json.loads, talker.bodies):
        messages = body["messages"]
        asked = number_of(messages[-1])
        turn = asked % 10
        assert [m["role"] for m in messages] == ["system"] + ["user", "assistant"] * (turn - 1) + [
            "user"
        ]
        for index, message in enumerate(messages[2:-1:2]):
            own = talker.reply(asked - turn + 1 + index, "")
            assert message["content"] == own, "the model's own words stand between the turns"
    found = records(talks.parent)
    assert len(found) == 2 * TALKS * TURNS
    shown = bench("show", "--json").json
    arms = {
        row["arm"]: dict(row["figures"]) for row in shown["arms"] if row["scope"] == "all tasks"
    }
    assert arms["good"]["n_items"]["value"] == TALKS * 2, "first turns have no target"
    assert arms["good"]["quality"]["value"] == 1.0
    assert arms["good"]["n_missing"]["value"] == 0
    assert (arms["good"]["n_empty"]["value"], arms["good"]["n_not_asked"]["value"]) == (0, 0)
    assert arms["good"]["usd_1k"]["value"] is not None


def test_a_turn_that_a_fault_met_ends_its_conversation_and_is_mended_by_retry_missing(
    talks: Path, bench: Bench, talker: Talker
) -> None:
    talker.down = lambda number: number in (22, 51)
    first = bench("run", str(talks), "--json", "--no-report")
    assert first.code == 4, first.err
    view = json.loads(bench("export", "--format", "json").out)
    (good,) = [arm for arm in view["beside"]["turns"][0]["arms"] if arm["arm"] == "good"]
    counted = [(turn["asked"]["value"], turn["ended"]["value"]) for turn in good["turns"]]
    assert counted == [(TALKS, 0), (TALKS - 1, 1), (TALKS - 2, 2)], "not asked after a fault"
    assert "never asked: 3 of good's 36 requests" in str(view["verdicts"])
    by = {r.call.sample_id: r for r in records(talks.parent) if r.call.arm == "good"}
    assert by["c2:1"].outcome is Outcome.OK
    assert by["c2:2"].outcome is Outcome.SERVER_FAULT
    assert by["c2:3"].outcome is Outcome.CANCELLED
    assert by["c2:3"].error == "not asked: turn 2 ended the conversation (server_fault)"
    assert by["c5:3"].error == "not asked: turn 1 ended the conversation (server_fault)"
    asked = Counter(talker.asked)
    assert not [text for text in asked if "#23 " in text or "#52 " in text or "#53 " in text]
    talker.down = lambda number: number == 51
    half = bench("run", "--resume", "latest", "--retry-missing", "--no-report")
    assert half.code == 4, half.err
    talker.down = lambda _number: False
    last = bench("run", "--resume", "latest", "--retry-missing", "--json", "--no-report")
    assert last.code in (0, 1, 2), last.err
    again = Counter(talker.asked) - asked
    assert {text.split()[1] for text in again} == {"#22", "#23", "#51", "#52", "#53"}
    assert Counter(r.outcome for r in records(talks.parent)) == {Outcome.OK: 2 * TALKS * TURNS}


def test_a_turn_that_the_model_left_empty_ends_its_conversation_at_score_0(
    talks: Path, bench: Bench, talker: Talker
) -> None:
    talker.empty = lambda number: number in (31, 72)
    done = bench("run", str(talks), "--json", "--no-report")
    assert done.code in (0, 1, 2), done.err
    by = {r.call.sample_id: r for r in records(talks.parent) if r.call.arm == "good"}
    assert by["c3:1"].outcome is Outcome.EMPTY
    assert by["c3:2"].outcome is by["c3:3"].outcome is by["c7:3"].outcome is Outcome.ENDED
    assert by["c7:3"].error == "not asked: turn 2 ended the conversation (empty)"
    arms = {
        row["arm"]: dict(row["figures"])
        for row in bench("show", "--json").json["arms"]
        if row["scope"] == "all tasks"
    }
    wrong = 2 + 2  # both scored turns of c3; of c7 the second (empty) and the third (not asked)
    assert arms["good"]["quality"]["value"] == pytest.approx(1 - wrong / 24)
    assert arms["good"]["n_missing"]["value"] == 0
    assert (arms["good"]["n_empty"]["value"], arms["good"]["n_not_asked"]["value"]) == (2, 3)


@pytest.mark.parametrize("share", [0.25, 0.6])
def test_kill_9_and_resume_go_on_from_the_stored_answers_and_pay_nothing_twice(
    talks: Path, bench: Bench, talker: Talker, other: Talker, share: float
) -> None:
    talker.delay_s = other.delay_s = 0.05
    results = talks.parent / "results"
    wanted = share * 2 * TALKS * TURNS
    talker.hold_after = other.hold_after = math.ceil(wanted / 2)
    with subprocess.Popen(
        [*BENCH, "run", str(talks)],
        cwd=talks.parent,
        env=environment(),
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    ) as process:
        deadline = time.monotonic() + 120
        while finished(results) < wanted and time.monotonic() < deadline:
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
    talker.hold_after = other.hold_after = None
    kept = {r.call.id: r.text for r in records(talks.parent)}
    assert wanted <= len(kept) < 2 * TALKS * TURNS
    asked_before = Counter(talker.asked)
    said = bench("run", "--resume", "latest", "--json", "--no-report")
    assert said.code in (0, 1, 2), said.err
    with ResultsStore.open(results, create=False, read_only=True) as store:
        run = said.json["run"]
        counts = Counter(record.call.id for record in store.records(run, replaced=True))
        assert set(counts.values()) == {1}
        assert len(counts) == 2 * TALKS * TURNS
        in_flight = {intent.call_id for intent in store.unfinished_intents(run)}
        store.verify(run)
    after = Counter(talker.asked)
    assert sum(times - 1 for times in after.values()) <= len(in_flight)
    assert sum(asked_before.values()) < sum(after.values())
    for body in map(json.loads, talker.bodies):
        asked = number_of(body["messages"][-1])
        for index, message in enumerate(body["messages"][2:-1:2]):
            assert message["content"] == talker.reply(asked - asked % 10 + 1 + index, "")


def finished(results: Path) -> int:
    try:
        with ResultsStore.open(results, create=False, read_only=True) as store:
            runs = store.runs()
            return len(store.finished(runs[-1].run_id)) if runs else 0
    except Exception:  # noqa: BLE001 - not there yet
        return 0


def test_arms_hold_as_many_conversations_at_once_as_they_take_requests(
    talks: Path, bench: Bench, talker: Talker
) -> None:
    talker.delay_s = 0.05
    assert bench("run", str(talks), "--arm", "good", "--no-report").code in (0, 1, 2)
    place = defaultdict(list)
    for at, text in enumerate(talker.asked):
        place[int(text.split("#")[1].split()[0]) // 10].append(at)
    first_four = sorted(place, key=lambda talk: place[talk][0])[:4]
    assert max(place[talk][0] for talk in first_four) <= 4, "four conversations begin side by side"


def test_the_plan_grows_with_what_was_said_before(talks: Path, bench: Bench) -> None:
    whole = bench("plan", str(talks), "--json").json
    rows = [json.loads(line) for line in (talks.parent / "talks.jsonl").read_text().splitlines()]
    alone = []
    for row in rows:
        for index, turn in enumerate(row["turns"]):
            text = turn if isinstance(turn, str) else turn["user"]
            alone.append({"id": f"{row['id']}-{index}", "turns": [text], "last": row["last"]})
    (talks.parent / "talks.jsonl").write_text("".join(json.dumps(row) + "\n" for row in alone))
    apart = bench("plan", str(talks), "--json").json
    big, small = (next(a for a in plan["arms"] if a["arm"] == "good") for plan in (whole, apart))
    assert big["calls"] == small["calls"] == TALKS * TURNS
    assert big["input_tokens"] > 1.3 * small["input_tokens"]
    assert float(big["usd_bound"]) > float(small["usd_bound"])


@pytest.mark.parametrize(
    ("turns", "says"),
    [
        ("hello", "is 'hello', not a list of the user's turns"),
        ([], "the conversation has no turn"),
        (["a", {"role": "assistant", "content": "b"}], "turn 2 is the assistant's"),
        (["a", "  "], "turn 2 says nothing"),
        (["a", {"usr": "b"}], "turn 2 has 'usr'; known: user, target"),
        (["a", 7], "turn 2 is 7, not a text or {user: text, target: …}"),
    ],
)
def test_rows_that_are_no_conversation_are_errors_with_their_line(
    talks: Path, bench: Bench, turns: Any, says: str
) -> None:
    lines = (talks.parent / "talks.jsonl").read_text().splitlines()
    lines[4] = json.dumps({"id": "c4", "turns": turns, "last": "tech"})
    (talks.parent / "talks.jsonl").write_text("\n".join(lines) + "\n")
    done = bench("validate", str(talks))
    assert done.code == 3
    assert says in done.err
    assert "talks.jsonl:5" in done.err


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("{conversation: turns}]", "{conversation: turns}, {user: 'and?'}]", "last entry"),
        (
            "claims:",
            "load: {mode: open, rate_per_s: 2}\nclaims:",
            "an open load sends by the clock",
        ),
        ("target: last", "target: []", "no turn has a target"),
        ("max_tokens: 8", "few_shot: [{turns: [a], last: b}]\n    max_tokens: 8", "few_shot"),
        ("{conversation: turns}", "{conversation: trns}", "did you mean 'turns'"),
    ],
)
def test_suites_that_cannot_hold_a_conversation_are_errors(
    talks: Path, bench: Bench, old: str, new: str, says: str
) -> None:
    text = talks.read_text()
    assert old in text
    talks.write_text(text.replace(old, new))
    if says.startswith("no turn"):
        lines = (
            (talks.parent / "talks.jsonl")
            .read_text()
            .replace('"target"', '"role": "user", "target"')
        )
        rows = [json.loads(line) for line in lines.splitlines()]
        rows[2]["turns"][1].pop("target")
        (talks.parent / "talks.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    done = bench("validate", str(talks))
    assert done.code == 3, done.out
    assert says in done.err
