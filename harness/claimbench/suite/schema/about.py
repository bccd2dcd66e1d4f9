"""What a suite says of itself beyond what is measured: answers that no run can give."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from claimbench.suite.schema.base import Strict

Words = Annotated[str, Field(min_length=1, max_length=2000)]


class AboutModel(Strict):
    """Answers to a reader's questions, in the report's checklist."""

    objective: Words | None = None
    """The decision that the run is for, and what is measured in its stead."""
    population: Words | None = None
    """The requests that the samples stand for: whose, of when, in which languages."""
    sample: Words | None = None
    """How the samples were drawn from them, and who wrote the targets."""
    contamination: Words | None = None
    """Whether a model can have seen samples or targets: where and since when they are public."""
    not_claimed: list[Words] = Field(default_factory=list, max_length=50)
    """What nobody should read out of the result."""
