"""The bill of a month and of years: figures of :mod:`claimbench.economics.volume` in words and
rounded.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from claimbench.economics.volume.compare import BillBreakEven, Crossover
from claimbench.economics.volume.months import Bill, Month
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
        if usd is None or rate is None:
            return figure(id_, None, "usd", note=note)
        low, high = (None, None) if span is None else (end / rate for end in span)
        unit = "usd" if self.currency == "USD" else "amount"
        made = figure(id_, usd / rate, unit, low=low, high=high, note=note)
        if self.currency == "USD":
            return made
        interval = f"{made.interval} {self.currency}" if made.interval else ""
        return replace(made, text=f"{made.text} {self.currency}", interval=interval)


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
    note = "" if bill.month_span else f"no interval: {bill.why_no_interval or 'unknown'}"
    machines = first.machines if bill.measured.host is not None else None
    totals = [
        TotalView(
            months,
            money.of(f"{id_}.total_{months}", bill.total(months), bill.span(months)),
            money.of(f"{id_}.paid_{months}", bill.cash(months)),
        )
        for months in horizons(found)
    ]
    rate = found.volume.discount_rate
    return ForecastView(
        visible(bill.arm),
        money.of(f"{id_}.month", bill.month_usd, bill.month_span, visible(note)),
        figure(f"{id_}.machines", machines, "count", unknown="none"),
        figure(f"{id_}.utilisation", first.utilisation, "percent", unknown="none"),
        tuple(totals),
        money.of(f"{id_}.present_value", bill.present_value(rate) if rate else None),
        visible(bill.measured.at),
        tuple(_month(f"{id_}.{month.month}", month, money) for month in bill.months),
    )


def _month(id_: str, month: Month, money: _Money) -> MonthView:
    return MonthView(
        month.month,
        figure(f"{id_}.requests", month.requests, "count"),
        money.of(f"{id_}.cost", month.usd),
        money.of(f"{id_}.once", month.once_usd),
        money.of(f"{id_}.paid", month.cash_usd),
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
