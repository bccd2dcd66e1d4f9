"""What conversations came to, told by few of their turns."""

from __future__ import annotations

import pytest

from claimbench.evaluation.lines.dialogue_lines import _AtTurn, _minutes, _told, _usd
from claimbench.types import Call, CallRecord, Outcome


def turns(*scores: float | None) -> list[_AtTurn]:
    return [_AtTurn(n, score, f"turn {n}") for n, score in enumerate(scores, start=1)]


@pytest.mark.parametrize(
    ("scores", "said"),
    [
        ((1.0,), "turn 1"),
        ((None,), "turn 1"),
        ((1.0, 0.5), "turn 1; turn 2 (the worst)"),
        ((1.0, 1.0, 0.2, 1.0, 1.0), "turn 1; turn 2; turn 3 (the worst); turn 5; 1 more turns"),
        ((0.0, 1.0, None, 1.0), "turn 1 (the worst); turn 2; turn 4; 1 more turns"),
        ((None, None, None, None), "turn 1; turn 2; turn 4; 1 more turns"),
        ((1.0,) * 59 + (0.0,), "turn 1; turn 2; turn 60 (the worst); 57 more turns"),
    ],
)
def test_first_last_and_worst_turns_are_told(scores: tuple[float | None, ...], said: str) -> None:
    assert _told(turns(*scores)) == said


@pytest.mark.parametrize(
    ("total", "by", "said"),
    [(0.000024, 2, "$0.000012"), (24.6, 2, "$12.30"), (None, 2, "dollars unknown")],
)
def test_dollars_are_those_of_every_page_without_an_exponent(
    total: float | None, by: int, said: str
) -> None:
    assert _usd(total, by) == said


@pytest.mark.parametrize(
    ("seconds", "attempts", "said"),
    [
        ({"0": 60.0, "1": 120.0}, (1, 1), "1.5 minutes"),
        ({"0": 60.0}, (1, 1), "unknown minutes"),
        ({}, (1, 1), "unknown minutes"),
        ({"0": 60.0}, (1, 0), "0.5 minutes"),
        ({"0": 0.0, "1": 60.0}, (1, 2), "0.5 minutes"),
    ],
)
def test_minutes_of_an_episode_without_a_time_are_unknown(
    seconds: dict[str, float], attempts: tuple[int, ...], said: str
) -> None:
    records = [
        CallRecord(
            Call("r", str(number), "t", str(number), 0, "a", 0, number), "", Outcome.OK, None, tries
        )
        for number, tries in enumerate(attempts)
    ]
    assert _minutes(records, seconds, 2) == said
