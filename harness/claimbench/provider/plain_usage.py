"""Usage as nearly every answer of a compatible server states it, read in one step: a run reads as
many of them as it has calls.
"""

from __future__ import annotations

from claimbench.types import Json, Usage

_USUAL = frozenset(
    {
        "prompt_tokens",
        "completion_tokens",
        "total_tokens",
        "prompt_tokens_details",
        "completion_tokens_details",
    }
)


def plain_openai(raw: Json) -> Usage | None:
    """Read usage that holds the usual counts alone, which add up; None for any other, which is read
    with more care.
    """
    if type(raw) is not dict or not raw.keys() <= _USUAL:
        return None
    n_in, n_out = raw.get("prompt_tokens"), raw.get("completion_tokens")
    cached = _only(raw.get("prompt_tokens_details"), "cached_tokens")
    thought = _only(raw.get("completion_tokens_details"), "reasoning_tokens")
    if type(n_in) is not int or type(n_out) is not int or n_in <= 0 or n_out < 0:
        return None
    total = raw.get("total_tokens")
    adds_up = type(total) is int and total == n_in + n_out
    if not adds_up or not 0 <= (cached or 0) <= n_in or not 0 <= (thought or 0) <= n_out:
        return None
    return Usage(
        input_fresh=n_in - (cached or 0),
        cache_read=cached,
        output_visible=n_out - (thought or 0),
        output_reasoning=thought,
    )


def _only(details: Json, name: str) -> int | None:
    """Return the one count that ``details`` hold; -1 where they hold anything else."""
    if details is None:
        return None
    if type(details) is dict and len(details) == 1:
        count = details.get(name)
        if type(count) is int:
            return count
    return -1
