"""Which arms their endpoints' rate limits hold back, who waits for them, and what is said of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

from claimbench.clock import Clock
from claimbench.limits.budget import Pace
from claimbench.limits.key_gate import KeyGate, gate_names
from claimbench.types import Arm, ErrorPolicy, Note, NoteKind


class Counted(Protocol):
    """What is counted of an arm while a run goes on."""

    planned: int
    done: int
    limited: int
    stopped: str | None


def make_gates(
    arms: Mapping[str, Arm],
    remote: Collection[str],
    policy: ErrorPolicy,
    clock: Clock,
) -> tuple[dict[str, str], dict[str, KeyGate]]:
    """Make one gate per key of the ``remote`` arms: arm -> its gate's name, and the gates."""
    asked = [arm for name, arm in arms.items() if name in remote]
    names = gate_names(asked)
    most: dict[str, int] = {}
    for arm in asked:
        most[names[arm.name]] = most.get(names[arm.name], 0) + arm.concurrency
    backoff, longest = policy.backoff_s, policy.backoff_max_s
    gates = {
        name: KeyGate(name, total, clock, backoff_s=backoff, backoff_max_s=longest)
        for name, total in most.items()
    }
    return names, gates


class HeldBack:
    """See the module. ``gate_of``: arm -> the name of its gate among ``gates``."""

    def __init__(
        self,
        gate_of: Mapping[str, str],
        gates: Mapping[str, KeyGate],
        arms: Mapping[str, Counted],
    ) -> None:
        self._gates = {arm: gates[name] for arm, name in gate_of.items()}
        self._arms = arms
        self._pace: Pace | None = None

    def watch(self, pace: Pace) -> None:
        """Say from now on who waits at ``pace``."""
        self._pace = pace

    def limited(self, arm: str) -> bool:
        """Return whether the arm's requests are held back by its endpoint's limits now."""
        return arm in self._gates and self._gates[arm].is_limiting

    def left(self, arm: str) -> None:
        """Let arms that wait for ``arm`` look again where it has come to be held back."""
        if self._pace is not None and self.limited(arm):
            self._pace.wake()

    def said(self) -> str:
        """Say which arms were refused for their rate, their pace, and who waits for them; empty
        where nobody was.
        """
        parts = []
        held = {} if self._pace is None else self._pace.held
        for name, arm in self._arms.items():
            if arm.stopped is not None or arm.done >= arm.planned or not arm.limited:
                continue
            text = f"{name} rate limited: {arm.limited} refused"
            gate = self._gates.get(name)
            if gate is not None and gate.per_s is not None:
                text += f", at most {gate.per_s * 60:.3g} a minute"
            if gate is not None and gate.held_s >= 1:
                text += f", next in {gate.held_s:.0f} s"
            waiting = [one for one, slowest in held.items() if slowest == name]
            if waiting:
                verb = "waits" if len(waiting) == 1 else "wait"
                text += f", {', '.join(waiting)} {verb} for it"
            parts.append(text)
        return "; ".join(parts)

    def notes(self) -> list[Note]:
        """Return who ran further ahead of a limited arm than arms usually may."""
        found = []
        ahead = {} if self._pace is None else self._pace.ran_ahead
        for arm, (slowest, most) in ahead.items():
            text = (
                f"{arm} ran up to {most} calls ahead of {slowest}, which its endpoint's rate"
                " limits held back: a claim on latency is undecided where their times differ"
            )
            found.append(Note(NoteKind.LIMIT, text, arm))
        return found
