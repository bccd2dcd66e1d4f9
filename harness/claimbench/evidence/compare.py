"""Two values that should say the same: where they do not."""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

TOLERANCE = 1e-9
"""Relative; machines add floating-point numbers in other orders."""
_DRAWN = 0.06
"""Of a coordinate in a drawing, which is written with two digits."""
_PACK = re.compile(r"[A-Za-z0-9+/]{40,}={0,2}")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?")
_PATH_DATA = re.compile(r'(?<=\sd=")[^"]*(?=")')
_SVG = re.compile(r"<svg.*?</svg>", re.DOTALL)
_MOST_PACK = 64 << 20
_SHOWN = 60


def differences(stated: Any, found: Any, place: str = "") -> Iterator[str]:
    """Yield, for every part of two JSON values that differs, where and what each says.

    Numbers may differ by :data:`TOLERANCE`; everything else must be equal.
    """
    if isinstance(stated, Mapping) and isinstance(found, Mapping):
        for key in [*found, *(key for key in stated if key not in found)]:
            inner = f"{place}.{key}" if place else str(key)
            if key not in stated:
                yield f"{inner}: is missing"
            elif key not in found:
                yield f"{inner}: does not belong there"
            else:
                yield from differences(stated[key], found[key], inner)
    elif _is_list(stated) and _is_list(found):
        if len(stated) != len(found):
            yield f"{place or 'it'}: states {len(stated)} entries, recomputed are {len(found)}"
        for number, (one, other) in enumerate(zip(stated, found, strict=False)):
            yield from differences(one, other, f"{place}[{number}]")
    elif not same(stated, found):
        yield f"{place or 'it'}: states {_short(stated)}, recomputed is {_short(found)}"


def same(stated: Any, found: Any) -> bool:
    """Say whether two JSON values that are neither lists nor objects agree."""
    if isinstance(stated, bool) or isinstance(found, bool):
        return stated is found
    if isinstance(stated, float) and isinstance(found, float):
        return stated == found or math.isclose(stated, found, rel_tol=TOLERANCE, abs_tol=1e-15)
    return type(stated) is type(found) and bool(stated == found)


def page_difference(stated: str, found: str) -> str | None:
    """Return the first place where two pages differ, or None.

    Drawings may differ by a rounding of their coordinates, packed samples in how they are packed.
    """
    if stated == found:
        return None
    one, other = _unfolded(stated), _unfolded(found)
    if one == other:
        return None
    theirs, ours = one.split("\n"), other.split("\n")
    for number, (a, b) in enumerate(zip_longest(theirs, ours, fillvalue=""), start=1):
        if a != b and not _drawn_alike(a, b):
            at = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), 0)
            begins = max(at - 20, 0)
            return (
                f"line {number}: states {_short(a[begins : begins + 80])}, recomputed is"
                f" {_short(b[begins : begins + 80])}"
            )
    return None


def _drawn_alike(stated: str, found: str) -> bool:
    """Compare two lines of a drawing: the coordinates of paths within a rounding, all else, scales
    and glyphs among it, exactly.
    """
    if not stated.startswith(_MARK) or not found.startswith(_MARK):
        return False
    if _PATH_DATA.sub("#", stated) != _PATH_DATA.sub("#", found):
        return False
    paths = zip(_PATH_DATA.findall(stated), _PATH_DATA.findall(found), strict=True)
    return all(_near(a, b) for a, b in paths)


def _near(stated: str, found: str) -> bool:
    """Compare the data of two paths."""
    if _NUMBER.sub("#", stated) != _NUMBER.sub("#", found):
        return False
    pairs = zip(_NUMBER.findall(stated), _NUMBER.findall(found), strict=True)
    return all(abs(float(a) - float(b)) <= _DRAWN for a, b in pairs)


_MARK = "\x00"
"""Begins every line of a drawing that holds coordinates."""


def _unfolded(page: str) -> str:
    """Return a page with its packs unpacked, and each line of paths in its drawings marked."""

    def drawing(match: re.Match[str]) -> str:
        lines = match.group().split("\n")
        return "\n".join(
            line if "<text" in line or "<title" in line else _MARK + line for line in lines
        )

    return _PACK.sub(_unpacked, _SVG.sub(drawing, page))


def _unpacked(match: re.Match[str]) -> str:
    try:
        reader = zlib.decompressobj()
        text = reader.decompress(base64.b64decode(match.group()), _MOST_PACK)
        return json.dumps(json.loads(text)) if reader.eof else match.group()
    except (binascii.Error, zlib.error, ValueError):
        return match.group()


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=True)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
