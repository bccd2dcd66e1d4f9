"""``bench view`` in a real Chromium: list, run, sample, label; keyboard, narrow screens, axe."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from claimbench_reports.formats.pdf import find_browser

from . import forked
from .conftest import environment
from .viewing import Viewer, make_results, viewing

CHROMIUM = find_browser()
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
    pytest.mark.timeout(900),
]
JUDGED_MS = 400_000
"""Runs are judged by a process that leaves the processor to all others."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api")
    flags = ["--headless", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
    flags += ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_api.sync_playwright() as play:
        started = play.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield started
        started.close()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    folder = tmp_path_factory.mktemp("view-browser")
    return folder, make_results(folder)


@pytest.fixture(scope="module")
def viewer(made: tuple[Path, dict[str, str]]) -> Iterator[Viewer]:
    with viewing(made[0]) as found:
        yield found


class Tab:
    """A page, with everything that it complained of and whom it asked."""

    def __init__(self, browser: Any, width: int = 1280, scheme: str = "light") -> None:
        self.context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme
        )
        self.page = self.context.new_page()
        self.page.set_default_timeout(120_000)
        self.complaints: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda m: self.complaints.append(m.text))
        self.page.on("pageerror", lambda e: self.complaints.append(str(e)))
        self.page.on("dialog", lambda d: (self.complaints.append(d.message), d.dismiss()))
        self.page.on("request", lambda r: self.asked.append(r.url))

    def __enter__(self) -> Tab:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()


def judged(tab: Tab, viewer: Viewer, run: str) -> None:
    """Open a run's page and wait until the page itself says that the run is judged."""
    tab.page.goto(f"{viewer.origin}/runs/{run}")
    tab.page.get_by_role("heading", name="The claims").wait_for(timeout=JUDGED_MS)


def test_from_the_list_to_a_label_that_bench_labels_knows(
    browser: Any, viewer: Viewer, made: tuple[Path, dict[str, str]]
) -> None:
    folder, runs = made
    with Tab(browser) as tab:
        page = tab.page
        page.goto(viewer.url)
        assert page.url == f"{viewer.origin}/", "the token leaves the address"
        assert page.evaluate("document.cookie") == "", "no script reads the cookie"
        page.get_by_role("link", name=runs["first"]).click()
        page.get_by_role("heading", name="The claims").wait_for(timeout=JUDGED_MS)
        page.get_by_role("link", name="All 40 samples").click()
        page.get_by_label("Search in questions and answers").fill("ticket #17 ")
        page.get_by_role("button", name="Show").click()
        page.get_by_role("link", name="route / t17").click()
        assert "ticket #17 please help" in page.inner_text("main")
        page.get_by_role("link", name="Labels").click()
        page.get_by_role("button", name="Draw 60 samples").click()
        page.get_by_role("link", name="Label answers").wait_for(timeout=JUDGED_MS)
        page.get_by_role("link", name="Label answers").click()
        call = page.locator('input[name="call"]').get_attribute("value")
        page.get_by_role("button", name="bad", exact=True).click()
        page.get_by_text("1 of 80 drawn answers are labelled").wait_for()
        assert tab.complaints == []
        assert all(url.startswith((viewer.origin, "data:")) for url in tab.asked)
    done = forked.run(
        ["labels", "export", runs["first"], "--output", "labels.csv"],
        cwd=folder,
        env=environment(),
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    with (folder / "labels.csv").open(encoding="utf-8-sig", newline="") as file:
        said = {row["call_id"]: row["label"] for row in csv.DictReader(file) if row["label"]}
    assert said == {call: "bad"}


def test_nothing_hostile_runs(
    browser: Any, viewer: Viewer, made: tuple[Path, dict[str, str]]
) -> None:
    run = made[1]["odd"]
    with Tab(browser) as tab:
        tab.page.goto(viewer.url)
        judged(tab, viewer, run)
        places = ["", "/samples", "/report", *(f"/samples/{i}" for i in range(11))]
        for place in places:
            tab.page.goto(f"{viewer.origin}/runs/{run}{place}")
            assert tab.page.title() not in ("owned", "1"), place
            assert (
                tab.page.evaluate("document.querySelectorAll('iframe, base, svg[onload]').length")
                == 0
            )
        assert tab.complaints == []


def test_another_page_frames_and_posts_nothing(
    browser: Any, viewer: Viewer, made: tuple[Path, dict[str, str]]
) -> None:
    run = made[1]["second"]
    evil = (
        f"<iframe id=f src='{viewer.origin}/'></iframe>"
        f"<form id=p method=post action='{viewer.origin}/runs/{run}/judge' target=_self>"
        "<input name=csrf value=x></form>"
    )
    with Tab(browser) as tab:
        tab.page.goto(viewer.url)
        tab.page.route(
            "http://evil.test/**", lambda r: r.fulfill(body=evil, content_type="text/html")
        )
        tab.page.goto("http://evil.test/")
        tab.page.wait_for_timeout(1000)
        frame = tab.page.frames[1]
        assert "All runs" not in frame.content()
        with tab.page.expect_navigation() as gone:
            tab.page.evaluate("document.getElementById('p').submit()")
        assert gone.value.status == 403


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark"), (390, "light")])
def test_pages_are_accessible_and_fit(
    browser: Any, viewer: Viewer, made: tuple[Path, dict[str, str]], width: int, scheme: str
) -> None:
    pytest.importorskip("axe_playwright_python", reason="axe-playwright-python is not installed")
    axe = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    runs = made[1]
    run = f"/runs/{runs['first']}"
    with Tab(browser, width, scheme) as tab:
        tab.page.goto(viewer.url)
        for each in runs.values():
            judged(tab, viewer, each)
        places = [
            "/",
            "/?q=nothing",
            run,
            f"/runs/{runs['odd']}",
            f"{run}/samples",
            f"/runs/{runs['odd']}/samples/4",
            f"{run}/labels",
            f"/compare?a={runs['first']}&b={runs['odd']}",
            "/nothing",
        ]
        for place in places:
            tab.page.goto(f"{viewer.origin}{place}")
            tab.page.evaluate(axe)
            tab.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
            broken = tab.page.evaluate("axe.run(document)")["violations"]
            said = [(v["id"], [n["html"][:120] for n in v["nodes"]][:3]) for v in broken]
            assert said == [], (place, width, scheme)
            wide = tab.page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, (place, wide)


def test_the_keyboard_reaches_everything(
    browser: Any, viewer: Viewer, made: tuple[Path, dict[str, str]]
) -> None:
    with Tab(browser) as tab:
        page = tab.page
        page.goto(viewer.url)
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        reached = set()
        for _ in range(40):
            page.keyboard.press("Tab")
            reached.add(page.evaluate("document.activeElement.textContent.trim()"))
        assert {"Runs", "Compare", "Show", *made[1].values()} <= reached
        page.goto(f"{viewer.origin}/")
        page.locator("#theme").press("Enter")
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_a_published_site_filters_by_itself(
    browser: Any, made: tuple[Path, dict[str, str]]
) -> None:
    folder, runs = made
    done = forked.run(
        ["publish", "site", "--run", runs["second"], "--samples", "3"],
        cwd=folder,
        env=environment(),
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    with Tab(browser) as tab:
        page = tab.page
        page.goto((folder / "site" / "index.html").as_uri())
        page.get_by_role("link", name=runs["second"]).click()
        page.get_by_role("link", name="All 40 samples").click()
        assert page.inner_text("#site-status") == "40 of 40 samples shown"
        page.get_by_label("Search in names").fill("t17")
        assert page.inner_text("#site-status") == "1 of 40 samples shown"
        page.get_by_label("Search in names").fill("")
        page.get_by_label("Show").select_option("right")
        right = int(page.inner_text("#site-status").split()[0])
        page.get_by_label("Show").select_option("only:1")
        only = int(page.inner_text("#site-status").split()[0])
        assert 0 < right < 40
        assert 0 < only < 40
        assert tab.complaints == []
        assert all(url.startswith(("file:", "data:")) for url in tab.asked)
