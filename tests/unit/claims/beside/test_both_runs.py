"""Claims about an arm of another run rest on the groups that either run ties together."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from claimbench.claims.other_runs import baseline_arm
from claimbench.claims.parse import parse_claim
from claimbench.claims.types import ClaimContext
from claimbench.claims.verdicts import decide_claims
from claimbench.tables.types import CallTable, ItemTable
from claimbench.testing import tables_from_arrays
from claimbench.types import Arm, ClaimSpec, Reason, Verdict

N, GROUP = 240, 6
ARMS = tuple(Arm(name, "compatible", name) for name in ("alpha", "beta"))
OLD = baseline_arm("alpha")
TIED = np.asarray([f"g{i // GROUP}" for i in range(N)], dtype=np.str_)
BOTH = ClaimContext(
    other_runs=frozenset({OLD}),
    in_both=np.ones(N, dtype=np.bool_),
    groups_in_both=TIED,
    rules_in_both=(Reason("baseline_rules", "said"),),
    max_tokens={"task": 100},
)


def made() -> tuple[ItemTable, CallTable]:
    rng = np.random.default_rng(3)
    scores: dict[str, Any] = {}
    usd: dict[str, Any] = {}
    seconds: dict[str, Any] = {}
    for name in ("alpha", "beta", OLD):
        scores[name] = (rng.random(N) < 0.8).astype(float)
        usd[name] = rng.lognormal(-5, 0.2, N)
        seconds[name] = rng.lognormal(0, 0.2, N)
    return tables_from_arrays(scores, usd=usd, e2e_s=seconds)


def decided(text: str, ctx: ClaimContext, tables: tuple[ItemTable, CallTable]) -> Verdict:
    claim = parse_claim(ClaimSpec("c", text, None, {}), ARMS, ())
    return decide_claims([claim], *tables, ctx)[0]


def groups(verdict: Verdict) -> set[int]:
    """How many groups the readings of a verdict rest on."""
    found = {one.estimate.n_clusters for one in verdict.readings if one.estimate is not None}
    return found.union(*(groups(part) for part in verdict.parts))


@pytest.mark.parametrize(
    "text",
    [
        "alpha is as accurate as baseline:alpha",
        "alpha is as cheap as baseline:alpha",
        "alpha is at most 20% dearer than baseline:alpha",
        "beta is more accurate than baseline:alpha",
        "alpha is as accurate as baseline:alpha and as cheap as baseline:alpha",
    ],
)
def test_a_claim_about_the_baseline_rests_on_the_groups_of_both_runs(text: str) -> None:
    tables = made()
    alike = decided(text, replace(BOTH, groups_in_both=None), tables)
    tied = decided(text, BOTH, tables)
    assert max(groups(alike)) == N
    assert max(groups(tied)) == N // GROUP
    for verdict in (alike, tied):
        each = verdict.parts or (verdict,)
        assert all(Reason("baseline_rules", "said") in one.flags for one in each)


@pytest.mark.parametrize("text", ["alpha is as accurate as beta", "alpha is as cheap as beta"])
def test_a_claim_within_the_run_rests_on_its_own_groups(text: str) -> None:
    verdict = decided(text, BOTH, made())
    assert max(groups(verdict)) == N
    assert not any(flag.code == "baseline_rules" for flag in verdict.flags)
