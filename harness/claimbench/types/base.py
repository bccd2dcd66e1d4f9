"""JSON values and words that several groups of types share."""

from __future__ import annotations

from typing import Any, Literal

Json = Any
"""A JSON value: str, int, float, bool, None, list or dict of these."""


ConstraintKind = Literal["none", "json_schema", "grammar"]
