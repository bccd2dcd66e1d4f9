"""Which part of a prompt is already in the key-value cache: one slot per task, so that turns do not
evict each other.

Two facts decide the design, both measured with llama.cpp on CPU:

* Sequences with buffers of their own (``kv_unified=False``) cost nothing while they rest; a shared
  buffer slows every call by what rests in it, and saving and restoring states copies megabytes.
* Evaluating the same prompt in other pieces changes its logits (by up to 0.8 on a 4-bit 135M model:
  other kernels, other rounding), enough to flip greedy answers. So the border between the reused
  prefix and the rest must not depend on which prompt came before: it is the same for all prompts of
  a task, and the prefix is always evaluated alone.

The border is exact when it is declared beforehand (:meth:`PrefixSlots.declare`, from the task's own
prompts). Without that it is learned from the prompts as they come, and only ever moves towards the
start.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Slot:
    """One sequence of the context. ``tokens``: what its cache holds; ``border``: length of the
    shared prefix.
    """

    index: int
    key: str | None = None
    tokens: list[int] = field(default_factory=list)
    border: int | None = None
    prefix_ready: bool = False
    conversation: str = ""
    """The conversation whose turns so far the cache holds; empty: none."""


@dataclass(frozen=True, slots=True)
class Reuse:
    """Say how to evaluate a prompt: keep ``[0, keep)``, then evaluate up to ``border`` alone, then
    the rest.
    """

    slot: Slot
    keep: int
    border: int


def common_length(a: Sequence[int], b: Sequence[int]) -> int:
    """Length of the longest common beginning."""
    for i, (x, y) in enumerate(zip(a, b, strict=False)):
        if x != y:
            return i
    return min(len(a), len(b))


def common_prefix(prompts: Iterable[Sequence[int]]) -> list[int]:
    """The longest beginning common to all prompts that leaves each at least one token of its
    own.
    """
    prefix: list[int] | None = None
    for prompt in prompts:
        n = (
            len(prompt) - 1
            if prefix is None
            else min(common_length(prefix, prompt), len(prompt) - 1)
        )
        prefix = list(prompt[: max(0, n)])
    return prefix or []


class PrefixSlots:
    """The slots of one context, given to prefix keys; the one not used for longest is taken for a
    new key.
    """

    def __init__(self, n: int) -> None:
        self._slots = [Slot(i) for i in range(n)]
        self._used = dict.fromkeys(range(n), -1)
        self._turn = itertools.count()
        self._declared: dict[str, list[int]] = {}

    def declare(self, key: str, prefix: Sequence[int]) -> None:
        """State the prefix that all prompts of ``key`` share; known prompts of the key are
        forgotten.
        """
        self._declared[key] = list(prefix)
        for slot in self._slots:
            if slot.key == key:
                slot.tokens = []
                slot.prefix_ready = False
                slot.border = None

    def plan(self, key: str, prompt: Sequence[int], conversation: str = "") -> Reuse:
        """Say how to evaluate ``prompt``, which must not be empty. The caller keeps ``slot.tokens``
        true afterwards.

        A later turn of ``conversation`` keeps all that its earlier turns and answers left in the
        slot: where that ends depends on the conversation alone, so that the answers depend on no
        other call. After a restart the earlier turns are evaluated once more, in one piece.
        """
        slot = self._slot(key)
        went_on = bool(conversation) and slot.conversation == conversation
        slot.conversation = conversation
        if went_on:
            keep = min(common_length(slot.tokens, prompt), len(prompt) - 1)
            if keep > len(self._declared.get(key, ())):
                return Reuse(slot, keep, keep)
        declared = self._declared.get(key)
        if declared is not None:
            fits = common_length(declared, prompt) == len(declared) < len(prompt)
            if not fits:
                slot.prefix_ready = False
                return Reuse(slot, 0, 0)
            keep = len(declared) if slot.prefix_ready else 0
            slot.prefix_ready = True
            return Reuse(slot, keep, len(declared))
        return self._learn(slot, prompt)

    def _learn(self, slot: Slot, prompt: Sequence[int]) -> Reuse:
        if not slot.tokens:
            slot.border = None
            return Reuse(slot, 0, 0)
        common = min(common_length(slot.tokens, prompt), len(prompt) - 1)
        if slot.border is None:
            slot.border = common
        elif common < slot.border // 2:
            slot.border = None  # a prompt of another kind under the same key: learn anew from here
            return Reuse(slot, 0, 0)
        else:
            slot.border = min(slot.border, common)
        return Reuse(slot, slot.border, slot.border)

    def _slot(self, key: str) -> Slot:
        slot = next((s for s in self._slots if s.key == key), None)
        if slot is None:
            slot = min(self._slots, key=lambda s: self._used[s.index])
            slot.key = key
            slot.border = None
            slot.prefix_ready = False
            slot.tokens = []
            slot.conversation = ""
        self._used[slot.index] = next(self._turn)
        return slot
