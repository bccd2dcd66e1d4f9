"""Whether the model that answered is the model that was asked for."""

from __future__ import annotations

import re

_SNAPSHOT = re.compile(
    r"[-@:](\d{4}-?\d{2}-?\d{2}|\d{3,4}|\d{2}-\d{2}|\d{2}-\d{4}|v\d+(:\d+)?|latest|preview[-\w]*|exp[-\w]*)$"
)


def _core(model: str) -> str:
    name = model.strip().lower().rstrip("/").rsplit("/", 1)[-1]
    return name.removesuffix(".gguf")


def base_id(model: str) -> str:
    """Return the id without host prefixes, dates and ``-latest``/``-preview`` suffixes:
    ``lab/m-2026-05-01`` -> ``m``.
    """
    name = _core(model)
    while (shorter := _SNAPSHOT.sub("", name)) != name:
        name = shorter
    return name


def same_model(asked: str, returned: str) -> bool:
    """Return whether ``returned`` names ``asked``: the same id, or a dated snapshot or alias of it.

    An id that was asked for *with* a date must come back with that date.
    """
    if _core(asked) == _core(returned):
        return True
    if _core(asked) != base_id(asked) and not re.search(
        r"(latest|preview|exp)[-\w]*$", _core(asked)
    ):
        return False
    return base_id(asked) == base_id(returned)
