"""Requirements x arms: met, missed or open, each with its reason.

Requirements that are claims are decided so that an arm which misses one passes with probability at
most alpha, however many arms there are: an arm passes only if each of its claims is supported, so
that its p is the largest of theirs, and those of the arms form Holm's family (step-down: all arms
at alpha / m; those that pass leave the family, and the rest is tested again).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from claimbench.claims.beside.composed import refusals
from claimbench.claims.parse import parse_for
from claimbench.claims.turns.views import view_of
from claimbench.claims.verdicts import decide_claims
from claimbench.claims.wordings.sentences import SUFFIX
from claimbench.claims.words import explain_reason
from claimbench.decision.facts import Known, Unknown, fact_of, is_one_of
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


@dataclass(frozen=True, slots=True)
class OfItself:
    """A claim that compares an arm with itself ("as accurate as gpt", of gpt). ``holds``: whether
    that can be: nothing is as good as itself and better at once.
    """

    holds: bool


def claims_of(suite: Suite, spec: DecisionSpec) -> dict[tuple[str, str], Claim | OfItself]:
    """Parse the claims of all requirements, one per requirement and arm.

    Raises:
        ClaimError: with the line of the first that cannot be read, or that names the arm which it
            is about: it is asked of every arm.
    """
    claims: dict[tuple[str, str], Claim | OfItself] = {}
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
        rivals: set[str] = set()
        for name, claim in found.items():
            rivals |= _others(claim, name)
        for name, fault in errors.items():
            if name not in rivals:
                raise fault
        _refuse_names(requirement, suite, rivals)
        holds = all(holds_of_itself(claim) for claim in found.values())
        for arm in suite.arms:
            claims[requirement.name, arm.name] = found.get(arm.name) or OfItself(holds)
    return claims


def _others(claim: Claim, arm: str) -> set[str]:
    """Return the arms that a claim holds ``arm`` against."""
    named = {_measured(name) for name in (*claim.treatments, *claim.baselines)}
    for part in claim.parts:
        named |= _others(part, arm)
    return named - {arm}


def _measured(name: str) -> str:
    """Return the arm that a name means: of a turn, and of all wordings, the arm itself."""
    view = view_of(name)
    return name.removesuffix(SUFFIX) if view is None else view.arm


def _refuse_names(requirement: Requirement, suite: Suite, rivals: set[str]) -> None:
    text = requirement.claim or ""
    for arm in suite.arms:
        said = re.search(rf"(?<![\w-]){re.escape(arm.name)}(?![\w-])", text, re.IGNORECASE)
        if said and arm.name not in rivals:
            raise ClaimError(
                f"{suite.path}:{requirement.line}: requirement {requirement.name!r} names the arm"
                f" {arm.name!r} that it is about, but is asked of every arm",
                hint="write the sentence without its name, for example: at least 60% accurate",
            )


def holds_of_itself(claim: Claim) -> bool:
    """Tell whether a comparison holds of an arm and itself: "as accurate as" does, "cheaper than"
    does not.
    """
    if claim.parts:
        return all(holds_of_itself(part) for part in claim.parts)
    if claim.negated:
        return claim.relation in ("more", "less", "more_by", "less_by")
    if claim.relation in ("as", "near", "caught_up"):
        return not claim.strict
    if claim.relation == "share":
        return claim.bound == "min" and (claim.threshold or 0.0) <= 1
    if claim.relation in ("more_by", "less_by", "times_more", "times_less"):
        return claim.bound == "max"
    return False


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
    return parse_for(suite, spec)


def gates(
    evaluation: Evaluation,
    spec: DecisionSpec,
    *,
    known: Known | None = None,
    today: str | None = None,
) -> tuple[Cell, ...]:
    """Return every requirement of every arm, in the order of the suite; ``today`` as in
    :func:`claimbench.decision.choose.decide`.
    """
    suite = evaluation.stored.suite
    fixed: dict[tuple[str, str], Cell] = {}
    for requirement in spec.requirements:
        if requirement.claim is None:
            for arm in suite.arms:
                cell = _fixed_cell(requirement, arm, evaluation, spec, known or {}, today or "")
                fixed[requirement.name, arm.name] = cell
    out = {arm for (_, arm), cell in fixed.items() if cell.state == "missed"}
    tested = [arm for arm in suite.arms if not why_apart(arm.name, evaluation)]
    by_claim = _claim_cells(evaluation, spec, tested, out)
    cells = []
    for requirement in spec.requirements:
        for arm in suite.arms:
            key = requirement.name, arm.name
            unknown = Cell(*key, "open", f"not judged: {why_apart(arm.name, evaluation)}")
            cells.append(fixed.get(key) or by_claim.get(key) or unknown)
    return tuple(cells)


def why_apart(arm: str, evaluation: Evaluation) -> str:
    """Say why nothing is decided of an arm: it finished no call, or it is a route that no verdict
    rests on; empty where something is.
    """
    route = evaluation.context.routes.get(arm)
    refused = () if route is None else refusals(route, evaluation.context.allow)
    if refused:
        return f"no verdict rests on it: {explain_reason(refused[0])}"
    rows = evaluation.items.arms.get(arm)
    if rows is None or not rows.n_finished.sum():
        return evaluation.stored.manifest.arms_not_run.get(arm, "no call was finished")
    return ""


def _fixed_cell(
    requirement: Requirement,
    arm: Arm,
    evaluation: Evaluation,
    spec: DecisionSpec,
    known: Known,
    today: str,
) -> Cell:
    """Decide a requirement that no measurement decides: a fact or an attestation."""
    name = requirement.name
    if requirement.fact is not None:
        fact = fact_of(requirement.fact, arm, evaluation, spec, known)
        if isinstance(fact, Unknown):
            seen = f" ({fact.why})" if fact.why else ""
            why = f"{requirement.fact} is not known{seen}: state it under decision: facts:"
            return Cell(name, arm.name, "open", f"{why} {arm.name}:")
        said = f"{requirement.fact}: {', '.join(fact.values)} ({fact.source})"
        met = all(is_one_of(value, requirement.accepted) for value in fact.values)
        return Cell(name, arm.name, "met" if met else "missed", said)
    attested = requirement.attested.get(arm.name)
    if attested is None:
        return Cell(name, arm.name, "open", "nothing is attested")
    said = f"{attested.text}, attested {attested.dated}"
    if attested.sha256 is not None:
        said += f" ({attested.file}, sha256 {attested.sha256[:12]})"
    if attested.until is None:
        return Cell(name, arm.name, "met", said)
    day = max(evaluation.stored.manifest.created_utc[:10], today)
    if attested.until < day:
        return Cell(name, arm.name, "open", f"{said}: it ended on {attested.until}")
    return Cell(name, arm.name, "met", f"{said}, until {attested.until}")


def _claim_cells(
    evaluation: Evaluation,
    spec: DecisionSpec,
    tested: Sequence[Arm],
    out: set[str],
) -> dict[tuple[str, str], Cell]:
    """Decide the requirements that are claims, step-down over the arms."""
    suite = evaluation.stored.suite
    asked: dict[str, list[tuple[str, Claim]]] = {arm.name: [] for arm in tested}
    cells: dict[tuple[str, str], Cell] = {}
    parsed = claims_of(suite, spec)
    for requirement in spec.requirements:
        for arm in tested if requirement.claim is not None else ():
            claim = parsed[requirement.name, arm.name]
            if isinstance(claim, OfItself):
                why = "it is what the others are compared with"
                state: State = "met" if claim.holds else "missed"
                if not claim.holds:
                    why += ", and nothing is ahead of itself"
                cells[requirement.name, arm.name] = Cell(requirement.name, arm.name, state, why)
            else:
                asked[arm.name].append((requirement.name, claim))
    if evaluation.context.look is not None:
        # Stopped early: the looks' level holds, and all claims are one family
        return cells | _at_look(asked, evaluation)
    left = [name for name, claims in asked.items() if claims and name not in out]
    for name in out & set(asked):
        cells |= _cells(name, asked[name], evaluation, suite.alpha / max(len(left), 1))
    while left:
        alpha = suite.alpha / len(left)
        passed = []
        for name in left:
            found = _cells(name, asked[name], evaluation, alpha)
            cells |= found
            if all(cell.state == "met" for cell in found.values()):
                passed.append(name)
        if not passed:
            break
        left = [name for name in left if name not in passed]
    return cells


def _cells(
    arm: str, asked: Sequence[tuple[str, Claim]], evaluation: Evaluation, alpha: float
) -> dict[tuple[str, str], Cell]:
    cells = {}
    for requirement, claim in asked:
        claims = [replace(claim, alpha=alpha)]
        verdict = decide_claims(claims, evaluation.items, evaluation.calls, evaluation.context)[0]
        cells[requirement, arm] = _cell(requirement, arm, verdict, 1 - alpha)
    return cells


def _at_look(
    asked: Mapping[str, Sequence[tuple[str, Claim]]], evaluation: Evaluation
) -> dict[tuple[str, str], Cell]:
    pairs = [(arm, *pair) for arm, claims in asked.items() for pair in claims]
    claims = [claim for _, _, claim in pairs]
    verdicts = decide_claims(claims, evaluation.items, evaluation.calls, evaluation.context)
    cells = {}
    for (arm, requirement, claim), verdict in zip(pairs, verdicts, strict=True):
        cells[requirement, arm] = _cell(requirement, arm, verdict, 1 - claim.alpha)
    return cells


def _cell(requirement: str, arm: str, verdict: Verdict, level: float) -> Cell:
    state = _STATE_OF.get(verdict.status, "open")
    return Cell(requirement, arm, state, verdict.sentence, verdict, level)
