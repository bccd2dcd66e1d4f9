"""What a comparison of runs consists of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from claimbench.types import Reason

State = Literal["held", "regressed", "undecided", "not_comparable"]
"""Shown not worse by more than the margin; shown worse by more; neither; not to be compared."""
DriftState = Literal["changed", "varies", "same", "cannot_tell"]
"""Answers moved more than repeats explain; no more than they do; not at all; there are no
repeats."""


@dataclass(frozen=True)
class RunRef:
    """Name a run, and say how much of it there is; ``missing``: what is not, in words."""

    run_id: str
    created_utc: str
    suite: str
    complete: bool
    n_finished: int
    n_planned: int
    missing: str = ""


@dataclass(frozen=True)
class Margins:
    """By how much a run may be worse and still hold; None: not judged.

    ``accuracy`` is a difference of scores, the others are relative rises. ``time``: the latency
    that is judged (``e2e_p95``); empty: e2e_p95, or e2e_p50 where a run has too few times.
    """

    accuracy: float | None
    dollars: float | None
    latency: float | None
    time: str = ""


@dataclass(frozen=True)
class Settings:
    """How runs are compared, as the suite and the command line say.

    ``runs``: how many are to be compared with one baseline; None: this comparison only.
    ``arms``: new name -> name in the baseline. ``common``: the least share of samples in both.
    ``change_alarms``: a changed model is an alarm too, so that alpha is parted between measures
    and models, half each.
    """

    margins: Margins
    runs: int | None = None
    arms: Mapping[str, str] = field(default_factory=dict)
    common: float = 0.8
    alpha: float = 0.05
    baseline: str | None = None
    change_alarms: bool = False


@dataclass(frozen=True)
class Difference:
    """Name one thing that differs between two runs, beside the samples; ``arm`` None: of all."""

    key: str
    arm: str | None
    base: str
    new: str


@dataclass(frozen=True)
class PairedArm:
    """One arm in both runs; ``old`` is its name in the baseline."""

    new: str
    old: str
    note: str = ""


@dataclass(frozen=True)
class Pairing:
    """What two runs have in common.

    ``items``: ``task/sample`` asked alike in both, in the new run's order. ``changed``: asked in
    both, but not alike. ``tasks``: why a whole task is not compared. ``share``: common samples of
    all that either run has. ``apart``: arm -> why it is in no pair.
    """

    arms: tuple[PairedArm, ...]
    items: tuple[str, ...]
    only_base: int
    only_new: int
    changed: int
    tasks: Mapping[str, str]
    share: float
    apart: Mapping[str, str]


@dataclass(frozen=True)
class Judged:
    """One measure of one arm, NEW against BASE.

    ``value``, ``low``, ``high``: difference of scores, or NEW / BASE; of ``level``. ``base`` and
    ``new``: score, dollars per request or seconds on the common samples. ``p``: of the margin;
    ``p_holm``: adjusted over everything that is judged in this run.
    """

    arm: str
    metric: str
    margin: float
    state: State
    value: float | None
    low: float | None
    high: float | None
    level: float
    base: float | None
    new: float | None
    n: int
    p: float | None = None
    p_holm: float | None = None
    reasons: tuple[Reason, ...] = ()
    flags: tuple[Reason, ...] = ()
    window: str = ""

    @property
    def is_points(self) -> bool:
        """Say whether the value is a difference of scores; else it is a ratio."""
        return self.metric == "accuracy"


@dataclass(frozen=True)
class BillMove:
    """An arm's dollars per request in both runs, and NEW's tokens under BASE's prices.

    ``prices`` = NEW's bill over the same tokens at BASE's prices; ``tokens`` = those over BASE's
    bill; their product is NEW over BASE. None with ``why`` where it cannot be told.
    """

    arm: str
    base_usd: float | None
    new_usd: float | None
    new_at_base_prices: float | None
    n: int
    why: str = ""
    tokens_in: tuple[float, float] | None = None
    tokens_out: tuple[float, float] | None = None
    on_machine: bool = False

    @property
    def prices(self) -> float | None:
        """Return the factor that is due to prices alone."""
        return _over(self.new_usd, self.new_at_base_prices)

    @property
    def tokens(self) -> float | None:
        """Return the factor that is due to tokens (of a machine: to its time) alone."""
        return _over(self.new_at_base_prices, self.base_usd)


def _over(a: float | None, b: float | None) -> float | None:
    return None if a is None or not b else a / b


@dataclass(frozen=True)
class Flips:
    """Samples whose score differs between an answer of BASE and one of NEW, expected over draws.

    ``by_repeats``: how many differ between two answers of one run, or where no run repeats between
    two runs that follow each other; None where that is not known.
    ``samples``: those that moved most, with BASE's and NEW's mean score.
    """

    arm: str
    n: int
    worse: float
    better: float
    by_repeats: float | None
    samples: tuple[tuple[str, float, float], ...] = ()

    @property
    def flipped(self) -> float:
        """Return how many differ either way."""
        return self.worse + self.better


@dataclass(frozen=True)
class Lens:
    """One way to look at answers, tested for exchangeability of runs: ``observed`` and
    ``expected`` mean distance of an answer of BASE from one of NEW. Expected is what dealing the
    same answers to the runs anew gives: that of any two of them.
    """

    name: str
    observed: float
    expected: float
    n: int
    p: float
    p_holm: float = 1.0
    shifted: bool = False


@dataclass(frozen=True)
class Drift:
    """Whether an arm's model changed between the runs, or only varies as its repeats do.

    ``repeats``: where the variance is known from, in words. ``moved``: what the endpoint itself
    names otherwise. ``level``: 1 - alpha of this look. ``between``: how many runs between say how
    far apart two runs lie, where neither repeats a question.
    """

    arm: str
    state: DriftState
    lenses: tuple[Lens, ...]
    repeats: str
    moved: tuple[str, ...]
    level: float
    between: int = 0


@dataclass(frozen=True)
class Step:
    """One run of a series against the baseline. ``look`` of ``looks``, judged at ``alpha``:
    ``parted`` half for measures and half for models, else all of it for each.
    """

    run: RunRef
    look: int
    looks: int
    alpha: float
    pairing: Pairing
    differences: tuple[Difference, ...]
    judged: tuple[Judged, ...]
    bills: tuple[BillMove, ...]
    flips: tuple[Flips, ...]
    drifts: tuple[Drift, ...]
    notes: tuple[str, ...] = ()
    parted: bool = False

    @property
    def state(self) -> State:
        """Return the worst of what is judged; nothing judged is undecided, and not comparable is a
        run of which nothing is.
        """
        states = {one.state for one in self.judged}
        if "regressed" in states:
            return "regressed"
        if states == {"not_comparable"}:
            return "not_comparable"
        if not states or states & {"undecided", "not_comparable"}:
            return "undecided"
        return "held"

    @property
    def changed(self) -> tuple[str, ...]:
        """List the arms whose model changed."""
        return tuple(one.arm for one in self.drifts if one.state == "changed")


@dataclass(frozen=True)
class Comparison:
    """A baseline and the runs after it, the newest last; ``skipped``: run -> why it is left out."""

    base: RunRef
    settings: Settings
    steps: tuple[Step, ...]
    skipped: Mapping[str, str] = field(default_factory=dict)

    @property
    def last(self) -> Step:
        """Return the newest run: the one whose state the exit code tells."""
        return self.steps[-1]
