"""Where each arm's times came from, and how they stand beside what others say of the same calls."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from statistics import median

from claimbench.tables.timing import TokenSpeeds, token_rates
from claimbench.types import Attempt, Json
from claimbench_reports.view.inputs import ReportData

WHERE = {
    "kernel": "stamped by the kernel as the bytes arrived",
    "transport": "stamped as our transport read the bytes",
    "sdk": "stamped as the SDK handed events over",
    "in_process": "stamped around the engine, in our process",
    "reported": "as the other tool reports them",
}


def clocks(data: ReportData) -> list[tuple[str, dict[str, Json]]]:
    """Return a titled group of facts per arm with timed calls: stamps, and tokens per second of
    local engines.

    Medians over the arm's answered calls; the engine's own figures are from the same calls.
    """
    arm_of = {record.call.id: record.call.arm for record in data.records}
    timed: dict[str, list[Attempt]] = defaultdict(list)
    for attempt in data.attempts:
        if attempt.outcome.answered and attempt.call_id in arm_of:
            timed[arm_of[attempt.call_id]].append(attempt)
    return [
        (f"Clock of {arm.name}", _facts(timed[arm.name]))
        for arm in data.suite.arms
        if timed[arm.name]
    ]


def _facts(attempts: Sequence[Attempt]) -> dict[str, Json]:
    sources = Counter(attempt.timing.stamp_source for attempt in attempts)
    facts: dict[str, Json] = {
        f"times {WHERE[source]}": f"{n:,} calls" for source, n in sources.most_common()
    }
    rates = [token_rates(attempt.timing) for attempt in attempts]
    for name, ours, engine in (
        ("prefill", lambda r: r.prefill, lambda r: r.engine_prefill),
        ("decode", lambda r: r.decode, lambda r: r.engine_decode),
    ):
        told = _beside(rates, ours, engine)
        if told is not None:
            facts[f"{name}, tokens per second"] = told
    return facts


_Pick = Callable[[TokenSpeeds], float | None]


def _beside(rates: Sequence[TokenSpeeds], ours: _Pick, engine: _Pick) -> str | None:
    """Medians of both over the calls that have both, and of their ratio; None where no engine told
    its own.
    """
    pairs = [
        (mine, its)
        for r in rates
        if (mine := ours(r)) is not None and (its := engine(r)) is not None
    ]
    if not pairs:
        return None
    mine, its = median(m for m, _ in pairs), median(e for _, e in pairs)
    apart = median(m / e for m, e in pairs) - 1
    return (
        f"{mine:,.1f} by our stamps, {its:,.1f} by the engine's own counters ({apart:+.1%};"
        f" {len(pairs):,} calls)"
    )
