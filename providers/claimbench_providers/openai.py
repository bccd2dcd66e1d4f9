"""Endpoints that speak chat completions, through the openai SDK: OpenAI and every compatible server by ``base_url``.

Options of an arm (all optional):

===================  ===============================================================================================
``structured``       ``true``: labels and schemas are enforced by ``response_format``; ``false``: neither is; default:
                     schemas are, labels are not
``token_parameter``  ``max_tokens`` or ``max_completion_tokens``; default by the model's family
``omit``             parameters not to send, for endpoints that refuse them, for example ``[seed, top_p]``
``stream_usage``     ask for usage in the stream (default true; some servers refuse ``stream_options``)
``extra_body``       further fields of the request, sent as they are
``headers``          further HTTP headers
===================  ===============================================================================================

Stamps are taken as the SDK hands its chunks over (``stamp_source`` "sdk"), which under load is later than the bytes
arrived; the ``compatible`` provider avoids that. SDK retries are off: every attempt is the harness's own.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from typing import Any

from claimbench.errors import (
    ConnectTimeout,
    IncompleteStream,
    MalformedStream,
    Network,
    PluginError,
    ProviderError,
    Timeout,
)
from claimbench.provider import ProviderContext
from claimbench.types import Arm, ArmFacts, ConstraintKind, Delta, Done, Event, Json, Meta, Request, StampSource
from claimbench.usage import hides_reasoning
from claimbench_providers import hosts, openai_wire
from claimbench_providers.arm_options import Options
from claimbench_providers.llama_text import TextStream

OPTIONS = ("structured", "token_parameter", "omit", "stream_usage", "extra_body", "headers")


def create(arm: Arm, context: ProviderContext) -> OpenAIProvider:
    """The provider factory named in the entry points; checks options, opens nothing."""
    return OpenAIProvider(arm, context)


class OpenAIProvider:
    """A :class:`~claimbench.provider.Provider` over ``openai.AsyncOpenAI``."""

    stamp_source: StampSource = "sdk"

    def __init__(self, arm: Arm, context: ProviderContext) -> None:
        options = Options(arm, OPTIONS)
        self._arm = arm
        self._context = context
        self._url = arm.base_url or hosts.OPENAI_URL
        if not re.match(r"https?://[^/]", self._url):
            raise PluginError(
                f"arm {arm.name!r}: base_url {self._url!r} is not an address", hint="it looks like https://host/v1"
            )
        self._headers = {name: str(value) for name, value in options.mapping("headers").items()}
        self._dialect = openai_wire.Dialect(
            arm.model,
            token_parameter=options.text(
                "token_parameter", choices=("max_tokens", "max_completion_tokens", "max_output_tokens")
            ),
            omit=options.texts("omit"),
            structured=options.flag("structured", False) if options.has("structured") else None,
            stream_usage=options.flag("stream_usage", True),
            extra_body=options.mapping("extra_body"),
        )
        self._client: Any = None

    def missing(self) -> str | None:
        """Why the arm cannot run here: a key that is not set, or a host whose key variable nobody named."""
        if self._context.offline and not hosts.is_local(self._url):
            return "the run is offline"
        variable = self._key_variable()
        if variable is None:
            if hosts.is_local(self._url):
                return None
            return f"api_key_env is not given, and no key variable is known for {hosts.host_of(self._url)}"
        if not self._context.environ.get(variable):
            return f"{variable} is not set"
        return None

    def _key_variable(self) -> str | None:
        return self._arm.api_key_env or hosts.key_variable(self._url)

    def constraint(self, request: Request) -> ConstraintKind:
        """See :class:`~claimbench.provider.Provider`."""
        return self._dialect.constraint(request)

    async def start(self) -> ArmFacts:
        """Make the client; sends nothing."""
        import openai

        if why := self.missing():
            raise PluginError(f"arm {self._arm.name!r} cannot run: {why}")
        await self.close()
        variable = self._key_variable()
        key = self._context.environ[variable] if variable is not None else "none"
        self._client = openai.AsyncOpenAI(
            api_key=key, base_url=self._url, max_retries=0, default_headers=self._headers or None
        )
        details = {"sdk": f"openai {openai.__version__}", "base_url": self._url, **self._dialect.describe()}
        return ArmFacts(details=details)

    async def stream(self, request: Request) -> AsyncIterator[Event]:
        """One attempt; see :class:`~claimbench.provider.Provider`."""
        import openai

        if self._client is None:
            raise PluginError(f"arm {self._arm.name!r} is not started")
        body = self._dialect.body(request)
        reader: openai_wire.ChunkReader | None = None
        try:
            async with self._client.chat.completions.with_streaming_response.create(
                model=body.pop("model"),
                messages=body.pop("messages"),
                stream=True,
                extra_body={k: v for k, v in body.items() if k != "stream"},
                timeout=_timeout(request),
            ) as response:
                reader = self._reader(response, request)
                async for event in self._events(response, reader, request):
                    yield event
        except openai.APIStatusError as error:
            if openai_wire.is_filtered(error.status_code, error.body):
                yield Meta(http_status=error.status_code, request_id=error.request_id)
                yield Done("content_filter", refusal=True)
                return
            headers = dict(error.response.headers)
            raise openai_wire.fault(error.status_code, error.body, headers) from error
        except openai.APIConnectionError as error:
            raise _connection_fault(error.__cause__ or error, began=reader is not None) from error
        except openai.APIError as error:
            raise openai_wire.error_chunk(error.body if error.body is not None else error.message) from error
        except ValueError as error:  # JSON that is none, or bytes that are no UTF-8
            raise MalformedStream(f"a chunk that is not JSON: {error}") from error
        except Exception as error:
            # Below the SDK's own errors are those of its HTTP library, whose module its versions changed.
            if type(error).__module__.split(".")[0] not in {"httpx", "httpx2", "httpcore", "httpcore2", "h11"}:
                raise
            raise _connection_fault(error, began=reader is not None) from error

    def _reader(self, response: Any, request: Request) -> openai_wire.ChunkReader:
        headers = dict(response.headers)
        meta = Meta(
            http_status=response.status_code,
            request_id=headers.get("x-request-id") or headers.get("request-id"),
            rate_limits=openai_wire.rate_limits(headers),
        )
        return openai_wire.ChunkReader(
            meta,
            hidden_reasoning=hides_reasoning(self._url),
            label=bool(request.labels) and self.constraint(request) == "json_schema",
        )

    async def _events(self, response: Any, reader: openai_wire.ChunkReader, request: Request) -> AsyncIterator[Event]:
        # Where the endpoint refuses `stop`, the answer is cut here, so that arms stay comparable.
        cut = TextStream(request.stop) if "stop" in self._dialect.omit and request.stop else None
        async for chunk in await response.parse():
            for event in reader.read(_as_mapping(chunk)):
                for shown in _cut(cut, event):
                    yield shown
        if not reader.complete:
            raise IncompleteStream("the stream ended without a finish reason")
        for event in reader.finish():
            if cut is not None and not isinstance(event, Delta):
                for rest in cut.finish():
                    yield rest
            for shown in _cut(cut, event):
                yield shown

    async def close(self) -> None:
        """Close the connections; idempotent."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()


def _cut(cut: TextStream | None, event: Event) -> list[Event]:
    if cut is None or not isinstance(event, Delta) or event.kind != "answer":
        return [event]
    return [] if cut.stopped else list(cut.push(event.text.encode()))


def _as_mapping(chunk: Any) -> Mapping[str, Json]:
    data: Mapping[str, Json] = chunk.model_dump(exclude_unset=True, warnings=False)
    return data


def _timeout(request: Request) -> Any:
    import openai

    return openai.Timeout(request.timeout_s, connect=request.connect_timeout_s)


def _connection_fault(error: BaseException, *, began: bool) -> ProviderError:
    """Sort a fault of the connection by the HTTP library's class names, which its versions kept."""
    name, text = type(error).__name__, str(error) or type(error).__name__
    if name == "ConnectTimeout":
        return ConnectTimeout(f"no connection in time: {text}", billable="no")
    if "Timeout" in name:
        return Timeout(f"no answer in time: {name}", billable="unknown")
    if name in {"ConnectError", "UnsupportedProtocol", "InvalidURL", "LocalProtocolError"}:
        return Network(f"no connection: {text}", hint="is the server running, and base_url right?", billable="no")
    if began:
        return IncompleteStream(f"the connection broke while the answer came: {text}", billable="unknown")
    return Network(f"the connection failed before the answer began: {text}", billable="unknown")
