"""Names for a part of what an arm did: its answers to one turn, to all turns one by one, or whole
conversations. No arm's own name holds a slash.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from claimbench.types import Claim

_NAME = re.compile(r"(?P<arm>.+)/(?:turn (?P<number>\d+)|(?P<whole>conversation)|each turn)")


@dataclass(frozen=True, slots=True)
class View:
    """A part of what ``arm`` did: turn ``number``; all turns (``whole`` False), or conversations as
    wholes.
    """

    arm: str
    number: int | None = None
    whole: bool = False

    @property
    def name(self) -> str:
        """Return what claims and verdicts call it."""
        if self.number is not None:
            return f"{self.arm}/turn {self.number}"
        return f"{self.arm}/{'conversation' if self.whole else 'each turn'}"


def view_of(name: str | None) -> View | None:
    """Return the view that a name means; None for an arm's own name."""
    found = None if name is None else _NAME.fullmatch(name)
    if found is None:
        return None
    number = None if found["number"] is None else int(found["number"])
    return View(found["arm"], number, found["whole"] is not None)


def views_of(names: Iterable[str]) -> dict[str, View]:
    """Return the views among names."""
    found = {name: view_of(name) for name in names}
    return {name: view for name, view in found.items() if view is not None}


def same_arm(one: str, two: str) -> bool:
    """Tell whether two names mean turns of one arm: its settings are the same, and what caches held
    or cut off is what is compared.
    """
    a, b = view_of(one), view_of(two)
    return a is not None and b is not None and a.arm == b.arm


def unit_note(claim: Claim) -> str:
    """Say what a request is in a claim about whole conversations; empty in others."""
    return '"request" is a whole conversation here' if whole_conversations(claim.treatments) else ""


def whole_conversations(names: Iterable[str]) -> bool:
    """Tell whether names are of whole conversations."""
    return any(view.whole for view in views_of(names).values())
