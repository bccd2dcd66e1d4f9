"""The ``lm_eval:`` kind of a task as a pydantic model; :mod:`claimbench.suite_model` holds the rest of the file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from pydantic import Field, model_validator

from claimbench.suite_strict import Name, Strict


class LmEvalTaskModel(Strict):
    """A task of lm-eval: its data, prompts, filters and metrics."""

    lm_eval: str = Field(min_length=1)
    """The task's name, or the path of its YAML beside the suite."""
    name: Name = ""
    """Unique in the suite. Left out: lm-eval's name of it."""
    num_fewshot: int | None = Field(default=None, ge=0, le=100)
    """Solved examples before each document. Left out: as the task says."""
    limit: int | None = Field(default=None, ge=1)
    """Only this many documents, the first ones."""
    metric: str | None = None
    """Which of its metrics is the headline. Left out: its first."""
    max_tokens: int | None = Field(default=None, ge=1, le=1_000_000)
    """Longest answer. Left out: the task's max_gen_toks."""
    slices: list[str] = Field(default_factory=list)
    """Fields of its documents to break results down by; dots reach into objects."""

    @model_validator(mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        """Name the task as lm-eval does where the suite gives no name."""
        if isinstance(value, Mapping) and "name" not in value and isinstance(value.get("lm_eval"), str):
            return {**value, "name": PurePath(value["lm_eval"]).stem}
        return value


def task_kind(value: Any) -> str:
    """Tell which kind of task a mapping is, for the union's discriminator."""
    told = "lm_eval" in value if isinstance(value, Mapping) else isinstance(value, LmEvalTaskModel)
    return "lm_eval" if told else "own"
