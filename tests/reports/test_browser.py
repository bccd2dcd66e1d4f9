"""The report in a real Chromium, offline: opens, sorts, filters, searches, switches theme, prints,
is accessible.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from claimbench.privacy.redact import Redactor
from claimbench_reports.formats.html import render_html
from claimbench_reports.formats.index import render_index
from claimbench_reports.formats.pack import sample_packs
from claimbench_reports.formats.pdf import find_browser, write_pdf
from claimbench_reports.view.beside.types import ArmTurnsView, TurnsView, TurnView
from claimbench_reports.view.build import build_view
from claimbench_reports.view.inputs import ReportData

CHROMIUM = find_browser()
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]
CROWD = [f"alpha@temperature=0.{n},max_tokens=64,reasoning_effort=high" for n in range(12)]
CROWD.append("marketing-department-" * 3 + "turbo-max")
FLAGS = ["--headless", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api")
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_api.sync_playwright() as play:
        started = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS + root)
        yield started
        started.close()


@pytest.fixture(scope="module")
def report(data: ReportData, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(render_html(build_view(data, Redactor())), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def hostile_report(hostile: ReportData, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("hostile") / "report.html"
    path.write_text(render_html(build_view(hostile, Redactor())), encoding="utf-8")
    return path


class Opened:
    """A page opened offline, with everything it asked for and complained about."""

    def __init__(self, browser: Any, path: Path, width: int = 1440, scheme: str = "light") -> None:
        self.context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True
        )
        self.page = self.context.new_page()
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda r: self.requests.append(r.url))
        self.page.on("console", lambda m: self.complaints.append(m.text))
        self.page.on("pageerror", lambda e: self.complaints.append(str(e)))
        self.page.on("dialog", self._dialog)
        self.page.goto(path.as_uri())

    def _dialog(self, dialog: Any) -> None:
        self.complaints.append(f"dialog {dialog.message}")
        dialog.dismiss()

    def __enter__(self) -> Opened:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()


def outside(requests: list[str]) -> list[str]:
    """Requests that left the file."""
    return [url for url in requests if not url.startswith(("file:", "data:"))]


def test_opens_offline_without_a_request_or_a_complaint(browser: Any, report: Path) -> None:
    with Opened(browser, report) as it:
        assert it.requests[0] == report.as_uri()
        assert len([u for u in it.requests if not u.startswith("data:")]) == 1
        assert outside(it.requests) == []
        assert it.complaints == []
        assert it.page.title() == "support 1-0: what the data say of each claim"


def test_hostile_answers_do_nothing(browser: Any, hostile_report: Path) -> None:
    with Opened(browser, hostile_report) as it:
        it.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        it.page.mouse.move(400, 400)
        assert it.page.title() == "support 1-0: what the data say of each claim"
        assert outside(it.requests) == []
        assert it.complaints == []
        assert it.page.locator("img, iframe, object, embed, form").count() == 0
        assert it.page.locator("script").count() == 1
        assert it.page.evaluate("getComputedStyle(document.body).display") != "none"
        assert it.page.evaluate("document.documentElement.scrollWidth") <= 1440


def unfold(page: Any) -> None:
    """Open what is folded, as a reader does who wants every column."""
    page.evaluate("document.querySelectorAll('details.more').forEach(d => d.open = true)")


def column(page: Any, at: int) -> list[str]:
    rows = page.locator("#compare-table tbody tr:visible")
    return [
        rows.nth(i).locator("td, th").nth(at).get_attribute("data-v") or ""
        for i in range(rows.count())
    ]


def test_sorting_by_quality_and_unknown_last(browser: Any, report: Path) -> None:
    with Opened(browser, report) as it:
        unfold(it.page)
        head = it.page.locator("#compare-table thead th", has_text="Quality").first
        head.locator("button").click()
        assert head.get_attribute("aria-sort") == "ascending"
        up = column(it.page, 2)
        known = [float(x) for x in up if x]
        assert known == sorted(known)
        assert up[-1] == ""
        head.locator("button").press("Enter")  # by keyboard as well
        assert head.get_attribute("aria-sort") == "descending"
        down = column(it.page, 2)
        assert [float(x) for x in down if x] == sorted(known, reverse=True)
        assert down[-1] == ""


def test_filtering(browser: Any, report: Path) -> None:
    with Opened(browser, report) as it:
        unfold(it.page)
        assert "4 of " in it.page.locator("#compare-status").inner_text()
        it.page.fill("#compare-filter", "SMOL")
        assert it.page.locator("#compare-table tbody tr:visible").count() == 1
        it.page.fill("#compare-filter", "")
        it.page.select_option("#compare-weights", "proprietary")
        assert it.page.locator("#compare-table tbody tr:visible").count() == 2
        it.page.select_option("#compare-weights", "")
        it.page.select_option("#compare-scope", "route")
        shown = it.page.locator("#compare-table tbody tr:visible")
        scopes = [shown.nth(i).get_attribute("data-scope") for i in range(shown.count())]
        assert scopes.count("route") == 3


def test_baseline(browser: Any, report: Path) -> None:
    with Opened(browser, report) as it:
        unfold(it.page)
        it.page.select_option("#baseline", "api-large")
        shown = it.page.locator("[data-baseline]:visible")
        assert shown.count() == 1
        assert "Against api-large" in shown.inner_text()
        assert "coder-local" in shown.inner_text()


def test_search_and_pages(browser: Any, report: Path) -> None:
    with Opened(browser, report) as it:
        samples = it.page.locator("#samples > details:visible")
        assert samples.count() == 10
        first = samples.first.inner_text()
        it.page.click("#sample-next")
        assert it.page.locator("#samples > details:visible").first.inner_text() != first
        it.page.fill("#sample-search", "order 4003 ")
        texts = it.page.locator("#samples > details:visible")
        assert 1 <= texts.count() <= 2
        it.page.fill("#sample-search", "no such words anywhere")
        assert texts.count() == 0
        assert "0 of " in it.page.locator("#sample-status").inner_text()


@pytest.fixture(scope="module")
def packed_report(data: ReportData, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("packed") / "report.html"
    packs = sample_packs(data, Redactor())
    path.write_text(render_html(build_view(data, Redactor()), packs=packs), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def hostile_packed(hostile: ReportData, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("hostile-packed") / "report.html"
    packs = sample_packs(hostile, Redactor())
    path.write_text(render_html(build_view(hostile, Redactor()), packs=packs), encoding="utf-8")
    return path


def ready(it: Opened) -> Any:
    """The page, once its matrix is drawn."""
    it.page.wait_for_selector("#matrix[data-ready]")
    return it.page


def test_the_matrix_shows_samples_by_arms_and_filters_them(
    browser: Any, packed_report: Path, data: ReportData
) -> None:
    import numpy as np

    scores = {arm: rows.score for arm, rows in data.items.arms.items() if len(rows.score)}
    table = np.stack([scores[a] for a in ("coder-local", "smol-local", "api-large")])
    wrong, known = table < 1, np.isfinite(table)
    only = (wrong[1] & known[1]) & ((~wrong[0] & known[0]) & (~wrong[2] & known[2]))
    with Opened(browser, packed_report) as it:
        page = ready(it)
        assert it.complaints == []
        assert outside(it.requests) == []
        n = len(data.items.items)
        for label, count in (
            ("every sample", n),
            ("only smol-local wrong", int(only.sum())),
            ("all wrong", int((wrong & known).all(axis=0).sum())),
            ("any missing", int((~known).any(axis=0).sum())),
        ):
            page.select_option("#m-pattern", label=label)
            assert page.locator("#m-status").inner_text().startswith(f"{count} of {n} samples")
        page.select_option("#m-pattern", label="every sample")
        page.select_option("#m-task", label="route")
        page.select_option("#m-slice", label="language: de")
        masks = (data.items.task == "route") & (data.items.slices["language"] == "de")
        assert page.locator("#m-status").inner_text().startswith(f"{int(masks.sum())} of {n}")


def test_every_sample_can_be_searched_opened_and_linked(browser: Any, packed_report: Path) -> None:
    with Opened(browser, packed_report) as it:
        page = ready(it)
        page.select_option("#m-pattern", label="every sample")
        page.fill("#m-search", "order 4057 ")
        page.wait_for_selector("#m-status:text('1 of 90 samples')")
        page.click("#m-table tbody a")
        page.wait_for_selector("#m-one .answer")
        assert "order 4057 has not come" in page.locator("#m-one").inner_text()
        assert page.locator("#m-one .answer").count() == 3
        assert page.url.endswith("#sample=route%2Ft57")
        link = page.url
    with Opened(browser, packed_report) as it:
        it.page.goto("about:blank")
        it.page.goto(link)
        page = ready(it)
        page.wait_for_selector("#m-one .answer")
        assert "order 4057 has not come" in page.locator("#m-one").inner_text()
        assert page.locator("#m-one h3").first.inner_text() == "route/t57"


def test_what_differs_from_the_right_answer_is_marked(browser: Any, packed_report: Path) -> None:
    with Opened(browser, packed_report) as it:
        page = ready(it)
        page.select_option("#m-pattern", label="only smol-local wrong")
        page.click("#m-table tbody a >> nth=0")
        page.wait_for_selector("#m-one .answer")
        marks = [page.locator(f"#m-one .answer >> nth={i} >> mark").count() for i in range(3)]
        assert marks[0] == marks[2] == 0
        page.select_option("#m-against", label="nothing")
        assert page.locator("#m-one mark").count() == 0


def test_hostile_samples_do_nothing_in_the_matrix(browser: Any, hostile_packed: Path) -> None:
    with Opened(browser, hostile_packed) as it:
        page = ready(it)
        page.select_option("#m-pattern", label="every sample")
        for _ in range(3):
            for i in range(page.locator("#m-table tbody a").count()):
                page.locator("#m-table tbody a").nth(i).click()
            page.click("#m-next", force=True)
        assert page.title() == "support 1-0: what the data say of each claim"
        assert it.complaints == []
        assert outside(it.requests) == []
        assert page.locator("script").count() == 1
        assert page.locator("img, iframe, object, embed, form").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth") <= 1440


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (360, "dark")])
def test_axe_finds_nothing_in_the_matrix(
    browser: Any, packed_report: Path, width: int, scheme: str
) -> None:
    with Opened(browser, packed_report, width=width, scheme=scheme) as it:
        page = ready(it)
        page.click("#m-table tbody a >> nth=0")
        page.wait_for_selector("#m-one .answer")
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert violations(page) == []


@pytest.mark.parametrize("width", [1400, 1280, 390])
def test_nothing_that_stands_open_is_cut(browser: Any, packed_report: Path, width: int) -> None:
    cut = """() => [...document.querySelectorAll('main *')].filter(e => e.checkVisibility()
        && !e.closest('details:not([open])') && !e.closest('#matrix, svg, .tip')
        && e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 90))"""
    with Opened(browser, packed_report, width=width) as it:
        ready(it)
        assert it.page.evaluate(cut) == []


def test_theme_follows_the_system_and_the_button(browser: Any, report: Path) -> None:
    def paper(page: Any) -> str:
        return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))

    with Opened(browser, report) as light, Opened(browser, report, scheme="dark") as dark:
        day, night = paper(light.page), paper(dark.page)
        assert day != night
        light.page.click("#theme")
        assert paper(light.page) == night
        assert light.page.locator("#theme").inner_text() == "Light theme"
        dark.page.click("#theme")
        assert paper(dark.page) == day


@pytest.mark.parametrize("which", ["report", "hostile_report"])
def test_narrow_screen_scrolls_only_downwards(
    browser: Any, which: str, request: pytest.FixtureRequest
) -> None:
    with Opened(browser, request.getfixturevalue(which), width=360) as it:
        it.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert it.page.evaluate("document.documentElement.scrollWidth") == 360


LEAST_PX = 10
SMALLEST = """() => Math.min(...[...document.querySelectorAll('svg.drawn text, svg.plot-svg text')]
  .filter(t => t.textContent.trim() && t.getBoundingClientRect().width)
  .map(t => parseFloat(getComputedStyle(t).fontSize) * t.ownerSVGElement.getScreenCTM().a))"""


@pytest.mark.parametrize("which", ["report", "hostile_report"])
@pytest.mark.parametrize("width", [360, 390, 768, 1400])
def test_labels_of_drawings_can_be_read_on_every_screen(
    browser: Any, which: str, width: int, request: pytest.FixtureRequest
) -> None:
    with Opened(browser, request.getfixturevalue(which), width=width) as it:
        it.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert it.page.locator("svg.drawn").count() >= 5
        assert it.page.evaluate(SMALLEST) >= LEAST_PX
        assert it.page.evaluate("document.documentElement.scrollWidth") == width


@pytest.fixture(scope="module")
def crowded(data: ReportData, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of 13 arms with long names that nothing breaks for them."""
    view = build_view(data, Redactor())
    one = next(a for a in view.arms if a.measured and a.get("usd_1k") is not None)
    n = view.counts[0]
    turn = TurnView(1, n, n, n, n, n, n)
    arms = tuple(replace(one, arm=name) for name in CROWD)
    turns = TurnsView("chat", n, tuple(ArmTurnsView(name, (turn,), n, n) for name in CROWD))
    claims = tuple(
        replace(v, claim=f"{CROWD[0]} is as accurate as {CROWD[1]}", arm=CROWD[0])
        for v in view.verdicts
    )
    path = tmp_path_factory.mktemp("crowded") / "report.html"
    changed = replace(
        view,
        arms=arms,
        verdicts=claims,
        series=(),
        slices=(),
        break_even=(),
        cost_parts=(),
        beside=replace(view.beside, turns=(turns,)),
    )
    path.write_text(render_html(changed), encoding="utf-8")
    return path


@pytest.mark.parametrize("width", [1400, 390])
def test_thirteen_long_names_stand_over_their_turns_and_scroll_nothing(
    browser: Any, crowded: Path, width: int
) -> None:
    with Opened(browser, crowded, width=width) as it:
        assert it.page.locator("#turns h4").all_inner_texts() == CROWD
        assert it.page.locator("#turns h4").last.is_visible()
        it.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert it.page.evaluate("document.documentElement.scrollWidth") == width


def test_works_without_script(browser: Any, report: Path) -> None:
    context = browser.new_context(java_script_enabled=False, offline=True)
    page = context.new_page()
    page.goto(report.as_uri())
    assert page.locator("#theme").is_hidden()
    assert page.locator("table.five tbody tr").last.is_visible()
    page.locator("#compare details > summary").first.click()  # what is folded opens without it
    assert page.locator("#compare-table tbody tr").last.is_visible()
    assert page.locator("#samples > details").last.is_visible()
    context.close()


def violations(page: Any) -> list[str]:
    """What axe-core finds, one line each."""
    pytest.importorskip("axe_playwright_python", reason="axe-playwright-python is not installed")
    source = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    page.evaluate(source)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    found = page.evaluate("axe.run(document)")["violations"]
    return [
        f"{v['id']} ({v['impact']}): {json.dumps([n['html'][:160] for n in v['nodes'][:3]])}"
        for v in found
    ]


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (360, "dark")])
def test_axe_finds_nothing(browser: Any, report: Path, scheme: str, width: int) -> None:
    with Opened(browser, report, width=width, scheme=scheme) as it:
        assert violations(it.page) == []


def test_axe_can_find_something(browser: Any, report: Path) -> None:
    with Opened(browser, report) as it:
        it.page.evaluate("document.body.append(document.createElement('img'))")
        assert any(v.startswith("image-alt") for v in violations(it.page))


def test_index_page(browser: Any, data: ReportData, tmp_path: Path) -> None:
    path = tmp_path / "index.html"
    path.write_text(render_index(data.earlier), encoding="utf-8")
    with Opened(browser, path, width=360) as it:
        assert it.complaints == []
        assert it.page.evaluate("document.documentElement.scrollWidth") == 360
        it.page.click("#theme")
        assert violations(it.page) == []


def test_prints_to_pdf(report: Path, tmp_path: Path) -> None:
    pdf = tmp_path / "out" / "report.pdf"
    write_pdf(report, pdf)
    assert pdf.read_bytes().startswith(b"%PDF-")
    assert pdf.stat().st_size > 20_000


def test_print_shows_what_is_folded_and_hides_controls(browser: Any, report: Path) -> None:
    with Opened(browser, report) as it:
        it.page.evaluate("dispatchEvent(new Event('beforeprint'))")
        it.page.emulate_media(media="print")
        assert it.page.locator("details.print").first.evaluate("d => d.open")
        assert it.page.locator("nav").is_hidden()
        assert it.page.locator("#compare-filter").is_hidden()
        assert it.page.locator(".badge").first.is_visible()


def test_prints_the_summary_first_on_few_a4_pages(
    browser: Any, packed_report: Path, tmp_path: Path
) -> None:
    pdf = tmp_path / "report.pdf"
    write_pdf(packed_report, pdf)
    raw = pdf.read_bytes()
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b(?!s)", raw)) <= 8
    width, height = re.findall(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]", raw)[0]
    assert (round(float(width)), round(float(height))) == (595, 842)
    with Opened(browser, packed_report, width=703) as it:  # the width of A4 between its margins
        page = ready(it)
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        page.emulate_media(media="print")
        tops = [
            page.locator(where).first.bounding_box()["y"]
            for where in ("h1", "table.glance", "table.five", ".cards", "#charts", "#assumptions")
        ]
        assert tops == sorted(tops)
        five = page.locator("table.five").bounding_box()
        assert five["y"] + five["height"] < 1122 - 94  # the first page at 96 dots an inch
        assert page.locator("#matrix").is_hidden()
        assert page.locator("#checklist").is_hidden(), "a heading over what is folded"
