"""What an arm of a suite may say of its key's limits and of the server that is started for it."""

from __future__ import annotations

import re
import shlex
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator

from claimbench.suite_strict import Strict
from claimbench.types import RateLimits, ServeSpec

PLACES = frozenset({"port", "model", "python"})


def _words(value: Any) -> Any:
    return shlex.split(value) if isinstance(value, str) else value


class LimitsModel(Strict):
    """What the key allows. Left out: it is found out from refusals and headers."""

    rpm: float | None = Field(default=None, gt=0)
    """Requests per minute."""
    tpm: float | None = Field(default=None, gt=0)
    """Tokens per minute, input and output together."""


class ServeModel(Strict):
    """A server that the run starts, checks, warms up and stops."""

    command: Annotated[list[str], BeforeValidator(_words, json_schema_input_type=str | list[str]), Field(min_length=1)]
    """Program and arguments; `{port}` is a free port, `{model}` the arm's model, `{python}` this Python."""
    health: str = "http://127.0.0.1:{port}/v1/models"
    """Address that answers 200 once the server is ready."""
    ready_within_s: float = Field(default=300.0, gt=0)
    """Longest time until then, seconds."""
    warmup: int = Field(default=1, ge=0, le=100)
    """Requests sent, and not measured, before the first call."""
    env: dict[str, str] = Field(default_factory=dict)
    """Further environment variables."""

    @field_validator("command", "health")
    @classmethod
    def _known_places(cls, value: Any) -> Any:
        for text in value if isinstance(value, list) else [value]:
            for place in re.findall(r"\{([a-z_]+)\}", text):
                if place not in PLACES:
                    raise ValueError(f"'{{{place}}}' stands for nothing; there are {{port}}, {{model}} and {{python}}")
        return value


def limits_of(model: LimitsModel | None) -> RateLimits:
    """The limits as the core knows them."""
    return RateLimits() if model is None else RateLimits(model.rpm, model.tpm)


def serve_of(model: ServeModel | None) -> ServeSpec | None:
    """The server as the core knows it."""
    if model is None:
        return None
    return ServeSpec(tuple(model.command), model.health, model.ready_within_s, model.warmup, dict(model.env))
