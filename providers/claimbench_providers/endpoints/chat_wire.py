"""The chat-completions protocol without a client: requests as JSON, chunks as events.

Pure functions and one small state machine, shared by every provider that speaks this protocol.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from claimbench.errors import BadRequest
from claimbench.provider.sent import Sent, call_seed
from claimbench.types import ConstraintKind, Event, Json, Meta, Request, SamplingParams
from claimbench_providers.endpoints.carried import (
    REASONING_FAMILY,
    Effort,
    Fragment,
    Parts,
    Rules,
    Writing,
    chat_refusals,
    effort_fragment,
    merged,
    read_sent,
)
from claimbench_providers.endpoints.reading.chunks import ChunkReader
from claimbench_providers.endpoints.tools import wire

MOST_KNOWN = 64
"""Kinds of requests whose parameters are remembered: a suite has a handful."""


class ChunksReader(Protocol):
    """Chunks of one response -> events."""

    @property
    def complete(self) -> bool:
        """Tell whether the answer has come to a regular end."""
        ...

    def marked(self) -> None:
        """Note that the protocol's last word came."""
        ...

    def read(self, chunk: Mapping[str, Any], received_ns: int | None = None) -> Iterable[Event]:
        """Events of one chunk; raises ProviderError."""
        ...

    def finish(self) -> Iterator[Event]:
        """The last events; raises ProviderError."""
        ...


class Dialect:
    """Write one arm's requests and read its answers: parameters and their names
    (``describe``), path, reader.

    This is chat completions;
    :class:`~claimbench_providers.endpoints.responses_wire.ResponsesDialect` is the Responses API.
    """

    path = "/chat/completions"

    def __init__(
        self,
        model: str,
        *,
        token_parameter: str | None,
        omit: tuple[str, ...],
        structured: bool | None,
        stream_usage: bool,
        extra_body: Mapping[str, Json],
        rules: Rules | None = None,
    ) -> None:
        reasoning = bool(REASONING_FAMILY.search(model))
        self.model = model
        self.token_parameter = token_parameter or (
            "max_completion_tokens" if reasoning else "max_tokens"
        )
        self.omit = tuple(dict.fromkeys(omit))
        self.rules = rules or Rules()
        self.structured = structured if self.rules.structured else False
        self.stream_usage = stream_usage
        self.extra_body = dict(extra_body)
        self._known: dict[
            tuple[SamplingParams, bool, str | None], tuple[frozenset[str], Fragment]
        ] = {}

    @property
    def effort(self) -> Effort:
        """How the endpoint is told a reasoning effort."""
        return self.rules.effort

    def constraint(self, request: Request) -> ConstraintKind:
        """Schemas are enforced unless ``structured`` is false, labels only if it is true."""
        if request.answer_schema is not None and not request.labels:
            return "none" if self.structured is False else "json_schema"
        return "json_schema" if request.labels and self.structured else "none"

    def body(self, request: Request) -> dict[str, Json]:
        """The request as JSON. A parameter the suite does not set is not sent; nothing is sent that
        it does not say.
        """
        no_continuations(request)
        messages = wire.chat_messages(request.messages)
        if request.prompt is not None:
            messages = [{"role": "user", "content": request.prompt}]
        body: dict[str, Json] = {"model": self.model, "messages": messages, "stream": True}
        body[self.token_parameter] = request.max_tokens
        body |= self._optional(request)
        if self.stream_usage:
            body["stream_options"] = {"include_usage": True}
        if self.constraint(request) == "json_schema":
            body["response_format"] = {"type": "json_schema", "json_schema": schema_of(request)}
        body |= self.body_tools(request)
        effort = self._carried(request)[1]
        if effort:
            body = merged(body, effort)
        return merged(body, self.extra_body) if self.extra_body else body

    def _carried(self, request: Request) -> tuple[frozenset[str], Fragment]:
        """Return the parameters that are left out and the part that says the effort: the same for
        all requests that ask for the same.
        """
        key = (request.params, bool(request.stop), request.tool_choice)
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            left_out = frozenset({*self.omit, *self.refused(request)})
            found = self._known[key] = (left_out, self._effort(request)[0])
        return found

    def _optional(self, request: Request) -> dict[str, Json]:
        """The parameters that the suite sets, the arm does not omit and the endpoint takes."""
        params = request.params
        fields: dict[str, tuple[str, Json]] = {
            "temperature": ("temperature", params.temperature),
            "top_p": ("top_p", params.top_p),
            "seed": (self.rules.seed or "seed", call_seed(request)),
            "stop": ("stop", list(request.stop) or None),
        }
        left_out = self._carried(request)[0]
        return {
            wire: value
            for name, (wire, value) in fields.items()
            if value is not None and name not in left_out
        }

    def _effort(self, request: Request) -> tuple[Fragment, str | None]:
        return effort_fragment(self.effort, request, self.model, self.omit)

    def body_effort(self, request: Request) -> Fragment:
        """The part of the body that says the declared effort; empty where it is not sent."""
        return self._effort(request)[0]

    def body_tools(self, request: Request) -> Fragment:
        """The part of the body that says the tools; of the choice, what the endpoint takes."""
        part = wire.chat_tools(request)
        if "tool_choice" in part and "tool_choice" in self._carried(request)[0]:
            del part["tool_choice"]
        return part

    def refused(self, request: Request) -> dict[str, str]:
        """What the endpoint does not take of what the suite sets, and why."""
        refused = chat_refusals(self.model, self.rules, request)
        effort = self._effort(request)[1]
        return refused if effort is None else refused | {"reasoning_effort": effort}

    def writing(self) -> Writing:
        """The names of the protocol's fields."""
        fields = {
            "temperature": ("temperature",),
            "top_p": ("top_p",),
            "seed": (self.rules.seed or "seed",),
            "stop": ("stop",),
            "max_tokens": (self.token_parameter,),
            "tools": ("tools",),
            "tool_choice": ("tool_choice",),
        }
        return Writing(fields, ("response_format",), cut_here=True)

    def sent(self, request: Request, headers: Mapping[str, str]) -> Sent:
        """See :class:`~claimbench.provider.sent.SaysSent`; ``headers``: those that the arm adds."""
        parts = Parts(
            self._effort(request)[0],
            lambda word: self.effort(word, self.model),
            self.body_tools(request),
            self.extra_body,
            headers,
        )
        return read_sent(
            self.body(request),
            request,
            self.writing(),
            parts,
            constraint=self.constraint(request),
            refused=self.refused(request),
            omit=self.omit,
        )

    def cuts(self, request: Request) -> bool:
        """Tell whether the endpoint does not apply the request's stop strings."""
        return bool(request.stop) and "stop" in self._carried(request)[0]

    def reader(self, meta: Meta, *, hidden_reasoning: bool, label: bool) -> ChunksReader:
        """A reader of one response's chunks."""
        return ChunkReader(meta, hidden_reasoning=hidden_reasoning, label=label)

    def whole(self, answer: dict[str, Any]) -> dict[str, Any]:
        """A completion that was not streamed, in the shape of one chunk."""
        choices = answer.get("choices")
        if not isinstance(choices, list):
            return answer
        return answer | {
            "choices": [
                {**choice, "delta": choice.get("message") or choice.get("delta") or {}}
                if isinstance(choice, Mapping)
                else choice
                for choice in choices
            ]
        }

    def describe(self) -> dict[str, Json]:
        """For the manifest: how the parameters went out."""
        return {
            "token_parameter": self.token_parameter,
            "parameters_omitted": list(self.omit),
            "structured": self.structured,
            "stream_usage": self.stream_usage,
            "extra_body": self.extra_body,
        }


def no_continuations(request: Request) -> None:
    """Refuse a task that neither API can serve.

    Raises:
        BadRequest: the request asks for probabilities of given continuations.
    """
    if request.continuations:
        raise BadRequest(
            "chat endpoints give no log-probabilities of given continuations, which this task"
            " needs",
            hint="use a llama_cpp arm, or a generate_until variant of the task",
            billable="no",
        )


def schema_of(request: Request) -> dict[str, Json]:
    """The schema of a constrained answer, named and marked strict where it keeps OpenAI's rules."""
    if request.labels:
        schema: Mapping[str, Json] = {
            "type": "object",
            "properties": {"label": {"type": "string", "enum": list(request.labels)}},
            "required": ["label"],
            "additionalProperties": False,
        }
    else:
        schema = request.answer_schema or {}
    return {"name": "answer", "schema": dict(schema), "strict": _is_strict(schema)}


def _is_strict(schema: Json) -> bool:
    """Tell whether a schema keeps OpenAI's rules for strict mode: every object closed, every
    property required.
    """
    if isinstance(schema, Mapping):
        if "properties" in schema:
            closed = schema.get("additionalProperties") is False
            if not closed or set(schema.get("required", ())) != set(schema["properties"]):
                return False
        return all(_is_strict(value) for value in schema.values())
    return all(_is_strict(value) for value in schema) if isinstance(schema, list) else True
