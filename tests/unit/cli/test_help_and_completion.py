"""`bench help`, `-V`, completion for shells, and what they offer."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from claimbench._version import __version__
from claimbench.cli import COMMANDS, group, usage
from claimbench.cli.commands.completion import SHELLS
from claimbench.clock import FakeClock
from claimbench.store.results import ResultsStore
from claimbench.types import Manifest

BENCH = (sys.executable, "-m", "claimbench.cli")


def said(*args: str) -> tuple[int, str]:
    done = CliRunner().invoke(group(), list(args))
    return done.exit_code, done.output


@pytest.mark.parametrize("name", COMMANDS)
def test_help_says_what_the_option_says(name: str) -> None:
    assert said("help", name)[1].rstrip() == said(name, "--help")[1].rstrip()


@pytest.mark.parametrize("path", ["claims explain", "models pull", "labels export", "prices"])
def test_help_goes_below_a_command(path: str) -> None:
    code, text = said("help", *path.split())
    assert code == 0
    assert text.startswith(f"Usage: bench {path} ")


def test_help_alone_is_the_list() -> None:
    assert said("help") == (0, usage())


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("lst",), "did you mean 'list'?"),
        (("claims", "explian"), "did you mean 'explain'?"),
        (("run", "x"), "has no commands below it"),
        (("\x1b[31m",), "has no command"),
    ],
)
def test_help_of_what_is_not_there_names_the_nearest(words: tuple[str, ...], says: str) -> None:
    code, text = said("help", *words)
    assert code == 2  # click's own; main() turns it into 3
    assert says in text


@pytest.mark.parametrize("args", [["-V"], ["--version"]])
def test_the_version_in_short(args: list[str]) -> None:
    done = subprocess.run([*BENCH, *args], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == f"bench, version {__version__}\n"


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_for_each_shell(shell: str) -> None:
    done = subprocess.run(
        [*BENCH, "completion", shell], capture_output=True, text=True, check=True, timeout=60
    )
    assert f"_BENCH_COMPLETE={shell}_complete" in done.stdout
    assert done.stderr == ""


def test_no_other_shell_is_promised() -> None:
    code, text = said("completion", "tcsh")
    assert code == 2
    assert "'bash', 'zsh', 'fish'" in text


def offered(line: str, folder: Path) -> list[str]:
    """What bash would be offered for the last word of ``line``."""
    words = line.split(" ")
    asked = {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    done = subprocess.run(
        BENCH,
        env={**os.environ, **asked, "_BENCH_COMPLETE": "bash_complete"},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    return [row.partition(",")[2] for row in done.stdout.splitlines() if row]


def test_commands_options_and_suites_are_offered(tmp_path: Path) -> None:
    assert offered("bench pl", tmp_path) == ["plan"]
    assert set(offered("bench ", tmp_path)) == set(COMMANDS)
    assert offered("bench claims ex", tmp_path) == ["explain"]
    assert "--max-cost" in offered("bench run --max", tmp_path)
    assert "support" in offered("bench run su", tmp_path)


def manifest(run_id: str) -> Manifest:
    return Manifest(
        run_id,
        1,
        "2026-01-01T00:00:00+00:00",
        "0",
        "desk",
        "1-0",
        "desk.yaml",
        "f" * 64,
        "e" * 64,
        "",
        None,
        {},
        ("a",),
        {},
        {},
        None,
        (),
        {},
        {},
        {},
        1,
    )


def test_ids_of_runs_are_offered_and_nothing_else_is_said(tmp_path: Path) -> None:
    assert offered("bench show ", tmp_path) == []
    ids = [f"2026010{n}T000000Z-aaaaaa" for n in (1, 2)]
    with ResultsStore.open(tmp_path / "results") as store:
        for run_id in ids:
            store.create_run(manifest(run_id), [])
            store.start_session(run_id, host={}, clock=FakeClock())
    assert offered("bench show ", tmp_path) == [*reversed(ids)]
    assert offered("bench rm 20260102", tmp_path) == [ids[1]]
    (tmp_path / "results" / "bench.db").write_bytes(b"no database at all")
    assert offered("bench check ", tmp_path) == []


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("nope", None),
        ("sort", None),
        ("plna", "plan"),
        ("lst", "list"),
        ("hlep", "help"),
        ("chek", "check"),
        ("compair", "compare"),
    ],
)
def test_only_a_near_command_is_offered_else_all(word: str, near: str | None) -> None:
    asked = CliRunner().invoke(group(), ["help", word])
    given = CliRunner().invoke(group(), [word])
    for done in (asked, given):
        assert done.exit_code != 0
        assert ("id you mean" in done.output) == (near is not None)
        assert near is None or f"id you mean '{near}'?" in done.output
    assert near is not None or "there are: demo, run, plan" in asked.output
