"""The index of a run's pages: what goes in, what a filter finds, and that nothing secret stays."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from claimbench.evaluation.labelling import ToLabel
from claimbench.privacy.redact import Redactor
from claimbench_reports.browse.index_file import Judged, ReportPage, pattern_of, write_index
from claimbench_reports.browse.shelf import (
    PAGE,
    MatrixFilter,
    RunIndex,
    open_index,
    set_origin,
    verdicts_in,
)
from claimbench_reports.view.build import build_view
from claimbench_reports.view.inputs import ReportData

CANARY = "sk-canary-0123456789abcdefghijklmnop"
ORIGIN = {
    "mark": {"seal": "a"},
    "files": "",
    "rows": 1,
    "records": 1,
    "at": "2026-11-29T00:00:00+00:00",
    "has_judge": True,
    "labels_since": 0,
    "tool": "x",
}
LABELLED = (ToLabel("c1", "route", "t1", "ask", "billing", "tech", {"good": 1.0, "bad": 0.0}, ""),)


def judged(data: ReportData, profile: str = "full") -> Judged:
    redact = Redactor(profile, (CANARY,))  # type: ignore[arg-type]
    view = build_view(data, redact)
    return Judged(
        data,
        view,
        redact,
        ReportPage("<!DOCTYPE html>", "default-src 'none'"),
        LABELLED,
        dict(ORIGIN),
    )


@pytest.fixture(scope="module")
def path(hostile: ReportData, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("index") / "deep" / "r1.db"
    write_index(made, judged(hostile))
    return made


@pytest.fixture
def index(path: Path) -> Iterator[RunIndex]:
    with open_index(path) as found:
        assert found is not None
        yield found


@pytest.mark.parametrize(
    ("scores", "pattern", "only"),
    [
        ([1.0, 1.0], "right", None),
        ([0.0, 0.0], "wrong", None),
        ([0.5, 0.5], "wrong", None),
        ([0.0, 1.0], "differ", 0),
        ([1.0, 1.0, 0.4], "differ", 2),
        ([0.0, 0.4], "differ", None),
        ([0.0, 0.0, 1.0], "differ", None),
        ([None, 0.0], "missing", None),
        ([None, None], "missing", None),
        ([], "missing", None),
        ([1.0], "right", None),
        ([0.0], "wrong", None),
    ],
)
def test_patterns_of_scores(scores: list[float | None], pattern: str, only: int | None) -> None:
    assert pattern_of(scores) == (pattern, only)


def test_every_sample_is_there_once_over_pages(index: RunIndex, hostile: ReportData) -> None:
    seen: list[int] = []
    after = -1
    while True:
        found = index.page(MatrixFilter(), after)
        seen += [row.item for row in found.rows]
        assert len(found.rows) <= PAGE
        if not found.more:
            break
        after = found.rows[-1].item
    assert seen == list(range(len(hostile.items.items)))
    assert found.n == len(seen)


def test_filters_agree_with_the_rows_that_they_show(index: RunIndex) -> None:
    rows = index.page(MatrixFilter(), limit=10_000).rows
    arms = index.facts["matrix"]["arms"]
    for at in range(len(arms)):
        found = index.page(MatrixFilter(pattern=f"only:{at}"), limit=10_000)
        scores = {row.item: [score for score, _ in row.cells] for row in rows}
        want = [
            item
            for item, values in scores.items()
            if all(v is not None for v in values)
            and values[at] < 1
            and all(v >= 1 for n, v in enumerate(values) if n != at)
        ]
        assert [row.item for row in found.rows] == want
        assert found.n == len(want)
    for outcome in index.outcomes():
        for row in index.page(MatrixFilter(outcome=outcome)).rows:
            assert outcome in {cell for _, cell in row.cells}
    task = index.page(MatrixFilter(task=1), limit=10_000)
    assert {row.task for row in task.rows} == {index.facts["matrix"]["tasks"][1]}
    value = index.slice_values(0)[0]
    for row in index.page(MatrixFilter(slice=(0, value))).rows:
        assert row.slices[0] == value


@pytest.mark.parametrize(
    "text",
    [
        '"',
        "'",
        "%",
        "_",
        "\\",
        '" OR 1=1 --',
        "NEAR(",
        "*",
        "body:",
        "AND",
        "(",
        "\u202e",
        "a" * 200,
    ],
)
def test_a_search_is_text_and_never_a_language(index: RunIndex, text: str) -> None:
    found = index.page(MatrixFilter(text=text), limit=10_000)
    docs = [index.sample(row.item) for row in found.rows]
    assert all(text.casefold() in str(_texts(doc)).casefold() for doc in docs if doc is not None)


def _texts(doc: object) -> str:
    if isinstance(doc, dict):
        return "\n".join(_texts(value) for value in doc.values())
    if isinstance(doc, list):
        return "\n".join(_texts(value) for value in doc)
    return str(doc)


def test_search_finds_what_a_scan_finds(index: RunIndex, path: Path) -> None:
    for text in ("HYPERLINK", "onload", "{{ 7*7 }}", "#1"):
        found = {row.item for row in index.page(MatrixFilter(text=text), limit=10_000).rows}
        with sqlite3.connect(path) as file:
            rows = file.execute("SELECT item, body FROM texts").fetchall()
        want = {item for item, body in rows if text.casefold() in body.casefold()}
        assert found == want
        assert want


def test_no_key_and_no_hidden_sign_is_kept(path: Path, index: RunIndex) -> None:
    raw = path.read_bytes()
    assert CANARY.encode() not in raw
    for row in index.page(MatrixFilter(), limit=10_000).rows:
        shown = _texts(index.sample(row.item))
        assert CANARY not in shown
        assert not {"\u202e", "\u200b", "\u0000", "\ud800"} & set(shown)


@pytest.mark.parametrize("profile", ["hashed", "none"])
def test_a_profile_hides_the_texts(hostile: ReportData, tmp_path: Path, profile: str) -> None:
    made = tmp_path / "r1.db"
    write_index(made, judged(hostile, profile))
    with open_index(made) as found:
        assert found is not None
        assert found.page(MatrixFilter(text="HYPERLINK")).n == 0
        assert "HYPERLINK" not in _texts(found.sample(4))


def test_only_the_owner_reads_it(path: Path) -> None:
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0
    assert [each.name for each in path.parent.iterdir()] == ["r1.db"], "no half of a file is left"


@pytest.mark.parametrize("content", [b"", b"x" * 5000, None])
def test_a_file_that_is_no_index_is_no_index(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "r.db"
    if content is None:
        with sqlite3.connect(path) as file:
            file.execute("CREATE TABLE meta (key TEXT, value TEXT)")
            file.execute("INSERT INTO meta VALUES ('version', '99')")
    else:
        path.write_bytes(content)
    with open_index(path) as found:
        assert found is None
    assert verdicts_in(path) == []
    with open_index(tmp_path / "missing.db") as found:
        assert found is None


def test_labels_of_the_draw_come_back(hostile: ReportData, tmp_path: Path) -> None:
    path = tmp_path / "r1.db"
    write_index(path, judged(hostile))
    set_origin(path, {**ORIGIN, "labels_since": 1})
    with open_index(path) as index:
        assert index is not None
        assert index.origin == {**ORIGIN, "labels_since": 1}
        assert index.to_label(0) == LABELLED[0] == index.drawn_call("c1")
        assert index.to_label(1) is None
        assert index.drawn_call("' OR 1=1 --") is None
        assert index.drawn_calls() == ["c1"]


@pytest.mark.parametrize("origin", [{}, {"mark": {}}, [], "x", None])
def test_an_index_that_does_not_say_of_which_rows_it_is_made_is_none(
    data: ReportData, tmp_path: Path, origin: object
) -> None:
    path = tmp_path / "r1.db"
    write_index(path, judged(data))
    set_origin(path, origin)  # type: ignore[arg-type]
    with open_index(path) as index:
        assert index is None
    assert verdicts_in(path) == []
