"""How requests are sent, as pydantic models of the suite file: order, load, budget, retries and
timeouts.
"""

from __future__ import annotations

import re
import shlex
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from claimbench.suite.purpose.cluster_address import checked_address
from claimbench.suite.schema.base import Strict
from claimbench.types import RateLimits, Resources, ServeSpec


def _decimal(value: Any) -> Any:
    """Take money as written: a float's shortest text, never its binary expansion."""
    if isinstance(value, bool):
        raise ValueError("expected an amount of money, got a boolean")
    if isinstance(value, int | float | str):
        try:
            return Decimal(str(value))
        except InvalidOperation:
            raise ValueError(f"expected an amount of money, got {value!r}") from None
    return value


DollarAmount = Annotated[
    Decimal, BeforeValidator(_decimal, json_schema_input_type=float | str), Field(ge=0, le=10**15)
]


class OrderModel(Strict):
    """The order of requests."""

    seed: int = Field(default=42, ge=0, lt=2**63)
    """Seed of the random order in which requests are sent."""
    limit_by: Literal["cluster", "row"] = "cluster"
    """What a first look (`--limit`) takes: whole clusters, or one row of each before a second."""


class LoadModel(Strict):
    """How requests arrive."""

    mode: Literal["closed", "open"] = "closed"
    """closed: a fixed number in flight. open: arrivals by schedule; latency counts from the
    scheduled time.
    """
    concurrency: int | None = Field(default=None, ge=1, le=10_000)
    """Requests in flight per arm (closed). Left out: each arm's own."""
    arrivals: Literal["constant", "poisson", "trace"] = "constant"
    """Kind of schedule (open)."""
    rate_per_s: float | None = Field(default=None, gt=0, le=1e6)
    """Arrivals per second (open, constant or poisson)."""
    trace_s: list[float] = Field(default_factory=list)
    """Arrival times in seconds from the start (open, trace)."""
    warmup_calls: int = Field(default=0, ge=0, le=1_000_000)
    """Calls per arm sent before the measurement and left out of it."""
    cold_cache: Literal["run", "call"] | None = None
    """Put a short unique text before every prompt, so that a provider's prefix cache holds nothing
    of it: run = nothing of earlier runs (calls of one run may still share), call = nothing at all.
    Left out: prompts as they stand."""
    senders: int | None = Field(default=None, ge=1, le=256)
    """Processes that send to endpoints, for loads that one cannot time (docs/scale_out.md). Left
    out: none beside the run's own."""


def _named(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


class EngineModel(Strict):
    """Where arms that run in this process run instead."""

    name: Literal["local", "ray"]
    """local: in this process. ray: on the nodes of a Ray cluster (pip install
    'claimbench[ray]')."""
    address: str = "auto"
    """Of the cluster: auto (the one that RAY_ADDRESS names, or that runs on this machine), local (a
    new one on this machine, for this run), HOST:PORT, or ray://HOST:PORT."""
    wait_s: float = Field(default=60.0, gt=0, le=86_400)
    """Longest time that an arm waits for a node with its resources, seconds; then it stops."""

    @field_validator("address")
    @classmethod
    def _an_address(cls, value: str) -> str:
        return checked_address(value)


ENGINE = Annotated[
    EngineModel | None,
    BeforeValidator(
        _named,
        json_schema_input_type=Literal["local", "ray"] | EngineModel | None,
    ),
]
"""``engine:`` of a suite: its name alone, or with what it needs."""


class ResourcesModel(Strict):
    """What one engine of an arm takes of a node."""

    cores: int | None = Field(default=None, ge=1, le=4096)
    """Processor cores. Left out: the arm's n_threads, else 1."""
    gpus: int = Field(default=0, ge=0, le=1024)
    """GPUs."""


class BudgetModel(Strict):
    """Hard limits in US dollars; money is reserved before each request."""

    max_cost_usd: DollarAmount | None = None
    """The whole run. 0 allows only arms that cost nothing."""
    per_arm_usd: dict[str, DollarAmount] = Field(default_factory=dict)
    """By arm name."""


class ErrorsModel(Strict):
    """Retries and timeouts."""

    max_retries: int = Field(default=3, ge=0, le=20)
    """Further attempts after the first, for faults of network and server only."""
    backoff_s: float = Field(default=1.0, ge=0, le=3600)
    """First pause before a retry, seconds; doubles each time."""
    backoff_max_s: float = Field(default=60.0, ge=0, le=86_400)
    """Longest pause, seconds."""
    timeout_s: float = Field(default=120.0, gt=0, le=86_400)
    """A model slower than this scores 0 (model_timeout), seconds."""
    connect_timeout_s: float = Field(default=10.0, gt=0, le=3600)
    """To connect, seconds."""
    stop_arm_after: int = Field(default=10, ge=1, le=1_000_000)
    """Consecutive failed calls after which an arm is given up."""


PLACES = frozenset({"port", "model", "model_path", "python"})
ENGINES: dict[str, tuple[str, str, dict[str, str]]] = {
    "llama_server": (
        "llama-server --model {model_path} --alias {model} --jinja",
        "http://127.0.0.1:{port}/health",
        {},
    ),
    "vllm": (
        "vllm serve {model} --served-model-name {model}",
        "http://127.0.0.1:{port}/health",
        {},
    ),
    "sglang": (
        "{python} -m sglang.launch_server --model-path {model} --served-model-name {model}",
        "http://127.0.0.1:{port}/health",
        {},
    ),
    "ollama": (
        "ollama serve",
        "http://127.0.0.1:{port}/api/version",
        {"OLLAMA_HOST": "127.0.0.1:{port}"},
    ),
}
"""Engine -> its command, its health check and the environment that it needs."""
USUAL_HEALTH = "http://127.0.0.1:{port}/v1/models"


def _words(value: Any) -> Any:
    return shlex.split(value) if isinstance(value, str) else value


class LimitsModel(Strict):
    """What the key allows. Left out: it is found out from refusals and headers."""

    rpm: float | None = Field(default=None, gt=0, le=1e9)
    """Requests per minute."""
    tpm: float | None = Field(default=None, gt=0, le=1e15)
    """Tokens per minute, input and output together."""


class ServeModel(Strict):
    """A server that the run starts, checks, warms up and stops."""

    engine: Literal["llama_server", "vllm", "sglang", "ollama"] | None = None
    """Start this engine as is usual for it; `command`, `health` and `env` replace its parts."""
    command: Annotated[
        list[str] | None,
        BeforeValidator(_words, json_schema_input_type=str | list[str] | None),
        Field(min_length=1),
    ] = None
    """Program and arguments; `{port}` is a free port, `{model}` the arm's model, `{model_path}` its
    file on this machine (a catalogue id or a `.gguf`), `{python}` this Python.
    """
    args: list[str] = Field(default_factory=list)
    """Further arguments of the command."""
    health: str | None = None
    """Address that answers 200 once the server is ready; default: the engine's, else
    `http://127.0.0.1:{port}/v1/models`.
    """
    ready_within_s: float = Field(default=300.0, gt=0, le=86_400)
    """Longest time until then, seconds."""
    warmup: int = Field(default=1, ge=0, le=100)
    """Requests sent, and not measured, before the first call."""
    env: dict[str, str] = Field(default_factory=dict)
    """Further environment variables. The server is given these, and what programs need (PATH, HOME,
    language, GPU and engine settings), and no key; `NAME: from_environment` hands on your own value
    of NAME, which no run stores.
    """

    @model_validator(mode="after")
    def _something_to_start(self) -> ServeModel:
        if self.engine is None and self.command is None:
            raise ValueError("give `command`, or an `engine`: " + ", ".join(sorted(ENGINES)))
        return self

    @field_validator("health")
    @classmethod
    def _asked_by_http(cls, value: str | None) -> str | None:
        if value is not None and not re.match(r"(?i)https?://[^\s/]", value):
            raise ValueError(f"health {value!r} does not start with http:// or https://")
        return value

    @field_validator("command", "health", "args")
    @classmethod
    def _known_places(cls, value: Any) -> Any:
        for text in value if isinstance(value, list) else [value or ""]:
            for place in re.findall(r"\{([a-z_]+)\}", text):
                if place not in PLACES:
                    raise ValueError(
                        f"'{{{place}}}' stands for nothing; there are {{port}}, {{model}},"
                        " {model_path} and {python}"
                    )
        return value


def limits_of(model: LimitsModel | None) -> RateLimits:
    """Return the limits as the core knows them."""
    return RateLimits() if model is None else RateLimits(model.rpm, model.tpm)


def resources_of(model: ResourcesModel | None) -> Resources | None:
    """Return what an engine takes as the core knows it."""
    return None if model is None else Resources(model.cores, model.gpus)


def serve_of(model: ServeModel | None) -> ServeSpec | None:
    """Return the server as the core knows it."""
    if model is None:
        return None
    command, health, env = model.command, model.health, dict(model.env)
    if model.engine is not None:
        usual_command, usual_health, usual_env = ENGINES[model.engine]
        if command is None:
            command = usual_command.split()
            if model.engine != "ollama":
                command += ["--host", "127.0.0.1", "--port", "{port}"]
        health = health or usual_health
        env = usual_env | env
    return ServeSpec(
        (*(command or ()), *model.args),
        health or USUAL_HEALTH,
        model.ready_within_s,
        model.warmup,
        env,
    )
