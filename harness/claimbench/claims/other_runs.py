"""Arms of another run in a claim: ``baseline:NAME`` is the arm NAME as the baseline measured it.

Such an arm exists in the sentence that names it and nowhere else, so that "every other arm" and
"the open models" mean the arms of the run, as ever.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from claimbench.errors import ClaimError
from claimbench.types import Arm, Claim, ClaimSpec

BASELINE = "baseline:"
HOW = (
    'an arm of another run is written baseline:ARM, as in "cheaper than baseline:gpt", with'
    " `compare: {baseline: RUN}` in the suite or `bench check --baseline RUN` (docs/compare.md)"
)
"""What to write for "last month's"."""
_FILLER = re.compile(r"an?|the|in|on|at|of|from|for|its?|our|their|s|was|were|is|one|this|that")
_OTHER = re.compile(r"last|previous|prior|past|earlier|to|ever|then")
"""Words of a time that alone may be of a thing too: "the last", of several arms."""
_TIME = re.compile(
    r"before|ago|yesterday|previously|used|runs?|day|night|nightly|week|month|quarter|year|time"
    r"|(?:mon|tues|wednes|thurs|fri|satur|sun)day|january|february|march|april|may|june|july|august"
    r"|(?:septem|octo|novem|decem)ber|spring|summer|autumn|winter"
)
_SPEAKS_OF_TIME = re.compile(
    r"(?i)\b(?:last|previous\w*|prior|earlier|before|ago|yesterday|since|used to|baseline"
    r"|letzt\w*|vorig\w*|vorher\w*|zuvor|gestern|früher|bisher"
    r"|derni[eè]re?s?|précédent\w*|hier|avant|auparavant"
    r"|pasad[oa]s?|últim[oa]s?|anterior\w*|ayer|antes)\b|上个?[月周次年]|昨[天日晚]|之前|以前"
)


def speaks_of_time(text: str) -> bool:
    """Tell whether a text that was not understood may speak of another time, or of another run."""
    return _SPEAKS_OF_TIME.search(text) is not None


def refuse_times(
    names: Iterable[str], given: Mapping[str, tuple[str, ...]], known: Collection[str]
) -> None:
    """Refuse a time in the place of an arm: no arm of this run is "last month's", whatever ``arm:``
    and ``than:`` (``given``) say, unless that is an arm of the baseline.

    Raises:
        ClaimError: with how arms of another run are written.
    """
    if any(name.startswith(BASELINE) for side in given.values() for name in side):
        return
    for name in names:
        if name not in known and _is_time(name):
            raise ClaimError(f"{name!r} is another time or run, and no arm of this one", hint=HOW)


def _is_time(name: str) -> bool:
    """Tell whether a name that no arm has is a time, all of it: "last month's", "before"."""
    words = re.findall(r"[^\W\d_]+", name.casefold())
    words = [word for word in words if not _FILLER.fullmatch(word)]
    named = [word for word in words if _TIME.fullmatch(word)]
    return bool(named) and all(word in named or _OTHER.fullmatch(word) for word in words)


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
