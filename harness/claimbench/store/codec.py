"""Lossless JSON for the frozen domain types: ``decode(cls, encode(x)) == x``, for every type of
``types.py``.

The type annotations are the schema, so nothing is tagged: ``Decimal`` is written as a string, enums
by value, tuples as lists, nested dataclasses as objects. Fields typed ``Json`` pass as they are.
The text is canonical (sorted keys, no spaces), which makes it fit to be hashed. Non-finite floats
are written the way Python's :mod:`json` does (``NaN``, ``-Infinity``): log-probabilities need them.
Usual values are written by orjson, in a tenth of the time; what it would change or refuses
(non-finite floats, huge integers, half surrogate pairs) by :mod:`json`.
"""

from __future__ import annotations

import dataclasses
import json
import math
import types as pytypes
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from enum import Enum
from functools import cache
from operator import attrgetter, itemgetter
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import orjson

from claimbench.errors import StoreError

T = TypeVar("T")
_Convert = Callable[[Any], Any]
_Converters = tuple[_Convert | None, _Convert | None]
"""How to write a value and how to read it back; None: as it is."""


def encode(value: object) -> str:
    """Canonical JSON of a dataclass of ours, or of a plain JSON value.

    Raises:
        StoreError: a field holds something that is not of its type, e.g. a ``datetime`` inside a
            ``Json`` field.
    """
    cls: Any = type(value)
    ours = dataclasses.is_dataclass(cls)
    try:
        usual = _writer(cls, True)(value) if ours else _usual(value)
        return orjson.dumps(usual, option=orjson.OPT_SORT_KEYS).decode()
    except (_Unusual, TypeError, RecursionError):  # orjson's own error is a TypeError
        plain = _writer(cls, False)(value) if ours else value
    try:
        text = _dump(plain)
        # A model may send half a surrogate pair; UTF-8 cannot hold it, an escape can.
        return text if text.isascii() or _is_utf8(text) else _dump(plain, ensure_ascii=True)
    except (TypeError, ValueError, RecursionError) as error:
        raise StoreError(f"cannot store {type(value).__name__} as JSON: {error}") from error


def decode(cls: type[T], text: str) -> T:
    """The instance of ``cls`` that ``text`` was made from; ``cls`` may be a plain JSON type such as
    ``dict``.

    Fields which the text lacks get their defaults: it was written before they existed.

    Raises:
        StoreError: the text is no JSON, or has fields that ``cls`` does not know (written by a
            newer ClaimBench).
    """
    result: T = next(decode_all(cls, (text,)))
    return result


def decode_all(cls: type[T], texts: Iterable[str]) -> Iterator[T]:
    """:func:`decode` for each of many texts; what depends on the type alone is done once."""
    read = _reader(cls) if dataclasses.is_dataclass(cls) else None
    scan = _DECODER.raw_decode
    for text in texts:
        try:
            plain, end = scan(text)
            if end != len(text):  # more than one value, or a blank that we never write
                plain = _DECODER.decode(text)
        except ValueError as error:
            message = f"a stored {cls.__name__} is not JSON: {error}"
            raise StoreError(message, hint="the database was damaged") from error
        yield plain if read is None else read(plain)


def _dump(plain: object, *, ensure_ascii: bool = False) -> str:
    return (_ASCII if ensure_ascii else _PLAIN).encode(plain)


def _fallback(value: object) -> object:
    """Read-only mappings inside ``Json`` fields are written as objects; all else would not come
    back the same.
    """
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} ({value!r:.60}) is not a JSON value")


_PLAIN, _ASCII = (
    json.JSONEncoder(
        ensure_ascii=ascii_,
        sort_keys=True,
        separators=(",", ":"),
        default=_fallback,
        check_circular=False,
    )
    for ascii_ in (False, True)
)
"""Made once: ``json.dumps`` with options makes an encoder for every value."""
_DECODER = json.JSONDecoder()


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class _Unusual(Exception):
    """A value that orjson would write differently, or not at all."""


def _usual(value: Any) -> Any:
    """``value``, if orjson writes it as :mod:`json` does; raises :class:`_Unusual`."""
    kind = type(value)
    if kind is dict:
        for item in value.values():
            _usual(item)
    elif kind is list or kind is tuple:
        for item in value:
            _usual(item)
    elif not (
        kind is str
        or kind is int
        or value is None
        or kind is bool
        or (kind is float and math.isfinite(value))
    ):
        raise _Unusual
    return value


@cache
def _writer(cls: type, usual: bool) -> Callable[[Any], dict[str, Any]]:
    """A function that turns an instance of the dataclass ``cls`` into what ``json`` can write.

    ``usual``: for orjson; where a field that may hold anything holds what it would change,
    :class:`_Unusual` is raised.
    """
    hints = dict(sorted(_hints(cls).items()))
    converters = {name: _converters(hint, usual)[0] for name, hint in hints.items()}
    special = [(name, convert) for name, convert in converters.items() if convert is not None]
    names = tuple(hints)
    values = attrgetter(*names) if len(names) > 1 else lambda value: (getattr(value, names[0]),)

    def write(value: Any) -> dict[str, Any]:
        result: dict[str, Any] = dict(zip(names, values(value), strict=True))
        for name, convert in special:
            item = result[name]
            if item is not None:
                result[name] = convert(item)
        return result

    return write


@cache
def _reader(cls: type) -> Callable[[Any], Any]:
    """A function that makes an instance of the dataclass ``cls`` from what ``json`` read."""
    converters = {name: _converters(_unless_none(hint))[1] for name, hint in _hints(cls).items()}
    known = converters.keys()
    special = [(name, convert) for name, convert in converters.items() if convert is not None]
    by_place = len(converters) > 1 and all(
        item.init and not item.kw_only for item in dataclasses.fields(cls)
    )
    in_order = itemgetter(*converters) if by_place else None

    def read(plain: Any) -> Any:
        if not isinstance(plain, dict):
            raise StoreError(
                f"a stored {cls.__name__} is not an object", hint="the database was damaged"
            )
        for name, convert in special:  # in place: json has just made this object for us
            item = plain.get(name)
            if item is not None:
                plain[name] = convert(item)
        if in_order is not None and len(plain) == len(known):
            try:
                return cls(*in_order(plain))  # by place: matching names that json made is slow
            except KeyError:
                pass  # as many fields as there are, but not the same
        if not plain.keys() <= known:
            raise StoreError(
                f"a stored {cls.__name__} has the unknown field"
                f" {next(name for name in plain if name not in known)!r}",
                hint="it was written by a newer ClaimBench: upgrade (pip install -U claimbench)",
            )
        try:
            return cls(**plain)
        except TypeError as error:
            raise StoreError(f"a stored {cls.__name__} is incomplete: {error}") from error

    return read


def _unless_none(hint: Any) -> Any:
    """``X`` of ``X | None``: a reader of fields asks for None itself."""
    left = [arg for arg in get_args(hint) if arg is not type(None)]
    return left[0] if isinstance(hint, pytypes.UnionType) and len(left) == 1 else hint


def _hints(cls: type) -> dict[str, Any]:
    hints = get_type_hints(cls)
    return {item.name: hints[item.name] for item in dataclasses.fields(cls)}


def _converters(hint: Any, usual: bool = False) -> _Converters:
    """How values of a type are written and read. Dataclasses are resolved when first met, so types
    may be recursive.
    """
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, pytypes.UnionType):
        return _union(args, usual)
    if origin is tuple:
        return _tuple(args, usual)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _mapping(_converters(args[1], usual))
    if usual and (hint is Any or hint is float):
        return _LOOSE
    if hint is Any or origin is Literal or hint in (str, int, float, bool, type(None)):
        return None, None
    if hint is Decimal:
        return str, Decimal
    if isinstance(hint, type) and issubclass(hint, Enum):
        members = {member.value: member for member in hint}
        return (lambda value: value.value), (
            lambda value: members[value] if value in members else hint(value)
        )
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return (lambda value: _writer(hint, usual)(value)), (lambda value: _reader(hint)(value))
    raise StoreError(f"the store cannot hold values of type {hint!r}")


_LOOSE: _Converters = (_usual, None)


def _union(args: tuple[Any, ...], usual: bool) -> _Converters:
    pairs = [_converters(arg, usual) for arg in args]
    special = [pair for pair in pairs if pair not in ((None, None), _LOOSE)]
    if not special:
        return _LOOSE if _LOOSE in pairs else (None, None)
    if len(special) > 1 or len(args) - args.count(type(None)) > 1:
        raise StoreError(f"the store cannot tell the parts of {args!r} apart")
    write, read = special[0]
    return _optional(write), _optional(read)


def _optional(convert: _Convert | None) -> _Convert | None:
    return None if convert is None else lambda value: None if value is None else convert(value)


def _tuple(args: tuple[Any, ...], usual: bool) -> _Converters:
    if len(args) == 2 and args[1] is Ellipsis:
        write, read = _converters(args[0], usual)
        return (
            None if write is None else lambda value: [write(item) for item in value],
            tuple if read is None else lambda value: tuple(map(read, value)),
        )
    pairs = [_converters(arg, usual) for arg in args]
    if any(pair not in ((None, None), _LOOSE) for pair in pairs):
        raise StoreError(f"the store cannot hold a tuple of {args!r}")
    return (_usual if _LOOSE in pairs else None), tuple


def _mapping(value: _Converters) -> _Converters:
    write, read = value
    return (
        dict if write is None else lambda items: {key: write(item) for key, item in items.items()},
        None if read is None else lambda items: {key: read(item) for key, item in items.items()},
    )
