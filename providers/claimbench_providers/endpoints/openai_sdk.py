"""Endpoints that speak chat completions, through the openai SDK: OpenAI and every compatible server
by ``base_url``.

Options of an arm (all optional):

===================  ===============================================================================
``api``              ``chat`` (default), or ``responses``: OpenAI's Responses API, always over the core's own transport
                     (:mod:`claimbench_providers.endpoints.responses_wire`)
``structured``       ``true``: labels and schemas are enforced by ``response_format``; ``false``: neither is; default:
                     schemas are, labels are not
``token_parameter``  ``max_tokens`` or ``max_completion_tokens``; default by the model's family
``omit``             parameters not to send, for endpoints that refuse them, for example ``[seed, top_p]``
``stream_usage``     ask for usage in the stream (default true; some servers refuse ``stream_options``)
``extra_body``       further fields of the request, sent as they are
``headers``          further HTTP headers
===================  ===============================================================================

Stamps are taken as the SDK hands its bytes over (``stamp_source`` "sdk"), which under load is
later than the bytes arrived; the ``compatible`` provider avoids that. SDK retries are off: every
attempt is the harness's own.
"""  # noqa: E501 - a table

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from claimbench.errors import IncompleteStream, ProviderError
from claimbench.provider.contract import ProviderContext
from claimbench.provider.sent import Sent
from claimbench.types import (
    Arm,
    ArmFacts,
    ConstraintKind,
    Done,
    Event,
    Meta,
    Request,
    StampSource,
)
from claimbench_providers.endpoints import compatible
from claimbench_providers.endpoints import faults as wire_faults
from claimbench_providers.endpoints.chat import AnswerReader, ChatEndpoint, response_meta
from claimbench_providers.endpoints.reading.bodies import BodyReader, Message
from claimbench_providers.endpoints.reading.content import SHAPE_ERRORS
from claimbench_providers.endpoints.sse import after_end, odd_shape, with_remark


def create(arm: Arm, context: ProviderContext) -> OpenAIProvider | compatible.CompatibleProvider:
    """The provider factory named in the entry points; checks options, opens nothing."""
    made = OpenAIProvider(arm, context)
    return compatible.create(arm, context) if made.api == "responses" else made


class OpenAIProvider:
    """A :class:`~claimbench.provider.contract.Provider` over ``openai.AsyncOpenAI``."""

    stamp_source: StampSource = "sdk"

    def __init__(self, arm: Arm, context: ProviderContext) -> None:
        self._endpoint = ChatEndpoint(arm, context)
        self._client: Any = None

    @property
    def api(self) -> str:
        """Which of OpenAI's APIs the arm asks for."""
        return self._endpoint.api

    def missing(self) -> str | None:
        """Say why the arm cannot run here: a key that is not set, or a host whose key variable
        nobody named.
        """
        return self._endpoint.missing()

    def constraint(self, request: Request) -> ConstraintKind:
        """See :class:`~claimbench.provider.contract.Provider`."""
        return self._endpoint.constraint(request)

    def sent(self, request: Request) -> Sent:
        """See :class:`~claimbench.provider.sent.SaysSent`."""
        return self._endpoint.sent(request)

    def goes_to(self) -> str:
        """Return the address that prompts are sent to."""
        return self._endpoint.address()

    async def start(self) -> ArmFacts:
        """Make the client; sends nothing."""
        import openai

        key = self._endpoint.key() or "none"
        await self.close()
        place = urlsplit(self._endpoint.url)
        self._client = openai.AsyncOpenAI(
            api_key=key,
            base_url=urlunsplit(place._replace(query="")),
            default_query=dict(parse_qsl(place.query)) or None,
            max_retries=0,
            # A redirect would take the key and the prompts to an address that no suite names.
            http_client=openai.DefaultAsyncHttpxClient(follow_redirects=False),
            default_headers=self._endpoint.headers or None,
        )
        about = self._endpoint.dialect.describe()
        return ArmFacts(
            details={"sdk": f"openai {openai.__version__}", "base_url": self._endpoint.url, **about}
        )

    async def stream(self, request: Request) -> AsyncIterator[Event]:
        """One attempt; see :class:`~claimbench.provider.contract.Provider`."""
        import openai

        if self._client is None:
            raise self._endpoint.not_started()
        body = self._endpoint.dialect.body(request)
        reader: AnswerReader | None = None
        try:
            async with self._client.chat.completions.with_streaming_response.create(
                model=body.pop("model"),
                messages=body.pop("messages"),
                stream=True,
                extra_body={k: v for k, v in body.items() if k != "stream"},
                timeout=_timeout(request),
            ) as response:
                reader = self._endpoint.answer(
                    request, response_meta(response.status_code, dict(response.headers))
                )
                # The SDK's client undoes content codings.
                answer = _Arriving(BodyReader({}, self._endpoint.dialect.whole), reader)
                async for piece in response.iter_bytes():
                    for event in answer.feed(piece):
                        yield event
                for event in answer.finish():
                    yield event
        except openai.APIStatusError as error:
            if wire_faults.is_filtered(error.status_code, error.body):
                yield Meta(http_status=error.status_code, request_id=error.request_id)
                yield Done("content_filter", refusal=True)
                return
            headers = dict(error.response.headers)
            asked = self._endpoint.address()
            raise wire_faults.fault(error.status_code, error.body, headers, asked) from error
        except openai.APIConnectionError as error:
            raise wire_faults.connection_fault(
                error.__cause__ or error, began=reader is not None
            ) from error
        except openai.APIError as error:
            raise wire_faults.error_chunk(
                error.body if error.body is not None else error.message
            ) from error
        except SHAPE_ERRORS as error:
            raise odd_shape(error) from error
        except Exception as error:
            # Below the SDK's own errors are those of its HTTP library, whose module its versions
            # changed.
            if not wire_faults.of_http_library(error):
                raise
            raise wire_faults.connection_fault(error, began=reader is not None) from error

    async def close(self) -> None:
        """Close the connections; idempotent."""
        client = self._client
        self._client = None
        if client is not None:
            await client.close()


class _Arriving:
    """An answer whose body comes in pieces: its events, and what came after its end and could not
    be read.
    """

    def __init__(self, body: BodyReader, reader: AnswerReader) -> None:
        self._body = body
        self._reader = reader
        self._late: str | None = None

    def feed(self, piece: bytes) -> Iterator[Event]:
        """Yield the events of one more piece; raises as the reader does."""
        if self._late is None:
            yield from self._read(self._body.feed(piece, 0))

    def finish(self) -> Iterator[Event]:
        """Yield the last events of a body that has ended."""
        if self._late is None:
            yield from self._read(self._body.finish())
        if self._body.marked:
            self._reader.marked()
        try:
            yield from with_remark(self._reader.finish(), self._late)
        except IncompleteStream as error:
            raise wire_faults.says(self._body.words) or error from error

    def _read(self, messages: Iterable[Message]) -> Iterator[Event]:
        try:
            for _, data, _ in messages:
                yield from self._reader.read(data)
        except (ProviderError, *SHAPE_ERRORS) as error:
            if not self._reader.complete:
                raise
            self._late = after_end(error)


def _timeout(request: Request) -> Any:
    import openai

    return openai.Timeout(request.timeout_s, connect=request.connect_timeout_s)
