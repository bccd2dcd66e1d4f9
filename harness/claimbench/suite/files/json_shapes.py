"""JSON as programs write tables: pandas' orients, the pages of a data set viewer, objects one after
the other.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from claimbench.types import Json


def shaped(document: Json) -> tuple[Json, str] | None:
    """Return a document as a list of records, and how it was read; None for what is none of these.

    Shapes: pandas' ``columns`` (its default), ``split`` and ``table``, and the rows of the Hugging
    Face viewer, whose class numbers become names.
    """
    if not isinstance(document, dict):
        return None
    columns, data = document.get("columns"), document.get("data")
    if isinstance(columns, list) and isinstance(data, list) and _fit(columns, data):
        rows: list[Json] = [dict(zip(map(str, columns), row, strict=True)) for row in data]
        return rows, "pandas' orient 'split'"
    fields = document.get("schema")
    if isinstance(fields, dict) and "fields" in fields and isinstance(data, list):
        return data, "pandas' orient 'table'"
    viewer = _viewer(document)
    if viewer is not None:
        return viewer, "the rows of a data set viewer"
    by_column = _by_column(document)
    return None if by_column is None else (by_column, "pandas' orient 'columns'")


def _fit(columns: Sequence[Json], data: Sequence[Json]) -> bool:
    named = columns and all(isinstance(c, str | int) for c in columns)
    return bool(named) and all(isinstance(r, list) and len(r) == len(columns) for r in data)


def _by_column(document: dict[str, Json]) -> list[Json] | None:
    """Turn ``{"text": {"0": ...}, "label": {"0": ...}}`` round: pandas' ``to_json()``."""
    inner = list(document.values())
    if len(inner) < 2 or not all(isinstance(one, dict) and one for one in inner):
        return None
    keys = list(inner[0])
    if not all(key.isdecimal() for key in keys) or all(name.isdecimal() for name in document):
        return None
    if any(one.keys() != inner[0].keys() for one in inner):
        return None
    made: list[Json] = []
    for key in keys:
        made.append({name: one[key] for name, one in document.items()})
    return made


def _viewer(document: dict[str, Json]) -> list[Json] | None:
    features, rows = document.get("features"), document.get("rows")
    if not isinstance(features, list) or not isinstance(rows, list):
        return None
    if not all(isinstance(r, dict) and isinstance(r.get("row"), dict) for r in rows):
        return None
    names: dict[str, list[Json]] = {}
    for feature in features:
        if not isinstance(feature, dict):
            continue
        kind = feature.get("type")
        listed = kind.get("names") if isinstance(kind, dict) else None
        if isinstance(listed, list) and isinstance(feature.get("name"), str):
            names[feature["name"]] = listed
    made: list[Json] = []
    for row in rows:
        values = dict(row["row"])
        for name, classes in names.items():
            number = values.get(name)
            if isinstance(number, int) and 0 <= number < len(classes):
                values[name] = classes[number]
        made.append(values)
    return made


def documents(text: str) -> Iterator[tuple[str, int]]:
    """Yield the JSON documents that stand one after the other in a text, each with its line.

    Raises:
        ValueError: something between them is no JSON.
    """
    decoder = json.JSONDecoder()
    at = 0
    while True:
        while at < len(text) and text[at].isspace():
            at += 1
        if at == len(text):
            return
        _, end = decoder.raw_decode(text, at)
        yield text[at:end], text.count("\n", 0, at) + 1
        at = end
