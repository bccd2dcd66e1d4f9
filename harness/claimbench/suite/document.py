"""YAML with line numbers: text -> plain data plus the line of every value, and nothing else.

Only the safe core of YAML 1.2 is read (text, numbers, booleans, null, lists, mappings, aliases,
merge keys); tags that construct objects, duplicate keys, NaN and infinities are errors. A date
stays the text it was written as, and ``yes`` and ``no`` are text, so that nothing a person wrote
changes its kind behind their back.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from claimbench.error_words import did_you_mean, one_of, show
from claimbench.errors import SuiteError
from claimbench.suite.decoding import decode_utf8
from claimbench.types import Json

Loc = tuple[str | int, ...]
"""Where a value stands: keys and list indices from the root."""

_CORE = "tag:yaml.org,2002:"
_MAX_VALUES = 200_000  # aliases can square a file's size; no honest suite comes near
_MISSING = object()
_AS_TEXT = "write it with the digits 0 to 9, or put it in quotes if it is text"


@dataclass(frozen=True, slots=True)
class Place:
    """Lines of one value, counted from 1. ``key_line`` is the line of its key; ``block``: a ``|``
    text.
    """

    line: int
    end_line: int
    key_line: int
    scalar: bool
    block: bool


@dataclass(slots=True)
class YamlDocument:
    """A parsed file: ``data`` is plain Python, ``places`` maps every location to its lines.

    ``origins`` maps locations to the ``--set`` text that wrote them, so that an error names its
    true cause.
    """

    path: str
    text: str
    data: dict[str, Json]
    places: dict[Loc, Place] = field(default_factory=dict)
    origins: dict[Loc, str] = field(default_factory=dict)

    def origin(self, loc: Loc) -> str | None:
        """Return the ``--set`` text that the value at ``loc`` came from, if one did."""
        return next(
            (self.origins[loc[:n]] for n in range(len(loc), 0, -1) if loc[:n] in self.origins), None
        )

    def line(self, loc: Loc, *, key: bool = False) -> int | None:
        """Return the line to report for ``loc``: a scalar's own, else its key's or the nearest
        parent's.
        """
        for n in range(len(loc), 0, -1):
            place = self.places.get(loc[:n])
            if place is not None:
                return place.line if place.scalar and not key and n == len(loc) else place.key_line
        return 1

    def line_of(self, loc: Loc, needle: str) -> int | None:
        """Return the first line of the value at ``loc`` where the word ``needle`` stands, else
        :meth:`line`.
        """
        place = self.places.get(loc)
        if place is not None:
            word = re.compile(rf"(?<!\w){re.escape(needle)}(?!\w)")
            lines = self.text.splitlines()
            for number in range(place.line, min(place.end_line, len(lines)) + 1):
                if word.search(lines[number - 1]):
                    return number
        return self.line(loc)

    def template_line(self, loc: Loc, lineno: int) -> int | None:
        """Return the file's line for line ``lineno`` of the text at ``loc``; exact for ``|``, else
        its start.
        """
        place = self.places.get(loc)
        if place is not None and place.block:
            return min(place.line + lineno, place.end_line)
        return self.line(loc)

    def error(
        self, loc: Loc, message: str, *, hint: str | None = None, line: int | None = None
    ) -> SuiteError:
        """Make a :class:`SuiteError` at ``loc``; a value from ``--set`` is reported as such,
        without a line.
        """
        origin = self.origin(loc)
        if origin is not None:
            return SuiteError(f"--set {origin}: {message}", path=self.path, hint=hint)
        return SuiteError(
            message, path=self.path, line=line if line is not None else self.line(loc), hint=hint
        )


def parse_yaml(raw: bytes, path: str) -> YamlDocument:
    """Read one YAML document whose top level is a mapping; raises :class:`SuiteError` with the
    fault's line.
    """
    text = decode_utf8(raw, path)
    try:
        root = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as exc:
        raise _syntax_error(exc, text, path) from None
    except RecursionError:
        raise SuiteError("nested too deeply to read", path=path) from None
    except YAMLError as exc:
        position = getattr(exc, "position", None)
        line = text.count("\n", 0, position) + 1 if isinstance(position, int) else None
        raise SuiteError(f"not YAML: {str(exc).splitlines()[0]}", path=path, line=line) from None
    if root is None:
        raise SuiteError(
            "the file is empty", path=path, hint="`bench init` writes a suite from your own data"
        )
    if not isinstance(root, MappingNode):
        raise SuiteError(
            "a suite is a mapping (`name: …`), this file is not",
            path=path,
            line=root.start_mark.line + 1,
        )
    document = YamlDocument(path=path, text=text, data={})
    try:
        document.data = _Reader(document).mapping(root, ())
    except RecursionError:
        hint = "an alias (*name) inside the value that it names goes round for ever"
        raise SuiteError("nested too deeply to read", path=path, hint=hint) from None
    return document


def parse_value(text: str) -> Json:
    """Parse one value as YAML, for ``--set``; text that is not YAML stays text."""
    try:
        root = YAML(typ="safe", pure=True).compose(text)
        if root is None:
            return None
        document = YamlDocument(path="--set", text=text, data={})
        return _Reader(document).value(root, (), root.start_mark.line + 1)
    except YAMLError:
        return text
    except RecursionError:
        raise SuiteError("nested too deeply, or an alias holds itself", path="--set") from None


def _syntax_error(exc: MarkedYAMLError, text: str, path: str) -> SuiteError:
    """Translate the parser's words into what a person did."""
    mark = exc.problem_mark or exc.context_mark
    line = (
        min(mark.line + 1, max(1, text.count("\n") + (not text.endswith("\n"))))
        if mark is not None
        else None
    )
    problem = str(exc.problem or exc)
    source = text.splitlines()[line - 1] if line is not None and text else ""
    hint = None
    if "\\t" in problem or "\t" in source[: len(source) - len(source.lstrip())]:
        return SuiteError(
            "a tab in the indentation",
            path=path,
            line=line,
            hint="indent with spaces; YAML takes no tabs",
        )
    if "mapping values are not allowed" in problem:
        problem = f"a second ':' or a wrong indentation in {show(source.strip())}"
        hint = (
            "put texts that hold ': ' in quotes, and give keys of one mapping the same indentation"
        )
    elif "another document" in problem:
        problem, hint = "a second YAML document ('---')", "one suite a file"
    elif "undefined alias" in problem:
        hint = "a text that starts with * must be in quotes"
    elif "cannot start any token" in problem:
        hint = "put texts that start with %, @ or ` in quotes"
    elif "expected <block end>" in problem:
        problem = f"the indentation of {show(source.strip())} fits nothing above it"
        hint = "items of one list and keys of one mapping start in the same column"
    if (
        exc.context_mark is not None
        and exc.context_mark.line + 1 != line
        and "while" in str(exc.context)
    ):
        problem += f" ({exc.context} that began on line {exc.context_mark.line + 1})"
    return SuiteError(f"not YAML: {problem}", path=path, line=line, hint=hint)


class _Reader:
    """Turns nodes into plain data and notes the place of each."""

    def __init__(self, document: YamlDocument) -> None:
        self._document = document
        self._count = 0

    def value(self, node: Node, loc: Loc, key_line: int) -> Json:
        self._count += 1
        line = node.start_mark.line + 1
        if self._count > _MAX_VALUES:
            raise self._fail(f"more than {_MAX_VALUES} values once aliases are expanded", line)
        style = node.style if isinstance(node, ScalarNode) else None
        scalar = isinstance(node, ScalarNode)
        empty = scalar and node.value == "" and style is None
        end = node.end_mark.line + (1 if node.end_mark.column else 0)
        block = style == "|"
        self._document.places[loc] = Place(
            key_line if empty else line, max(end, line), key_line, scalar, block
        )
        if isinstance(node, MappingNode):
            return self.mapping(node, loc)
        if isinstance(node, SequenceNode):
            self._check_tag(node, "seq")
            return [
                self.value(item, (*loc, i), item.start_mark.line + 1)
                for i, item in enumerate(node.value)
            ]
        return self._scalar(node)

    def mapping(self, node: MappingNode, loc: Loc) -> dict[str, Json]:
        self._check_tag(node, "map")
        own: dict[str, Json] = {}
        seen: dict[str, int] = {}
        merged: list[Node] = []
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if key_node.tag == _CORE + "merge":
                merged += value_node.value if isinstance(value_node, SequenceNode) else [value_node]
                continue
            key = self._key(key_node, line)
            if key in seen:
                raise self._fail(f"duplicate key '{key}' (first on line {seen[key]})", line)
            seen[key] = line
            own[key] = self.value(value_node, (*loc, key), line)
        for parent in merged:
            self._merge(parent, loc, own)
        return own

    def _merge(self, parent: Node, loc: Loc, own: dict[str, Json]) -> None:
        if not isinstance(parent, MappingNode):
            raise self._fail(
                "'<<' takes a mapping or a list of mappings", parent.start_mark.line + 1
            )
        scratch = YamlDocument(path=self._document.path, text=self._document.text, data={})
        inner = _Reader(scratch)
        inner._count = self._count
        data = inner.mapping(parent, loc)
        self._count = inner._count
        for key, value in data.items():
            if key not in own:
                own[key] = value
                depth = len(loc) + 1
                new = {
                    at: place for at, place in scratch.places.items() if at[:depth] == (*loc, key)
                }
                self._document.places.update(new)

    def _key(self, node: Node, line: int) -> str:
        if not isinstance(node, ScalarNode):
            raise self._fail(
                "a mapping stands where a key should", line, "put texts that start with { in quotes"
            )
        if node.tag != _CORE + "str" and node.style is None:
            raise self._fail(f"the key {node.value!r} is not text", line, "put it in quotes")
        return str(node.value)

    def _scalar(self, node: Node) -> Json:
        line, text = node.start_mark.line + 1, str(node.value)
        if not isinstance(node, ScalarNode):
            raise self._fail("a value of an unknown kind", line)
        kind = str(node.tag).removeprefix(_CORE)
        try:
            if kind == "null":
                return None
            if kind == "bool":
                return text.lower() == "true"
            if kind == "int":
                digits = text.replace("_", "")
                if not re.fullmatch(r"[-+]?[0-9]{1,400}", digits):
                    raise self._fail(f"{show(text)} is not a decimal number", line, _AS_TEXT)
                return int(digits)
            if kind == "float":
                return self._float(text, line)
        except ValueError:
            raise self._fail(f"{show(text)} is not a number", line, "put texts in quotes") from None
        if kind in ("str", "timestamp"):
            return text
        self._check_tag(node, "str")
        return text

    def _float(self, text: str, line: int) -> float:
        number = float(text.replace("_", "").lower().replace(".inf", "inf").replace(".nan", "nan"))
        if not math.isfinite(number):
            raise self._fail(f"{text} is not a finite number", line)
        return number

    def _check_tag(self, node: Node, kind: str) -> None:
        tag = str(node.tag)
        if tag != _CORE + kind:
            shown = tag.replace(_CORE, "!!")
            raise self._fail(
                f"the tag {shown} is not allowed in a suite",
                node.start_mark.line + 1,
                "remove the tag",
            )

    def _fail(self, message: str, line: int, hint: str | None = None) -> SuiteError:
        return SuiteError(message, path=self._document.path, line=line, hint=hint)


def apply_override(document: YamlDocument, text: str, names: Mapping[str, str]) -> None:
    """Write one ``--set a.b.c=value`` into ``document.data``.

    Lists of named things are addressed by name (``tasks.route.max_tokens=8``) or number; ``names``
    maps the list's key to the key that holds the name (``{"tasks": "name"}``). Names may hold dots.
    The value is read as YAML.
    """
    target, equals, value_text = text.partition("=")
    if not equals or not target.strip():
        raise SuiteError(f"--set {text}: write KEY.KEY=VALUE", path=document.path)
    node: Any = document.data
    loc: list[str | int] = []
    rest = target.strip()
    while True:
        key, after = _next_key(document, text, node, loc, rest, names)
        loc.append(key)
        if not after:
            break
        child = node.get(key, _MISSING) if isinstance(node, dict) else node[int(key)]
        if child is _MISSING or child is None:
            child = node[key] = {}
        if not isinstance(child, dict | list):
            raise SuiteError(
                f"--set {text}: '{'.'.join(map(str, loc))}' is {show(child)}, not a mapping",
                path=document.path,
            )
        node, rest = child, after
    node[loc[-1]] = parse_value(value_text)
    document.origins[tuple(loc)] = text


def _next_key(
    document: YamlDocument,
    text: str,
    node: Any,
    loc: list[str | int],
    rest: str,
    names: Mapping[str, str],
) -> tuple[str | int, str]:
    """Find the next step of an override path: the longest known name ``rest`` starts with, else up
    to the dot.
    """
    known: dict[str, str | int]
    if isinstance(node, dict):
        known = {key: key for key in node}
    else:
        name_key = names.get(str(loc[-1])) if loc else None
        known = {str(i): i for i in range(len(node))}
        if name_key is not None:
            known |= {
                str(item[name_key]): i
                for i, item in enumerate(node)
                if isinstance(item, dict) and name_key in item
            }
    fits = [name for name in known if rest == name or rest.startswith(name + ".")]
    if fits:
        name = max(fits, key=len)
        return known[name], rest[len(name) + 1 :]
    head, _, after = rest.partition(".")
    if isinstance(node, list):
        where = ".".join(map(str, loc))
        listed = [name for name in known if not name.isdigit()] or list(known)
        raise SuiteError(
            f"--set {text}: nothing in '{where}' is named '{head}'{did_you_mean(head, listed)}",
            path=document.path,
            hint=f"{where}: {one_of(listed)}",
        )
    return head, after
