"""JSON of the frozen domain types and back, without loss: ``decode(cls, encode(x)) == x``.

The type annotations are the schema, so nothing is tagged: ``Decimal`` is written as a string, enums
by value, tuples as lists, nested dataclasses as objects. Fields typed ``Json`` pass as they are.
The text is canonical (sorted keys, no spaces) and is hashed: it must never change. msgspec does
the work wherever its result is the same; the rest takes the slower ways:

* Writing: orjson writes large floats (``1e+16``, msgspec: ``1e16``), :mod:`json` writes what both
  change or refuse: non-finite floats (``NaN``), integers beyond 64 bits, half surrogate pairs.
* Reading: what msgspec read is taken if it gives the same text again. Otherwise the text holds
  something unusual (an older or newer version's fields, ``NaN``, a whole number where a float is
  expected) and :func:`_reader` reads it field by field.
"""

from __future__ import annotations

import dataclasses
import json
import math
import types as pytypes
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from enum import Enum
from functools import cache, partial
from itertools import islice
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
import orjson

from claimbench.errors import StoreError, why_unreadable
from claimbench.packing.twins import twin_of

T = TypeVar("T")
_Read = Callable[[Any], Any]
_ReadLines = Callable[[Sequence[str]], list[T] | None]

_BY_MSGSPEC, _BY_ORJSON, _BY_JSON = range(3)
"""Who writes a value as it was always written; of the parts of a value, the highest counts."""

_PLAIN = frozenset({str, bool, type(None)})
"""Types whose values msgspec always writes."""

_UNREAD = (msgspec.MsgspecError, UnicodeEncodeError, OverflowError, TypeError)
"""What msgspec raises for texts and values that it does not read or write."""
_LINES = 1_000
"""Texts that are read at once."""

_LARGE = 1e16
"""From here on floats are written with an exponent, in which msgspec leaves out the plus sign."""


class Mismatch(ValueError):
    """A value is not of its type. ``where``: the path to it, outermost first."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.where: tuple[str | int, ...] = ()

    def inside(self, step: str | int) -> Mismatch:
        """Return the same one level further out."""
        self.where = (step, *self.where)
        return self


# --- writing --------------------------------------------------------------------------------------


def encode(value: object) -> str:
    """Return the canonical JSON of a dataclass of ours, or of a plain JSON value.

    Raises:
        StoreError: a field holds something that is not of its type, e.g. a ``datetime`` inside a
            ``Json`` field.
    """
    try:
        writer = _writer_of(value)
        if writer == _BY_MSGSPEC:
            try:
                return _FAST.encode(value).decode()
            except (UnicodeEncodeError, OverflowError):
                writer = _BY_JSON
        plain = msgspec.to_builtins(value, enc_hook=_as_builtin)
        if writer == _BY_ORJSON:
            try:
                return orjson.dumps(plain, option=orjson.OPT_SORT_KEYS).decode()
            except TypeError:  # orjson's own error is one
                pass
        return _dump(plain)
    except (TypeError, ValueError, RecursionError) as error:
        why = why_unreadable(error) if isinstance(error, RecursionError) else error
        raise StoreError(f"cannot store {type(value).__name__} as JSON: {why}") from error


def to_plain(value: object) -> Any:
    """Return a dataclass of ours as dicts, lists and JSON scalars; keys in the order of fields."""
    return _lists(msgspec.to_builtins(value, enc_hook=_as_builtin))


def _lists(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _lists(item) for key, item in value.items()}
    return [_lists(item) for item in value] if isinstance(value, list | tuple) else value


def _dump(plain: object) -> str:
    options: dict[str, Any] = {"sort_keys": True, "separators": (",", ":"), "check_circular": False}
    text = json.dumps(plain, ensure_ascii=False, **options)
    try:
        text.encode()
    except UnicodeEncodeError:
        # A model may send half a surrogate pair; UTF-8 cannot hold it, an escape can.
        return json.dumps(plain, ensure_ascii=True, **options)
    return text


_SUBCLASSED: tuple[Any, ...] = (str, int, float, list, tuple)


def _as_builtin(value: object) -> object:
    """Return what msgspec does not know as what it does: read-only mappings, subclasses."""
    if isinstance(value, Mapping):
        return dict(value)
    for kind in _SUBCLASSED:
        if isinstance(value, kind):
            return kind(value)
    raise _not_json(value)


_FAST = msgspec.json.Encoder(order="sorted", enc_hook=_as_builtin)
_OF_TWINS = msgspec.json.Encoder(order="deterministic", enc_hook=_as_builtin)


def _not_json(value: object) -> TypeError:
    return TypeError(f"{type(value).__name__} ({value!r:.60}) is not a JSON value")


def _writer_of(value: Any) -> int:
    """Return who writes ``value``; raise TypeError where a ``Json`` field holds what is none."""
    kind: Any = type(value)
    checks = _checks(kind)
    if checks is None:
        return _writer_of_json(value)
    writer = _BY_MSGSPEC
    for name, check in checks:
        item = getattr(value, name)
        if item is not None and (inside := check(item)) > writer:
            writer = inside
    return writer


def _writer_of_json(value: Any) -> int:
    kind = type(value)
    if kind is str or value is None or kind is bool:
        return _BY_MSGSPEC
    if kind is int:
        return _BY_MSGSPEC if -(2**63) <= value < 2**64 else _BY_JSON
    if kind is float:
        if -_LARGE < value < _LARGE:
            return _BY_MSGSPEC
        return _BY_ORJSON if math.isfinite(value) else _BY_JSON
    if kind is dict or isinstance(value, Mapping):
        writer = _BY_MSGSPEC if kind is dict else _BY_JSON
        for key, item in value.items():
            if type(item) in _PLAIN and type(key) is str:
                continue
            inside = _writer_of_json(item)
            if inside > writer or type(key) is not str:
                writer = inside if type(key) is str else _BY_JSON
        return writer
    if isinstance(value, list | tuple):
        writer = _BY_MSGSPEC if kind is list or kind is tuple else _BY_JSON
        return max(writer, *map(_writer_of_json, value), _BY_MSGSPEC)
    if isinstance(value, str | int | float):
        return _BY_JSON
    raise _not_json(value)


@cache
def _checks(cls: type) -> tuple[tuple[str, Callable[[Any], int]], ...] | None:
    """Return the fields of a dataclass that may need another writer, each with what finds it;
    None: ``cls`` is no dataclass.
    """
    if not dataclasses.is_dataclass(cls):
        return None
    checks = []
    for name, hint in _hints(cls).items():
        check = _check(hint)
        if check is not None:
            checks.append((name, check))
    return tuple(checks)


def _check(hint: Any) -> Callable[[Any], int] | None:
    _reader(hint, False)  # a type that could not be read back is refused here
    parts = [hint, *_inside(hint)]
    if not any(dataclasses.is_dataclass(part) for part in parts):
        return _writer_of_json if Any in parts or float in parts else None
    origin = get_origin(hint)
    if origin is tuple:
        return lambda items: max(map(_writer_of, items), default=_BY_MSGSPEC)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return lambda items: max(map(_writer_of, items.values()), default=_BY_MSGSPEC)
    return _writer_of


def _inside(hint: Any) -> Iterator[Any]:
    for arg in get_args(hint):
        yield arg
        yield from _inside(arg)


# --- reading --------------------------------------------------------------------------------------


def decode(cls: type[T], text: str) -> T:
    """Return the instance of ``cls`` that ``text`` was made from; ``cls`` may be a plain JSON type
    such as ``dict``.

    Fields which the text lacks get their defaults: it was written before they existed. Values are
    not checked: a provider's answer is kept as it came.

    Raises:
        StoreError: the text is no JSON, or has fields that ``cls`` does not know (written by a
            newer ClaimBench).
    """
    kind: Any = cls
    result: T = _text_reader(kind, False)(text)
    return result


def decode_all(cls: type[T], texts: Iterable[str]) -> Iterator[T]:
    """Read each of many texts as :func:`decode` does; what depends on the type is done once."""
    kind: Any = cls
    one, many, source = _text_reader(kind, False), _lines_reader(kind, False), iter(texts)
    while taken := list(islice(source, _LINES)):
        found = many(taken)
        yield from map(one, taken) if found is None else found


def readers_to_pack(cls: type[T]) -> tuple[Callable[[str], T], _ReadLines[T]]:
    """Return what reads one text as :func:`decode` does, and what reads many usual ones at once
    (None: one of them is to be read by itself), for rows that are packed at once and serve nothing
    else: both give a ``cls`` or its twin (:mod:`claimbench.packing.twins`), in half the time.
    """
    kind: Any = cls
    return _text_reader(kind, True), _lines_reader(kind, True)


def read_lines(decoder: msgspec.json.Decoder[T], texts: Sequence[str]) -> list[T] | None:
    """Read JSON texts at once, each a line; None where they are not a line and a value each, or
    cannot be read.
    """
    try:
        lines = "\n".join(texts)
        if lines.count("\n") != len(texts) - 1:
            return None
        made = decoder.decode_lines(lines)
    except _UNREAD:
        return None
    return made if len(made) == len(texts) else None


@cache
def _lines_reader(cls: Any, twin: bool) -> _ReadLines[Any]:
    """Return what reads many texts at once where all are as :func:`encode` writes them."""
    decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(twin_of(cls) if twin else cls)
    # Fields of twins are sorted already; of what they hold beside twins they may not be
    writers = (_OF_TWINS.encode_lines, _FAST.encode_lines) if twin else (_FAST.encode_lines,)

    def read_texts(texts: Sequence[str]) -> list[Any] | None:
        made = read_lines(decoder, texts)
        if made is None:
            return None
        lines = ("\n".join(texts) + "\n").encode()
        try:
            return made if any(write(made) == lines for write in writers) else None
        except _UNREAD:
            return None

    return read_texts


@cache
def _text_reader(cls: type[Any], twin: bool) -> Callable[[str], Any]:
    """Return what reads texts of a type; ``twin``: as its twin, where that can be read."""
    if not dataclasses.is_dataclass(cls):
        return partial(_decode_carefully, cls)
    careful: Callable[[str], Any] = partial(_decode_carefully, cls)
    made_as: Any = twin_of(cls) if twin else cls
    fast = msgspec.json.Decoder(made_as).decode

    def read_text(text: str) -> Any:
        try:
            made = fast(text)
            if _FAST.encode(made) == text.encode():
                return made
        except _UNREAD:
            pass  # the slower way reads it, or says what is wrong with it
        return careful(text)

    return read_text


def _decode_carefully(cls: type[T], text: str) -> T:
    kind: Any = cls
    try:
        plain = json.loads(text)
    except ValueError as error:
        message = f"a stored {cls.__name__} is not JSON: {error}"
        raise StoreError(message, hint="the database was damaged") from error
    try:
        made: T = _reader(kind, False)(plain) if dataclasses.is_dataclass(cls) else plain
    except Mismatch as wrong:
        where = ".".join(map(str, wrong.where))
        message = f"a stored {cls.__name__} is damaged at {where}: {wrong}"
        raise StoreError(message, hint="the database was damaged") from None
    return made


def read(cls: type[T], value: Any) -> T:
    """Return the instance of the dataclass ``cls`` that the JSON value describes, every value
    checked: for what may have been changed since it was stored.

    Fields which it lacks get their defaults; those that ``cls`` does not know are passed over.

    Raises:
        Mismatch: a value of another type than its field's, or a field without default is missing.
    """
    kind: Any = cls
    result: T = _reader(kind, True)(value)
    return result


@cache
def _reader(hint: Any, checked: bool) -> _Read:
    """Return what makes values of a type from JSON values; ``checked``: scalars must fit."""
    origin = get_origin(hint)
    args = get_args(hint)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return _object_reader(hint, checked)
    if origin in (Union, pytypes.UnionType):
        return _union_reader(hint, checked)
    if origin is tuple:
        return _tuple_reader(args, checked)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _mapping_reader(_reader(args[1], checked))
    if hint is Decimal:
        return _decimal
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _choice(hint, [member.value for member in hint])
    if origin is Literal:
        return _choice(_same, args) if checked else _same
    if hint is Any or (hint in _SCALARS and not checked):
        return _same
    if hint in _SCALARS:
        return _SCALARS[hint]
    raise TypeError(f"no JSON is read as {hint!r}")


def _same(value: Any) -> Any:
    return value


def _hints(cls: type) -> dict[str, Any]:
    hints = get_type_hints(cls)
    return {item.name: hints[item.name] for item in dataclasses.fields(cls)}


@cache
def _field_readers(cls: type, checked: bool) -> dict[str, _Read]:
    return {name: _reader(hint, checked) for name, hint in _hints(cls).items()}


def _object_reader(cls: Any, checked: bool) -> _Read:
    required = set()
    for item in dataclasses.fields(cls):
        if item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING:
            required.add(item.name)

    def make(value: Any) -> Any:
        readers = _field_readers(cls, checked)  # not before: types may be recursive
        if not checked:
            _check_names(cls, value, readers.keys(), required)
        if not isinstance(value, dict):
            raise _not(value, "an object")
        given = {}
        for name, convert in readers.items():
            if name in value:
                item = value[name]
                try:
                    given[name] = item if item is None and not checked else convert(item)
                except Mismatch as wrong:
                    raise wrong.inside(name) from None
            elif name in required:
                raise Mismatch("it is missing").inside(name)
        return cls(**given)

    return make


def _check_names(cls: type, value: Any, known: Iterable[str], required: set[str]) -> None:
    """Raise the StoreError of an object that is not one, or of another version."""
    what = f"a stored {cls.__name__}"
    if not isinstance(value, dict):
        raise StoreError(f"{what} is not an object", hint="the database was damaged")
    for name in value.keys() - known:
        raise StoreError(
            f"{what} has the unknown field {name!r}",
            hint="it was written by a newer ClaimBench: upgrade (pip install -U claimbench)",
        )
    for name in sorted(required - value.keys()):
        raise StoreError(f"{what} is incomplete: it lacks {name!r}")


def _union_reader(hint: Any, checked: bool) -> _Read:
    kinds = [arg for arg in get_args(hint) if arg is not type(None)]
    inner = [_reader(kind, checked) for kind in kinds]
    if len(inner) == 1:
        only = inner[0]
        return only if only is _same else lambda value: None if value is None else only(value)
    if any(_reader(kind, False) is not _same for kind in kinds):
        raise TypeError(f"cannot tell the parts of {hint!r} apart")
    return _same


def _tuple_reader(args: tuple[Any, ...], checked: bool) -> _Read:
    each = _reader(args[0], checked) if len(args) == 2 and args[1] is Ellipsis else None
    fixed = [] if each else [_reader(arg, checked) for arg in args]

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


def _mapping_reader(inner: _Read) -> _Read:
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


def _choice(make: _Read, choices: Iterable[Any]) -> _Read:
    def check(value: Any) -> Any:
        if not isinstance(value, str) or value not in choices:
            raise _not(value, f"one of {', '.join(map(str, choices))}")
        return make(value)

    return check


def _of(kind: Any, what: str) -> _Read:
    """Return a check that a value is of ``kind``; true and false are no numbers."""

    def check(value: Any) -> Any:
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise _not(value, what)
        return float(value) if kind is _NUMBER else value

    return check


_NUMBER = (int, float)
_text = _of(str, "text")
_SCALARS: Mapping[Any, _Read] = {
    str: _text,
    int: _of(int, "a whole number"),
    float: _of(_NUMBER, "a number"),
    bool: _of(bool, "true or false"),
}


def _decimal(value: Any) -> Decimal:
    try:
        return Decimal(_text(value))
    except InvalidOperation:
        raise _not(value, "an amount") from None


def _not(value: Any, what: str) -> Mismatch:
    return Mismatch(f"{value!r:.60} is not {what}")
