"""Reach what only litellm does (Bedrock, for example): an optional extra, capped to versions
without the 2026 backdoor.

litellm is imported when an arm starts, never before, with its price map from its own package: it
would else fetch one. ``model`` is litellm's (``bedrock/...``), as are the variables of keys (read
from the environment by litellm itself); ``api_key_env``, ``api_key_file`` and ``api_key_keyring``
are passed on if given. Stamps are taken as events arrive (``stamp_source`` "sdk"); its retries are
off. Options: ``extra`` (further arguments of ``litellm.acompletion``) and ``omit`` (parameters not
to send: litellm refuses those that it knows an endpoint not to take).

Usage that litellm counts itself, with a tokenizer of its choice, because the endpoint gave none, is
left out: unknown.
"""

from __future__ import annotations

import importlib.util
import inspect
import os
import re
import warnings
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import replace
from typing import Any

from claimbench.errors import IncompleteStream, Network, PluginError, ProviderError, Timeout
from claimbench.provider.contract import ProviderContext
from claimbench.provider.sent import Sent
from claimbench.types import (
    Arm,
    ArmFacts,
    ConstraintKind,
    Done,
    Event,
    Json,
    Meta,
    Request,
    StampSource,
    UsageReport,
)
from claimbench_providers import hosts, keys
from claimbench_providers.arm_options import ArmOptions
from claimbench_providers.endpoints import faults as wire_faults
from claimbench_providers.endpoints.carried import (
    Fragment,
    NotCarried,
    Parts,
    Rules,
    effort_openai,
    read_sent,
)
from claimbench_providers.endpoints.chat import response_meta
from claimbench_providers.endpoints.chat_wire import Dialect
from claimbench_providers.endpoints.reading.chunks import ChunkReader
from claimbench_providers.endpoints.sending.additions import refuse_replacing
from claimbench_providers.endpoints.sse import after_end, with_remark

HAND_ON = re.compile(r"openai\.gpt-oss|amazon\.nova-2")
"""Models on Bedrock that litellm tells the word of an effort."""
NO_NONE = {"none": "Converse's toolChoice knows auto, any and a tool, and no none"}
_ADDRESS = ("the arm's address, which is looked at before a run", "write it as `base_url:`")
_VENDOR = ("the vendor that the arm's model names", "write it as the prefix of `model:`")
_ANSWER = ("the model's own answers", "leave it out: what is made up is no measurement")
NOT_EXTRA: Mapping[str, tuple[str, str]] = {
    "api_base": _ADDRESS,
    "base_url": _ADDRESS,
    "url": _ADDRESS,
    "api_key": ("the arm's key", "name the variable that holds it: `api_key_env:`"),
    "custom_llm_provider": _VENDOR,
    "deployment_id": ("the arm's model", "write it as the arm's `model:`"),
    "model_list": ("the arm's model", "write each model as an arm of its own"),
    "fallbacks": ("the arm's model", "write each model as an arm of its own"),
    "mock_response": _ANSWER,
    "mock_tool_calls": _ANSWER,
    "mock_timeout": _ANSWER,
}
"""Arguments of litellm that say what the arm says -> what that is, and where it is written."""
BEDROCK_ADDRESS = "aws_bedrock_runtime_endpoint"
"""An argument and, in capitals, a variable: Bedrock's address wherever one of them is set."""
_HEADERS = ("headers", "extra_headers")
_NO_FIELDS = frozenset({*_HEADERS, "extra_body", BEDROCK_ADDRESS})
"""Arguments of litellm that are no fields of the request."""
NO_CHOICE = {"*": "litellm hands no choice of a tool on to Nova"}
PASSED_ON = "llm_provider-"
"""What litellm puts before the names of the endpoint's own headers."""


def create(arm: Arm, context: ProviderContext) -> LitellmProvider:
    """The provider factory named in the entry points; imports nothing."""
    return LitellmProvider(arm, context)


def rules_for_litellm(arm: Arm) -> Rules:
    """Return what the vendor behind a model's prefix takes; litellm refuses the rest itself."""
    if arm.provider == "bedrock" or arm.model.startswith("bedrock/"):
        choice = NO_CHOICE if "amazon.nova" in arm.model else NO_NONE
        return Rules(seed=None, effort=effort_bedrock, no_choice=choice)
    if arm.model.startswith("openai/") or "/" not in arm.model:
        return Rules(effort=_effort_openai)
    return Rules()


def effort_bedrock(effort: str, model: str) -> Fragment:
    """Write the word where litellm hands it on as it is: of it, it makes budgets of its own for
    other models (for Claude Opus 4.6 the same of every word), and it drops numbers.
    """
    if not HAND_ON.search(model):
        raise NotCarried(
            f"litellm makes a budget of its own of it for {model}, or refuses it;"
            " `extra: {thinking: ...}` can say one"
        )
    if effort not in ("low", "medium", "high"):
        raise NotCarried(f"{model} takes low, medium or high")
    return {"reasoning_effort": effort}


def _effort_openai(effort: str, model: str) -> Fragment:
    return effort_openai(effort, model.removeprefix("openai/"))


class LitellmProvider:
    """A :class:`~claimbench.provider.contract.Provider` over ``litellm.acompletion``."""

    stamp_source: StampSource = "sdk"

    def __init__(self, arm: Arm, context: ProviderContext) -> None:
        options = ArmOptions(arm, ("extra", "omit"))
        self._extra = dict(options.mapping("extra"))
        refuse_replacing(arm, "extra", self._extra, NOT_EXTRA)
        refuse_replacing(arm, "extra.extra_body", _mapping(self._extra.get("extra_body")))
        self._dialect = Dialect(
            arm.model,
            token_parameter="max_tokens",  # noqa: S106 - the name of a parameter
            omit=options.omitted(),
            structured=False,
            stream_usage=True,
            extra_body={},
            rules=rules_for_litellm(arm),
        )
        self._arm = arm
        self._context = context
        self._address = self._known_address()
        self._local = self._address is not None and hosts.is_local(self._address)
        # Bedrock has credentials of its own, which a key that is given would replace
        self._signs_in = arm.provider == "bedrock" or arm.model.startswith("bedrock/")
        self._litellm: Any = None
        self._key: str | None = None

    def missing(self) -> str | None:
        """See :class:`~claimbench.provider.contract.Provider`."""
        if importlib.util.find_spec("litellm") is None:
            return "litellm is not installed: pip install 'claimbench[litellm]'"
        if self._arm.model.startswith("bedrock/") and importlib.util.find_spec("boto3") is None:
            return "boto3 is not installed: pip install 'claimbench[bedrock]'"
        if self._context.offline and not self._local:
            return "the run is offline"
        return keys.key_missing(self._arm, self._context, None)

    def constraint(self, request: Request) -> ConstraintKind:  # noqa: ARG002 - the protocol's
        """Answers are not constrained."""
        return "none"

    def sent(self, request: Request) -> Sent:
        """See :class:`~claimbench.provider.sent.SaysSent`."""
        dialect = self._dialect
        given = {name: value for name, value in self._extra.items() if name not in _NO_FIELDS}
        given |= _mapping(self._extra.get("extra_body"))
        headers: dict[str, str] = {}
        for name in _HEADERS:
            told = _mapping(self._extra.get(name))
            headers |= {each: str(value) for each, value in told.items()}
        parts = Parts(
            dialect.body_effort(request),
            lambda word: dialect.effort(word, dialect.model),
            dialect.body_tools(request),
            given,
            headers,
        )
        return read_sent(
            dialect.body(request) | given,
            request,
            replace(dialect.writing(), cut_here=False),
            parts,
            constraint=self.constraint(request),
            refused=dialect.refused(request),
            omit=dialect.omit,
        )

    def _known_address(self) -> str | None:
        """Return where litellm will send, as far as the arm and the environment say it."""
        arm = self._arm
        if arm.provider == "bedrock" or arm.model.startswith("bedrock/"):
            own = self._extra.get(BEDROCK_ADDRESS) or self._context.environ.get(
                BEDROCK_ADDRESS.upper()
            )
            if own:
                return str(own)
        return arm.base_url

    def goes_to(self) -> str:
        """Return the address that prompts are sent to, or what is known of it."""
        vendor = self._arm.model.partition("/")[0]
        return self._address or f"the address that litellm knows for {vendor}"

    async def start(self) -> ArmFacts:
        """Import litellm; sends nothing."""
        if why := self.missing():
            raise PluginError(f"arm {self._arm.name!r} cannot run: {why}")
        self._key = keys.key_of(self._arm, self._context, None)
        os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about its own code; nobody here can act on them
            import litellm

        litellm.telemetry = False
        litellm.drop_params = False
        litellm.suppress_debug_info = True  # it prints to the terminal otherwise
        litellm.disable_aiohttp_transport = True  # whose sessions cannot be closed
        self._litellm = litellm
        from importlib.metadata import version

        sdk = f"litellm {version('litellm')}"
        omitted: list[Json] = list(self._dialect.omit)
        return ArmFacts(
            details={"sdk": sdk, "base_url": self._address, "parameters_omitted": omitted}
        )

    async def stream(self, request: Request) -> AsyncIterator[Event]:
        """One attempt; see :class:`~claimbench.provider.contract.Provider`."""
        if self._litellm is None:
            raise PluginError(f"arm {self._arm.name!r} is not started")
        reader: ChunkReader | None = None
        late: str | None = None
        try:
            chunks = await self._litellm.acompletion(**self._arguments(request))
            reader = ChunkReader(_head(chunks), hidden_reasoning=False, label=False)
            async for chunk in chunks:
                for event in reader.read(chunk.model_dump(exclude_unset=True)):
                    yield event
        except Exception as error:  # noqa: BLE001 - litellm's own kinds are many
            ours = isinstance(error, ProviderError)
            fault = error if ours else _fault(error, began=reader is not None)
            if reader is not None and reader.complete and _ended(chunks):
                late = after_end(fault or error)
            elif fault is not None:
                raise fault from (None if ours else error)
            else:
                yield Meta(http_status=getattr(error, "status_code", None))
                yield Done("content_filter", refusal=True)
                return
        if not _ended(chunks):
            raise IncompleteStream("the stream ended without a finish reason")
        counted = any(
            getattr(chunk, "usage", None) is not None for chunk in getattr(chunks, "chunks", ())
        )
        for event in with_remark(reader.finish(), late):
            if counted or not isinstance(event, UsageReport):
                yield event

    def _arguments(self, request: Request) -> dict[str, Json]:
        given: dict[str, Json] = {
            "api_base": self._arm.base_url,
            "api_key": self._key or ("none" if self._local and not self._signs_in else None),
        }
        arguments = self._dialect.body(request) | {
            name: value for name, value in given.items() if value is not None
        }
        return (
            arguments
            | {"num_retries": 0, "max_retries": 0, "timeout": request.timeout_s}
            | self._extra
        )

    async def close(self) -> None:
        """Close its connections; idempotent."""
        module = self._litellm
        self._litellm = None
        if module is None:
            return
        cache = module.in_memory_llm_clients_cache
        clients = list(cache.cache_dict.values())
        cache.flush_cache()  # a later run makes its own
        for client in clients:
            closing = client.close() if hasattr(client, "close") else None
            if inspect.isawaitable(closing):
                await closing


def _mapping(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, Mapping) else {}


def _head(chunks: Any) -> Meta:
    """The response's head as far as litellm passes it on."""
    hidden: Mapping[str, Any] = getattr(chunks, "_hidden_params", None) or {}
    headers = {str(k).lower(): str(v) for k, v in (hidden.get("additional_headers") or {}).items()}
    return response_meta(
        200, {name.removeprefix(PASSED_ON): value for name, value in headers.items()}
    )


def _ended(chunks: Any) -> bool:
    """Tell whether the endpoint gave a finish reason. For want of one litellm invents it; what was
    received stands apart.
    """
    names = ("received_finish_reason", "intermittent_finish_reason")
    known = [getattr(chunks, name) for name in names if hasattr(chunks, name)]
    return not known or any(reason is not None for reason in known)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An exception and what it came from, the innermost last."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__


def _fault(error: Exception, *, began: bool) -> ProviderError | None:
    """Our error for one of litellm's, from what it was made of: it calls a lost connection a
    server's fault, say.

    None for a content filter's refusal, which is an answer.
    """
    if type(error).__name__ == "Timeout":
        return Timeout(str(error)[:500])
    causes = list(_causes(error))
    for cause in causes:
        if wire_faults.of_http_library(cause) and type(cause).__name__ != "HTTPStatusError":
            return wire_faults.connection_fault(cause, began=began)
    bodies = [getattr(cause, "body", None) for cause in causes]
    body: Json = next((stated for stated in bodies if stated is not None), None)
    if body is None:
        code = {"ContextWindowExceededError": "context_length_exceeded"}.get(type(error).__name__)
        body = {"message": str(error), "code": code}
    codes = [getattr(cause, "status_code", None) for cause in causes]
    statuses = [code for code in codes if isinstance(code, int)]
    status = statuses[-1] if statuses else None  # the innermost: the endpoint's own
    if began:
        return wire_faults.error_chunk(body)
    if status is None:
        return Network(f"{type(error).__name__}: {error}"[:500], billable="unknown")
    if type(error).__name__ == "ContentPolicyViolationError" or wire_faults.is_filtered(
        status, {"error": body}
    ):
        return None
    response = getattr(error, "response", None)
    headers = (
        getattr(error, "litellm_response_headers", None) or getattr(response, "headers", None) or {}
    )
    return wire_faults.fault(status, {"error": body}, dict(headers))
