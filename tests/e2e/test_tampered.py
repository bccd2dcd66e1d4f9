"""A results database that somebody changed: every command that would show a figure of it names what
differs, ends with 5 and writes nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from tests.e2e.conftest import Said

from claimbench.store.schema import chain

Bench = Callable[..., Said]

TABLE = "arm,task,item,score,usd\n" + "".join(
    f"{arm},t,i{n},{int(n % 5 < good)},{usd}\n"
    for n in range(40)
    for arm, good, usd in (("alpha", 4, 0.001), ("beta", 3, 0.002))
)
COMMANDS = (
    ("check",),
    ("check", "--json"),
    ("report",),
    ("show",),
    ("show", "--json"),
    ("export", "--format", "md"),
    ("export", "--format", "json"),
    ("export", "--format", "csv", "--output", "out.csv"),
    ("reprice", "--price", "alpha.input=1"),
    ("labels", "export", "--output", "labels.csv"),
    ("decide",),
    ("decide", "--json"),
    ("route",),
    ("route", "--json"),
    ("compare", "latest", "latest"),
    ("compare", "results", "results", "--json"),
    ("bundle", "--output", "out.zip"),
)


def tampered(results: Path, *statements: str) -> None:
    with closing(sqlite3.connect(results / "bench.db", isolation_level=None)) as connection:
        connection.create_function("chain", 2, chain, deterministic=True)
        triggers = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            assert connection.execute(statement).rowcount != 0
        for (
            _,
            sql,
        ) in triggers:  # put back, or the open database is refused before its rows are read
            connection.execute(sql)


@pytest.fixture
def imported(tmp_path: Path, bench: Bench) -> Path:
    (tmp_path / "scores.csv").write_text(TABLE, encoding="utf-8")
    claim = "alpha is 40% cheaper than beta"
    said = bench("import", "scores.csv", "--claim", claim, "--no-report")
    assert said.code in (0, 1, 2), said.err
    return tmp_path / "results"


@pytest.mark.parametrize(
    ("commands", "statements", "named"),
    [
        (
            COMMANDS,
            ["UPDATE records SET body = replace(body, '\"text\":', '\"Text\":')"],
            "records",
        ),
        ((("report",),), ["DELETE FROM sessions"], "sessions"),
        ((("report",),), ["DELETE FROM seals"], "no seal is there"),
    ],
)
def test_every_command_that_shows_a_figure_names_what_differs(
    imported: Path,
    bench: Bench,
    commands: tuple[tuple[str, ...], ...],
    statements: list[str],
    named: str,
) -> None:
    tampered(imported, *statements)
    before = sorted(path.name for path in imported.parent.rglob("*"))
    for command in commands:
        said = bench(*command)
        assert (said.code, named in said.err) == (5, True), (command, said.code, said.err)
        assert "do not use this run as evidence" in said.err
        assert said.out == ""
    after = sorted(path.name for path in imported.parent.rglob("*"))
    assert [n for n in after if not n.startswith("bench.db")] == [
        n for n in before if not n.startswith("bench.db")
    ]


@pytest.mark.parametrize("name", ["../victim", "/abs", ".."])
def test_a_run_is_never_called_like_a_path(imported: Path, bench: Bench, name: str) -> None:
    victim = imported.parent / "victim"
    victim.mkdir()
    (victim / "report.html").write_text("precious")
    with closing(sqlite3.connect(imported / "bench.db")) as connection:
        (old,) = connection.execute("SELECT run_id FROM runs").fetchone()
    tampered(
        imported,
        f"UPDATE runs SET body = replace(body, '{old}', '{name}'), run_id = '{name}'",
        "UPDATE runs SET sha256 = chain('', body)",
    )
    for command in (("report",), ("list",)):
        said = bench(*command)
        assert said.code == 5, (command, said.code, said.err)
        assert "no id that ClaimBench gives" in said.err
    assert (victim / "report.html").read_text() == "precious"
