"""Requirements x arms: met, missed or open, each with its reason.

Requirements that are claims are decided so that an arm which misses one passes with probability at
most alpha, however many arms there are: an arm passes only if each of its claims is supported, so
that its p is the largest of theirs, and those of the arms form Holm's family (step-down: all arms
at alpha / m; those that pass leave the family, and the rest is tested again).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from claimbench.claims.parse import parse_claim
from claimbench.claims.verdicts import decide_claims
from claimbench.decision.facts import Known, fact_of, is_one_of
from claimbench.errors import ClaimError
from claimbench.evaluation.evaluate import Evaluation
from claimbench.types import Arm, Claim, ClaimSpec, DecisionSpec, Requirement, Suite, Verdict

State = Literal["met", "missed", "open"]
_STATE_OF: Mapping[str, State] = {"supported": "met", "refuted": "missed"}


@dataclass(frozen=True, slots=True)
class Cell:
    """One requirement of one arm. ``level``: the confidence at which its claim was decided."""

    requirement: str
    arm: str
    state: State
    why: str
    verdict: Verdict | None = None
    level: float | None = None


def claims_of(suite: Suite, spec: DecisionSpec) -> dict[tuple[str, str], Claim | None]:
    """Parse the claims of all requirements, one per requirement and arm; None where a claim
    compares an arm with itself ("as accurate as gpt", of gpt).

    Raises:
        ClaimError: with the line of the first that cannot be read.
    """
    claims: dict[tuple[str, str], Claim | None] = {}
    for requirement in spec.requirements:
        if requirement.claim is None:
            continue
        found: dict[str, Claim] = {}
        errors: dict[str, ClaimError] = {}
        for arm in suite.arms:
            try:
                found[arm.name] = _claim(requirement, arm, suite)
            except ClaimError as error:
                errors[arm.name] = error
        rivals = {name for claim in found.values() for name in claim.baselines}
        for name, fault in errors.items():
            if name not in rivals:
                raise fault
        for arm in suite.arms:
            claims[requirement.name, arm.name] = found.get(arm.name)
    return claims


def check_decision(suite: Suite) -> None:
    """Raise ClaimError if a requirement of the suite cannot be read."""
    if suite.decision is not None:
        claims_of(suite, suite.decision)


def _claim(requirement: Requirement, arm: Arm, suite: Suite) -> Claim:
    spec = ClaimSpec(
        id=f"{requirement.name} ({arm.name})",
        text=requirement.claim or "",
        source=None,
        raw={"arm": arm.name, **requirement.raw},
        line=requirement.line,
    )
    claim = parse_claim(
        spec,
        suite.arms,
        suite.tasks,
        margin=suite.margin,
        alpha=suite.alpha,
        population=suite.population,
        path=suite.path,
    )
    if arm.name in claim.baselines:
        raise ClaimError(
            f"{suite.path}:{requirement.line}: requirement {requirement.name!r} compares"
            f" {arm.name} with itself"
        )
    return claim


def gates(
    evaluation: Evaluation,
    spec: DecisionSpec,
    *,
    known: Known | None = None,
) -> tuple[Cell, ...]:
    """Return every requirement of every arm, in the order of the suite."""
    suite = evaluation.stored.suite
    fixed: dict[tuple[str, str], Cell] = {}
    for requirement in spec.requirements:
        if requirement.claim is None:
            for arm in suite.arms:
                cell = _fixed_cell(requirement, arm, evaluation, spec, known or {})
                fixed[requirement.name, arm.name] = cell
    out = {arm for (_, arm), cell in fixed.items() if cell.state == "missed"}
    tested = [arm for arm in suite.arms if _was_run(arm, evaluation)]
    by_claim = _claim_cells(evaluation, spec, tested, out)
    cells = []
    for requirement in spec.requirements:
        for arm in suite.arms:
            key = requirement.name, arm.name
            why = evaluation.stored.manifest.arms_not_run.get(arm.name, "no call was finished")
            unknown = Cell(*key, "open", f"not run: {why}")
            cells.append(fixed.get(key) or by_claim.get(key) or unknown)
    return tuple(cells)


def _was_run(arm: Arm, evaluation: Evaluation) -> bool:
    rows = evaluation.items.arms.get(arm.name)
    return rows is not None and bool(rows.n_finished.sum())


def _fixed_cell(
    requirement: Requirement,
    arm: Arm,
    evaluation: Evaluation,
    spec: DecisionSpec,
    known: Known,
) -> Cell:
    """Decide a requirement that no measurement decides: a fact or an attestation."""
    name = requirement.name
    if requirement.fact is not None:
        fact = fact_of(requirement.fact, arm, evaluation.stored, spec, known)
        if fact is None:
            why = f"{requirement.fact} is not known: state it under decision: facts: {arm.name}:"
            return Cell(name, arm.name, "open", why)
        said = f"{requirement.fact}: {fact.value} ({fact.source})"
        met = is_one_of(fact.value, requirement.accepted)
        return Cell(name, arm.name, "met" if met else "missed", said)
    attested = requirement.attested.get(arm.name)
    if attested is None:
        return Cell(name, arm.name, "open", "nothing is attested")
    said = f"{attested.text}, attested {attested.dated}"
    if attested.sha256 is not None:
        said += f" ({attested.file}, sha256 {attested.sha256[:12]})"
    day = evaluation.stored.manifest.created_utc[:10]
    if attested.until is not None and attested.until < day:
        return Cell(name, arm.name, "open", f"{said}: it ended on {attested.until}")
    return Cell(name, arm.name, "met", said)


def _claim_cells(
    evaluation: Evaluation,
    spec: DecisionSpec,
    tested: Sequence[Arm],
    out: set[str],
) -> dict[tuple[str, str], Cell]:
    """Decide the requirements that are claims, step-down over the arms."""
    suite = evaluation.stored.suite
    asked: dict[str, list[tuple[Requirement, Claim]]] = {arm.name: [] for arm in tested}
    cells: dict[tuple[str, str], Cell] = {}
    parsed = claims_of(suite, spec)
    for requirement in spec.requirements:
        for arm in tested if requirement.claim is not None else ():
            claim = parsed[requirement.name, arm.name]
            if claim is None:
                why = "it is what the others are compared with"
                cells[requirement.name, arm.name] = Cell(requirement.name, arm.name, "met", why)
            else:
                asked[arm.name].append((requirement, claim))
    if evaluation.context.look is not None:
        # Stopped early: the looks' level holds, and all claims are one family
        return cells | _at_look(asked, evaluation)
    left = [name for name, claims in asked.items() if claims and name not in out]
    for name in out & set(asked):
        cells |= _cells(asked[name], evaluation, suite.alpha / max(len(left), 1))
    while left:
        alpha = suite.alpha / len(left)
        passed = []
        for name in left:
            found = _cells(asked[name], evaluation, alpha)
            cells |= found
            if all(cell.state == "met" for cell in found.values()):
                passed.append(name)
        if not passed:
            break
        left = [name for name in left if name not in passed]
    return cells


def _cells(
    asked: Sequence[tuple[Requirement, Claim]], evaluation: Evaluation, alpha: float
) -> dict[tuple[str, str], Cell]:
    cells = {}
    for requirement, claim in asked:
        claims = [replace(claim, alpha=alpha)]
        verdict = decide_claims(claims, evaluation.items, evaluation.calls, evaluation.context)[0]
        cell = _cell(requirement, verdict, 1 - alpha)
        cells[cell.requirement, cell.arm] = cell
    return cells


def _at_look(
    asked: Mapping[str, Sequence[tuple[Requirement, Claim]]], evaluation: Evaluation
) -> dict[tuple[str, str], Cell]:
    pairs = [pair for claims in asked.values() for pair in claims]
    claims = [claim for _, claim in pairs]
    verdicts = decide_claims(claims, evaluation.items, evaluation.calls, evaluation.context)
    cells = {}
    for (requirement, claim), verdict in zip(pairs, verdicts, strict=True):
        cell = _cell(requirement, verdict, 1 - claim.alpha)
        cells[cell.requirement, cell.arm] = cell
    return cells


def _cell(requirement: Requirement, verdict: Verdict, level: float) -> Cell:
    arm = verdict.claim.treatments[0]
    state = _STATE_OF.get(verdict.status, "open")
    return Cell(requirement.name, arm, state, verdict.sentence, verdict, level)
