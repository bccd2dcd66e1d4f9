"""Write tools, the choice among them, earlier calls and their results as each protocol takes them.

Sources: the references of OpenAI's chat completions and Responses, Anthropic's Messages and
Google's generateContent, as of November 2026.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from claimbench.types import Json, Message, Request, ToolSpec, ToolTurn

WORDS = ("auto", "required", "none")
UNSIGNED = "skip_thought_signature_validator"
"""What Gemini 3 takes in place of the signature of a call that it did not sign (documented for
histories that come from elsewhere); the signature itself is no part of a call's record.
"""


def open_schema(tool: ToolSpec) -> dict[str, Json]:
    """Return the schema of a tool's arguments; a function without any takes an empty object."""
    return dict(tool.parameters) or {"type": "object", "properties": {}}


# Chat completions


def chat_tools(request: Request) -> dict[str, Json]:
    """Return the part of a chat completion's body that says the tools."""
    if not request.tools:
        return {}
    part: dict[str, Json] = {"tools": [chat_tool(tool) for tool in request.tools]}
    if request.tool_choice is not None:
        named: Json = {"type": "function", "function": {"name": request.tool_choice}}
        part["tool_choice"] = request.tool_choice if request.tool_choice in WORDS else named
    return part


def chat_tool(tool: ToolSpec) -> dict[str, Json]:
    """Return one tool in the words of chat completions, which chat templates share."""
    function = {
        "name": tool.name,
        "description": tool.description,
        "parameters": open_schema(tool),
    }
    return {"type": "function", "function": function}


def chat_messages(messages: Iterable[Message]) -> list[dict[str, Json]]:
    """Return messages of chat completions, with earlier calls and results in their places."""
    return [_chat_message(message) for message in messages]


def _chat_message(message: Message) -> dict[str, Json]:
    if not isinstance(message, ToolTurn):
        return {"role": message.role, "content": message.content}
    if message.role == "tool":
        return {"role": "tool", "tool_call_id": message.call_id, "content": message.content}
    calls = [
        {
            "id": call.id,
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments or "{}"},
        }
        for call in message.calls
    ]
    return {"role": "assistant", "content": message.content or None, "tool_calls": calls}


# Responses


def responses_tools(request: Request) -> dict[str, Json]:
    """Return the part of a Responses body that says the tools."""
    if not request.tools:
        return {}
    tools: list[Json] = [
        {
            "type": "function",
            "name": tool.name,
            "description": tool.description,
            "parameters": open_schema(tool),
            "strict": False,
        }
        for tool in request.tools
    ]
    part: dict[str, Json] = {"tools": tools}
    if request.tool_choice is not None:
        named: Json = {"type": "function", "name": request.tool_choice}
        part["tool_choice"] = request.tool_choice if request.tool_choice in WORDS else named
    return part


def responses_items(messages: Iterable[Message]) -> list[dict[str, Json]]:
    """Return the input items of the Responses API."""
    items: list[dict[str, Json]] = []
    for message in messages:
        if not isinstance(message, ToolTurn):
            items.append({"role": message.role, "content": message.content})
        elif message.role == "tool":
            items.append(
                {
                    "type": "function_call_output",
                    "call_id": message.call_id,
                    "output": message.content,
                }
            )
        else:
            if message.content:
                items.append({"role": "assistant", "content": message.content})
            for call in message.calls:
                items.append(
                    {
                        "type": "function_call",
                        "call_id": call.id,
                        "name": call.name,
                        "arguments": call.arguments or "{}",
                    }
                )
    return items


# Messages


def claude_tools(request: Request) -> dict[str, Json]:
    """Return the part of a Messages body that says the tools."""
    if not request.tools:
        return {}
    tools: list[Json] = [
        {"name": tool.name, "description": tool.description, "input_schema": open_schema(tool)}
        for tool in request.tools
    ]
    part: dict[str, Json] = {"tools": tools}
    if request.tool_choice is not None:
        words = {"auto": "auto", "required": "any", "none": "none"}
        kind = words.get(request.tool_choice)
        named: Json = {"type": "tool", "name": request.tool_choice}
        part["tool_choice"] = named if kind is None else {"type": kind}
    return part


def claude_messages(messages: Iterable[Message]) -> list[dict[str, Json]]:
    """Return the turns of the Messages API: calls are blocks of the assistant's turn, results are
    blocks of one turn of the user's.
    """
    turns: list[dict[str, Json]] = []
    for message in messages:
        if not isinstance(message, ToolTurn):
            turns.append({"role": message.role, "content": message.content})
            continue
        if message.role == "tool":
            block: Json = {
                "type": "tool_result",
                "tool_use_id": message.call_id,
                "content": message.content,
            }
            if turns and turns[-1]["role"] == "user" and isinstance(turns[-1]["content"], list):
                turns[-1]["content"].append(block)
            else:
                turns.append({"role": "user", "content": [block]})
            continue
        blocks: list[Json] = []
        if message.content:
            blocks.append({"type": "text", "text": message.content})
        for call in message.calls:
            given = arguments_of(call.arguments)
            blocks.append({"type": "tool_use", "id": call.id, "name": call.name, "input": given})
        turns.append({"role": "assistant", "content": blocks})
    return turns


# generateContent


def gemini_tools(request: Request) -> dict[str, Json]:
    """Return the part of a generateContent body that says the tools."""
    if not request.tools:
        return {}
    declared: list[Json] = [
        {
            "name": tool.name,
            "description": tool.description,
            "parametersJsonSchema": open_schema(tool),
        }
        for tool in request.tools
    ]
    part: dict[str, Json] = {"tools": [{"functionDeclarations": declared}]}
    if request.tool_choice is not None:
        modes = {"auto": "AUTO", "required": "ANY", "none": "NONE"}
        mode = modes.get(request.tool_choice)
        calling: dict[str, Json] = {"mode": mode or "ANY"}
        if mode is None:
            calling["allowedFunctionNames"] = [request.tool_choice]
        part["toolConfig"] = {"functionCallingConfig": calling}
    return part


def gemini_contents(messages: Iterable[Message], model: str) -> list[dict[str, Json]]:
    """Return the contents of generateContent: calls are parts of the model's turn, results parts of
    one turn of the user's.
    """
    signs = re.search(r"gemini-(?:[3-9]|\d\d)", model) is not None
    turns: list[dict[str, Json]] = []
    was_result = False
    for message in messages:
        role = "model" if message.role == "assistant" else "user"
        parts: list[Json] = []
        is_result = isinstance(message, ToolTurn) and message.role == "tool"
        if not isinstance(message, ToolTurn):
            parts.append({"text": message.content})
        elif is_result:
            named: dict[str, Json] = {"name": message.name, "response": _result(message.content)}
            if message.call_id and message.call_id_is_own:
                named["id"] = message.call_id
            parts.append({"functionResponse": named})
        else:
            if message.content:
                parts.append({"text": message.content})
            for index, call in enumerate(message.calls):
                part: dict[str, Json] = {
                    "functionCall": {"name": call.name, "args": arguments_of(call.arguments)}
                }
                if signs and index == 0:
                    part["thoughtSignature"] = UNSIGNED
                parts.append(part)
        if is_result and was_result:
            turns[-1]["parts"] += parts
        else:
            turns.append({"role": role, "parts": parts})
        was_result = is_result
    return turns


def _result(text: str) -> Json:
    """Return a result as the object that the API wants."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = text
    return value if isinstance(value, dict) else {"result": value}


def arguments_of(text: str) -> dict[str, Any]:
    """Return the arguments of an earlier call as an object; of one that wrote no JSON, what it
    wrote, so that the model sees it.
    """
    try:
        value = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {"unreadable": text}
    return value if isinstance(value, dict) else {"value": value}
