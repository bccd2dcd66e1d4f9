"""What a reader can do about an open verdict: one line to copy for each thing that stands in the
way.
"""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from claimbench.claims.beside.asked import KIND as ADOPTION
from claimbench.claims.decide import MIN_ITEMS
from claimbench.claims.facts.nodes import NODE_TYPE
from claimbench.claims.facts.settling import settling
from claimbench.claims.gate import (
    ALLOWED_AS,
    LIMITS,
    MUST_MATCH,
    MUST_MATCH_LATENCY,
    NEVER_ALLOWED,
)
from claimbench.error_words import one_of
from claimbench.error_words.missing_keys import one_step, variables_of
from claimbench.packed import columns
from claimbench.types import Claim, Outcome, Reading, Reason, Verdict
from claimbench_reports.view.format import count
from claimbench_reports.view.inputs import ReportData
from claimbench_reports.view.types import Remedy

ALLOWABLE = frozenset({*MUST_MATCH, *MUST_MATCH_LATENCY, NODE_TYPE, *LIMITS}) - NEVER_ALLOWED
_PACKAGE = re.compile(r"pip install ('[^']+'|[\w.\[\]-]+)")
UNPRICED = frozenset({"price_unknown", "cost_missing", "cost_basis_missing"})
LOST = frozenset(
    {"too_many_missing", "failed_calls", "calls_not_made", "turns_not_asked", "missing_sensitive"}
)
AGAIN = frozenset(
    {"not_interleaved", "client_limited", "autocorrelated", "single_session", "instrument_error"}
)
DEFAULT_PLACES = ("results", "results/bench.db")
SMALL = frozenset({"n_too_small", "quantile_not_estimable", "few_clusters"})


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What the commands need to know: the run, its suite's file, and how many samples it took.

    ``sizes`` are the samples that each task of the suite holds; ``limit`` is the run's ``--limit``;
    ``unmade``: planned calls that were not made; ``failed``: calls that ended without a result;
    ``ended``: turns that were not asked, for their arm had ended the conversation;
    ``place``: where the results are, as ``--results`` takes it; empty: where they are by default;
    ``imported``: another tool measured, so that nothing can be asked again.
    """

    run_id: str
    suite_path: str
    limit: int | None
    sizes: tuple[tuple[str, int], ...]
    unmade: int = 0
    failed: int | None = None
    ended: int = 0
    place: str = ""
    imported: bool = False

    @property
    def onward(self) -> str:
        """Return the command that goes on with this run, with the place of its results."""
        return f"bench run --resume {self.run_id}{self._at_place}"

    @property
    def labelling(self) -> str:
        """Return the command that draws answers for people to label."""
        return f"bench labels export {self.run_id} --output labels.csv{self._at_place}"

    @property
    def _at_place(self) -> str:
        if self.place in ("", *DEFAULT_PLACES):
            return ""
        return f" --results {shlex.quote(self.place)}"


def run_facts(data: ReportData) -> RunFacts:
    """Collect the facts of a run."""
    m = data.manifest
    sizes = tuple((task.name, task.n_items) for task in data.suite.tasks)
    outcomes = list(columns(data.records, "outcome"))
    unmade = max(0, data.counted.planned - data.counted.finished)
    return RunFacts(
        m.run_id,
        m.suite_path,
        m.limit,
        sizes,
        unmade,
        sum(outcome.missing for outcome in outcomes),
        outcomes.count(Outcome.ENDED),
        data.place,
        "imported" in m.options,
    )


def remedies_of(v: Verdict, run: RunFacts) -> tuple[Remedy, ...]:
    """List what would settle an undecided verdict, the most direct first; empty for a decided
    one.
    """
    if v.status in {"supported", "refuted"}:
        return ()
    found: list[Remedy] = []
    open_parts = [p for p in v.parts or (v,) if p.status not in {"supported", "refuted"}]
    # what is absent is asked for in one step, whichever parts lack it
    absent = [r.detail for p in open_parts for r in _reasons(p) if r.code == "arm_not_measured"]
    found += _of_absent(list(dict.fromkeys(absent)))
    for part in open_parts:
        found += _of_reasons(_reasons(part), run)
        found += _of_size(part, run)
        found += _of_readings(part)
    return tuple(dict.fromkeys(found))


def _reasons(v: Verdict) -> list[Reason]:
    deciding = [r for r in v.readings if r.name == v.headline] or list(v.readings)
    listed = [*v.reasons, *(reason for r in deciding for reason in r.reasons)]
    return list(dict.fromkeys(listed))


def _of_reasons(reasons: Sequence[Reason], run: RunFacts) -> Iterator[Remedy]:
    again = f"bench run {shlex.quote(run.suite_path)}"
    keys = list(dict.fromkeys(key for r in reasons if (key := _allowable(r.code)) is not None))
    if keys:
        text = "Make the arms' settings equal, or accept the difference in the suite:"
        yield Remedy(text, f"allow: [{', '.join(keys)}]")
    codes = {reason.code for reason in reasons}
    if "judge_uncorrected" in codes and run.imported:
        text = (
            "Let people label the answers, and import their labels as the score; or decide by the"
            " judge:"
        )
        yield Remedy(text, "bench import ... --allow judge_uncorrected")
    elif "judge_uncorrected" in codes:
        yield Remedy("Let people label a sample of the answers:", run.labelling)
    for reason in reasons:
        if reason.code == "judge_with_others":
            text = f"State the claim in the suite for one task ({reason.detail}):"
            yield Remedy(text, f"task: {reason.detail.partition(', ')[0]}")
    if codes & UNPRICED and run.imported:
        text = (
            "An import has no suite to state a price in: add the dollars to the file, import again."
        )
        yield Remedy(text, "")
    elif codes & UNPRICED:
        yield Remedy("State the price in the suite:", "cost: {price: {input: 0.00, output: 0.00}}")
    if codes & LOST and not _by_the_arm_itself(codes, run):
        yield _of_lost(run)
    if codes & AGAIN and run.imported:
        text = "Measure again with the tool that made the file, in several sessions, import again."
        yield Remedy(text, "")
    elif codes & AGAIN:
        text = "Measure again on an idle machine, in sessions at different hours:"
        yield Remedy(text, again)


def _by_the_arm_itself(codes: set[str], run: RunFacts) -> bool:
    """Tell whether all that has no result are turns that the arm's own answers put an end to:
    asked again, nothing would change.
    """
    return not run.failed and not run.unmade and run.ended > 0 and "too_many_missing" not in codes


def _of_lost(run: RunFacts) -> Remedy:
    """Say how results that are missing come: asked again, made at last, or imported."""
    if run.imported:
        text = "Measure what is missing with the tool that made the file, then import it again."
        return Remedy(text, "")
    if run.failed == 0 and run.unmade:
        text = f"{count(run.unmade)} planned calls were not made (a budget that ended the run"
        return Remedy(f"{text} is raised by --max-cost USD); make them:", run.onward)
    return Remedy("Ask again what failed:", f"{run.onward} --retry-missing")


def _allowable(code: str) -> str | None:
    key = ALLOWED_AS.get(code, code)
    return key if key.partition(".")[0] in ALLOWABLE else None


def _of_absent(details: Sequence[str]) -> Iterator[Remedy]:
    """Say how arms that were not run could be: all of their keys in one step, their packages, or
    only that they are needed.
    """
    keyless = [_arm_of(detail) for detail in details if variables_of([detail])]
    if keyless:
        what = "the key" if len(variables_of(details)) == 1 else "the keys"
        text = f"Give {what} of {one_of(keyless, 20)}, then run again:"
        yield Remedy(text, one_step(variables_of(details)))
    packages = {_arm_of(d): _PACKAGE.findall(d) for d in details if _PACKAGE.search(d)}
    if packages:
        wanted = dict.fromkeys(name for found in packages.values() for name in found)
        text = f"Install what {one_of(list(packages), 20)} needs:"
        yield Remedy(text, f"pip install {' '.join(wanted)}")
    for arm in (_arm_of(d) for d in details):
        if arm not in keyless and arm not in packages:
            yield Remedy(f"Run {arm} too:", f"--arm {shlex.quote(arm)}")


def _arm_of(detail: str) -> str:
    return detail.partition(" (")[0]


def _of_size(v: Verdict, run: RunFacts) -> Iterator[Remedy]:
    """Say how many samples would settle it: by ``--limit`` where the suite holds them."""
    if v.status != "inconclusive":
        return
    more = [(need, settling(r)) for r in _counted(v) if (need := _needed(r)) is not None]
    if not more:
        return
    if run.unmade:
        text = f"{count(run.unmade)} planned calls were not made; make them first:"
        yield Remedy(text, run.onward)
        return
    need, to = max(more)
    taken = _taken(v.claim, run)
    if not taken:
        return
    each = math.ceil(need / len(taken))
    if run.limit is not None and all(run.limit + each <= size for size in taken.values()):
        yield Remedy(f"{_of_more(need, to)}:", f"--limit {run.limit + each}")
        return
    held = sum(taken.values())
    text = f"{_of_more(need, to)}; the suite holds {count(held)}: add more to its data set."
    yield Remedy(text, "")


def _of_more(need: int, to: str) -> str:
    """Say what so many more samples lead to (:func:`settling`)."""
    if to == "least":
        return f"At least about {count(need)} more samples are needed for any verdict"
    which = " against the claim" if to == "against" else ""
    return f"About {count(need)} more samples settle it{which} if the estimate is right"


def _counted(v: Verdict) -> list[Reading]:
    return [r for r in v.readings if r.name == v.headline] or [
        r for r in v.readings if r.status == "inconclusive"
    ]


def _needed(r: Reading) -> int | None:
    """Return how many more samples a reading needs; None where none would help or nobody knows."""
    if r.n_more is not None and 0 < r.n_more[0] < math.inf:
        return math.ceil(r.n_more[0])
    small = {reason.code for reason in r.reasons} & SMALL
    bounded = r.estimate is not None and r.estimate.low is not None
    if small and bounded and r.estimate is not None and r.estimate.n < MIN_ITEMS:
        return MIN_ITEMS - r.estimate.n
    return None


def _taken(claim: Claim, run: RunFacts) -> dict[str, int]:
    """Return the sizes of the tasks that a claim is about."""
    sizes = dict(run.sizes)
    if claim.task is not None:
        return {claim.task: sizes[claim.task]} if claim.task in sizes else {}
    return sizes


def _of_readings(v: Verdict) -> Iterator[Remedy]:
    """Say how to choose a meaning where the meanings disagree."""
    decided = {r.status for r in v.readings} & {"supported", "refuted"}
    if v.headline is None and len(decided) == 2:
        if v.claim.kind == ADOPTION:
            yield Remedy(
                "It depends on how it is counted; declare which ways are meant, before:",
                "adoption: {readings: {count: [own], window: [30 days]}}",
            )
            return
        names = [r.name for r in v.readings if r.status == "supported"]
        text = "Its meanings disagree; say which one is claimed, before the run:"
        yield Remedy(text, f"reading: {names[0]}")
