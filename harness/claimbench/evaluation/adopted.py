"""A suite's claims about adoption, judged by its snapshots alone."""

from __future__ import annotations

import numpy as np

from claimbench.claims.beside.asked import KIND
from claimbench.claims.parse import parse_claims
from claimbench.claims.types import ClaimContext
from claimbench.claims.verdicts import decide_claims
from claimbench.suite.adoption.kept import adoption_of
from claimbench.tables.types import CallTable, ItemTable
from claimbench.types import Suite, Verdict

_NONE = np.asarray([], dtype=np.str_)
NO_ITEMS = ItemTable((), _NONE, _NONE, {}, {})


def judge_adoption(suite: Suite, judged_on: str) -> tuple[tuple[Verdict, ...], list[str]]:
    """Return the verdicts of the claims about adoption, and the ids of those that need a run.

    ``judged_on``: the day, to tell which snapshots are stale.
    """
    claims = parse_claims(suite)
    mine = [claim for claim in claims if claim.kind == KIND]
    context = ClaimContext(adoption=adoption_of(suite), judged_on=judged_on)
    verdicts = decide_claims(mine, NO_ITEMS, CallTable({}), context)
    return verdicts, [claim.id for claim in claims if claim.kind != KIND]
