"""What people say of a run stands in the list and on its page, as text; runs are compared by a line
that can be copied.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from claimbench.store.catalogue.about import About
from claimbench.store.catalogue.browsing import RunFilter, RunRow
from claimbench_reports.browse.links import Links, ServerLinks, SiteLinks
from claimbench_reports.browse.pages import Pages, RunPage, Standing, run_line

EVIL = "<img/src=x/onerror=1>"
SAID = About((EVIL, "night&day"), f"{EVIL}\n{{{{ 7*7 }}}} \u202e end", f'"{EVIL}')


def row(about: About) -> RunRow:
    return RunRow(1, "r1", "2026-11-29T00:00:00+00:00", "desk", "1", "complete", 4, 4, about)


@pytest.mark.parametrize("links", [ServerLinks(), SiteLinks()])
def test_tags_owner_and_note_are_shown_as_text(links: Links, tmp_path: Path) -> None:
    run = row(SAID)
    pages = Pages(links)
    page = pages.run(RunPage(run, Standing("ready")))
    for html in (pages.runs([run_line(run, tmp_path / "none")], RunFilter()), page):
        assert "<img" not in html
        assert "&lt;img/src=x/onerror=1&gt;" in html
        assert "night&amp;day" in html
        assert "{{ 7*7 }}" in html
        assert "\u202e" not in html
        assert ("?tag=night%26day" in html) == (not links.static)


def test_a_run_of_which_nothing_is_said_has_no_such_lines(tmp_path: Path) -> None:
    run = row(About())
    pages = Pages(ServerLinks())
    assert "Owner:" not in pages.run(RunPage(run, Standing("ready")))
    assert 'class="tag"' not in pages.runs([run_line(run, tmp_path / "none")], RunFilter())


def test_the_tag_that_was_asked_for_stands_in_its_field() -> None:
    html = Pages(ServerLinks()).runs([], RunFilter(tag='"><b>'))
    assert 'name="tag" value="&#34;&gt;&lt;b&gt;"' in html
    assert "No run fits." in html


class Judged:
    """Stands for an index."""

    def __init__(self) -> None:
        self.facts = {"measured": "x", "verdicts": [], "arms": [], "columns": [], "decision": None}


@pytest.mark.parametrize(
    ("folder", "line"),
    [
        ("", "bench compare r1 r1</code>"),
        ("/a/results", "bench compare r1 r1 --results /a/results</code>"),
        ("/a b/$(x)", "bench compare r1 r1 --results &#39;/a b/$(x)&#39;</code>"),
    ],
)
def test_two_runs_side_by_side_name_the_command_that_tests_them(folder: str, line: str) -> None:
    page = RunPage(row(About()), Standing("ready"), Judged())  # type: ignore[arg-type]
    assert line in Pages(ServerLinks()).compare(page, page, folder=folder)
    assert "bench compare" not in Pages(ServerLinks()).compare(None, None, folder=folder)
