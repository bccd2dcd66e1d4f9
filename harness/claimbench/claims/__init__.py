"""Claims: a sentence becomes a claim, and a claim with two tables a verdict.

``parse`` and ``grammar`` read sentences; ``gate`` says whether arms may be compared; ``readings``
turn tables into tested quantities; ``decide`` reads a decision off an interval; ``findings``
make one state of the readings of a pair of arms, ``combine`` one of arms and parts; ``verdicts`` is
the whole path. ``looks`` say when a run may end, ``power`` what it could resolve.

Nothing here opens a database, sends a request or knows a price list. "Judge" means a model that
grades answers; what happens to a claim here is deciding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from claimbench._lazy import lazy

if TYPE_CHECKING:
    from claimbench.claims.looks.stopping import StopRule
    from claimbench.claims.parse import parse_claim, parse_claims
    from claimbench.claims.types import ClaimContext
    from claimbench.claims.verdicts import decide_claims

__all__ = ["ClaimContext", "StopRule", "decide_claims", "parse_claim", "parse_claims"]
__getattr__ = lazy(
    __name__,
    {
        "ClaimContext": "types",
        "StopRule": "looks.stopping",
        "decide_claims": "verdicts",
        "parse_claim": "parse",
        "parse_claims": "parse",
    },
)
