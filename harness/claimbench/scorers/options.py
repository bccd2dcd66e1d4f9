"""What the options of the built-in scorers share, and those of ``label`` and ``judge``.

Every reading command meets these two scorers. Their modules import this one, and with it pydantic
(0.15 s of start-up), only where a suite gives them options.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from claimbench.scorers.base import ScorerOptionError
from claimbench.types import JUDGE_MAX_TOKENS, Json


class ScorerOptions(BaseModel):
    """Base of the built-in scorers' options: unknown keys are errors."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True
    )


ScorerOptionsT = TypeVar("ScorerOptionsT", bound=ScorerOptions)


def read_options(
    model: type[ScorerOptionsT], options: Mapping[str, Json], scorer: str
) -> ScorerOptionsT:
    """Validate a scorer's options; raises :class:`ScorerOptionError` naming the first wrong one."""
    try:
        return model.model_validate(dict(options))
    except ValidationError as exc:
        found = exc.errors(include_url=False)
        unknown = (
            error for error in found if error["type"] == "extra_forbidden"
        )  # which may explain a missing one
        first = next(unknown, found[0])
        option = str(first["loc"][0]) if first["loc"] else None
        known = tuple(model.model_fields)
        if first["type"] == "extra_forbidden":
            message = f"scorer {scorer}: unknown option '{option}'"
        elif first["type"] == "missing":
            message, option = f"scorer {scorer}: the option '{option}' is missing", None
        else:
            where = ".".join(str(step) for step in first["loc"])
            problem = str(first.get("ctx", {}).get("error", first["msg"]))
            message = (
                f"scorer {scorer}: {where}: {problem[:1].lower()}{problem[1:]}, got"
                f" {first['input']!r}"
            )
        raise ScorerOptionError(message, option=option, known=known) from None


class LabelOptions(ScorerOptions):
    """Options of ``label``."""

    search: bool = Field(default=True)
    """Look for a label inside a longer answer; false: the whole answer must be one."""
    which: Literal["only", "first", "last"] = "only"
    """Which label counts where an answer names several different ones. only: it is unparsable."""
    aliases: list[str] = Field(default_factory=list)
    """Columns with further labels that are right: lists, or texts parted by the separator."""
    separator: str = Field(default="|", min_length=1)
    """What parts several labels in one cell."""


class JudgeOptions(ScorerOptions):
    """Options of ``judge``."""

    by: str = Field(min_length=1)
    """The judge: a name in the suite's `judges:`."""
    rubric: str = Field(min_length=1)
    """What makes an answer good or bad, in words for the judge."""
    choices: dict[str, float]
    """What the judge may say, and the score of each from 0 to 1; shown best first, however it is
    written or stored.
    """
    template: str | None = None
    """Jinja2 template of what the judge is shown; left out: the request, the target and the answer.
    """
    max_tokens: int = Field(default=JUDGE_MAX_TOKENS, ge=1, le=1_000_000)
    """Longest answer of the judge, tokens; a judge that reasons first needs more."""

    @field_validator("choices")
    @classmethod
    def _two_or_more(cls, choices: dict[str, float]) -> dict[str, float]:
        folded = [name.strip().casefold() for name in choices]
        if len(choices) < 2:
            raise ValueError("a judge needs two choices or more")
        if (
            len(set(folded)) < len(folded)
            or not all(folded)
            or any(name != name.strip() for name in choices)
        ):
            raise ValueError(
                "choices are words that differ in more than case, without blanks at their ends"
            )
        if not all(0 <= value <= 1 for value in choices.values()):
            raise ValueError("each choice is worth a score from 0 to 1")
        return choices
