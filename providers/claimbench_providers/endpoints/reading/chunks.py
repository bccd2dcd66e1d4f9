"""Read the chunks of one chat completion."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from claimbench.errors import MalformedStream
from claimbench.provider.usage import normalise_openai
from claimbench.types import Delta, Event, Meta
from claimbench_providers.endpoints.faults import error_chunk, error_in, is_filter_chunk
from claimbench_providers.endpoints.reading.bodies import IDLE, word
from claimbench_providers.endpoints.reading.calls import ToolCalls
from claimbench_providers.endpoints.reading.content import PassedOver, texts, unknown_shape
from claimbench_providers.endpoints.reading.ends import FILTERED, LastReason, done_of, end_of
from claimbench_providers.endpoints.reading.labels import LabelText
from claimbench_providers.endpoints.reading.usages import UsageReports

SEVERAL = "gives more than one choice per answer; the first is scored, all are billed"


class ChunkReader:
    """Turn the decoded chunks of one response into events; ``finish`` gives the last ones.

    An answer is complete with a finish reason that is an end, or without any at the protocol's
    last word, if it has words. A reason that text comes after was none (:class:`LastReason`). Of
    several choices that of index 0 counts, in whatever order they come.
    """

    def __init__(self, meta: Meta, *, hidden_reasoning: bool, label: bool) -> None:
        self._meta = meta
        self._hidden = hidden_reasoning
        self._label = LabelText() if label else None
        self._announced = False
        self._reports = UsageReports()
        self._tier: str | None = None
        self._tools = ToolCalls()
        self._reason = LastReason()
        self._marked = False
        self._first_came = False
        self._others: dict[int, list[tuple[Mapping[str, Any], int | None]]] = {}
        self._several = False
        self._answered = False
        self._held_back = False
        self._passed = PassedOver()
        self._refusal = False
        self._now_ns: int | None = None
        self._end_ns: int | None = None

    @property
    def complete(self) -> bool:
        """Tell whether the answer has come to a regular end."""
        if self._marked and self._answered:
            return True
        return self._reason.end.kind in ("end", "unknown")

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
            return self._error(error)
        if choices is None and "usage" not in chunk:
            if not chunk or chunk.get("type") in IDLE:
                return []
            raise MalformedStream(f"a chunk without choices: {str(dict(chunk))[:200]}")
        events: list[Event] = []
        if not self._announced:
            self._announced = True
            model, fingerprint = chunk.get("model"), chunk.get("system_fingerprint")
            events.append(self._meta.named(word(model), word(fingerprint), received_ns))
        if type(choices) is list and len(choices) == 1 and _is_first(choices[0]):  # nearly always
            self._first_came = True
            self._choice(choices[0], events)
            if "usage" in choices[0] or "usage" in chunk or "x_groq" in chunk:
                self._usage(chunk, choices)
        else:
            for choice in self._mine(choices) if choices else ():
                self._choice(choice, events)
            self._usage(chunk, choices)
        tier = chunk.get("service_tier")
        if isinstance(tier, str):
            self._tier = tier
        return events

    def _error(self, error: Any) -> list[Event]:
        """Take a content filter's refusal for the end of the answer; raise any other error."""
        if self.complete or not is_filter_chunk(error):
            raise error_chunk(error)
        self._reason.say(FILTERED, alone=True)
        self._end_ns = self._now_ns
        return []

    def _mine(self, choices: Any) -> Iterator[Mapping[str, Any]]:
        """Yield the choice of index 0; keep the others for the case that none has it."""
        if not isinstance(choices, list | tuple):
            raise unknown_shape(choices)
        seen: set[int] = set()
        for choice in choices:
            if choice is None and len(choices) > 1:
                continue
            if not isinstance(choice, Mapping):
                raise unknown_shape(choice)
            index = _index(choice.get("index"))
            if index in seen:
                self._several = True
                continue
            seen.add(index)
            if index == 0:
                self._first_came = True
                yield choice
            else:
                self._others.setdefault(index, []).append((choice, self._now_ns))

    def _left_over(self) -> Iterator[Event]:
        """Yield what the other choices hold, where they are the answer: none has index 0, or each
        piece of one answer has a number of its own.
        """
        pieces = [piece for kept in self._others.values() for piece in kept]
        if not pieces:
            return
        if not self._first_came:
            self._several = self._several or len(self._others) > 1
            pieces = next(iter(self._others.values()))
        elif (
            self._reason.latest.kind != "none"
            or len(pieces) != len(self._others)
            or len(pieces) < 2
        ):
            self._several = True
            return
        for choice, stamp in pieces:
            self._now_ns = stamp
            events: list[Event] = []
            self._choice(choice, events)
            yield from events

    def _usage(self, chunk: Mapping[str, Any], choices: Any) -> None:
        """Take the usage, wherever the chunk has it (Moonshot: in the choice)."""
        usage = chunk.get("usage")
        self._reports.take(usage, self._now_ns)
        if usage:
            if choices == [] and self._answered:
                self._marked = True  # the protocol's own last chunk
            return
        groq = chunk.get("x_groq")
        if groq and isinstance(groq, Mapping):
            self._reports.take(groq.get("usage"), self._now_ns)
        for choice in choices or ():
            self._reports.take(None if choice is None else choice.get("usage"), self._now_ns)

    def _choice(self, choice: Mapping[str, Any], events: list[Event]) -> None:
        if choice.get("error"):
            self._error(error_in(choice))
            return
        delta = choice.get("delta")
        if not delta:
            delta = choice.get("message") or {}
        if type(delta) is not dict and not isinstance(delta, Mapping):
            raise unknown_shape(delta)
        before = len(events)
        self._held_back = False
        if delta:
            self._delta(delta, events)
        if not delta and "text" in choice and isinstance(choice["text"], str):
            self._content(choice["text"], events)
        self._answered = self._answered or bool(self._tools)
        wrote = len(events) > before or self._held_back or bool(delta.get("tool_calls"))
        if wrote:
            said = "" if self._reports.last is None else _words(events[before:])
            self._reports.text_came(said)
            self._end_ns = self._now_ns
            self._reason.wrote()
        reason = choice.get("finish_reason")
        if reason is not None and (end := end_of(reason)).kind != "none":
            self._reason.say(end, alone=not wrote)
            self._end_ns = self._now_ns

    def _delta(self, delta: Mapping[str, Any], events: list[Event]) -> None:
        if len(delta) == 1 and type(content := delta.get("content")) is str:  # most are this
            if content:
                self._content(content, events)
            return
        for name in ("reasoning_content", "reasoning", "reasoning_details", "thinking"):
            if delta.get(name):
                for text, _ in texts(delta[name], "reasoning", passed=self._passed):
                    events.append(Delta(text, "reasoning", self._now_ns))
                break
        if delta.get("refusal"):
            self._refusal = self._answered = True
            events.append(Delta(str(delta["refusal"]), "answer", self._now_ns))
        content = delta.get("content")
        if isinstance(content, str):
            if content:
                self._content(content, events)
        elif content is not None:
            for text, kind in texts(content, passed=self._passed):
                if kind == "answer":
                    self._content(text, events)
                else:
                    events.append(Delta(text, kind, self._now_ns))
        for place, call in enumerate(delta.get("tool_calls") or ()):
            self._tool(call, beside=place > 0)
        if delta.get("function_call"):
            self._tool({"index": 0, "function": delta["function_call"]})

    def _content(self, content: str, events: list[Event]) -> None:
        self._answered = self._answered or bool(content.strip())
        text = self._label.push(content) if self._label else content
        if text:
            events.append(Delta(text, "answer", self._now_ns))
        elif content:
            self._held_back = True  # it came all the same

    def _tool(self, call: Mapping[str, Any] | None, *, beside: bool = False) -> None:
        if call is None:
            return
        if not isinstance(call, Mapping):
            raise unknown_shape(call)
        function = call.get("function") or {}
        given = function.get("arguments") or ""
        self._tools.piece(
            call.get("index"),
            word(call.get("id")),
            word(function.get("name")),
            given if isinstance(given, str) else json.dumps(given),
            self._now_ns,
            beside=beside,
        )

    def finish(self) -> Iterator[Event]:
        """Yield the last events: text held back, tool calls, usage, Done.

        Raises:
            IncompleteStream: the answer has no regular end.
            ServerFault: the finish reason says that the server gave up.
        """
        yield from self._left_over()
        if self._label and (text := self._label.finish()):
            yield Delta(text, "answer", self._end_ns)
        yield from self._tools.events()
        end = self._reason.end
        usage, said = self._reports.report(
            lambda raw: normalise_openai(raw, hidden_reasoning=self._hidden),
            whole=self._marked or end.kind != "none",
            tier=self._tier,
        )
        if usage is not None:
            yield usage
        whole = self._marked and self._answered
        passed = self._passed.remark(end, answered=self._answered)
        remarks = (said, SEVERAL if self._several else None, passed)
        yield done_of(end, whole, remarks, self._end_ns, refused=self._refusal)


def _words(events: list[Event]) -> str:
    """Return the answer's words: of reasoning, servers count the tokens in one place or another."""
    return "".join(e.text for e in events if isinstance(e, Delta) and e.kind == "answer")


def _is_first(choice: Any) -> bool:
    return type(choice) is dict and choice.get("index") in (0, None)


def _index(value: Any) -> int:
    """Return the number of a choice; 0 where it has none."""
    if isinstance(value, str) and value.strip().isdecimal():
        return int(value[:6])
    return value if isinstance(value, int) else 0
