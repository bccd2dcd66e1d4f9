"""Findings of parts, arms, tasks and slices -> one: all of them, one, or so many of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np

from claimbench import stats
from claimbench.claims.types import Finding, Leaf
from claimbench.types import Claim, Reading, Reason, VerdictStatus

P_SLACK = 1e-9
"""p by inversion is bisected; a verdict on the edge must not flip over its last digit."""

SAME_P = 1e-12
"""Below it p-values tell nothing apart: bisection ends there."""


def holm_steps(raw: Sequence[float], alphas: Sequence[float]) -> list[tuple[float, float]]:
    """Return for each p Holm's adjusted p, and by how much its level is divided.

    Step-down: the smallest p is tested at alpha / m, the next at alpha / (m - 1), and so on; from
    the first that is not below its level on, all are undecided at that level.
    """
    adjusted = stats.holm(raw)[0]
    found = [(0.0, 0.0)] * len(raw)
    failed_at: float | None = None
    for rank, k in enumerate(sorted(range(len(raw)), key=raw.__getitem__)):
        left = float(len(raw) - rank)
        if failed_at is None and float(adjusted[k]) > alphas[k] + P_SLACK:
            failed_at = left
        found[k] = float(adjusted[k]), left if failed_at is None else failed_at
    return found


def versus(leaf: Leaf) -> str:
    """Name a pair of arms, or one arm."""
    return f"{leaf.ours} against {leaf.theirs}" if leaf.theirs else leaf.ours


def distinct_reasons(found: Iterable[Reading | Finding]) -> tuple[Reason, ...]:
    """Return all reasons once, in the order in which they were first given."""
    distinct: dict[Reason, None] = {}
    for one in found:
        distinct.update(dict.fromkeys(one.reasons))
    return tuple(distinct)


def all_of(findings: Sequence[Finding], alpha: float) -> Finding:
    """Combine parts that must all hold: supported if all are, refuted if one is.

    Support needs no adjustment; a refutation pays for the parts by Holm.
    """
    if len(findings) == 1:
        return findings[0]
    merged = _merged(findings)
    refuted = _decided(findings, "refuted", alpha)
    if refuted:
        p_first, first = min(refuted, key=_first)
        return replace(
            merged,
            status="refuted",
            p=p_first,
            headline=_name(first, first.headline),
            window=first.window,
            reasons=first.reasons,
        )
    unlike = [f for f in findings if f.status == "not_comparable"]
    if unlike:
        return replace(merged, status="not_comparable", p=None, reasons=distinct_reasons(unlike))
    p = max((f.p for f in findings if f.p is not None), default=None)
    if all(f.status == "supported" for f in findings):
        weakest = max(findings, key=_weakness)
        return replace(
            merged,
            status="supported",
            p=p,
            headline=_name(weakest, weakest.headline),
            qualifier=_common([f.qualifier for f in findings]),
            reasons=(),
            window=_windows(findings),
        )
    undecided = [f for f in findings if f.status == "inconclusive"]
    reasons = distinct_reasons(undecided)
    if any(f.status == "refuted" for f in findings):
        reasons = (*reasons, Reason("multiplicity_parts"))
    shown = undecided[0] if undecided else findings[0]
    return replace(
        merged, status="inconclusive", p=p, headline=_name(shown, shown.headline), reasons=reasons
    )


def any_of(findings: Sequence[Finding], alpha: float, *, share: bool = False) -> Finding:
    """Combine parts of which one is enough: supported if one is, refuted if all are.

    Support pays for all parts by Holm. ``share``: say in how many of them it holds ("sometimes",
    "up to").
    """
    merged = _merged(findings)
    compared = [f for f in findings if f.status != "not_comparable"]
    if not compared:
        reasons = distinct_reasons(findings)
        return replace(merged, status="not_comparable", p=None, reasons=reasons)
    holds = _decided(compared, "supported", alpha)
    qualifier = f"holds in {len(holds)} of {len(findings)}" if share else ""
    if holds:
        p, best = min(holds, key=_first)
        winners = ", ".join(finding.title for _, finding in holds)
        return replace(
            merged,
            status="supported",
            p=p,
            headline=_name(best, best.headline),
            qualifier=f"{qualifier}: {winners}" if share else best.qualifier,
            reasons=(),
            window=_windows([finding for _, finding in holds]),
        )
    if all(f.status == "refuted" for f in findings):
        worst = max(findings, key=_weakness)
        return replace(
            merged,
            status="refuted",
            p=worst.p,
            headline=_name(worst, worst.headline),
            qualifier=qualifier,
            reasons=worst.reasons,
            window=_windows(findings),
        )
    undecided = [f for f in compared if f.status == "inconclusive"]
    reasons = distinct_reasons(undecided)
    if any(f.status == "supported" for f in compared):
        reasons = (*reasons, Reason("multiplicity_parts"))
    if len(compared) < len(findings):
        reasons = (*reasons, Reason("some_not_comparable"))
    return replace(
        merged,
        status="inconclusive",
        p=max((f.p for f in compared if f.p is not None), default=None),
        headline=_name(undecided[0], undecided[0].headline) if undecided else None,
        qualifier=qualifier,
        reasons=reasons,
    )


def count_of(findings: Sequence[Finding], alpha: float, needed: int) -> Finding:
    """Combine tasks of which ``needed`` must hold, each decided under Holm over all of them.

    Supported if so many are, refuted if so many are refuted that the rest are too few. All of them
    needed: as :func:`all_of`, where support pays nothing.
    """
    merged = _merged(findings)
    holds = _decided(findings, "supported", alpha)
    fails = _decided(findings, "refuted", alpha)
    said = f"holds in {len(holds)} of {len(findings)}"
    if needed == len(findings):
        return replace(all_of(findings, alpha), qualifier=said if len(findings) > 1 else "")
    if len(holds) >= needed:
        p, last = sorted(holds, key=_first)[needed - 1]
        winners = ", ".join(finding.title for _, finding in holds)
        return replace(
            merged,
            status="supported",
            p=p,
            headline=_name(last, last.headline),
            qualifier=f"{said}: {winners}",
            window=_windows([finding for _, finding in holds]),
        )
    spare = len(findings) - needed
    if len(fails) > spare:
        p, last = sorted(fails, key=_first)[spare]
        return replace(
            merged,
            status="refuted",
            p=p,
            headline=_name(last, last.headline),
            qualifier=said,
            reasons=last.reasons,
            window=_windows([finding for _, finding in fails]),
        )
    rest = [f for f in findings if f.status in {"inconclusive", "not_comparable"}]
    reasons = distinct_reasons(rest) or (Reason("multiplicity_parts"),)
    return replace(
        merged,
        status="inconclusive",
        p=max((f.p for f in findings if f.p is not None), default=None),
        headline=_name(rest[0], rest[0].headline) if rest else None,
        qualifier=said,
        reasons=reasons,
    )


def _decided(
    findings: Sequence[Finding], status: VerdictStatus, alpha: float
) -> list[tuple[float, Finding]]:
    """Return (Holm's p, finding) of those with ``status`` that stay so after Holm over all."""
    values = [1.0 if f.p is None else f.p for f in findings]
    decided: list[tuple[float, Finding]] = []
    for finding, p in zip(findings, stats.holm(values)[0], strict=True):
        if finding.status == status and p <= alpha + P_SLACK:
            decided.append((float(p), finding))
    return decided


def _first(pair: tuple[float, Finding]) -> float:
    return pair[0]


def _weakness(finding: Finding) -> tuple[float, float, float]:
    """Return a key that is largest for the finding that came nearest to its threshold.

    By p; where p-values are too small to differ, by the distance in half-widths of the interval,
    then in parts of the threshold.
    """
    p = 0.0 if finding.p is None else finding.p
    far, apart = math.inf, math.inf
    head = next((r for r in finding.readings if r.name == finding.headline), None)
    if head is not None and head.estimate is not None and head.threshold is not None:
        found, edge = head.estimate, head.threshold
        if found.value is not None and found.low is not None and found.high is not None:
            gap = abs(found.value - edge)
            half = found.value - found.low if edge < found.value else found.high - found.value
            far = gap / half if half > 0 else math.inf
            apart = gap / abs(edge) if edge else gap
    return max(p, SAME_P), -far, -apart


def _name(finding: Finding, name: str | None) -> str | None:
    return None if name is None else f"{finding.title}: {name}"


def _common(qualifiers: Sequence[str]) -> str:
    return qualifiers[0] if len(set(qualifiers)) == 1 else ""


def _windows(findings: Sequence[Finding]) -> str:
    """Return the times that the findings speak of, each once; empty where all speak of all."""
    return "; ".join(dict.fromkeys(f.window for f in findings if f.window))


def _merged(findings: Sequence[Finding]) -> Finding:
    """Return all readings, each under the title of its part, and the flags of all."""
    readings: list[Reading] = []
    flags: dict[Reason, None] = {}
    for finding in findings:
        readings += [replace(r, name=f"{finding.title}: {r.name}") for r in finding.readings]
        flags.update(dict.fromkeys(finding.flags))
    return Finding("inconclusive", None, tuple(readings), flags=tuple(flags))


def combine(
    claim: Claim,
    where: Callable[[], Sequence[tuple[str, np.ndarray]]],
    mask: np.ndarray,
    decide_one: Callable[[Leaf], Finding],
    alpha: float,
) -> Finding:
    """Decide a simple claim over its arms and slices.

    Several treatments must all satisfy it, against every baseline; "up to" and "sometimes" need one
    slice that does, "on every task" all tasks and "in 4 of 5 tasks" so many.
    """
    rivals: Sequence[str | None] = claim.baselines or (None,)

    def everywhere(chosen: np.ndarray, name: str) -> Finding:
        """Decide on the chosen items; ``name`` says which, empty for all of the claim's."""
        leaves = [
            Leaf(claim, ours, theirs, chosen, name)
            for ours in claim.treatments
            for theirs in rivals
        ]
        parts = [decide_one(leaf) for leaf in leaves]
        if len(parts) > 1:
            parts = [
                replace(part, title=versus(leaf)) for leaf, part in zip(leaves, parts, strict=True)
            ]
        # Not the best: one rival is enough that it does not beat.
        denied = claim.negated and claim.modifier == "best"
        combined = any_of(parts, alpha) if denied and len(parts) > 1 else all_of(parts, alpha)
        if name:  # a second opinion on one of several tasks is none on the claim
            alone = tuple(replace(r, second_opinion=None) for r in combined.readings)
            combined = replace(combined, readings=alone)
        return replace(combined, title=name or parts[0].title)

    if claim.modifier in {"every", "count"}:
        tasks = [(name, chosen & mask) for name, chosen in where()]
        parts = [everywhere(chosen, f"for {name}") for name, chosen in tasks if chosen.any()]
        if not parts:
            parts = [everywhere(mask, "for the only task")]
        needed = len(parts) if claim.count is None else claim.count[0]
        return count_of(parts, alpha, needed)
    if claim.modifier in {"up_to", "sometimes"}:
        slices = [(name, chosen & mask) for name, chosen in where()]
        found = [everywhere(chosen, f"for {name}") for name, chosen in slices]
        if not found:
            return Finding(
                "not_comparable",
                None,
                reasons=(Reason("no_slices", "the suite declares no tasks or slices"),),
            )
        return any_of(found, alpha, share=True)
    return everywhere(mask, "")
