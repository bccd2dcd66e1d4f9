"""What a suite says of multiple choice from columns."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from claimbench.suite.schema.base import Strict

TargetKind = Literal["letter", "index", "index_from_1", "text"]


class ChoicesModel(Strict):
    """Each row's own options: the prompt shows `{{ choices }}` (lines A. …, B. …), the right answer
    is a letter.
    """

    columns: list[str] = Field(default_factory=list, max_length=26)
    """Columns with one option each, in their order. Or:"""
    column: str | None = None
    """Column with all of them: a list, or a text parted by the separator."""
    separator: str = Field(default="|", min_length=1)
    """What parts the options in a text."""
    answer: Literal["auto", "letter", "index", "index_from_1", "text"] = "auto"
    """What the target column holds. auto: found from all rows; an error where two are possible."""
    shuffle: bool = False
    """Show the options in an order drawn for each row. A row whose options speak of each other
    ("none of the above") keeps its order."""
    seed: int = 0
    """Of the draw."""

    @model_validator(mode="after")
    def _one_source(self) -> ChoicesModel:
        if (self.column is None) == (not self.columns):
            raise ValueError("give `columns:` (one option each) or `column:` (a list of them)")
        if self.columns and len(self.columns) < 2:
            raise ValueError("a choice needs two columns or more")
        return self
