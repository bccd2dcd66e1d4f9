"""Pydantic's findings -> one :class:`~claimbench.errors.SuiteError` in a person's words, with the
line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from claimbench.error_words import did_you_mean, one_of, show
from claimbench.errors import SuiteError
from claimbench.suite.document import Loc, YamlDocument
from claimbench.suite.schema import SuiteModel
from claimbench.types import Json

_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping (key: value)",
    "model_type": "a mapping (key: value)",
    "model_attributes_type": "a mapping (key: value)",
    "decimal_type": "an amount of money",
    "decimal_parsing": "an amount of money",
}
_LIMITS = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}


def first_error(exc: ValidationError, document: YamlDocument) -> SuiteError:
    """Return the one error to show: an unknown key first, since it explains the missing one, else
    the topmost.
    """
    found = exc.errors(include_url=False)
    found.sort(key=lambda item: (item["type"] != "extra_forbidden", _line(item, document)))
    # within a union another branch may lack another field, which nobody has to add
    plain = [one for one in found if one["type"] == "missing" and _is_plain(one, document)]
    if plain and found[0] is plain[0]:
        return _all_missing(plain, document)
    return _translate(found[0], document)


def _is_plain(item: ErrorDetails, document: YamlDocument) -> bool:
    parent = tuple(item["loc"][:-1])
    if parent[:1] == ("tasks",):  # of the two kinds of tasks, the file has said which
        parent = parent[:2] + parent[3:]
    return real_loc(document, parent) == parent


def _all_missing(found: list[ErrorDetails], document: YamlDocument) -> SuiteError:
    """Return one error for every field that is missing, so that they can be added in one step."""
    first = _translate(found[0], document)
    by_place: dict[Loc, dict[str, None]] = {}
    for one in found:
        place = real_loc(document, one["loc"])
        by_place.setdefault(place, {})[str(one["loc"][-1])] = None
    told: list[str] = []
    for place, names in by_place.items():
        where = place_name(document, place)
        at = "" if not told else f" (line {document.line(place) or 1})"
        told.append(f"{where}{at} has no {' and no '.join(repr(name) for name in names)}")
    loc = real_loc(document, found[0]["loc"])
    return document.error(loc, "; ".join(told), line=first.line)


def place_name(document: YamlDocument, loc: Loc) -> str:
    """Return a location as a person would write it: ``tasks.route.dataset.path``, ``prompt[1]``."""
    text = ""
    node: Any = document.data
    for step in loc:
        node = _child(node, step)
        if isinstance(step, str):
            text += f".{step}" if text else step
        elif isinstance(node, Mapping) and isinstance(node.get("name"), str):
            text += f".{node['name']}"
        else:
            text += f"[{step}]"
    return text or "the suite"


def _child(node: Any, step: str | int) -> Any:
    if isinstance(node, Mapping):
        return node.get(str(step))
    if isinstance(node, list) and isinstance(step, int) and step < len(node):
        return node[step]
    return None


def real_loc(document: YamlDocument, loc: tuple[str | int, ...], *, keep_last: bool = False) -> Loc:
    """Drop the steps that pydantic adds for the branches of a union and that the file does not
    have.
    """
    kept: list[str | int] = []
    node: Any = document.data
    for position, step in enumerate(loc):
        last = position == len(loc) - 1
        inside = (isinstance(node, Mapping) and step in node) or (
            isinstance(node, list) and isinstance(step, int) and step < len(node)
        )
        if inside or (last and keep_last):
            kept.append(step)
            node = _child(node, step)
    return tuple(kept)


def _line(item: ErrorDetails, document: YamlDocument) -> int:
    return document.line(real_loc(document, item["loc"])) or 1


def _translate(item: ErrorDetails, document: YamlDocument) -> SuiteError:
    kind = item["type"]
    value = item["input"]
    context: Mapping[str, Any] = item.get("ctx", {})
    if kind == "extra_forbidden":
        return _unknown_key(item, document)
    loc = real_loc(document, item["loc"])
    name = place_name(document, loc)
    if kind == "missing":
        return document.error(
            loc, f"{name} has no '{item['loc'][-1]}'", line=document.line(loc, key=True)
        )
    if value is None:
        return document.error(loc, f"{name} is empty")
    if kind == "literal_error":
        allowed = re.findall(r"'([^']*)'", str(context.get("expected", "")))
        message = (
            f"{name}: expected one of {', '.join(allowed)}; got"
            f" {show(value)}{did_you_mean(value, allowed)}"
        )
        return document.error(loc, message)
    if kind in _EXPECTED:
        hint = (
            "put it in quotes"
            if kind == "string_type" and not isinstance(value, dict | list)
            else None
        )
        if loc == ("version",):
            hint = "write it as N-X, e.g. `version: 1-0`"
        return document.error(
            loc, f"{name}: expected {_EXPECTED[kind]}, got {show(value)}", hint=hint
        )
    if kind in _LIMITS:
        key, words = _LIMITS[kind]
        return document.error(
            loc, f"{name}: {show(value)} is out of range; it must be {words} {context.get(key)}"
        )
    return document.error(loc, f"{name}: {_other(kind, value, context, loc, item['msg'])}")


def _other(kind: str, value: Any, context: Mapping[str, Any], loc: Loc, message: str) -> str:
    if kind in ("too_short", "string_too_short"):
        return "is empty" if not value else f"needs at least {context.get('min_length')}"
    if kind in ("too_long", "string_too_long"):
        return f"holds {len(value)}, at most {context.get('max_length')} are allowed"
    if kind == "string_pattern_mismatch":
        if loc[-1:] == ("version",):
            return f"expected N-X such as 1-0, got {show(value)}"
        return (
            f"{show(value)} cannot be a name (no slashes, no line breaks or control characters, no"
            " blanks at its ends)"
        )
    if kind == "value_error":
        return str(context.get("error", message))
    return f"{message[:1].lower()}{message[1:]}, got {show(value)}"


def _unknown_key(item: ErrorDetails, document: YamlDocument) -> SuiteError:
    loc = real_loc(document, item["loc"], keep_last=True)
    key, parent = str(loc[-1]), loc[:-1]
    known = sorted(set(known_keys(SuiteModel.model_json_schema(), parent)))
    where = place_name(document, parent)
    return document.error(
        loc,
        f"unknown key '{key}' in {where}{did_you_mean(key, known)}",
        line=document.line(loc, key=True),
        hint=f"known keys: {one_of(known, 40)}",
    )


def known_keys(schema: Mapping[str, Json], loc: Loc) -> list[str]:
    """Return the keys that the schema knows at ``loc``, over all branches of a union."""
    nodes = list(_branches(schema, schema))
    for step in loc:
        found: list[Mapping[str, Json]] = []
        for node in nodes:
            if isinstance(step, int):
                inner = node.get("items")
            else:
                inner = node.get("properties", {}).get(step, node.get("additionalProperties"))
            if isinstance(inner, Mapping):
                found += _branches(inner, schema)
        nodes = found
    return [key for node in nodes for key in node.get("properties", {})]


def _branches(node: Mapping[str, Json], root: Mapping[str, Json]) -> Iterator[Mapping[str, Json]]:
    if "$ref" in node:
        yield from _branches(root["$defs"][str(node["$ref"]).rsplit("/", 1)[-1]], root)
        return
    yield node
    for branch in [*node.get("anyOf", []), *node.get("oneOf", [])]:
        yield from _branches(branch, root)
