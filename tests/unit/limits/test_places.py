"""Places of a key: fewer after a refusal, more again with answers."""

from __future__ import annotations

import asyncio

from claimbench.limits.learned_rate import HOLD
from claimbench.limits.places import Places


def test_a_refusal_takes_a_fifth_and_never_the_last_one() -> None:
    places = Places(10)
    assert places.limit == 10
    places.cut(at_random=False)
    assert places.limit == 8
    for _ in range(30):
        places.cut(at_random=False)
    assert places.limit == 1


def test_answers_lead_back_to_what_was_under_way_and_slower_beyond() -> None:
    places = Places(10)
    for _ in range(9):
        places.take()
    places.cut(at_random=False)  # 8 of 10, with 9 under way
    grown = [n for n in range(1, HOLD) if (places.grow(n), places.limit)[1] > 8]
    assert grown[0] == 4  # a quarter each
    assert places.limit == 9  # no further before the hold is over
    for n in range(HOLD, HOLD + 10):
        places.grow(n)
    assert places.limit == 10
    places.grow(HOLD + 10)
    assert places.limit == 10


def test_refusals_at_random_do_not_lower_the_ceiling() -> None:
    places = Places(10)
    places.take()
    places.cut(at_random=True)
    for _ in range(8):
        places.grow(1)
    assert places.limit == 10


def test_leaving_wakes_who_waits() -> None:
    async def main() -> None:
        places = Places(1)
        places.take()
        waiting = asyncio.ensure_future(places.wait())
        await asyncio.sleep(0)
        assert not waiting.done()
        places.leave()
        await waiting
        assert places.taken == 0

    asyncio.run(main())
