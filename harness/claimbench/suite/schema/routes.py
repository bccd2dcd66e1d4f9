"""Routes of a suite, as pydantic models: arms made from stored records, without a call."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from claimbench.suite.schema.base import Name, Strict

Threshold = Annotated[float, Field(allow_inf_nan=False)] | Literal["fit"]


class FitModel(Strict):
    """What a fitted threshold aims at: one of keep, max_usd_per_1k, share."""

    keep: float | None = Field(default=None, gt=0, le=1)
    """The cheapest thresholds that keep this share of the last arm's score: 0.98."""
    max_usd_per_1k: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """The best score for at most so many dollars per 1,000 requests."""
    share: float | None = Field(default=None, ge=0, le=1)
    """The second arm answers at most this share of the requests."""
    folds: int = Field(default=5, ge=2, le=50)
    """Each fold's threshold is fitted on the clusters of the others."""

    @model_validator(mode="after")
    def _one_aim(self) -> FitModel:
        aims = ("keep", "max_usd_per_1k", "share")
        if sum(getattr(self, name) is not None for name in aims) != 1:
            raise ValueError(f"a fit has one aim: state one of {', '.join(aims)}")
        return self


class EscalateModel(Strict):
    """When a cascade asks its second arm too."""

    unparsable: bool = True
    """Where the first answer cannot be read, is empty, refused or cut."""
    signal: Literal["probability", "repeats", "length", "field", "scorer", "file"] | None = None
    """What tells how sure the first arm is: probability (of its answer, in tasks of lm_eval with
    given answers), repeats (share of the epochs that agree), length (output tokens), field (a
    number in its JSON answer), scorer (one that sees no target), file (a number per sample, from
    any tool)."""
    of: str | None = Field(default=None, min_length=1)
    """The JSON field, the scorer, or the file beside the suite."""
    column: str = Field(default="score", min_length=1)
    """Of the file: the column with the number."""
    below: Threshold | None = None
    """Ask the second arm where the signal is below this; `fit`: found out of fold."""
    above: Threshold | None = None
    """The same, above."""
    fit: FitModel | None = None
    """What a fitted threshold aims at."""
    sees_target: Literal[False] | None = None
    """For a scorer of your own Python: your word that it does not look at the target."""


class ChooseModel(Strict):
    """Which arm takes which slice, fitted out of fold by cluster."""

    among: list[str] = Field(min_length=2, max_length=20)
    """The arms to choose from, each once."""
    keep: float = Field(default=1.0, gt=0, le=1)
    """In each slice the cheapest arm that keeps this share of the best one's score there; 1: the
    best, and of equal ones the cheapest."""
    folds: int = Field(default=5, ge=2, le=50)
    """Each fold's arms are chosen on the clusters of the others."""


class RouterCostModel(Strict):
    """What one decision of a router costs, where its file has no columns usd and seconds."""

    usd: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """Dollars of one decision; 0 if it is nothing. Left out: unknown, and so the route's."""
    seconds: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """Seconds of one decision, likewise."""


def _form(value: Any) -> str:
    """Name the branch that a value is meant as, so that its error speaks of that one alone."""
    return "none" if value is None else "each" if isinstance(value, list) else "one"


OneOrThree = Annotated[
    Annotated[str, Tag("one")]
    | Annotated[list[str], Field(min_length=1, max_length=3), Tag("each")]
    | Annotated[None, Tag("none")],
    Discriminator(_form),
]
OneRuleOrEach = Annotated[
    Annotated[EscalateModel, Tag("one")]
    | Annotated[list[EscalateModel], Field(min_length=1, max_length=3), Tag("each")]
    | Annotated[None, Tag("none")],
    Discriminator(_form),
]


class RouteModel(Strict):
    """An arm made from stored records, without a call: a cascade (first, then, escalate), by slice
    (slice, arms or choose), or any router's decisions (decisions).
    """

    name: Name
    """Unique among arms, judges and routes; claims name it like an arm."""
    first: str | None = None
    """Cascade: the arm that is always asked."""
    then: OneOrThree = None
    """Cascade: the arm that is asked too where `escalate` says so; or up to three, each asked where
    the answer before it is passed on."""
    escalate: OneRuleOrEach = None
    """Cascade: when. Left out: where the answer cannot be read. With several arms: one rule for
    every step, or a list with one for each; `fit` is then stated once, and is the aim of the
    whole."""
    slice: str | None = None
    """By slice: the slice column."""
    arms: dict[str, str] = Field(default_factory=dict)
    """By slice: value of the column -> arm."""
    choose: ChooseModel | None = None
    """By slice: in place of `arms`, which arm takes which slice is fitted out of fold."""
    otherwise: str | None = None
    """The arm for values and samples that are not named."""
    decisions: str | None = Field(default=None, min_length=1)
    """A router's decisions: a file with columns sample_id (or id), arm, and task where there are
    several; usd and seconds are what deciding cost."""
    router: RouterCostModel | None = None
    """With `decisions`: what deciding costs."""


Routes = Annotated[list[RouteModel], Field(max_length=100)]
