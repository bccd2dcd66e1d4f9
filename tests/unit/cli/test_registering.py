"""What a run says of a registration's time stamp before it sends anything."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from claimbench.cli.proof.registering import _say_when


@pytest.mark.parametrize("ahead", [timedelta(hours=1), timedelta(days=3), timedelta(days=400)])
def test_a_stamp_that_has_not_come_yet_is_said(
    ahead: timedelta, capsys: pytest.CaptureFixture[str]
) -> None:
    stamp = datetime.now(UTC) + ahead
    _say_when(stamp)
    assert f"its time stamp says {stamp:%Y-%m-%d %H:%M:%S}" in capsys.readouterr().err


@pytest.mark.parametrize("before", [None, timedelta(seconds=1), timedelta(days=3)])
def test_no_stamp_and_one_of_before_say_nothing(
    before: timedelta | None, capsys: pytest.CaptureFixture[str]
) -> None:
    _say_when(None if before is None else datetime.now(UTC) - before)
    assert capsys.readouterr().err == ""
