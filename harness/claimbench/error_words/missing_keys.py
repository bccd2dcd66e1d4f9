"""Variables that are not set, found in the reasons why arms cannot run: all of them in one step."""

from __future__ import annotations

import re
from collections.abc import Iterable

_NOT_SET = re.compile(r"\b([A-Za-z_]\w*(?:, [A-Za-z_]\w*)*) (?:is|are) not set\b")


def variables_of(reasons: Iterable[str]) -> tuple[str, ...]:
    """Return every variable that the reasons name as not set, each once, in their order."""
    found: dict[str, None] = {}
    for reason in reasons:
        for names in _NOT_SET.findall(reason):
            found.update(dict.fromkeys(names.split(", ")))
    return tuple(found)


def one_step(variables: Iterable[str]) -> str:
    """Return the one line for a shell that sets the variables: ``export A=... B=...``."""
    return f"export {' '.join(f'{name}=...' for name in variables)}"
