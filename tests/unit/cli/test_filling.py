"""A command that stored nothing leaves no database behind, and never removes another's."""

from __future__ import annotations

from pathlib import Path

import pytest

from claimbench.cli.writing.filling import filled_store
from claimbench.store.results import ResultsStore


class Stop(Exception):
    """What ends a command before anything is stored."""


def stop_in(place: Path) -> None:
    def command() -> None:
        with filled_store(place) as store:
            assert isinstance(store.path, Path)
            assert store.path.exists()
            raise Stop

    with pytest.raises(Stop):
        command()


@pytest.mark.parametrize("name", ["results", "a/b/results", "own.db", "a/own.db"])
def test_an_empty_database_is_removed_with_the_folders_made_for_it(
    tmp_path: Path, name: str
) -> None:
    stop_in(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_command_that_ends_well_and_stored_nothing_leaves_nothing_either(tmp_path: Path) -> None:
    with filled_store(tmp_path / "results"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_what_was_there_before_stays(tmp_path: Path) -> None:
    folder = tmp_path / "results"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    stop_in(folder)
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]
    ResultsStore.open(folder).close()
    stop_in(folder)
    assert (folder / "bench.db").exists(), "it was there before"


def test_a_database_with_a_run_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ResultsStore, "runs", lambda _self: ["a run"])
    stop_in(tmp_path / "results")
    assert (tmp_path / "results" / "bench.db").exists()


def test_a_database_that_another_process_has_open_stays(tmp_path: Path) -> None:
    with filled_store(tmp_path / "results"):
        other = ResultsStore.open(tmp_path / "results")
        assert other.runs() == []
    assert (tmp_path / "results" / "bench.db").exists()
    other.close()
