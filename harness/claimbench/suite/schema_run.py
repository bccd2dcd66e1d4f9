"""How requests are sent, as pydantic models of the suite file: order, load, budget, retries and timeouts."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from claimbench.suite_strict import Strict


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


Money = Annotated[Decimal, BeforeValidator(_decimal, json_schema_input_type=float | str), Field(ge=0)]


class OrderModel(Strict):
    """The order of requests."""

    seed: int = Field(default=42, ge=0, lt=2**63)
    """Seed of the random order in which requests are sent."""


class LoadModel(Strict):
    """How requests arrive."""

    mode: Literal["closed", "open"] = "closed"
    """closed: a fixed number in flight. open: arrivals by schedule; latency counts from the scheduled time."""
    concurrency: int | None = Field(default=None, ge=1, le=10_000)
    """Requests in flight per arm (closed). Left out: each arm's own."""
    arrivals: Literal["constant", "poisson", "trace"] = "constant"
    """Kind of schedule (open)."""
    rate_per_s: float | None = Field(default=None, gt=0)
    """Arrivals per second (open, constant or poisson)."""
    trace_s: list[float] = Field(default_factory=list)
    """Arrival times in seconds from the start (open, trace)."""
    warmup_calls: int = Field(default=0, ge=0)
    """Calls per arm sent before the measurement and left out of it."""
    cold_cache: Literal["run", "call"] | None = None
    """Put a short unique text before every prompt, so that a provider's prefix cache holds nothing of it: run = nothing
    of earlier runs (calls of one run may still share), call = nothing at all. Left out: prompts as they stand."""


class BudgetModel(Strict):
    """Hard limits in US dollars; money is reserved before each request."""

    max_cost_usd: Money | None = None
    """The whole run. 0 allows only arms that cost nothing."""
    per_arm_usd: dict[str, Money] = Field(default_factory=dict)
    """By arm name."""


class ErrorsModel(Strict):
    """Retries and timeouts."""

    max_retries: int = Field(default=3, ge=0, le=20)
    """Further attempts after the first, for faults of network and server only."""
    backoff_s: float = Field(default=1.0, ge=0)
    """First pause before a retry, seconds; doubles each time."""
    backoff_max_s: float = Field(default=60.0, ge=0)
    """Longest pause, seconds."""
    timeout_s: float = Field(default=120.0, gt=0)
    """A model slower than this scores 0 (model_timeout), seconds."""
    connect_timeout_s: float = Field(default=10.0, gt=0)
    """To connect, seconds."""
    stop_arm_after: int = Field(default=10, ge=1)
    """Consecutive failed calls after which an arm is given up."""
