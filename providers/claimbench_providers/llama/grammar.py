"""Answer spaces as GBNF grammars
(https://github.com/ggml-org/llama.cpp/blob/master/grammars/README.md).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
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
    from llama_cpp.llama_grammar import json_schema_to_gbnf

    try:
        grammar: Any = json_schema_to_gbnf(json.dumps(schema))
    except Exception as error:  # the converter raises bare exceptions, asserts and KeyErrors
        raise BadRequest(
            f"this JSON schema cannot be made a grammar: {type(error).__name__}: {error}",
            hint="simplify the schema, or set `constrain: false` in the task's answer",
            billable="no",
        ) from error
    return str(grammar)


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
    except ValueError:
        return False
