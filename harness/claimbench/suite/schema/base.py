"""The base of the suite file's models, and what a name is."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

_CONTROL = r"\x00-\x1f\x7f"
_NAME = rf"^[^\s/\\{_CONTROL}](?:[^/\\{_CONTROL}]*[^\s/\\{_CONTROL}])?$"
"""Names become file and column names, and parts of ids."""

Name = Annotated[str, Field(min_length=1, max_length=120, pattern=_NAME)]


class Strict(BaseModel):
    """No unknown keys, no conversion of one kind of value into another."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True
    )
