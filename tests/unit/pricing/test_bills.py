"""Bills that are looked up are those that are worked out one by one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TypeVar

from hypothesis import given
from hypothesis import strategies as st

from claimbench.pricing.bill import cost_of_usage
from claimbench.pricing.bills import Bills
from claimbench.pricing.bounds.ceiling import TokenBound, upper_bound
from claimbench.pricing.model import Era, FxRate, Price, Rate, Terms, UnknownPrice, Variant, Window
from claimbench.types import Usage

T = TypeVar("T")
START = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
RATES = {"input": Rate(Decimal("0.27"), ((200, Decimal("0.54")),)), "output": Rate(Decimal("1.1"))}
NIGHT = {"input": Rate(Decimal("0.135")), "output": Rate(Decimal("0.55"))}


def price(second: int, currency: str) -> Price:
    """Two eras, a night's window, a holiday calendar that ends, and a batch price from a day on."""
    window = Window(
        time(22, 0, second),
        time(6, 0),
        NIGHT,
        weekdays=(0, 1, 2, 3, 4),
        holidays=(date(2026, 3, 4),),
        holidays_until=date(2026, 3, 5),
        utc_offset_h=8,
    )
    later = Era(START + timedelta(seconds=second), {**RATES, "output": Rate(Decimal(2))}, (window,))
    batch = Variant({"processing": "batch"}, {"input": Rate(Decimal("0.1"))}, START)
    return Price("p", "m", "seller", (Era(None, RATES), later), currency, (batch,), Decimal("0.9"))


FX = [
    FxRate("CNY", Decimal("0.14"), date(2026, 3, 2), "bank"),
    FxRate("CNY", Decimal("0.15"), date(2026, 3, 4), "b"),
]
MOMENTS = st.datetimes(datetime(2026, 3, 1), datetime(2026, 3, 7)).map(
    lambda m: m.replace(tzinfo=UTC)
)
NEAR = st.tuples(
    st.sampled_from(
        [START, datetime(2026, 3, 2, 22, tzinfo=UTC), datetime(2026, 3, 4, tzinfo=UTC)]
    ),
    st.integers(-90_000_000, 90_000_000),
).map(lambda pair: pair[0] + timedelta(microseconds=pair[1]))
USAGE = st.builds(
    Usage,
    input_fresh=st.sampled_from([None, 0, 100, 201]),
    cache_read=st.sampled_from([None, 50, 200]),
    output_visible=st.sampled_from([None, 1, 7]),
    output_reasoning=st.sampled_from([None, 0, 3]),
)


PRICES = (st.sampled_from([0, 17]), st.sampled_from(["USD", "CNY"]))


def tries_of(what: st.SearchStrategy[T]) -> st.SearchStrategy[list[tuple[T, datetime, str]]]:
    """What is asked for, when, and under which tier; many of one price."""
    return st.lists(
        st.tuples(what, st.one_of(MOMENTS, NEAR), st.sampled_from(["standard", "batch"])),
        max_size=40,
    )


@given(tries_of(USAGE), *PRICES)
def test_looked_up_bills(
    tries: list[tuple[Usage, datetime, str]], second: int, currency: str
) -> None:
    mine = price(second, currency)
    assert mine.changes_on_the_minute() == (second == 0)
    terms = Terms(mine, fx=FX)
    bills = Bills(terms)
    for usage, moment, tier in tries:
        assert bills.cost(usage, moment, tier) == cost_of_usage(usage, terms, moment, tier)


BOUND = st.builds(TokenBound, st.sampled_from([10, 200, 201]), st.sampled_from([1, 64]))


@given(tries_of(BOUND), *PRICES)
def test_looked_up_ceilings(
    tries: list[tuple[TokenBound, datetime, str]], second: int, currency: str
) -> None:
    mine = price(second, currency)
    terms = Terms(mine, fx=FX)
    bills = Bills(terms)
    for bound, moment, tier in tries:
        alone = or_why(lambda b=bound, m=moment, t=tier: upper_bound(b, terms, m, t))
        assert or_why(lambda b=bound, m=moment, t=tier: bills.at_most(b, m, t)) == alone


def or_why(ask: Callable[[], Decimal]) -> Decimal | str:
    try:
        return ask()
    except UnknownPrice as why:
        return str(why)
