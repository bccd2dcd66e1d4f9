"""The turns that a suite's conversations have, and which of them can be compared."""

from __future__ import annotations

import re
from collections.abc import Sequence

from claimbench.claims.turns.phrases import CARDINAL, NUMBERS, ORDINAL, ORDINALS
from claimbench.errors import ClaimError
from claimbench.types import Claim, Task


def leaves(claim: Claim) -> list[Claim]:
    """Return the simple claims that a claim is made of."""
    return [leaf for part in claim.parts for leaf in leaves(part)] if claim.parts else [claim]


def number_of(words: str) -> int:
    """Read a number or an ordinal that is not "last"."""
    word = words.lower()
    for table in (NUMBERS, ORDINALS):
        if word in table:
            return table.index(word) + 1
    return int(re.sub(r"\D", "", word))


class Turns:
    """The turns that a suite's conversations have; ``task`` narrows them."""

    def __init__(self, tasks: Sequence[Task], task: str | None) -> None:
        self.known = bool(tasks)
        self.talks: dict[tuple[str, str], dict[int, bool]] = {}
        for one in tasks:
            if one.steps or (task is not None and one.name != task):
                continue
            for sample in one.samples:
                if sample.turn is not None:
                    of = self.talks.setdefault((one.name, sample.turn.conversation), {})
                    of[sample.turn.number] = sample.turn.scored

    def number(self, mention: str) -> int:
        """Return the number of the turn that words mean."""
        found = re.search(
            rf"({ORDINAL})|turn (?:number |no\.? )?({CARDINAL})", mention, re.IGNORECASE
        )
        assert found is not None  # noqa: S101 - the patterns hold one
        word = (found[1] or found[2]).lower()
        if word not in {"last", "final"}:
            return number_of(word)
        ends = sorted({max(turns) for turns in self.talks.values()})
        if len(ends) != 1:
            said = (
                f"they end at turns {ends[0]} to {ends[-1]}" if ends else "no conversation is known"
            )
            raise ClaimError(f"which turn is the last? {said}", hint='name its number: "turn 3"')
        return ends[0]

    def last_of(self, stated: int | None) -> int:
        """Return the last turn of so many, or the last that any conversation has."""
        if stated is not None:
            return stated
        self._some()
        if not self.known:
            raise ClaimError("over how many turns?", hint='for example "over five turns"')
        return max(max(turns) for turns in self.talks.values())

    def _some(self) -> None:
        if self.known and not self.talks:
            raise ClaimError(
                "no task holds conversations, so there are no turns",
                hint="docs/suites.md, section Conversations; or state the claim without the turn",
            )

    def comparable(self, one: int, two: int, claim: Claim) -> bool:
        """Tell whether a conversation has both turns, for accuracy with targets."""
        wanted = leaves(claim)[0].kind == "accuracy"
        return not self.known or any(
            one in of and two in of and (not wanted or (of[one] and of[two]))
            for of in self.talks.values()
        )

    def check(self, numbers: Sequence[int], claim: Claim, *, whole: bool = True) -> None:
        """Refuse turns that no conversation has, or none that could be compared.

        ``whole`` False: turns of which nothing can be compared may be among them.
        """
        self._some()
        if not self.known:
            return
        most = max(max(turns) for turns in self.talks.values())
        for number in numbers:
            if not 1 <= number <= most:
                raise ClaimError(
                    f"no conversation has a turn {number}", hint=f"they have up to {most}"
                )
        first = numbers[0]
        if any(leaf.kind == "accuracy" for leaf in leaves(claim)):
            scored = [n for n in numbers if any(of.get(n) for of in self.talks.values())]
            bare = [n for n in numbers if n not in scored]
            if bare and (whole or first in bare or len(scored) < 2):
                raise ClaimError(
                    f"no answer to turn {bare[0]} has a target,"
                    " so nothing says whether it is right",
                    hint="give the turn a target: {user: …, target: …}",
                )
        apart = [n for n in numbers[1:] if not self.comparable(first, n, claim)]
        if apart and (whole or len(apart) == len(numbers) - 1):
            raise ClaimError(
                f"no conversation has both turn {first} and turn {apart[0]} to compare",
                hint="turns are compared within conversations",
            )
