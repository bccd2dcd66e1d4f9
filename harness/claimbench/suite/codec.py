"""JSON values -> the frozen domain types, by their annotations, every value checked.

For what was stored and may have been changed since. pydantic would do the same, but takes a sixth of a second to load,
in commands that need it for nothing else.
"""

from __future__ import annotations

import dataclasses
import types as pytypes
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from claimbench.types import Json

T = TypeVar("T")
_Read = Callable[[Any], Any]


class Mismatch(ValueError):
    """A value is not of its type. ``where``: the path to it, outermost first."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.where: tuple[str | int, ...] = ()

    def inside(self, step: str | int) -> Mismatch:
        """The same one level further out."""
        self.where = (step, *self.where)
        return self


def read(cls: type[T], value: Json) -> T:
    """The instance of the dataclass ``cls`` that the JSON value describes.

    Fields which it lacks get their defaults; those that ``cls`` does not know are passed over.

    Raises:
        Mismatch: a value of another type than its field's, or a field without default is missing.
    """
    hint: Any = cls
    result: T = _reader(hint)(value)
    return result


@cache
def _reader(hint: Any) -> _Read:
    origin, args = get_origin(hint), get_args(hint)
    if hint is Any:
        return lambda value: value
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return _dataclass(hint)
    if origin in (Union, pytypes.UnionType) and len(args) == 2 and type(None) in args:
        inner = _reader(args[0] if args[1] is type(None) else args[1])
        return lambda value: None if value is None else inner(value)
    if origin is Literal:
        return _literal(args)
    if origin is tuple:
        return _tuple(args)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _mapping(_reader(args[1]))
    if hint in _SCALARS:
        return _SCALARS[hint]
    raise TypeError(f"no JSON is read as {hint!r}")


def _dataclass(cls: type) -> _Read:
    hints = get_type_hints(cls)
    fields = [(item.name, _reader(hints[item.name])) for item in dataclasses.fields(cls)]
    unset = dataclasses.MISSING
    required = {f.name for f in dataclasses.fields(cls) if f.default is unset and f.default_factory is unset}

    def make(value: Any) -> Any:
        if not isinstance(value, dict):
            raise _not(value, "an object")
        given = {}
        for name, convert in fields:
            if name in value:
                try:
                    given[name] = convert(value[name])
                except Mismatch as wrong:
                    raise wrong.inside(name) from None
            elif name in required:
                raise Mismatch("it is missing").inside(name)
        return cls(**given)

    return make


def _tuple(args: tuple[Any, ...]) -> _Read:
    each = _reader(args[0]) if len(args) == 2 and args[1] is Ellipsis else None
    fixed = [] if each else [_reader(arg) for arg in args]

    def make(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list | tuple):
            raise _not(value, "a list")
        if not each and len(value) != len(fixed):
            raise _not(value, f"a list of {len(fixed)}")
        made = []
        for index, item in enumerate(value):
            try:
                made.append((each or fixed[index])(item))
            except Mismatch as wrong:
                raise wrong.inside(index) from None
        return tuple(made)

    return make


def _mapping(inner: _Read) -> _Read:
    def make(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise _not(value, "an object")
        made = {}
        for key, item in value.items():
            try:
                made[key] = inner(item)
            except Mismatch as wrong:
                raise wrong.inside(key) from None
        return made

    return make


def _literal(choices: tuple[Any, ...]) -> _Read:
    def check(value: Any) -> Any:
        if not isinstance(value, str) or value not in choices:
            raise _not(value, f"one of {', '.join(map(str, choices))}")
        return value

    return check


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise _not(value, "text")
    return value


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise _not(value, "a whole number")
    return value


def _number(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise _not(value, "a number")
    return float(value)


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _not(value, "true or false")
    return value


def _decimal(value: Any) -> Decimal:
    try:
        return Decimal(_string(value))
    except InvalidOperation:
        raise _not(value, "an amount") from None


_SCALARS: Mapping[Any, _Read] = {str: _string, int: _whole, float: _number, bool: _truth, Decimal: _decimal}


def _not(value: Any, what: str) -> Mismatch:
    return Mismatch(f"{value!r:.60} is not {what}")
