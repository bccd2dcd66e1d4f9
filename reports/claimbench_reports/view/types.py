"""The view: what every report shows, as frozen rows of figures and texts. HTML, XLSX, JSON, console
render only this.

All text from outside has passed :class:`claimbench.privacy.redact.Redactor` and
:func:`view_format.visible`; renderers escape for their medium and nothing else. The JSON form is
``dataclasses.asdict``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass

from claimbench_reports.view.answers import SampleView
from claimbench_reports.view.beside.types import BesideView
from claimbench_reports.view.buying.types import DecisionView
from claimbench_reports.view.buying.what_if_types import WhatIfView
from claimbench_reports.view.checks.types import CheckView
from claimbench_reports.view.format import Figure

VIEW_SCHEMA = 5
"""Version of the JSON report. History: 1 = first; 2 = findings, privacy, provider_tested; 3 =
judge_bill; 4 = outlook, what_if, decision, verdicts in the claims' own words, remedies, best,
registered, checklist; 5 = beside (routes, adoption, as_of, pairs, quantisations, turns),
open_short and leads of a decision, claim and todo of a requirement.
"""


@dataclass(frozen=True, slots=True)
class Word:
    """A code of the core with its plain meaning."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Fact:
    """One named line; ``source`` says where it comes from."""

    name: str
    value: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Remedy:
    """What a reader can do about an open verdict; ``code`` can be copied, empty where nothing
    can.
    """

    text: str
    code: str


@dataclass(frozen=True, slots=True)
class ReadingView:
    """One meaning of a claim. ``change`` says a factor as more or less than the baseline.

    ``effect`` is the estimate in the words of the claim ("84.0% cheaper"), ``said`` the phrase with
    it, ``short`` the phrase without the rival, ``between`` its interval, ``claimed`` what was
    claimed of it. ``quoted`` is the limit without rounding and ``band`` a margin or window, both on
    the estimate's scale.
    """

    name: str
    status: str
    status_text: str
    sentence: str
    estimate: Figure | None
    threshold: Figure | None
    direction: str
    needs: str
    change: str
    method: str
    level: str
    n: Figure | None
    n_clusters: Figure | None
    n_eff: Figure | None
    p: Figure | None
    p_holm: Figure | None
    delta_star: Figure | None
    settle: str
    settle_n: tuple[Figure, ...]
    settle_usd: tuple[Figure, ...]
    settle_hours: tuple[Figure, ...]
    flip_points: tuple[Figure, ...]
    sensitivity: tuple[Fact, ...]
    price_ids: tuple[str, ...]
    reasons: tuple[Word, ...]
    headline: bool
    second_opinion: str
    effect: Figure | None = None
    said: str = ""
    short: str = ""
    between: str = ""
    claimed: str = ""
    quoted: Figure | None = None
    band: tuple[Figure, ...] = ()


@dataclass(frozen=True, slots=True)
class ProjectionView:
    """A cost ratio at list price for an arm that was not run: projected, not measured, and never a
    verdict.
    """

    treatment: str
    baseline: str
    ratio: Figure
    assumes: str
    price_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VerdictView:
    """One claim with its verdict; compound claims carry their ``parts``.

    ``arm`` is whom the claim is about and ``against`` the rivals; ``brief`` says in one sentence
    what was measured and claimed, ``measured`` and ``claimed`` the same as two cells of a table;
    ``read_as`` is the claim as it was tested.
    """

    id: str
    claim: str
    source: str
    status: str
    status_text: str
    sentence: str
    qualifier: str
    about: str
    readings: tuple[ReadingView, ...]
    flags: tuple[Word, ...]
    reasons: tuple[Word, ...]
    projected: tuple[ProjectionView, ...]
    parts: tuple[VerdictView, ...]
    arm: str = ""
    against: str = ""
    read_as: str = ""
    brief: str = ""
    measured: str = ""
    claimed: str = ""
    remedies: tuple[Remedy, ...] = ()

    @property
    def who(self) -> str:
        """Return the arm and its rival in words."""
        return f"{self.arm} against {self.against}" if self.against else self.arm

    @property
    def lead(self) -> str:
        """Return what stands before the claim in a line: the arm and a colon; nothing for a claim
        that is about no arm.
        """
        return f"{self.arm}: " if self.arm else ""

    @property
    def in_full(self) -> str:
        """Return the sentence with those of the parts, for formats that do not show them apart."""
        parts = [
            f"({i}) {part.status_text}: {part.in_full}"
            for i, part in enumerate(self.parts, start=1)
        ]
        return " ".join([self.sentence, *parts])


@dataclass(frozen=True, slots=True)
class ArmView:
    """One arm over one scope (``scope`` "all tasks" or a task). An arm not run has ``why_not`` and
    empty ``figures``.

    ``figures`` are by column id, see :data:`claimbench_reports.view.words.COLUMNS`.
    """

    arm: str
    scope: str
    measured: bool
    why_not: str
    model: str
    provider: str
    weights: str
    lab: str
    licence: str
    destination: str
    provider_tested: str
    cost_basis: str
    figures: tuple[tuple[str, Figure], ...]
    notes: tuple[str, ...]
    best: tuple[str, ...] = ()
    """Columns in which every other measured arm is decided to be worse."""

    def get(self, column: str) -> Figure | None:
        """Return the figure of a column, None if the arm has none."""
        return dict(self.figures).get(column)


@dataclass(frozen=True, slots=True)
class DifferenceView:
    """One arm against a baseline, on the items both answered."""

    arm: str
    baseline: str
    n_items: Figure
    figures: tuple[tuple[str, Figure], ...]

    def get(self, column: str) -> Figure | None:
        """Return the figure of a column, None if it could not be formed."""
        return dict(self.figures).get(column)


@dataclass(frozen=True, slots=True)
class SliceView:
    """Quality of one arm on one value of a slice."""

    slice: str
    value: str
    arm: str
    n: Figure
    quality: Figure


@dataclass(frozen=True, slots=True)
class Series:
    """A drawn curve: the distribution of ``metric`` in ``arm`` as (x, share of calls at or below
    x).
    """

    arm: str
    metric: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    n: int
    never: int


@dataclass(frozen=True, slots=True)
class CostPart:
    """Dollars per 1,000 requests that one component costs an arm."""

    arm: str
    component: str
    usd_1k: Figure


@dataclass(frozen=True, slots=True)
class BillPart:
    """One part of a bill, to the micro-dollar."""

    component: str
    usd: Figure


@dataclass(frozen=True, slots=True)
class BillView:
    """What the calls of an arm or judge cost; the parts add up to the total. ``unknown`` counts
    calls in no sum.
    """

    arm: str
    calls: Figure
    unknown: Figure
    parts: tuple[BillPart, ...]
    total: Figure


@dataclass(frozen=True, slots=True)
class BreakEvenView:
    """The volume at which a host pays off against an endpoint."""

    local_arm: str
    api_arm: str
    projected: bool
    volume: Figure
    utilisation: Figure
    capacity: Figure
    usd_per_hour: Figure
    api_usd_1k: Figure
    local_marginal_usd_1k: Figure
    sentence: str


@dataclass(frozen=True, slots=True)
class TornadoBar:
    """One assumption moved alone."""

    assumption: str
    low_label: str
    high_label: str
    low: Figure
    high: Figure
    flips: bool


@dataclass(frozen=True, slots=True)
class TornadoView:
    """Sensitivity of one ratio."""

    title: str
    label: str
    base: Figure
    threshold: Figure | None
    bars: tuple[TornadoBar, ...]


@dataclass(frozen=True, slots=True)
class MonthView:
    """One month of an arm's bill: what it costs, what comes once, what is paid."""

    month: int
    requests: Figure
    cost: Figure
    once: Figure
    paid: Figure
    machines: Figure


@dataclass(frozen=True, slots=True)
class TotalView:
    """What the first ``months`` months cost, and what is paid in them; one-off costs included."""

    months: int
    cost: Figure
    paid: Figure


@dataclass(frozen=True, slots=True)
class ForecastView:
    """One arm's bill at the stated volume. ``basis`` says what its capacity or price rests on."""

    arm: str
    month: Figure
    machines: Figure
    utilisation: Figure
    totals: tuple[TotalView, ...]
    present_value: Figure
    basis: str
    months: tuple[MonthView, ...]


@dataclass(frozen=True, slots=True)
class BillBarView:
    """The mean month's bill of one arm at both ends of an assumption."""

    arm: str
    assumption: str
    low_label: str
    high_label: str
    low: Figure
    high: Figure


@dataclass(frozen=True, slots=True)
class ScenarioView:
    """The first month of one arm if something were so."""

    arm: str
    what: str
    month: Figure
    note: str


@dataclass(frozen=True, slots=True)
class OutlookView:
    """The arms' bills at the volume that the suite or the reader states."""

    requests: Figure
    currency: str
    sentence: str
    arms: tuple[ForecastView, ...]
    unknown: tuple[Fact, ...]
    comparisons: tuple[str, ...]
    bars: tuple[BillBarView, ...]
    scenarios: tuple[ScenarioView, ...]
    assumptions: tuple[str, ...]

    @property
    def without_bill(self) -> list[str]:
        """Say which arms have no bill and why, arms of one reason together."""
        arms: dict[str, list[str]] = {}
        for fact in self.unknown:
            arms.setdefault(fact.value, []).append(fact.name)
        return [f"{', '.join(names)}: no bill, because {why}" for why, names in arms.items()]


@dataclass(frozen=True, slots=True)
class Method:
    """One metric: formula, unit, source and how others use the same word."""

    name: str
    formula: str
    unit: str
    source: str
    elsewhere: str


@dataclass(frozen=True, slots=True)
class PriceView:
    """One price that entered a figure."""

    arm: str
    component: str
    usd: Figure
    unit: str
    source: str
    dated: str
    price_id: str
    note: str


@dataclass(frozen=True, slots=True)
class RunView:
    """One line of history."""

    run_id: str
    created: str
    suite: str
    status: str
    finished: str
    comparable: str
    verdicts: tuple[Fact, ...]
    report: str


@dataclass(frozen=True, slots=True)
class Group:
    """A titled list of facts."""

    title: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class View:
    """Everything a report shows, in order."""

    schema: int
    title: str
    run_id: str
    created: str
    suite: str
    description: str
    redaction: str
    complete: bool
    summary: str
    counts: tuple[Figure, ...]
    warnings: tuple[str, ...]
    decision: DecisionView | None
    verdicts: tuple[VerdictView, ...]
    scopes: tuple[str, ...]
    arms: tuple[ArmView, ...]
    differences: tuple[DifferenceView, ...]
    slices: tuple[SliceView, ...]
    slices_note: str
    findings: tuple[str, ...]
    series: tuple[Series, ...]
    cost_parts: tuple[CostPart, ...]
    bill: tuple[BillView, ...]
    judge_bill: tuple[BillView, ...]
    break_even: tuple[BreakEvenView, ...]
    tornado: tuple[TornadoView, ...]
    outlook: OutlookView | None
    what_if: WhatIfView | None
    disagreements: tuple[SampleView, ...]
    disagreements_note: str
    transcripts: tuple[SampleView, ...]
    transcripts_note: str
    assumptions: tuple[Fact, ...]
    limits: tuple[str, ...]
    privacy: tuple[Fact, ...]
    methods: tuple[Method, ...]
    prices: tuple[PriceView, ...]
    provenance: tuple[Group, ...]
    history: tuple[RunView, ...]
    registered: str
    """Whether the claims were fixed before the first call, in a sentence."""
    checklist: tuple[CheckView, ...]
    beside: BesideView


def iter_figures(node: object) -> Iterator[Figure]:
    """Yield every figure of a view, in reading order."""
    if isinstance(node, Figure):
        yield node
    elif isinstance(node, tuple):
        for part in node:
            yield from iter_figures(part)
    elif is_dataclass(node):
        for f in fields(node):
            yield from iter_figures(getattr(node, f.name))
