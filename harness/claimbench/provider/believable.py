"""Take counts out of a usage that what was sent and received cannot have."""

from __future__ import annotations

from dataclasses import replace

from claimbench.provider.token_floor import can_have, least_tokens
from claimbench.types import DOUBTED, INPUT_FEES, OUTPUT_FEES, Usage

MOST_TOKENS = 100_000_000
"""No request has more: a larger count is a mistake."""


def believable(usage: Usage, sent: str, received: str) -> tuple[Usage, str | None]:
    """Return usage without the counts that cannot be, and what is to be said of them.

    Args:
        usage: as its provider states it.
        sent: all text of the prompt.
        received: all text of the answer and its reasoning.
    """
    if usage.source != "provider":
        return usage, None
    total_in = _with_fees(usage.input_total, usage, INPUT_FEES)
    total_out = _with_fees(usage.output_total, usage, OUTPUT_FEES)
    said: list[str] = []
    if total_in is not None and not _possible(total_in, sent):
        said.append(f"{total_in} input tokens for a prompt of {_size(sent)}")
        usage = replace(usage, input_fresh=None)
    if total_out is not None and not _possible(total_out, received):
        said.append(f"{total_out} output tokens for an answer of {_size(received)}")
        usage = replace(usage, output_visible=None)
    if not said:
        return usage, None
    return usage, f"usage that cannot be: {' and '.join(said)}"


def parted(usage: Usage, answer: str, thought: str) -> tuple[Usage, str | None]:
    """Return usage whose output is marked where it is not parted as its texts are, and what is to
    be said of that.

    Args:
        usage: believable in its totals.
        answer: all that can be seen of the answer, calls of tools too.
        thought: the reasoning that came with it; there may have been more.
    """
    visible, reasoning = usage.output_visible, usage.output_reasoning
    if usage.source != "provider" or visible is None or reasoning is None:
        return usage, None
    if reasoning and visible < max(len(answer.split()), least_tokens(answer)):
        said = f"{visible} visible output tokens for an answer of {_size(answer)}"
    elif thought and not can_have(thought, reasoning):
        said = f"{reasoning} reasoning tokens for a reasoning of {_size(thought)}"
    else:
        return usage, None
    marked = (*usage.fees, (f"{DOUBTED}output", max(reasoning, 1)))
    return replace(usage, fees=marked), f"usage that cannot be: {said}"


def _with_fees(total: int | None, usage: Usage, names: tuple[str, ...]) -> int | None:
    return None if total is None else total + sum(n for name, n in usage.fees if name in names)


def _possible(tokens: int, text: str) -> bool:
    return tokens <= MOST_TOKENS and can_have(text, tokens)


def _size(text: str) -> str:
    """Say how long a text is: in words, or in characters where blanks part few."""
    words = len(text.split())
    return f"{words} words" if len(text) < 12 * words else f"{len(text)} characters"
