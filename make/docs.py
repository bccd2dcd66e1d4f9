"""Rewrite the generated parts of docs/: help texts, keys of suites, reason codes, packages,
parameters.

``--check`` only compares.

A generated part stands between ``<!-- begin NAME -->`` and ``<!-- end NAME -->``. Commands that
cannot be imported are left out with a warning here; the test that compares the pages fails for
them.
"""

from __future__ import annotations

import importlib
import re
import sys
import textwrap
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from claimbench.claims.words import REASONS
from claimbench.cli import COMMANDS, usage
from claimbench.suite.load import json_schema
from claimbench_providers.endpoints.known import matrix_markdown

DOCS = Path(__file__).resolve().parent.parent / "docs"
WIDTH = 80


def commands() -> tuple[dict[str, click.Command], dict[str, str]]:
    """The commands by name, and why others cannot be imported."""
    found: dict[str, click.Command] = {}
    broken: dict[str, str] = {}
    for name, (module, _) in COMMANDS.items():
        try:
            loaded = importlib.import_module(f"claimbench.cli.commands.{module}")
            found[name] = getattr(loaded, f"{name}_command", None) or getattr(loaded, module)
        except (ImportError, AttributeError) as error:
            broken[name] = str(error)
    return found, broken


def help_blocks() -> str:
    """``bench --help`` and the help of every command and subcommand, as Markdown."""
    parts = [_block("bench", usage())]
    root = click.Context(click.Group("bench"), info_name="bench", terminal_width=WIDTH)
    for name, command in commands()[0].items():
        parts += [_block(path, text) for path, text in _helps(command, name, root)]
    return "\n".join(parts)


def _helps(command: click.Command, name: str, parent: click.Context) -> Iterator[tuple[str, str]]:
    context = click.Context(command, info_name=name, parent=parent, terminal_width=WIDTH)
    yield context.command_path, command.get_help(context)
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            inner = command.get_command(context, below)
            if inner is not None:
                yield from _helps(inner, below, context)


def _block(path: str, text: str) -> str:
    lines = "\n".join(line.rstrip() for line in text.strip().splitlines())
    return f"## {path}\n\n```text\n{lines}\n```\n"


def suite_keys() -> str:
    """Every key of a suite file with its values, default and meaning, as Markdown tables, from the
    JSON Schema.
    """
    schema = json_schema()
    top = [row for row in _rows(schema, schema, "") if "." not in row[0] and "[" not in row[0]]
    sections: dict[str, list[tuple[str, str, str, str]]] = {"The file": top}
    for row in _rows(schema, schema, ""):
        if "." in row[0] and not row[0].startswith("judges[]"):  # written like arms
            head = row[0].rpartition(".")[0]
            sections.setdefault(f"`{head}`", []).append(row)
    parts = []
    for title, rows in sections.items():
        lines = [f"### {title}", "", "| key | value | left out | meaning |", "|---|---|---|---|"]
        for key, value, default, text in rows:
            lines.append(f"| `{key.rpartition('.')[2]}` | {value} | {default} | {text} |")
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _rows(
    node: Mapping[str, Any], schema: Mapping[str, Any], path: str
) -> Iterator[tuple[str, str, str, str]]:
    """(key path, values, default, meaning) of every property below ``node``; lists of objects are
    written ``key[]``, objects by name ``key.NAME``.
    """
    required = (*node.get("required", ()), *node.get("else", {}).get("required", ()))
    for key, prop in node.get("properties", {}).items():
        here = f"{path}.{key}" if path else key
        target, many = _object(prop, schema)
        default = "required" if key in required else _default(prop)
        meaning = prop.get("description") or (target or {}).get("description", "")
        yield here, _values(prop, schema), default, _cell(meaning)
        below = f"{here}[]" if many else here
        each = _resolve(target or prop, schema).get("additionalProperties")
        named = _resolve(each, schema) if isinstance(each, Mapping) else {}
        if "properties" in named:
            yield from _rows(named, schema, f"{here}.NAME")
        for inner in [target] if target is not None else _options(prop, schema):
            yield from _rows(inner, schema, below)
        by_name = _resolve(prop, schema).get("additionalProperties")
        for inner in _options(by_name, schema) if isinstance(by_name, Mapping) else ():
            yield from _rows(inner, schema, f"{here}.NAME")


def _resolve(node: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = node.get("$ref")
    return schema["$defs"][reference.rpartition("/")[2]] if reference else node


def _object(
    prop: Mapping[str, Any], schema: Mapping[str, Any]
) -> tuple[Mapping[str, Any] | None, bool]:
    """The one kind of object a property or its list holds, and whether it is a list."""
    node, many = _resolve(prop, schema), False
    if node.get("type") == "array":
        node, many = _resolve(node.get("items", {}), schema), True
    return (node, many) if "properties" in node else (None, many)


def _options(prop: Mapping[str, Any], schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The kinds of object among a property's alternatives (chat turns, few-shot files, scorers)."""
    node = _resolve(prop, schema)
    node = _resolve(node.get("items", {}), schema) if node.get("type") == "array" else node
    if "properties" in node:
        return [node]
    found: list[Mapping[str, Any]] = []
    for each in (*node.get("oneOf", ()), *node.get("anyOf", ())):
        # one kind, alone or in a list, is told once
        found += [one for one in _options(each, schema) if one not in found]
    return found


def _values(prop: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    node = _resolve(prop, schema)
    choices = [
        each
        for each in (*node.get("anyOf", ()), *node.get("oneOf", ()))
        if each.get("type") != "null"
    ]
    if choices:
        return " or ".join(dict.fromkeys(_values(each, schema) for each in choices))
    if "enum" in node:
        return ", ".join(f"`{value}`" for value in node["enum"])
    kind = str(node.get("type", "any"))
    if kind == "array":
        return f"list of {_values(node.get('items', {}), schema)}"
    if kind == "object" and "properties" not in node:
        extra = node.get("additionalProperties")
        return f"mapping of {_values(extra, schema)}" if isinstance(extra, dict) else "mapping"
    names = {
        "string": "text",
        "integer": "whole number",
        "boolean": "true, false",
        "object": "mapping",
    }
    return names.get(kind, kind) + _limits(node)


def _limits(node: Mapping[str, Any]) -> str:
    words = (
        ("minimum", "≥"),
        ("exclusiveMinimum", ">"),
        ("maximum", "≤"),
        ("exclusiveMaximum", "<"),
    )
    found = [f"{sign} {node[name]:,}" for name, sign in words if name in node]
    return " " + ", ".join(found) if found else ""


def _default(prop: Mapping[str, Any]) -> str:
    value = prop.get("default")
    if value in (None, "", [], {}) or isinstance(value, dict):
        return "-"
    return f"`{str(value).lower()}`" if isinstance(value, bool) else f"`{value}`"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def reason_codes() -> str:
    """Every reason and flag of the claim checker with its words."""
    lines = ["| code | meaning |", "|---|---|"]
    lines += [
        f"| `{code}{'…' if code.endswith('_') else ''}` | {_cell(text)} |"
        for code, text in REASONS.items()
    ]
    return "\n".join(lines) + "\n"


def packages() -> str:
    """Draw the packages of each root from the layers contracts, with the first line of each."""
    tables = tomllib.loads((DOCS.parent / "pyproject.toml").read_text(encoding="utf-8"))
    blocks = []
    for contract in tables["tool"]["importlinter"]["contracts"]:
        if contract["type"] != "layers":
            continue
        [root] = contract["containers"]
        floors = [layer.split(" | ") for layer in contract["layers"]]
        blocks.append(f"{ROOTS[root]}/{root}/\n" + _floors(root, floors))
    return "```text\n" + "\n".join(blocks) + "```\n"


ROOTS = {
    "claimbench": "harness",
    "claimbench_providers": "providers",
    "claimbench_reports": "reports",
}


def _floors(root: str, floors: list[list[str]]) -> str:
    """Return one line a room; rooms of one floor are joined by a bracket on their left."""
    lines = []
    for number, rooms in enumerate(floors, 1):
        for place, room in enumerate(rooms):
            mark = f"{number:>3}" if place == 0 else "   "
            bracket = " " if len(rooms) == 1 else "|"
            words = textwrap.wrap(_first_line(f"{root}.{room}"), 100 - 27) or [""]
            lines.append(f"{mark} {bracket} {room:<20} {words[0]}".rstrip())
            lines += [f"    {bracket} {'':<20} {more}" for more in words[1:]]
    return "\n".join(lines) + "\n"


def _first_line(module: str) -> str:
    """Return the first sentence of a module's docstring."""
    text = importlib.import_module(module).__doc__ or ""
    first, _, _ = " ".join(text.split("\n\n")[0].split()).partition(". ")
    return first.rstrip(".")


PARTS: Mapping[str, tuple[str, Callable[[], str]]] = {
    "help": ("cli.md", help_blocks),
    "keys": ("suites.md", suite_keys),
    "reasons": ("glossary.md", reason_codes),
    "packages": ("architecture.md", packages),
    "parameters": ("providers.md", matrix_markdown),
}
"""Name of a generated part -> (page, what makes it)."""


def renewed(name: str) -> tuple[Path, str, str]:
    """(page, its text now, its text with the part ``name`` made anew); ValueError where the page
    has no such part.
    """
    page, make = PARTS[name]
    path = DOCS / page
    now = path.read_text(encoding="utf-8")
    pattern = re.compile(rf"(<!-- begin {name}[^>]*-->\n).*?(<!-- end {name} -->)", re.DOTALL)
    if not pattern.search(now):
        raise ValueError(f"{page} has no part '{name}'")
    return path, now, pattern.sub(lambda found: f"{found[1]}\n{make()}\n{found[2]}", now)


def main(arguments: list[str]) -> int:
    """Rewrite the pages, or with ``--check`` say which are stale (exit 1)."""
    for name, why in commands()[1].items():
        print(f"warning: bench {name} cannot be imported and is left out: {why}", file=sys.stderr)
    checking, stale = "--check" in arguments, 0
    for name in PARTS:
        path, now, new = renewed(name)
        if now == new:
            continue
        stale += 1
        print(
            f"{path.name}: the part '{name}'"
            f" {'is stale; run python make/docs.py' if checking else 'was rewritten'}"
        )
        if not checking:
            path.write_text(new, encoding="utf-8")
    return 1 if stale and checking else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
