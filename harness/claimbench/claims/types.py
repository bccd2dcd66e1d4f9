"""What the claim checker needs beside the tables, and the shapes its steps hand on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from claimbench.claims.facts.egress import Seen
from claimbench.claims.preference.pairs import Comparisons
from claimbench.claims.readings.runaways import Runaways
from claimbench.stats import Interval
from claimbench.tables.priced import Charges
from claimbench.tables.types import BoolArray, FloatArray, StrArray
from claimbench.types import Claim, Json, Look, Reading, Reason, Relation, VerdictStatus
from claimbench.types.adoption import Adoption

ACCURATE = ("accurate", "more accurate", "less accurate", "is right on {} of the items")
"""How a finding about accuracy is worded; see :class:`Question`."""
Span = tuple[float, float]
"""Both ends of an interval."""
IntervalAt = Callable[[float], Interval]
"""A false-positive rate alpha -> the interval of level 1 - alpha."""


@dataclass(frozen=True)
class ListPrice:
    """Published dollars per million tokens of one arm, for the reading "list price per token"."""

    input_usd: float
    output_usd: float
    price_id: str


@dataclass(frozen=True)
class HostRate:
    """Assumptions behind a local arm's dollars, for flip points.

    ``known``: whether its utilisation is stated, or follows from a stated volume; else it is 1.
    ``requests_per_hour``: what it served when busy; ``machine``: which machine it is.
    """

    usd_per_hour: float
    utilisation: float
    known: bool = True
    requests_per_hour: float | None = None
    machine: str = ""


@dataclass(frozen=True)
class ArmBill:
    """An arm's dollars at the stated volume, as functions of what was measured.

    ``value``: dollars per request (``rises``: the bill rises with it), or requests an hour of a
    machine. ``total(months, value)``: of the first months, one-off costs included; ``paid``: what
    is paid in them, machines when they are bought;
    ``month(value)``: of the first, without them. ``interval_at(alpha)``: of ``value``; None where
    there is none. ``open``: the lowest and the highest mean of ``value`` where some requests are
    known only within bounds; ``ends_at(alpha)``: the interval of each; None where all are known.
    ``level_at(alpha)``: the level that these intervals really have, at least ``1 - alpha``.
    ``once_per_request``: of the dollars that a request is shown with, its share of what the bill
    has among what comes once (training), and ``value`` has not.
    """

    value: float
    rises: bool
    total: Callable[[int, float], float]
    paid: Callable[[int, float], float]
    month: Callable[[float], float]
    interval_at: Callable[[float], tuple[float, float] | None]
    rests_on: str = ""
    open: tuple[float, float] | None = None
    ends_at: Callable[[float], tuple[Span, Span] | None] = lambda _alpha: None
    level_at: Callable[[float], float] = lambda alpha: 1 - alpha
    once_per_request: float = 0.0


@dataclass(frozen=True)
class RouteFacts:
    """What claims must know of an arm that was made from other arms' calls.

    ``said``: what it does, in words. ``unfair``: why no verdict can rest on it; ``knows``: the
    same, unless the suite allows it. ``widen``: by (accuracy or cost, rival; "" for none) how much
    wider an interval is when a fitted threshold's own noise is in it. ``asks``: questions about
    how it was made, which change no verdict. ``by_task``: tasks of which no
    verdict can rest on it, and why. ``asked``: the arms whose calls a request is made of, one for
    each call, of every kind of request that there is. ``checkers``: judges that are asked on the
    way.
    """

    parts: tuple[str, ...]
    said: str
    fitted: bool = False
    unfair: Reason | None = None
    knows: Reason | None = None
    widen: Mapping[tuple[str, str], float] = field(default_factory=dict)
    asks: str = ""
    by_task: Mapping[str, Reason] = field(default_factory=dict)
    asked: tuple[tuple[str, ...], ...] = ()
    checkers: tuple[str, ...] = ()

    def who_saw(self) -> tuple[str, ...]:
        """Return the arms and judges that some request was sent to, each once; where nobody knows,
        all that may be asked.
        """
        arms = [arm for calls in self.asked for arm in calls] or self.parts
        return tuple(dict.fromkeys([*arms, *self.checkers]))


@dataclass(frozen=True)
class Uncarried:
    """An arm whose calls of tools never came as calls: how many of its answers spell one in their
    text, of how many, and on which tasks.
    """

    spelled: int
    answers: int
    tasks: frozenset[str]


@dataclass(frozen=True)
class ClaimContext:
    """Everything :func:`claimbench.claims.verdicts.decide_claims` needs beside claims and tables.
    All mappings are by arm name.

    Attributes:
        profiles: comparability keys of each arm (see :mod:`claimbench.claims.gate`).
        allow: keys whose difference the suite accepts; printed in the verdict.
        arms_not_run: why an arm was not run.
        list_prices: published prices, for that reading, and for the largest bill of a request.
        max_tokens: by task, the longest answer that was asked for; absent = unknown.
        hosts: hourly price and utilisation of local arms.
        volume_stated: whether the suite states a volume.
        bills: of arms that have one at that volume; ``bills_unknown``: why others have none;
            ``bills_at_prices``: of all, without any vendor's word on what it charged.
        projections: claim id -> projected (never measured) figures, attached to
            ``arm_not_measured`` verdicts.
        instrument_error_s: the harness's own clock error at the concurrency used, seconds.
        loop_lag_p99_s: 99th percentile of the event loop's lag, seconds; None = unknown.
        judged_tasks: tasks scored by a model as judge.
        egress: what the run saw of where an arm's bytes went.
        mirrored_tasks: tasks whose score is 1 minus a rate (attack success), and that metric.
        human_scores: human labels, one per item of the table, nan where there is none.
        silent: share of an arm's answers to an attack that are none (empty, refused, cut or not to
            be read), per item; NaN: no attack, or no call.
        uncarried: arms whose calls of tools were all left in the text by their server.
        unlabelled: items drawn for people where an answer still lacks its label, bool per item.
        judge_kinds: model and labs of each judge; judges that share one are one voice.
        trust_judge: the user vouches for the judge.
        qualities: by task, what its score is called where that is not "accuracy".
        judge_usd: by task, mean dollars of grading one answer by its judge; more items cost that
            too.
        judges_like: why an arm's judge may favour it, where the suite accepts that.
        concurrency: calls in flight, to turn items into hours.
        devices: arms that share a device take turns; None = remote, counted as an API arm.
        loopback: arms without a device that answer on this machine all the same.
        look: the look a run stopped at when decided; the displayed interval is then the repeated
            one.
        look_alpha: nominal alpha of that look; None = equal O'Brien-Fleming looks.
        deterministic: arms whose serving has no sampling noise (temperature 0).
        other_runs: arms that another run measured, under names of their own: they were not there
            at the same time, so that a verdict about time speaks of the windows of both.
        in_both: items that the other run was asked too, bool per item: claims about its arms speak
            of these alone; None: all. ``groups_in_both``: the group of each item that either run's
            grouping ties together; None: both group alike. ``rules_in_both``: what such claims say
            of the rules that they are judged by.
        routes: arms made from other arms' calls, without a call of their own.
        adoption: dated snapshots, for claims about downloads; ``judged_on``: the run's day.
        pairs: comparisons of the arms' answers; None where no task has any.
        headline_pairs: tasks whose headline score is a comparison, which is no accuracy.
        charges: of arms whose vendors state what they charged, or a cheaper tier than was asked
            for: that, and what the prices come to.
        wordings: of an arm over all its wordings, the arms that these are.
        claims_before: how many claims were judged on these data before, in words; shown with claims
            that were declared after.
    """

    profiles: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    allow: frozenset[str] = frozenset()
    arms_not_run: Mapping[str, str] = field(default_factory=dict)
    list_prices: Mapping[str, ListPrice] = field(default_factory=dict)
    max_tokens: Mapping[str, int] = field(default_factory=dict)
    hosts: Mapping[str, HostRate] = field(default_factory=dict)
    volume_stated: bool = False
    bills: Mapping[str, ArmBill] = field(default_factory=dict)
    bills_unknown: Mapping[str, str] = field(default_factory=dict)
    bills_at_prices: Mapping[str, ArmBill] = field(default_factory=dict)
    projections: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    instrument_error_s: Mapping[str, float] = field(default_factory=dict)
    loop_lag_p99_s: float | None = None
    judged_tasks: frozenset[str] = frozenset()
    mirrored_tasks: Mapping[str, str] = field(default_factory=dict)
    egress: Mapping[str, Seen] = field(default_factory=dict)
    human_scores: Mapping[str, FloatArray] = field(default_factory=dict)
    unlabelled: Mapping[str, BoolArray] = field(default_factory=dict)
    silent: Mapping[str, FloatArray] = field(default_factory=dict)
    uncarried: Mapping[str, Uncarried] = field(default_factory=dict)
    judge_kinds: Mapping[str, frozenset[str]] = field(default_factory=dict)
    trust_judge: bool = False
    qualities: Mapping[str, str] = field(default_factory=dict)
    judge_usd: Mapping[str, float] = field(default_factory=dict)
    judges_like: Mapping[str, str] = field(default_factory=dict)
    concurrency: Mapping[str, int] = field(default_factory=dict)
    devices: Mapping[str, str | None] = field(default_factory=dict)
    loopback: frozenset[str] = frozenset()
    look: Look | None = None
    look_alpha: float | None = None
    deterministic: frozenset[str] = frozenset()
    other_runs: frozenset[str] = frozenset()
    in_both: BoolArray | None = None
    groups_in_both: StrArray | None = None
    rules_in_both: tuple[Reason, ...] = ()
    claims_before: str = ""
    routes: Mapping[str, RouteFacts] = field(default_factory=dict)
    adoption: Adoption | None = None
    judged_on: str = ""
    pairs: Comparisons | None = None
    headline_pairs: frozenset[str] = frozenset()
    charges: Mapping[str, Charges] = field(default_factory=dict)
    wordings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Needed:
    """State what a number has to be: its side of a threshold, or inside a window ("about").

    ``threshold`` is rounded as the claim quotes it and decides; ``strict`` is the unrounded one.
    """

    side: Relation
    threshold: float
    strict: float
    window: tuple[float, float] | None = None


@dataclass(frozen=True)
class Question:
    """One testable meaning of a claim between two arms (or of one arm), ready to be decided.

    ``interval_at(alpha)`` gives the interval; ``threshold`` decides, ``strict`` is the unrounded
    one. ``contrast_at`` stands in where a ratio's interval is unbounded: its interval is compared
    with 0 in the same direction. ``sensitivity`` holds intervals of other ways to look at the same
    data. ``blocked`` reasons forbid a decision; ``not_formed`` makes the reading n/a; ``scale``:
    how the number is shown. ``infeasible_p``: p of the baseline lying where arithmetic forbids the
    claim, None where it does not. ``timed``: its rows are calls, not items; ``difference``: the
    difference in words, where there is no ratio. ``window_of_time``: the only time that the
    reading is about, in words; empty = all times. ``runaways``: what requests at their cap could do
    to a decision about dollars; ``beside``: what has to be read with the number, in words.
    ``agreeing(alpha)``: the items that decide it, where the arms agree on every item.
    ``unless``: status and value -> why the decision rests on what nobody stated, None where not.
    ``words``: equal, more, less, and a share ({} is its place), as a finding says them.
    ``more_is_better``: a failed call of the treatment makes the number lower, not higher.
    """

    name: str
    label: str
    side: Relation
    threshold: float
    strict: float
    interval_at: IntervalAt | None
    window: tuple[float, float] | None = None
    contrast_at: Callable[[float, float], Interval] | None = None
    p: float | None = None
    scale: Literal["ratio", "points", "share", "usd", "seconds"] = "ratio"
    sensitivity: Mapping[str, IntervalAt] = field(default_factory=dict)
    thresholds: Mapping[str, float] = field(default_factory=dict)
    bounds: tuple[IntervalAt, ...] = ()
    bounds_code: str = ""
    blocked: tuple[Reason, ...] = ()
    flags: tuple[Reason, ...] = ()
    not_formed: str | None = None
    infeasible_p: float | None = None
    is_difference: bool = False
    counts_for_headline: bool = True
    price_ids: tuple[str, ...] = ()
    flip_points: Mapping[str, float] = field(default_factory=dict)
    rows_needed: int | None = None
    timed: bool = False
    difference: str = ""
    window_of_time: str = ""
    runaways: Runaways | None = None
    beside: str = ""
    more_is_better: bool = False
    agreeing: Callable[[float], int] | None = None
    words: tuple[str, str, str, str] = ACCURATE
    unless: Callable[[str, float | None], Reason | None] | None = None


@dataclass(frozen=True)
class Finding:
    """The state of a claim, or of a part of one, on the way to a Verdict. ``p`` belongs to
    ``status``; ``window`` is the only time that it speaks of, in words, empty = all times.
    """

    status: VerdictStatus
    p: float | None
    readings: tuple[Reading, ...] = ()
    headline: str | None = None
    qualifier: str = ""
    flags: tuple[Reason, ...] = ()
    reasons: tuple[Reason, ...] = ()
    title: str = ""
    window: str = ""


@dataclass(frozen=True)
class Leaf:
    """One simple claim about one pair of arms on a set of items (``mask``: bool per item of the
    table).
    """

    claim: Claim
    ours: str
    theirs: str | None
    mask: BoolArray
    where: str = ""

    @property
    def arms(self) -> tuple[str, ...]:
        """Return the arms that the claim is about: one, or the pair."""
        return (self.ours,) if self.theirs is None else (self.ours, self.theirs)
