"""Whether the protocol carried the calls of an answer, or left them in its text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from claimbench.scorers.tools.spelled_calls import spells_call
from claimbench.types import Score, ToolCall, ToolSpec

CARRIED = "carried"
"""Part of the scores of tools: 1 if the protocol carried a call."""
SPELLED = "spelled"
"""Where it carried none: 1 if the text spells a call of a tool that was offered."""


def with_carried(
    score: Score, text: str, made: Sequence[ToolCall], tools: Sequence[ToolSpec]
) -> Score:
    """Add the parts to a score; what has no score has none."""
    if score.status == "unscored":
        return score
    parts = {CARRIED: float(bool(made))}
    if not made:
        parts[SPELLED] = float(spells_call(text, {tool.name for tool in tools}))
    return replace(score, parts={**score.parts, **parts})
