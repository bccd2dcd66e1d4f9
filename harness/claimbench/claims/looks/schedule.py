"""The schedule of interim looks: a pure function of a suite and its plan."""

from __future__ import annotations

from collections.abc import Sequence

from claimbench.claims.looks.stopping import StopRule
from claimbench.claims.parse import parse_claims
from claimbench.plan.clusters import cluster_names
from claimbench.types import Call, Look, Suite


def rule_of(suite: Suite, calls: Sequence[Call], done: Sequence[Look]) -> StopRule:
    """Return the look schedule of a run: a pure function of its suite and plan, so that every
    session has the same.
    """
    keys = list(dict.fromkeys((call.task, call.sample_id) for call in calls))
    order = [f"{task}/{sample}" for task, sample in keys]
    return StopRule(
        parse_claims(suite), order, cluster_names(suite.tasks, keys), alpha=suite.alpha, done=done
    )


def seen_items(calls: Sequence[Call], look: Look) -> set[str]:
    """Return the items (``task/sample_id``) that ``look`` has seen: the first ``look.items`` of the
    plan.
    """
    order = dict.fromkeys(f"{call.task}/{call.sample_id}" for call in calls)
    return set(list(order)[: look.items])
