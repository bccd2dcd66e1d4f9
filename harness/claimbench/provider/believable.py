"""Take counts out of a usage that what was sent and received cannot have."""

from __future__ import annotations

from dataclasses import replace

from claimbench.types import Usage

MOST_TOKENS = 100_000_000
"""No request has more: a larger count is a mistake."""
WORDS_PER_TOKEN = 3
BYTES_PER_TOKEN = 64
"""A token holds part of a word, seldom more than one, and never so many bytes of text."""


def believable(usage: Usage, sent: str, received: str) -> tuple[Usage, str | None]:
    """Return usage without the counts that cannot be, and what is to be said of them.

    Args:
        usage: as its provider states it.
        sent: all text of the prompt.
        received: all text of the answer and its reasoning.
    """
    if usage.source != "provider":
        return usage, None
    total_in, total_out = usage.input_total, usage.output_total
    said: list[str] = []
    if total_in is not None and not _possible(total_in, sent):
        said.append(f"{total_in} input tokens for a prompt of {len(sent.split())} words")
        usage = replace(usage, input_fresh=None)
    if total_out is not None and not _possible(total_out, received):
        said.append(f"{total_out} output tokens for an answer of {len(received.split())} words")
        usage = replace(usage, output_visible=None)
    if not said:
        return usage, None
    return usage, f"usage that cannot be: {' and '.join(said)}; its cost is not known"


def _possible(tokens: int, text: str) -> bool:
    if tokens > MOST_TOKENS:
        return False
    if 2 * tokens * WORDS_PER_TOKEN > len(text) and tokens * BYTES_PER_TOKEN >= 4 * len(text):
        return True  # a word takes two characters, a character at most four bytes
    bare = text.split()
    if tokens * WORDS_PER_TOKEN < len(bare):
        return False
    return tokens * BYTES_PER_TOKEN >= sum(len(word.encode("utf-8", "replace")) for word in bare)
