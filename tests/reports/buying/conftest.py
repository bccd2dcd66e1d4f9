"""Reports of a buyer: a view with bills and a decision, and a real browser to open its page."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from claimbench.economics.sides import ApiSide
from claimbench.economics.volume.months import Measured, bill_of
from claimbench.economics.volume.outlook import Outlook, assumptions_of
from claimbench.economics.volume.stated import Terms, Volume
from claimbench.pricing.hosts import HostCost
from claimbench.privacy.redact import Redactor
from claimbench_reports.formats.html import render_html
from claimbench_reports.formats.pdf import find_browser
from claimbench_reports.view.build import build_view
from claimbench_reports.view.buying.types import CriterionRow, DecisionView, GateCell, GateRow
from claimbench_reports.view.format import figure
from claimbench_reports.view.inputs import Economics, ReportData
from claimbench_reports.view.types import View

ARMS = ("api-large", "coder-local")
VOLUME = Volume(2e6, arms={"api-large": Terms(discount=0.1)})
SIDE = ApiSide(1500, 200, 0.0, 0.25, 2, 0.025)
API = Measured("api-large", usd_per_request=0.000775, at="dollars per request as measured")
RENT = Measured(
    "coder-local",
    host=HostCost(Decimal(1), usd_per_hour=Decimal("2.5")),
    requests_per_hour=218_500,
    at="218,500 requests an hour, as stated",
)
DECISION = DecisionView(
    outcome="open",
    sentence="No recommendation yet: no arm meets every requirement.",
    lines=(),
    open_lines=("coder-local, speed: too few calls",),
    rests_on="Rests on: 10 samples",
    arms=ARMS,
    incumbent="api-large",
    chosen=None,
    gates=(
        GateRow("speed", (GateCell(ARMS[0], "missed", "slow"), GateCell(ARMS[1], "open", "few"))),
    ),
    criteria=(
        CriterionRow(
            "quality",
            "100.0%",
            "accuracy",
            tuple(figure(f"decision.quality.{arm}", 0.5, "percent", note="50") for arm in ARMS),
        ),
    ),
    totals=tuple(figure(f"decision.total.{arm}", 50.0, "plain") for arm in ARMS),
    wins=(),
    not_run="",
    note="",
)


@pytest.fixture(scope="session")
def outlook() -> Outlook:
    bills = (bill_of(API, VOLUME, (0.0007, 0.0008)), bill_of(RENT, VOLUME))
    said = tuple(assumptions_of(VOLUME, list(bills)))
    sides = {"api-large": SIDE}
    unknown = (("api-absent", "the arm was not run"),)
    return Outlook(VOLUME, bills, unknown, (), (), (), (), said, sides=sides)


@pytest.fixture(scope="module")
def view(data: ReportData, outlook: Outlook) -> View:
    made = build_view(replace(data, economics=Economics(outlook=outlook)), Redactor())
    what_if = made.what_if
    assert what_if is not None
    return replace(made, decision=DECISION, what_if=replace(what_if, incumbent="api-large"))


@pytest.fixture(scope="module")
def report(view: View, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("buying") / "report.html"
    path.write_text(render_html(view), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api")
    flags = ["--headless", "--disable-gpu", "--disable-background-networking"]
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_api.sync_playwright() as play:
        started = play.chromium.launch(executable_path=find_browser(), args=flags + root)
        yield started
        started.close()


@pytest.fixture
def opened(browser: Any) -> Iterator[Callable[..., Any]]:
    """Open a page offline; what it asked for or complained about fails the test at its end."""
    contexts, bad = [], []

    def open_(url: str, width: int = 1400, scheme: str = "light", **options: Any) -> Any:
        size = {"width": width, "height": 900}
        context = browser.new_context(viewport=size, color_scheme=scheme, offline=True, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: bad.append(message.text))
        page.on("pageerror", lambda error: bad.append(str(error)))
        page.on("dialog", lambda dialog: bad.append(dialog.message))
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(url)
        bad.extend(one for one in asked if not one.startswith(("file:", "data:")))
        return page

    yield open_
    for context in contexts:
        context.close()
    assert bad == []


@pytest.fixture(scope="session")
def violations() -> Callable[[Any, str], list[str]]:
    """What axe-core finds within a part of a page, everything unfolded."""
    pytest.importorskip("axe_playwright_python", reason="axe-playwright-python is not installed")
    source = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")

    def found(page: Any, where: str) -> list[str]:
        page.evaluate(source)
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        said = page.evaluate("where => axe.run(where)", where)["violations"]
        return [
            f"{one['id']}: {json.dumps([n['html'][:160] for n in one['nodes']])}" for one in said
        ]

    return found
