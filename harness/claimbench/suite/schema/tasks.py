"""The ``lm_eval:`` kind of a task as a pydantic model; :mod:`claimbench.suite.schema` holds the
rest of the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from pydantic import Field, model_validator

from claimbench.suite.schema.base import Name, Strict
from claimbench.types import MaskSpec


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
    higher_is_better: bool | None = None
    """Whether more of the metric is better; of an error rate, false: 1 - metric is judged. Left
    out: as the task says, or else by the metric's name."""
    max_tokens: int | None = Field(default=None, ge=1, le=1_000_000)
    """Longest answer. Left out: the task's max_gen_toks."""
    slices: list[str] = Field(default_factory=list)
    """Fields of its documents to break results down by; dots reach into objects."""

    @model_validator(mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        """Name the task as lm-eval does where the suite gives no name."""
        if (
            isinstance(value, Mapping)
            and "name" not in value
            and isinstance(value.get("lm_eval"), str)
        ):
            return {**value, "name": PurePath(value["lm_eval"]).stem}
        return value


class SimulatedCallModel(Strict):
    """What one call of a tool gives."""

    name: str = Field(min_length=1)
    """The tool."""
    arguments: dict[str, Any] | None = None
    """Only for calls that give these arguments so. Left out: for any."""
    result: Any = None
    """What the model is given: a text or JSON; `{$argument: NAME}` stands for an argument."""
    set: dict[str, Any] = Field(default_factory=dict)
    """What the call changes: dotted path of the state -> value."""
    when: dict[str, Any] = Field(default_factory=dict)
    """Only while the state is so: dotted path -> value."""


class SimulatorModel(Strict):
    """What stands in for the tools, so that the model can work in steps: a table, or a function of
    Python.
    """

    table: list[SimulatedCallModel] | None = Field(default=None, min_length=1, max_length=10_000)
    """The first row that fits a call answers it."""
    python: str | None = Field(default=None, min_length=1, pattern=r"\.py$")
    """A file of Python beside the suite whose function answers calls, in place of a table; run
    after `bench trust SUITE`."""
    function: str | None = Field(default=None, min_length=1)
    """The function in it: (name, arguments, state), or (name, arguments, state, row), giving result
    and next state. Left out: answer."""
    seconds: float = Field(default=10.0, gt=0, le=600, allow_inf_nan=False)
    """Longest time for one call of the function."""
    max_result: int = Field(default=4000, ge=1, le=200_000)
    """Longest result of the function, characters."""
    state: dict[str, Any] = Field(default_factory=dict)
    """The state before the first call."""
    otherwise: Any = Field(default_factory=lambda: {"error": "not found"})
    """What a call gives that no row fits."""
    max_steps: int = Field(default=8, ge=2, le=100)
    """Answers of the model in one episode. One that still calls tools then has failed."""


class SimulatedUserModel(Strict):
    """A model that says the user's turns after the first."""

    by: str = Field(min_length=1)
    """The user: a name in the suite's `simulated_users:`."""
    prompt: str = Field(min_length=1)
    """Jinja2 template of what it is told: who it is and what it wants, by columns of the row."""
    stop: str = Field(default="###STOP###", min_length=3, max_length=100)
    """What it says when it has nothing more to ask: the conversation then ends."""
    max_turns: int = Field(default=8, ge=2, le=100)
    """Turns of the user in all, the first included."""
    max_tokens: int = Field(default=256, ge=1, le=100_000)
    """The longest of its turns, tokens."""


def task_kind(value: Any) -> str:
    """Tell which kind of task a mapping is, for the union's discriminator."""
    told = "lm_eval" in value if isinstance(value, Mapping) else isinstance(value, LmEvalTaskModel)
    return "lm_eval" if told else "own"


USUAL = ("EMAIL_ADDRESS", "PHONE_NUMBER", "CREDIT_CARD", "IBAN_CODE", "IP_ADDRESS", "US_SSN")


class MaskModel(Strict):
    """Personal data that is replaced by placeholders before anything is sent or stored."""

    entities: list[str] = Field(default=list(USUAL), min_length=1)
    """What to look for: presidio's names of entities, such as DE_TAX_ID; PERSON, LOCATION,
    ORGANIZATION and NRP need `model`."""
    columns: list[str] | None = Field(default=None, min_length=1)
    """Only in these columns. Left out: in every column but the target."""
    model: str | None = Field(default=None, min_length=1)
    """An installed spaCy model (name or folder) that finds names and places. Nothing is downloaded.
    """
    min_score: float = Field(default=0.4, ge=0, le=1)
    """Findings that presidio is less sure of stay."""
    phone_regions: list[str] = Field(default_factory=list)
    """Countries whose national telephone numbers count, such as CH; numbers with + always do. Left
    out: US, GB, DE, FR, IL, IN, CA, BR."""


def mask_of(model: MaskModel | None) -> MaskSpec | None:
    """Return the model as the core knows it."""
    if model is None:
        return None
    columns = None if model.columns is None else tuple(model.columns)
    entities = tuple(dict.fromkeys(model.entities))
    return MaskSpec(entities, columns, model.model, model.min_score, tuple(model.phone_regions))
