"""Refusals that are seldom, and refusals that come at any rate."""

from __future__ import annotations

import pytest

from claimbench.limits.refusals import ENOUGH, MOST_USUAL, RECENT, RefusalShare, Tally


def shares(answered: int, refused: int) -> RefusalShare:
    share = RefusalShare()
    for _ in range(answered):
        share.count(refused=False)
    for _ in range(refused):
        share.count(refused=True)
    return share


@pytest.mark.parametrize(
    ("answered", "refused", "rare"),
    [
        (ENOUGH - 2, 1, False),  # too few to say so
        (ENOUGH - 1, 1, True),
        (ENOUGH, 2, False),
        (RECENT - 3, 3, True),  # 1.5%
        (RECENT - 4, 4, False),
    ],
)
def test_seldom(answered: int, refused: int, rare: bool) -> None:
    assert shares(answered, refused).is_rare is rare


def test_old_requests_are_forgotten() -> None:
    share = shares(0, 50)
    for _ in range(RECENT):
        share.count(refused=False)
    assert share.is_rare


def test_twice_the_usual_share_is_still_rare() -> None:
    share = shares(RECENT - 4, 4)
    share.take_as_usual()  # 2%
    for _ in range(4):
        share.count(refused=True)  # 8 of 200
    assert share.is_rare
    share.count(refused=True)
    assert not share.is_rare


def test_no_more_than_a_few_percent_are_taken_as_usual() -> None:
    share = shares(RECENT // 2, RECENT // 2)
    share.take_as_usual()
    most = int(2 * MOST_USUAL * RECENT)
    again = [n < most for n in range(RECENT)]
    for refused in again:
        share.count(refused=refused)
    assert share.is_rare
    for _ in range(RECENT - most - 1):
        share.count(refused=False)
    share.count(refused=True)
    share.count(refused=True)
    assert share.is_rare  # the first ones have gone


def test_as_bad_as() -> None:
    assert not Tally(10, 1).as_bad_as(Tally(10, 1))  # one refusal says nothing
    assert Tally(100, 2).as_bad_as(Tally(100, 2))
    assert Tally(100, 2).as_bad_as(Tally())
    assert not Tally(1000, 2).as_bad_as(Tally(100, 20))


def test_forgetting_halves_both() -> None:
    tally = Tally(10, 3)
    tally.forget()
    assert (tally.answered, tally.refused) == (5, 1.5)
