"""Claims about adoption: read where the suite has snapshots that they can be decided by."""

from __future__ import annotations

from claimbench.claims.beside.asked import claim_of
from claimbench.claims.fields import Declared, bare_claim
from claimbench.claims.language.adoption.read import (
    Impossible,
    is_about_adoption,
    read_adoption,
)
from claimbench.errors import ClaimError
from claimbench.suite.adoption.families import read_families
from claimbench.suite.adoption.kept import adoption_of
from claimbench.types import Claim, ClaimSpec, Suite
from claimbench.types.adoption import Adoption


def decided_without_arms(suite: Suite) -> bool:
    """Tell whether a suite has a claim that its snapshots decide, so that a run of no arm makes
    sense.
    """
    claims = (adoption_claim(suite, spec, "before") for spec in suite.claims)
    return any(claim is not None for claim in claims)


def adoption_claim(suite: Suite, spec: ClaimSpec, declared: Declared) -> Claim | None:
    """Return a claim about adoption, or None: the suite has no snapshots, or the sentence is about
    something else.

    Raises:
        ClaimError: a name that nobody knows, with file and line.
    """
    adoption = adoption_of(suite)
    if adoption is None:
        return None
    claim = _adoption_claim(suite, adoption, spec, declared)
    if claim is None and not suite.arms:
        where = f"{suite.path}:{spec.line}: " if suite.path and spec.line else ""
        raise ClaimError(
            f"{where}claim {spec.id!r} is none that snapshots decide: the suite measures nothing",
            hint="add tasks: and arms: to the suite, or see docs/adoption.md for what is read",
        )
    return claim


def _adoption_claim(
    suite: Suite, adoption: Adoption, spec: ClaimSpec, declared: Declared
) -> Claim | None:
    if not is_about_adoption(spec.text):
        return None
    names = {model.id for one in adoption.snapshots for model in one.models}
    try:
        ask = read_adoption(spec.text, adoption.families, names)
    except ClaimError as error:
        where = f"{suite.path}:{spec.line}: " if suite.path and spec.line else ""
        raise ClaimError(f"{where}claim {spec.id!r}: {error.message}", hint=error.hint) from None
    if ask is None:
        return None
    fields = sorted(set(spec.raw) - {"margin"})
    if fields:
        where = f"{suite.path}:{spec.line}: " if suite.path and spec.line else ""
        raise ClaimError(
            f"{where}claim {spec.id!r}: `{fields[0]}` has no meaning for a claim about adoption"
        )
    base = bare_claim(spec, (), suite.margin, suite.alpha, suite.population, declared)
    return claim_of(base, ask)


_KEEP = (
    "keep one with `bench adoption fetch` or `bench adoption add FILE --source URL --date DAY`,"
    " name it in the suite (adoption: {snapshots: [FILE]}), then `bench adoption check`"
)


def evidence_note(text: str, needed: str) -> str:
    """Say what evidence a sentence needs that no run can judge: of downloads and lists also how to
    come by it, and where it cannot be true as stated, that.
    """
    note = f"needed: {needed}"
    if not is_about_adoption(text):
        return note
    try:
        if read_adoption(text, read_families(), ()) is None:
            return note
    except Impossible as error:
        said = error.message.rpartition(": ")[2]
        return f"it cannot be true as stated: {said}; correct the sentence. {note}"
    except ClaimError:
        pass  # a name that a snapshot may hold
    return f"{note}; {_KEEP}"
