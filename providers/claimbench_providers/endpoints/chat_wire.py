"""The chat-completions protocol without a client: requests as JSON, chunks as events.

Pure functions and one small state machine, shared by every provider that speaks this protocol.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from claimbench.errors import BadRequest, MalformedStream, ServerFault
from claimbench.provider.sent import Sent, call_seed
from claimbench.provider.usage import billed_usd, normalise_openai
from claimbench.types import (
    ConstraintKind,
    Delta,
    Done,
    Event,
    Json,
    Meta,
    Request,
    ToolCall,
    UsageReport,
)
from claimbench_providers.endpoints.carried import (
    REASONING_FAMILY,
    Effort,
    Fragment,
    Rules,
    Writing,
    chat_refusals,
    effort_fragment,
    merged,
    read_sent,
)
from claimbench_providers.endpoints.faults import error_chunk

FINISH_REASONS = {
    "stop": "stop",
    "eos": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "length": "length",
    "max_tokens": "length",
    "content_filter": "content_filter",
    "safety": "content_filter",
    "refusal": "content_filter",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
}


class ChunksReader(Protocol):
    """Chunks of one response -> events."""

    @property
    def complete(self) -> bool:
        """Tell whether a finish reason has come."""
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
        messages = [{"role": m.role, "content": m.content} for m in request.messages]
        if request.prompt is not None:
            messages = [{"role": "user", "content": request.prompt}]
        body: dict[str, Json] = {"model": self.model, "messages": messages, "stream": True}
        body[self.token_parameter] = request.max_tokens
        body |= self._optional(request)
        if self.stream_usage:
            body["stream_options"] = {"include_usage": True}
        if self.constraint(request) == "json_schema":
            body["response_format"] = {"type": "json_schema", "json_schema": schema_of(request)}
        return merged(merged(body, self._effort(request)[0]), self.extra_body)

    def _optional(self, request: Request) -> dict[str, Json]:
        """The parameters that the suite sets, the arm does not omit and the endpoint takes."""
        params = request.params
        fields: dict[str, tuple[str, Json]] = {
            "temperature": ("temperature", params.temperature),
            "top_p": ("top_p", params.top_p),
            "seed": (self.rules.seed or "seed", call_seed(request)),
            "stop": ("stop", list(request.stop) or None),
        }
        left_out = {*self.omit, *self.refused(request)}
        return {
            wire: value
            for name, (wire, value) in fields.items()
            if value is not None and not left_out & {name, wire}
        }

    def _effort(self, request: Request) -> tuple[Fragment, str | None]:
        return effort_fragment(self.effort, request, self.model, self.omit)

    def body_effort(self, request: Request) -> Fragment:
        """The part of the body that says the declared effort; empty where it is not sent."""
        return self._effort(request)[0]

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
        }
        return Writing(fields, ("response_format",))

    def sent(self, request: Request) -> Sent:
        """See :class:`~claimbench.provider.sent.SaysSent`."""
        return read_sent(
            self.body(request),
            request,
            self.writing(),
            effort=self._effort(request)[0],
            constraint=self.constraint(request),
            refused=self.refused(request),
            omit=self.omit,
            cut_here=True,
        )

    def cuts(self, request: Request) -> bool:
        """Tell whether the endpoint does not apply the request's stop strings."""
        return bool(request.stop) and bool({"stop"} & {*self.omit, *self.refused(request)})

    def reader(self, meta: Meta, *, hidden_reasoning: bool, label: bool) -> ChunksReader:
        """A reader of one response's chunks."""
        return ChunkReader(meta, hidden_reasoning=hidden_reasoning, label=label)

    def whole(self, answer: dict[str, Any]) -> dict[str, Any]:
        """A completion that was not streamed, in the shape of one chunk."""
        choices = answer.get("choices")
        if not isinstance(choices, list):
            return answer
        return answer | {
            "choices": [{**choice, "delta": choice.get("message") or {}} for choice in choices]
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


class LabelText:
    """Takes the label out of a streamed ``{"label": "..."}``, so that scorers see what other arms
    give them.

    Text of another shape passes unchanged.
    """

    _OPENING = re.compile(r'\s*\{\s*"label"\s*:\s*"')
    # A character beyond U+FFFF is two escapes, which must not be torn apart; a first one alone is
    # no text at all.
    _CHARACTERS = re.compile(
        r"""(?:[^"\\]|\\u[dD][89abAB][0-9a-fA-F]{2}(?:\\u[0-9a-fA-F]{4}|(?=[^\\]))|"""
        r"""\\u(?![dD][89abAB])[0-9a-fA-F]{4}|\\[^u])*"""
    )
    _COULD_OPEN = re.compile(r'\s*(\{\s*("(l(a(b(e(l("\s*(:\s*)?)?)?)?)?)?)?)?)?\Z')

    def __init__(self) -> None:
        self._held = ""
        self._state = "start"

    def push(self, text: str) -> str:
        """The visible part of one more piece."""
        if self._state == "raw":
            return text
        if self._state == "done":
            return ""
        self._held += text
        if self._state == "start":
            opening = self._OPENING.match(self._held)
            if opening is None:
                return "" if self._COULD_OPEN.match(self._held) else self.finish()
            self._held = self._held[opening.end() :]
            self._state = "inside"
        return self._inside()

    def _inside(self) -> str:
        import json

        end = self._CHARACTERS.match(self._held)
        whole = end.group() if end else ""
        rest = self._held[len(whole) :]
        if rest.startswith('"'):
            self._state = "done"
            rest = ""
        self._held = rest
        return str(json.loads(f'"{whole}"', strict=False))

    def finish(self) -> str:
        """Return what was held back, at the end or when the text proves to be of another shape."""
        if self._state == "start":
            held = self._held
            self._held = ""
            self._state = "raw"
            return held
        return ""


class ChunkReader:
    """Turns decoded chunks of one response into events; ``finish`` gives the last ones."""

    def __init__(self, meta: Meta, *, hidden_reasoning: bool, label: bool) -> None:
        self._meta = meta
        self._hidden = hidden_reasoning
        self._label = LabelText() if label else None
        self._announced = False
        self._usage: Json = None
        self._tier: str | None = None
        self._tools: dict[int, dict[str, str | None]] = {}
        self._tool_ns: dict[int, int | None] = {}
        self._finish: str | None = None
        self._refusal = False
        self._now_ns: int | None = None
        self._end_ns: int | None = None
        self._usage_ns: int | None = None

    @property
    def complete(self) -> bool:
        """Tell whether a finish reason has come."""
        return self._finish is not None

    def read(self, chunk: Mapping[str, Any], received_ns: int | None = None) -> list[Event]:
        """Events of one chunk, each with ``received_ns`` as its stamp.

        A tool call bears the stamp of its first piece, ``Done`` that of the chunk with the finish
        reason: usage and ``[DONE]`` after it are not part of the answer.

        Raises:
            ServerFault: the chunk is an error object.
            MalformedStream: it is no chat-completion chunk.
        """
        self._now_ns = received_ns
        if chunk.get("error"):
            raise error_chunk(chunk["error"])
        choices = chunk.get("choices")
        if choices is None and "usage" not in chunk:
            raise MalformedStream(f"a chunk without choices: {str(dict(chunk))[:200]}")
        events: list[Event] = []
        if not self._announced:
            self._announced = True
            events.append(
                self._meta.named(chunk.get("model"), chunk.get("system_fingerprint"), received_ns)
            )
        if chunk.get("usage"):
            self._usage = chunk["usage"]
            self._usage_ns = received_ns
        if isinstance(chunk.get("service_tier"), str):
            self._tier = chunk["service_tier"]
        for choice in choices or ():
            self._choice(choice, events)
        return events

    def _choice(self, choice: Mapping[str, Any], events: list[Event]) -> None:
        delta = choice.get("delta") or {}
        reasoning = delta.get("reasoning_content") or delta.get("reasoning")
        if isinstance(reasoning, str) and reasoning:
            events.append(Delta(reasoning, "reasoning", self._now_ns))
        if delta.get("refusal"):
            self._refusal = True
            events.append(Delta(str(delta["refusal"]), "answer", self._now_ns))
        content = delta.get("content")
        if isinstance(content, str) and content:
            text = self._label.push(content) if self._label else content
            if text:
                events.append(Delta(text, "answer", self._now_ns))
        for call in delta.get("tool_calls") or ():
            self._tool(call)
        reason = choice.get("finish_reason")
        if reason is not None:
            self._finish = FINISH_REASONS.get(str(reason).lower(), str(reason))
            self._end_ns = self._now_ns

    def _tool(self, call: Mapping[str, Any]) -> None:
        index = call.get("index")
        place = index if isinstance(index, int) else len(self._tools)
        tool = self._tools.setdefault(place, {})
        self._tool_ns.setdefault(place, self._now_ns)
        function = call.get("function") or {}
        tool["id"] = call.get("id") or tool.get("id")
        tool["name"] = function.get("name") or tool.get("name")
        tool["arguments"] = (tool.get("arguments") or "") + (function.get("arguments") or "")

    def finish(self) -> Iterator[Event]:
        """The last events: text held back, tool calls, usage, Done.

        Raises:
            MalformedStream: the usage contradicts itself.
            ServerFault: the finish reason says that the server gave up.
        """
        if self._label and (text := self._label.finish()):
            yield Delta(text, "answer", self._end_ns)
        for place, tool in sorted(self._tools.items()):
            stamp = self._tool_ns.get(place)
            yield ToolCall(
                tool.get("name") or "", tool.get("arguments") or "", tool.get("id"), stamp
            )
        if (
            self._finish == "insufficient_system_resource"
        ):  # DeepSeek's word for an interrupted answer
            raise ServerFault("the server broke off: insufficient_system_resource")
        if self._usage is not None:
            usage = normalise_openai(self._usage, hidden_reasoning=self._hidden)
            yield UsageReport(
                usage, with_tier(self._usage, self._tier), billed_usd(self._usage), self._usage_ns
            )
        refused = self._refusal or self._finish == "content_filter"
        yield Done(self._finish, refusal=refused, received_ns=self._end_ns)


def with_tier(usage: Json, tier: Json) -> Json:
    """The usage as it came, and the tier that was served: OpenAI says it beside the usage, and
    bills by it.
    """
    if not isinstance(tier, str) or not isinstance(usage, Mapping) or "service_tier" in usage:
        return usage
    return {**usage, "service_tier": tier}
