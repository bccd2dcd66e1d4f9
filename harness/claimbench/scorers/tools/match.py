"""Whether a call is one that is right: its name, which parameters it gives, their types and values.

For possible answers in BFCL's form the rules are those of its AST check (Patil et al. 2025, "The
Berkeley Function Calling Leaderboard", bfcl_eval's ``ast_checker.py``):

* a required parameter must be given, one that is neither in the schema nor in the answer must not;
* a type must be exact, but an integer does for a float (never the reverse); booleans are no
  numbers; a value of the type of the acceptable values does where that is not the schema's (a
  variable's name in place of a value);
* texts are compared without case, blanks and ``, . / - _ * ^``, and ' is ";
* lists in their order, objects key by key, each key with its own acceptable values;
* a parameter may be left out if ``""`` is among its acceptable values.

Calls that are made side by side match in any order: some pairing of all must exist.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from claimbench.number_text import parse_number
from claimbench.scorers.tools.targets import WantedCall, same_name
from claimbench.types import Json, ToolSpec

TYPES: Mapping[str, type] = {
    "string": str,
    "integer": int,
    "float": float,
    "number": float,
    "boolean": bool,
    "array": list,
    "tuple": list,
    "dict": dict,
    "object": dict,
    "any": str,
}
"""Types of JSON Schema, and BFCL's own words, as the values that JSON gives."""
_LISTS = ("array", "tuple")
_FOLDED = re.compile(r"[ \,\.\/\-\_\*\^]")


@dataclass(frozen=True, slots=True)
class Rules:
    """How exact a match must be; the defaults are BFCL's."""

    strict_types: bool = True
    fold_strings: bool = True

    def text(self, value: Any) -> Any:
        """Return a text as it is compared; anything else as it is."""
        if not isinstance(value, str) or not self.fold_strings:
            return value
        return _FOLDED.sub("", value).lower().replace("'", '"')


BFCL = Rules()


class Differs(Exception):
    """A call is not the wanted one; the text says where."""


def call_fault(
    name: str, arguments: Json, wanted: WantedCall, tool: ToolSpec | None, rules: Rules = BFCL
) -> str | None:
    """Say how a call differs from a wanted one; None where it is the one.

    Args:
        name: the function called.
        arguments: its arguments as decoded.
        wanted: the call that is right.
        tool: the function's schema; None: its types are not known, and those of the target count.
        rules: how exact a match must be.
    """
    if not same_name(name, wanted.name):
        return f"calls {name}, not {wanted.name}"
    if not isinstance(arguments, Mapping):
        return f"the arguments of {name} are no object"
    try:
        schema = tool.parameters if tool is not None else {}
        if wanted.possible is not None:
            _check_possible(arguments, wanted.possible, schema, rules)
        else:
            _check_plain(arguments, wanted, schema, rules)
    except Differs as why:
        return f"{name}: {why}"
    return None


def _properties(schema: Mapping[str, Json]) -> Mapping[str, Json] | None:
    found = schema.get("properties")
    return found if isinstance(found, Mapping) else None


# Possible answers


def _check_possible(
    given: Mapping[str, Json],
    possible: Mapping[str, Sequence[Json]],
    schema: Mapping[str, Json],
    rules: Rules,
) -> None:
    properties = _properties(schema)
    for name in schema.get("required") or ():
        if name not in given:
            raise Differs(f"the required parameter '{name}' is missing")
    for name, value in given.items():
        if name not in possible or (properties is not None and name not in properties):
            raise Differs(f"the parameter '{name}' is not expected")
        described = (properties or {}).get(name)
        kind = described if isinstance(described, Mapping) else {}
        _check_value(name, value, possible[name], kind, rules)
    for name, values in possible.items():
        if name not in given and "" not in values:
            raise Differs(f"the parameter '{name}' is missing")


def _check_value(
    name: str, value: Json, possible: Sequence[Json], described: Mapping[str, Json], rules: Rules
) -> None:
    stated = described.get("type")
    expected = TYPES.get(stated) if isinstance(stated, str) else None
    if expected is None:  # a union, a reference: the acceptable values say what is right
        if not any(same_value(value, one, {}, rules) for one in possible):
            raise Differs(f"'{name}' is {value!r:.60}, not one of {list(possible)!r:.100}")
        return
    inner = _inner_type(stated, described)
    if not rules.strict_types:
        value = _lenient(value, expected)
    if expected is float and type(value) is int:
        value = float(value)
    variable = _check_type(name, value, possible, expected, inner)
    if not variable:
        if expected is dict:
            _check_object(name, value, possible, rules)
            return
        if expected is list and inner is dict:
            _check_objects(name, value, possible, rules)
            return
        if expected is str:
            texts = [rules.text(one) for one in possible if isinstance(one, str)]
            if rules.text(value) not in texts:
                raise Differs(f"'{name}' is {value!r:.60}, not one of {list(possible)!r:.100}")
            return
        if expected is list:
            lists = [[rules.text(item) for item in one] for one in possible if one != ""]
            if [rules.text(item) for item in value] not in lists:
                raise Differs(f"'{name}' is {value!r:.60}, not one of {list(possible)!r:.100}")
            return
    if value not in possible or (isinstance(value, bool) and not _has_bool(possible, value)):
        raise Differs(f"'{name}' is {value!r:.60}, not one of {list(possible)!r:.100}")


def _has_bool(possible: Sequence[Json], value: bool) -> bool:
    """Tell whether a boolean itself is acceptable, and not only the number it equals."""
    return any(one is value for one in possible) or not any(
        isinstance(one, bool) for one in possible
    )


def _inner_type(stated: Json, described: Mapping[str, Json]) -> type | None:
    if stated not in _LISTS:
        return None
    items = described.get("items")
    kind = items.get("type") if isinstance(items, Mapping) else None
    return TYPES.get(kind) if isinstance(kind, str) else None


def _type_of_possible(possible: Sequence[Json]) -> type | None:
    return next((type(one) for one in possible if one != ""), None)


def _check_type(
    name: str, value: Json, possible: Sequence[Json], expected: type, inner: type | None
) -> bool:
    """Check a value's type; True where it stands for a variable: of the type of the acceptable
    values, which is not the schema's.
    """
    known = _type_of_possible(possible)
    fits = type(value) is expected
    if fits and (inner is None or _fits_inside(name, value, possible, inner)):
        return known is not None and known is not expected
    if known is not None and type(value) is known:
        return True
    raise Differs(f"'{name}' is {value!r:.60}, of another type than {_word(expected, inner)}")


def _fits_inside(name: str, value: Any, possible: Sequence[Json], inner: type) -> bool:
    """Tell whether each item of a list fits the type of the schema, or of some acceptable list."""
    for one in possible:
        if not isinstance(one, list):
            return True
        try:
            for item in value:
                _check_type(name, item, one, inner, None)
        except Differs:
            continue
        return True
    return False


def _word(expected: type, inner: type | None) -> str:
    of = f" of {inner.__name__}" if inner is not None else ""
    return f"{expected.__name__}{of}"


def _check_object(name: str, value: Json, possible: Sequence[Json], rules: Rules) -> None:
    why = f"'{name}' is {value!r:.60}, and no object is expected"
    for one in possible:
        if one == "":
            continue
        fault = _object_fault(value, one, rules)
        if fault is None:
            return
        why = f"'{name}': {fault}"
    raise Differs(why)


def _object_fault(value: Any, wanted: Any, rules: Rules) -> str | None:
    if not isinstance(value, Mapping) or not isinstance(wanted, Mapping):
        return f"{value!r:.60} is no object"
    for key, held in value.items():
        if key not in wanted:
            return f"the key '{key}' is not expected"
        acceptable = wanted[key]
        acceptable = acceptable if isinstance(acceptable, list) else [acceptable]
        if rules.text(held) not in [rules.text(one) for one in acceptable]:
            return f"'{key}' is {held!r:.60}, not one of {acceptable!r:.100}"
    for key, acceptable in wanted.items():
        left_out = "" in acceptable if isinstance(acceptable, list | str) else False
        if key not in value and not left_out:
            return f"the key '{key}' is missing"
    return None


def _check_objects(name: str, value: Any, possible: Sequence[Json], rules: Rules) -> None:
    why = f"'{name}' has no acceptable list of objects"
    for one in possible:
        if not isinstance(one, list):
            continue
        if len(one) != len(value):
            why = f"'{name}' has {len(value)} objects, not {len(one)}"
            continue
        faults = [_object_fault(x, y, rules) for x, y in zip(value, one, strict=True)]
        fault = next((fault for fault in faults if fault is not None), None)
        if fault is None:
            return
        why = f"'{name}': {fault}"
    raise Differs(why)


# Plain arguments


def _check_plain(
    given: Mapping[str, Json], wanted: WantedCall, schema: Mapping[str, Json], rules: Rules
) -> None:
    properties = _properties(schema) or {}
    for name in schema.get("required") or ():
        if name not in given:
            raise Differs(f"the required parameter '{name}' is missing")
    for name, value in given.items():
        described = properties.get(name)
        kind = described if isinstance(described, Mapping) else {}
        if name in wanted.arguments:
            right = wanted.arguments[name]
        elif name in wanted.optional:
            right = wanted.optional[name]
        elif "default" in kind:
            right = kind["default"]  # said aloud, what would have held anyway
        else:
            raise Differs(f"the parameter '{name}' is not expected")
        if not same_value(value, right, kind, rules):
            raise Differs(f"'{name}' is {value!r:.60}, not {right!r:.60}")
    for name in wanted.arguments:
        if name not in given:
            raise Differs(f"the parameter '{name}' is missing")


def same_value(value: Json, right: Json, schema: Mapping[str, Json], rules: Rules) -> bool:
    """Tell whether a value is the right one, or one of ``{any_of: [..]}``.

    An integer does where a number is right; a boolean is neither. Objects have the same keys, lists
    the same items in their order.
    """
    if (
        isinstance(right, Mapping)
        and set(right) == {"any_of"}
        and isinstance(right["any_of"], list)
    ):
        return any(same_value(value, one, schema, rules) for one in right["any_of"])
    if not rules.strict_types:
        value = _lenient(value, type(right))
    if isinstance(value, bool) or isinstance(right, bool):
        return value is right
    if isinstance(right, int | float):
        if not isinstance(value, int | float):
            return False
        if isinstance(value, float) and schema.get("type") == "integer" and rules.strict_types:
            return False
        return value == right
    if isinstance(right, str):
        return isinstance(value, str) and rules.text(value) == rules.text(right)
    if isinstance(right, list):
        items = schema.get("items")
        kind = items if isinstance(items, Mapping) else {}
        return (
            isinstance(value, list)
            and len(value) == len(right)
            and all(same_value(x, y, kind, rules) for x, y in zip(value, right, strict=True))
        )
    if isinstance(right, Mapping):
        inside = _properties(schema) or {}
        return (
            isinstance(value, Mapping)
            and set(value) == set(right)
            and all(
                same_value(value[key], right[key], inside.get(key) or {}, rules) for key in right
            )
        )
    return value is None and right is None


def _lenient(value: Json, wanted: type) -> Json:
    """Return a number written as text, or a whole number with a point, as the type that is wanted;
    anything else as it is.
    """
    if wanted in (int, float) and isinstance(value, str):
        number = parse_number(value)
        if number is not None:
            value = float(number)
    if wanted is int and isinstance(value, float) and value.is_integer():
        return int(value)
    if wanted is bool and isinstance(value, str) and value.strip().lower() in ("true", "false"):
        return value.strip().lower() == "true"
    return value


# Several calls


def pairing(fits: Sequence[Sequence[bool]]) -> list[int | None]:
    """Pair wanted calls with made ones, as many as can be; ``fits[i][j]``: made call j is wanted
    call i. The place of each wanted call's partner, None where it has none (augmenting paths).
    """
    partner: dict[int, int] = {}

    def place(i: int, seen: set[int]) -> bool:
        for j, good in enumerate(fits[i]):
            if good and j not in seen:
                seen.add(j)
                if j not in partner or place(partner[j], seen):
                    partner[j] = i
                    return True
        return False

    for i in range(len(fits)):
        place(i, set())
    found: list[int | None] = [None] * len(fits)
    for j, i in partner.items():
        found[i] = j
    return found
