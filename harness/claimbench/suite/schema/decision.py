"""The choice that a run is for, as pydantic models of the suite file: requirements and criteria."""

from __future__ import annotations

import math
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from claimbench.suite.schema.base import Name, Strict

Metric = Literal[
    "accuracy",
    "success_rate",
    "usd_per_1k",
    "usd_per_month",
    "e2e_p50_s",
    "e2e_p95_s",
    "ttft_p50_s",
    "ttft_p95_s",
]


def _day(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


Day = Annotated[str, BeforeValidator(_day), Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]


class AttestationModel(Strict):
    """What somebody attests of an arm."""

    text: str = Field(min_length=1, max_length=500)
    """In words: "ISO 27001"."""
    dated: Day
    """The day it was given."""
    file: str | None = None
    """A file that shows it, beside the suite; its hash is kept."""
    until: Day | None = None
    """The day on which it ends."""

    @field_validator("dated", "until")
    @classmethod
    def _is_day(cls, value: str | None) -> str | None:
        try:
            if value is not None:
                date.fromisoformat(value)
        except ValueError:
            raise ValueError(f"'{value}' is no day of the calendar") from None
        return value


class RequirementModel(Strict):
    """A gate: an arm that misses it is out, one that leaves it open is not chosen."""

    name: Name
    """What the report calls it."""
    claim: str | None = Field(default=None, min_length=1, max_length=1000)
    """A sentence about each arm, without its name: "as accurate as gpt", "e2e p95 under 2 s"."""
    task: str | None = None
    """The task that the claim is about. Left out: all."""
    fact: str | None = Field(default=None, min_length=1, max_length=120)
    """A fact of the run (`prompts_go_to`, `runs_on`, `licence`, `model`), or one stated under
    `facts`."""
    is_: list[str] = Field(default_factory=list, alias="is")
    """The values of the fact that meet the requirement."""
    attested: dict[str, AttestationModel] = Field(default_factory=dict)
    """By arm: what somebody attests."""

    @model_validator(mode="after")
    def _one_kind(self) -> RequirementModel:
        kinds = [self.claim is not None, self.fact is not None, bool(self.attested)]
        if sum(kinds) != 1:
            raise ValueError("a requirement is one of: claim, fact with is, attested")
        if (self.fact is not None) != bool(self.is_):
            raise ValueError("fact and is belong together: the values that meet the requirement")
        if self.task is not None and self.claim is None:
            raise ValueError("task belongs to a claim")
        return self


class CriterionModel(Strict):
    """One thing that counts among the arms that meet every requirement."""

    name: Name
    """What the report calls it."""
    weight: float = Field(gt=0, le=1e6, allow_inf_nan=False)
    """Its weight; what counts is its share of the sum."""
    metric: Metric
    """What is measured."""
    worst: float = Field(allow_inf_nan=False)
    """The value that is worth nothing."""
    best: float = Field(allow_inf_nan=False)
    """The value that is worth everything; linear between the two."""
    task: str | None = None
    """The task that it is measured on. Left out: all."""

    @model_validator(mode="after")
    def _a_scale(self) -> CriterionModel:
        higher = self.metric in ("accuracy", "success_rate")
        if math.isclose(self.worst, self.best, rel_tol=1e-12, abs_tol=1e-15):
            raise ValueError("worst and best are the same: no scale lies between them")
        if (self.best > self.worst) != higher:
            way = "more" if higher else "less"
            raise ValueError(
                f"of {self.metric} {way} is better: best {self.best:g} is the worse end here"
            )
        if higher and not (0 <= self.worst <= 1 and 0 <= self.best <= 1):
            raise ValueError(f"{self.metric} is a share: worst and best lie between 0 and 1")
        if not higher and min(self.worst, self.best) < 0:
            raise ValueError(f"{self.metric} is never below 0")
        return self


class DecisionModel(Strict):
    """The choice that the run is for; part of the suite, so that it is fixed before the run."""

    incumbent: str | None = None
    """The arm in use today."""
    requirements: list[RequirementModel] = Field(default_factory=list, max_length=40)
    """Gates: nothing is recommended that misses one or leaves one open."""
    criteria: list[CriterionModel] = Field(default_factory=list, max_length=12)
    """What counts among the arms that meet all requirements."""
    facts: dict[str, dict[str, str]] = Field(default_factory=dict)
    """What is stated of arms, by arm: {gpt: {licence: proprietary, region: eu}}."""

    @model_validator(mode="after")
    def _something(self) -> DecisionModel:
        if not self.requirements and not self.criteria:
            raise ValueError("a decision needs requirements, criteria or both")
        for section in ("requirements", "criteria"):
            names = [one.name for one in getattr(self, section)]
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"two {section} are called {twice[0]!r}")
        return self


class DecisionFileModel(Strict):
    """A file that holds a decision beside other things."""

    decision: DecisionModel
