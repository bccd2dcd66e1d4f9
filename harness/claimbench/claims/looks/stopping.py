"""Stopping when decided: the five-look design with futility over all claims of a report
(docs/method.md).

The runner asks at each planned look, when every arm has finished the look's items; the answer is
stored as a :class:`~claimbench.types.Look`, so that a resumed run keeps the looks it has used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np

from claimbench import stats
from claimbench.claims.types import ClaimContext, Finding
from claimbench.claims.verdicts import claim_findings
from claimbench.stats import sequential
from claimbench.stats.distributions import normal_quantile
from claimbench.stats.sequential import LOOKS, LookPlan
from claimbench.tables.subset import restrict
from claimbench.tables.types import CallTable, ItemTable
from claimbench.types import Claim, Look, reason_codes

CONTINUE = "continue"
DECIDED = "stop: decided"
FUTILE = "stop: futile"
END = "end of plan"


def stopped_by_rule(looks: Sequence[Look]) -> bool:
    """Tell whether a run ended before its plan because its rule said so, at its last look."""
    return bool(looks) and looks[-1].decision.startswith("stop")


TOO_EARLY = frozenset(
    {
        "n_too_small",
        "quantile_not_estimable",
        "no_valid_data",
        "few_clusters",
        "few_clusters_near_limit",
        "dominant_cluster",
        "unseen_runaways",
        "tail_unbounded",
        "autocorrelated",
    }
)
"""Reasons that later looks can remove, so that a claim is not given up for them."""
HOPELESS = frozenset(
    {
        "cost_basis_missing",
        "denominator_zero",
        "fixed_needs_epochs",
        "client_limited",
        "cost_missing",
        "window_unknown",
    }
)
"""Reasons that more requests of the same kind cannot remove."""
AFTERWARDS = frozenset({"judge_uncorrected", "judge_with_others"})
"""Reasons that are removed after the run, by people's labels: such a claim uses no look and keeps
the run going.
"""


@dataclass(frozen=True)
class Saved:
    """Hold what stopping early saved: requests of all arms, and their dollars where known."""

    requests: int
    usd: float | None


class StopRule:
    """The frozen schedule of one run and the decision at each look.

    Args:
        claims: the claims frozen before the run; those that cannot be decided do not keep it going.
        order: items (``task/sample_id``) in running order, whole clusters together.
        clusters: the cluster of each item of ``order``.
        alpha: two-sided, overall.
        looks: how many to plan.
        done: looks already used, from the store.
    """

    def __init__(
        self,
        claims: Sequence[Claim],
        order: Sequence[str],
        clusters: Sequence[str],
        *,
        alpha: float = 0.05,
        looks: int = LOOKS,
        done: Sequence[Look] = (),
    ) -> None:
        sizes = [len(list(rows)) for _, rows in groupby(clusters)]
        self.plan: LookPlan = sequential.plan_looks(sizes, looks, alpha)
        self._claims = tuple(c for c in claims if c.declared == "before")
        self._order = tuple(order)
        self._alpha = alpha
        self._done = list(done)

    @property
    def next_items(self) -> int | None:
        """Return the items (from the start of ``order``) that must be complete for the next look.

        It is None after the last.
        """
        if self._stopped() or len(self._done) >= len(self.plan.looks):
            return None
        return self.plan.looks[len(self._done)].n_items

    def _stopped(self) -> bool:
        return bool(self._done) and self._done[-1].decision != CONTINUE

    def look(self, run_id: str, items: ItemTable, calls: CallTable, context: ClaimContext) -> Look:
        """Take the next look: decide the claims on the look's items at its nominal alpha.

        Returns:
            The look to store; ``decision`` is ``continue``, ``stop: decided``, ``stop: futile`` or
            ``end of plan``; ``repeated_p`` holds the running minimum per claim id.
        """
        planned = self.plan.looks[len(self._done)]
        seen_items, seen_calls = restrict(items, calls, set(self._order[: planned.n_items]))
        before: Mapping[str, float] = self._done[-1].repeated_p if self._done else {}
        findings = claim_findings(self._claims, seen_items, seen_calls, context, planned.alpha)
        # By claim: its repeated p so far, whether more data would not change its finding, and
        # whether more data of this kind cannot decide it. A claim that cannot be compared is in
        # none of the three; one that waits for people's labels is in the last two as False, so
        # that it keeps the run going, and has no repeated p, so that it pays for no look.
        repeated: dict[str, float] = {}
        settled: dict[str, bool] = {}
        hopeless: dict[str, bool] = {}
        for claim, finding in zip(self._claims, findings, strict=True):
            if finding.status == "not_comparable":
                continue
            found = reason_codes(finding.reasons)
            if AFTERWARDS & found:
                settled[claim.id] = hopeless[claim.id] = False
                continue
            z = _z(finding)
            repeated[claim.id] = min(
                before.get(claim.id, 1.0), self.plan.repeated_p(z, planned.number)
            )
            trend = (
                not found & TOO_EARLY
                and finding.status == "inconclusive"
                and self.plan.futile(z, planned.number)
            )
            # Without a largest bill a sample says nothing of the runaways that it does not hold.
            unbounded = "cap_unknown" in reason_codes(finding.flags)
            settled[claim.id] = _is_settled(finding) and not unbounded
            hopeless[claim.id] = trend or bool(found & HOPELESS)
        decision = self._decision(planned.number, settled, repeated, hopeless)
        made = Look(
            run_id=run_id,
            k=planned.number,
            looks_planned=len(self.plan.looks),
            items=planned.n_items,
            clusters=planned.n_clusters,
            repeated_p=repeated,
            decision=decision,
        )
        self._done.append(made)
        return made

    def _decision(
        self,
        number: int,
        settled: Mapping[str, bool],
        repeated: Mapping[str, float],
        hopeless: Mapping[str, bool],
    ) -> str:
        if number == len(self.plan.looks):
            return END
        # settled holds every claim that has a repeated p, and those that wait for labels (False).
        holm = dict(zip(repeated, stats.holm(list(repeated.values()))[0], strict=True))
        decided = {name for name, done in settled.items() if done and holm[name] <= self._alpha}
        if len(decided) == len(settled):
            return DECIDED  # also if no claim can be decided at all: more requests change nothing
        return FUTILE if all(name in decided or hopeless[name] for name in settled) else CONTINUE

    def alpha_of(self, look: Look) -> float:
        """Return the nominal alpha of a look: the displayed repeated interval has level 1 minus
        this.
        """
        return self.plan.looks[look.k - 1].alpha

    def saved(self, look: Look, items: ItemTable) -> Saved:
        """Return the requests and dollars that stopping at ``look`` left unspent, at the measured
        mean dollars per item.
        """
        left = len(self._order) - look.items
        requests, usd = 0.0, 0.0
        known = True
        for rows in items.arms.values():
            planned = rows.n_calls > 0
            if not planned.any():
                continue
            epochs = float(rows.n_calls[planned].mean())
            requests += left * epochs
            prices = rows.usd[planned & ~np.isnan(rows.usd)]
            known = known and len(prices) > 0
            usd += left * epochs * float(prices.mean()) if len(prices) else 0.0
        return Saved(round(requests), usd if known else None)


def context_at(context: ClaimContext, look: Look, rule: StopRule) -> ClaimContext:
    """Give the context for claims of a run that ended at ``look``: repeated intervals and p."""
    return replace(context, look=look, look_alpha=rule.alpha_of(look))


def _is_settled(finding: Finding) -> bool:
    """Return whether more data would not change the finding.

    It is decided, or every reading is and they contradict each other.
    """
    if finding.status in {"supported", "refuted"}:
        return True
    counted = [
        r for r in finding.readings if r.status != "n/a" and r.name.split(": ")[-1] != "equivalent"
    ]
    return "depends_on_reading" in reason_codes(finding.reasons) and all(
        r.status != "inconclusive" for r in counted
    )


def _z(finding: Finding) -> float:
    """|z| of the finding's two-sided p; readings that contradict each other count with their
    weakest.
    """
    p = 1.0 if finding.p is None else min(max(finding.p, 1e-300), 1.0)
    return abs(normal_quantile(p / 2))
