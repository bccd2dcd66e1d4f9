"""Every endpoint that speaks chat completions, through the core's own transport: the measured path.

Options of an arm and all semantics are those of the ``openai`` provider
(:mod:`claimbench_providers.endpoints.openai_sdk`), with which it shares everything but the bytes'
way and the clock (:mod:`claimbench_providers.endpoints.sse`). With ``options: {api: responses}``
the same endpoint is asked through OpenAI's Responses API
(:mod:`claimbench_providers.endpoints.responses_wire`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from claimbench.errors import PluginError
from claimbench.provider.contract import ProviderContext
from claimbench.provider.sent import Sent
from claimbench.types import Arm, ConstraintKind, Event, Json, Meta, Request
from claimbench_providers.endpoints.chat import AnswerReader, ChatEndpoint
from claimbench_providers.endpoints.faults import error_chunk
from claimbench_providers.endpoints.sse import Reader, SseEndpoint


def create(arm: Arm, context: ProviderContext) -> CompatibleProvider:
    """The provider factory named in the entry points; checks options, opens nothing."""
    if arm.provider == "compatible" and arm.base_url is None:
        raise PluginError(
            f"arm {arm.name!r}: provider compatible needs a base_url, or a server to start (serve)",
            hint="where prompts go is never guessed: base_url: http://127.0.0.1:8000/v1, or that of"
            " your vendor; for OpenAI itself: provider: openai",
        )
    return CompatibleProvider(arm, context)


class CompatibleProvider(SseEndpoint):
    """A :class:`~claimbench.provider.contract.Provider` over
    :class:`claimbench.transport.client.HttpClient`.
    """

    def __init__(self, arm: Arm, context: ProviderContext) -> None:
        super().__init__(arm, context)
        self._endpoint = ChatEndpoint(arm, context)
        self._url = self._endpoint.url.rstrip("/")

    def missing(self) -> str | None:
        """Say why the arm cannot run here: a key that is not set, or a host whose key variable
        nobody named.
        """
        return self._endpoint.missing()

    def key(self) -> str | None:
        """See :meth:`ChatEndpoint.key`."""
        return self._endpoint.key()

    def address(self) -> str:
        """The base address and the protocol's path."""
        return self._endpoint.address()

    def headers(self, key: str | None) -> dict[str, str]:
        """The key as a bearer token, unless the arm's own headers carry it."""
        given = self._endpoint.headers
        own = key is None or any(name.lower() == "authorization" for name in given)
        return given if own else {"Authorization": f"Bearer {key}", **given}

    def constraint(self, request: Request) -> ConstraintKind:
        """See :class:`~claimbench.provider.contract.Provider`."""
        return self._endpoint.constraint(request)

    def sent(self, request: Request) -> Sent:
        """See :class:`~claimbench.provider.sent.SaysSent`."""
        return self._endpoint.sent(request)

    def details(self) -> dict[str, Json]:
        """Describe how the parameters go out."""
        return self._endpoint.dialect.describe()

    def body(self, request: Request) -> dict[str, Json]:
        """The request as JSON."""
        return self._endpoint.dialect.body(request)

    def reader(self, request: Request, meta: Meta) -> Reader:
        """A reader of chunks."""
        return Messages(self._endpoint.answer(request, meta))

    def whole(self, answer: dict[str, Any]) -> dict[str, Any]:
        """See :meth:`openai_wire.Dialect.whole`."""
        return self._endpoint.dialect.whole(answer)


class Messages:
    """An :class:`AnswerReader` behind events that have a name."""

    def __init__(self, answer: AnswerReader) -> None:
        self._answer = answer

    @property
    def complete(self) -> bool:
        """Tell whether the answer has come to a regular end."""
        return self._answer.complete

    def read(self, event: str, data: Mapping[str, Any], received_ns: int) -> Iterable[Event]:
        """Events of one message; an event named ``error`` is one, whatever its data look like."""
        if event == "error" and not data.get("error"):
            raise error_chunk(dict(data))
        return self._answer.read(data, received_ns)

    def marked(self) -> None:
        """Note that the protocol's last word came."""
        self._answer.marked()

    def finish(self) -> Iterator[Event]:
        """The last events; see :meth:`AnswerReader.finish`."""
        return self._answer.finish()
