"""Read content that is more than a string: lists of typed blocks, as several vendors stream it.

Text blocks are the answer, thinking blocks are reasoning, notes on sources are neither. A block of
a kind that is not known and has no words of its own is passed over, and said, beside an answer; any
other shape that is not known is a fault, for an answer that is dropped would be scored as none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from claimbench.errors import UnknownShape, visible
from claimbench_providers.endpoints.reading.ends import FILTERED, End

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
        "web_fetch_tool_result",
        "tool_search_tool_result",
        "code_execution_tool_result",
        "bash_code_execution_tool_result",
        "text_editor_code_execution_tool_result",
        "mcp_tool_use",
        "mcp_tool_result",
        "container_upload",
        "compaction",
        "compaction_delta",
        "image_url",
        "image",
        "input_image",
        "audio",
        "file",
        "document",
    }
)
"""Blocks beside the text: what they hold is no part of an answer in words."""

_ELSE = TEXT | SILENT
WORDS_IN = ("text", "value", "content", "parts", "answer", "output", "message", "markdown")
"""Fields in which a block of any kind may hold words."""
OF_TOOLS = ("_use", "_call", "_result", "_call_output")
"""How kinds of blocks end that tell of a tool at the server: their words are no answer."""
MOST_KINDS = 8
MAX_DEPTH = 8
SHAPE_ERRORS = (TypeError, AttributeError, KeyError, IndexError, ValueError, RecursionError)
"""What reading a message raises whose parts are of other kinds than the protocol says."""


class PassedOver:
    """Kinds of blocks of one answer that were passed over, for they are not known."""

    def __init__(self) -> None:
        self._kinds: list[str] = []

    def note(self, kind: str) -> None:
        """Note one block's kind."""
        if kind not in self._kinds and len(self._kinds) < MOST_KINDS:
            self._kinds.append(kind)

    def remark(self, end: End, *, answered: bool) -> str | None:
        """Return what is to be said of them; None: there are none.

        Args:
            end: how the answer ended.
            answered: there is an answer beside them.

        Raises:
            UnknownShape: there is none, so that they may have been it.
        """
        if not self._kinds:
            return None
        names = ", ".join(repr(visible(kind)[:40]) for kind in self._kinds)
        if not answered:
            if end.kind in ("none", "fault") or end.reason == FILTERED.reason:
                return None
            raise unknown_shape(f"blocks of the kinds {names} alone")
        return f"sends blocks of kinds that are not known beside its answers, left out: {names}"


def texts(
    content: Any, kind: Kind = "answer", depth: int = 0, passed: PassedOver | None = None
) -> Iterator[tuple[str, Kind]]:
    """Yield the pieces of text in ``content`` with their kinds, in order.

    Args:
        content: as it came.
        kind: what text without a kind of its own is.
        depth: how many blocks are around it.
        passed: takes the kinds of blocks that are passed over; None: none is.

    Raises:
        UnknownShape: a shape that no protocol of ours has.
    """
    if content is None or content == "":
        return
    if isinstance(content, str):
        yield content, kind
    elif isinstance(content, Mapping) and depth < MAX_DEPTH:
        yield from _block(content, kind, depth, passed)
    elif isinstance(content, Sequence) and not isinstance(content, bytes) and depth < MAX_DEPTH:
        for block in content:
            yield from texts(block, kind, depth + 1, passed)
    else:
        raise unknown_shape(content)


def _block(
    block: Mapping[str, Any], kind: Kind, depth: int, passed: PassedOver | None
) -> Iterator[tuple[str, Kind]]:
    name = str(block.get("type") or "").lower()
    if block.get("thought") is True:
        kind = "reasoning"
    if name in THINKING or (kind == "reasoning" and name not in _ELSE):
        for key in ("thinking", "reasoning", "text", "summary", "content", "data"):
            if block.get(key):
                yield from texts(block[key], "reasoning", depth + 1, passed)
                return
        return
    if name in SILENT:
        return
    if name in TEXT:
        for key in ("text", "value", "content", "parts"):
            if key in block:
                yield from texts(block[key], kind, depth + 1, passed)
                return
        if not block or name:
            return
    if name == "refusal" and isinstance(block.get("refusal"), str):
        yield block["refusal"], kind
        return
    if passed is None or not _wordless(block, name):
        raise unknown_shape(block)
    passed.note(name or " ".join(map(str, block)))


def _wordless(block: Mapping[str, Any], name: str) -> bool:
    """Tell whether a block of a kind that is not known has no words that could be the answer's."""
    if not name:
        return bool(block) and all(isinstance(value, Mapping) for value in block.values())
    return name.endswith(OF_TOOLS) or not any(block.get(key) for key in WORDS_IN)


def unknown_shape(content: Any) -> UnknownShape:
    """Return the fault of content that cannot be read."""
    return UnknownShape(
        f"the answer's content has a shape that is not known: {content!r:.200}",
        hint="report this shape: its words would be lost",
    )
