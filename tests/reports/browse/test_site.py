"""Which folder ``bench publish`` takes, and which it leaves alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from claimbench.errors import BenchError
from claimbench_reports.browse.site import MARKER, check_target


def published(folder: Path) -> Path:
    (folder / "runs").mkdir(parents=True)
    (folder / "index.html").write_text("ours")
    (folder / "runs" / "a.html").write_text("ours")
    (folder / MARKER).write_text(json.dumps({"files": ["index.html", "runs/a.html"]}))
    return folder


def test_a_new_an_empty_and_an_own_folder_are_taken(tmp_path: Path) -> None:
    check_target(tmp_path / "new")
    (tmp_path / "empty").mkdir()
    check_target(tmp_path / "empty")
    check_target(published(tmp_path / "own"))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda f: (f / "notes.txt").write_text("mine"),
        lambda f: (f / "runs" / "mine.html").write_text("mine"),
        lambda f: (f / ".git").mkdir(),
        lambda f: (f / MARKER).unlink(),
        lambda f: (f / MARKER).write_text("{"),
        lambda f: (f / MARKER).write_text("[]"),
        lambda f: (f / MARKER).write_text('{"files": 3}'),
        lambda f: (f / "link").symlink_to("/etc"),
    ],
)
def test_what_somebody_else_put_there_is_not_replaced(tmp_path: Path, spoil: object) -> None:
    folder = published(tmp_path / "site")
    spoil(folder)  # type: ignore[operator]
    with pytest.raises(BenchError, match="did not write") as found:
        check_target(folder)
    assert "nothing was changed" in (found.value.hint or "")
    assert (folder / "index.html").read_text() == "ours"


def test_a_file_and_a_link_are_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(BenchError, match="is a file"):
        check_target(tmp_path / "file")
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(BenchError, match="is a link"):
        check_target(tmp_path / "link")


def test_the_folder_that_one_is_in_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "site" / "deep").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "site" / "deep")
    for name in (".", "..", str(tmp_path / "site"), "/"):
        with pytest.raises(BenchError, match="that you are in"):
            check_target(Path(name))
    check_target(Path("new"))
