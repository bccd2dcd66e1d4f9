"""Printing without a browser, or with one that fails, is one clear error."""

from __future__ import annotations

from pathlib import Path

import pytest

from claimbench.errors import BenchError
from claimbench_reports.formats import pdf


def test_no_browser(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(pdf, "find_browser", lambda: None)
    with pytest.raises(BenchError, match="Chromium") as raised:
        pdf.write_pdf(tmp_path / "a.html", tmp_path / "a.pdf")
    assert "prints to PDF from any browser" in (raised.value.hint or "")


def test_a_browser_that_fails_leaves_the_old_pdf(tmp_path: Path) -> None:
    broken = tmp_path / "chromium"
    broken.write_text("#!/bin/sh\necho no display >&2\nexit 7\n", encoding="utf-8")
    broken.chmod(0o755)
    old = tmp_path / "a.pdf"
    old.write_text("old", encoding="utf-8")
    with pytest.raises(BenchError, match=r"exit code 7.*no display"):
        pdf.write_pdf(tmp_path / "a.html", old, str(broken))
    assert old.read_text(encoding="utf-8") == "old"


def test_find_browser_takes_the_named_one(tmp_path: Path) -> None:
    named = tmp_path / "mine"
    named.write_text("#!/bin/sh\n", encoding="utf-8")
    named.chmod(0o755)
    assert pdf.find_browser({"CHROMIUM": str(named), "PATH": ""}) == str(named)
    assert pdf.find_browser({"PATH": str(tmp_path)}) is None
