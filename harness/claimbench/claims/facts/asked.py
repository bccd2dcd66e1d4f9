"""How arms were asked: wordings and examples that a variant has in place of the tasks' own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from claimbench.claims.types import ClaimContext, Leaf

ASKED = ("prompt", "few_shot")
"""Keys of the gate that are compared by what stands in an arm's requests."""
OWN = "the task's own"


def asked_differently(
    ours: tuple[str, Mapping[str, Any]], theirs: tuple[str, Mapping[str, Any]], tasks: Sequence[str]
) -> list[tuple[str, str]]:
    """Compare how two arms (name, profile) were asked; each difference is told once, with the tasks
    where it stands.

    Returns:
        (key of the gate, the difference in words); a profile that says nothing is asked as the
        tasks have it.
    """
    places: dict[tuple[str, str, str], list[str]] = {}
    one, two = ours[1].get("asked") or {}, theirs[1].get("asked") or {}
    for task in tasks:
        a, b = one.get(task) or {}, two.get(task) or {}
        for key in ASKED:
            x, y = a.get(key, OWN), b.get(key, OWN)
            if x != y:
                places.setdefault((key, x, y), []).append(task)
    found: list[tuple[str, str]] = []
    for (key, x, y), where in places.items():
        of = "" if len(where) == len(tasks) else f" in {', '.join(where)}"
        found.append((key, f"{key} is {x} for {ours[0]} and {y} for {theirs[0]}{of}"))
    return found


def variants_of_one(leaf: Leaf, ctx: ClaimContext) -> bool:
    """Tell whether a claim compares variants of one arm, or one with the arm itself."""
    if leaf.theirs is None:
        return False
    bases = {(ctx.profiles.get(arm, {}).get("variant") or {}).get("base") for arm in leaf.arms}
    return len(bases) == 1 and None not in bases
