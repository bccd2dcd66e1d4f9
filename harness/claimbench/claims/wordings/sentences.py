"""Sentences about all wordings of a prompt: "as accurate as X over all wordings"."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from claimbench.claims.fields import ABSOLUTE, MIRRORED, names_in, renamed
from claimbench.errors import ClaimError
from claimbench.types import Arm, Claim, ClaimSpec

SUFFIX = "/wordings"
"""Ends the name of an arm over all wordings of its prompt; no arm's own name holds a slash."""
_WORDS = r"(?:prompt )?(?:wordings|phrasings|prompts|templates)"
_ALL = r"(?:all|every|all of|both)(?: (?:of )?(?:the|its|their))?"
_WHATEVER = r"(?:whatever|regardless of|independent of) the (?:prompt|wording|phrasing|template)"
_EACH = rf"(?:on average over|over|across|for|under|with) {_ALL} {_WORDS}"
_OVER = re.compile(rf",? ?\b(?:{_EACH}|{_WHATEVER})(?![\w-])", re.IGNORECASE)
_POINTS = frozenset({"more", "as", "caught_up", "near"})
"""Relations of two accuracies that are read in points alone."""


def wordings_claim(
    base: Claim, spec: ClaimSpec, arms: Sequence[Arm], rest: Callable[..., Claim]
) -> Claim | None:
    """Read a claim over all wordings; None where the text is not one.

    Raises:
        ClaimError: it is no claim about accuracy in points, or an arm has one wording alone.
    """
    found = list(_OVER.finditer(spec.text))
    if len(found) != 1:
        return None
    text = f"{spec.text[: found[0].start()]} {spec.text[found[0].end() :]}"
    clean = re.sub(r"\s+", " ", text).strip(" ,.")
    try:
        made = rest(replace(spec, text=clean, line=None), arms=arms)
    except ClaimError as error:
        said = error.message.removeprefix(f"claim {spec.id!r}: ")
        raise ClaimError(said, hint=error.hint) from None
    for one in made.parts or (made,):
        _check(one, arms)
    names = {name: (name + SUFFIX,) for name in names_in(made)}
    return replace(renamed(made, names), text=base.text)


def _check(claim: Claim, arms: Sequence[Arm]) -> None:
    in_points = claim.relation in {*ABSOLUTE, *_POINTS} or claim.reading == "points"
    if claim.kind != "accuracy" or claim.metric in MIRRORED or not in_points or claim.parts:
        raise ClaimError(
            "over all wordings only accuracy is judged: as, more, at least, or in points",
            hint='for example "as accurate as X over all wordings"',
        )
    if not arms:
        return
    sides = [wordings_of(name, arms) for name in (*claim.treatments, *claim.baselines)]
    shared = set.intersection(*(set(side) for side in sides))
    if len(shared) < 2:
        names = " and ".join((*claim.treatments, *claim.baselines))
        raise ClaimError(
            f"{names} {'share' if len(sides) > 1 else 'has'} one wording alone",
            hint="state others: variants: [{of: NAME, prompt: {formal: [...]}}] (docs/suites.md)",
        )


def wordings_of(name: str, arms: Sequence[Arm]) -> Mapping[str, str]:
    """Return the wordings of an arm: name of the wording (empty: the task's own) -> arm."""
    found = {"": name}
    for arm in arms:
        variant = arm.variant
        if variant is not None and variant.base == name and set(variant.factors) == {"prompt"}:
            found[str(variant.factors["prompt"])] = arm.name
    return found
