"""Runs are chosen by suite, time and tags; what people say of them is checked first."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from claimbench.errors import BenchError
from claimbench.store.catalogue.about import About, about_of
from claimbench.store.catalogue.selection import selected
from claimbench.store.runs import RunInfo

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


def info(run_id: str, created: str, suite: str = "desk", tags: tuple[str, ...] = ()) -> RunInfo:
    return RunInfo(run_id, created, suite, "1-0", "complete", 1, 1, "", tags)


RUNS = [
    info("a", "2026-10-01T00:00:00+00:00", tags=("nightly",)),
    info("b", "2026-11-28T13:00:00+02:00", "other", ("nightly", "ci")),
    info("c", "2026-11-29T11:30:00+00:00", tags=("ci",)),
    info("d", "when it was"),
]


@pytest.mark.parametrize(
    ("suite", "since", "tags", "wanted"),
    [
        (None, None, (), "abcd"),
        ("desk", None, (), "acd"),
        ("Desk", None, (), ""),
        (None, "2026-11-01", (), "bc"),
        (None, "2026-11-28T11:00", (), "bc"),
        (None, "2026-11-28T11:01", (), "c"),
        (None, "2026-11-28T13:00+02:00", (), "bc"),
        (None, "1h", (), "c"),
        (None, "2d", (), "bc"),
        (None, " 52w ", (), "abc"),
        (None, date(2026, 11, 29), (), "c"),
        (None, datetime(2026, 11, 29, 11), (), "c"),
        (None, None, ("nightly",), "ab"),
        (None, None, ("nightly", "ci"), "b"),
        ("desk", "30d", ("ci",), "c"),
    ],
)
def test_runs_that_fit(
    suite: str | None, since: object, tags: tuple[str, ...], wanted: str
) -> None:
    chosen = selected(suite, since, tags, now=NOW)  # type: ignore[arg-type]
    assert "".join(one.run_id for one in chosen.of(RUNS)) == wanted


@pytest.mark.parametrize(
    "since", ["", "soon", "7", "d", "-3d", "7y", "2026-13-01", "999999w", "٣d"]
)
def test_a_time_that_is_none_is_refused(since: str) -> None:
    with pytest.raises(BenchError, match="no day, moment or time ago"):
        selected(None, since, now=NOW)


def test_words_are_trimmed_sorted_and_said_once() -> None:
    assert about_of(["b", " a ", "b"], " why\nso ", "me") == About(("a", "b"), "why\nso", "me")
    assert not about_of()
    assert about_of(["größe", "v1.2/x"]).tags == ("größe", "v1.2/x")


@pytest.mark.parametrize(
    ("tags", "note", "owner"),
    [
        (["a b"], None, None), (["a,b"], None, None), ([""], None, None), (["x" * 65], None, None), (["a\x1b[31m"], None, None),
        (["\u202eab"], None, None), ([f"t{i}" for i in range(33)], None, None), ([], "  ", None), ([], "x" * 2001, None),
        ([], "bell\x07", None), ([], None, "a\nb"), ([], None, ""), ([], None, "\u200b"),
    ],
)  # fmt: skip
def test_odd_words_are_refused(tags: list[str], note: str | None, owner: str | None) -> None:
    with pytest.raises(BenchError):
        about_of(tags, note, owner)
