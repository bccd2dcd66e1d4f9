"""A suite that measures nothing: snapshots, and claims that they decide."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from claimbench.suite.schema import AnyTask, ArmModel, SuiteModel
from claimbench.suite.schema.adoption import AdoptionModel

MEASURED_KEYS = ("tasks", "arms", "routes", "judges", "simulated_users", "variants")
"""Keys of a suite that measures; without any of them, snapshots stand alone."""


class AdoptedModel(SuiteModel):
    """A suite with `adoption:` needs neither tasks nor arms, until a claim asks for a run."""

    tasks: list[AnyTask] = Field(default_factory=list, max_length=0)
    arms: list[ArmModel] = Field(default_factory=list, max_length=0)
    adoption: AdoptionModel


def model_of(data: Any) -> type[SuiteModel]:
    """Return the schema that a suite is read by."""
    if isinstance(data, dict) and data.get("adoption") is not None:
        bare = not set(MEASURED_KEYS) & set(data)
        return AdoptedModel if bare else SuiteModel
    return SuiteModel
