"""OpenAI's Responses API without a client: requests as JSON, typed events as ours.

An arm asks for it by ``options: {api: responses}``. What differs from chat completions:

* the answer is not kept by the vendor (``store: false``) unless ``extra_body`` says otherwise;
* there is neither ``seed`` nor ``stop``: an arm that is asked for one must say ``omit``; stop
  strings then cut the answer here;
* summaries of the reasoning come only if asked for (``extra_body: {reasoning: {summary: auto}}``),
  and are never part of the answer.

Events and fields: https://platform.openai.com/docs/api-reference/responses-streaming, as in the
openai package's types.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from claimbench.errors import MalformedStream
from claimbench.provider.sent import asked
from claimbench.provider.usage import normalise_openai
from claimbench.types import Delta, Event, Json, Meta, Request, ToolCall
from claimbench_providers.endpoints.carried import (
    CLAUDE_AS_OPENAI,
    OPENAI,
    Effort,
    Fragment,
    Writing,
    effort_object,
    effort_object_openai,
    merged,
)
from claimbench_providers.endpoints.chat_wire import Dialect, no_continuations, schema_of
from claimbench_providers.endpoints.faults import (
    error_chunk,
    error_in,
    is_filter_chunk,
    is_filtered,
)
from claimbench_providers.endpoints.reading.bodies import word
from claimbench_providers.endpoints.reading.content import OF_TOOLS, PassedOver, texts
from claimbench_providers.endpoints.reading.ends import NO_END, End, done_of, end_of
from claimbench_providers.endpoints.reading.labels import LabelText
from claimbench_providers.endpoints.reading.usages import UsageReports
from claimbench_providers.endpoints.tools import wire

FILTERED = "content_filter"
"""The one reason for an incomplete response that is a refusal; any other, or none, means that it
was cut short.
"""

CUT_SHORT = ("cancelled", "canceled", "queued", "in_progress")
"""Statuses of a response that is no answer (any more, or yet)."""
ENDS = ("response.completed", "response.incomplete", "response.failed")
SILENT_ITEMS = frozenset({"reasoning", "mcp_list_tools", "mcp_approval_request", "compaction"})
"""Items, beside those of tools, that hold no words of the answer."""
REASONING = ("response.reasoning_summary_text.delta", "response.reasoning_text.delta")


class ResponsesDialect(Dialect):
    """Write an arm's requests for ``/responses``."""

    path = "/responses"

    @property
    def effort(self) -> Effort:
        """An object of this API, unless the host takes none at all."""
        if self.rules is CLAUDE_AS_OPENAI:
            return self.rules.effort
        return effort_object_openai if self.rules is OPENAI else effort_object

    def refused(self, request: Request) -> dict[str, str]:
        """As in chat completions, and this API knows neither a seed nor stop strings."""
        refused = super().refused(request)
        if "seed" in asked(request):
            refused["seed"] = "the Responses API takes no seed"
        if request.stop:
            refused["stop"] = "the Responses API takes none; with it omitted, answers are cut here"
        return refused

    def writing(self) -> Writing:
        """The names of the protocol's fields."""
        fields = {
            "temperature": ("temperature",),
            "top_p": ("top_p",),
            "max_tokens": ("max_output_tokens",),
            "tools": ("tools",),
            "tool_choice": ("tool_choice",),
        }
        return Writing(fields, ("text.format",), cut_here=True)

    def body(self, request: Request) -> dict[str, Json]:
        """The request as JSON; system turns stay where they are, as input items."""
        no_continuations(request)
        turns: Json = wire.responses_items(request.messages)
        if request.prompt is not None:
            turns = request.prompt
        body: dict[str, Json] = {"model": self.model, "input": turns, "stream": True}
        body["max_output_tokens"] = request.max_tokens
        body |= self._optional(request)
        if "store" not in self.omit:
            body["store"] = False
        if self.constraint(request) == "json_schema":
            body["text"] = {"format": {"type": "json_schema", **schema_of(request)}}
        body |= self.body_tools(request)
        return merged(merged(body, self._effort(request)[0]), self.extra_body)

    def body_tools(self, request: Request) -> Fragment:
        """The part of the body that says the tools."""
        return wire.responses_tools(request)

    def reader(self, meta: Meta, *, hidden_reasoning: bool, label: bool) -> ResponseReader:
        """A reader of one response's events."""
        return ResponseReader(meta, hidden_reasoning=hidden_reasoning, label=label)

    def whole(self, answer: dict[str, Any]) -> dict[str, Any]:
        """A response that was not streamed, as the last event of a stream."""
        if answer.get("object") != "response" and "output" not in answer:
            return answer
        return {"type": f"response.{answer.get('status') or 'completed'}", "response": answer}

    def describe(self) -> dict[str, Json]:
        """For the manifest: how the parameters went out."""
        about = super().describe() | {"api": "responses", "token_parameter": "max_output_tokens"}
        about.pop("stream_usage")
        return about


class ResponseReader:
    """Turns the events of one response into ours; ``finish`` gives the last ones."""

    def __init__(self, meta: Meta, *, hidden_reasoning: bool, label: bool) -> None:
        self._meta = meta
        self._hidden = hidden_reasoning
        self._label = LabelText() if label else None
        self._announced: Meta | None = None
        self._said = self._refused = False
        self._passed = PassedOver()
        self._tools: list[dict[str, Any]] = []
        self._places: dict[str | int, int] = {}
        """A call by its item's id and by the item's number."""
        self._end = NO_END
        self._marked = False
        self._end_ns: int | None = None
        self._reports = UsageReports()
        self._doubt: str | None = None
        self._tier: Json = None

    @property
    def complete(self) -> bool:
        """Tell whether the response has ended in one of its regular ways."""
        return self._end.kind in ("end", "unknown")

    def marked(self) -> None:
        """Note that the body said that it is whole."""
        self._marked = True

    def read(self, event: Mapping[str, Any], received_ns: int | None = None) -> Iterator[Event]:
        """Events of one typed event, each with ``received_ns`` as its stamp; types that say nothing
        of ours give none.

        Raises:
            ProviderError: an error event, a failed response, or an object that is no event.
        """
        kind = event.get("type")
        if kind == "error" or not isinstance(kind, str):
            error = error_in(event)
            if error is not None:
                yield from self._error(error, received_ns)
                return
        if not isinstance(kind, str):
            if not event:
                return
            raise MalformedStream(f"an event without a type: {str(dict(event))[:200]}")
        if isinstance(event.get("response"), Mapping):
            yield from self._identify(event["response"], received_ns)
        if kind in ENDS or (kind.startswith("response.") and kind[9:] in CUT_SHORT[:2]):
            yield from self._ended(kind, event.get("response") or {}, received_ns)
        elif kind == "response.output_text.delta":
            for text, _ in texts(event.get("delta"), passed=self._passed):
                yield from self._answer(text, received_ns)
        elif kind == "response.refusal.delta":
            yield from self._refusal(str(event.get("delta") or ""), received_ns)
        elif kind in REASONING and event.get("delta"):
            for text, _ in texts(event["delta"], "reasoning", passed=self._passed):
                yield Delta(text, "reasoning", received_ns)
        elif kind.startswith(("response.output_item.", "response.function_call_arguments.")):
            self._tool(kind, event, received_ns)

    def _identify(self, response: Mapping[str, Any], received_ns: int | None) -> Iterator[Event]:
        seen = replace(
            self._announced or self._meta,
            model_returned=word(response.get("model"))
            or (self._announced or self._meta).model_returned,
            request_id=word(response.get("id")) or self._meta.request_id,
            received_ns=self._announced.received_ns if self._announced else received_ns,
        )
        if seen != self._announced:
            self._announced = seen
            yield seen

    def _answer(self, text: str, received_ns: int | None) -> Iterator[Event]:
        self._said = self._said or bool(text)
        shown = self._label.push(text) if self._label else text
        if shown:
            yield Delta(shown, "answer", received_ns)

    def _refusal(self, text: str, received_ns: int | None) -> Iterator[Event]:
        self._refused = True
        if text:
            yield Delta(text, "answer", received_ns)

    def _tool(self, kind: str, event: Mapping[str, Any], received_ns: int | None) -> None:
        item = event.get("item") or {}
        if kind.startswith("response.output_item.") and item.get("type") != "function_call":
            return
        tool = self._tools[self._place(kind, event, item)]
        tool.setdefault("ns", received_ns)
        tool["name"] = item.get("name") or tool["name"]
        tool["id"] = item.get("call_id") or tool["id"]
        if kind.endswith(".delta"):
            tool["arguments"] += event.get("delta") or ""
        elif kind.endswith(
            ".done"
        ):  # the whole, which is what counts where a server streams no pieces
            tool["arguments"] = event.get("arguments") or item.get("arguments") or tool["arguments"]

    def _place(self, kind: str, event: Mapping[str, Any], item: Mapping[str, Any]) -> int:
        """Return the place of the call that an event is about, by its item's id, else by the item's
        number (servers give one or the other), else the latest.
        """
        identity = word(event.get("item_id")) or word(item.get("id"))
        number = event.get("output_index")
        place = self._places.get(identity) if identity else None
        if place is None and isinstance(number, int):
            place = self._places.get(number)
            if place is not None and identity and self._tools[place]["item"]:
                place = None  # the number of another item
        elif place is None and not identity and not kind.endswith(".added") and self._tools:
            place = len(self._tools) - 1
        if place is None:
            place = len(self._tools)
            self._tools.append({"name": "", "id": None, "arguments": "", "item": None})
        if identity:
            self._places[identity] = place
            self._tools[place]["item"] = identity
        if isinstance(number, int):
            self._places[number] = place
        return place

    def _error(self, error: Any, received_ns: int | None) -> Iterator[Event]:
        if self.complete or not (is_filtered(400, {"error": error}) or is_filter_chunk(error)):
            raise error_chunk(error)
        self._end = End("end", FILTERED, FILTERED)
        self._end_ns = received_ns
        yield from ()

    def _ended(
        self, kind: str, response: Mapping[str, Any], received_ns: int | None
    ) -> Iterator[Event]:
        self._end_ns = received_ns
        self._reports.take(response.get("usage"), received_ns)
        self._tier = response.get("service_tier")
        if kind == "response.failed":
            yield from self._usage(whole=True)  # what it cost all the same
            yield from self._error(
                response.get("error") or {"message": "the response failed"}, received_ns
            )
            return
        status = response.get("status")
        if status in CUT_SHORT or kind[9:] in CUT_SHORT[:2]:
            self._end = End("fault", str(status or kind[9:]), str(status or kind[9:]))
            return
        if not self._said and not self._refused and not self._tools:
            yield from self._output(response.get("output") or (), received_ns)
        why = str((response.get("incomplete_details") or {}).get("reason") or "")
        if kind == "response.incomplete" or status == "incomplete":
            end = end_of(why)
            self._end = End("end", "length", why) if end.kind in ("none", "unknown") else end
        else:
            self._end = End("end", "tool_calls" if self._tools else "stop")

    def _output(self, items: Any, received_ns: int | None) -> Iterator[Event]:
        """Yield what the last event holds where no delta came: a server that does not stream its
        answer.
        """
        for place, item in enumerate(items):
            if item.get("type") == "function_call":
                event = {"item": item, "output_index": place}
                self._tool("response.output_item.done", event, received_ns)
            if item.get("type") == "reasoning":
                for text, _ in texts(item.get("summary") or item.get("content"), "reasoning"):
                    yield Delta(text, "reasoning", received_ns)
            kind = str(item.get("type") or "message")
            if kind != "message":
                if kind not in SILENT_ITEMS and not kind.endswith(OF_TOOLS):
                    self._passed.note(kind)
                continue
            content = item.get("content")
            for part in content if isinstance(content, list) else [content]:
                if isinstance(part, Mapping) and part.get("type") == "refusal":
                    yield from self._refusal(str(part.get("refusal") or ""), received_ns)
                    continue
                for text, _ in texts(part, passed=self._passed):
                    yield from self._answer(text, received_ns)

    def _usage(self, *, whole: bool) -> Iterator[Event]:
        usage, self._doubt = self._reports.report(
            lambda raw: normalise_openai(raw, hidden_reasoning=self._hidden),
            whole=whole,
            tier=self._tier,
        )
        if usage is not None:
            yield usage

    def finish(self) -> Iterator[Event]:
        """The last events: text held back, tool calls, usage, Done.

        Raises:
            IncompleteStream: the response has no regular end.
            ServerFault: it was cancelled.
        """
        if self._label and (text := self._label.finish()):
            yield Delta(text, "answer", self._end_ns)
        for tool in self._tools:
            yield ToolCall(tool["name"], tool["arguments"], tool["id"], tool["ns"])
        yield from self._usage(whole=self._marked or self._end.kind != "none")
        answered = self._said or self._refused or bool(self._tools)
        yield done_of(
            self._end,
            self._marked and self._said,
            (self._doubt, self._passed.remark(self._end, answered=answered)),
            self._end_ns,
            refused=self._refused,
        )
