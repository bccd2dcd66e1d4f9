"""Every command that a hint, a message or a page names is one that the CLI has."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from claimbench.cli import group

ROOT = Path(__file__).parents[3]
MAIN = group()
FOLDERS = ("harness", "providers", "reports")
VALUE = "VALUE"
"""Stands for what is filled in."""
NAMED = re.compile(r"(?<![\w./-])(?<!vllm )bench ([a-z]+)((?: +(?:--?[a-z][a-z-]*|[\w./]+))*)")
PROSE = frozenset({"is", "in", "runs", "writes"})
"""Words that follow the name of the program, or of a command, in a sentence about it."""


def texts(path: Path) -> Iterator[str]:
    """Yield the strings of a module, what is filled in as :data:`VALUE`."""
    inner: set[int] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.JoinedStr):
            inner |= {id(part) for part in node.values}
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else VALUE for part in node.values
            )
        elif (
            isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inner
        ):
            yield node.value


def fault_of(text: str) -> str | None:
    """Return the first command in ``text`` that the CLI does not have; None: it has all."""
    for name, rest in NAMED.findall(text):
        if name in PROSE:
            continue
        command = MAIN.get_command(click.Context(MAIN), name)
        words = [word for word in rest.split()[:1] if word not in PROSE]
        if isinstance(command, click.Group) and words:
            command = command.get_command(click.Context(command), words[0])
        if command is None:
            return f"bench {name}{rest}"
    return None


def test_commands_that_are_named_exist() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    found = {
        (path.name, fault)
        for path in pages
        for quoted in re.findall(r"`(bench [^`]*)`", path.read_text())
        if (fault := fault_of(quoted))
    }
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*.py"):
            found |= {(path.name, fault) for text in texts(path) if (fault := fault_of(text))}
    assert not found


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("Let people label: bench labels VALUE", "bench labels VALUE"),
        ("then bench label export", "bench label export"),
        ("bench labels export VALUE --output l.csv", None),
        ("people have to label a sample first (bench labels)", None),
        ("bench is a program", None),
    ],
)
def test_what_the_cli_lacks_is_found(text: str, fault: str | None) -> None:
    assert fault_of(text) == fault
