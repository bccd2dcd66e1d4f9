"""Hold what every provider of OpenAI's two APIs shares, whatever carries its bytes: options, key,
address, events.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from urllib.parse import urlsplit, urlunsplit

from claimbench.errors import PluginError
from claimbench.provider.contract import ProviderContext
from claimbench.provider.sent import Sent
from claimbench.provider.usage import hides_reasoning
from claimbench.types import (
    Arm,
    ConstraintKind,
    Delta,
    Done,
    Event,
    Json,
    Meta,
    Request,
    StampSource,
)
from claimbench_providers import hosts, keys
from claimbench_providers.arm_options import ArmOptions
from claimbench_providers.endpoints import faults as wire_faults
from claimbench_providers.endpoints.carried import rules_for, server_of
from claimbench_providers.endpoints.chat_wire import ChunksReader, Dialect
from claimbench_providers.endpoints.responses_wire import ResponsesDialect
from claimbench_providers.endpoints.sending.additions import refuse_replacing
from claimbench_providers.stop_text import TextStream

APIS = ("chat", "responses")
OPTIONS = ("api", "structured", "token_parameter", "omit", "stream_usage", "extra_body", "headers")
CHAT_ONLY = ("token_parameter", "stream_usage")

GATEWAY_CACHES = (
    "cf-aig-cache-status",
    "helicone-cache",
    "x-portkey-cache-status",
    "x-cache-status",
)
"""Headers with which gateways say that an answer is a stored one (``HIT``) and no model was asked.
"""


class ChatEndpoint:
    """One arm's endpoint: its address, its key's variable and how its requests are written.

    Raises:
        PluginError: an option of the wrong kind, or an address that is none.
    """

    def __init__(self, arm: Arm, context: ProviderContext) -> None:
        options = ArmOptions(arm, OPTIONS)
        self._arm = arm
        self._context = context
        self.url = arm.base_url or hosts.OPENAI_URL
        if not re.match(r"(?i)https?://[^/\s]", self.url):
            raise PluginError(
                f"arm {arm.name!r}: base_url {self.url!r} is not an address",
                hint="it looks like https://host/v1",
                option="base_url",
            )
        self._check_path(options.text("api", choices=APIS) or "chat")
        refuse_replacing(arm, "extra_body", options.mapping("extra_body"))
        self._hides_reasoning = hides_reasoning(self.url)
        self.headers = {name: str(value) for name, value in options.mapping("headers").items()}
        self.api = options.text("api", choices=APIS) or "chat"
        if self.api == "responses" and (wrong := [name for name in CHAT_ONLY if options.has(name)]):
            raise PluginError(
                f"arm {arm.name!r}: options.{wrong[0]} means nothing with `api: responses`"
            )
        dialect = ResponsesDialect if self.api == "responses" else Dialect
        self.dialect = dialect(
            arm.model,
            token_parameter=options.text(
                "token_parameter",
                choices=("max_tokens", "max_completion_tokens", "max_output_tokens"),
            ),
            omit=options.omitted(*(("store",) if self.api == "responses" else ())),
            structured=options.flag("structured", False) if options.has("structured") else None,
            stream_usage=options.flag("stream_usage", True),
            extra_body=options.mapping("extra_body"),
            rules=rules_for(server_of(arm), self.url),
        )

    def _check_path(self, api: str) -> None:
        """Refuse an address that already ends in what is added to it."""
        added = ResponsesDialect.path if api == "responses" else Dialect.path
        path = urlsplit(self.url).path.rstrip("/")
        for ending in (added, Dialect.path, ResponsesDialect.path):
            if path.endswith(ending):
                cut = self.url.replace(ending, "", 1)
                raise PluginError(
                    f"arm {self._arm.name!r}: base_url ends in {ending}, but {added} is added",
                    hint=f"cut it: base_url: {cut}",
                    option="base_url",
                )

    def address(self) -> str:
        """Return the address that requests go to; a query of the base address stays at its end."""
        place = urlsplit(self.url)
        return urlunsplit(place._replace(path=place.path.rstrip("/") + self.dialect.path))

    def missing(self) -> str | None:
        """Say why the arm cannot run here: a key that is not set, or a host whose key variable
        nobody named.
        """
        return keys.why_missing(self._arm, self._context, self.url, hosts.key_variable(self.url))

    def key(self) -> str | None:
        """The key; None for an endpoint that needs none.

        Raises:
            PluginError: the arm cannot run here.
        """
        return keys.required_key(self._arm, self._context, self.url, hosts.key_variable(self.url))

    def constraint(self, request: Request) -> ConstraintKind:
        """See :class:`~claimbench.provider.contract.Provider`."""
        return self.dialect.constraint(request)

    def sent(self, request: Request) -> Sent:
        """See :class:`~claimbench.provider.sent.SaysSent`."""
        return self.dialect.sent(request, self.headers)

    def not_started(self) -> PluginError:
        """The error for a request before ``start``."""
        return PluginError(f"arm {self._arm.name!r} is not started")

    def answer(self, request: Request, meta: Meta) -> AnswerReader:
        """A reader for one response to ``request``."""
        label = bool(request.labels) and self.constraint(request) == "json_schema"
        reader = self.dialect.reader(meta, hidden_reasoning=self._hides_reasoning, label=label)
        # Where the endpoint takes no `stop`, the answer is cut here, so that arms stay comparable.
        cut = TextStream(request.stop) if self.dialect.cuts(request) else None
        return AnswerReader(reader, cut)


def response_meta(
    status: int,
    headers: Mapping[str, str],
    *,
    connect_ns: int | None = None,
    tls_ns: int | None = None,
    sent_ns: int | None = None,
    stamp_source: StampSource | None = None,
) -> Meta:
    """The head of a response (header names in lower case) as a :class:`Meta`."""
    return Meta(
        http_status=status,
        request_id=headers.get("x-request-id") or headers.get("request-id"),
        rate_limits=wire_faults.rate_limits(headers),
        connect_ns=connect_ns,
        tls_ns=tls_ns,
        sent_ns=sent_ns,
        stamp_source=stamp_source,
        provenance="provider_cached" if _from_cache(headers) else "measured",
    )


def _from_cache(headers: Mapping[str, str]) -> bool:
    """Tell whether a gateway between us and the model answered from its own store."""
    if headers.keys().isdisjoint(GATEWAY_CACHES):
        return False
    return any("hit" in headers.get(name, "").lower().split() for name in GATEWAY_CACHES)


class AnswerReader:
    """Chunks of one response -> events, cut at the request's stop strings where the endpoint does
    not do it.
    """

    def __init__(self, reader: ChunksReader, cut: TextStream | None) -> None:
        self._reader = reader
        self._cut = cut
        self._last_ns: int | None = None

    @property
    def complete(self) -> bool:
        """Tell whether the answer has come to a regular end."""
        return self._reader.complete

    def marked(self) -> None:
        """Note that the protocol's last word came."""
        self._reader.marked()

    def read(self, chunk: Mapping[str, Json], received_ns: int | None = None) -> Iterable[Event]:
        """Events of one chunk; raises as the inner reader does."""
        events = self._reader.read(chunk, received_ns)
        return (
            events
            if self._cut is None
            else (shown for event in events for shown in self._shown(event))
        )

    def finish(self) -> Iterator[Event]:
        """Return the last events.

        Raises:
            IncompleteStream: the answer has no regular end.
        """
        if self._cut is None:
            return self._reader.finish()
        return self._finish(self._cut)

    def _finish(self, cut: TextStream) -> Iterator[Event]:
        for event in self._reader.finish():
            if not isinstance(event, Delta):
                for rest in cut.finish():
                    yield replace(rest, received_ns=self._last_ns)
            yield from self._shown(event)

    def _shown(self, event: Event) -> Iterator[Event]:
        if (
            self._cut is not None
            and self._cut.stopped
            and isinstance(event, Done)
            and event.finish_reason == "length"
        ):
            event = replace(
                event, finish_reason="stop"
            )  # the answer had ended before its length was used up
        if self._cut is None or not isinstance(event, Delta) or event.kind != "answer":
            yield event
            return
        self._last_ns = event.received_ns
        if not self._cut.stopped:
            for shown in self._cut.push(event.text.encode()):
                yield replace(shown, received_ns=event.received_ns)
