"""Twins of dataclasses that are read fast: msgspec makes, and writes again, a struct in half the
time of a frozen dataclass, and the garbage collector passes it over.

Twins are read to be packed (:func:`claimbench.packing.pack_nested` takes either), and go no
further: what comes out of packed rows are the dataclasses.
"""

from __future__ import annotations

import dataclasses
import types as pytypes
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec


@cache
def twin_of(cls: type) -> type[msgspec.Struct]:
    """Return the twin of a dataclass: a struct of the same fields, all required and in the order of
    their names, as they are written; fields that are a dataclass, or None, as twins in turn.
    """
    hints = get_type_hints(cls)
    names = sorted(field.name for field in dataclasses.fields(cls))
    fields = [(name, _twinned(hints[name])) for name in names]
    return msgspec.defstruct(
        f"{cls.__name__}Twin", fields, gc=False, kw_only=True, namespace={"twin_to": cls}
    )


def original(kind: type) -> type:
    """Return the dataclass that ``kind`` is a twin of; any other type is its own."""
    found: type = getattr(kind, "twin_to", kind)
    return found


def _twinned(hint: Any) -> Any:
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return twin_of(hint)
    if get_origin(hint) in (Union, pytypes.UnionType):
        kinds = get_args(hint)
        if any(dataclasses.is_dataclass(kind) for kind in kinds):
            return Union[tuple(map(_twinned, kinds))]  # noqa: UP007 - made from a tuple
    return hint
