"""A JSON object in an answer: in a code fence of any kind, or with text around it."""

from __future__ import annotations

import json
import re

from claimbench.types import Json

_FENCE = re.compile(r"^[ \t>]*(`{3,}|~{3,})[ \t]*([\w+.-]*)[ \t]*(.*)$")
_OBJECT = re.compile(r"\{\s*[\"}]")
_STRING = re.compile(r'[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_MARK = re.compile(r'["{}\[\]]')
_INVISIBLE_ENDS = "\ufeff\u200b\u200c\u200d\u2060\u200e\u200f"
_DEEPEST = 500


def read_object(text: str, *, first: bool = False) -> tuple[dict[str, Json] | None, str]:
    """Read an answer as a JSON object; returns it with a note, or None with the reason.

    The whole text, or else the last code fence that holds JSON, or else the last object in the
    text (``first``: the first of them). What is read must be strict JSON: no NaN, no duplicate key,
    no trailing comma.
    """
    text = text.strip().strip(_INVISIBLE_ENDS).strip()
    if not text.startswith(("{", "[")):
        inner, note = _inside(text, 0 if first else -1)
        if inner is not None:
            value, why = _load(inner)
            return value, note if value is not None else why
    value, why = _load(text)
    if value is None and text.startswith("{") and why.startswith("not JSON (Extra data"):
        objects = _objects(text)
        if objects:
            value, why = _load(objects[0 if first else -1])
            return value, "read from an object with text around it" if value is not None else why
    return value, why


def _inside(text: str, place: int) -> tuple[str | None, str]:
    fenced = [body for body in _fences(text) if body.lstrip().startswith(("{", "["))]
    if fenced:
        return fenced[place], "read from a code fence"
    objects = _objects(text)
    if objects:
        return objects[place], "read from an object with text around it"
    return None, ""


def _load(text: str) -> tuple[dict[str, Json] | None, str]:
    def pairs(items: list[tuple[str, Json]]) -> dict[str, Json]:
        if len(dict(items)) != len(items):
            raise ValueError("a duplicate key")
        return dict(items)

    def constant(word: str) -> Json:
        raise ValueError(f"{word} is not JSON")

    try:
        value = json.loads(text, object_pairs_hook=pairs, parse_constant=constant)
    except json.JSONDecodeError as exc:
        return None, f"not JSON ({exc.msg} at character {exc.pos + 1})"
    except (ValueError, RecursionError) as exc:
        return None, f"not JSON ({exc})"
    if not isinstance(value, dict):
        return None, f"a JSON {type(value).__name__}, not an object"
    return value, ""


def _fences(text: str) -> list[str]:
    """Return the contents of code fences, by Markdown's rules: a fence ends with a line of as many
    of its signs or more, or on its own line; one that never ends holds the rest.
    """
    found: list[str] = []
    closing = ""
    body: list[str] = []
    for line in text.splitlines():
        if closing:
            bare = line.strip().lstrip("> ")
            if len(bare) >= len(closing) and not bare.strip(closing[0]):
                found.append("\n".join(body))
                closing = ""
            elif bare.endswith(closing) and bare[: -len(closing)].rstrip().endswith(("}", "]")):
                found.append("\n".join([*body, line.rstrip()[: -len(closing)]]))
                closing = ""
            else:
                body.append(line)
            continue
        opening = _FENCE.match(line)
        if opening is None:
            place = line.find("```")
            opening = _FENCE.match(line[place:]) if place > 0 else None
        if opening is None:
            continue
        signs, _, rest = opening.groups()
        end = rest.rfind(signs)
        if end >= 0:
            found.append(rest[:end])
            continue
        closing = signs
        body = [rest] if rest else []
    if closing:
        found.append("\n".join(body))
    return found


def _objects(text: str) -> list[str]:
    """Return the outermost objects in running text, braces and quotes paired, in one pass."""
    found: list[str] = []
    place = 0
    while (begin := _OBJECT.search(text, place)) is not None:
        end = _closing(text, begin.start())
        if end is None:
            break
        found.append(text[begin.start() : end])
        place = end
    return found


def _closing(text: str, start: int) -> int | None:
    depth = 0
    place = start
    while (mark := _MARK.search(text, place)) is not None:
        place = mark.end()
        sign = mark.group()
        if sign == '"':
            string = _STRING.match(text, place)
            if string is None:
                return None
            place = string.end()
            continue
        depth += 1 if sign in "{[" else -1
        if depth > _DEEPEST:
            return None
        if depth == 0:
            return place
    return None
