"""Suites that come with ClaimBench are found by name, where no file is, and copied out."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from claimbench import shipped
from claimbench.cli import group
from claimbench.errors import BenchError
from claimbench.suite.load import load_suite

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = (
    "extraction",
    "multilingual",
    "press_claims",
    "rag_qa",
    "shopping",
    "support",
    "support_desk",
    "support_steering",
    "tools",
    "twins",
)


def test_a_name_means_the_shipped_suite_where_no_such_file_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert shipped.shipped_names() == SHIPPED
    assert shipped.located("support") == ROOT / "suites" / "support.yaml"
    (tmp_path / "support").mkdir()  # a folder of that name is no suite
    assert shipped.located("support") == ROOT / "suites" / "support.yaml"
    (tmp_path / "support").rmdir()
    (tmp_path / "support").write_text("name: mine\n")
    assert shipped.located("support") == Path("support")


@pytest.mark.parametrize(
    "name",
    ["Support", "support.yaml", "./support", "suites/support", "../support", "", "nope", "a\x00b"],
)
def test_no_other_words_are_a_name(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert shipped.located(name) == Path(name)


@pytest.mark.parametrize(
    ("given", "near"),
    [
        ("suport", "'support'"),
        ("shoping", "'shopping'"),
        ("suport.yaml", "'support'"),
        ("tickts", "'tickets.yaml'"),
        ("tickts.yaml", "'tickets.yaml'"),
        ("sub/minee.yaml", "'sub/mine.yml'"),
        ("zzzz", None),
    ],
)
def test_a_suite_that_is_not_there_is_answered_with_the_nearest_and_all_there_are(
    given: str, near: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    (tmp_path / "tickets.yaml").write_text("name: mine\n")
    (tmp_path / "sub" / "mine.yml").write_text("name: mine\n")
    for command in ("run", "plan", "validate"):
        refused = CliRunner().invoke(group(), [command, given]).exception
        assert isinstance(refused, BenchError)
        assert (f"did you mean {near}?" if near else "No such file or directory") in str(refused)
        assert ("did you mean" in str(refused)) == (near is not None)
        assert f"with ClaimBench come: {', '.join(SHIPPED)}" in str(refused.hint)
    with pytest.raises(BenchError, match="No such file"):
        shipped.found(given)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_copy_is_whole_and_runs(name: str, tmp_path: Path) -> None:
    runner = CliRunner()
    done = runner.invoke(group(), ["init", "--example", name, "--output", str(tmp_path / "mine")])
    assert done.exit_code == 0, done.output
    copy, source = (
        load_suite(tmp_path / "mine" / f"{name}.yaml"),
        load_suite(ROOT / "suites" / f"{name}.yaml"),
    )
    assert copy.measured_sha256 == source.measured_sha256
    again = runner.invoke(group(), ["init", "--example", name, "--output", str(tmp_path / "mine")])
    assert isinstance(again.exception, BenchError)
    assert "is there already" in str(again.exception)
    forced = ["init", "--example", name, "--output", str(tmp_path / "mine"), "--force", "--json"]
    assert runner.invoke(group(), forced).exit_code == 0


@pytest.mark.parametrize(
    "words",
    [["--example", "suport"], ["--example", "../support"], ["--example", "support", "x.csv"]],
)
def test_what_cannot_be_copied_is_said(words: list[str], tmp_path: Path) -> None:
    done = CliRunner().invoke(group(), ["init", *words, "--output", str(tmp_path / "mine")])
    assert isinstance(done.exception, BenchError)
    assert not (tmp_path / "mine").exists()


def test_the_demo_says_what_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from claimbench.cli.commands import demo

    monkeypatch.setattr(demo.importlib.util, "find_spec", lambda _name: None)
    done = CliRunner().invoke(group(), ["demo", "--results", str(tmp_path / "results")])
    assert isinstance(done.exception, BenchError)
    assert "llama-cpp-python is not installed" in str(done.exception)
    assert "claimbench[local]" in str(done.exception.hint)
    assert not (tmp_path / "results").exists()
