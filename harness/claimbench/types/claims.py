"""Claims, their readings, looks and verdicts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from claimbench.types.base import Json

VerdictStatus = Literal["supported", "refuted", "inconclusive", "not_comparable"]


@dataclass(frozen=True, slots=True)
class Reason:
    """Name a reason or flag by its code, with the detail of this case.

    ``str(reason)`` is the text that every file and table shows: ``code: detail``, or the code alone
    where there is no detail. Compare ``code``, never the text.
    """

    code: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}" if self.detail else self.code


def reason_codes(reasons: Iterable[Reason]) -> frozenset[str]:
    """Return the codes of reasons or flags, without their details."""
    return frozenset(reason.code for reason in reasons)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its interval; ``low``/``high`` may be infinite, and are None with
    ``why_no_interval``.
    """

    value: float | None
    low: float | None
    high: float | None
    level: float
    method: str
    n: int
    n_clusters: int
    n_eff: float | None = None
    df: float | None = None
    seed: int | None = None
    why_no_interval: str | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim, parsed: see ``claims.parse_claim``."""

    id: str
    text: str
    source: str | None
    kind: str
    metric: str
    treatments: tuple[str, ...]
    baselines: tuple[str, ...]
    relation: str
    threshold: float | None
    quoted_precision: float | None = None
    modifier: str | None = None
    task: str | None = None
    slice: tuple[str, str] | None = None
    quantile: float | None = None
    population: Literal["super", "fixed"] = "super"
    reading: str | None = None
    parts: tuple[Claim, ...] = ()
    margin: float = 0.03
    alpha: float = 0.05
    declared: Literal["before", "after"] = "before"
    note: str | None = None


@dataclass(frozen=True, slots=True)
class SecondOpinion:
    """Hold what a paired beta model (Jeffreys' prior) makes of few items; it decides nothing.

    ``probability`` is that of the statement ``that``; ``better_by_margin`` that the treatment is
    more accurate by at least ``margin`` (a share: .03 is 3 points). ``n``: the items it rests on.
    """

    probability: float
    that: str
    better_by_margin: float
    margin: float
    n: int


@dataclass(frozen=True, slots=True)
class Reading:
    """One testable meaning of a claim, tested."""

    name: str
    estimate: Estimate | None
    threshold: float | None
    tolerance: float | None
    direction: Literal[">=", "<=", ">", "<", "within"] | None
    status: VerdictStatus | Literal["n/a"]
    p: float | None = None
    p_holm: float | None = None
    delta_star: float | None = None
    n_more: tuple[float, float] | None = None
    dollars_more: tuple[float, float] | None = None
    hours_more: tuple[float, float] | None = None
    flip_points: Mapping[str, float] = field(default_factory=dict)
    sensitivity: Mapping[str, str] = field(default_factory=dict)
    infeasible: bool = False
    price_ids: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()
    sentence: str = ""
    second_opinion: SecondOpinion | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """One interim look of a run that may stop when decided; stored, so that resume keeps the looks
    already used.
    """

    run_id: str
    k: int
    looks_planned: int
    items: int
    clusters: int
    repeated_p: Mapping[str, float]
    decision: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Say what the data show of a claim; ``headline`` names the reading that decides, if any."""

    claim: Claim
    status: VerdictStatus
    headline: str | None
    qualifier: str
    readings: tuple[Reading, ...]
    flags: tuple[Reason, ...]
    reasons: tuple[Reason, ...]
    sentence: str = ""
    projected: Mapping[str, Json] = field(default_factory=dict)
    parts: tuple[Verdict, ...] = ()
