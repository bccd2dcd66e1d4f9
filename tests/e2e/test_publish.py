"""``bench publish``: the pages as files, with nothing from outside the results folder."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from . import forked
from .conftest import environment
from .viewing import make_results


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    folder = tmp_path_factory.mktemp("publish")
    runs = make_results(folder)
    done = publish(folder, "site", "--samples", "5")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "site/index.html"
    return folder, runs


def publish(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return forked.run(
        ["publish", *args],
        cwd=folder,
        env=environment(),
        timeout=180,
    )


class Links(HTMLParser):
    """Where a page leads, as a browser reads it."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if name in ("href", "src", "action")]


def links(html: str) -> list[str]:
    reader = Links()
    reader.feed(html)
    return reader.found


def pages(site: Path) -> list[Path]:
    return sorted(site.rglob("*.html"))


def test_every_link_leads_to_a_file_of_the_site(made: tuple[Path, dict[str, str]]) -> None:
    site = (made[0] / "site").resolve()
    assert len(pages(site)) > 20
    for page in pages(site):
        for link in links(page.read_text()):
            parts = urlsplit(link)
            if link.startswith(("data:,", "#")):
                continue
            assert not parts.scheme, (page, link)
            assert not parts.netloc, (page, link)
            target = (page.parent / unquote(parts.path)).resolve()
            assert target.is_relative_to(site), (page, link)
            assert target.is_file(), (page, link)


def test_pages_allow_no_request_and_hold_no_key(made: tuple[Path, dict[str, str]]) -> None:
    for page in pages(made[0] / "site"):
        # Ids of figures hold names as they are, and nobody sees them
        text = re.sub(r'data-fig="[^"]*"', "", page.read_text())
        rules = re.search(r'Content-Security-Policy" content="([^"]+)"', text)
        assert rules is not None, page
        said = unescape(rules.group(1))
        assert "default-src 'none'" in said
        assert "connect-src" not in said
        assert "form-action 'none'" in said
        assert "<form" not in text
        assert "sk-test-canary" not in text
        assert str(made[0]) not in text, "no path of this machine"
        for evil in ("<script>document", "<img", "<svg onload", "<iframe", "<base", "\u202e"):
            assert evil not in text, (page, evil)


def test_samples_beyond_the_number_are_listed_without_a_page(
    made: tuple[Path, dict[str, str]],
) -> None:
    folder = made[0] / "site" / "runs" / made[1]["first"]
    assert len(list(folder.glob("sample-*.html"))) == 5
    text = (folder / "samples.html").read_text()
    assert text.count("route / t") == 40
    assert "5 of them have a page here." in text


def test_again_it_replaces_itself_and_nothing_else(made: tuple[Path, dict[str, str]]) -> None:
    folder, runs = made
    shutil.copytree(folder / "site", folder / "again")
    done = publish(folder, "again", "--run", runs["second"], "--samples", "0", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["runs"] == [runs["second"]]
    assert said["files"] == len([p for p in (folder / "again").rglob("*") if p.is_file()])
    assert not (folder / "again" / "runs" / runs["first"]).exists()
    (folder / "again" / "mine.txt").write_text("mine")
    refused = publish(folder, "again")
    assert refused.returncode == 3
    assert "mine.txt" in refused.stderr
    assert (folder / "again" / "mine.txt").read_text() == "mine"
    for target in ("results", "."):
        assert publish(folder, target).returncode == 3
    assert (folder / "results" / "bench.db").exists()
    assert not list(folder.glob(".*part")), "nothing half is left"


def test_a_profile_publishes_figures_without_texts(made: tuple[Path, dict[str, str]]) -> None:
    folder, runs = made
    done = publish(folder, "bare", "--run", runs["first"], "--redact", "none", "--samples", "3")
    assert done.returncode == 0, done.stderr
    for page in pages(folder / "bare"):
        assert "please help" not in page.read_text(), page


def test_odd_arguments_are_one_clear_error(made: tuple[Path, dict[str, str]]) -> None:
    for args in (
        ("x", "--run", "nothere"),
        ("x", "--run", "../../etc"),
        ("x", "--samples", "-1"),
        ("x", "--redact", "some"),
        ("x", "--results", "nowhere"),
        ("desk.yaml",),
        ("desk.yaml/below",),
        (),
    ):
        done = publish(made[0], *args)
        assert done.returncode == 3, (args, done.stderr)
        assert "Traceback" not in done.stderr
    assert not (made[0] / "x").exists()
