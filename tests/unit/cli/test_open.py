"""`bench open` shows a report in the browser, and its address where there is none."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from claimbench.cli.commands import open as opening
from claimbench.errors import BenchError


class Store:
    """A store of one run in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def resolve_run(self, run: str | None) -> str:
        if run not in (None, "r1"):
            raise BenchError(f"no run {run}")
        return "r1"

    def run_folder(self, run_id: str) -> Path:
        return self.folder / run_id


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What the browser was asked to show; ``browser`` decides what it says."""
    seen = SimpleNamespace(urls=[], browser=lambda _url: True, written=0)

    def show(url: str) -> bool:
        seen.urls.append(url)
        return bool(seen.browser(url))

    def write(_store: Store, _evaluation: object) -> Path:
        seen.written += 1
        page = tmp_path / "r1" / "report.html"
        page.parent.mkdir()
        page.write_text("report")
        return page

    monkeypatch.setattr(webbrowser, "open", show)
    monkeypatch.setattr(opening, "open_store", lambda _results: Store(tmp_path))
    monkeypatch.setattr("claimbench.cli.runs.evaluate_run", lambda _store, _run: None)
    monkeypatch.setattr("claimbench.cli.runs.write_report", write)
    return seen


def run(*args: str, results: Path) -> Any:
    return CliRunner().invoke(
        opening.open_command, [*args, "--results", str(results)], standalone_mode=False
    )


def test_a_report_that_is_there_is_opened_as_it_is(tmp_path: Path, opened: Any) -> None:
    page = tmp_path / "r1" / "report.html"
    page.parent.mkdir()
    page.write_text("kept")
    said = run(results=tmp_path)
    assert opened.urls == [page.resolve().as_uri()]
    assert said.output == f"{page.resolve().as_uri()}\n"
    assert page.read_text() == "kept"
    assert opened.written == 0


def test_a_missing_report_is_written_first(tmp_path: Path, opened: Any) -> None:
    run("r1", results=tmp_path)
    assert opened.written == 1
    assert opened.urls[0].endswith("r1/report.html")


def test_the_page_of_all_runs(tmp_path: Path, opened: Any) -> None:
    said = run("--index", results=tmp_path)
    assert isinstance(said.exception, BenchError)
    (tmp_path / "index.html").write_text("runs")
    run("--index", results=tmp_path)
    assert opened.urls == [(tmp_path / "index.html").resolve().as_uri()]


def raising(_url: str) -> bool:
    raise webbrowser.Error("none")


@pytest.mark.parametrize("browser", [lambda _url: False, raising])
def test_without_a_browser_the_address_is_said(tmp_path: Path, opened: Any, browser: Any) -> None:
    opened.browser = browser
    (tmp_path / "index.html").write_text("runs")
    said = run("--index", results=tmp_path)
    assert (tmp_path / "index.html").resolve().as_uri() in said.output
    assert "no browser could be started" in said.output
    assert said.return_value == 0


def test_an_unknown_run_is_one_error(tmp_path: Path, opened: Any) -> None:
    said = run("nothing", results=tmp_path)
    assert isinstance(said.exception, BenchError)
    assert opened.urls == []
