"""What only litellm reaches (Bedrock, for example): an optional extra, capped to versions without the 2026 backdoor.

litellm is imported when an arm starts, never before, with its price map from its own package: it would else fetch one.
``model`` is litellm's (``bedrock/...``), as are the variables of keys; ``api_key_env`` is passed on if given.
Stamps are taken as events arrive (``stamp_source`` "sdk"); its retries are off. Option: ``extra`` (further arguments).
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import AsyncIterator
from typing import Any

from claimbench.errors import IncompleteStream, Network, PluginError, ProviderError, Timeout
from claimbench.provider import ProviderContext
from claimbench.types import Arm, ArmFacts, ConstraintKind, Event, Json, Meta, Request, StampSource
from claimbench_providers import openai_wire, wire_faults
from claimbench_providers.arm_options import Options


def create(arm: Arm, context: ProviderContext) -> LitellmProvider:
    """The provider factory named in the entry points; imports nothing."""
    return LitellmProvider(arm, context)


class LitellmProvider:
    """A :class:`~claimbench.provider.Provider` over ``litellm.acompletion``."""

    stamp_source: StampSource = "sdk"

    def __init__(self, arm: Arm, context: ProviderContext) -> None:
        options = Options(arm, ("extra", "accept_model"))
        self._arm, self._context = arm, context
        self._extra = dict(options.mapping("extra"))
        self._litellm: Any = None

    def missing(self) -> str | None:
        """See :class:`~claimbench.provider.Provider`."""
        if importlib.util.find_spec("litellm") is None:
            return "litellm is not installed: pip install 'claimbench[litellm]'"
        if self._context.offline:
            return "the run is offline"
        variable = self._arm.api_key_env
        return f"{variable} is not set" if variable and not self._context.environ.get(variable) else None

    def constraint(self, request: Request) -> ConstraintKind:  # noqa: ARG002 - the protocol's
        """Answers are not constrained."""
        return "none"

    async def start(self) -> ArmFacts:
        """Import litellm; sends nothing."""
        os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
        import litellm

        litellm.telemetry = False
        litellm.drop_params = False
        self._litellm = litellm
        return ArmFacts(details={"sdk": "litellm"})

    async def stream(self, request: Request) -> AsyncIterator[Event]:
        """One attempt; see :class:`~claimbench.provider.Provider`."""
        if self._litellm is None:
            raise PluginError(f"arm {self._arm.name!r} is not started")
        dialect = openai_wire.Dialect(
            self._arm.model,
            token_parameter="max_tokens",  # noqa: S106 - the name of a parameter
            omit=(),
            structured=False,
            stream_usage=True,
            extra_body={},
        )
        arguments: dict[str, Json] = dialect.body(request) | self._extra
        if self._arm.base_url:
            arguments["api_base"] = self._arm.base_url
        if self._arm.api_key_env:
            arguments["api_key"] = self._context.environ[self._arm.api_key_env]
        reader = openai_wire.ChunkReader(Meta(http_status=200), hidden_reasoning=False, label=False)
        try:
            chunks = await self._litellm.acompletion(**arguments, num_retries=0, timeout=request.timeout_s)
            async for chunk in chunks:
                for event in reader.read(chunk.model_dump(exclude_unset=True)):
                    yield event
        except ProviderError:
            raise
        except Exception as error:
            raise _fault(error) from error
        if not reader.complete:
            raise IncompleteStream("the stream ended without a finish reason")
        for event in reader.finish():
            yield event

    async def close(self) -> None:
        """Nothing is held; idempotent."""
        self._litellm = None


def _fault(error: Exception) -> ProviderError:
    """Our error for one of litellm's, by its HTTP status."""
    if type(error).__name__ == "Timeout":
        return Timeout(str(error)[:500])
    status = getattr(error, "status_code", None)
    if not isinstance(status, int):
        return Network(f"{type(error).__name__}: {error}"[:500])
    response = getattr(error, "response", None)
    return wire_faults.fault(status, {"error": {"message": str(error)}}, dict(getattr(response, "headers", {}) or {}))
