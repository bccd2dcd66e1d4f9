"""The comparability gate: it comes before every comparison, and a breach names the key, both values
and the limit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from claimbench.claims.types import ClaimContext
from claimbench.tables.types import BoolArray, CallTable, IntArray, ItemTable
from claimbench.types import STOPS_ARM, Arm, Json, Manifest, Reason, Session, Suite

MUST_MATCH = (
    "measured_sha256",
    "epochs",
    "error_policy",
    "sampling",
    "reasoning_effort",
    "answer_constraint",
    "load",
)
"""Keys that must be equal between the arms of any comparison."""
MUST_MATCH_LATENCY = ("client_host", "concurrency")
"""Further keys for latency claims. ``concurrency`` is reported, and allowed, as ``load``."""
LIMITS: Mapping[str, float] = {"truncation": 0.02, "refusal": 0.05, "cache_share": 0.20}
"""Largest difference between two arms, as shares; ``cache_share`` counts for cost and latency only.
"""
ALLOWED_AS = {"concurrency": "load"}
NEVER_ALLOWED = frozenset({"measured_sha256"})


def arm_profile(
    suite: Suite, manifest: Manifest, arm: Arm, sessions: Sequence[Session] = ()
) -> dict[str, Json]:
    """Collect the comparability keys of one arm from a run's suite, manifest and sessions.

    The answer constraint in force is what the provider reported (``arm_facts``:
    details.answer_constraint); without a report, in-process arms use a grammar and endpoints a JSON
    schema, where the suite asks for a constraint.
    """
    facts = manifest.arm_facts.get(arm.name) or {}
    details = facts.get("details", {}) if isinstance(facts, Mapping) else {}
    constrain = any(t.answer.constrain and t.answer.kind in {"label", "json"} for t in suite.tasks)
    assumed = ("grammar" if arm.provider == "llama_cpp" else "json_schema") if constrain else "none"
    params, hosts = arm.params, sessions or ()
    load = suite.load
    return {
        "measured_sha256": details.get("measured_sha256", suite.measured_sha256),  # imports: by arm
        "epochs": suite.epochs,
        "error_policy": _fields(suite.errors),
        "sampling": {"temperature": params.temperature, "top_p": params.top_p, "seed": params.seed},
        "reasoning_effort": params.reasoning_effort,
        "answer_constraint": details.get("answer_constraint", assumed),
        "load": _fields(load),
        "concurrency": (load.concurrency or arm.concurrency) if load.mode == "closed" else None,
        "client_host": sorted(
            {f"{s.host.get('host') or ''}/{s.host.get('region') or ''}" for s in hosts}
        ),
    }


def _fields(value: Any) -> dict[str, Json]:
    return {name: getattr(value, name) for name in value.__slots__}


def not_measured(arm: str, items: ItemTable, ctx: ClaimContext) -> Reason | None:
    """Return the reason why an arm has no measurements at all, or None."""
    rows = items.arms.get(arm)
    if rows is None or int(rows.n_finished.sum()) == 0:
        why = ctx.arms_not_run.get(arm)
        return Reason("arm_not_measured", arm + (f" ({why})" if why else ""))
    return None


def stopped(arm: str, calls: CallTable) -> Reason | None:
    """Return the reason why every further call of an arm would have failed the same way, or None.

    Such ends are a refused key, a bad request and an overflow.
    """
    rows = calls.arms.get(arm)
    if rows is None:
        return None
    fatal = sorted(o.value for o in STOPS_ARM if bool((rows.outcome == o.value).any()))
    return Reason("arm_stopped", f"{arm} ({', '.join(fatal)})") if fatal else None


def breaches(
    kind: str,
    ours: str,
    theirs: str,
    items: ItemTable,
    calls: CallTable,
    mask: BoolArray,
    ctx: ClaimContext,
) -> tuple[tuple[Reason, ...], tuple[Reason, ...]]:
    """Compare two arms key by key.

    Args:
        kind: accuracy, cost or latency; decides which keys count.
        ours: an arm.
        theirs: the arm it is compared with.
        items: the item table; ``mask`` selects the claim's items.
        calls: the call table, for the cache share.
        mask: bool per item.
        ctx: profiles and allowed keys.

    Returns:
        (breaches, allowed differences): the key (``allowed_<key>`` where the suite accepts it) with
        both values, and the limit where there is one.
    """
    found: list[tuple[str, str]] = []
    one, two = ctx.profiles.get(ours, {}), ctx.profiles.get(theirs, {})
    keys = MUST_MATCH + (MUST_MATCH_LATENCY if kind == "latency" else ())
    for key in keys:
        if one.get(key) != two.get(key):
            a, b = _differing(one.get(key), two.get(key))
            found.append(
                (ALLOWED_AS.get(key, key), f"{key} is {a} for {ours} and {b} for {theirs}")
            )
    for key, limit in LIMITS.items():
        if key == "cache_share" and kind == "accuracy":
            continue
        x, y = _share(key, ours, items, calls, mask), _share(key, theirs, items, calls, mask)
        if x is not None and y is not None and abs(x - y) > limit + 1e-12:
            found.append(
                (key, f"{x:.1%} for {ours} and {y:.1%} for {theirs} (limit {limit * 100:g} points)")
            )
    accepted = ctx.allow - NEVER_ALLOWED
    refused = tuple(Reason(key, text) for key, text in found if key not in accepted)
    allowed = tuple(Reason(f"allowed_{key}", text) for key, text in found if key in accepted)
    return refused, allowed


def _differing(a: Json, b: Json) -> tuple[str, str]:
    """Show only what differs of two mappings."""
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        keys = [k for k in {**a, **b} if a.get(k) != b.get(k)]
        return ", ".join(f"{k}={a.get(k)!r}" for k in keys), ", ".join(
            f"{k}={b.get(k)!r}" for k in keys
        )
    return repr(a), repr(b)


def _share(key: str, arm: str, items: ItemTable, calls: CallTable, mask: BoolArray) -> float | None:
    rows = items.arms[arm]
    if key == "cache_share":
        return cache_share(arm, calls, np.flatnonzero(mask))
    answered = int((rows.n_finished - rows.n_errors)[mask].sum())
    counts = rows.n_truncated if key == "truncation" else rows.n_refused
    return float(counts[mask].sum()) / answered if answered else None


def cache_share(arm: str, calls: CallTable, wanted: IntArray) -> float | None:
    """Return the share of input tokens that the provider's prefix cache served, over calls that
    report it; None = unknown.
    """
    rows = calls.arms.get(arm)
    if rows is None:
        return None
    known = np.isin(rows.item, wanted) & np.isfinite(rows.cache_read) & np.isfinite(rows.n_in)
    total = float(rows.n_in[known].sum())
    return float(rows.cache_read[known].sum()) / total if total > 0 else None


def interleaving(ours: str, theirs: str, calls: CallTable, mask: BoolArray) -> float | None:
    """Return the overlap of the middle 90% of two arms' send times, relative to the longer one.

    None says that the times are unknown.
    """
    spans = []
    wanted = np.flatnonzero(mask)
    for arm in (ours, theirs):
        rows = calls.arms[arm]
        sent = rows.sent_utc_s[np.isfinite(rows.sent_utc_s) & np.isin(rows.item, wanted)]
        if len(sent) == 0:
            return None
        spans.append((float(np.quantile(sent, 0.05)), float(np.quantile(sent, 0.95))))
    (a0, a1), (b0, b1) = spans
    longest = max(a1 - a0, b1 - b0)
    if longest <= 0 or not math.isfinite(longest):
        return 1.0
    return max(0.0, min(a1, b1) - max(a0, b0)) / longest
