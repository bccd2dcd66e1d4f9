"""The base of the suite file's models, and what a name is."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

_NAME = r"^[^\s/\\](?:[^/\\\n]*[^\s/\\])?$"  # names become file and column names, and parts of ids

Name = Annotated[str, Field(min_length=1, max_length=120, pattern=_NAME)]


class Strict(BaseModel):
    """No unknown keys, no conversion of one kind of value into another."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True
    )
