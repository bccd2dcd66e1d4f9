"""The chat-completions protocol without a client: requests as JSON, chunks as events.

Pure functions and one small state machine, shared by every provider that speaks this protocol.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from claimbench.errors import BadRequest, MalformedStream
from claimbench.provider.sent import Sent, call_seed
from claimbench.provider.usage import normalise_openai
from claimbench.types import (
    ConstraintKind,
    Delta,
    Event,
    Json,
    Meta,
    Request,
    ToolCall,
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
from claimbench_providers.endpoints.faults import error_chunk, error_in
from claimbench_providers.endpoints.reading.bodies import IDLE
from claimbench_providers.endpoints.reading.content import texts, unknown_shape
from claimbench_providers.endpoints.reading.ends import NO_END, done_of, end_of
from claimbench_providers.endpoints.reading.usages import UsageReports


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
            "choices": [
                {**choice, "delta": choice.get("message") or choice.get("delta") or {}}
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
    """Turn the decoded chunks of one response into events; ``finish`` gives the last ones.

    An answer is complete with a finish reason that is an end, or without any at the protocol's
    last word. A reason that text comes after was none: some servers write one into every chunk.
    """

    def __init__(self, meta: Meta, *, hidden_reasoning: bool, label: bool) -> None:
        self._meta = meta
        self._hidden = hidden_reasoning
        self._label = LabelText() if label else None
        self._announced = False
        self._reports = UsageReports()
        self._tier: str | None = None
        self._tools: dict[int, dict[str, str | None]] = {}
        self._tool_ns: dict[int, int | None] = {}
        self._end = NO_END
        self._premature = False
        self._marked = False
        self._choice_index: object = None
        self._refusal = False
        self._now_ns: int | None = None
        self._end_ns: int | None = None

    @property
    def complete(self) -> bool:
        """Tell whether the answer has come to a regular end."""
        return self._marked or (self._end.kind != "none" and not self._premature)

    def marked(self) -> None:
        """Note that the protocol's last word came."""
        self._marked = True

    def read(self, chunk: Mapping[str, Any], received_ns: int | None = None) -> list[Event]:
        """Return the events of one chunk, each with ``received_ns`` as its stamp.

        A tool call bears the stamp of its first piece, ``Done`` that of the chunk with the finish
        reason: usage and ``[DONE]`` after it are not part of the answer.

        Raises:
            ProviderError: the chunk is an error object.
            MalformedStream: it is no chat-completion chunk.
        """
        self._now_ns = received_ns
        choices = chunk.get("choices")
        error = None if choices and not chunk.get("error") else error_in(chunk)
        if error is not None:
            raise error_chunk(error)
        if choices is None and "usage" not in chunk:
            if not chunk or chunk.get("type") in IDLE:
                return []
            raise MalformedStream(f"a chunk without choices: {str(dict(chunk))[:200]}")
        events: list[Event] = []
        if not self._announced:
            self._announced = True
            model, fingerprint = chunk.get("model"), chunk.get("system_fingerprint")
            events.append(self._meta.named(word(model), word(fingerprint), received_ns))
        for choice in self._mine(choices or ()):
            self._choice(choice, events)
        self._usage(chunk, choices)
        if isinstance(chunk.get("service_tier"), str):
            self._tier = chunk["service_tier"]
        return events

    def _mine(self, choices: Any) -> Iterator[Mapping[str, Any]]:
        """Yield the choices of the first index: there is one answer."""
        if not isinstance(choices, list | tuple):
            raise unknown_shape(choices)
        for choice in choices:
            if not isinstance(choice, Mapping):
                raise unknown_shape(choice)
            index = choice.get("index") or 0
            if self._choice_index is None:
                self._choice_index = index
            if index == self._choice_index:
                yield choice

    def _usage(self, chunk: Mapping[str, Any], choices: Any) -> None:
        """Take the usage, wherever the chunk has it (Moonshot: in the choice)."""
        self._reports.take(chunk.get("usage"), self._now_ns)
        groq = chunk.get("x_groq")
        if isinstance(groq, Mapping) and not chunk.get("usage"):
            self._reports.take(groq.get("usage"), self._now_ns)
        for choice in choices or ():
            if not chunk.get("usage"):
                self._reports.take(choice.get("usage"), self._now_ns)
        if choices == [] and chunk.get("usage") and self._said_something:
            self._marked = True  # the protocol's own last chunk

    @property
    def _said_something(self) -> bool:
        return self._end_ns is not None or bool(self._tools)

    def _choice(self, choice: Mapping[str, Any], events: list[Event]) -> None:
        if choice.get("error"):
            raise error_chunk(error_in(choice))
        delta = choice.get("delta")
        if not delta:
            delta = choice.get("message") or {}
        if not isinstance(delta, Mapping):
            raise unknown_shape(delta)
        before = len(events)
        self._delta(delta, events)
        if not delta and isinstance(choice.get("text"), str):
            self._content(choice["text"], events)
        if len(events) > before or delta.get("tool_calls"):
            self._reports.text_came()
            self._end_ns = self._now_ns
            if self._end.kind != "none":  # text after it: that reason was no end
                self._premature = True
        end = end_of(choice.get("finish_reason"))
        if end.kind != "none":
            self._end = end
            self._end_ns = self._now_ns

    def _delta(self, delta: Mapping[str, Any], events: list[Event]) -> None:
        for name in ("reasoning_content", "reasoning", "reasoning_details", "thinking"):
            if delta.get(name):
                for text, _ in texts(delta[name], "reasoning"):
                    events.append(Delta(text, "reasoning", self._now_ns))
                break
        if delta.get("refusal"):
            self._refusal = True
            events.append(Delta(str(delta["refusal"]), "answer", self._now_ns))
        content = delta.get("content")
        if isinstance(content, str):
            if content:
                self._content(content, events)
        elif content is not None:
            for text, kind in texts(content):
                if kind == "answer":
                    self._content(text, events)
                else:
                    events.append(Delta(text, kind, self._now_ns))
        for call in delta.get("tool_calls") or ():
            self._tool(call)
        if delta.get("function_call"):
            self._tool({"index": 0, "function": delta["function_call"]})

    def _content(self, content: str, events: list[Event]) -> None:
        text = self._label.push(content) if self._label else content
        if text:
            events.append(Delta(text, "answer", self._now_ns))
        elif content:  # held back: it came all the same
            self._reports.text_came()
            self._end_ns = self._now_ns

    def _tool(self, call: Mapping[str, Any]) -> None:
        if not isinstance(call, Mapping):
            raise unknown_shape(call)
        index = call.get("index")
        place = index if isinstance(index, int) else len(self._tools)
        tool = self._tools.setdefault(place, {})
        self._tool_ns.setdefault(place, self._now_ns)
        function = call.get("function") or {}
        tool["id"] = word(call.get("id")) or tool.get("id")
        tool["name"] = word(function.get("name")) or tool.get("name")
        given = function.get("arguments") or ""
        tool["arguments"] = (tool.get("arguments") or "") + (
            given if isinstance(given, str) else json.dumps(given)
        )

    def finish(self) -> Iterator[Event]:
        """Yield the last events: text held back, tool calls, usage, Done.

        Raises:
            IncompleteStream: the answer has no regular end.
            ServerFault: the finish reason says that the server gave up.
        """
        if self._label and (text := self._label.finish()):
            yield Delta(text, "answer", self._end_ns)
        for place, tool in sorted(self._tools.items()):
            stamp = self._tool_ns.get(place)
            yield ToolCall(
                tool.get("name") or "", tool.get("arguments") or "", tool.get("id"), stamp
            )
        end = NO_END if self._premature else self._end
        if self._end.kind == "fault":
            end = self._end
        usage, said = self._reports.report(
            lambda raw: normalise_openai(raw, hidden_reasoning=self._hidden),
            whole=self._marked or end.kind != "none",
            tier=self._tier,
        )
        if usage is not None:
            yield usage
        yield done_of(end, self._marked, said, self._end_ns, refused=self._refusal)


def word(value: Any) -> str | None:
    """Return a name that a message holds; None where it is no text."""
    return value if isinstance(value, str) else None
