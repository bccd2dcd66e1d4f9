"""What is said while a run goes on: plain lines and the live table, notes once."""

from __future__ import annotations

import io
from decimal import Decimal

import pytest
from rich.console import Console

from claimbench.cli.common import told
from claimbench.cli.progress import _table, dollars, duration, line, shown
from claimbench.clock import FakeClock
from claimbench.run.progress import ArmProgress, Progress
from claimbench.types import Claim, Note, NoteKind, Verdict

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
    arms = {"a": ArmProgress(10, done=5, errors=2, retries=3, spent_usd=Decimal("1.5"), unpriced=1)}
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
