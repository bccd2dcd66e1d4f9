"""What a suite declares of the choice that its run is for: the incumbent, requirements and
criteria.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from claimbench.types.base import Json


@dataclass(frozen=True, slots=True)
class Attestation:
    """What somebody attests of an arm: in words, with its date and the hash of a file that shows
    it. ``until``: the day on which it ends, if it does.
    """

    text: str
    dated: str
    file: str | None = None
    sha256: str | None = None
    until: str | None = None


@dataclass(frozen=True, slots=True)
class Requirement:
    """A gate: an arm that misses it is out, one that leaves it open is not chosen.

    Exactly one of: ``claim`` (a sentence about the arm, without its name, with ``raw`` structured
    fields beside it), ``fact`` (a name of :data:`FACTS`, or one that ``facts`` states) with the
    values that are ``accepted``, or ``attested`` by arm.
    """

    name: str
    claim: str | None = None
    raw: Mapping[str, Json] = field(default_factory=dict)
    fact: str | None = None
    accepted: tuple[str, ...] = ()
    attested: Mapping[str, Attestation] = field(default_factory=dict)
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Criterion:
    """One thing that counts among the arms that meet every requirement.

    Its value is 0 at ``worst`` and below, 1 at ``best`` and above, and linear between.
    """

    name: str
    weight: float
    metric: str
    worst: float
    best: float
    task: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class DecisionSpec:
    """The choice that a run is for. ``facts``: what the suite states of its arms, by arm and
    name.
    """

    incumbent: str | None = None
    requirements: tuple[Requirement, ...] = ()
    criteria: tuple[Criterion, ...] = ()
    facts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
