"""Anthropic's Messages API on the core's transport: usage by cache class, thinking apart, exact
stamps.

Options of an arm: ``headers`` (further HTTP headers), ``extra_body`` (further fields), ``omit``
(parameters not to send). Prefill and schema enforcement are not used: an arm's ``constraint`` is
"none".

Reasoning effort is ``output_config.effort`` for models that have levels, ``thinking`` with a budget
for a number of tokens, and ``thinking: {type: disabled}`` for none; each where the model takes it.
There is no seed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from claimbench.provider.contract import ProviderContext
from claimbench.provider.sent import Sent, asked
from claimbench.provider.usage import merge_anthropic, normalise_anthropic
from claimbench.types import (
    Arm,
    ConstraintKind,
    Delta,
    Event,
    Json,
    Meta,
    Request,
    ToolCall,
)
from claimbench_providers.arm_options import ArmOptions
from claimbench_providers.endpoints.carried import (
    Fragment,
    NotCarried,
    Parts,
    Writing,
    effort_fragment,
    merged,
    read_sent,
    tokens_of,
)
from claimbench_providers.endpoints.faults import error_chunk, error_in, is_filter_chunk
from claimbench_providers.endpoints.reading.bodies import IDLE, word
from claimbench_providers.endpoints.reading.content import PassedOver, texts, unknown_shape
from claimbench_providers.endpoints.reading.ends import FILTERED, NO_END, done_of, end_of
from claimbench_providers.endpoints.reading.usages import UsageReports
from claimbench_providers.endpoints.sending.additions import refuse_replacing
from claimbench_providers.endpoints.sse import Reader, SseEndpoint
from claimbench_providers.endpoints.tools import wire

NO_LEVELS = re.compile(r"claude-(?:3|haiku-4|(?:sonnet|opus)-4(?:-[01]\b|-20|$)|sonnet-4-5)")
"""Models from before ``output_config.effort``: they think by a budget in tokens, or not at all."""

BUDGETS = re.compile(r"claude-(?:3-7|haiku-4|sonnet-4(?:-[0-6]\b|-20|$)|opus-4(?:-[0-6]\b|-20|$))")
"""Models that take ``thinking.budget_tokens``; later ones refuse it."""

OWN_SAMPLING = re.compile(
    r"claude-(?:opus-4-(?:[7-9]|\d\d)\b|(?:sonnet|opus|haiku|fable|mythos)-(?:[5-9]|\d\d)\b|mythos)"
)
"""Models that refuse temperature and top_p."""

ALWAYS_THINK = re.compile(r"claude-(?:opus-5-5|fable|mythos)")
ONE_OF_TWO = re.compile(r"claude-(?:opus-4-[1-6]\b|sonnet-4-[56]\b|haiku-4)")
"""Models that take temperature or top_p, and refuse both together."""

LEAST_BUDGET = 1024

WRITING = Writing(
    {
        "temperature": ("temperature",),
        "top_p": ("top_p",),
        "stop": ("stop_sequences",),
        "max_tokens": ("max_tokens",),
        "tools": ("tools",),
        "tool_choice": ("tool_choice",),
    }
)


def create(arm: Arm, context: ProviderContext) -> AnthropicProvider:
    """The provider factory named in the entry points; checks options, opens nothing."""
    return AnthropicProvider(arm, context)


def effort_claude(effort: str, model: str) -> Fragment:
    """Write a reasoning effort as ``model`` takes it."""
    budget = tokens_of(effort)
    if effort == "none":
        if ALWAYS_THINK.search(model):
            raise NotCarried(f"{model} always thinks; its least effort is low")
        return {"thinking": {"type": "disabled"}}
    if budget is not None:
        if not BUDGETS.search(model):
            raise NotCarried(f"{model} takes levels (low, medium, high), not a number of tokens")
        if budget < LEAST_BUDGET:
            raise NotCarried(f"a budget of {budget} is below the API's least, {LEAST_BUDGET}")
        return {"thinking": {"type": "enabled", "budget_tokens": budget}}
    if NO_LEVELS.search(model):
        raise NotCarried(f"{model} has no levels: say none, or a number of tokens to think for")
    if effort == "minimal":
        raise NotCarried("its levels are low, medium, high, xhigh and max")
    return {"output_config": {"effort": effort}}


def _budget(effort: Fragment) -> int | None:
    """Return the tokens to think for, where a part of a body says them."""
    thinking = effort.get("thinking")
    found = thinking.get("budget_tokens") if isinstance(thinking, Mapping) else None
    return found if isinstance(found, int) else None


class AnthropicProvider(SseEndpoint):
    """See the module."""

    usual_url = "https://api.anthropic.com"
    usual_key = "ANTHROPIC_API_KEY"

    def __init__(self, arm: Arm, context: ProviderContext) -> None:
        super().__init__(arm, context)
        options = ArmOptions(arm, ("headers", "extra_body", "omit", "accept_model"))
        self._headers = {name: str(value) for name, value in options.mapping("headers").items()}
        self._extra = dict(options.mapping("extra_body"))
        refuse_replacing(arm, "extra_body", self._extra)
        self._omit = options.omitted()

    def address(self) -> str:
        """``/v1/messages``; a base address that ends in /v1 is taken as it is."""
        return f"{self._url.removesuffix('/v1')}/v1/messages"

    def headers(self, key: str | None) -> dict[str, str]:
        """The key and the API's version."""
        return {
            "anthropic-version": "2023-06-01",
            **({"x-api-key": key} if key else {}),
            **self._headers,
        }

    def constraint(self, request: Request) -> ConstraintKind:  # noqa: ARG002 - the protocol's
        """Answers are not constrained."""
        return "none"

    def body(self, request: Request) -> dict[str, Json]:
        """The request; system turns stand apart, there is no seed."""
        turns = wire.claude_messages(m for m in request.messages if m.role != "system")
        if request.prompt is not None:
            turns = [{"role": "user", "content": request.prompt}]
        system = "\n\n".join(m.content for m in request.messages if m.role == "system")
        optional: dict[str, tuple[str, Json]] = {
            "system": ("system", system or None),
            "temperature": ("temperature", request.params.temperature),
            "top_p": ("top_p", request.params.top_p),
            "stop": ("stop_sequences", list(request.stop) or None),
        }
        body: dict[str, Json] = {
            "model": self._arm.model,
            "max_tokens": request.max_tokens,
            "messages": turns,
            "stream": True,
        }
        body |= wire.claude_tools(request)
        left_out = {*self._omit, *self._refused(request)}
        body |= {
            wire: value
            for name, (wire, value) in optional.items()
            if value is not None and name not in left_out
        }
        return merged(merged(body, self._effort(request)[0]), self._extra)

    def _effort(self, request: Request) -> tuple[Fragment, str | None]:
        said, why = effort_fragment(effort_claude, request, self._arm.model, self._omit)
        budget = _budget(said)
        if budget is not None and budget >= request.max_tokens:
            why = f"the task's max_tokens ({request.max_tokens}) must be above a budget of {budget}"
            said = {}
        return said, why

    def _refused(self, request: Request) -> dict[str, str]:
        wanted = asked(request)
        refused = {"seed": "the Messages API takes no seed"}
        model = self._arm.model
        if OWN_SAMPLING.search(model):
            refused |= {"temperature": f"{model} refuses it", "top_p": f"{model} refuses it"}
        elif ONE_OF_TWO.search(model) and {"temperature", "top_p"} <= {*wanted} - {*self._omit}:
            refused["top_p"] = f"{model} refuses it beside temperature"
        if (request.params.temperature or 0) > 1:
            refused["temperature"] = "the API takes 0 to 1"
        effort, why = self._effort(request)
        if _budget(effort) is not None and request.params.temperature not in (None, 1):
            refused["temperature"] = "with thinking on, the API takes no temperature but 1"
        if why is not None:
            refused["reasoning_effort"] = why
        return {name: text for name, text in refused.items() if name in wanted}

    def sent(self, request: Request) -> Sent:
        """See :class:`~claimbench.provider.sent.SaysSent`."""
        parts = Parts(
            self._effort(request)[0],
            partial(effort_claude, model=self._arm.model),
            wire.claude_tools(request),
            self._extra,
            self._headers,
        )
        return read_sent(
            self.body(request),
            request,
            WRITING,
            parts,
            constraint=self.constraint(request),
            refused=self._refused(request),
            omit=self._omit,
        )

    def reader(self, request: Request, meta: Meta) -> Reader:  # noqa: ARG002 - the protocol's
        """A reader of message events."""
        return MessageReader(meta)


_Call = tuple[str, str | None, list[str], int]
"""A tool's name, the call's id, its arguments as they came, its stamp."""


class MessageReader:
    """Read the events of one message stream."""

    def __init__(self, meta: Meta) -> None:
        self._meta = meta
        self._merged: Json = None
        self._reports = UsageReports()
        self._end = NO_END
        self._marked = False
        self._answered = False
        self._counted = False  # the output of the first report is a placeholder
        self._end_ns: int | None = None
        self._passed = PassedOver()
        self._tools: list[_Call] = []
        self._open: dict[int, _Call | None] = {}
        """The call that the latest block of a number is; None: that is none."""

    @property
    def _begun(self) -> bool:
        return self._answered or self._end.kind != "none"

    @property
    def complete(self) -> bool:
        """Tell whether the answer has come to a regular end."""
        return self._end.kind in ("end", "unknown") or (self._marked and self._answered)

    def marked(self) -> None:
        """Note that the body is whole."""
        self._marked = True

    def read(self, event: str, data: Mapping[str, Any], received_ns: int) -> Iterator[Event]:
        """Yield the events of one message.

        Raises:
            ProviderError: an error, or a message that the protocol does not have.
        """
        kind = data.get("type", event)
        if kind == "message_start":
            message = data.get("message") or {}
            self._merged = message.get("usage")
            self._reports.take(self._merged, received_ns)
            yield self._meta.named(word(message.get("model")), None, received_ns)
        elif kind == "content_block_start":
            yield from self._block(data, received_ns)
        elif kind == "content_block_delta":
            yield from self._delta(data.get("delta") or {}, data, received_ns)
        elif kind == "message_delta":
            self._later(data, received_ns)
        elif kind == "message_stop":
            self._marked = True
            self._end_ns = self._end_ns or received_ns
        elif kind == "message" and "content" in data and not self._begun:
            yield from self._whole(data, received_ns)  # of a server that does not stream
        elif kind == "error" or error_in(data) is not None:
            self._error(error_in(data) or dict(data), received_ns)
        elif kind not in IDLE and kind != "content_block_stop" and "content" in data:
            raise unknown_shape(dict(data))

    def _error(self, error: Any, received_ns: int) -> None:
        """Take a content filter's refusal for the end of the answer; raise any other error."""
        if self.complete or not is_filter_chunk(error):
            raise error_chunk(error)
        self._end = FILTERED
        self._end_ns = received_ns

    def _later(self, data: Mapping[str, Any], received_ns: int) -> None:
        if isinstance(data.get("usage"), Mapping):
            merged = merge_anthropic(self._merged, data["usage"])
            self._merged = merged
            self._counted = self._counted or data["usage"].get("output_tokens") is not None
            self._reports.take(merged, received_ns)
        elif data.get("usage"):
            self._reports.take(data["usage"], received_ns)
        end = end_of((data.get("delta") or {}).get("stop_reason"))
        if end.kind != "none":
            self._end = end
            self._end_ns = received_ns

    def _whole(self, message: Mapping[str, Any], received_ns: int) -> Iterator[Event]:
        yield self._meta.named(word(message.get("model")), None, received_ns)
        content = message.get("content") or ()
        if isinstance(content, str):
            content = ({"type": "text", "text": content},)
        for place, block in enumerate(content):
            yield from self._block({"index": place, "content_block": block}, received_ns)
            if block.get("type") == "tool_use":
                self._tools[-1][2].append(json.dumps(block.get("input") or {}))
        self._reports.take(message.get("usage"), received_ns)
        self._counted = True
        self._end_ns = received_ns
        self._end = end_of(message.get("stop_reason"))

    def _block(self, data: Mapping[str, Any], received_ns: int) -> Iterator[Event]:
        block = data.get("content_block") or {}
        number = int(data.get("index") or 0)
        self._open[number] = None
        if block.get("type") == "tool_use":
            call: _Call = (str(block.get("name") or ""), word(block.get("id")), [], received_ns)
            self._open[number] = call
            self._tools.append(call)
        else:
            yield from self._texts(block, received_ns)

    def _texts(self, block: Any, received_ns: int) -> Iterator[Event]:
        for text, kind in texts(block, passed=self._passed):
            self._reports.text_came()
            self._end_ns = received_ns
            self._answered = self._answered or (kind == "answer" and bool(text.strip()))
            yield Delta(text, kind, received_ns)

    def _delta(
        self, delta: Mapping[str, Any], data: Mapping[str, Any], received_ns: int
    ) -> Iterator[Event]:
        if delta.get("type") == "input_json_delta":
            tool = self._open.get(int(data.get("index") or 0))
            if tool is not None:
                tool[2].append(delta.get("partial_json") or "")
        else:
            yield from self._texts(delta, received_ns)

    def finish(self) -> Iterator[Event]:
        """Yield tool calls, usage, Done.

        Raises:
            IncompleteStream: there is neither a stop reason nor the last event.
            ServerFault: the stop reason says that the server gave up.
        """
        for name, identity, pieces, stamp in self._tools:
            yield ToolCall(name, "".join(pieces), identity, stamp)
        usage, said = self._reports.report(normalise_anthropic, whole=self._counted)
        if usage is not None:
            yield usage
        answered = self._answered or bool(self._tools)
        remarks = (said, self._passed.remark(self._end, answered=answered))
        yield done_of(self._end, self._marked and answered, remarks, self._end_ns, "a stop reason")
