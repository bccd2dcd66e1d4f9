"""The states of a key's gate and what leads from one to the other, refusal by refusal."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from claimbench.clock import FakeClock
from claimbench.limits.key_gate import KeyGate, Said, Ticket
from claimbench.limits.pacing import ArmPace
from claimbench.types import RateLimits


class Key:
    """A gate, its clock and one arm, step by step."""

    def __init__(self, most: int = 4) -> None:
        self.clock = FakeClock()
        self.gate = KeyGate("k", most, self.clock, backoff_s=1.0, backoff_max_s=5.0)
        self.pace = ArmPace(RateLimits())

    def enter(self) -> Ticket:
        ticket = asyncio.run(
            self.gate.enter(self.pace, 1, 1, self.clock.sleep_until, lambda: False)
        )
        assert ticket is not None
        return ticket

    def leave(
        self,
        ticket: Ticket,
        *,
        refused: bool = False,
        retry_after_s: float | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.clock.advance(0.1)
        said = Said(refused, not refused, retry_after_s, headers or {}, None)
        self.gate.leave(self.pace, ticket, said)

    def now_s(self) -> float:
        return self.clock.monotonic_ns() / 1e9 - 1.0

    def events(self) -> list[tuple[str, float | None]]:
        return [(change.event, change.pause_s) for change in self.gate.history]


def test_open_to_asking_and_back() -> None:
    key = Key()
    key.leave(key.enter(), refused=True)
    assert key.gate.concurrency == 1
    ticket = key.enter()
    assert key.now_s() == pytest.approx(1.1)  # one backoff after the refusal
    key.leave(ticket)
    assert key.gate.concurrency == 3  # 4, less a fifth, and the answer's quarter of a place
    assert key.events()[0] == ("refused", 1.0)


def test_asking_in_vain_doubles_the_pause_up_to_its_limit() -> None:
    key = Key()
    for _ in range(5):
        key.leave(key.enter(), refused=True)
    assert key.events() == [
        ("refused", 1.0),
        ("refused again", 2.0),
        ("refused again", 4.0),
        ("refused again", 5.0),
        ("refused again", 5.0),
    ]
    assert key.gate.concurrency == 1


def test_a_named_time_pauses_and_asks_nothing() -> None:
    key = Key()
    key.leave(key.enter(), refused=True, retry_after_s=7.0)
    assert key.gate.concurrency == 3
    key.enter()
    assert key.now_s() == pytest.approx(7.1)
    assert key.events() == [("refused", 7.0)]


def test_a_named_time_ends_asking() -> None:
    key = Key()
    key.leave(key.enter(), refused=True)
    key.leave(key.enter(), refused=True, retry_after_s=7.0)
    assert key.gate.concurrency == 2
    assert [event for event, _ in key.events()] == ["refused", "refused"]


def test_refusals_of_what_was_under_way_are_the_same_refusal_once_more() -> None:
    key = Key()
    first, second = key.enter(), key.enter()
    key.leave(first, refused=True)
    key.leave(second, refused=True)
    assert key.events() == [("refused", 1.0)]
    third = key.enter()
    assert key.now_s() == pytest.approx(1.1)
    key.leave(third)
    assert key.gate.concurrency == 3


def test_an_answer_to_what_was_under_way_does_not_end_asking() -> None:
    key = Key()
    first, second = key.enter(), key.enter()
    key.leave(first, refused=True)
    key.leave(second)
    assert key.gate.concurrency == 1


def test_a_seldom_refusal_pauses_and_changes_nothing_else() -> None:
    key = Key()
    for _ in range(30):
        key.leave(key.enter())
    key.leave(key.enter(), refused=True)
    assert key.gate.concurrency == 4
    assert key.events() == [("refused, but seldom", 1.0)]


def test_headers_pause_an_open_gate() -> None:
    key = Key()
    headers = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "3s"}
    key.leave(key.enter(), headers=headers)
    assert key.gate.concurrency == 4
    key.enter()
    assert key.now_s() == pytest.approx(3.1)
    assert key.events() == [("the server's headers say that nothing is left", 3.0)]


def test_a_named_time_that_is_never_true_is_kept_for_so_many_refusals_only() -> None:
    key = Key(most=1)
    for _ in range(5):
        key.leave(key.enter(), refused=True, retry_after_s=0.0)
        key.clock.advance(0.001)
    assert [pause for _, pause in key.events()] == [0.0, 0.0, 1.0, 2.0, 4.0]
    key.leave(key.enter())
    key.leave(key.enter(), refused=True, retry_after_s=0.0)
    assert key.events()[-1][1] == 0.0


def test_it_says_for_how_long_it_holds_back() -> None:
    key = Key()
    assert not key.gate.is_limiting
    key.leave(key.enter(), refused=True, retry_after_s=7.0)
    assert key.gate.is_limiting
    assert key.gate.held_s == pytest.approx(7.0)
