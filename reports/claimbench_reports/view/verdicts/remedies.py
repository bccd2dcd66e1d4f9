"""What a reader can do about an open verdict: one line to copy for each thing that stands in the
way.
"""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from claimbench.claims.decide import MIN_ITEMS
from claimbench.claims.gate import (
    ALLOWED_AS,
    LIMITS,
    MUST_MATCH,
    MUST_MATCH_LATENCY,
    NEVER_ALLOWED,
)
from claimbench.types import Claim, Reading, Reason, Verdict
from claimbench_reports.view.format import count
from claimbench_reports.view.inputs import ReportData
from claimbench_reports.view.types import Remedy

ALLOWABLE = frozenset({*MUST_MATCH, *MUST_MATCH_LATENCY, *LIMITS}) - NEVER_ALLOWED
_VARIABLE = re.compile(r"\b([A-Z][A-Z0-9_]{2,}) is not set")
_PACKAGE = re.compile(r"pip install ('[^']+'|[\w.\[\]-]+)")
UNPRICED = frozenset({"price_unknown", "cost_missing", "cost_basis_missing"})
LOST = frozenset({"too_many_missing", "failed_calls", "missing_sensitive"})
AGAIN = frozenset(
    {"not_interleaved", "client_limited", "autocorrelated", "single_session", "instrument_error"}
)
SMALL = frozenset({"n_too_small", "quantile_not_estimable", "few_clusters"})


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What the commands need to know: the run, its suite's file, and how many samples it took.

    ``sizes`` are the samples that each task of the suite holds; ``limit`` is the run's ``--limit``.
    """

    run_id: str
    suite_path: str
    limit: int | None
    sizes: tuple[tuple[str, int], ...]


def run_facts(data: ReportData) -> RunFacts:
    """Collect the facts of a run."""
    m = data.manifest
    sizes = tuple((task.name, len(task.samples)) for task in data.suite.tasks)
    return RunFacts(m.run_id, m.suite_path, m.limit, sizes)


def remedies_of(v: Verdict, run: RunFacts) -> tuple[Remedy, ...]:
    """List what would settle an undecided verdict, the most direct first; empty for a decided
    one.
    """
    if v.status in {"supported", "refuted"}:
        return ()
    found: list[Remedy] = []
    for part in v.parts or (v,):
        if part.status not in {"supported", "refuted"}:
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
    for reason in reasons:
        if reason.code == "arm_not_measured":
            yield from _of_absent(reason.detail)
    if "judge_uncorrected" in codes:
        yield Remedy("Let people label a sample of the answers:", f"bench labels {run.run_id}")
    if codes & UNPRICED:
        yield Remedy("State the price in the suite:", "cost: {price: {input: 0.00, output: 0.00}}")
    if codes & LOST:
        command = f"bench run --resume {run.run_id} --retry-missing"
        yield Remedy("Ask again what failed:", command)
    if codes & AGAIN:
        text = "Measure again on an idle machine, in sessions at different hours:"
        yield Remedy(text, again)


def _allowable(code: str) -> str | None:
    key = ALLOWED_AS.get(code, code)
    return key if key.partition(".")[0] in ALLOWABLE else None


def _of_absent(detail: str) -> Iterator[Remedy]:
    """Say how an arm that was not run could be: its key, its package, or only that it is needed."""
    variable, package = _VARIABLE.search(detail), _PACKAGE.search(detail)
    arm = detail.partition(" (")[0]
    if variable is not None:
        yield Remedy(f"Give the key of {arm}, then run again:", f"export {variable[1]}=...")
    elif package is not None:
        yield Remedy(f"Install what {arm} needs:", f"pip install {package[1]}")
    else:
        yield Remedy(f"Run {arm} too:", f"--arm {shlex.quote(arm)}")


def _of_size(v: Verdict, run: RunFacts) -> Iterator[Remedy]:
    """Say how many samples would settle it: by ``--limit`` where the suite holds them."""
    if v.status != "inconclusive":
        return
    more = [need for r in _counted(v) if (need := _needed(r)) is not None]
    if not more:
        return
    need = max(more)
    taken = _taken(v.claim, run)
    if not taken:
        return
    each = math.ceil(need / len(taken))
    if run.limit is not None and all(run.limit + each <= size for size in taken.values()):
        text = f"About {count(need)} more samples settle it if the estimate is right:"
        yield Remedy(text, f"--limit {run.limit + each}")
        return
    held = sum(taken.values())
    text = f"About {count(need)} more samples settle it if the estimate is right;"
    yield Remedy(f"{text} the suite holds {count(held)}: add more to its data set.", "")


def _counted(v: Verdict) -> list[Reading]:
    return [r for r in v.readings if r.name == v.headline] or [
        r for r in v.readings if r.status == "inconclusive"
    ]


def _needed(r: Reading) -> int | None:
    """Return how many more samples a reading needs; None where none would help or nobody knows."""
    if r.n_more is not None and 0 < r.n_more[0] < math.inf:
        return math.ceil(r.n_more[0])
    small = {reason.code for reason in r.reasons} & SMALL
    if small and r.estimate is not None and r.estimate.n < MIN_ITEMS:
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
        names = [r.name for r in v.readings if r.status == "supported"]
        text = "Its meanings disagree; say which one is claimed, before the run:"
        yield Remedy(text, f"reading: {names[0]}")
