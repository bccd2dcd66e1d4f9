"""What others wrote, shown to a judge as material: between marks that nobody who wrote it can know,
chat control tokens in it taken apart.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from claimbench.plan.prompts import own_turns
from claimbench.types import Call, Sample, Task

_CONTROL = re.compile(
    r"<(?=\|[^|\n]{1,40}\||/?s>|(?:start|end)_of_turn>|<SYS>)|\[(?=/?INST\])", re.IGNORECASE
)


def mark_of(call: Call) -> str:
    """Return the mark of a judge's call: it follows from the call's id, and is in no answer."""
    return hashlib.sha256(f"mark/{call.id}".encode()).hexdigest()[:12]


def asked_text(task: Task, sample: Sample, answers: Sequence[str] = ()) -> str:
    """Return what an arm was asked about a sample, as one text, without the task's examples; of a
    conversation the transcript up to its turn, each turn after its speaker.
    """
    turns = own_turns(task, sample, answers)
    if sample.turn is None:
        return "\n\n".join(turn.content for turn in turns)
    return "\n\n".join(f"{turn.role}: {turn.content}" for turn in turns)


def fenced(what: str, text: str, mark: str) -> str:
    """Put ``text`` between two lines that carry ``mark``; take its chat control tokens apart."""
    harmless = _CONTROL.sub(lambda found: f"{found.group()} ", text)
    return f"[begin {what} {mark}]\n{harmless}\n[end {what} {mark}]"


def talk_rule(task: Task) -> str:
    """Return what a judge of whole conversations is told beside its rules; empty for others."""
    if task.user is None:
        return ""
    return (
        "\n\nEach answer is a whole conversation. What counts is what the assistant said in it;"
        " the user's turns show what it was asked."
    )
