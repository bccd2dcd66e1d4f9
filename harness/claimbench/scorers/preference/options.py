"""Options of the scorer ``pairwise``."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator

from claimbench.scorers.options import ScorerOptions
from claimbench.types import JUDGE_MAX_TOKENS, SIMILAR_LENGTH


def _one_or_many(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _number(value: Any) -> Any:
    """Let a whole number stand for its decimal."""
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


class PairwiseOptions(ScorerOptions):
    """Options of ``pairwise``."""

    by: Annotated[list[str], BeforeValidator(_one_or_many)] = Field(min_length=1, max_length=20)
    """The panel: names in the suite's `judges:`. One judge alone decides nothing without people's
    labels."""
    rubric: str = Field(min_length=1)
    """What makes one answer better than another, in words for the judges."""
    template: str | None = None
    """Jinja2 template of what the judges are shown; left out: the request and both answers."""
    max_tokens: int = Field(default=JUDGE_MAX_TOKENS, ge=1, le=1_000_000)
    """Longest answer of a judge, tokens; one that reasons first needs more."""
    similar_length: Annotated[float, BeforeValidator(_number)] = Field(
        default=SIMILAR_LENGTH, gt=0, le=1
    )
    """Pairs whose lengths differ by at most this share of the longer answer are shown apart."""

    @field_validator("by")
    @classmethod
    def _each_once(cls, by: list[str]) -> list[str]:
        twice = next((name for name in by if by.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"the judge {twice!r} stands twice")
        if not all(by):
            raise ValueError("a judge's name is empty")
        return by
