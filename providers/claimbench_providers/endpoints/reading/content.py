"""Read content that is more than a string: lists of typed blocks, as several vendors stream it.

Text blocks are the answer, thinking blocks are reasoning, notes on sources are neither. A shape
that is not known is a fault of the stream, for an answer that is dropped would be scored as none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from claimbench.errors import MalformedStream

Kind = Literal["answer", "reasoning"]

TEXT = frozenset({"text", "output_text", "text_delta", "input_text", "markdown", ""})
THINKING = frozenset(
    {
        "thinking",
        "thinking_delta",
        "thought",
        "reasoning",
        "reasoning_text",
        "reasoning_content",
        "reasoning_summary",
        "summary_text",
        "summary",
        "reasoning.text",
        "reasoning.summary",
        "analysis",
    }
)
SILENT = frozenset(
    {
        "reference",
        "references",
        "citation",
        "citations",
        "citations_delta",
        "annotation",
        "redacted_thinking",
        "reasoning.encrypted",
        "encrypted",
        "signature",
        "signature_delta",
        "tool_use",
        "tool_call",
        "tool_reference",
        "tool_result",
        "server_tool_use",
        "web_search_tool_result",
        "image_url",
        "image",
        "input_image",
        "audio",
        "file",
        "document",
    }
)
"""Blocks beside the text: what they hold is no part of an answer in words."""

MAX_DEPTH = 8
SHAPE_ERRORS = (TypeError, AttributeError, KeyError, IndexError, ValueError, RecursionError)
"""What reading a message raises whose parts are of other kinds than the protocol says."""


def texts(content: Any, kind: Kind = "answer", depth: int = 0) -> Iterator[tuple[str, Kind]]:
    """Yield the pieces of text in ``content`` with their kinds, in order.

    Raises:
        MalformedStream: a shape that no protocol of ours has.
    """
    if content is None or content == "":
        return
    if isinstance(content, str):
        yield content, kind
    elif isinstance(content, Mapping) and depth < MAX_DEPTH:
        yield from _block(content, kind, depth)
    elif isinstance(content, Sequence) and not isinstance(content, bytes) and depth < MAX_DEPTH:
        for block in content:
            yield from texts(block, kind, depth + 1)
    else:
        raise unknown_shape(content)


def _block(block: Mapping[str, Any], kind: Kind, depth: int) -> Iterator[tuple[str, Kind]]:
    name = str(block.get("type") or "").lower()
    if block.get("thought") is True:
        kind = "reasoning"
    if name in THINKING:
        for key in ("thinking", "reasoning", "text", "summary", "content", "data"):
            if block.get(key):
                yield from texts(block[key], "reasoning", depth + 1)
                return
        return
    if name in SILENT:
        return
    if name in TEXT:
        for key in ("text", "value", "content", "parts"):
            if key in block:
                yield from texts(block[key], kind, depth + 1)
                return
        if not block or name:
            return
    if name == "refusal" and isinstance(block.get("refusal"), str):
        yield block["refusal"], kind
        return
    raise unknown_shape(block)


def unknown_shape(content: Any) -> MalformedStream:
    """Return the fault of content that cannot be read."""
    return MalformedStream(
        f"the answer's content has a shape that is not known: {content!r:.200}",
        hint="report this shape: its words would be lost",
    )
