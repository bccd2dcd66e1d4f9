"""What-if, charts and decision in a real Chromium: typed, linked, printed, without script."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from claimbench.economics.volume.months import bill_of
from claimbench.economics.volume.outlook import Outlook
from claimbench_reports.formats.pdf import find_browser

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_browser() is None, reason="Chromium is not installed"),
]
Open = Callable[..., Any]


def months(page: Any) -> list[str]:
    cells = page.locator("#w-table tbody tr td:nth-child(2)")
    return [cells.nth(i).inner_text().split("\n")[0] for i in range(cells.count())]


def test_typing_changes_the_bill_and_the_address_and_reset_brings_both_back(
    opened: Open, report: Path, outlook: Outlook
) -> None:
    page = opened(report.as_uri())
    before = page.locator("#w-table").inner_text()
    assert months(page) == ["$1,395", "$1,825"]
    page.fill("#w-requests", "4,000,000")
    twice = bill_of(outlook.bills[0].measured, outlook.volume.at(4e6))
    cell = page.locator("#w-table tbody tr:first-child td:nth-child(2)")
    assert float(cell.get_attribute("data-v")) == pytest.approx(twice.month_usd, abs=0.01)
    assert page.url.endswith("#w.requests=4%2C000%2C000")
    said = page.locator("#w-said").inner_text()
    assert said.startswith("What-if, not the declared case. Requests a month: 4,000,000 instead of")
    page.click("#w-arms summary")
    page.fill("#w-0-discount", "20")
    page.fill("#w-0-cached", "50")
    page.fill("#w-1-hourly", "1.25")
    assert "coder-local, price per machine hour: $1.25 instead of $2.5" in said_now(page)
    link = page.url
    shown = page.locator("#w-table").inner_text()
    again = opened(link)
    assert again.locator("#w-table").inner_text() == shown
    page.click("#w-reset")
    assert page.locator("#w-table").inner_text() == before
    assert page.locator("#w-said").inner_text() == "As declared."
    again = page.locator("#w-table tbody tr:first-child td:nth-child(2)")
    assert float(again.get_attribute("data-v")) == pytest.approx(1395)
    assert "#" not in page.url


def said_now(page: Any) -> str:
    return str(page.locator("#w-said").inner_text())


def test_machines_can_be_set_and_too_few_are_said(opened: Open, report: Path) -> None:
    page = opened(report.as_uri())
    page.click("#w-arms summary")
    page.fill("#w-1-machines", "3")
    assert months(page)[1] == "$5,475"
    page.fill("#w-requests", "200000000")
    assert months(page)[1] == "too few: the busiest hour needs 6"
    page.fill("#w-requests", "10000000000000")
    page.fill("#w-1-machines", "")
    assert months(page)[1].startswith("$")


@pytest.mark.parametrize("bad", ["", "abc", "-1", "0", "1,5", "1e99", "NaN", "0x10", "1 000 x"])
def test_what_is_no_number_is_said_and_nothing_is_reckoned(
    opened: Open, report: Path, bad: str
) -> None:
    page = opened(report.as_uri())
    page.fill("#w-requests", bad)
    assert months(page) == ["\u2014", "\u2014"]
    assert page.locator("#w-requests").get_attribute("aria-invalid") == "true"
    assert "Requests a month: write a number" in said_now(page)
    page.fill("#w-requests", "2000000")
    assert months(page) == ["$1,395", "$1,825"]


@pytest.mark.parametrize(
    "fragment",
    [
        "#w.requests=<img src=x onerror=alert(1)>",
        "#w.__proto__=1&w.constructor.api-large=2&w.discount.nobody=5",
        "#w.discount.api-large=%00%ff&w.machines.coder-local=1e400",
        "#=&w.=&w.requests",
        "#%E0%A4%A",
        "#w.requests=" + "9" * 5000,
    ],
)
def test_a_hostile_address_does_nothing(opened: Open, report: Path, fragment: str) -> None:
    page = opened(report.as_uri() + fragment)
    assert page.locator("#w-table tbody tr").count() == 2
    assert page.locator("img, iframe").count() == 0
    page.click("#w-reset")
    assert months(page) == ["$1,395", "$1,825"]


def test_volumes_are_read_as_the_command_line_reads_them(opened: Open, report: Path) -> None:
    page = opened(report.as_uri())
    for text in (
        "4M",
        "4,000,000",
        "4'000'000",
        "4\u2019000\u2019000",
        "4000k",
        "0.004b",
        "4 million",
    ):
        page.fill("#w-requests", text)
        assert months(page)[0] == "$2,790", text
    for text in ("4'00'000", "4,0M", "4X", "M"):
        page.fill("#w-requests", text)
        assert "Requests a month: write a number" in said_now(page), text


def test_what_a_link_names_and_the_report_lacks_is_said(opened: Open, report: Path) -> None:
    for fragment, said in (
        ("w.discount.nobody=5", "the link names arm nobody, which this report lacks"),
        ("w.colour=5", "the link sets colour, which this page has not"),
        ("w.hourly.api-large=5", "the link sets hourly of arm api-large, which has no such"),
        ("w.constructor=1", "the link sets constructor, which this page has not"),
    ):
        page = opened(f"{report.as_uri()}#{fragment}")
        assert said in said_now(page)
        page.click("#w-reset")
        assert said_now(page) == "As declared."


def test_another_section_and_a_sample_keep_the_state(opened: Open, report: Path) -> None:
    page = opened(report.as_uri() + "#w.requests=4000000")
    page.click("nav a[href='#compare']")
    page.wait_for_function("location.hash.includes('w.requests=4000000')")
    assert months(page)[0] == "$2,790"
    page.evaluate("location.hash = '#sample=route%2Ft3'")
    page.wait_for_function("location.hash.includes('w.requests')")
    assert "sample=route%2Ft3" in page.url


def test_print_shows_a_what_if_as_such_and_the_declared_case_not_twice(
    opened: Open, report: Path
) -> None:
    page = opened(report.as_uri())
    page.emulate_media(media="print")
    assert page.locator("#what-if").is_hidden()
    page.emulate_media(media="screen")
    page.fill("#w-requests", "4000000")
    page.emulate_media(media="print")
    assert page.locator("#w-said").is_visible()
    assert said_now(page).startswith("What-if, not the declared case.")
    assert page.locator("#w-table").is_visible()
    assert page.locator("#w-requests").is_hidden()
    assert page.locator("table.gates details").first.is_hidden()


def test_without_script_the_declared_case_stands(opened: Open, report: Path) -> None:
    page = opened(report.as_uri() + "#w.requests=4000000", java_script_enabled=False)
    assert months(page) == ["$1,395", "$1,825"]
    assert page.locator("#w-requests").is_hidden()
    for name in ("quality", "dollars", "time"):
        assert page.locator(f"#chart-buying-{name} svg").is_visible()


def test_charts_name_the_arms_in_one_order_and_mark_the_incumbent(
    opened: Open, report: Path
) -> None:
    page = opened(report.as_uri(), width=390)
    for name in ("quality", "dollars", "time"):
        texts = page.locator(f"#chart-buying-{name} text.name")
        assert texts.all_text_contents() == ["api-large (in use today)", "coder-local"]
        svg = page.locator(f"#chart-buying-{name} svg")
        box = svg.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
        size = svg.locator("text.said").first.evaluate(
            "e => parseFloat(getComputedStyle(e).fontSize) * e.getScreenCTM().a"
        )
        assert size >= 10.5, "readable on a phone"
    assert page.evaluate("document.documentElement.scrollWidth") == 390


@pytest.mark.parametrize(
    ("width", "scheme", "media"),
    [
        (1400, "light", "screen"),
        (390, "light", "screen"),
        (1280, "dark", "screen"),
        (390, "dark", "screen"),
        (703, "light", "print"),
        (703, "dark", "print"),
    ],
)
def test_axe_finds_nothing_in_decision_and_what_if(
    opened: Open,
    report: Path,
    violations: Callable[[Any, str], list[str]],
    width: int,
    scheme: str,
    media: str,
) -> None:
    page = opened(report.as_uri() + "#w.requests=4000000", width=width, scheme=scheme)
    page.emulate_media(media=media)
    assert violations(page, "#decision") == []
    assert violations(page, "#what-if") == []
    page.emulate_media(media="screen")
    page.fill("#w-requests", "nonsense")
    assert violations(page, "#what-if") == []


def test_the_policy_still_names_exactly_one_script_and_style(report: Path) -> None:
    html = report.read_text(encoding="utf-8")
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)
    assert policy is not None
    assert policy[1].count("sha256-") == 2
    assert "unsafe" not in policy[1]
    assert html.count("<script") == 1
    assert not re.search(r'\son[a-z]+="|\sstyle="', html)
