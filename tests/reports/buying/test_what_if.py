"""The page's own arithmetic against Python's: the same dollars to a hundredth of a cent."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import Any

import pytest

from claimbench.economics.sides import ApiSide
from claimbench.economics.volume.months import Bill, Measured, bill_of, machines_needed
from claimbench.economics.volume.outlook import Outlook
from claimbench.economics.volume.stated import Commitment, OneOff, Terms, Volume
from claimbench.errors import BenchError
from claimbench.pricing.hosts import HostCost
from claimbench_reports.formats.html import asset
from claimbench_reports.formats.pdf import find_browser
from claimbench_reports.view.buying.what_if import plain_number, what_if_view
from claimbench_reports.view.inputs import Economics, ReportData

SETTINGS = 100
HORIZONS = (1, 12, 36)
CENT = 0.0001
NODE, CHROMIUM = shutil.which("node"), find_browser()


@dataclass
class Setting:
    """One arm, a volume, what is changed of them, and the side of an endpoint."""

    measured: Measured
    volume: Volume
    interval: tuple[float, float] | None
    side: ApiSide | None
    change: dict[str, float]
    at: Volume


def setting(seed: int) -> Setting:
    """Return an arm with terms, and changes of it, all drawn anew."""
    rng = random.Random(seed)
    machine = rng.random() < 0.5
    terms = _terms(rng, machine)
    requests = 10 ** rng.uniform(2, 8)
    volume = Volume(
        requests=requests,
        peak_factor=rng.choice([1.0, 4.0, rng.uniform(1, 30)]),
        growth=rng.choice([0.0, rng.uniform(-0.5, 2.0)]),
        months=rng.choice([1, 12, 36, 50, 120]),
        hours=rng.choice([730.0, rng.uniform(1, 744)]),
        spare_machines=rng.choice([0, 1, 3]),
        arms={"a": terms},
    )
    at = replace(volume, requests=requests * rng.choice([1.0, 0.1, 3.0, 7.77]))
    at = replace(at, hours=rng.choice([volume.hours, 200.0]), peak_factor=rng.choice([4.0, 1.5]))
    make = _machine if machine else _endpoint
    measured, side, change = make(rng)
    if rng.random() < 0.6:
        change["discount"] = rng.uniform(0, 0.9)
    base = measured.usd_per_request or measured.requests_per_hour or 1.0
    interval = rng.choice([None, (base * 0.8, base * 1.3)])
    if machine and rng.random() < 0.4:
        rate = measured.requests_per_hour or 1.0
        bare = machines_needed(at.requests, rate, replace(at, spare_machines=0), Terms())
        change["machines"] = bare + rng.randrange(4)
    return Setting(measured, volume, interval, side, change, at)


def _terms(rng: random.Random, machine: bool) -> Terms:
    tiers = ((1000.0, 0.1), (50_000.0, 0.25), (2e6, 0.4))[: rng.randrange(4)]
    commitment = None
    if rng.random() < 0.5:
        least = 0.0 if machine else rng.uniform(0, 5000)
        commitment = Commitment(rng.uniform(0, 0.6), least, rng.randrange(1, 6) if machine else 0)
    return Terms(
        spare_machines=rng.choice([None, 0, 2]),
        scales_to_zero=rng.random() < 0.4,
        one_off=(OneOff("move", rng.uniform(0, 1e5), rng.choice([1, 4, 30])),),
        fixed_usd=rng.choice([0.0, 99.5]),
        free_requests=rng.choice([0.0, 5000.0]),
        free_usd=rng.choice([0.0, 12.34]),
        tiers=tiers,
        commitment=commitment,
        discount=rng.choice([0.0, 0.15]),
        price_change=rng.choice([0.0, -0.3, 0.1]),
    )


def _machine(rng: random.Random) -> tuple[Measured, None, dict[str, float]]:
    change: dict[str, float] = {}
    if rng.random() < 0.5:
        host = HostCost(Decimal(1), usd_per_hour=Decimal(f"{rng.uniform(0.1, 9):.3f}"))
        if rng.random() < 0.6:
            change["hourly"] = rng.uniform(0, 12)
    else:
        host = HostCost(
            Decimal(1),
            purchase_usd=Decimal(35_000),
            residual_usd=Decimal(rng.choice([0, 5000])),
            lifetime_years=Decimal(rng.choice(["0.2", "1", "2.5", "3"])),
            watts=Decimal(1000),
            pue=Decimal("1.3"),
            usd_per_kwh=Decimal("0.2"),
            staff_usd_per_hour=Decimal(rng.choice(["0", "1.5"])),
        )
        if rng.random() < 0.6:
            change["purchase"] = rng.uniform(1000, 90_000)
    rate = 10 ** rng.uniform(3, 5.5)
    training = rng.choice([0.0, 1234.5])
    measured = Measured("a", host=host, requests_per_hour=rate, training_usd=training)
    return measured, None, change


def _endpoint(rng: random.Random) -> tuple[Measured, ApiSide | None, dict[str, float]]:
    side = None
    if rng.random() < 0.7:
        side = ApiSide(
            input_tokens=rng.uniform(10, 5000),
            output_tokens=rng.uniform(1, 900),
            cache_share=rng.choice([0.0, rng.random()]),
            input_rate=rng.uniform(0.05, 15),
            output_rate=rng.uniform(0.2, 60),
            cache_rate=rng.choice([None, rng.uniform(0.01, 1)]),
            other_usd=rng.choice([0.0, 0.0005]),
        )
    drawn = {"input": 20.0, "output": 80.0, "cached": 1.0} if side else {"price": 3.0}
    change = {key: rng.uniform(0, top) for key, top in drawn.items() if rng.random() < 0.6}
    if side is not None and side.cache_rate is None:
        change.pop("cached", None)
    measured = Measured(
        "a",
        usd_per_request=10 ** rng.uniform(-6, -1),
        training_usd=rng.choice([0.0, 1234.5]),
    )
    return measured, side, change


def by_python(one: Setting) -> Bill:
    """Return the changed bill by the functions that the report is made with."""
    change, measured, volume, interval = one.change, one.measured, one.at, one.interval
    terms = volume.terms("a")
    if "discount" in change:
        terms = replace(terms, discount=change["discount"])
    if measured.host is not None:
        host = measured.host
        if "hourly" in change:
            host = replace(host, usd_per_hour=Decimal(repr(change["hourly"])))
        if "purchase" in change:
            paid = Decimal(repr(change["purchase"]))
            host = replace(host, purchase_usd=paid, residual_usd=min(host.residual_usd, paid))
        measured = replace(measured, host=host)
        if "machines" in change:
            rate = measured.requests_per_hour or 1.0
            none_spare = replace(terms, spare_machines=0)
            bare = machines_needed(volume.requests, rate, volume, none_spare)
            terms = replace(terms, spare_machines=int(change["machines"]) - bare)
    else:
        by = change.get("price", 1.0) if one.side is None else _by(one.side, change)
        measured = replace(measured, usd_per_request=(measured.usd_per_request or 0.0) * by)
        interval = None if interval is None else (interval[0] * by, interval[1] * by)
    return bill_of(measured, replace(volume, arms={"a": terms}), interval)


def _by(side: ApiSide, change: dict[str, float]) -> float:
    now = replace(
        side,
        input_rate=change.get("input", side.input_rate),
        output_rate=change.get("output", side.output_rate),
    )
    if side.cache_rate is not None:
        now = replace(now, cache_rate=side.cache_rate * now.input_rate / side.input_rate)
    share = {"x.cache_share": change.get("cached", side.cache_share)}
    return now.usd(share, "x") / side.usd({}, "x")


def asked(data: ReportData, one: Setting) -> list[Any]:
    """Return what the page would reckon with: its own view of the declared case, then changed."""
    bill = bill_of(one.measured, one.volume, one.interval)
    sides = {} if one.side is None else {"a": one.side}
    outlook = Outlook(one.volume, (bill,), (), (), (), (), (), (), sides=sides)
    view = what_if_view(replace(data, economics=Economics(outlook=outlook)))
    assert view is not None
    volume = {**asdict(view.volume), "requests": one.at.requests}
    volume |= {"hours": one.at.hours, "peak_factor": one.at.peak_factor}
    return [asdict(view.arms[0]), volume, one.change, HORIZONS]


def by_node(questions: list[Any]) -> list[Any]:
    """Return what the page's script answers, in node."""
    text = (
        f"{asset('bill.js')}\nconst asked = JSON.parse(require('fs').readFileSync(0, 'utf8'));"
        "\nconsole.log(JSON.stringify(asked.map((one) => claimbenchBill.figures(...one))));"
    )
    command = [str(NODE), "-e", text]
    given = json.dumps(questions)
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=True)
    return list(json.loads(done.stdout))


def by_chromium(questions: list[Any]) -> list[Any]:
    """Return what the page's script answers, in a browser."""
    sync_api = pytest.importorskip("playwright.sync_api")
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_api.sync_playwright() as play:
        flags = ["--headless", "--disable-gpu", *root]
        browser = play.chromium.launch(executable_path=CHROMIUM, args=flags)
        page = browser.new_page()
        page.add_script_tag(content=asset("bill.js"))
        found = page.evaluate(
            "asked => asked.map((one) => claimbenchBill.figures(...one))", questions
        )
        browser.close()
    return list(found)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(
            by_node, marks=pytest.mark.skipif(NODE is None, reason="node is not installed")
        ),
        pytest.param(
            by_chromium,
            marks=[
                pytest.mark.browser,
                pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
            ],
        ),
    ],
)
def test_a_hundred_settings_give_the_dollars_of_python(
    data: ReportData, answer: Callable[[list[Any]], list[Any]]
) -> None:
    settings, bills = [], []
    for seed in range(3 * SETTINGS):
        try:
            one = setting(seed)
            bills.append(by_python(one))
        except BenchError:  # more machines than anybody has
            continue
        settings.append(one)
        if len(settings) == SETTINGS:
            break
    found = answer([asked(data, one) for one in settings])
    kinds = {(one.measured.host is None, frozenset(one.change)) for one in settings}
    assert len(kinds) > 20, "many kinds of changes"
    for one, bill, said in zip(settings, bills, found, strict=True):
        assert said["month"] == pytest.approx(bill.month_usd, abs=CENT, rel=1e-12), one
        assert said["machines"] == bill.months[0].machines
        for count, usd, span in zip(HORIZONS, said["totals"], said["total_spans"], strict=True):
            assert usd == pytest.approx(bill.total(count), abs=CENT, rel=1e-12), one
            expected = bill.span(count)
            assert (span is None) == (expected is None), one
            if expected is not None:
                assert span == pytest.approx(expected, abs=CENT, rel=1e-12), one
        assert (said["month_span"] is None) == (bill.month_span is None)
        if bill.month_span is not None:
            assert said["month_span"] == pytest.approx(bill.month_span, abs=CENT, rel=1e-12)
        for mine, theirs in zip(said["months"], bill.months, strict=True):
            assert mine["cash"] == pytest.approx(theirs.cash_usd, abs=CENT, rel=1e-12), one


@pytest.mark.skipif(NODE is None, reason="node is not installed")
def test_too_few_and_too_many_machines_have_no_bill(data: ReportData) -> None:
    host = HostCost(Decimal(1), usd_per_hour=Decimal(2))
    rent = Measured("a", host=host, requests_per_hour=1000)
    volume = Volume(2e6)
    few = Setting(rent, volume, None, None, {"machines": 3}, volume)
    many = Setting(rent, volume, None, None, {}, replace(volume, requests=1e12))
    assert by_node([asked(data, few), asked(data, many)]) == [
        {"why": "few", "least": 11},
        {"why": "many"},
    ]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (2e6, "2000000"),
        (0.1, "0.1"),
        (1e-7, "0.0000001"),
        (0.0, "0"),
        (7.0, "7"),
        (0.25, "0.25"),
        (1e13, "10000000000000"),
        (100 * 0.07, "7"),
        (218500.25, "218500.25"),
    ],
)
def test_inputs_hold_numbers_as_people_type_them(value: float, shown: str) -> None:
    assert plain_number(value) == shown
