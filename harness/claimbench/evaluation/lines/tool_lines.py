"""Arms that called no tool although they were offered some, a line each: the model may not want to,
or its server may drop the tools or leave the calls in the text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from claimbench.claims.types import Uncarried
from claimbench.packed import columns, some_rows
from claimbench.scorers.tools.carried import CARRIED
from claimbench.types import Call, Score


def tool_lines(
    calls: Sequence[Call], scores: Sequence[Score], uncarried: Mapping[str, Uncarried]
) -> list[str]:
    """Name the arms of which no answer carried a call, where calls were wanted."""
    places = [at for at, parts in enumerate(columns(scores, "parts")) if CARRIED in parts]
    if not places:
        return []
    arms = dict(columns(calls, "id", "arm"))
    held: dict[str, list[Score]] = {}
    for score in some_rows(scores, places):
        if score.call_id in arms:
            held.setdefault(arms[score.call_id], []).append(score)
    lines: list[str] = []
    for arm, mine in sorted(held.items()):
        if any(score.parts[CARRIED] for score in mine) or all(score.value == 1 for score in mine):
            continue
        said = f"{arm} called no tool in {len(mine):,} answers that were offered some"
        left = uncarried.get(arm)
        if left is not None:
            lines.append(
                f"{said}; {left.spelled:,} spell a call in their text, which its server did not"
                " read: what they score tells of the server."
            )
        else:
            lines.append(f"{said}; a server that does not pass tools on looks the same.")
    return lines
