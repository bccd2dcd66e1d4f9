"""The arms that requests were sent to, behind the names of a claim: a route is made of several, and
so is an arm over its wordings.

What a run knows of an arm by its name (its machine, its clock, where its bytes went, what its
server or its vendor did) is asked of these, so that it reaches a claim on a route too.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from claimbench.claims.types import ClaimContext


def asked_arms(names: Iterable[str], ctx: ClaimContext) -> tuple[str, ...]:
    """Return the measured arms behind the names of a claim, each once; an arm's own name is its."""
    found: list[str] = []
    for name in names:
        wordings = [one for one in ctx.wordings.get(name, ()) if one != name]
        if name in ctx.routes:
            found += ctx.routes[name].parts
        elif wordings:
            found += asked_arms(wordings, ctx)
        else:
            found.append(name)
    return tuple(dict.fromkeys(found))
