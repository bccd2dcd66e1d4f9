"""How much text came with each call: what its count of output tokens can be held against."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import chain

import numpy as np

from claimbench.packed import Packed
from claimbench.packing import Column, Nested, values_of
from claimbench.privacy.redact import WITHHELD
from claimbench.tables.types import FloatArray
from claimbench.types import CallRecord, ToolCall

MARKS = 32
"""Tokens of an answer that are in no text: its end, its role, the marks around its reasoning."""
MARKS_OF_CALL = 32
"""The same of each call of a tool."""
HASHED = "sha256:"
"""How a text begins of which a bundle keeps the hash alone."""


def text_sizes(records: Packed[CallRecord]) -> dict[str, FloatArray]:
    """Return of each record ``n_chars``, the characters of its answer, its reasoning and its calls
    of tools, and ``most_tokens``, the most output tokens that such text can have: one a byte, and
    some for marks. nan where there is no text, or it was withheld.
    """
    at = records.columns_at
    texts = (_values(at(name)) for name in ("text", "reasoning", "tool_calls"))
    n = len(records)
    sizes = chain.from_iterable(_sizes(*one) for one in zip(*texts, strict=True))
    found = np.fromiter(sizes, np.float64, count=2 * n).reshape(n, 2)
    return {"n_chars": found[:, 0].copy(), "most_tokens": found[:, 1].copy()}


def _values(columns: Iterable[Column | Nested]) -> Iterator[object]:
    return chain.from_iterable(map(values_of, columns))


def _sizes(text: str, reasoning: str, calls: tuple[ToolCall, ...]) -> tuple[float, float]:
    """Return the characters of one answer, and the most tokens that it can have."""
    if text.isascii() and text and not reasoning and not calls and text[0] not in "[s":
        return len(text), len(text) + MARKS  # nearly all answers, and none that was withheld
    parts = [text, reasoning, *(part for call in calls for part in (call.name, call.arguments))]
    chars = sum(map(len, parts))
    if not chars or WITHHELD in parts or any(part.startswith(HASHED) for part in parts):
        return math.nan, math.nan
    size = sum(
        len(part) if part.isascii() else len(part.encode("utf-8", "surrogatepass"))
        for part in parts
    )
    return chars, size + MARKS + MARKS_OF_CALL * len(calls)
