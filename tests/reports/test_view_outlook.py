"""The bill of a month in every format: the same figures, computed in one place."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from claimbench.economics.volume.compare import bill_break_even, crossover
from claimbench.economics.volume.months import Measured, bill_of
from claimbench.economics.volume.outlook import Outlook, assumptions_of
from claimbench.economics.volume.scenarios import Scenario
from claimbench.economics.volume.stated import Volume
from claimbench.economics.volume.tornado import bill_tornado
from claimbench.pricing.hosts import HostCost
from claimbench.privacy.redact import Redactor
from claimbench_reports.formats.console import plain_summary
from claimbench_reports.formats.exports import view_json
from claimbench_reports.formats.html import render_html
from claimbench_reports.formats.xlsx import write_xlsx
from claimbench_reports.view.build import build_view
from claimbench_reports.view.inputs import Economics, ReportData
from claimbench_reports.view.types import Fact, View

VOLUME = Volume(2e6, discount_rate=0.08, assumed_peak=True)
API = Measured("api <b>", usd_per_request=0.000775, at="dollars per request as measured")
RENT = Measured(
    "rent",
    host=HostCost(Decimal(1), usd_per_hour=Decimal("2.5")),
    requests_per_hour=218_500,
    at="218,500 requests an hour, measured at 32 in flight",
)


def outlook(volume: Volume = VOLUME, per_unit: float | None = 1.0) -> Outlook:
    bills = [
        bill_of(API, volume, (0.0007, 0.0008)),
        bill_of(RENT, volume, None, "4 time blocks, 10 needed"),
    ]
    turned = crossover(bills[1], bills[0])
    return Outlook(
        volume,
        tuple(bills),
        (("gone", "no price is known"),),
        (bill_break_even(RENT, API, volume),),
        () if turned is None else (turned,),
        tuple((bill.arm, bill_tornado(bill.measured, volume)) for bill in bills),
        (Scenario("api <b>", "40% of the requests in batches", None, "no batch price is known"),),
        tuple(assumptions_of(volume, bills)),
        per_unit,
        "" if per_unit else "no dated, sourced rate for EUR",
    )


def view(data: ReportData, found: Outlook) -> View:
    return build_view(replace(data, economics=Economics(outlook=found)), Redactor())


@pytest.fixture
def shown(data: ReportData) -> View:
    return view(data, outlook())


def test_the_worked_example_is_the_same_in_terminal_html_json_and_workbook(
    shown: View, tmp_path: Path
) -> None:
    from openpyxl import load_workbook

    text, html = plain_summary(shown), render_html(shown)
    exported = json.loads(view_json(shown))["outlook"]["arms"]
    for figure in ("$1,550", "$1,825", "$55,800", "$65,700"):
        assert figure in text
        assert figure in html
    assert [arm["month"]["value"] for arm in exported] == pytest.approx([1550, 1825])
    assert len(exported[0]["months"]) == 36
    write_xlsx(shown, tmp_path / "x.xlsx")
    book = load_workbook(tmp_path / "x.xlsx")
    assert [book["A month"].cell(row, 2).value for row in (2, 3)] == pytest.approx([1550, 1825])
    assert book["Month by month"].max_row == 1 + 2 * 36


def test_intervals_reasons_and_assumptions_stand_beside_the_figures(shown: View) -> None:
    assert shown.outlook is not None
    api, rent = shown.outlook.arms
    assert api.month.interval == "$1,400 to $1,600"
    assert rent.month.note == "no interval: 4 time blocks, 10 needed"
    assert [fact.value for fact in shown.outlook.unknown] == ["no price is known"]
    facts = [("gone", "no price"), ("idle", "it was not run"), ("lost", "no price")]
    several = replace(shown.outlook, unknown=tuple(Fact(*fact) for fact in facts))
    assert several.without_bill == [
        "gone, lost: no bill, because no price",
        "idle: no bill, because it was not run",
    ]
    said = " ".join(shown.outlook.comparisons)
    assert "rent costs less than api <b> from 2,354,839 requests a month on" in said
    assert "measured at 32 in flight" in said
    assert any("4 times" in text and "assumed" in text for text in shown.outlook.assumptions)
    assert api.present_value.value is not None
    assert api.present_value.value < 55_800


def test_foreign_names_are_escaped(shown: View) -> None:
    html = render_html(shown)
    assert "api &lt;b&gt;" in html
    assert "api <b>" not in html


def test_another_currency_is_said_at_every_amount_and_unknown_without_a_rate(
    data: ReportData,
) -> None:
    euros = replace(VOLUME, currency="EUR")
    made = view(data, outlook(euros, 1.25)).outlook
    assert made is not None
    assert (made.arms[0].month.text, made.arms[0].month.unit) == ("1,240 EUR", "amount")
    assert made.arms[0].month.interval == "1,120 to 1,280 EUR"
    lost = view(data, outlook(euros, None)).outlook
    assert lost is not None
    assert lost.arms[0].month.value is None
    assert "rate for EUR" in lost.unknown[-1].value


def test_without_a_volume_nothing_is_said_of_months(
    data: ReportData,
) -> None:
    made = build_view(replace(data, economics=Economics()), Redactor())
    assert made.outlook is None
    assert "What a month costs" not in plain_summary(made)
    assert 'id="outlook"' not in render_html(made)


def withheld(volume: Volume = VOLUME) -> Outlook:
    """Return an outlook in which the endpoint's dollars are known only within bounds."""
    vague = replace(bill_of(API, volume, (0.0, 0.0016)), known=False)
    found = outlook(volume)
    rent = found.bills[1]
    return replace(
        found,
        bills=(vague, rent),
        break_even=(),
        crossovers=(),
        tornados=(),
        scenarios=(),
        assumptions=tuple(assumptions_of(volume, [vague, rent])),
    )


def test_dollars_within_bounds_are_a_range_and_no_figure(data: ReportData) -> None:
    made = view(data, withheld())
    assert made.outlook is not None
    api = made.outlook.arms[0]
    assert (api.month.text, api.month.value, api.month.interval) == (
        "unknown",
        None,
        "$0.00 to $3,200",
    )
    assert [total.cost.text for total in api.totals] == ["$0.00 to $38,400", "$0.00 to $115,200"]
    assert {total.paid.value for total in api.totals} == {None}
    assert {figure.value for one in api.months for figure in (one.cost, one.paid)} == {None}
    assert api.present_value.value is None
    text = plain_summary(made)
    assert "$1,550" not in text
    assert "known only within bounds" in text


@pytest.mark.parametrize("per_unit", [0.5, 2.0, None])
def test_a_range_is_shown_in_the_currency_that_is_asked_for(
    data: ReportData, per_unit: float | None
) -> None:
    euros = replace(VOLUME, currency="EUR")
    found = replace(withheld(euros), usd_per_unit=per_unit)
    made = view(data, found).outlook
    assert made is not None
    assert made.arms[0].month.value is None
    shown = "" if per_unit is None else f"0.00 to {3200 / per_unit:,.0f} EUR"
    assert made.arms[0].month.interval == shown
    assert made.arms[0].months[0].cost.text == (shown or "unknown")
