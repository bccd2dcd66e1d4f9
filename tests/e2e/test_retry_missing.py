"""Calls that failed, asked again: nothing that was answered is, and what they cost is counted once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from claimbench.store.results import ResultsStore
from claimbench.types import Call, Outcome

from .conftest import Said, Vendor, _serve
from .judge_vendor import JudgeVendor, judged

Bench = Callable[..., Said]


@pytest.fixture
def arbiter() -> Iterator[JudgeVendor]:
    yield from _serve(JudgeVendor())  # type: ignore[misc]


def ids(folder: Path, *, role: str = "subject") -> Counter[Outcome]:
    """The outcomes that count, of the latest run."""
    with ResultsStore.open(folder / "results", create=False, read_only=True) as store:
        run = store.runs()[-1].run_id
        store.verify(run)
        records = list(store.records(run))
        assert len({record.call.id for record in records}) == len(records)
        return Counter(record.outcome for record in records if record.call.role == role)


def test_what_failed_is_asked_again_and_what_was_answered_is_not(
    desk: Path, bench: Bench, vendor: Vendor, rival: Vendor
) -> None:
    vendor.down = lambda number: number % 10 == 3
    first = bench("run", str(desk), "--json", "--no-report")
    assert first.code == 4, first.err
    assert "12 calls failed; with --retry-missing they are asked again" in first.err
    assert f"bench run --resume {first.json['run']} --retry-missing" in first.err
    assert ids(desk.parent) == {Outcome.OK: 228, Outcome.SERVER_FAULT: 12}
    asked = Counter(vendor.asked)
    again = bench("run", "--resume", "latest", "--no-report")
    assert again.code == 0, again.err
    assert Counter(vendor.asked) == asked, "without the option a failed call is finished"
    vendor.down = lambda number: number == 13
    half = bench("run", "--resume", "latest", "--retry-missing", "--no-report")
    assert half.code == 4, half.err
    assert "asked again: 12 calls that had failed in an earlier session" in half.err
    vendor.down = lambda _number: False
    last = bench("run", "--resume", "latest", "--retry-missing", "--json")
    assert last.code in (1, 2), last.err
    assert "asked again: 1 calls" in last.err
    assert ids(desk.parent) == {Outcome.OK: 240}
    assert max(Counter(rival.asked).values()) == 1
    sent = Counter(vendor.asked)
    assert {text for text, times in sent.items() if times > 1} == {
        t for t, times in asked.items() if times > 1
    }
    assert sent["ticket #13 please help"] == 3 + 3 + 1
    assert sent["ticket #23 please help"] == 3 + 1
    with ResultsStore.open(desk.parent / "results", create=False, read_only=True) as store:
        run = store.runs()[-1].run_id
        kept = Counter(
            record.call.sample_id
            for record in store.records(run, replaced=True)
            if _good(record.call)
        )
        numbers = sorted(
            a.number
            for a in store.attempts(run)
            if _sample(store, run)[a.call_id] == ("good", "t13")
        )
    assert (kept["t13"], kept["t23"], kept["t4"]) == (3, 2, 1), "every failure stays on record"
    assert numbers == [1, 2, 3, 4, 5, 6, 7]
    arms = {
        row["arm"]: row
        for row in bench("show", "--json").json["arms"]
        if row["scope"] == "all tasks"
    }
    assert dict(arms["good"]["figures"])["quality"]["value"] == pytest.approx(0.8333, abs=0.01)
    usd = 24 * 1 + 2 * 4  # micro-dollars: 24 tokens in, 2 out; a 503 costs nothing
    assert dict(arms["good"]["figures"])["usd_1k"]["value"] == pytest.approx(usd / 1000)
    assert "12 calls that had failed" in (desk.parent / last.json["report"]).read_text()


def _good(call: Call) -> bool:
    return call.arm == "good"


def _sample(store: ResultsStore, run: str) -> dict[str, tuple[str, str]]:
    return {call.id: (call.arm, call.sample_id) for call in store.calls(run)}


def test_a_mended_key_leaves_no_call_behind(desk: Path, bench: Bench, vendor: Vendor) -> None:
    vendor.status = 401
    first = bench("run", str(desk), "--limit", "20", "--no-report")
    assert first.code == 4
    assert ids(desk.parent)[Outcome.AUTH] >= 1
    vendor.status = 200
    again = bench("run", "--resume", "latest", "--retry-missing", "--no-report")
    assert again.code == 0, again.err
    assert ids(desk.parent) == {Outcome.OK: 40}


def test_judges_are_asked_again_too_and_about_answers_that_came_late(
    desk: Path, bench: Bench, vendor: Vendor, arbiter: JudgeVendor
) -> None:
    desk.write_text(judged(desk.read_text(), arbiter.url))
    vendor.down = lambda number: number % 7 == 1
    arbiter.down = lambda number: number % 5 == 2
    first = bench("run", str(desk), "--limit", "30", "--no-report")
    assert first.code == 4, first.err
    judged_once = Counter(arbiter.asked)
    failed = (
        ids(desk.parent)[Outcome.SERVER_FAULT]
        + ids(desk.parent, role="judge")[Outcome.SERVER_FAULT]
    )
    assert f"({failed} calls failed; with" in first.err, "what a judge was not asked did not fail"
    before = ids(desk.parent, role="judge")
    assert before[Outcome.SERVER_FAULT] > 0
    assert before[Outcome.CANCELLED] == ids(desk.parent)[Outcome.SERVER_FAULT] > 0
    vendor.down = arbiter.down = lambda _number: False
    again = bench("run", "--resume", "latest", "--retry-missing", "--no-report")
    assert again.code == 0, again.err
    assert f"asked again: {failed} calls" in again.err
    assert ids(desk.parent) == {Outcome.OK: 60}
    assert ids(desk.parent, role="judge") == {Outcome.OK: 60}
    twice = sum(times > 1 for times in Counter(arbiter.asked).values())
    assert twice == sum(times > 1 for times in judged_once.values())


def test_what_a_look_has_seen_stays_missing(desk: Path, bench: Bench, vendor: Vendor) -> None:
    vendor.down = lambda number: number % 10 == 3
    first = bench("run", str(desk), "--until-decided", "--no-report")
    assert "look 1 of 5" in first.err
    asked = len(vendor.asked)
    vendor.down = lambda _number: False
    again = bench("run", "--resume", "latest", "--retry-missing", "--until-decided", "--no-report")
    assert "because a look was taken with them missing" in again.err
    assert len(vendor.asked) == asked


def test_the_option_needs_a_run(desk: Path, bench: Bench) -> None:
    said = bench("run", str(desk), "--retry-missing")
    assert said.code == 3
    assert "add --resume RUN" in said.err
