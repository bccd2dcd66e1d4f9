"""Tools for models in this process: by the chat template where it knows them, else by a grammar.

* A template that reads ``tools`` is given them in the words of Hugging Face's
  ``apply_chat_template``; the model answers in its own form (``<tool_call>`` blocks, bare JSON,
  ``[TOOL_CALLS]``), which becomes calls here. What is no call of a known tool stays text.
* For any other model the tools stand in the system turn, and a grammar holds the answer to one JSON
  object: ``{"tool_calls": [{"name": ..., "arguments": {...}}], "answer": "..."}``.

A choice that demands a call (``required``, or a tool's name) is held by a grammar either way;
``none`` takes the tools out of the prompt.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from claimbench.scorers.tools.spelled_calls import TAGS, calls_of, json_of, read_calls
from claimbench.types import Delta, Event, Json, Message, Request, ToolCall, ToolSpec, ToolTurn
from claimbench_providers.llama import grammar as llama_grammar

Mode = Literal["off", "template", "grammar"]
MOST_CALLS = 8
_ASKING = """\
You may call functions. These are the functions, as JSON:
{tools}
Reply with one JSON object and nothing else: {{"tool_calls": [{{"name": the function, "arguments": \
an object}}], "answer": a text}}. Where no function is needed, tool_calls is empty and the answer \
stands in "answer"."""


def mode_of(request: Request, template: str | None) -> Mode:
    """Say how a request's tools reach the model; ``template``: its chat template's source."""
    if not request.tools or request.tool_choice == "none":
        return "off"
    reads = template is not None and re.search(r"\btools\b", template) is not None
    return "template" if reads else "grammar"


def is_forced(request: Request) -> bool:
    """Tell whether the answer must be a call."""
    return request.tool_choice not in (None, "auto", "none")


def callable_tools(request: Request) -> tuple[ToolSpec, ...]:
    """Return the tools that may be called: all, or the one that the choice names."""
    if request.tool_choice in (None, "auto", "none", "required"):
        return request.tools
    return tuple(tool for tool in request.tools if tool.name == request.tool_choice)


def template_tools(tools: Iterable[ToolSpec]) -> list[dict[str, Json]]:
    """Return tools as chat templates read them."""
    return [
        {
            "type": "function",
            "function": {
                "name": tool.name,
                "description": tool.description,
                "parameters": dict(tool.parameters) or {"type": "object", "properties": {}},
            },
        }
        for tool in tools
    ]


def template_message(message: Message) -> dict[str, Json]:
    """Return a message as chat templates read it: arguments as objects."""
    if not isinstance(message, ToolTurn):
        return {"role": message.role, "content": message.content}
    if message.role == "tool":
        return {
            "role": "tool",
            "name": message.name,
            "tool_call_id": message.call_id,
            "content": message.content,
        }
    calls = [
        {
            "id": call.id,
            "type": "function",
            "function": {"name": call.name, "arguments": _decoded(call.arguments)},
        }
        for call in message.calls
    ]
    return {"role": "assistant", "content": message.content, "tool_calls": calls}


def spelled_out(messages: Sequence[Message], tools: Sequence[ToolSpec]) -> tuple[Message, ...]:
    """Return messages for a model whose template knows no tools: what there is to call stands in
    the system turn, earlier calls and results are texts.
    """
    listed = json.dumps(
        [tool["function"] for tool in template_tools(tools)], ensure_ascii=False, indent=None
    )
    asking = _ASKING.format(tools=listed)
    found: list[Message] = []
    for message in messages:
        if not isinstance(message, ToolTurn):
            found.append(message)
        elif message.role == "tool":
            found.append(Message("user", f"[result of {message.name}] {message.content}"))
        else:
            made = [
                {"name": call.name, "arguments": _decoded(call.arguments)} for call in message.calls
            ]
            said = {"tool_calls": made, "answer": message.content}
            found.append(Message("assistant", json.dumps(said, ensure_ascii=False)))
    if found and found[0].role == "system":
        return (Message("system", f"{found[0].content}\n\n{asking}"), *found[1:])
    return (Message("system", asking), *found)


def call_schema(tools: Sequence[ToolSpec]) -> dict[str, Json]:
    """Return the JSON Schema of one call of one of the tools."""
    kinds: list[Json] = []
    for tool in tools:
        parameters = dict(tool.parameters) or {"type": "object", "properties": {}}
        kinds.append(
            {
                "type": "object",
                "properties": {"name": {"const": tool.name}, "arguments": parameters},
                "required": ["name", "arguments"],
                "additionalProperties": False,
            }
        )
    return kinds[0] if len(kinds) == 1 else {"anyOf": kinds}


def answer_grammar(request: Request, mode: Mode, template: str | None) -> str | None:
    """Return the grammar of an answer with tools; None where it is free.

    Raises:
        BadRequest: a tool's schema cannot be made a grammar.
    """
    forced, tools = is_forced(request), callable_tools(request)
    if mode == "grammar":
        most = {"type": "array", "items": call_schema(tools), "maxItems": MOST_CALLS}
        properties: dict[str, Json] = {"tool_calls": most | ({"minItems": 1} if forced else {})}
        if not forced:
            properties["answer"] = {"type": "string"}
        schema: dict[str, Json] = {
            "type": "object",
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
        }
        return llama_grammar.schema_grammar(schema)
    if mode == "template" and forced:
        text = llama_grammar.schema_grammar(call_schema(tools))
        if TAGS[0] not in (template or ""):
            return text
        inner = re.sub(r"(?m)^root ::=", "one-call ::=", text)
        return f'root ::= "{TAGS[0]}\\n" one-call "\\n{TAGS[1]}"\n{inner}'
    return None


def complete_call(request: Request, mode: Mode) -> Callable[[str], bool] | None:
    """Return a test for an answer that a grammar holds and that is whole; None for a free one."""
    if mode == "grammar":
        return llama_grammar.json_complete
    if mode == "template" and is_forced(request):
        return lambda text: text.rstrip().endswith(TAGS[1]) or llama_grammar.json_complete(text)
    return None


def read_answer(text: str, tools: Sequence[ToolSpec], mode: Mode) -> tuple[str, list[ToolCall]]:
    """Part an answer into its text and the calls that it makes."""
    names = {tool.name for tool in tools}
    if mode == "grammar":
        value = json_of(text)
        if not isinstance(value, Mapping):
            return text, []
        calls = calls_of(value.get("tool_calls"), names)
        return str(value.get("answer") or ""), [] if calls is None else calls
    return read_calls(text, names)


def _decoded(arguments: str) -> Any:
    value = json_of(arguments or "{}")
    return value if isinstance(value, dict) else {}


OPENERS = ("<tool_call>", "[TOOL_CALLS]", "```", "{", "[")


def may_be_call(text: str) -> bool:
    """Tell whether an answer that begins so may yet become a call."""
    seen = text.lstrip()
    return any(opener.startswith(seen) or seen.startswith(opener) for opener in OPENERS)


def _begun(text: str, tag: str) -> int:
    """Return how many characters at the end of ``text`` may be the beginning of ``tag``."""
    for size in range(min(len(text), len(tag) - 1), 0, -1):
        if tag.startswith(text[-size:]):
            return size
    return 0


class HeldAnswer:
    """Hold back what may become a call while an answer is made; text that cannot passes through."""

    def __init__(self, request: Request, mode: Mode) -> None:
        self._tools = request.tools
        self._mode = mode
        self._held = ""
        self._passing = False
        self.called = False

    def show(self, events: Iterable[Delta]) -> Iterator[Event]:
        """Yield what can be shown of more of the answer: all before the first tag of a call, unless
        the answer begins as a call does.
        """
        for event in events:
            if self._mode == "off" or event.kind != "answer":
                yield event
                continue
            self._held += event.text
            if self._mode == "template" and (self._passing or not may_be_call(self._held)):
                self._passing = True
                at = self._held.find(TAGS[0])
                end = at if at >= 0 else len(self._held) - _begun(self._held, TAGS[0])
                if end:
                    yield Delta(self._held[:end])
                self._held = self._held[end:]

    def finish(self) -> Iterator[Event]:
        """Yield the rest: the text, and the calls."""
        if not self._held:
            return
        text, calls = read_answer(self._held, self._tools, self._mode)
        if text:
            yield Delta(text)
        yield from calls
        self.called = bool(calls)
