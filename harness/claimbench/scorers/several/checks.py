"""``checks``: several assertions about one answer, each a scorer of its own, with one declared
headline.

Each check is a part. The headline is their weighted mean, whether all or any hold, or one of them
by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ConfigDict, Field, field_validator, model_validator

from claimbench.patterns.timed import PatternTooLong
from claimbench.scorers.base import (
    AnswerChecker,
    SampleChecker,
    Scorer,
    ScorerOptionError,
    scored,
    unparsable,
)
from claimbench.scorers.options import ScorerOptions, read_options
from claimbench.types import JUDGE, AnswerSpec, Json, Sample, Score, ScorerSpec, Task

COMBINED = ("weighted", "all", "any")
NOT_INSIDE = (JUDGE, "lm_eval", "imported", "python")
LONGEST = 50


class Check(ScorerOptions):
    """One assertion: a scorer with its options, and how it counts."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)

    scorer: str = Field(min_length=1)
    """The scorer's name: contains, matches, numeric, …; another checks nests them."""
    name: str | None = Field(default=None, min_length=1)
    """Of the part. Left out: the scorer's, numbered where it stands twice."""
    weight: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    """In the weighted mean."""
    negate: bool = Field(default=False, alias="not")
    """The check holds where the scorer says it does not: 1 - its score. An answer that it cannot
    read never holds."""
    at_least: float | None = Field(default=None, ge=0, le=1)
    """From which score the check holds, as 1, below it 0. Left out: the score itself counts."""


class ChecksOptions(ScorerOptions):
    """Options of ``checks``."""

    of: list[Check] = Field(min_length=1, max_length=LONGEST)
    """The assertions."""
    headline: str = "weighted"
    """What the score is: weighted (the weighted mean of all), all (the lowest), any (the highest),
    or the name of one."""

    @field_validator("of", mode="before")
    @classmethod
    def _names(cls, value: Any) -> Any:
        return [{"scorer": each} if isinstance(each, str) else each for each in value or ()]

    @model_validator(mode="after")
    def _known_headline(self) -> ChecksOptions:
        names = self.part_names()
        if len(set(names)) < len(names):
            raise ValueError("two checks have the same name")
        if set(names) & set(COMBINED):
            raise ValueError(f"no check is called {', '.join(COMBINED)}")
        if self.headline not in (*COMBINED, *names):
            raise ValueError(f"headline is one of {', '.join((*COMBINED, *names))}")
        return self

    def part_names(self) -> tuple[str, ...]:
        """Return the checks' names in their order."""
        found: list[str] = []
        used: dict[str, int] = {}
        for check in self.of:
            bare = check.name or (f"not {check.scorer}" if check.negate else check.scorer)
            used[bare] = used.get(bare, 0) + 1
            again = used[bare] > 1 and check.name is None
            found.append(f"{bare} {used[bare]}" if again else bare)
        return tuple(found)


class ChecksScorer:
    """The weighted mean of several checks, or what the suite declares as headline."""

    name = "checks"
    version = "3"

    def __init__(self, options: Mapping[str, Json] | None = None) -> None:
        self._options = read_options(ChecksOptions, options or {}, self.name)
        self._names = self._options.part_names()
        self._made = tuple(_made(check) for check in self._options.of)

    def check(self, answer: AnswerSpec) -> str | None:
        """Refuse what one of the checks refuses."""
        for name, scorer in zip(self._names, self._made, strict=True):
            unfit = scorer.check(answer) if isinstance(scorer, AnswerChecker) else None
            if unfit is not None:
                return f"checks: {name}: {unfit}"
        return None

    def check_sample(self, sample: Sample) -> str | None:
        """Refuse a row that one of the checks refuses."""
        for name, scorer in zip(self._names, self._made, strict=True):
            unfit = scorer.check_sample(sample) if isinstance(scorer, SampleChecker) else None
            if unfit is not None:
                return f"checks: {name}: {unfit}"
        return None

    def part_names(self, sample: Sample, task: Task) -> tuple[str, ...]:  # noqa: ARG002 - the protocol's
        """Return the checks' names."""
        return self._names

    def score(self, call_id: str, text: str, sample: Sample, task: Task) -> Score:
        """See :class:`claimbench.scorers.base.Scorer`; raises ValueError where a check cannot
        judge.
        """
        parts: dict[str, float] = {}
        unread = 0
        for name, check, scorer in zip(self._names, self._options.of, self._made, strict=True):
            try:
                found = scorer.score(call_id, text, sample, task)
            except PatternTooLong as error:  # the answer's doing: this check alone is not met
                found = unparsable(scorer, call_id, str(error))
            if found.value is None:
                raise ValueError(f"the check {name} gave no score: {found.explanation}")
            unread += found.status == "unparsable"
            parts[name] = _counted(found, check)
        value = self._headline(parts)
        failed = [name for name, held in parts.items() if held < 1]
        why = f"not met: {', '.join(failed)}" if failed else "all checks hold"
        if unread == len(parts) and value == 0:
            return unparsable(self, call_id, why, parts)
        return scored(self, call_id, value, why, parts)

    def _headline(self, parts: Mapping[str, float]) -> float:
        wanted = self._options.headline
        if wanted == "all":
            return min(parts.values())
        if wanted == "any":
            return max(parts.values())
        if wanted != "weighted":
            return parts[wanted]
        weights = [check.weight for check in self._options.of]
        total = sum(w * value for w, value in zip(weights, parts.values(), strict=True))
        return min(total / sum(weights), 1.0)


def _made(check: Check) -> Scorer:
    from claimbench.scorers.loading import load

    if check.scorer in NOT_INSIDE:
        raise ScorerOptionError(
            f"scorer checks: {check.scorer} cannot stand inside checks", option="of"
        )
    spec = ScorerSpec(check.scorer, dict(check.model_extra or {}))
    try:
        (scorer,) = load([spec])
    except ScorerOptionError as error:
        raise ScorerOptionError(f"scorer checks: {error.message}", option="of") from None
    return scorer


def _counted(found: Score, check: Check) -> float:
    assert found.value is not None  # noqa: S101 - looked at by the caller
    if found.status == "unparsable":
        return 0.0
    value = found.value
    if check.at_least is not None:
        value = float(value >= check.at_least)
    return 1 - value if check.negate else value
