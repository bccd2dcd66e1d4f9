"""Answer spaces as GBNF grammars
(https://github.com/ggml-org/llama.cpp/blob/master/grammars/README.md).
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from claimbench.errors import BadRequest
from claimbench.types import Json


def labels_grammar(labels: Sequence[str]) -> str:
    """A grammar whose only sentences are ``labels``."""
    return "root ::= " + " | ".join(_literal(label) for label in dict.fromkeys(labels))


def _literal(text: str) -> str:
    # json.dumps would write \uXXXX pairs for astral characters, which GBNF reads as two code
    # points.
    escaped = "".join(_escape(character) for character in text)
    return f'"{escaped}"'


def _escape(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    code = ord(character)
    if code < 0x20 or code == 0x7F:
        return f"\\x{code:02X}"
    return character


def schema_grammar(schema: Mapping[str, Json]) -> str:
    """A grammar for JSON texts that match ``schema``, by llama-cpp-python's converter.

    Raises:
        BadRequest: the schema uses something the converter does not know.
    """
    try:
        return _converted(schema)
    except Exception as error:  # the converter raises bare exceptions, asserts and KeyErrors
        raise BadRequest(
            f"this JSON schema cannot be made a grammar: {type(error).__name__}: {error}",
            hint="simplify the schema, or set `constrain: false` in the task's answer",
            billable="no",
        ) from error


def _converted(schema: Mapping[str, Json]) -> str:
    """Return the converter's grammar, with two faults of it mended: backslashes in literals, and
    the classes of regular expressions that GBNF does not know.
    """
    from llama_cpp.llama_grammar import SchemaConverter

    class Converter(SchemaConverter):  # type: ignore[misc]  # untyped
        def _format_literal(self, literal: str) -> str:
            return _literal(literal)

        def _visit_pattern(self, pattern: str, name: str) -> Any:
            return super()._visit_pattern(plain_pattern(pattern), name)

    made = Converter(prop_order={}, allow_fetch=False, dotall=False, raw_pattern=False)
    made.visit(made.resolve_refs(json.loads(json.dumps(schema)), "schema"), "")
    return str(made.format_grammar())


_CLASSES = {"d": "0-9", "w": "A-Za-z0-9_", "s": " \\t\\n\\r"}
_KEPT = frozenset("[]()|{}*+?")


_NO_QUOTES = "a quote or backslash in a pattern would be one of the JSON text"


def plain_pattern(pattern: str) -> str:
    r"""Return a regular expression without what GBNF does not know: ``\d`` and its like, groups
    that are not captured, escapes of characters that need none.

    Raises:
        ValueError: an escape that means more than a character.
    """
    out: list[str] = []
    inside = False
    at = 0
    while at < len(pattern):
        char = pattern[at]
        if char == "\\" and at + 1 < len(pattern):
            out.append(_escape_of(pattern[at + 1], inside=inside))
            at += 2
            continue
        if pattern.startswith("(?:", at) and not inside:
            out.append("(")
            at += 3
            continue
        if char == '"':
            raise ValueError(_NO_QUOTES)
        inside = char == "[" or (inside and char != "]")
        out.append(char)
        at += 1
    return "".join(out)


def _escape_of(char: str, *, inside: bool) -> str:
    if char in '"\\' and not inside:
        raise ValueError(_NO_QUOTES)
    if char.lower() in _CLASSES and (char.islower() or not inside):
        members = _CLASSES[char.lower()]
        if inside:
            return members
        return f"[^{members}]" if char.isupper() else f"[{members}]"
    if char in "tnr":
        return f"[\\{char}]" if not inside else f"\\{char}"
    if char.isalnum():
        raise ValueError(f"the escape \\{char} of a pattern has no meaning in a grammar")
    if inside:
        return f"\\{char}" if char in "[]\\^-" else char
    return "[.]" if char == "." else (f"\\{char}" if char in _KEPT else char)


def schema_fault(schema: Mapping[str, Json]) -> str | None:
    """Return why ``schema`` cannot be enforced, with the innermost field at fault; None if it
    can.
    """
    why = _fault_of(schema)
    if why is None:
        return None
    for path, part in _parts(schema):
        inner = _fault_of({**part, **_definitions(schema)})
        if inner is not None:
            deeper = schema_fault(part)
            if deeper is not None and deeper.startswith("field "):
                return f"field {path}." + deeper.removeprefix("field ")
            return f"field {path}: {inner}"
    return why


def _definitions(schema: Mapping[str, Json]) -> dict[str, Json]:
    return {name: schema[name] for name in ("$defs", "definitions") if name in schema}


def _parts(schema: Mapping[str, Json]) -> Iterator[tuple[str, Mapping[str, Json]]]:
    properties = schema.get("properties")
    if isinstance(properties, Mapping):
        yield from ((str(n), p) for n, p in properties.items() if isinstance(p, Mapping))
    if isinstance(schema.get("items"), Mapping):
        yield "items", schema["items"]
    for key in ("anyOf", "oneOf", "allOf", "prefixItems"):
        rows = schema.get(key)
        if isinstance(rows, list):
            yield from ((f"{key}[{i}]", p) for i, p in enumerate(rows) if isinstance(p, Mapping))


def _fault_of(schema: Mapping[str, Json]) -> str | None:
    try:
        text = schema_grammar(schema)
    except BadRequest as error:
        return error.message
    return _refused(text)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep what llama.cpp's grammar parser writes to standard error from the terminal."""
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _refused(grammar: str) -> str | None:
    """Return why llama.cpp refuses the grammar; None if it takes it."""
    from llama_cpp import llama_cpp as low

    from claimbench_providers.llama.log import LlamaLog

    log = LlamaLog(low)
    with log.capture(), _quiet():
        made: Any = low.llama_sampler_init_grammar(None, grammar.encode("utf-8"), b"root")
    if not made:
        return f"llama.cpp refuses the grammar: {log.reason() or 'it gives no reason'}"
    low.llama_sampler_free(made)
    return None


def label_complete(labels: Sequence[str]) -> Callable[[str], bool]:
    """Return a test for a label that no other label continues: only the end can follow it."""
    final: set[str] = set()
    for label in labels:
        longer = [other for other in labels if other != label and other.startswith(label)]
        if not longer:
            final.add(label)
    return final.__contains__


def json_complete(text: str) -> bool:
    """Tell whether a text is one complete JSON object or array: only white space could follow."""
    if not text.rstrip().endswith(("}", "]")):
        return False
    try:
        return isinstance(json.loads(text), (dict, list))
    except (ValueError, RecursionError):
        return False
