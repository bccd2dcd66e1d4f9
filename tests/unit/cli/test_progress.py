"""What is said while a run goes on: plain lines and the live table, notes once."""

from __future__ import annotations

import io
from dataclasses import replace
from decimal import Decimal

import pytest
from rich.console import Console

from claimbench.cli.common import told
from claimbench.cli.progress import _table, dollars, duration, line, shown
from claimbench.cli.quality import QualitySoFar
from claimbench.clock import FakeClock
from claimbench.run.progress import KEPT, ArmProgress, Open, Progress, stopped_arms, tell_earlier
from claimbench.types import (
    AnswerSpec,
    Call,
    CallRecord,
    Claim,
    Intent,
    Note,
    NoteKind,
    Outcome,
    Sample,
    ScorerSpec,
    Suite,
    Task,
    Verdict,
)

S = 10**9


def progress_of(**arms: ArmProgress) -> Progress:
    return Progress(arms, 0)


@pytest.mark.parametrize(
    ("amount", "text"),
    [("0", "$0.00"), ("0.00001234", "$0.00001234"), ("0.05", "$0.05000"), ("12.346", "$12.35")],
)
def test_small_dollars_are_told_from_zero(amount: str, text: str) -> None:
    assert dollars(Decimal(amount)) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (59.4, "59 s"), (185, "3:05 min"), (7800, "2:10 h")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("bound", "in_flight", "said"),
    [
        (Decimal(0), 0, "this session $0.5000, the run $2.50  0 errors"),
        (
            Decimal("0.25"),
            2,
            "the run $2.50 + at most $0.2500 for 2 calls in flight and sent again",
        ),
        (None, 3, "the run $2.50 + unknown for 3 calls in flight and sent again"),
    ],
)
def test_a_resumed_run_tells_the_session_from_the_run(
    bound: Decimal | None, in_flight: int, said: str
) -> None:
    going = progress_of(a=ArmProgress(6, done=6, spent_usd=Decimal("0.5")))
    again = [
        Intent(f"c{n}", 1, 1, None if bound is None else bound / in_flight, "")
        for n in range(in_flight)
    ]
    tell_earlier(going, Decimal(2), Decimal(0), Open(), again)
    assert said in line(going, 6 * S)
    assert "in all" not in line(going, 6 * S)


@pytest.mark.parametrize(
    ("counted", "earlier", "said"),
    [
        ("0.0193", "0", "$0.01930 counts against limits"),
        ("0.0193", "1", "$2.02 counts against limits"),
        ("0.0000002", "0", None),
        ("0.0000001", "0", None),
    ],
)
def test_the_line_says_where_limits_count_more_than_was_charged(
    counted: str, earlier: str, said: str | None
) -> None:
    arm = ArmProgress(6, done=6)
    arm.pay(Decimal("0.0000002"), Decimal(counted), None)
    arm.pay(None, Decimal(counted), Decimal(1))
    going = progress_of(a=arm)
    if earlier != "0":
        tell_earlier(going, Decimal(1), Decimal(earlier), Open(), [])
    text = line(going, 6 * S)
    assert ("counts against limits" in text) == (said is not None)
    assert said is None or said in text


@pytest.mark.parametrize(
    ("mine", "earlier", "in_flight", "said"),
    [
        # senders that were lost, in this session alone
        (Open(3, Decimal("0.25")), None, 0, "$0.5000 + at most $0.2500 for 3 requests whose bill"),
        (Open(3, None), None, 0, "$0.5000 + unknown in all"),
        # the same in an earlier session, and a driver that was killed
        (Open(), Open(3, Decimal("0.25")), 0, "the run $2.50 + at most $0.2500 for 3 requests"),
        (
            Open(1, Decimal("0.05")),
            Open(3, Decimal("0.25")),
            2,
            "the run $2.50 + at most $0.5000 for 6 requests whose bill nobody knows (2 in flight",
        ),
        (Open(), Open(1, None), 2, "the run $2.50 + unknown for 3 requests whose bill nobody"),
    ],
)
def test_bills_that_nobody_knows_are_said_with_their_bound(
    mine: Open, earlier: Open | None, in_flight: int, said: str
) -> None:
    going = progress_of(a=ArmProgress(6, done=6, spent_usd=Decimal("0.5"), open=mine))
    again = [Intent(f"c{n}", 1, 1, Decimal("0.1"), "") for n in range(in_flight)]
    if earlier is not None:
        tell_earlier(going, Decimal(2), Decimal(0), earlier, again)
    assert said in line(going, 6 * S)


def test_places_that_were_never_asked_are_no_calls() -> None:
    ended = progress_of(a=ArmProgress(6, done=6, errors=2, not_asked=18, cut_off=12))
    said = line(ended, 6 * S)
    assert said.startswith("6/6 calls  1.0/s")
    assert "6 turns or steps not asked, for theirs had ended" in said
    assert "12 turns or steps not asked behind a fault" in said
    assert stopped_arms(ended) == (
        "a: 2 calls failed, 12 turns or steps after a fault were not asked"
    )
    assert stopped_arms(progress_of(a=ArmProgress(6, done=6, not_asked=18))) is None
    assert "not asked" not in line(progress_of(a=ArmProgress(6, done=6)), 6 * S)


def test_the_line_says_what_is_left_and_when_it_is_done() -> None:
    half = progress_of(
        a=ArmProgress(10, done=5, spent_usd=Decimal("0.5")), b=ArmProgress(10, done=5, errors=1)
    )
    assert line(half, 10 * S) == "10/20 calls  1.0/s  $0.5000 so far  1 errors  about 10 s left"
    assert line(progress_of(a=ArmProgress(10)), S).endswith("time left unknown yet")
    whole = progress_of(a=ArmProgress(10, done=10))
    assert line(whole, 5 * S) == "10/10 calls  2.0/s  $0.00 in all  0 errors  done in 5 s"
    assert (
        line(progress_of(a=ArmProgress(0)), S)
        == "nothing left to send: every planned call is finished"
    )


def test_an_arm_that_stopped_keeps_nobody_waiting() -> None:
    stopped = progress_of(a=ArmProgress(10, done=1, stopped="auth"), b=ArmProgress(10, done=9))
    assert "about 2 s left" in line(stopped, 10 * S)


def test_the_table_has_a_row_for_each_arm_with_its_dollars_and_errors() -> None:
    arms = {
        "a": ArmProgress(10, done=5, errors=2, retries=3, spent_usd=Decimal("1.5"), open=Open(1))
    }
    out = Console(file=io.StringIO(), width=120)
    out.print(_table(progress_of(**arms, b=ArmProgress(10, stopped="auth")), 10 * S))
    text = out.file.getvalue()  # type: ignore[attr-defined]  # StringIO
    assert "5/10" in text
    assert "$1.50 + unknown" in text
    assert "2 (3 retried)" in text
    assert "stopped" in text


async def test_notes_are_said_once_and_remembered() -> None:
    progress, out, said = progress_of(a=ArmProgress(1)), io.StringIO(), set[str]()
    async with shown(progress, FakeClock(), out, said):
        progress.notes.append(Note(NoteKind.ARM_STOPPED, "a stopped: auth", "a"))
    assert out.getvalue().count("note: a stopped: auth") == 1
    assert said == {"a stopped: auth"}


@pytest.mark.parametrize(("status", "sentence", "text"), [
    ("not_comparable", "Not comparable: nobody ran it.", "nobody ran it."),
    ("supported", "Supported: it: holds.", "it: holds."),
    ("supported", "All parts hold: yes.", "All parts hold: yes."),
])  # fmt: skip
def test_a_status_is_not_said_twice(status: str, sentence: str, text: str) -> None:
    claim = Claim.__new__(Claim)
    assert told(Verdict(claim, status, None, "", (), (), (), sentence)) == text  # type: ignore[arg-type]


def drawn(progress: Progress, width: int, quality: QualitySoFar | None = None) -> str:
    """What a terminal of this width shows."""
    out = Console(file=io.StringIO(), width=width)
    out.print(_table(progress, 10 * S, quality, width))
    text: str = out.file.getvalue()  # type: ignore[attr-defined]  # StringIO
    return text


def test_the_last_row_adds_up_all_arms() -> None:
    arms = {
        "a": ArmProgress(10, done=5, errors=2, spent_usd=Decimal("1.5")),
        "b": ArmProgress(30, done=15, errors=1, spent_usd=Decimal("2.25")),
    }
    total = drawn(progress_of(**arms), 120).splitlines()[-1]
    assert total.split()[0] == "all"
    for cell in ("20/40", "2.0", "$3.75", "3"):
        assert cell in total.split(), cell


def test_the_budget_that_is_left_is_said_where_there_is_one() -> None:
    progress = progress_of(a=ArmProgress(10, done=5))
    assert "budget" not in drawn(progress, 120) + line(progress, 10 * S)
    progress.left_usd = lambda: Decimal("4.95")
    assert "$4.95 of the budget left" in drawn(progress, 120)
    assert line(progress, 10 * S).endswith("$4.95 of the budget left")


@pytest.mark.parametrize("done", [0, 1, 4])
def test_time_left_is_not_guessed_from_a_few_calls(done: int) -> None:
    progress = progress_of(a=ArmProgress(100, done=done))
    assert "time left unknown yet" in line(progress, 10 * S)
    assert drawn(progress, 120).splitlines()[1].rstrip().endswith("-")


def test_time_left_is_said_from_five_calls_on() -> None:
    progress = progress_of(a=ArmProgress(100, done=5))
    assert "about 3:10 min left" in line(progress, 10 * S)
    assert "3:10 min" in drawn(progress, 120)


@pytest.mark.parametrize("width", [60, 80, 100, 140])
@pytest.mark.parametrize(
    "name",
    ["gpt-5-mini", "anthropic-claude-sonnet-4-5-eu", "a-name-of-an-arm-that-goes-on-and-on-x"],
)
def test_names_and_numbers_are_never_cut(name: str, width: int) -> None:
    arm = ArmProgress(12_000, done=11_999, errors=123, retries=45, spent_usd=Decimal("1234.56"))
    arm.open = Open(3)
    text = drawn(progress_of(**{name: arm}), width)
    assert name in "".join(text.split()) or name in "".join(
        row.split(" ")[0] for row in text.splitlines()
    )
    assert "11999/12000" in text
    assert "…" not in text
    assert all(len(row) <= width for row in text.splitlines())


def routed(*labels: str) -> Suite:
    """A suite of one task whose samples are right with these labels."""
    samples = tuple(
        Sample(f"t{i}", {"text": "x"}, label, f"t{i}") for i, label in enumerate(labels)
    )
    task = Task(
        "route", samples, (), (), AnswerSpec("label", ("yes", "no")), (ScorerSpec("label"),), 8
    )
    suite = Suite.__new__(Suite)
    object.__setattr__(suite, "tasks", (task,))
    return suite


def answered(i: int, text: str, arm: str = "a", role: str = "subject") -> CallRecord:
    call = Call("r", f"c{i}{arm}", "route", f"t{i}", 0, arm, 1, i, role)  # type: ignore[arg-type]
    return CallRecord(call, text, Outcome.OK, "stop", 1)


def test_quality_so_far_counts_the_answers_that_were_looked_at() -> None:
    quality, progress = QualitySoFar(routed(*["yes"] * 10)), progress_of(a=ArmProgress(10, done=8))
    progress.recent.extend(answered(i, "yes" if i < 6 else "no") for i in range(8))
    quality.take(progress, 4)
    assert quality.of("a") == ""  # four answers say nothing yet
    assert len(progress.recent) == 4
    quality.take(progress)
    assert quality.of("a") == "75%"
    assert "right so far: a 75% of 8" in line(progress, 10 * S, quality)
    assert "75%" in drawn(progress, 120, quality)
    assert "75%" in drawn(progress, 80, quality)
    progress.arms["a"].done = 10
    assert "75%" not in line(progress, 10 * S, quality), "a few answers are no result of the run"
    assert "75%" not in drawn(progress, 120, quality)


def test_judges_long_answers_and_strange_samples_are_not_looked_at() -> None:
    quality, progress = QualitySoFar(routed(*["yes"] * 10)), progress_of(a=ArmProgress(10))
    progress.recent.extend(answered(i, "yes", "judge", "judge") for i in range(6))
    progress.recent.extend(answered(i, "yes" + " " * 5_000, "b") for i in range(6))
    progress.recent.extend(answered(i + 90, "yes", "c") for i in range(6))
    quality.take(progress, 100)
    assert quality.arms == ()
    assert "right so far" not in line(progress, 10 * S, quality)


@pytest.mark.parametrize("scorer", ["regex", "judge", "checks", "no-such-scorer"])
def test_slow_and_foreign_scorers_are_left_alone(scorer: str) -> None:
    suite = routed("yes")
    (task,) = suite.tasks
    object.__setattr__(suite, "tasks", (replace(task, scorers=(ScorerSpec(scorer),)),))
    progress = progress_of(a=ArmProgress(10))
    progress.recent.append(answered(0, "yes"))
    quality = QualitySoFar(suite)
    quality.take(progress)
    assert quality.arms == ()


def test_a_run_that_nobody_watches_keeps_few_answers() -> None:
    progress = progress_of(a=ArmProgress(10))
    progress.recent.extend(answered(0, "yes") for _ in range(KEPT + 100))
    assert len(progress.recent) == KEPT


def test_a_limited_arm_its_pace_and_who_waits_are_said() -> None:
    progress = progress_of(a=ArmProgress(10, 6), b=ArmProgress(10, 6))
    progress.held_back = lambda: "a rate limited: 3 refused, next in 12 s, b waits for it"
    assert "  a rate limited: 3 refused, next in 12 s, b waits for it" in line(progress, 10 * S)
    console = Console(file=io.StringIO(), width=120)
    console.print(_table(progress, 10 * S))
    assert "a rate limited: 3 refused" in console.file.getvalue()  # type: ignore[attr-defined]
