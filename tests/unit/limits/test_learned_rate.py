"""The rate that is learned from refusals, step by step."""

from __future__ import annotations

import pytest

from claimbench.limits.learned_rate import (
    GONE,
    HOLD,
    MARGIN,
    SLOW_HOLD_S,
    SLOW_STEP,
    SLOW_STEP_S,
    STEP,
    STEP_EVERY,
    TELLING,
    UNLEARN,
    LearnedRate,
)

SECOND = 1_000_000_000


def learned(accepted: int = 100, span_s: float = 10.0) -> LearnedRate:
    rate = LearnedRate()
    rate.learn(accepted, span_s, 0, 0)
    return rate


def test_it_stays_a_margin_below_what_was_accepted() -> None:
    assert learned(100, 10.0).per_s == pytest.approx(10 * (1 - MARGIN))


def test_two_accepted_requests_teach_nothing() -> None:
    assert learned(2, 0.01).per_s is None


def test_it_never_falls_below_half_at_once() -> None:
    rate = learned(100, 10.0)
    before = rate.per_s
    rate.learn(10, 100.0, 0, 0)
    assert before is not None
    assert rate.per_s == pytest.approx(before / 2)


def test_after_a_short_while_it_falls_to_four_fifths_only() -> None:
    rate = learned(100, 10.0)
    before = rate.per_s
    rate.learn(1, 1.0, 0, 0)
    assert before is not None
    assert rate.per_s == pytest.approx(0.8 * before)


def test_refusals_that_keep_coming_lower_it_further() -> None:
    rate = learned(100, 10.0)
    found = []
    for _ in range(3):
        rate.learn(1, 1.0, 0, 0)
        found.append(rate.per_s)
    assert found[0] == found[1] == pytest.approx(7.6)
    assert found[2] == pytest.approx(3.8)


def test_it_never_rises_by_a_refusal() -> None:
    rate = learned(100, 10.0)
    before = rate.per_s
    rate.learn(100, 1.0, 0, 0)
    assert rate.per_s == before


def test_two_requests_may_go_together_then_it_spaces_them() -> None:
    rate = learned(100, 10.0)
    assert rate.per_s is not None
    now = 100 * SECOND
    for _ in range(2):
        assert rate.ready_ns() <= now
        rate.spend(now, at_once=8)
    assert rate.ready_ns() == pytest.approx(now, abs=2)
    rate.spend(now, at_once=8)
    assert rate.ready_ns() == pytest.approx(now + SECOND / rate.per_s, abs=2)


def test_requests_go_on_at_the_end_of_the_pause() -> None:
    rate = LearnedRate()
    rate.learn(100, 10.0, 0, 7 * SECOND)
    assert rate.ready_ns() == 7 * SECOND


def test_an_unknown_rate_holds_nothing_back() -> None:
    rate = LearnedRate()
    rate.spend(SECOND, at_once=1)
    assert rate.ready_ns() == 0


def test_steps_are_due_after_the_hold_and_then_every_so_often() -> None:
    rate = learned()
    due = [n for n in range(1, HOLD + 2 * STEP_EVERY + 1) if rate.may_rise(n, 0)]
    assert due == [HOLD, HOLD + STEP_EVERY, HOLD + 2 * STEP_EVERY]
    assert not LearnedRate().may_rise(HOLD, 0)


def test_the_first_steps_are_small_and_grow_beyond_the_old_rate() -> None:
    rate = learned()
    before = rate.per_s
    rate.rise(0)
    assert before is not None
    assert rate.per_s == pytest.approx(before * (1 + STEP))
    ratios = []
    for _ in range(12):
        before = rate.per_s
        rate.rise(0)
        ratios.append((rate.per_s or 0) / before)
    assert ratios[0] == pytest.approx(1 + STEP)
    assert ratios[-1] > 1.1
    assert rate.is_probing
    rate.restart_steps(0)
    before = rate.per_s
    rate.rise(0)
    assert (rate.per_s or 0) / (before or 1) == pytest.approx(1 + STEP)


def test_a_limit_that_is_gone_is_given_up() -> None:
    rate = learned()
    seen = []
    while rate.per_s is not None:
        seen.append(rate.per_s)
        rate.rise(0)
    assert GONE / 1.6 <= seen[-1] / seen[0] <= GONE
    assert rate.ready_ns() == 0
    assert not rate.is_given_up  # another limit may be learned at once


def refused_at_our_pace(rate: LearnedRate, accepted: int) -> int:
    """Refuse until the rate is given up; gives how many refusals that took."""
    for n in range(1, 13):
        if rate.learn(accepted, accepted / (0.9 * (rate.per_s or 1)), 0, 0):
            return n
    raise AssertionError("never given up")


def test_two_refusals_as_learned_and_none_beyond_are_found_to_be_random() -> None:
    assert refused_at_our_pace(learned(), TELLING) == 2


def test_four_cuts_at_our_own_pace_that_help_nothing_are_found_to_be_random() -> None:
    """Each takes 0.9 x 0.95 of the rate: after the third it is below three quarters."""
    assert refused_at_our_pace(learned(), TELLING - 1) == 4


def test_refusals_of_faster_rates_only_are_a_limit() -> None:
    rate = learned()
    for _ in range(20):
        for n in range(HOLD + 1):
            rate.count_answer(n)
        assert not rate.learn(TELLING, 10.0, HOLD, 0)
    assert rate.per_s is not None


def test_nothing_is_learned_for_a_while_after_refusals_at_random() -> None:
    rate = learned()
    refused_at_our_pace(rate, TELLING)
    assert rate.per_s is None
    assert rate.is_given_up
    rate.learn(100, 10.0, 0, 0)
    assert rate.per_s is None
    for _ in range(UNLEARN):
        rate.count_answer(0)
    assert not rate.is_given_up
    rate.learn(100, 10.0, 0, 0)
    assert rate.per_s is not None


def test_refusals_in_quick_succession_are_learned_from_all_the_same() -> None:
    rate = learned()
    refused_at_our_pace(rate, TELLING)
    for _ in range(2):
        rate.learn(4, 1.0, 0, 0)
        assert rate.per_s is None
    rate.learn(4, 1.0, 0, 0)
    assert rate.per_s == pytest.approx(4 * (1 - MARGIN))


def test_it_is_never_slower_than_one_request_in_the_longest_pause() -> None:
    rate = LearnedRate(longest_s=20.0)
    rate.learn(3, 3.0, 0, 0)
    for _ in range(3):
        for _ in range(3):
            rate.learn(1, 1_000.0, 0, 0)
    assert rate.per_s == pytest.approx(1 / 20)
    free = LearnedRate(longest_s=0.0)
    free.learn(100, 10.0, 0, 0)
    assert free.per_s is None


def test_refusals_at_our_own_pace_are_no_limit_however_few_were_accepted() -> None:
    rate = learned(100, 10.0)
    cuts = 0
    while rate.per_s is not None:
        rate.learn(1, 1 / rate.per_s, 0, 0)
        cuts += 1
    assert rate.is_given_up
    assert 4 <= cuts <= 10


def test_a_slow_rate_rises_with_time_before_its_answers_are_enough() -> None:
    rate = learned(30, 600.0)
    before = rate.per_s
    assert before is not None
    hold, step = round(SLOW_HOLD_S * SECOND), round(SLOW_STEP_S * SECOND)
    assert not rate.may_rise(5, hold - 1)
    assert rate.may_rise(5, hold)
    rate.rise(hold)
    assert rate.per_s == pytest.approx(before * (1 + SLOW_STEP))
    assert not rate.may_rise(6, hold + step - 1)
    assert rate.may_rise(6, hold + step)
    rate.restart_steps(hold + step)
    assert not rate.may_rise(7, hold + 2 * step)
