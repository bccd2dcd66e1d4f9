"""How a file of a stranger is made from a good one: bytes, tokens and values changed at random."""

from __future__ import annotations

import io
import json
import random
import zipfile
from collections.abc import Sequence
from typing import Any

TOKENS = (
    b"\x00",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\xed\xa0\x80",
    b"\\ud800",
    "\u202e".encode(),
    b"\x1b]0;p\x07",
    b"9" * 400,
    b"9" * 5000,
    b"1e999",
    b"-1e308",
    b"NaN",
    b"Infinity",
    b"-0",
    b"0x1F",
    b"2026-13-45",
    b"[" * 300,
    b'{"a":' * 300,
    b"{" * 50,
    b"(" * 200,
    b'"',
    b"'",
    b"\n",
    b"\r\n",
    b"\t",
    b",",
    b";",
    b":",
    b"&a [*a]",
    b"<<: *a",
    b"!!python/object/apply:os.system [id]",
    b"!function utils.f",
    b"{{ cycler.__init__.__globals__ }}",
    b"{% for i in range(99999) %}x{% endfor %}",
    b"../../x",
    b"/etc/passwd",
    b"null",
    b"true",
    b"=cmd()",
    b"%",
    b"",
)
ODD: tuple[Any, ...] = (
    None,
    [],
    {},
    "",
    "x",
    -1,
    0,
    10**400,
    10**5000,
    1e308,
    float("nan"),
    float("inf"),
    True,
    [None],
    {"a": [1]},
    "2026",
    "\ud800",
    "\u202e",
    "\x00",
    "\x1b[2J",
    "../x",
    "9" * 5000,
    [[[[[]]]]],
    "x" * 70_000,
)


def changed(rng: random.Random, seeds: Sequence[bytes]) -> bytes:
    """Return one of ``seeds`` with a few changes; one in ten is an archive changed inside."""
    data = rng.choice(seeds)
    if data[:2] == b"PK" and rng.random() < 0.7:
        return _archive(rng, data, seeds)
    return _text(rng, data, seeds)


def _text(rng: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    if rng.random() < 0.5 and (made := _json(rng, data)) is not None:
        return made
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        data = _bytes(rng, data, seeds)
    return data[: 2**20]


def _bytes(rng: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    at = rng.randrange(len(data) + 1)
    to = min(len(data), at + rng.choice((1, 2, 4, 16, 64, 512)))
    kind = rng.randrange(8)
    if kind == 0:
        return data[:at]
    if kind == 1:
        return data[:at] + data[to:]
    if kind == 2:
        return data[:to] + data[at:to] * rng.choice((1, 2, 50)) + data[to:]
    if kind == 3:
        other = rng.choice(seeds)
        start = rng.randrange(len(other) + 1)
        return data[:at] + other[start : start + (to - at)] + data[to:]
    if kind == 4:
        return data[:at] + rng.randbytes(to - at) + data[to:]
    if kind == 5:
        return _word(rng, data)
    return data[:at] + rng.choice(TOKENS) + data[at if kind == 6 else to :]


def _word(rng: random.Random, data: bytes) -> bytes:
    """Put something odd in place of a whole word: what stands between two marks."""
    marks = b" ,:;\n\t\"'[]{}()="
    places = [i for i, byte in enumerate(data[:200_000]) if byte in marks]
    if not places:
        return data
    i = rng.randrange(len(places))
    end = places[i + 1] if i + 1 < len(places) else len(data)
    return data[: places[i] + 1] + rng.choice(TOKENS) + data[end:]


def _json(rng: random.Random, data: bytes) -> bytes | None:
    """Change values inside JSON or one line of JSON Lines; None where it is neither."""
    lines = [data]
    index = 0
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        lines = data.splitlines()
        index = rng.randrange(len(lines)) if lines else 0
        try:
            if not lines:
                return None
            value = json.loads(lines[index])
        except (ValueError, RecursionError):
            return None
    for _ in range(rng.choice((1, 1, 2, 4))):
        paths = _paths(value)
        if not paths:
            break
        *path, last = rng.choice(paths)
        inner = value
        for step in path:
            inner = inner[step]
        if rng.random() < 0.2:
            del inner[last]
        else:
            inner[last] = rng.choice(ODD)
    lines[index] = _dumped(value).encode("utf-8", "surrogatepass")
    return b"\n".join(lines)


def _dumped(value: Any) -> str:
    """Write JSON, digits of any number of integers included."""
    if isinstance(value, dict):
        inside = (f"{json.dumps(str(key))}: {_dumped(one)}" for key, one in value.items())
        return "{" + ", ".join(inside) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_dumped, value)) + "]"
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 10**300:
        return "9" * (401 if value < 10**1000 else 5001)
    return json.dumps(value)


def _paths(value: Any) -> list[tuple[Any, ...]]:
    """Return the paths of all values inside a value, however deep."""
    found: list[tuple[Any, ...]] = []
    ahead: list[tuple[tuple[Any, ...], Any]] = [((), value)]
    while ahead:
        at, inner = ahead.pop()
        if isinstance(inner, dict | list):
            within = inner.items() if isinstance(inner, dict) else enumerate(inner)
            ahead += [((*at, key), item) for key, item in within]
        if at:
            found.append(at)
    return found


def _archive(rng: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    """Change one member of a ZIP (a workbook, an Inspect log), or leave it out, or put it twice."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(made, "w") as new:
        names = old.namelist()
        chosen = rng.choice(names)
        for name in names:
            body = old.read(name)
            if name == chosen:
                if rng.random() < 0.1:
                    continue
                body = _text(rng, body, [body, *seeds])
            info = zipfile.ZipInfo(name if rng.random() < 0.98 else "../" + name)
            info.compress_type = rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
            new.writestr(info, body)
    return made.getvalue()
