"""All samples of a run as packs of text inside the page: deflated, base64, read one at a time.

The page inflates the index when its matrix is opened, and of the samples only the pack that holds
the one that is looked at. Packs share a budget, so that a page of any run stays small: the more
samples, the earlier their texts are cut, and each cut says so.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from claimbench.privacy.redact import Redactor
from claimbench_reports.formats.matrix import Matrix
from claimbench_reports.view.inputs import ReportData

A_PACK = 50
"""Samples of one pack."""
BUDGET = 12_000_000
"""Characters of base64 that the packs of one page may take."""
LONGEST, SHORTEST = 6_000, 40
"""Characters of a text: at most, and at least however many samples there are."""


@dataclass(frozen=True, slots=True)
class SamplePacks:
    """What the page embeds: the head and rows of the matrix, and the samples in packs."""

    index: str
    packs: tuple[str, ...]
    n: int


def sample_packs(data: ReportData, redact: Redactor, budget: int = BUDGET) -> SamplePacks | None:
    """Pack every sample of a run; None where no arm was measured.

    Memory is that of one pack beside the result. Deterministic.
    """
    matrix = Matrix(data, redact)
    if not matrix.head.arms or not len(matrix):
        return None
    return SamplePacks(_deflated(_index(matrix)), tuple(_packs(matrix, budget)), len(matrix))


def _index(matrix: Matrix) -> Iterator[str]:
    """Give the head and the rows of the matrix as JSON, some rows at a time."""
    head = {
        "arms": matrix.head.arms,
        "tasks": matrix.head.tasks,
        "slices": matrix.head.slices,
        "size": A_PACK,
    }
    yield _COMPACT(head)[:-1] + ',"rows":['
    for start in range(0, len(matrix), A_PACK):
        rows = [matrix.row(i) for i in range(start, min(start + A_PACK, len(matrix)))]
        yield ("," if start else "") + _COMPACT(rows)[1:-1]
    yield "]}"


def _packs(matrix: Matrix, budget: int) -> Iterator[str]:
    texts = len(matrix.head.arms) + 2
    used, raw = 0, 0
    for start in range(0, len(matrix), A_PACK):
        items = range(start, min(start + A_PACK, len(matrix)))
        room = (budget - used) / (len(matrix) - start)  # base64 characters for each sample
        rate = raw / used if used else 1.0  # characters of text in one of base64, so far
        cut = int(min(max(room * rate / texts, SHORTEST), LONGEST))
        samples = [matrix.sample(i, cut) for i in items]
        pack = packed(samples)
        raw += len(_PLAIN(samples)) - 2 * len(samples)  # without what stands between them
        used += len(pack)
        yield pack


def packed(value: object) -> str:
    """Return JSON as base64 of zlib's deflate, as the page's script reads it."""
    return _deflated([_COMPACT(value)])


def _deflated(parts: Iterable[str]) -> str:
    """Deflate a text that comes in parts, to the same as if it came whole."""
    stream = zlib.compressobj(9)
    found = [stream.compress(part.encode("ascii")) for part in parts]
    return base64.b64encode(b"".join(found) + stream.flush()).decode("ascii")


_COMPACT = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode
_PLAIN = json.JSONEncoder(ensure_ascii=False).encode
