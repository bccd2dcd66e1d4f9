"""What a report is made of: the facts of one stored run, as the command line hands them over.

Nothing here is rounded or worded; :func:`claimbench_reports.view.build.build_view` does both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from claimbench.claims.types import ClaimContext
from claimbench.economics import what_if as economics
from claimbench.economics.volume.outlook import Outlook
from claimbench.evaluation.preference.tables import TaskPairs
from claimbench.evaluation.stored import Counted
from claimbench.evaluation.variants.quantised import Quantisations
from claimbench.evidence.registration import NO_OTHERS, OtherRuns
from claimbench.routes.beside import Beside
from claimbench.types import (
    Attempt,
    CallRecord,
    Cost,
    Json,
    Look,
    Manifest,
    Message,
    Sample,
    Score,
    Session,
    Suite,
    Task,
    Verdict,
)

if TYPE_CHECKING:
    from claimbench.decision.choose import Decision
    from claimbench.tables.types import CallTable, ItemTable


@dataclass(frozen=True, slots=True)
class ArmInfo:
    """What a buyer asks about an arm and a run cannot measure; None = not stated anywhere we know.

    ``destination`` is where prompts went in words ("this machine", "api.openai.com"); derived from
    the arm if None. ``tested`` is what the working of its provider rests on, in words ("live",
    "tested against a stand-in", "untested").
    """

    licence: str | None = None
    lab: str | None = None
    country: str | None = None
    parameters: str | None = None
    quantisation: str | None = None
    destination: str | None = None
    tested: str | None = None


@dataclass(frozen=True, slots=True)
class PriceFact:
    """One price that entered a figure: ``usd`` for one ``unit`` ("1M input tokens", "hour"), with
    source and date.
    """

    arm: str
    component: str
    usd: Decimal | None
    unit: str
    source: str | None = None
    dated: str | None = None
    price_id: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class BreakEvenLine:
    """The volume from which an owned or rented host is cheaper than an endpoint (docs/method.md,
    "Dollars").

    ``requests_per_hour`` = host $/h / (endpoint - local marginal $ per request); ``utilisation`` =
    that over ``capacity_per_hour``; ``feasible`` is False above 1; all None where a price or a rate
    is unknown (``why`` says it). ``basis`` = ``measured`` or ``projected``; projected ones are
    marked so and enter no chart. ``load``: under which the capacity was measured, in words.
    """

    local_arm: str
    api_arm: str
    usd_per_hour: float | None
    api_usd_per_request: float | None
    requests_per_hour: float | None
    utilisation: float | None
    capacity_per_hour: float | None
    feasible: bool | None
    local_marginal_usd: float = 0.0
    basis: str = "measured"
    why: str | None = None
    load: str = ""


@dataclass(frozen=True, slots=True)
class TornadoBar:
    """One assumption of a cost ratio moved alone, with the ratio at both ends; ``flips`` = the
    verdict changes.
    """

    assumption: str
    low_label: str
    high_label: str
    ratio_low: float
    ratio_high: float
    flips: bool = False


@dataclass(frozen=True, slots=True)
class TornadoChart:
    """Sensitivity of one cost ratio (claim ``claim_id``, threshold if it has one) to its
    assumptions.
    """

    title: str
    claim_id: str | None
    ratio: float
    threshold: float | None
    rows: tuple[TornadoBar, ...]
    label: str = ""


def tornado_of(
    title: str, claim_id: str | None, threshold: float | None, result: economics.Tornado
) -> TornadoChart:
    """Return a core tornado as a report's, its labels in words."""
    rows = tuple(
        TornadoBar(
            r.assumption.label,
            f"{r.assumption.low:.4g}",
            f"{r.assumption.high:.4g}",
            r.ratio_low,
            r.ratio_high,
            r.flips,
        )
        for r in result.rows
    )
    words = {
        "robust": "Robust: the verdict holds with every assumption at its worst.",
        "conditional": f"Conditional: {', '.join(result.flipped_by)} can change the verdict.",
        "undecided": "Holds for each assumption alone, not for all of them at their worst.",
    }
    return TornadoChart(title, claim_id, result.base, threshold, rows, words[result.label])


def break_even_of(
    local_arm: str,
    api_arm: str,
    usd_per_hour: float,
    api_usd_per_request: float,
    capacity_per_hour: float,
    *,
    local_marginal_usd: float = 0.0,
    basis: str = "measured",
    load: str = "",
) -> BreakEvenLine:
    """Return the core's break-even of one pair, with what went into it."""
    found = economics.break_even(
        usd_per_hour, api_usd_per_request, capacity_per_hour, local_marginal_usd
    )
    never = found.requests_per_hour is None
    return BreakEvenLine(
        local_arm,
        api_arm,
        usd_per_hour,
        api_usd_per_request,
        found.requests_per_hour,
        found.utilisation,
        capacity_per_hour,
        found.feasible,
        local_marginal_usd,
        basis,
        found.sentence if never else None,
        load,
    )


@dataclass(frozen=True, slots=True)
class Economics:
    """Everything derived from costs that is not a verdict."""

    break_even: tuple[BreakEvenLine, ...] = ()
    tornado: tuple[TornadoChart, ...] = ()
    outlook: Outlook | None = None
    """The arms' bills, where a volume is stated."""


@dataclass(frozen=True, slots=True)
class EarlierRun:
    """One line of history: an earlier run and its verdicts; ``comparable`` = same measured suite
    hash.
    """

    run_id: str
    created_utc: str
    suite: str
    status: str
    n_finished: int
    n_planned: int
    comparable: bool | None = None
    verdicts: Mapping[str, str] = field(default_factory=dict)
    report: str | None = None


@dataclass(frozen=True)
class ReportData:
    """One run as stored, with everything derived from it.

    ``records`` are the arms' finished calls; ``attempts`` their attempts; ``scores`` all scores;
    ``costs`` by call id (dollars of the call over its attempts); ``judge_records`` and
    ``judge_costs`` the same of the judges' calls, which are in no arm's figures. ``counted``:
    how many calls are planned and finished. ``render`` gives the messages of a sample as sent
    (``claimbench.plan.prompts.render``); without it a transcript shows the sample's input.
    ``findings`` are sentences about the results beside the verdicts; ``privacy`` says by arm where
    prompts went.
    """

    manifest: Manifest
    suite: Suite
    sessions: Sequence[Session]
    items: ItemTable
    calls: CallTable
    verdicts: Sequence[Verdict]
    records: Sequence[CallRecord]
    attempts: Sequence[Attempt]
    scores: Sequence[Score]
    costs: Mapping[str, Cost]
    counted: Counted
    arm_info: Mapping[str, ArmInfo] = field(default_factory=dict)
    prices: Sequence[PriceFact] = ()
    economics: Economics | None = None
    earlier: Sequence[EarlierRun] = ()
    looks: Sequence[Look] = ()
    calibration: Mapping[str, Json] | None = None
    warnings: Sequence[str] = ()
    findings: Sequence[str] = ()
    privacy: Sequence[tuple[str, str]] = ()
    resent: Sequence[str] = ()
    """Call ids that were in flight when a process died, or are now; those with a record were sent
    again on resume."""
    unfinished: Mapping[str, str] = field(default_factory=dict)
    """Call id -> arm, judge or simulated user, of calls that cost something and left no record."""
    render: Callable[[Task, Sample], Sequence[Message]] | None = None
    judge_records: Sequence[CallRecord] = ()
    judge_costs: Mapping[str, Cost] = field(default_factory=dict)
    at_prices: Mapping[str, Cost] = field(default_factory=dict)
    """Call id -> its dollars at the prices, of the calls whose vendors say what they charged."""
    n_not_judged: int = 0
    """Finished calls of arms that still wait for their judge."""
    missing: str | None = None
    """What is missing of the run, calls that failed for good included; None: nothing."""
    context: ClaimContext = field(default_factory=ClaimContext)
    """What the claims were judged with; people's labels are in it."""
    decision: Decision | None = None
    routes: Sequence[Beside | tuple[str, str]] = ()
    """Routes beside what else their arms could do; (name, why) where nothing is known."""
    place: str = ""
    """Where the results are, as ``--results`` takes it."""
    pairs: Sequence[TaskPairs] = ()
    """Comparisons in pairs by task."""
    quantisations: Sequence[Quantisations] = ()
    """Quantisations of an arm beside it."""
    others: OtherRuns = NO_OTHERS
    """Other runs of the plan that this one was registered under."""
