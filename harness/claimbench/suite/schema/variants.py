"""Variants of arms, as a suite file writes them: one factor or several, each with its values."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from claimbench.suite.schema.base import Name, Strict
from claimbench.suite.schema.turns import Turn


def _one_or_many(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _texts(value: Any) -> Any:
    """Let numbers of tokens stand for efforts."""
    if not isinstance(value, list):
        return value
    return [str(v) if isinstance(v, int) and not isinstance(v, bool) else v for v in value]


def _floats(value: Any) -> Any:
    """Let whole numbers stand for decimals."""
    if not isinstance(value, list):
        return value
    return [float(v) if isinstance(v, int) and not isinstance(v, bool) else v for v in value]


Names = Annotated[list[str], BeforeValidator(_one_or_many, json_schema_input_type=str | list[str])]
Efforts = Annotated[list[str], BeforeValidator(_texts, json_schema_input_type=list[str | int])]
Numbers = Annotated[list[float], BeforeValidator(_floats, json_schema_input_type=list[float])]


class VariantsModel(Strict):
    """Arms made of one arm, every combination of the values below; named ARM@FACTOR=VALUE."""

    of: Names = Field(min_length=1)
    """Arm or arms to vary. They stay arms themselves."""
    temperature: Numbers | None = Field(default=None, min_length=1, max_length=50)
    """Sampling temperatures."""
    top_p: Numbers | None = Field(default=None, min_length=1, max_length=50)
    """Nucleus sampling."""
    reasoning_effort: Efforts | None = Field(default=None, min_length=1, max_length=50)
    """Efforts of reasoning models: words, or tokens to think for."""
    max_tokens: list[int] | None = Field(default=None, min_length=1, max_length=50)
    """Longest answers, tokens; of every task."""
    few_shot: list[int] | None = Field(default=None, min_length=1, max_length=50)
    """Numbers of solved examples: the first ones of each task's `few_shot`."""
    prompt: dict[Name, Annotated[list[Turn], Field(min_length=1)]] | None = Field(
        default=None, min_length=1
    )
    """Wordings by name: turns that take the place of the task's prompt."""
    tasks: Names | None = Field(default=None, min_length=1)
    """Tasks whose prompt the wordings replace. Left out: every task."""
    quantisation: dict[Name, Annotated[str, Field(min_length=1)]] | None = Field(
        default=None, min_length=1
    )
    """Quantisations of one model by name: a catalogue id, a .gguf file, or the provider's id."""
