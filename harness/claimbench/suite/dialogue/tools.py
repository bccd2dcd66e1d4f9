"""Tools that a task offers: read from the suite, a file beside it, or each row, and checked before
anything is sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from claimbench.error_words import did_you_mean, show
from claimbench.suite.schema.tasks import SimulatorModel
from claimbench.types import Json, SimulatedCall, Simulator, SimulatorScript, ToolSpec

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
"""What every protocol takes as the name of a function (OpenAI's is the narrowest)."""
MOST_TOOLS = 128
WORDS = ("auto", "required", "none")
_KEYS = ("type", "name", "description", "parameters", "strict", "input_schema", "function")
_OF_BFCL = {"dict": "object", "float": "number", "tuple": "array", "any": "(left out)"}


class ToolFault(ValueError):
    """What is written is no tool; ``where``: the place inside it, for the line."""

    def __init__(self, what: str, *where: str | int) -> None:
        super().__init__(what)
        self.where = where


def read_tools(value: Json) -> tuple[ToolSpec, ...]:
    """Read a list of tools: ``{name, description, parameters}``, or OpenAI's ``{type: function,
    function: {…}}``.

    Raises:
        ToolFault: it is no such list, two are called the same, or a schema is none.
    """
    if not isinstance(value, list):
        raise ToolFault(f"tools are a list of functions, got {show(value)}")
    if len(value) > MOST_TOOLS:
        raise ToolFault(f"{len(value)} tools are more than {MOST_TOOLS}, which no API takes")
    found: list[ToolSpec] = []
    for index, one in enumerate(value):
        tool = _tool(one, index)
        if any(tool.name == other.name for other in found):
            raise ToolFault(f"two tools are called '{tool.name}'", index)
        found.append(tool)
    return tuple(found)


def _tool(value: Json, index: int) -> ToolSpec:
    if not isinstance(value, Mapping):
        raise ToolFault(f"tool {index + 1} is {show(value)}, not {{name, parameters}}", index)
    inner: Any = value
    if isinstance(value.get("function"), Mapping):
        inner = value["function"]
    unknown = sorted(str(key) for key in {*value, *inner} if key not in _KEYS)
    if unknown:
        near = did_you_mean(unknown[0], ("name", "description", "parameters"))
        raise ToolFault(f"tool {index + 1} has '{unknown[0]}'{near}", index)
    if value.get("type", "function") != "function":
        raise ToolFault(
            f"tool {index + 1} is a {value['type']}: only functions can be scored here", index
        )
    name = inner.get("name")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise ToolFault(
            f"tool {index + 1} is called {show(name)}; the APIs take letters, digits, _ and -, at"
            " most 64",
            index,
        )
    description = inner.get("description") or ""
    if not isinstance(description, str):
        raise ToolFault(f"the description of {name} is {show(description)}, not a text", index)
    given = inner.get("parameters", inner.get("input_schema"))
    parameters = {} if given is None else given
    fault = _schema_fault(parameters)
    if fault is not None:
        raise ToolFault(f"the parameters of {name}: {fault}", index, "parameters")
    return ToolSpec(name, description, parameters)


def _schema_fault(schema: Json) -> str | None:
    """Say why the schema of a tool's arguments is none, or None."""
    from jsonschema import Draft202012Validator, SchemaError  # needed for tools alone

    if not isinstance(schema, Mapping):
        return f"a JSON Schema is an object, got {show(schema)}"
    if not schema:
        return None
    foreign = _foreign_type(schema)
    if foreign is not None:
        return f"'{foreign}' is no type of JSON Schema; write {_OF_BFCL[foreign]}"
    if schema.get("type") != "object":
        return f"its type is {show(schema.get('type'))}; arguments are an object"
    try:
        Draft202012Validator.check_schema(dict(schema))
    except SchemaError as exc:
        where = ".".join(map(str, exc.absolute_path))
        return f"not a JSON Schema: {f'{where}: ' if where else ''}{exc.message}"
    required = schema.get("required") or []
    known = schema.get("properties") or {}
    for name in required:
        if name not in known:
            return f"'{name}' is required and not described"
    return None


def _foreign_type(schema: Any) -> str | None:
    """Return a type that BFCL's files have and JSON Schema has not; None where there is none."""
    if isinstance(schema, Mapping):
        kind = schema.get("type")
        if isinstance(kind, str) and kind in _OF_BFCL:
            return kind
        properties = schema.get("properties")
        inner = [*properties.values()] if isinstance(properties, Mapping) else []
        for part in (*inner, schema.get("items")):
            found = _foreign_type(part)
            if found is not None:
                return found
    return None


def simulator_of(
    model: SimulatorModel, tools: Sequence[ToolSpec], script: SimulatorScript | None = None
) -> Simulator:
    """Return a tool simulator as the core knows it; ``tools``: those of the task (none: rows have
    theirs), ``script``: the function in place of the table, as read from its file.

    Raises:
        ToolFault: a row of the table is of no tool, or names a parameter that it does not have.
    """
    rows: list[SimulatedCall] = []
    for index, row in enumerate(model.table or ()):
        tool = next((one for one in tools if one.name == row.name), None)
        if tools and tool is None:
            names = [one.name for one in tools]
            what = (
                f"the table answers '{row.name}', which is no tool{did_you_mean(row.name, names)}"
            )
            raise ToolFault(what, "table", index, "name")
        known = (tool.parameters.get("properties") if tool is not None else None) or {}
        for name in row.arguments or () if tool is not None else ():
            if name not in known:
                what = f"'{name}' is no parameter of {row.name}{did_you_mean(name, list(known))}"
                raise ToolFault(what, "table", index, "arguments", name)
        rows.append(
            SimulatedCall(row.name, row.arguments, row.result, dict(row.set), dict(row.when))
        )
    return Simulator(tuple(rows), model.max_steps, dict(model.state), model.otherwise, script)


FUNCTION = "answer"
"""The function of a tool simulator where the suite names none."""
_OF_PYTHON = ("function", "seconds", "max_result")


def check_kind(model: SimulatorModel) -> None:
    """Raise :class:`ToolFault` unless a simulator is a table or a function, and one of both."""
    if model.python is not None and model.table is not None:
        raise ToolFault("a table and a function answer the same calls: keep one", "python")
    if model.python is None and model.table is None:
        raise ToolFault("it has neither a table nor a function (python: tools.py)")
    for name in _OF_PYTHON if model.python is None else ():
        if name in model.model_fields_set:
            raise ToolFault(f"{name} belongs to a function (python: tools.py)", name)


def choice_fault(choice: str | None, tools: Sequence[ToolSpec], *, per_row: bool) -> str | None:
    """Say why a choice of tools cannot be sent, or None."""
    if choice is None:
        return None
    if not tools and not per_row:
        return "tool_choice without tools"
    if choice in WORDS or per_row or any(tool.name == choice for tool in tools):
        return None
    names = [tool.name for tool in tools]
    return f"tool_choice '{choice}' is no tool{did_you_mean(choice, (*WORDS, *names))}"
