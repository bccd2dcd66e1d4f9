"""Arms of another run in a claim: ``baseline:NAME`` is the arm NAME as the baseline measured it.

Such an arm exists in the sentence that names it and nowhere else, so that "every other arm" and
"the open models" mean the arms of the run, as ever.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from claimbench.types import Arm, Claim, ClaimSpec

BASELINE = "baseline:"


def baseline_arm(name: str) -> str:
    """Return what claims call an arm of the baseline."""
    return BASELINE + name


def named_baselines(spec: ClaimSpec, arms: Sequence[Arm]) -> tuple[Arm, ...]:
    """Return the arms of the baseline that a claim names, in its text or its fields.

    They answer to their whole name alone: not to the model's id, nor to a class of weights.
    """
    stated = [spec.raw.get(key) for key in ("arm", "than")]
    said: set[str] = set()
    for value in stated:
        said |= {value} if isinstance(value, str) else set(value or ())
    found: list[Arm] = []
    for arm in sorted(arms, key=lambda one: -len(one.name)):
        name = baseline_arm(arm.name)
        pattern = rf"(?i)(?<!\w){re.escape(name)}(?![\w-])"
        if name in said or re.search(pattern, spec.text):
            found.append(replace(arm, name=name, model=name, weights="unknown", lab=None))
    return tuple(found)


def names_baseline(claims: Iterable[Claim]) -> bool:
    """Tell whether any claim speaks of an arm of the baseline."""
    return bool(baselines_of(claims))


def baselines_of(claims: Iterable[Claim]) -> set[str]:
    """Return the arms of the baseline that claims speak of, as claims call them."""
    found: set[str] = set()
    for claim in claims:
        arms = (*claim.treatments, *claim.baselines)
        found |= {arm for arm in arms if arm.startswith(BASELINE)} | baselines_of(claim.parts)
    return found
