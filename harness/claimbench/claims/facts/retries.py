"""Times of calls that were asked more than once, in both ways: of the attempt that answered, and
from the first send.

Who fails each first request at once and answers the second quickly is not fast: a verdict that
stands in both ways rests on neither; one that does not is none.
"""

from __future__ import annotations

from claimbench.claims.facts.held import Way, asked_of, quantile_told, time_asked
from claimbench.claims.types import Leaf
from claimbench.tables.types import CallTable
from claimbench.tables.waits import from_first_send, retried, whole_waits
from claimbench.types import Reason

WORDS = ("by the attempts that answered", "by the whole wait")
"""Both ways in words."""


def retry_flags(leaf: Leaf, calls: CallTable) -> tuple[Reason, ...]:
    """Flag that calls of a claim's arms were asked more than once, with both figures."""
    told = _told(leaf, calls)
    return tuple(Reason("calls_retried", f"{arm}: {text}") for arm, text in told.items())


def over_whole_waits(leaf: Leaf, calls: CallTable) -> Way | None:
    """Return the times from the first send of each call; None where no call was asked again."""
    whole = whole_waits(calls, leaf.arms, leaf.mask)
    if whole is None:
        return None
    told = "; ".join(f"{arm}: {text}" for arm, text in _told(leaf, calls).items())
    return Way("retries_decide", WORDS, whole, told)


def _told(leaf: Leaf, calls: CallTable) -> dict[str, str]:
    """Say of each arm with such calls how many they are, and its times in both ways."""
    metric, p, label = time_asked(leaf)
    told: dict[str, str] = {}
    for arm in leaf.arms:
        rows = calls.arms[arm]
        mine = asked_of(leaf, rows)
        n = int(retried(rows)[mine].sum())
        if not n:
            continue
        ours, whole = (quantile_told(one, metric, mine, p) for one in (rows, from_first_send(rows)))
        text = f"{n:,} of {int(mine.sum()):,} calls retried"
        if ours is not None and whole is not None:
            text += f", {label} {ours} of the attempt that answered, {whole} from the first send"
        told[arm] = text
    return told
