"""What a buyer sees before scrolling: the sentence, what is not settled, what it rests on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from claimbench_reports.formats.html import render_html
from claimbench_reports.view.types import View

Open = Callable[..., Any]
SIZES = [(390, 844), (1400, 900)]


def page_of(view: View, folder: Path, warnings: int) -> Path:
    decision = view.decision
    assert decision is not None
    made = replace(
        view,
        warnings=tuple(
            f"warning {i}: usage that cannot be relied on " * 3 for i in range(warnings)
        ),
        decision=replace(
            decision,
            open_lines=("alpha, speed: calls near in time were alike. " * 4,) * 3,
            open_short="alpha on speed, beta on speed, weak on speed and others",
        ),
    )
    path = folder / "report.html"
    path.write_text(render_html(made), encoding="utf-8")
    return path


@pytest.mark.browser
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("warnings", [0, 1, 4, 30])
def test_the_choice_stands_on_the_first_screen(
    opened: Open, view: View, tmp_path: Path, size: tuple[int, int], warnings: int
) -> None:
    page = opened(page_of(view, tmp_path, warnings).as_uri())
    page.set_viewport_size({"width": size[0], "height": size[1]})
    wanted = ["h1", "#decision .choice", "#decision .unsettled summary"]
    places = [page.locator(one).first for one in wanted]
    places.append(page.get_by_text("Rests on:").first)
    if warnings:
        places.append(page.locator("#decision .warnings summary"))
    for place in places:
        box = place.bounding_box()
        assert box is not None
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= size[1], place.inner_text()
        assert box["x"] + box["width"] <= size[0]


@pytest.mark.parametrize(("warnings", "said"), [(0, ""), (1, "1 warning<"), (4, "4 warnings<")])
def test_warnings_are_one_folded_line(view: View, tmp_path: Path, warnings: int, said: str) -> None:
    text = page_of(view, tmp_path, warnings).read_text(encoding="utf-8")
    head, _, rest = text.partition('<section id="decision"')
    assert "whom to choose</h1>" in head
    assert 'class="warn"' not in head
    assert ('class="more warnings' in rest) == bool(warnings)
    assert said in rest
    assert rest.index("Rests on:") < rest.index("Requirement</th>")


def test_without_a_decision_the_claims_come_first(view: View) -> None:
    text = render_html(replace(view, decision=None, warnings=("careful",)))
    assert "<h1>What the data say of each claim</h1>" in text
    assert '<p class="warn">careful</p>' in text
