"""Every place that a command writes to says what ``-`` means there."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from claimbench.cli import group
from claimbench.cli.streams import Audience, write_bytes
from claimbench.cli.writing.written import WrittenPath

WRITTEN = frozenset({"--output", "--junit", "--new-key", "--register", "--timestamp", "folder"})
"""Options and arguments that name what is written."""
TAKES_STDOUT = frozenset({"export", "schema"})


def commands(
    inside: click.Group, above: tuple[str, ...] = ()
) -> Iterator[tuple[str, click.Command]]:
    ctx = click.Context(inside)
    for name in inside.list_commands(ctx):
        command = inside.get_command(ctx, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, (*above, name))
        else:
            yield " ".join((*above, name)), command


PLACES = [
    (name, param)
    for name, command in commands(group())
    for param in command.params
    if WRITTEN & {param.name, *param.opts} and "--folder" not in param.opts
]


def test_the_places_are_found() -> None:
    assert len({name for name, _ in PLACES}) >= 9


@pytest.mark.parametrize(("name", "param"), PLACES, ids=lambda x: getattr(x, "name", x))
def test_a_dash_is_standard_output_or_refused_in_words(name: str, param: click.Parameter) -> None:
    assert isinstance(param.type, WrittenPath), f"bench {name}: {param.opts}"
    if name in TAKES_STDOUT:
        assert param.type.convert("-", param, None) == Path("-")
        return
    with pytest.raises(click.BadParameter, match=r"standard output.*name a "):
        param.type.convert("-", param, None)
    assert param.type.convert("./-", param, None) == Path("-"), "a file of that name is one"


def test_the_schema_goes_to_standard_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = CliRunner().invoke(group(), ["schema", "--output", "-"], standalone_mode=False)
    assert json.loads(said.output)["$schema"]
    assert not list(tmp_path.iterdir())


def test_bytes_go_past_the_text_stream_and_stand_after_what_it_holds() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="utf-8")
    audience = Audience(stream)
    audience.write("first")
    write_bytes(audience, b"PK\x03\x04\xff")
    assert raw.getvalue() == b"firstPK\x03\x04\xff"
