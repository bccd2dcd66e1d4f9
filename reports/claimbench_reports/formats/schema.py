"""The published JSON Schema of ``report.json``, derived from the view's own types so that the two
cannot part.
"""

from __future__ import annotations

import types
import typing
from dataclasses import fields, is_dataclass
from typing import Any

from claimbench_reports.view.types import VIEW_SCHEMA, View

_PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}


def report_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of :func:`claimbench_reports.formats.exports.view_json`;
    docs/report.schema.json is this.
    """
    definitions: dict[str, Any] = {}
    root = _schema_of(View, definitions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "ClaimBench report",
        "description": (
            f"Version {VIEW_SCHEMA}. Every figure has a value (null = unknown) and the text shown"
            " for it."
        ),
        **root,
        "$defs": dict(sorted(definitions.items())),
    }


def _schema_of(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    if kind in _PLAIN:
        return {"type": _PLAIN[kind]}
    if is_dataclass(kind) and isinstance(kind, type):
        if kind.__name__ not in definitions:
            definitions[kind.__name__] = {}  # claims the name, for types that hold themselves
            hints = typing.get_type_hints(kind)
            names = [f.name for f in fields(kind)]
            definitions[kind.__name__] = {
                "type": "object",
                "description": (kind.__doc__ or "").partition("\n")[0],
                "properties": {name: _schema_of(hints[name], definitions) for name in names},
                "required": names,
                "additionalProperties": False,
            }
        return {"$ref": f"#/$defs/{kind.__name__}"}
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return {"anyOf": [_schema_of(a, definitions) for a in arguments]}
    if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        return {"type": "array", "items": _schema_of(arguments[0], definitions)}
    if origin is tuple:
        parts = [_schema_of(a, definitions) for a in arguments]
        return {
            "type": "array",
            "prefixItems": parts,
            "minItems": len(parts),
            "maxItems": len(parts),
        }
    raise TypeError(f"no schema for {kind!r}")
