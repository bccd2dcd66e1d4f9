"""How a run is compared with an earlier one, as pydantic models of the suite file."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from claimbench.suite.schema.base import Name, Strict

Margin = Annotated[float, Field(gt=0, le=10, allow_inf_nan=False)]
"""A margin: a difference of scores, or a relative rise."""
Off = Literal["off"]
TIMES = ("ttft_p50", "ttft_p95", "e2e_p50", "e2e_p95", "tpot_p50", "tpot_p95")
"""Latencies that can be compared; one of them is."""


class MarginsModel(Strict):
    """By how much a run may be worse than the one before and still count as held; `off` leaves a
    measure out.
    """

    accuracy: Annotated[float, Field(gt=0, lt=1)] | Off | None = None
    """Of the score: 0.02 is 2 points. Left out: the suite's margin."""
    dollars: Margin | Off | None = None
    """Rise of the dollars per request: 0.1 is 10%, which holds where it is left out."""
    latency: Off | None = None
    """`off`: no latency is judged. Left out: e2e_p95 at 0.2, or e2e_p50 where a run has fewer than
    72 times of an arm."""
    ttft_p50: Margin | None = None
    """Rise of the median time to the first token."""
    ttft_p95: Margin | None = None
    """Rise of its 95th percentile."""
    e2e_p50: Margin | None = None
    """Rise of the median time to the end."""
    e2e_p95: Margin | None = None
    """Rise of its 95th percentile."""
    tpot_p50: Margin | None = None
    """Rise of the median time per output token."""
    tpot_p95: Margin | None = None
    """Rise of its 95th percentile."""

    @model_validator(mode="after")
    def _one_time(self) -> MarginsModel:
        stated = [name for name in TIMES if getattr(self, name) is not None]
        if len(stated) + (self.latency is not None) > 1:
            raise ValueError(
                "one latency is judged: state one of " + ", ".join((*TIMES, "latency"))
            )
        return self


class CompareModel(Strict):
    """How a run of this suite is compared with an earlier one (`bench compare`)."""

    baseline: str | None = Field(default=None, min_length=1, max_length=500)
    """The run that claims mean by `baseline:ARM`, and that `bench compare` takes where it is given
    none: an id, or the path of a results folder."""
    runs: int | None = Field(default=None, ge=1, le=1000)
    """How many runs are to be compared with one baseline: alpha is spent over them. Left out: 30
    for what is repeated (`bench check --baseline`, `bench compare --every` and `--fail-on-change`,
    claims about `baseline:ARM`); another comparison of two runs has it all."""
    margins: MarginsModel = MarginsModel()
    """What counts as harmless."""
    arms: dict[Name, Name] = Field(default_factory=dict)
    """Arms that had another name in the baseline: {new: old}."""
    common: float = Field(default=0.8, gt=0, le=1)
    """The least share of samples that both runs must have asked alike; below, nothing is judged."""

    @field_validator("baseline")
    @classmethod
    def _plain(cls, value: str | None) -> str | None:
        if value is not None and not value.isprintable():
            raise ValueError("a run's name is one line of printable characters")
        return value


def compare_json(model: CompareModel) -> dict[str, Any]:
    """Return what a suite keeps of its comparison: plain values, only what is stated."""
    return model.model_dump(mode="json", exclude_none=True, exclude_unset=True)
