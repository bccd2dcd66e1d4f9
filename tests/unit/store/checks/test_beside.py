"""What a process beside verifies of a large run changes nothing that is found or said."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.unit.store.conftest import RUN, Make
from tests.unit.store.test_verify import copy, tamper, whole

from claimbench.errors import IntegrityError
from claimbench.store.checks import beside
from claimbench.store.results import ResultsStore

__all__ = ["copy", "whole"]

CHANGES = {
    "plan": "UPDATE calls SET task = 'other' WHERE call_id = 'call-3'",
    "intents": "UPDATE intents SET reserved_usd = '0' WHERE seq = 2",
    "rules": "UPDATE attempts SET call_id = 'call-9', body = replace(body, 'call-5', 'call-9')"
    " WHERE call_id = 'call-5'",
    "another run": "UPDATE intents SET seq = seq + 1 WHERE seq = (SELECT max(seq) FROM intents)",
}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[beside.Found | None]]:
    """Let every run be large enough; gives what each process found."""
    answers: list[beside.Found | None] = []
    found = beside.Beside.found

    def seen(self: beside.Beside, connection: Any) -> beside.Found | None:
        answers.append(found(self, connection))
        return answers[-1]

    monkeypatch.setattr(beside, "FROM_ROWS", 0)
    monkeypatch.setattr(beside.os, "cpu_count", lambda: 2)
    monkeypatch.setattr(beside.Beside, "found", seen)
    return answers


def test_a_whole_run_is_verified_beside(
    copy: ResultsStore, asked: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("broken_rules", "folds_at"):
        monkeypatch.setattr(f"claimbench.store.verify.{name}", None)
    assert copy.verify(RUN) == 1 + 7 + 7
    (found,) = asked
    assert found.planned[0] == found.planned[1]
    assert found.begun[1].rows == 8


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_fault_is_found_in_the_same_words(
    copy: ResultsStore, change: str, asked: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    tamper(copy, change)
    with pytest.raises(IntegrityError) as here:
        copy.verify(RUN)
    monkeypatch.setattr(beside, "FROM_ROWS", 100)
    with pytest.raises(IntegrityError) as alone:
        copy.verify(RUN)
    assert str(here.value) == str(alone.value)
    assert len(asked) <= 1


def test_what_holds_of_another_moment_is_not_believed(
    copy: ResultsStore, make: Make, asked: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = beside._moment

    def later(connection: Any, run_id: str) -> list[int | None]:
        return [*moment(connection, run_id)[:-1], 9]

    monkeypatch.setattr(beside, "_moment", later)
    assert copy.verify(RUN) == 1 + 7 + 7
    assert asked == [None]


@pytest.mark.parametrize("program", ["", "print('{}')", "print('[1]')", "raise SystemExit(3)"])
def test_a_process_that_fails_is_done_without(
    copy: ResultsStore, asked: list[Any], monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    start = subprocess.Popen

    def other(_command: list[str], **options: Any) -> Any:
        return start([sys.executable, "-c", program], **options)

    monkeypatch.setattr(beside.subprocess, "Popen", other)
    assert copy.verify(RUN) == 1 + 7 + 7
    assert asked == [None]


def test_a_machine_that_starts_no_process_verifies_all_the_same(
    copy: ResultsStore, asked: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise BlockingIOError

    monkeypatch.setattr(beside.subprocess, "Popen", refused)
    assert copy.verify(RUN) == 1 + 7 + 7
    assert asked == []


def test_small_runs_start_none(copy: ResultsStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beside.subprocess, "Popen", None)
    assert copy.verify(RUN) == 1 + 7 + 7


def test_the_process_takes_nothing_from_the_folder_of_the_user(
    copy: ResultsStore, asked: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('another json')")
    monkeypatch.chdir(tmp_path)
    assert copy.verify(RUN) == 1 + 7 + 7
    assert None not in asked
