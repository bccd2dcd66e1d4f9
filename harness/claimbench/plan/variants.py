"""What the requests of a variant have instead of the task's own: wording, examples, length."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace

from claimbench.types import Arm, Task


def varied(task: Task, arm: Arm) -> Task:
    """Return a task as a variant is asked it; the same task for every other arm."""
    variant = arm.variant
    if variant is None:
        return task
    made = task
    if variant.max_tokens is not None:
        made = replace(made, max_tokens=variant.max_tokens)
    if variant.few_shot is not None:
        made = replace(made, few_shot=task.few_shot[: variant.few_shot])
    if variant.prompt and (not variant.tasks or task.name in variant.tasks):
        made = replace(made, prompt=variant.prompt)
    return made


def asked_otherwise(task: Task, arm: Arm) -> dict[str, str]:
    """Return in which factors an arm is asked a task otherwise than as the suite has it: wording
    (``prompt``) and examples (``few_shot``), each in words; two arms are asked alike where the
    words are equal.
    """
    made = varied(task, arm)
    found: dict[str, str] = {}
    if made.prompt != task.prompt:
        text = hashlib.sha256(repr(made.prompt).encode()).hexdigest()[:8]
        named = "" if arm.variant is None else arm.variant.factors.get("prompt", "")
        found["prompt"] = f"{named} ({text})"
    if made.few_shot != task.few_shot:
        found["few_shot"] = f"{len(made.few_shot)} of {len(task.few_shot)} examples"
    return found


def longest_answer(task: Task, arms: Iterable[Arm]) -> int:
    """Return the longest answer that any arm is asked for in a task, tokens."""
    return max([task.max_tokens, *(varied(task, arm).max_tokens for arm in arms)])


def shared_base(one: Arm, two: Arm) -> str | None:
    """Return the arm that both are variants of, or that one is of the other; None where they share
    none.
    """
    bases = {arm.name if arm.variant is None else arm.variant.base for arm in (one, two)}
    return bases.pop() if len(bases) == 1 and one.name != two.name else None
