"""`bench demo` and `bench rm` as a person uses them, on servers of our own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from claimbench.cli import group
from claimbench.cli.commands import demo

from .conftest import Said, Vendor

Bench = Callable[..., Said]


@pytest.mark.parametrize(("status", "code"), [(200, 0), (401, 4)])
def test_the_demo_ends_well_whatever_the_verdicts_are(
    desk: Path, vendor: Vendor, status: int, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor.status = status
    monkeypatch.setenv("GOOD_KEY", "sk-test-canary-4711-abcdefgh")
    monkeypatch.setattr(demo, "SUITE", str(desk))
    monkeypatch.setattr(demo, "_require_llama", lambda: None)
    words = ["demo", "--limit", "60", "--results", str(desk.parent / "results")]
    done = CliRunner().invoke(group(), words, standalone_mode=False, catch_exceptions=False)
    assert done.return_value == code
    assert list(desk.parent.glob("results/*/report.html"))


def runs_of(bench: Bench) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = bench("list", "--json").json["runs"]
    return found


def test_a_run_is_removed_after_a_yes_and_the_rest_stays(desk: Path, bench: Bench) -> None:
    for note in ("first", "second"):
        said = bench("run", desk.name, "--limit", "20", "--note", note, "--tag", note)
        assert said.code in (0, 1, 2), said.err
    first, second = (run["run_id"] for run in runs_of(bench))
    listed = bench("list", "--tag", "second")
    assert second in listed.out
    assert first not in listed.out
    assert "#second, second" in listed.out
    assert bench("list", "--suite", "else").out.startswith("results: none of 2 runs fits")
    refused = bench("rm", first)  # nobody is there to be asked
    assert (refused.code, len(runs_of(bench))) == (3, 2)
    assert "add --yes" in refused.err
    removed = bench("rm", first, "--yes", "--json")
    assert removed.code == 0, removed.err
    assert removed.json["removed"]["run_id"] == first
    assert removed.json["runs"] == 1
    assert removed.json["space"] == ""
    assert not (desk.parent / "results" / first).exists()
    assert first not in (desk.parent / "results" / "index.html").read_text()
    assert second in (desk.parent / "results" / "index.html").read_text()
    assert bench("show", second).code == 0
    assert bench("show", first).code == 3
    assert [one["run_id"] for one in bench("list", "--json").json["removed"]] == [first]
    assert bench("rm", "latest", "--yes").code == 0
    assert bench("list").out.splitlines()[0] == "results: no run yet"
    assert bench("run", desk.name, "--limit", "20").code in (0, 1, 2)


def test_nothing_is_removed_where_it_must_not(desk: Path, bench: Bench, tmp_path: Path) -> None:
    assert bench("rm", "x", "--yes").code == 3
    assert not (tmp_path / "results").exists()
    assert bench("run", desk.name, "--limit", "20").code in (0, 1, 2)
    (run,) = runs_of(bench)
    for name in ("../..", "nope", ".", "*"):
        assert bench("rm", name, "--yes").code == 3
    lock = tmp_path / "results" / run["run_id"] / "lock"
    import fcntl

    with lock.open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        busy = bench("rm", run["run_id"], "--yes")
    assert busy.code == 3
    assert "being worked on" in busy.err
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("kept")
    folder = tmp_path / "results" / run["run_id"]
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    folder.symlink_to(outside)
    assert bench("rm", run["run_id"], "--yes").code == 0
    assert (outside / "precious").exists()
    assert not folder.exists()


@pytest.mark.parametrize(
    "words", [["--tag", "a b"], ["--note", ""], ["--owner", "x\x1b[2J"], ["--tag", "t" * 65]]
)
def test_odd_words_about_a_run_stop_it_before_it_sends(
    desk: Path, vendor: Vendor, bench: Bench, words: list[str]
) -> None:
    said = bench("run", desk.name, *words)
    assert said.code == 3
    assert vendor.asked == []
    assert "\x1b" not in said.err


def test_a_resumed_run_keeps_its_words_and_takes_more(
    desk: Path, vendor: Vendor, bench: Bench
) -> None:
    said = bench(
        "run", desk.name, "--max-cost", "0.0005", "--tag", "a", "--note", "one", "--owner", "o"
    )
    assert said.code == 4, said.err
    said = bench("run", "--resume", "latest", "--max-cost", "5", "--tag", "b", "--note", "two")
    assert said.code in (0, 1, 2), said.err
    (run,) = runs_of(bench)
    assert (run["tags"], run["note"], run["owner"]) == (["a", "b"], "two", "o")
    assert json.loads(bench("show", "--json").out)["run"] == run["run_id"]
