"""The bill of a month and of years: figures of :mod:`claimbench.economics.volume` in words and
rounded.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from claimbench.economics.volume.compare import BillBreakEven, Crossover
from claimbench.economics.volume.months import Bill, cash_of
from claimbench.economics.volume.outlook import Outlook
from claimbench.privacy.visible import visible
from claimbench_reports.view.format import Figure, count, figure, percent
from claimbench_reports.view.inputs import ReportData
from claimbench_reports.view.types import (
    BillBarView,
    Fact,
    ForecastView,
    MonthView,
    OutlookView,
    ScenarioView,
    TotalView,
)

HORIZONS = (12, 36)
"""Months whose totals are shown, beside all months reckoned with."""
MOST_BARS = 6
"""Bars that are shown of one arm, the widest first."""


@dataclass(frozen=True, slots=True)
class _Money:
    """Dollars -> figures in the currency that is asked for; unknown without a rate."""

    currency: str
    usd_per_unit: float | None

    def of(
        self, id_: str, usd: float | None, span: tuple[float, float] | None = None, note: str = ""
    ) -> Figure:
        rate = self.usd_per_unit
        if rate is None or (usd is None and span is None):
            return figure(id_, None, "usd", note=note)
        low, high = (None, None) if span is None else (end / rate for end in span)
        unit = "usd" if self.currency == "USD" else "amount"
        value = None if usd is None else usd / rate
        made = figure(id_, value, unit, low=low, high=high, note=note)
        if self.currency == "USD":
            return made
        interval = f"{made.interval} {self.currency}" if made.interval else ""
        text = made.text if value is None else f"{made.text} {self.currency}"
        return replace(made, text=text, interval=interval)


def outlook_view(data: ReportData) -> OutlookView | None:
    """Return the arms' bills; None where no volume is stated."""
    found = None if data.economics is None else data.economics.outlook
    if found is None:
        return None
    money = _Money(found.volume.currency, found.usd_per_unit)
    unknown = [Fact(visible(arm), visible(why)) for arm, why in found.unknown]
    if found.usd_per_unit is None:
        unknown.append(Fact(found.volume.currency, visible(found.why_no_rate)))
    return OutlookView(
        figure("outlook.requests", found.volume.requests, "count"),
        found.volume.currency,
        _sentence(found),
        tuple(_forecast(bill, found, money) for bill in found.bills),
        tuple(unknown),
        (
            *(visible(_break_even(one, found)) for one in found.break_even),
            *(visible(_crossover(one, found)) for one in found.crossovers),
        ),
        tuple(_bars(found, money)),
        tuple(
            ScenarioView(
                visible(one.arm),
                visible(one.what),
                money.of(f"outlook.{one.arm}.if.{one.what}", one.usd),
                visible(one.note),
            )
            for one in found.scenarios
        ),
        tuple(visible(text) for text in found.assumptions),
    )


def horizons(found: Outlook) -> list[int]:
    """Return the numbers of months whose totals are shown."""
    most = found.volume.months
    return sorted({*(months for months in HORIZONS if months <= most), most})


def _months(count: int) -> str:
    return "1 month" if count == 1 else f"{count} months"


def _sentence(found: Outlook) -> str:
    volume = found.volume
    span = ""
    if volume.low is not None and volume.high is not None:
        span = f" ({count(volume.low)} to {count(volume.high)})"
    return (
        f"{count(volume.requests)} requests a month{span} in the first month, over"
        f" {_months(volume.months)}, in {volume.currency}."
    )


def _forecast(bill: Bill, found: Outlook, money: _Money) -> ForecastView:
    id_ = f"outlook.{bill.arm}"
    first = bill.months[0]
    note = (
        level_note(bill) if bill.month_span else f"no interval: {bill.why_no_interval or 'unknown'}"
    )
    if not bill.known:
        note = "; ".join(filter(None, ["some requests have no known dollars", note]))
    machines = first.machines if bill.measured.host is not None else None
    usd = bill.month_usd if bill.known else None
    totals = [_total(id_, months, bill, money) for months in horizons(found)]
    rate = found.volume.discount_rate
    present = bill.present_value(rate) if rate and bill.known else None
    return ForecastView(
        visible(bill.arm),
        money.of(f"{id_}.month", usd, bill.month_span, visible(note)),
        figure(f"{id_}.machines", machines, "count", unknown="none"),
        figure(f"{id_}.utilisation", first.utilisation, "percent", unknown="none"),
        tuple(totals),
        money.of(f"{id_}.present_value", present),
        visible(bill.measured.at),
        tuple(_month(id_, at, bill, money) for at in range(len(bill.months))),
    )


def level_note(bill: Bill) -> str:
    """Say the level of a bill's interval where it is not the 95% that the page speaks of."""
    ends = bill.interval
    if ends is None or ends[0] == ends[1] or bill.level == 0.95:
        return ""
    return f"{100 * bill.level:.4g}% interval"


def _total(id_: str, months: int, bill: Bill, money: _Money) -> TotalView:
    cost = bill.total(months) if bill.known else None
    paid = bill.cash(months) if bill.known else None
    paid_span = None
    if not bill.known and bill.low is not None and bill.high is not None:
        low, high = (cash_of(end, months) for end in (bill.low, bill.high))
        paid_span = (low, high)
    return TotalView(
        months,
        _or_range(money.of(f"{id_}.total_{months}", cost, bill.span(months), level_note(bill))),
        _or_range(money.of(f"{id_}.paid_{months}", paid, paid_span)),
    )


def _or_range(made: Figure) -> Figure:
    """Show the range in place of an unknown amount."""
    return replace(made, text=made.interval) if made.value is None and made.interval else made


def _month(id_: str, at: int, bill: Bill, money: _Money) -> MonthView:
    month = bill.months[at]
    id_ = f"{id_}.{month.month}"
    cost: float | None = month.usd
    paid: float | None = month.cash_usd
    spans: tuple[tuple[float, float] | None, tuple[float, float] | None] = (None, None)
    if not bill.known:
        cost = paid = None
        if bill.low is not None and bill.high is not None:
            low, high = bill.low[at], bill.high[at]
            spans = (low.usd, high.usd), (low.cash_usd, high.cash_usd)
    return MonthView(
        month.month,
        figure(f"{id_}.requests", month.requests, "count"),
        _or_range(money.of(f"{id_}.cost", cost, spans[0])),
        money.of(f"{id_}.once", month.once_usd),
        _or_range(money.of(f"{id_}.paid", paid, spans[1])),
        figure(f"{id_}.machines", month.machines or None, "count", unknown="none"),
    )


def _break_even(one: BillBreakEven, found: Outlook) -> str:
    at = next(bill.measured.at for bill in found.bills if bill.arm == one.arm)
    everything = f"over {_months(found.volume.months)}, training and one-off costs included; {at}"
    if one.requests_per_month is None:
        return f"{one.arm} costs more than {one.rival} at every volume ({everything})."
    if one.requests_per_month <= 1:
        return f"{one.arm} costs less than {one.rival} at every volume ({everything})."
    used = "" if one.utilisation is None else f", {percent(one.utilisation)} of what they can serve"
    word = "machine" if one.machines == 1 else "machines"
    text = (
        f"{one.arm} costs less than {one.rival} from {count(one.requests_per_month)} requests a"
        f" month on: {one.machines} {word}{used} ({everything})."
    )
    if not one.always:
        text += " Not at every higher volume: each further machine has to be filled."
    return text


def _crossover(one: Crossover, found: Outlook) -> str:
    if one.month is None:
        return (
            f"{one.arm} costs less a month than {one.rival}, and does not pay for itself within"
            f" {_months(found.volume.months)}."
        )
    return (
        f"{one.arm} pays for itself against {one.rival} by month {one.month}: from then on less"
        " has been paid in all."
    )


def _bars(found: Outlook, money: _Money) -> list[BillBarView]:
    shown = []
    for arm, bars in found.tornados:
        for bar in bars[:MOST_BARS]:
            id_ = f"outlook.{arm}.tornado.{bar.what}"
            shown.append(
                BillBarView(
                    visible(arm),
                    visible(bar.what),
                    bar.low_label,
                    bar.high_label,
                    money.of(f"{id_}.low", bar.low_usd),
                    money.of(f"{id_}.high", bar.high_usd),
                )
            )
    return shown
