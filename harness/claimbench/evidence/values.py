"""Canonical JSON: one spelling of a value, read back strictly."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, NoReturn

from claimbench.errors import why_unreadable
from claimbench.types import Json


class NotCanonical(ValueError):
    """A text is no JSON, or is not the one spelling of its value."""


def canonical(value: Json) -> str:
    """Return one spelling of a JSON value: sorted keys, no blanks, ASCII.

    ASCII, because a stored answer may hold half of a surrogate pair, which UTF-8 has no bytes for.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def lines(values: Iterable[Json]) -> bytes:
    """Return canonical JSON Lines; no values, no bytes."""
    return "".join(f"{canonical(value)}\n" for value in values).encode("ascii")


def pretty(value: Json) -> bytes:
    """Return JSON for people, in one spelling: sorted keys, an indent of one, ASCII."""
    text = json.dumps(value, sort_keys=True, indent=1, allow_nan=False)
    return f"{text}\n".encode("ascii")


def read_json(data: bytes | str) -> Any:
    """Read JSON in which no key comes twice and no number is NaN or infinite.

    Raises:
        NotCanonical: it is none.
    """
    try:
        return json.loads(data, object_pairs_hook=_once, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise NotCanonical(f"not JSON ({why_unreadable(error):.100})") from None


def read_lines(data: bytes) -> Iterator[Any]:
    """Read what :func:`lines` wrote, value by value.

    Raises:
        NotCanonical: the number of the line that is not canonical JSON.
    """
    if data and not data.endswith(b"\n"):
        raise NotCanonical("the last line does not end")
    for number, line in enumerate(data.split(b"\n")[:-1], start=1):
        try:
            value = read_json(line)
            same = canonical(value).encode("ascii") == line
        except (ValueError, RecursionError) as error:
            raise NotCanonical(f"line {number}: {error!s:.120}") from None
        if not same:
            raise NotCanonical(f"line {number}: not written as ClaimBench writes it")
        yield value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key comes twice")
    return found


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")
