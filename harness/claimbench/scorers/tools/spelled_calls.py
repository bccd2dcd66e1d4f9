"""Calls of tools as models write them in text: ``<tool_call>`` blocks, bare or fenced JSON,
``[TOOL_CALLS]``.

A server turns such text into calls of its protocol, and so does a provider in this process; what is
read here is what either has to read.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from claimbench.types import Json, ToolCall

TAGS = ("<tool_call>", "</tool_call>")
LONGEST = 100_000
"""Characters of an answer in which calls are looked for."""
_FENCE, _MISTRAL = "```", "[TOOL_CALLS]"


def read_calls(text: str, names: Collection[str]) -> tuple[str, list[ToolCall]]:
    """Part a text into what is said and the calls of the tools ``names`` that it spells. A block
    that holds no such call is a call without a name, for its writer meant one.
    """
    said, blocks = _blocks(text)
    found: list[ToolCall] = []
    for block in blocks:
        calls = calls_of(json_of(block), names)
        found += [ToolCall("", block)] if calls is None else calls
    if found:
        return said, numbered(found)
    calls = calls_of(json_of(_bare(text)), names)
    return (text, []) if not calls else ("", numbered(calls))


def _blocks(text: str) -> tuple[str, list[str]]:
    """Return the text outside of tags and what stands inside; the last tag may stay open."""
    outside, inside, at = [], [], 0
    while (start := text.find(TAGS[0], at)) >= 0:
        outside.append(text[at:start])
        end = text.find(TAGS[1], start)
        inside.append(text[start + len(TAGS[0]) : end if end >= 0 else None].strip())
        at = end + len(TAGS[1]) if end >= 0 else len(text)
    return "".join([*outside, text[at:]]).strip(), inside


def _bare(text: str) -> str:
    """Return a text without the fence or the mark around all of it."""
    whole = text.strip()
    if whole.startswith(_MISTRAL):
        listed = whole.removeprefix(_MISTRAL).strip()
        return listed if listed.startswith("[") else whole
    head, _, rest = whole.partition("\n")
    if head.strip() in {_FENCE, f"{_FENCE}json", f"{_FENCE}tool_call"} and rest.endswith(_FENCE):
        return rest.removesuffix(_FENCE).strip()
    return whole


def spells_call(text: str, names: Collection[str]) -> bool:
    """Tell whether a text that came without calls spells one of the tools ``names``."""
    if len(text) > LONGEST:
        return False
    if any(call.name for call in read_calls(text, names)[1]):
        return True
    whole = json_of(text)
    listed = whole.get("tool_calls") if isinstance(whole, Mapping) else None
    return bool(calls_of(listed, names)) if isinstance(listed, list) else False


def calls_of(value: Json, names: Collection[str]) -> list[ToolCall] | None:
    """Return the calls that a JSON value holds; None where it is none, or of no known tool."""
    rows = value if isinstance(value, list) else [value]
    found: list[ToolCall] = []
    for row in rows:
        if not isinstance(row, Mapping):
            return None
        inner: Any = row.get("function") if isinstance(row.get("function"), Mapping) else row
        name = inner.get("name")
        given = inner.get("arguments", inner.get("parameters", {}))
        if not isinstance(name, str) or name not in names:
            return None
        arguments = given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)
        found.append(ToolCall(name, arguments))
    return numbered(found)


def numbered(calls: Iterable[ToolCall]) -> list[ToolCall]:
    """Give calls the ids that nothing else gives them."""
    return [ToolCall(c.name, c.arguments, f"call_{n}") for n, c in enumerate(calls, start=1)]


def json_of(text: str) -> Json:
    """Return the JSON value that a text is; None for any other text."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
